"""TLS contexts are shared by settings, and never weaker than TLS 1.2."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from rewire.drivers.tls import context_for

if TYPE_CHECKING:
    from pathlib import Path

    import trustme


def test_the_same_settings_share_a_context(authority: trustme.CA) -> None:
    """A context is made once for each way of checking."""
    pem = authority.cert_pem.bytes()
    assert context_for(True, None) is context_for(True, None)
    assert context_for(True, pem) is context_for(True, bytes(bytearray(pem)))
    assert context_for(True, None) is not context_for(False, None)
    assert context_for(True, pem) is not context_for(True, None)


@pytest.mark.parametrize("verify", [True, False])
def test_the_floor_is_tls_1_2(verify: bool) -> None:
    """Older versions are refused, checked or not."""
    assert context_for(verify, None).minimum_version == ssl.TLSVersion.TLSv1_2


def test_only_verify_false_checks_nothing() -> None:
    """Certificate and host name are checked by default."""
    context = context_for(True, None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    careless = context_for(False, None)
    assert (careless.verify_mode, careless.check_hostname) == (ssl.CERT_NONE, False)


def test_an_authority_of_ones_own_is_the_only_one(authority: trustme.CA, ca_file: Path) -> None:
    """With a CA file the system's authorities count no more; comments in it do no harm."""
    pem = "# été\n".encode("latin-1") + ca_file.read_bytes()
    assert len(context_for(True, pem).get_ca_certs()) == 1


@pytest.mark.parametrize("pem", [b"", b"garbage", b"-----BEGIN CERTIFICATE-----\nxx\n-----END"])
def test_a_file_without_a_certificate_is_an_ssl_error(pem: bytes) -> None:
    """What cannot be read fails the connection with a TLS reason, not the whole reconcile."""
    with pytest.raises(ssl.SSLError):
        context_for(True, pem)
