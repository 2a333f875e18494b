"""TLS contexts, one for each way of checking a peer, shared by every driver and client.

``ssl.create_default_context()`` costs 16 ms and 830 KiB: a context for each client would be most
of what a thousand idle clients cost. A shared context is never changed after it is made, but for
the ALPN list, which an HTTP engine may set and a WebSocket does not care for.
"""

from __future__ import annotations

import re
import ssl
from functools import lru_cache

__all__ = ["context_for"]

# A bundle may carry comments in any encoding between its certificates; OpenSSL's loader of
# in-memory text takes ASCII alone.
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.+?-----END [A-Z0-9 ]+-----", re.DOTALL
)


@lru_cache(maxsize=256)
def context_for(verify: bool, ca: bytes | None) -> ssl.SSLContext:  # noqa: FBT001  (the port's own order)
    """Return the context that checks peers this way; the same one for the same settings.

    Args:
        verify: check the peer's certificate and name.
        ca: PEM text of the only authorities to trust; None for those of the system.

    Raises:
        ssl.SSLError: ``ca`` holds no certificate that can be read.

    """
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca is not None:
        context = ssl.create_default_context(cadata=_certificates(ca))
    else:
        context = _system()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _certificates(pem: bytes) -> str:
    found = _CERTIFICATE.findall(pem)
    if not found:
        raise ssl.SSLError("the CA file holds no PEM certificate")
    return b"\n".join(found).decode("ascii", "replace")


def _system() -> ssl.SSLContext:
    try:
        # The system's own store, as httpx2 trusts it; certifi's copy knows no company's authority.
        from truststore import SSLContext  # noqa: PLC0415
    except ImportError:
        return ssl.create_default_context()
    return SSLContext(ssl.PROTOCOL_TLS_CLIENT)
