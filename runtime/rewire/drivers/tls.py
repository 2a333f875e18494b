"""TLS contexts, one for each way of checking and proving, shared by every driver and client.

``ssl.create_default_context()`` costs 16 ms and 830 KiB: a context for each client would be most
of what a thousand idle clients cost. A shared context is never changed after it is made, but for
the ALPN list, which an HTTP engine sets; hence HTTP/2 has contexts of its own. Certificates come
as bytes that the shell has read: a pair that does not match is refused here, before it is used.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from rewire.errors import ClientHeldBackError
from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.manifest.specs.client import ClientConfig

__all__ = ["Trust", "context_for", "trust_of"]

# A bundle may carry comments in any encoding between its certificates; OpenSSL's loader of
# in-memory text takes ASCII alone.
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----.+?-----END [A-Z0-9 ]+-----", re.DOTALL
)
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe, and what to show: the ``tls`` table with its files' contents."""

    verify: bool = True
    ca: bytes | None = None
    cert: bytes | None = field(default=None, repr=False)  # it may hold the key, too
    key: bytes | None = field(default=None, repr=False)
    min_version: str = "1.2"
    http2: bool = False

    def context(self) -> ssl.SSLContext:
        """Return the context for this; the same one for the same settings."""
        return _context(self)


def context_for(verify: bool, ca: bytes | None) -> ssl.SSLContext:  # noqa: FBT001  (the port's own order)
    """Return the context that checks peers this way; the same one for the same settings.

    Args:
        verify: check the peer's certificate and name.
        ca: PEM text of the only authorities to trust; None for those of the system.

    Raises:
        ssl.SSLError: ``ca`` holds no certificate that can be read.

    """
    return _context(Trust(verify, ca))


def trust_of(spec: ClientConfig, material: Mapping[str, bytes], *, http2: bool = False) -> Trust:
    """Return the trust that a spec asks for.

    Raises:
        ClientHeldBackError: a file is no certificate or key, or the two do not match.

    """

    def content(name: object) -> bytes | None:
        return None if name is None else material.get(plain(name))  # type: ignore[arg-type]

    tls = spec.tls
    trust = Trust(
        tls.verify,
        content(tls.ca),
        content(tls.cert),
        content(tls.key),
        tls.min_version,
        http2,
    )
    if trust.ca is None and trust.cert is None and trust.key is None:
        return trust  # nothing that could be wrong, and perhaps never used
    try:
        trust.context()
    except (ssl.SSLError, ValueError) as error:
        raise ClientHeldBackError(spec.id, "CertificateRefused", _told(error)) from error
    return trust


def _told(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if reason == "KEY_VALUES_MISMATCH":
        return "tls.key is not the key of tls.cert"
    return str(error) or type(error).__name__


@lru_cache(maxsize=256)
def _context(trust: Trust) -> ssl.SSLContext:
    if not trust.verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trust.ca is not None:
        context = ssl.create_default_context(cadata=_certificates(trust.ca))
    else:
        context = _system()
    context.minimum_version = _VERSIONS[trust.min_version]
    if trust.cert is not None or trust.key is not None:
        _show(context, trust.cert or b"", trust.key)
    return context


def _certificates(pem: bytes) -> str:
    found = _CERTIFICATE.findall(pem)
    if not found:
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the CA file holds no PEM certificate")
    return b"\n".join(found).decode("ascii", "replace")


def _system() -> ssl.SSLContext:
    try:
        # The system's own store, as httpx2 trusts it; certifi's copy knows no company's authority.
        from truststore import SSLContext  # noqa: PLC0415
    except ImportError:
        return ssl.create_default_context()
    return SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _show(context: ssl.SSLContext, cert: bytes, key: bytes | None) -> None:
    """Let a context show a certificate; the files may have changed since they were read."""
    if b"-----BEGIN CERTIFICATE-----" not in cert:
        raise ssl.SSLError(ssl.SSL_ERROR_SSL, "tls.cert holds no PEM certificate")
    if b"PRIVATE KEY-----" not in (cert if key is None else key):
        missing = "tls.cert holds no private key, and there is no tls.key"
        raise ssl.SSLError(
            ssl.SSL_ERROR_SSL, missing if key is None else "tls.key holds no PEM private key"
        )
    # One PEM text: OpenSSL reads from files alone, and the two must be of one moment.
    with _as_file(cert + b"\n" + (key or b"")) as path:
        try:
            context.load_cert_chain(path, password=_refuse_password)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "tls.cert or tls.key cannot be read") from None


def _refuse_password() -> str:
    # Without this OpenSSL would ask on the terminal.
    raise ValueError("tls.key is encrypted: rewire has no password for it")


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Give a content the name of a file that no disk ever sees, where the system has such."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("rewire", os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile() as file:  # made for its owner's eyes only
        file.write(content)
        file.flush()
        yield file.name
