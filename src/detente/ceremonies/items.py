"""Items: one release, sealed so that its key can move later. spec/exchange, "Items".

    head        what the item is: agreement, run, swap, giver, receiver, finding, number, schema, marking, journal leaf, padded size
    key         32 bytes; from it HKDF-Expand gives the AES-256-GCM key and, under another label, the commitment to the key
    ciphertext  AES-256-GCM of the padded plaintext; its associated data is the canonical head
    statement   head, SHA-256 of the ciphertext, key commitment: what the giver signs; the item's id is its hash

GCM alone does not commit to its key: one ciphertext can be made to open under two. The commitment rules that out, and so a key that opens to something
else than was promised is the giver's fault and nobody else's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from msgspec import Meta

from detente.errors import FailedCheck, Malformed, Misuse
from detente.pact.policy import MAX_RELEASE, Release
from detente.psi.commitment import verify_value
from detente.topics.topic import Record, Topic
from detente.wire.canonical import canonical
from detente.wire.envelope import ITEM, statement_id

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
MAX_ITEMS: Final = 256
MAX_CIPHERTEXTS: Final = 1 << 26  # of one offer, in bytes
_FLOOR: Final = 512  # no item is shorter: most releases of a person look alike
_LENGTH: Final = 4
# a key seals one item ever, so its nonce is a constant
_NONCE: Final = bytes(12)

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an item is, before it is sealed: the associated data. `size` is the padded plaintext's, in bytes."""

    agreement: Hash
    sid: Hash
    swap: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    giver: Hash
    receiver: Hash
    finding: Hash
    number: Annotated[int, Meta(ge=0, lt=MAX_ITEMS)]
    schema: Annotated[str, Meta(pattern=r"^[A-Za-z]{1,40}\Z")]
    marking: Annotated[str, Meta(max_length=60)]
    leaf: Hash  # salted commitment to the record in the giver's journal
    entry: Annotated[int, Meta(ge=0, le=1 << 52)]  # the entry that holds it
    size: Annotated[int, Meta(ge=_FLOOR, le=MAX_RELEASE * 2)]


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the giver signs for one item. `key` commits to the key."""

    head: Head
    ciphertext: Hash
    key: Hash

    @property
    def item(self) -> str:
        """The item's id: SHA-256 hex of this statement under its own type."""
        return statement_id(ITEM, canonical(msgspec.to_builtins(self)))


def padded_size(length: int) -> int:
    """The size that a plaintext of `length` bytes is padded to: Padmé steps, at most 12 % more (PURBs, section 4; IACR 2019/1443).

    >>> padded_size(3), padded_size(1000), padded_size(70_000)
    (512, 1024, 71680)
    """
    whole = max(length + _LENGTH, _FLOOR)
    exponent = whole.bit_length() - 1
    spare = exponent - exponent.bit_length()
    mask = (1 << spare) - 1
    return (whole + mask) & ~mask


def seal_item(head: Head, key: bytes, plaintext: bytes) -> tuple[Statement, bytes]:
    """The statement and the ciphertext of a plaintext. Raises Misuse where head and plaintext do not fit.

    >>> statement, ciphertext = seal_item(head, bytes(32), release.encode())  # doctest: +SKIP
    """
    if len(plaintext) > MAX_RELEASE:
        raise Misuse(f"a release of {len(plaintext)} bytes; at most {MAX_RELEASE} fit into one item")
    if len(key) != KEY_BYTES or head.size != padded_size(len(plaintext)):
        raise Misuse("an item's key has 32 bytes, and its size is that of its padded plaintext")
    padded = (len(plaintext).to_bytes(_LENGTH, "big") + plaintext).ljust(head.size, b"\x00")
    ciphertext = AESGCM(_expand(key, b"encrypt")).encrypt(_NONCE, padded, _associated(head))
    return Statement(head, hashlib.sha256(ciphertext).hexdigest(), commit_key(key)), ciphertext


def open_item(statement: Statement, ciphertext: bytes, key: bytes) -> bytes:
    """The plaintext. Raises FailedCheck where the key is not the committed one, or opens nothing of the agreed form."""
    if hashlib.sha256(ciphertext).hexdigest() != statement.ciphertext or commit_key(key) != statement.key:
        raise FailedCheck()
    try:
        padded = AESGCM(_expand(key, b"encrypt")).decrypt(_NONCE, ciphertext, _associated(statement.head))
    except InvalidTag:
        raise FailedCheck() from None
    length = int.from_bytes(padded[:_LENGTH], "big")
    plaintext, rest = padded[_LENGTH : _LENGTH + length], padded[_LENGTH + length :]
    if len(padded) != statement.head.size or padded_size(length) != len(padded) or rest.strip(b"\x00"):
        raise FailedCheck()
    return plaintext


def commit_key(key: bytes) -> str:
    """The commitment to a key, in hex: it says nothing of it and opens to no other. Raises FailedCheck for other than 32 bytes."""
    if len(key) != KEY_BYTES:
        raise FailedCheck()
    return _expand(key, b"commit").hex()


def plaintext_hash(key: bytes, plaintext: bytes) -> str:
    """What a receipt signs of a plaintext, in hex: bound to the key, so that who has not the key cannot try plaintexts against it."""
    return hashlib.sha256(b"detente/plaintext/1" + key + plaintext).hexdigest()


def content_hash(release: Release) -> str:
    """Names what a release says, whichever run it opens: for finding that the same was given twice. It stays at home."""
    return hashlib.sha256(
        b"detente/content/1" + msgspec.structs.replace(release, opening=()).encode()
    ).hexdigest()


def read_statements(value: object, evidence: bytes) -> tuple[Statement, ...]:
    """The statements of an offer, at most MAX_ITEMS, numbered from 0. Raises Malformed."""
    if not isinstance(value, list) or not len(value) <= MAX_ITEMS:
        raise Malformed(f"an offer has at most {MAX_ITEMS} items", evidence)
    try:
        statements = msgspec.convert(value, tuple[Statement, ...])
    except msgspec.ValidationError:
        raise Malformed("an offer with an item that is not what the spec says", evidence) from None
    if [s.head.number for s in statements] != list(range(len(statements))):
        raise Malformed("the items of an offer are numbered from 0", evidence)
    if sum(s.head.size + TAG_BYTES for s in statements) > MAX_CIPHERTEXTS:
        raise Malformed(f"an offer has at most {MAX_CIPHERTEXTS} bytes of ciphertext", evidence)
    return statements


def split_ciphertexts(statements: Sequence[Statement], data: bytes, evidence: bytes) -> tuple[bytes, ...]:
    """The ciphertexts that stand one after the other in a part; each must be the one that its statement names. Raises Malformed."""
    sizes = [s.head.size + TAG_BYTES for s in statements]
    if len(data) != sum(sizes):
        raise Malformed("ciphertexts of another length than their statements say", evidence)
    found, offset = [], 0
    for statement, size in zip(statements, sizes, strict=True):
        ciphertext = data[offset : offset + size]
        if hashlib.sha256(ciphertext).hexdigest() != statement.ciphertext:
            raise Malformed("a ciphertext that is not the one its statement names", evidence)
        found.append(ciphertext)
        offset += size
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Opens:
    """Against what a release of theirs must open: the root over their committed values, and the values that both found to agree."""

    root: bytes
    capacity: int
    agreed: tuple[tuple[str, str], ...]


def opening_fails(release: Release, expected: Opens, topic: Topic | None) -> bool:
    """Whether a release provably is not of the record that was matched (spec/matching, step 3): another record's values, or other fields.

    All values that were found to agree must be opened against the run's commitment, and a released field must not contradict them.
    """
    try:
        for each in release.opening:
            path = bytes.fromhex(each.path)
            verify_value(
                expected.root,
                expected.capacity,
                each.index,
                bytes.fromhex(each.salt),
                each.kind,
                each.value,
                path,
            )
    except FailedCheck:
        return True
    opened = {(each.kind, each.value) for each in release.opening}
    if not opened.issuperset(expected.agreed):
        return True
    derived = _derived(release, topic)
    kinds = {kind for kind, _ in derived}
    return any(kind in kinds and (kind, value) not in derived for kind, value in expected.agreed)


def _derived(release: Release, topic: Topic | None) -> frozenset[tuple[str, str]]:
    """The values that the topic makes of a release's own fields."""
    if topic is None:
        return frozenset()
    record = Record(
        "release", release.schema, release.properties, release.grounds, release.marking, release.grade
    )
    (prepared,) = topic.prepare([record])
    return frozenset((value.kind, value.value) for value in prepared.values)


def _expand(key: bytes, label: bytes) -> bytes:
    return HKDFExpand(SHA256(), 32, b"detente/item/1/" + label).derive(key)


def _associated(head: Head) -> bytes:
    value: dict[str, Any] = msgspec.to_builtins(head)
    return canonical(value)
