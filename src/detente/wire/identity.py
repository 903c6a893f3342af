"""A party's private keys, all derived from 32 bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

from detente.errors import Misuse
from detente.wire.keys import PublicKeys, party_id

SEED_BYTES = 32
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LABEL = b"detente/identity/1/"


@dataclass(frozen=True, slots=True)
class Identity:
    """The private keys of a party for one period; a `Signer`. No private byte is in its repr.

    `party` is the id under which peers know us: that of our first keys, so pass it on when keys are rotated.
    """

    public: PublicKeys
    party: str
    _seed: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        return self.public.key_id

    def sign_envelope(self, signed: bytes) -> bytes:
        return _ed25519(self._seed, b"envelope").sign(signed)

    def sign_checkpoint_ed25519(self, signed: bytes) -> bytes:
        return _ed25519(self._seed, b"checkpoint-ed25519").sign(signed)

    def sign_checkpoint_mldsa44(self, signed: bytes) -> bytes:
        return _mldsa44(self._seed).sign(signed)

    def tls_private_key(self) -> bytes:
        """The TLS key as unencrypted PKCS #8 PEM, for the TLS library. Secret."""
        return _p256(self._seed).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def tls_certificate(self) -> bytes:
        """The TLS certificate as PEM."""
        certificate = x509.load_der_x509_certificate(self.public.tls)
        return certificate.public_bytes(serialization.Encoding.PEM)

    def secret_seed(self) -> bytes:
        """The 32 bytes that make this identity again: what the store keeps, encrypted. Secret."""
        return self._seed

    def __repr__(self) -> str:
        return f"Identity({self.party[:12]}, key={self.key_id[:12]})"

    def __reduce__(self) -> str:
        raise TypeError("an identity is not pickled; keep secret_seed() encrypted")


def generate_identity(entropy: bytes, *, party: str | None = None) -> Identity:
    """All keys of a party from 32 fresh random bytes; the same bytes give the same keys and certificate.

    `party` is the party's id when these keys succeed earlier ones. Raises Misuse unless there are 32 bytes.

    >>> generate_identity(bytes(32)).party[:12]
    '6e9a5caa7bf3'
    """
    if len(entropy) != SEED_BYTES:
        raise Misuse(f"an identity is made from {SEED_BYTES} random bytes")
    seed = bytes(entropy)
    envelope = _ed25519(seed, b"envelope").public_key().public_bytes_raw()
    key_id = party_id(envelope)
    public = PublicKeys(
        envelope=envelope,
        checkpoint_ed25519=_ed25519(seed, b"checkpoint-ed25519").public_key().public_bytes_raw(),
        checkpoint_mldsa44=_mldsa44(seed).public_key().public_bytes_raw(),
        tls=_certificate(_p256(seed), key_id, seed),
    )
    return Identity(public, party or key_id, seed)


def _derive(seed: bytes, purpose: bytes, length: int = 32) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=None, info=_LABEL + purpose).derive(seed)


def _ed25519(seed: bytes, purpose: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derive(seed, purpose))


def _mldsa44(seed: bytes) -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.from_seed_bytes(_derive(seed, b"checkpoint-mldsa44"))


def _p256(seed: bytes) -> ec.EllipticCurvePrivateKey:
    # FIPS 186-5 appendix A.2.1: 64 bits more than the order, so the scalar's bias is negligible
    wide = int.from_bytes(_derive(seed, b"tls-p256", 40), "big")
    return ec.derive_private_key(wide % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def _certificate(key: ec.EllipticCurvePrivateKey, key_id: str, seed: bytes) -> bytes:
    """Self-signed and deterministic.

    It is pinned, so its dates bound nothing (RFC 5280 section 4.1.2.5: no expiration).
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, key_id)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(_derive(seed, b"tls-serial", 16), "big") >> 1 | 1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"{key_id[:32]}.party.invalid")]), critical=False
        )
    )
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return certificate.public_bytes(serialization.Encoding.DER)
