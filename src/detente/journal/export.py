"""Writes the bundle that `detente-verify` reads: canonical JSON, one value a line (spec/journal, bundle).

Pure: it is given what the store holds and yields bytes. What the peer is not to see is given as a leaf hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detente.errors import Malformed, PeerFault
from detente.journal.checkpoint import origin_of, parse_checkpoint
from detente.journal.note import parse_note
from detente.wire.canonical import Json, canonical, encode_base64, parse_canonical
from detente.wire.envelope import AGREEMENT, DOCUMENT, ITEM, ITEM_KEY, MESSAGE, unverified
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

    Two heads of one size, two messages for one place, two successors of one version, two statements of one
    item, a key beside its item: each of these convicts alone. Anything else becomes the messages among them,
    for people to judge.
    """
    notes = [piece for piece in pieces if _size(piece, party) is not None]
    if len(notes) > 1 and _size(notes[0], party) == _size(notes[1], party):
        return forked_heads(party, notes[0], notes[1])
    by_kind: dict[str, list[bytes]] = {}
    for piece in pieces:
        kind = _kind(piece)
        if piece not in by_kind.setdefault(kind, []):
            by_kind[kind].append(piece)
    if by_kind.get(ITEM) and by_kind.get(ITEM_KEY):
        return wrong_key(party, by_kind[ITEM][0], by_kind[ITEM_KEY][0])
    for kind, name in ((AGREEMENT, "agreement"), (DOCUMENT, "document")):
        if len(by_kind.get(kind, ())) > 1:
            return two_successors(party, name, *by_kind[kind][:2])
    if len(by_kind.get(ITEM, ())) > 1:
        return replayed_item(party, *by_kind[ITEM][:2])
    messages = [each for each in by_kind.get(MESSAGE, []) if _place(each)[0] == party]
    if len(messages) == 2 and _place(messages[0]) == _place(messages[1]):
        return two_answers(party, *messages)
    return signed_messages(party, messages)


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


def _place(message: bytes) -> tuple[object, ...]:
    try:
        body = parse_canonical(unverified(message).payload)
    except Malformed:
        return (message,)
    if not isinstance(body, dict):
        return (message,)
    return tuple(body.get(name) for name in ("sender", "ceremony", "sequence"))


def forked_heads(party: str, first: bytes, second: bytes) -> Evidence:
    """Two heads of one size that a party signed, with different roots (Equivocation's evidence)."""
    return Evidence("forked-heads", {"party": party, "notes": [first.decode(), second.decode()]})


def rolled_back(party: str, heads: Sequence[tuple[bytes, bytes]]) -> Evidence:
    """Two (note, message that presented it), the later one smaller."""
    return Evidence(
        "rolled-back",
        {
            "party": party,
            "notes": [note.decode() for note, _ in heads],
            "messages": [encode_base64(message) for _, message in heads],
        },
    )


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


def wrong_key(party: str, item: bytes, key: bytes) -> Evidence:
    """An item statement and a key for it that is not the one it commits to."""
    return Evidence("wrong-key", {"party": party, "item": encode_base64(item), "key": encode_base64(key)})


def replayed_item(party: str, first: bytes, second: bytes) -> Evidence:
    """Two item statements for one item: the second is taken out of the balance."""
    return Evidence(
        "replayed-item", {"party": party, "envelopes": [encode_base64(first), encode_base64(second)]}
    )


def signed_messages(party: str, messages: Sequence[bytes]) -> Evidence:
    """Messages that a party signed, where showing the fault takes the engine (FailedCheck's evidence)."""
    return Evidence("signed-messages", {"party": party, "messages": [encode_base64(raw) for raw in messages]})
