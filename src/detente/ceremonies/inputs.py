"""Our side of a run, committed, and how the other's is examined in the audit: spec/matching, steps 2, 3 and 6."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from detente import kernel
from detente.ceremonies import stage as stages
from detente.ceremonies.candidates import COUNT, Candidate, OurRecord, value_token
from detente.ceremonies.run import Head, RunSetup, RunTerms
from detente.errors import FailedCheck, TooRevealing
from detente.psi.commitment import (
    HASH,
    Commitment,
    Holder,
    Leaf,
    Values,
    decode_holders,
    derive,
    dummy,
    encode_holders,
    padded,
    verify_value,
)
from detente.topics.topic import Token, Topic
from detente.wire.canonical import canonical

MAX_KIND = 255  # bytes of a kind's name; a peer's is looked at before it is hashed
ENTROPY_FLOOR = 16  # bits; a kind below it could be enumerated (spec/matching, step 2); cells are a declared exception of their own topic


class EntryProof(msgspec.Struct, frozen=True):
    """Audit: a holder's record was journalled before the run. `salt` opens the holder's entry commitment."""

    salt: bytes
    commitment: bytes
    place: int
    count: int
    path: bytes
    entry: bytes
    index: int
    entry_path: bytes


class ValueProof(msgspec.Struct, frozen=True):
    """Audit of round two: which committed value of which pair a token stands for."""

    pair: bytes
    kind: str
    value: str
    index: int
    salt: bytes
    path: bytes


class _LoadedBody(msgspec.Struct):
    count: int
    root: str


class _LoadedEntry(msgspec.Struct):
    kind: str
    body: _LoadedBody


Grounds = Callable[[int], bytes]
Inputs = tuple[bytes, Commitment, Grounds]


@dataclass(frozen=True, slots=True)
class Ours:
    """Our side of round one. `names` and `behind` map a position to its token and to the records that hold it; dummies are in neither."""

    records: tuple[OurRecord, ...]
    names: Mapping[int, Token]
    behind: Mapping[int, tuple[int, ...]]
    inputs: Inputs
    dropped: int  # tokens dropped because too many of our own records hold them

    @property
    def size(self) -> int:
        return self.inputs[1].size


def token_hash(terms: RunTerms, token: Token) -> bytes:
    """What is blinded: separated by agreement, topic and version, so that no two agreements can be joined on it."""
    domain = f"{terms.agreement}/{terms.topic}/{terms.version}/{token.kind}".encode()
    return hashlib.sha256(
        b"detente/token/1" + len(domain).to_bytes(2, "big") + domain + token.value.encode()
    ).digest()


def entry_commitment(salt: bytes, commitment: bytes, index: int) -> bytes:
    return hashlib.sha256(b"detente/entry/1" + salt + commitment + index.to_bytes(8, "big")).digest()


def shuffle(size: int, seed: bytes) -> np.ndarray:
    """A permutation of `size` places from a seed: the order of 64-bit values, ties (below 2^-14 at 2^24) by place."""
    keys = np.frombuffer(kernel.expand(seed, b"detente/order/1", size, 8), dtype=np.uint64)
    return np.argsort(keys, kind="stable")


def prepare(setup: RunSetup, topic: Topic, entropy: bytes) -> Ours:
    """Commits to our records: tokens by record, dummies to the padded size, a shuffled order, one leaf a token."""
    terms = setup.terms
    for kind, bits in topic.kinds.items():
        if bits < ENTROPY_FLOOR:
            raise TooRevealing(
                f"tokens of kind {kind} hold {bits} bits; below {ENTROPY_FLOOR} a peer could try them all"
            )
    records = tuple(_our_record(setup, index, entropy) for index in range(len(setup.records)))
    holders = tuple(_holder(setup, index, record, entropy) for index, record in enumerate(records))
    behind: dict[Token, list[int]] = {}
    for index, record in enumerate(records):
        for token in dict.fromkeys(record.tokens):
            behind.setdefault(token, []).append(index)
    kept = {t: tuple(i) for t, i in behind.items() if len(i) <= terms.holders_per_token}
    size = padded(len(records)) * terms.tokens_per_record
    place = shuffle(size, derive(entropy, "order"))
    seeds = dummy_seeds(entropy, size)
    rows = [b""] * size
    encoded = [b""] * size
    names: dict[int, Token] = {}
    for position, (token, indices) in zip(place.tolist(), kept.items(), strict=False):
        names[position] = token
        rows[position] = token_hash(terms, token)
        encoded[position] = encode_holders([holders[i] for i in indices])
    for position in range(size):
        if position not in names:
            rows[position] = dummy(seeds[position * HASH : (position + 1) * HASH])
    tokens = b"".join(rows)
    commitment = Commitment(tokens, encoded, derive(entropy, "salts"))
    by_place = {position: kept[token] for position, token in names.items()}

    def grounds(position: int) -> bytes:
        if position not in names:
            return b"d" + seeds[position * HASH : (position + 1) * HASH]
        return b"t" + msgspec.msgpack.encode([_entry_proof(setup, i, entropy) for i in by_place[position]])

    return Ours(records, names, by_place, (tokens, commitment, grounds), len(behind) - len(kept))


def dummy_seeds(entropy: bytes, size: int) -> bytes:
    return kernel.expand(entropy, b"detente/dummy-seed/1", size, HASH)


def _our_record(setup: RunSetup, index: int, entropy: bytes) -> OurRecord:
    record, terms = setup.records[index], setup.terms
    tokens = tuple(Token(*t) for t in record.tokens[: terms.tokens_per_record])
    values = Values(
        record.values[: terms.values_per_record], terms.values_per_record, derive(entropy, "values", index)
    )
    profile = {**record.profile, COUNT: len(values.values)}
    return OurRecord(derive(entropy, "handle", index)[:16], tokens, values, profile)


def _holder(setup: RunSetup, index: int, record: OurRecord, entropy: bytes) -> Holder:
    source = setup.records[index]
    batch = setup.batches[source.batch]
    commitment = batch.commitments[source.place * HASH : (source.place + 1) * HASH]
    entry = entry_commitment(derive(entropy, "entry", index), commitment, batch.index)
    return Holder(record.handle, entry, record.values.root, canonical(dict(record.profile)))


def _entry_proof(setup: RunSetup, index: int, entropy: bytes) -> EntryProof:
    record = setup.records[index]
    batch = setup.batches[record.batch]
    count = len(batch.commitments) // HASH
    return EntryProof(
        salt=derive(entropy, "entry", index),
        commitment=batch.commitments[record.place * HASH : (record.place + 1) * HASH],
        place=record.place,
        count=count,
        path=kernel.merkle_path(kernel.merkle_levels(batch.commitments), count, record.place),
        entry=batch.entry,
        index=batch.index,
        entry_path=batch.path,
    )


def examine_records(leaf: Leaf, grounds: bytes, head: Head, holders_cap: int) -> None:
    """Every record behind an audited token of theirs was journalled under the head that we cosigned before the run, or FailedCheck."""
    holders = decode_holders(leaf.holders, holders_cap)
    proofs: list[EntryProof] = stages.decode(grounds, list[EntryProof])
    if not holders or len(proofs) != len(holders):
        raise FailedCheck(leaf.token)
    for holder, proof in zip(holders, proofs, strict=True):
        if not 0 <= proof.index < head.size or len(proof.salt) != HASH or len(proof.commitment) != HASH:
            raise FailedCheck(leaf.token)
        if entry_commitment(proof.salt, proof.commitment, proof.index) != holder.entry:
            raise FailedCheck(leaf.token)
        _examine_entry(proof, head)


def _examine_entry(proof: EntryProof, head: Head) -> None:
    leaf = hashlib.sha256(b"\x00" + proof.entry).digest()
    if not kernel.merkle_verify(leaf, proof.index, head.size, proof.entry_path, bytes.fromhex(head.root)):
        raise FailedCheck(proof.entry)
    try:
        entry = msgspec.json.decode(proof.entry, type=_LoadedEntry)
        root = bytes.fromhex(entry.body.root)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, RecursionError):
        raise FailedCheck(proof.entry) from None
    if (
        entry.kind != "records.loaded"
        or entry.body.count != proof.count
        or not 0 <= proof.place < proof.count
    ):
        raise FailedCheck(proof.entry)
    if not kernel.merkle_verify(proof.commitment, proof.place, proof.count, proof.path, root):
        raise FailedCheck(proof.entry)


def second_round(
    sid: bytes, records: Sequence[OurRecord], compared: Sequence[Candidate], size: int, entropy: bytes
) -> Inputs:
    """Our side of round two: every value of our record in every compared pair, shuffled, padded to `size`."""
    seed = derive(entropy, "second")
    place = shuffle(size, derive(seed, "order"))
    seeds = dummy_seeds(seed, size)
    wanted = [(c, i) for c in compared for i in range(len(records[c.record].values.values))]
    table = dict(zip(place.tolist(), wanted, strict=False))
    rows = []
    for position in range(size):
        if position in table:
            candidate, index = table[position]
            rows.append(value_token(sid, candidate.id, *records[candidate.record].values.values[index]))
        else:
            rows.append(dummy(seeds[position * HASH : (position + 1) * HASH]))
    tokens = b"".join(rows)

    def grounds(position: int) -> bytes:
        if position not in table:
            return b"d" + seeds[position * HASH : (position + 1) * HASH]
        candidate, index = table[position]
        values = records[candidate.record].values
        (kind, value), (salt, path) = values.values[index], values.open(index)
        return b"t" + msgspec.msgpack.encode(ValueProof(candidate.id, kind, value, index, salt, path))

    return tokens, Commitment(tokens, [b""] * size, derive(seed, "salts")), grounds


def examine_value(
    sid: bytes, leaf: Leaf, grounds: bytes, compared: Mapping[bytes, Candidate], capacity: int
) -> None:
    """An audited token of their round two is a value that they committed to in round one, of a pair that is compared, or FailedCheck."""
    proof: ValueProof = stages.decode(grounds, ValueProof)
    candidate = compared.get(proof.pair)
    if (
        leaf.holders
        or candidate is None
        or len(proof.kind.encode()) > MAX_KIND
        or len(proof.salt) != HASH
        or value_token(sid, proof.pair, proof.kind, proof.value) != leaf.token
    ):
        raise FailedCheck(leaf.token)
    verify_value(
        candidate.theirs.values, capacity, proof.index, proof.salt, proof.kind, proof.value, proof.path
    )
