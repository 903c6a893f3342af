"""Envelopes: the only bytes that a party signs as statements (DSSE v1 over canonical JSON, Ed25519).

The signature is checked on the bytes as they came; only then is the payload parsed. Payload types keep
statements apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from detente.errors import BadSignature, Malformed
from detente.wire.canonical import canonical, decode_base64, encode_base64, parse_canonical
from detente.wire.instant import Instant
from detente.wire.keys import EnvelopeSigner, KeyRing, verify_ed25519

MAX_ENVELOPE = 1 << 20
MAX_SIGNATURES = 4  # two parties, and two keys of each while one is rotated
_MAX_TYPE = 128
_KEYID = re.compile(r"[0-9a-f]{64}")
_TYPE = re.compile(r"application/vnd\.detente\.[a-z][a-z0-9-]*\+json;version=[1-9][0-9]{0,3}")


def payload_type(kind: str, version: int = 1) -> str:
    """The DSSE payload type of a kind of statement: a statement of one kind can never be taken for another.

    >>> payload_type("message")
    'application/vnd.detente.message+json;version=1'
    """
    name = f"application/vnd.detente.{kind}+json;version={version}"
    if not _TYPE.fullmatch(name):
        raise ValueError(
            "a statement kind is lower-case letters, digits and hyphens, its version a positive number"
        )
    return name


MESSAGE = payload_type("message")
INVITATION = payload_type("invitation")
KEY_ROTATION = payload_type("key-rotation")
KEY_REVOCATION = payload_type("key-revocation")
AGREEMENT = payload_type("agreement")
DOCUMENT = payload_type("document")
ITEM = payload_type("item")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A statement whose every signature was verified; to hold one is proof of that.

    `payload` are the signed bytes, `body` the value they encode, `signers` the parties that signed, `raw`
    what arrived.
    """

    payload_type: str
    payload: bytes
    body: Any
    signers: frozenset[str]
    raw: bytes

    @property
    def id(self) -> str:
        """SHA-256 of the envelope as it came, in hex: names these bytes, signatures included."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def statement(self) -> str:
        """Names what was said, whoever has signed it so far: see `statement_id`."""
        return statement_id(self.payload_type, self.payload)

    def __repr__(self) -> str:  # payloads may hold records
        return f"Envelope({self.payload_type}, {self.statement[:12]}, signers={len(self.signers)})"


def pae(payload_type: str, payload: bytes) -> bytes:
    """What a signature covers: DSSE v1 pre-authentication encoding of the type and the payload.

    >>> pae("t", b"hello")
    b'DSSEv1 1 t 5 hello'
    """
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def statement_id(payload_type: str, payload: bytes) -> str:
    """What agreements and documents are named by: SHA-256 hex of the pre-authentication encoding."""
    return hashlib.sha256(pae(payload_type, payload)).hexdigest()


def seal(payload_type: str, payload: bytes, signer: EnvelopeSigner) -> bytes:
    """An envelope with one signature.

    `payload` is canonical JSON (`canonical(value)`); anything else raises Malformed.

    >>> raw = seal(MESSAGE, canonical({"a": 1}), signer)  # doctest: +SKIP
    """
    parse_canonical(payload, max_bytes=MAX_ENVELOPE)
    signature = signer.sign_envelope(pae(payload_type, payload))
    return _encode(payload_type, payload, {signer.key_id: signature})


def add_signature(raw: bytes, signer: EnvelopeSigner) -> bytes:
    """The same statement with one more signature: how a joint document gets its second. Verify `raw` first.

    Raises Malformed if it is no envelope or this key has signed it already.
    """
    kind, payload, signatures = _decode(raw)
    if signer.key_id in signatures:
        raise Malformed("this key has signed that statement already")
    signatures[signer.key_id] = signer.sign_envelope(pae(kind, payload))
    return _encode(kind, payload, signatures)


def join_signatures(raw: bytes, other: bytes) -> bytes:
    """One statement that was signed in two envelopes, with the signatures of both. Verify both first.

    Raises Malformed where the statements differ.
    """
    kind, payload, signatures = _decode(raw)
    second, again, more = _decode(other)
    if (kind, payload) != (second, again):
        raise Malformed("two envelopes of different statements")
    return _encode(kind, payload, {**more, **signatures})


def open_envelope(
    raw: bytes,
    payload_type: str,
    keys: KeyRing,
    *,
    required: int | Set[str] = 1,
    at: Instant | None = None,
    max_bytes: int = MAX_ENVELOPE,
) -> Envelope:
    """The statement in an envelope, once every signature on it has verified.

    Raises Malformed or BadSignature.

    `required` is how many parties must have signed at least, or exactly which. `at` chooses the keys in force
    at that instant; None takes the present ones. A key that is unknown, revoked or out of its time refuses
    the whole envelope.

    >>> open_envelope(raw, AGREEMENT, keys, required={ours, theirs}).body  # doctest: +SKIP
    """
    kind, payload, signatures = _decode(raw, max_bytes=max_bytes)
    if kind != payload_type:
        raise Malformed("a statement of another kind than was due")
    signed = pae(kind, payload)
    signers = []
    for key_id, signature in signatures.items():
        party, key = keys.envelope_key(key_id, at)
        verify_ed25519(key, signature, signed)
        signers.append(party)
    # a rotation alone is signed twice by one party; it names its two keys itself
    parties = frozenset(signers)
    if len(parties) != len(signers) and kind != KEY_ROTATION:
        raise BadSignature("one party signed twice")
    if isinstance(required, int):
        if len(parties) < required:
            raise BadSignature("fewer parties have signed than must")
    elif parties != required:
        raise BadSignature("signed by other parties than must sign")
    return Envelope(kind, payload, parse_canonical(payload, max_bytes=max_bytes), parties, raw)


@dataclass(frozen=True, slots=True)
class Unverified:
    """What an envelope claims.

    Nothing was verified: good for sorting and for bootstrapping keys, never for deciding.
    """

    payload_type: str
    payload: bytes
    signatures: Mapping[str, bytes]
    raw: bytes

    def verify(self, key_id: str, key: bytes) -> None:
        """Checks the signature that this key id claims against a raw Ed25519 key. Raises BadSignature."""
        if key_id not in self.signatures:
            raise BadSignature("not signed by that key")
        verify_ed25519(key, self.signatures[key_id], pae(self.payload_type, self.payload))


def unverified(raw: bytes, *, max_bytes: int = MAX_ENVELOPE) -> Unverified:
    """The claims of an envelope whose keys are not known yet: invitations and rotations bring their own."""
    kind, payload, signatures = _decode(raw, max_bytes=max_bytes)
    return Unverified(kind, payload, signatures, raw)


def _encode(kind: str, payload: bytes, signatures: dict[str, bytes]) -> bytes:
    raw = canonical(
        {
            "payload": encode_base64(payload),
            "payloadType": kind,
            "signatures": [
                {"keyid": key_id, "sig": encode_base64(signatures[key_id])} for key_id in sorted(signatures)
            ],
        }
    )
    if len(raw) > MAX_ENVELOPE:
        raise Malformed(f"an envelope of {len(raw)} bytes; put bulk into parts beside it")
    return raw


def _decode(raw: bytes, *, max_bytes: int = MAX_ENVELOPE) -> tuple[str, bytes, dict[str, bytes]]:
    # The envelope itself is canonical too, its signatures sorted: so one statement signed by the same keys
    # has one id.
    outer = parse_canonical(raw, max_bytes=max_bytes, max_depth=3)
    if not isinstance(outer, dict) or outer.keys() != {"payload", "payloadType", "signatures"}:
        raise Malformed("not an envelope")
    kind, lines = outer["payloadType"], outer["signatures"]
    if not isinstance(kind, str) or len(kind) > _MAX_TYPE or not isinstance(lines, list):
        raise Malformed("not an envelope")
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise BadSignature(f"an envelope carries one to {MAX_SIGNATURES} signatures")
    signatures: dict[str, bytes] = {}
    for line in lines:
        if not isinstance(line, dict) or line.keys() != {"keyid", "sig"}:
            raise Malformed("not an envelope")
        key_id = line["keyid"]
        if not isinstance(key_id, str) or not _KEYID.fullmatch(key_id):
            raise Malformed("a key id is 64 lower-case hex digits")
        if signatures and key_id <= next(reversed(signatures)):
            raise BadSignature("signatures repeated or out of order")
        signatures[key_id] = decode_base64(line["sig"])
    return kind, decode_base64(outer["payload"]), signatures
