"""Whose signature counts: the public keys of each party and when each was in force; and what signs.

Each party has one key for envelopes (Ed25519), two for checkpoints (Ed25519 and ML-DSA-44) and one for TLS (a
pinned certificate).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from detente.errors import BadSignature, Malformed, Misuse
from detente.wire.canonical import decode_base64, encode_base64
from detente.wire.instant import LATEST, Instant

MLDSA44_KEY_BYTES = 1312
MLDSA44_SIGNATURE_BYTES = 2420
MAX_CERTIFICATE = 4096

# RFC 8032 section 5.1.3 and the small-order table of libsodium's ge25519_has_small_order: y of the points of
# order 1, 2, 4 and 8
_P = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
    }
)


def party_id(envelope_key: bytes) -> str:
    """The id of the party whose first envelope key this is: SHA-256 of the raw 32 bytes, in hex.

    Of a later key, its key id.
    """
    return hashlib.sha256(envelope_key).hexdigest()


def verify_ed25519(key: bytes, signature: bytes, signed: bytes) -> None:
    """Returns if the signature verifies; raises BadSignature if not."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise BadSignature("a signature does not verify") from None


def verify_mldsa44(key: bytes, signature: bytes, signed: bytes) -> None:
    """Returns if the FIPS 204 signature (pure, empty context) verifies; raises BadSignature if not."""
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise BadSignature("a signature does not verify") from None


def check_ed25519_key(key: bytes) -> None:
    """Raises Malformed unless these are the one encoding of a point outside the small subgroup.

    A small-order key verifies a signature of every message: its holder could deny what it signed.
    """
    y = int.from_bytes(key, "little") & ((1 << 255) - 1)
    if len(key) != 32 or y >= _P or y in _SMALL_ORDER_Y:
        raise Malformed("not an Ed25519 key that can be relied on")


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The public keys of one party for one period.

    Made by `Identity.public` or `from_json`; lengths and points are checked.

    `envelope` and `checkpoint_ed25519` are 32 raw bytes, `checkpoint_mldsa44` 1312, `tls` a DER certificate.
    """

    envelope: bytes
    checkpoint_ed25519: bytes
    checkpoint_mldsa44: bytes
    tls: bytes

    def __post_init__(self) -> None:
        check_ed25519_key(self.envelope)
        check_ed25519_key(self.checkpoint_ed25519)
        if self.envelope == self.checkpoint_ed25519:
            raise Malformed("one key for two purposes")
        if len(self.checkpoint_mldsa44) != MLDSA44_KEY_BYTES:
            raise Malformed(f"an ML-DSA-44 key has {MLDSA44_KEY_BYTES} bytes")
        if not 0 < len(self.tls) <= MAX_CERTIFICATE:
            raise Malformed(f"a TLS certificate has at most {MAX_CERTIFICATE} bytes")
        self.tls_spki()

    @property
    def key_id(self) -> str:
        """SHA-256 hex of the envelope key: what its signatures carry as `keyid`.

        The first key's id is the party's.
        """
        return party_id(self.envelope)

    @property
    def tls_sha256(self) -> str:
        """SHA-256 hex of the DER certificate: the pin."""
        return hashlib.sha256(self.tls).hexdigest()

    def tls_spki(self) -> bytes:
        """The DER SubjectPublicKeyInfo of the TLS certificate.

        Raises Malformed unless it holds a P-256 key.
        """
        try:
            key = x509.load_der_x509_certificate(self.tls).public_key()
        except Exception:  # the parser raises several kinds on hostile input, none of them ours to tell apart
            raise Malformed("not a TLS certificate") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise Malformed("a TLS certificate holds a P-256 key")
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def to_json(self) -> dict[str, str]:
        """How keys stand in statements: four members, base64."""
        return {
            "checkpoint_ed25519": encode_base64(self.checkpoint_ed25519),
            "checkpoint_mldsa44": encode_base64(self.checkpoint_mldsa44),
            "envelope": encode_base64(self.envelope),
            "tls": encode_base64(self.tls),
        }

    @classmethod
    def from_json(cls, body: Any) -> PublicKeys:
        """The keys in a statement. Raises Malformed."""
        names = {"checkpoint_ed25519", "checkpoint_mldsa44", "envelope", "tls"}
        if not isinstance(body, Mapping) or body.keys() != names:
            raise Malformed("not the public keys of a party")
        return cls(**{name: decode_base64(body[name]) for name in names})

    def __repr__(self) -> str:
        return f"PublicKeys({self.key_id[:12]})"


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """Keys, from when to when they count, and the instant from which they are revoked, if they are."""

    keys: PublicKeys
    not_before: Instant = 0
    not_after: Instant = LATEST
    revoked_at: Instant | None = None

    def covers(self, at: Instant) -> bool:
        return self.not_before <= at <= self.not_after and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of every party we know. Immutable: `with_party`, and `wire.rotation`, return another ring.

    >>> ring = KeyRing().with_party(ours).with_party(theirs)  # doctest: +SKIP
    """

    periods: Mapping[str, tuple[KeyPeriod, ...]] = field(default_factory=dict)
    _by_key: Mapping[str, tuple[str, KeyPeriod]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key: dict[str, tuple[str, KeyPeriod]] = {}
        for party, periods in self.periods.items():
            for period in periods:
                if by_key.setdefault(period.keys.key_id, (party, period)) != (party, period):
                    raise Misuse("one envelope key cannot belong to two parties or to two periods")
        object.__setattr__(self, "periods", MappingProxyType(dict(self.periods)))
        object.__setattr__(self, "_by_key", MappingProxyType(by_key))

    @property
    def parties(self) -> frozenset[str]:
        return frozenset(self.periods)

    def with_party(self, keys: PublicKeys, *, not_before: Instant = 0) -> KeyRing:
        """A ring that also knows the party whose first keys these are.

        Raises Misuse if it is known already.
        """
        if keys.key_id in self.periods:
            raise Misuse("that party is known already; its keys change by rotation")
        return KeyRing({**self.periods, keys.key_id: (KeyPeriod(keys, not_before),)})

    def with_periods(self, party: str, periods: tuple[KeyPeriod, ...]) -> KeyRing:
        """A ring with this history of a party's keys: what `wire.rotation` and the store use."""
        return KeyRing({**self.periods, party: periods})

    def keys_of(self, party: str, at: Instant | None = None) -> PublicKeys:
        """The newest keys of a party in force at an instant, or at present.

        Raises BadSignature if there are none.
        """
        for period in reversed(self.periods.get(party, ())):
            if period.revoked_at is None if at is None else period.covers(at):
                return period.keys
            if at is None:
                break  # only the newest keys are present ones
        raise BadSignature("no key of that party is known and in force")

    def envelope_key(self, key_id: str, at: Instant | None = None) -> tuple[str, bytes]:
        """The party and the raw Ed25519 key behind a key id.

        Raises BadSignature: unknown, revoked or out of its time.
        """
        party, period = self._by_key.get(key_id, ("", None))
        if period is not None:
            newest = self.periods[party][-1] is period and period.revoked_at is None
            if newest if at is None else period.covers(at):
                return party, period.keys.envelope
        raise BadSignature("signed by a key that is unknown, revoked or out of its time")

    def revoke(self, key_id: str, at: Instant) -> KeyRing:
        """A ring in which a key no longer counts from an instant on. An earlier revocation stands.

        Raises BadSignature if unknown.
        """
        if key_id not in self._by_key:
            raise BadSignature("the revocation of a key that is not known")
        party, period = self._by_key[key_id]
        when = at if period.revoked_at is None else min(at, period.revoked_at)
        changed = tuple(
            replace(each, revoked_at=when) if each is period else each for each in self.periods[party]
        )
        return self.with_periods(party, changed)


class EnvelopeSigner(Protocol):
    """What signs statements.

    `key_id` names the key, `party` whose it is; they differ once keys were rotated.
    """

    @property
    def party(self) -> str: ...

    @property
    def key_id(self) -> str: ...

    def sign_envelope(self, signed: bytes) -> bytes:
        """64 bytes: Ed25519 over the pre-authentication encoding."""


class CheckpointSigner(Protocol):
    """What signs our checkpoints and cosigns theirs."""

    @property
    def party(self) -> str: ...

    def sign_checkpoint_ed25519(self, signed: bytes) -> bytes:
        """64 bytes."""

    def sign_checkpoint_mldsa44(self, signed: bytes) -> bytes:
        """2420 bytes. Hedged, so two calls differ: keep what was sent, never sign again to resend."""


class Signer(EnvelopeSigner, CheckpointSigner, Protocol):
    """Both: what a node holds."""
