"""Already held: how a receiver shows that what it was given was in its own journal before. spec/exchange, "Disputes".

It opens the record in question, whole, to the party that gave the same: its fields and handling, the commitment that records.loaded holds, and that
entry's place under a head that the giver cosigned before the item's key moved. What the record holds beyond the item is disclosed by that; who would
not disclose it disputes on another ground, or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from detente import kernel
from detente.ceremonies.run import Head
from detente.errors import FailedCheck
from detente.journal.entries import commit
from detente.journal.merkle import leaf_hash
from detente.pact.policy import Release

MAX_PROOF = 1 << 20


class HeldProof(msgspec.Struct, frozen=True):
    """One record of ours, opened. `handled` and `body` are the bytes whose joint hash the commitment takes.

    `place` of `count` says where the commitment stands in the entry, `index` where the entry stands in the journal of `size` entries; paths are sibling
    hashes, leaf first.
    """

    handled: bytes
    body: bytes
    salt: bytes
    place: int
    count: int
    path: bytes
    entry: bytes
    index: int
    size: int
    entry_path: bytes

    def __repr__(self) -> str:
        return f"HeldProof(entry={self.index})"


class _LoadedBody(msgspec.Struct):
    count: int
    root: str


class _LoadedEntry(msgspec.Struct):
    kind: str
    body: _LoadedBody


class _Stored(msgspec.Struct):
    schema: str
    properties: dict[str, list[str]]


def read_held(data: bytes) -> HeldProof:
    """The proof in a message's part. Raises FailedCheck."""
    try:
        if len(data) > MAX_PROOF:
            raise FailedCheck()
        return msgspec.msgpack.decode(data, type=HeldProof)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise FailedCheck() from None


def verify_held(proof: HeldProof, release: Release, heads: Sequence[Head]) -> None:
    """Returns if the record was journalled under one of `heads` and holds every field of the release; raises FailedCheck if not.

    `heads` are those of the disputer's that we cosigned before the item's key moved.
    """
    head = next((head for head in heads if head.size == proof.size), None)
    if head is None:
        raise FailedCheck()
    content = hashlib.sha256(proof.handled + proof.body).hexdigest()
    if len(proof.salt) < 16:
        raise FailedCheck()
    commitment = bytes.fromhex(commit("record", proof.salt, content.encode()))
    try:
        entry = msgspec.json.decode(proof.entry, type=_LoadedEntry)
        root = bytes.fromhex(entry.body.root)
        record = msgspec.json.decode(proof.body, type=_Stored)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError):
        raise FailedCheck() from None
    if (
        entry.kind != "records.loaded"
        or entry.body.count != proof.count
        or not 0 <= proof.place < proof.count
    ):
        raise FailedCheck()
    if not 0 <= proof.index < head.size or proof.count > 1 << 32:
        raise FailedCheck()
    if not kernel.merkle_verify(commitment, proof.place, proof.count, proof.path, root):
        raise FailedCheck()
    leaf = leaf_hash(proof.entry)
    if not kernel.merkle_verify(leaf, proof.index, head.size, proof.entry_path, bytes.fromhex(head.root)):
        raise FailedCheck()
    for name, values in release.properties.items():
        if not set(values) <= set(record.properties.get(name, ())):
            raise FailedCheck()
