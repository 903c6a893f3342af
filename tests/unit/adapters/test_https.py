"""Certificates and contexts; what a Transport must do is in tests/conformance/test_transport.py."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from detente.adapters.https import TlsIdentity, client_context, make_certificate, server_context
from detente.errors import Misuse

P256 = ec.SECP256R1()


def _key(encoding: Encoding = Encoding.PEM, curve: ec.EllipticCurve = P256) -> bytes:
    return ec.generate_private_key(curve).private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_certificate_is_self_signed_for_ever_and_no_authority(encoding: Encoding) -> None:
    raw = make_certificate(_key(encoding), "Service A")
    certificate = x509.load_der_x509_certificate(raw)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc.year == 9999
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "Service A" in certificate.subject.rfc4514_string()


def test_two_certificates_of_one_key_differ_so_that_each_is_its_own_pin() -> None:
    key = _key()
    assert make_certificate(key, "A") != make_certificate(key, "A")


def test_a_key_that_is_not_on_p256_or_no_key_is_misuse() -> None:
    ed = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for key in (_key(curve=ec.SECP384R1()), ed, b"", b"-----BEGIN", b"\x30\x00"):
        with pytest.raises(Misuse, match=r"P-256|PKCS 8"):
            make_certificate(key, "A")


def test_a_certificate_of_another_key_is_misuse() -> None:
    with pytest.raises(Misuse, match="belong together"):
        server_context(TlsIdentity(make_certificate(_key(), "A"), _key()), [])


def test_the_private_key_is_neither_left_on_disk_nor_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    key = _key()
    identity = TlsIdentity(make_certificate(key, "A"), key)
    server_context(identity, [])
    client_context(identity, identity.certificate)
    assert list(tmp_path.iterdir()) == []
    assert "private" not in repr(identity).lower()


def test_a_pin_that_cannot_be_read_shuts_out_that_peer_alone(caplog: pytest.LogCaptureFixture) -> None:
    key = _key()
    identity = TlsIdentity(make_certificate(key, "A"), key)
    other = make_certificate(_key(), "B")
    context = server_context(identity, [b"\x30\x03junk", other])
    assert context.get_ca_certs(binary_form=True) in (
        [other],
        [],
    )  # a certificate that is no CA may not be listed
    assert context.cert_store_stats()["x509"] == 1
    assert "can't be read" in caplog.text
    with pytest.raises(Misuse, match="new invitation"):
        client_context(identity, b"junk")
