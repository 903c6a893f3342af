"""A rehearsal: the true protocol between two nodes in memory. "What would we find?"

It needs no grounds and no agreement, and it can release nothing: both lists are ours. Every message is sealed, packed, opened and checked
as between two nodes; only the store, the journal and the network are missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from detente import kernel
from detente.ceremonies.ceremony import Ceremony, Effect, Finish, Incoming, Progress, Send
from detente.ceremonies.matching import Found, MatchingKind, MatchResult
from detente.ceremonies.run import Batch, Head, RunRecord, RunSetup, RunTerms
from detente.errors import OutOfTurn, Unavailable
from detente.psi.commitment import derive
from detente.psi.engine import Engine
from detente.topics.topic import Prepared, Record, Topic
from detente.wire.bundle import pack_bundle, unpack_bundle
from detente.wire.canonical import canonical
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing
from detente.wire.messages import Instant, Message, check_parts, open_message, part_of, seal_message

NO_AGREEMENT = "0" * 64
MAX_PART = 1 << 30


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal found. `findings` are ours; `pairs` names both records of each, in the same order.

    `tokens` counts both sides' tokens of both rounds, dummies included; `sent` the bytes of every message of both.
    """

    sid: str
    findings: tuple[Found, ...]
    pairs: tuple[tuple[str, str], ...]
    tokens: int
    sent: int
    messages: int
    counts: Mapping[str, int]


class _Side:
    """One of the two parties in memory: a ceremony, its keys and its counters."""

    def __init__(self, seed: bytes, name: str) -> None:
        self.identity: Identity = generate_identity(derive(seed, name, "identity"))
        self.entropy = derive(seed, name, "run")
        self.sequence = 0
        self.heard = 0
        self.state: Ceremony | None = None
        self.result: Any = None


def rehearse(
    topic: Topic,
    engine: Engine,
    ours: Sequence[Record],
    theirs: Sequence[Record],
    *,
    entropy: bytes,
    now: Instant,
    buckets: int = 64,
    audit: int = 32,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Rehearsal:
    """Matches two lists of ours with each other by the whole protocol, both rounds, audit included.

    `entropy` is 32 bytes. Raises Misuse for a list that the topic refuses.

    >>> rehearse(PeopleTopic(), DhEngine(), mine, yours, entropy=os.urandom(32), now=0).pairs  # doctest: +SKIP
    (('a-17', 'b-3'),)
    """
    terms = run_terms(topic, engine, buckets, audit, max(len(ours), len(theirs)))
    lists = [(records, list(topic.prepare(records))) for records in (ours, theirs)]
    kind = MatchingKind({topic.name: topic}, {engine.name: engine})
    done = converse(kind, terms, lists, entropy=entropy, now=now, on_progress=on_progress)
    first, second = done.results
    if not isinstance(first, MatchResult) or not isinstance(second, MatchResult):
        raise Unavailable("the rehearsal ended without a result")
    names = {f.id: f.record for f in second.findings}
    pairs = tuple((f.record, names[f.id]) for f in first.findings)
    return Rehearsal(
        first.sid, first.findings, pairs, first.counts["tokens"], done.sent, done.messages, first.counts
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """A run in memory that came to its end: what either side holds, and what it cost."""

    results: tuple[Any, Any]
    sent: int
    messages: int


def converse(
    kind: MatchingKind,
    terms: RunTerms,
    lists: Sequence[tuple[Sequence[Record], Sequence[Prepared]]],
    *,
    entropy: bytes,
    now: Instant,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Conversation:
    """Runs a matching ceremony between two parties in memory, first's list before second's."""
    first, second = _Side(entropy, "first"), _Side(entropy, "second")
    batches = [
        _journalled(records, side.entropy) for side, (records, _) in zip((first, second), lists, strict=True)
    ]
    heads = [Head(1, hashlib.sha256(b"\x00" + batch.entry).hexdigest()) for batch in batches]
    setups = [
        RunSetup(
            side.identity.party,
            other.identity.party,
            terms,
            heads[i],
            heads[1 - i],
            [run_record(r, p, 0, place) for place, (r, p) in enumerate(zip(*lists[i], strict=True))],
            [batches[i]],
        )
        for i, (side, other) in enumerate(((first, second), (second, first)))
    ]
    with ThreadPoolExecutor(1) as pool:  # what a party prepares before the first message, two do at once
        waiting = pool.submit(kind.answer, setups[1], second.entropy, now)
        first.state, effects = kind.begin(setups[0], first.entropy, now)
        second.state = waiting.result()
    sent, messages = _converse(first, second, effects, now, on_progress)
    return Conversation((first.result, second.result), sent, messages)


def run_terms(topic: Topic, engine: Engine, buckets: int, audit: int, records: int) -> RunTerms:
    """The terms of a rehearsal: what the shipped agreement template has, without an agreement."""
    return RunTerms(
        agreement=NO_AGREEMENT,
        topic=topic.name,
        version=topic.version,
        engine=engine.name,
        buckets=buckets,
        audit=audit,
        inspector="peer" if audit else "none",
        holders_per_token=8,
        tokens_per_record=topic.tokens_per_record,
        values_per_record=topic.values_per_record,
        pairs_per_record=24,
        tokens_limit=max(1024, 2 * records) * topic.tokens_per_record,
    )


def run_record(record: Record, prepared: Prepared, batch: int, place: int) -> RunRecord:
    """A record as a run takes it."""
    return RunRecord(
        record.id,
        batch,
        place,
        [(t.kind, t.value) for t in prepared.tokens],
        [(v.kind, v.value) for v in prepared.values],
        dict(prepared.profile),
    )


def _journalled(records: Sequence[Record], entropy: bytes) -> Batch:
    """A journal of one entry that commits to all records, as `load` writes it."""
    commitments = b"".join(
        hashlib.sha256(
            derive(entropy, "salt", i) + msgspec.json.encode(_plain(record), order="sorted")
        ).digest()
        for i, record in enumerate(records)
    )
    root = kernel.merkle_root(commitments) if commitments else hashlib.sha256(b"").digest()
    entry = canonical({"kind": "records.loaded", "body": {"count": len(records), "root": root.hex()}})
    return Batch(entry, 0, b"", commitments)


def _plain(record: Record) -> dict[str, object]:
    properties = {name: list(values) for name, values in record.properties.items()}
    return {"id": record.id, "schema": record.schema, "properties": properties}


def _converse(
    first: _Side,
    second: _Side,
    effects: Sequence[Effect],
    now: Instant,
    on_progress: Callable[[Progress], None],
) -> tuple[int, int]:
    """Hands messages to and fro until nobody has anything to say. Returns bytes and messages sent."""
    keys = KeyRing().with_party(first.identity.public).with_party(second.identity.public)
    speaker, hearer = first, second
    sent = messages = 0
    while True:
        _note(speaker, effects, on_progress)
        sends = [e for e in effects if isinstance(e, Send)]
        if not sends:
            return sent, messages
        effects = []
        for send in sends:
            bundle = _pack(speaker, hearer, send, now)
            sent, messages = sent + len(bundle), messages + 1
            effects = [*effects, *_hear(hearer, bundle, keys, now)]
        speaker, hearer = hearer, speaker


def _pack(speaker: _Side, hearer: _Side, send: Send, now: Instant) -> bytes:
    parts = tuple(part_of(name, send.parts[name]) for name in sorted(send.parts))
    message = Message(
        sender=speaker.identity.party,
        recipient=hearer.identity.party,
        ceremony="0" * 32,
        kind="matching",
        step=send.step,
        sequence=speaker.sequence,
        sent=now,
        agreement=NO_AGREEMENT,
        body=dict(send.body),
        parts=parts,
    )
    speaker.sequence += 1
    return pack_bundle(seal_message(message, speaker.identity), send.parts)


def _hear(hearer: _Side, bundle: bytes, keys: KeyRing, now: Instant) -> Sequence[Effect]:
    raw, parts = unpack_bundle(bundle, max_part=MAX_PART)
    received = open_message(raw, keys, recipient=hearer.identity.party, max_part=MAX_PART)
    check_parts(received.message, parts)
    if received.message.sequence != hearer.heard or hearer.state is None:
        raise OutOfTurn("a message out of its order", raw)
    hearer.heard += 1
    incoming = Incoming(received.message.step, received.message.body, parts, received.id, raw)
    hearer.state, effects = hearer.state.receive(incoming, now)
    return effects


def _note(side: _Side, effects: Sequence[Effect], on_progress: Callable[[Progress], None]) -> None:
    for effect in effects:
        match effect:
            case Progress():
                on_progress(effect)
            case Finish(outcome="done"):
                side.result = effect.result


__all__ = ["NO_AGREEMENT", "Conversation", "Rehearsal", "converse", "rehearse", "run_record", "run_terms"]
