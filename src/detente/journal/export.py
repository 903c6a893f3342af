"""Writes the bundle that `detente-verify` reads: canonical JSON, one value a line (spec/journal, bundle).

Pure: it is given what the store holds and yields bytes. What the peer is not to see is given as a leaf hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from detente.errors import Malformed, PeerFault
from detente.journal.checkpoint import origin_of, parse_checkpoint
from detente.journal.note import parse_note
from detente.wire.canonical import Json, canonical, encode_base64, parse_canonical
from detente.wire.envelope import AGREEMENT, DOCUMENT, ITEM, MESSAGE, statement_id, unverified
from detente.wire.instant import Instant, rfc3339

BUNDLE_VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportedParty:
    """A party: its invitation as it came, and its rotation and revocation statements in order."""

    party: str
    invitation: bytes
    changes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry that whoever gets the bundle may read: the leaf's preimage."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Hidden:
    """An entry that concerns others: its 32-byte leaf hash.

    The salt in every entry keeps it from being guessed.
    """

    leaf: bytes


@dataclass(frozen=True, slots=True)
class Balance:
    """What we claim of the ledger under the versions of one agreement (their statement ids), in items."""

    agreements: tuple[str, ...]
    given: int
    received: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that convicts a party.

    `kind` is one of detente_verify.EVIDENCE, `body` what that kind needs.
    """

    kind: str
    body: Mapping[str, Json]


def export_bundle(
    journal: str,
    peer: str,
    parties: Iterable[ExportedParty],
    *,
    exported: Instant,
    software: str,
    entries: Iterable[Shown | Hidden] = (),
    checkpoints: Iterable[bytes] = (),
    peer_checkpoints: Iterable[tuple[bytes, Sequence[bytes]]] = (),
    statements: Iterable[bytes] = (),
    balances: Iterable[Balance] = (),
    evidence: Iterable[Evidence] = (),
) -> Iterator[bytes]:
    """The lines of a bundle, each ending in a newline.

    `journal` and `peer` are party ids; `entries` are all of our journal's from the first to the last head, in
    order; `checkpoints` notes of that journal, by size, the last one of all entries; `peer_checkpoints` notes
    of theirs, each with its consistency proof from the one before (of the first: empty); `statements`
    envelopes. With evidence alone it is an evidence file.

    >>> next(export_bundle("0" * 64, "1" * 64, [], exported=0, software="detente"))[:30]
    b'{"exported":"1970-01-01T00:00:'
    """
    yield _line(
        "bundle",
        journal=journal,
        peer=peer,
        version=BUNDLE_VERSION,
        exported=rfc3339(exported),
        software=software,
    )
    for party in parties:
        yield _line(
            "party",
            party=party.party,
            invitation=encode_base64(party.invitation),
            changes=[encode_base64(change) for change in party.changes],
        )
    for index, entry in enumerate(entries):
        if isinstance(entry, Shown):
            yield _line("entry", index=index, data=encode_base64(entry.data))
        else:
            yield _line("entry", index=index, leaf=entry.leaf.hex())
    for note in checkpoints:
        yield _line("checkpoint", note=note.decode("utf-8"))
    for note, proof in peer_checkpoints:
        yield _line("peer-checkpoint", note=note.decode("utf-8"), proof=[each.hex() for each in proof])
    for raw in statements:
        yield _line("statement", envelope=encode_base64(raw))
    for balance in balances:
        yield _line(
            "ledger",
            agreements=sorted(balance.agreements),
            given=balance.given,
            received=balance.received,
        )
    for each in evidence:
        yield _line("evidence", kind=each.kind, body=each.body)


def _line(type_: str, /, **members: Json) -> bytes:
    return canonical({"type": type_, **members}) + b"\n"


def evidence_from(party: str, pieces: Sequence[bytes]) -> Evidence:
    """The strongest evidence against a party that these bytes give (`PeerFault.evidence`, and the message at fault).

    Two heads of one size, a head beside the message that takes it back, two messages for one place, two successors
    of one version, a coin or a key beside the offer that commits to another, one finding given on twice: each of
    these convicts alone. Anything else becomes the messages among them, for people to judge.
    """
    heads = [(size, piece) for piece in pieces if (size := _size(piece, party)) is not None]
    if len(heads) > 1 and heads[0][0] == heads[1][0] and heads[0][1] != heads[1][1]:
        return forked_heads(party, heads[0][1], heads[1][1])
    for kind, name in ((AGREEMENT, "agreement"), (DOCUMENT, "document")):
        documents = list(dict.fromkeys(piece for piece in pieces if _kind(piece) == kind))
        if len(documents) > 1:
            return two_successors(party, name, *documents[:2])
    told = [each for piece in dict.fromkeys(pieces) if (each := _told(piece, party)) is not None]
    if len(told) == 2 and told[0].place == told[1].place:
        return two_answers(party, told[0].raw, told[1].raw)
    for size, note in heads:
        for each in told:
            # the message says itself which head it continues
            if (
                each.step == "head"
                and each.body.get("since") == size
                and each.body.get("note") != note.decode()
            ):
                return rolled_back(party, note, each.raw)
    return _of_swap(party, told, pieces) or signed_messages(party, [each.raw for each in told])


def _of_swap(party: str, told: Sequence[_Told], pieces: Sequence[bytes]) -> Evidence | None:
    """What an offer proves beside the coin or the keys that follow it."""
    offers, keys, coins = ([each for each in told if each.step == step] for step in ("offer", "keys", "coin"))
    if len(offers) == len(keys) == 2:
        return replayed_item(party, [each.raw for each in offers], [each.raw for each in keys])
    for offer in offers:
        for coin in coins:
            shown = _unhex(coin.body.get("coin"))
            if hashlib.sha256(b"detente/coin/1" + shown).hexdigest() != offer.body.get("coin"):
                return two_coins(party, offer.raw, coin.raw)
        for sent in keys:
            found = _unopened(offer, sent, pieces)
            if found is not None:
                return wrong_key(party, offer.raw, sent.raw, found)
    return None


def _unopened(offer: _Told, keys: _Told, pieces: Sequence[bytes]) -> bytes | None:
    """b"" where a key is not the committed one; the ciphertext where it is, and the fault must lie in that; else None."""
    given = {row.get("item"): _unhex(row.get("key")) for row in _rows(keys, "keys")}
    parts = {hashlib.sha256(piece).hexdigest(): piece for piece in pieces}
    right: bytes | None = None
    for row in _rows(offer, "items"):
        key = given.get(statement_id(ITEM, canonical(row)))
        if key is None:
            continue
        # spec/exchange, "Items"
        if len(key) != 32 or HKDFExpand(SHA256(), 32, b"detente/item/1/commit").derive(key).hex() != row.get(
            "key"
        ):
            return b""
        right = right or parts.get(str(row.get("ciphertext")))
    return right


@dataclass(frozen=True, slots=True)
class _Told:
    """A message of the accused. Its signature was verified when it came."""

    raw: bytes
    step: str
    place: tuple[object, object]
    body: Mapping[str, Json]


def _told(piece: bytes, party: str) -> _Told | None:
    if _kind(piece) != MESSAGE:
        return None
    try:
        whole = parse_canonical(unverified(piece).payload)
    except Malformed:
        return None
    if not isinstance(whole, dict) or whole.get("sender") != party or not isinstance(whole.get("body"), dict):
        return None
    body = cast("dict[str, Json]", whole["body"])
    return _Told(piece, str(whole.get("step")), (whole.get("ceremony"), whole.get("sequence")), body)


def _rows(told: _Told, name: str) -> list[dict[str, Json]]:
    found = told.body.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _unhex(value: object) -> bytes:
    """b"" for what is no hex."""
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        return b""


def _size(piece: bytes, party: str) -> int | None:
    """The size in a head of this party's journal; None for anything else."""
    try:
        checkpoint = parse_checkpoint(parse_note(piece).text)
    except Malformed:
        return None
    return checkpoint.size if checkpoint.origin == origin_of(party) else None


def _kind(piece: bytes) -> str:
    try:
        return unverified(piece).payload_type
    except PeerFault:
        return ""


def forked_heads(party: str, first: bytes, second: bytes) -> Evidence:
    """Two heads of one size that a party signed, with different roots (Equivocation's evidence)."""
    return Evidence("forked-heads", {"party": party, "notes": [first.decode(), second.decode()]})


def rolled_back(party: str, note: bytes, message: bytes) -> Evidence:
    """A head that a party signed, and its message that presents one as continuing it, which does not: smaller, or the proof fails."""
    return Evidence("rolled-back", {"party": party, "note": note.decode(), "message": encode_base64(message)})


def two_answers(party: str, first: bytes, second: bytes) -> Evidence:
    """Two messages of a party for one place in a ceremony."""
    return Evidence(
        "two-answers", {"party": party, "envelopes": [encode_base64(first), encode_base64(second)]}
    )


def two_successors(party: str, kind: str, first: bytes, second: bytes) -> Evidence:
    """Two versions, each signed by both, that follow one version. `kind`: "agreement" or "document"."""
    return Evidence(
        "two-successors",
        {"party": party, "of": kind, "envelopes": [encode_base64(first), encode_base64(second)]},
    )


def two_coins(party: str, offer: bytes, coin: bytes) -> Evidence:
    """The offer that commits to a coin, and the message that shows another."""
    return Evidence("two-coins", {"party": party, "offer": encode_base64(offer), "coin": encode_base64(coin)})


def wrong_key(party: str, offer: bytes, keys: bytes, ciphertext: bytes = b"") -> Evidence:
    """An offer and keys that are not the ones it commits to; or that are, and do not open this ciphertext."""
    body: dict[str, Json] = {"party": party, "offer": encode_base64(offer), "keys": encode_base64(keys)}
    return Evidence("wrong-key", {**body, "ciphertext": encode_base64(ciphertext)} if ciphertext else body)


def replayed_item(party: str, offers: Sequence[bytes], keys: Sequence[bytes]) -> Evidence:
    """Two offers that give on one finding, and the keys by which both were given."""
    pairs = {"offers": [encode_base64(raw) for raw in offers], "keys": [encode_base64(raw) for raw in keys]}
    return Evidence("replayed-item", {"party": party, **pairs})


def signed_messages(party: str, messages: Sequence[bytes]) -> Evidence:
    """Messages that a party signed, where showing the fault takes the engine (FailedCheck's evidence)."""
    return Evidence("signed-messages", {"party": party, "messages": [encode_base64(raw) for raw in messages]})
