"""Two ceremonies of matching in memory with a topic of words: small enough for hundreds of runs, sealed and opened as on the wire.

A dishonest party is an honest implementation with one thing changed: its engine, or the messages that it sends.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from detente import kernel
from detente.ceremonies.ceremony import Append, Ceremony, Effect, Finish, Incoming, Send
from detente.ceremonies.matching import Matching, MatchingKind, MatchResult
from detente.ceremonies.run import Batch, Head, RunRecord, RunSetup, RunTerms
from detente.psi.dh import DhEngine
from detente.psi.engine import Engine, Role, Round, TokenBatch
from detente.topics.topic import Judgement, Pair, Prepared, Reason, Record, Token, Value
from detente.wire.canonical import canonical
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing
from detente.wire.messages import Message, check_parts, open_message, part_of, seal_message

NOW = 1_795_376_533_000
CEREMONY = "c" * 32
AGREEMENT = "a" * 64
Change = Callable[[Send], Send]


class WordTopic:
    """Records are words (tokens) and traits (values); two words in common make a candidate pair."""

    name = "words"
    version = 1
    discloses = "which words both hold"
    kinds: Mapping[str, int] = MappingProxyType({"word": 64})
    tokens_per_record = 4
    values_per_record = 4

    def parse(self, row: Mapping[str, object]) -> Record:
        raise NotImplementedError

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        for record in records:
            words = tuple(Token("word", word) for word in record.properties["words"])
            traits = tuple(Value("trait", trait) for trait in record.properties.get("traits", ()))
            yield Prepared(words, traits, {})

    def compare(self, pair: Pair) -> bool:
        return len(pair.tokens) >= 2

    def judge(self, pair: Pair) -> Judgement:
        reasons = tuple(Reason(word.value, 1000) for word in pair.tokens) + tuple(
            Reason(value.value, 1000) for value in pair.agreed
        )
        return Judgement(1000 * len(reasons), "strong" if len(pair.tokens) >= 2 else None, reasons)

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        return range(len(findings))


def words(name: str, *found: str, traits: Sequence[str] = ()) -> Record:
    """A record of that id with these words."""
    return Record(name, "Word", {"words": found, "traits": tuple(traits)})


def lists(common: int, alone: int) -> tuple[list[Record], list[Record]]:
    """Two lists: `common` records that both hold (four words each), `alone` more on either side."""
    both = [words(f"c{i}", *(f"both {i} {j}" for j in range(4))) for i in range(common)]
    mine = [words(f"a{i}", *(f"mine {i} {j}" for j in range(4))) for i in range(alone)]
    yours = [words(f"b{i}", *(f"yours {i} {j}" for j in range(4))) for i in range(alone)]
    return [*both, *mine], [*both, *yours]


@dataclass(frozen=True)
class WarpedEngine:
    """The dh engine with one thing changed: the outputs that it publishes, or the messages of its rounds."""

    outputs: Callable[[bytes], bytes] = lambda outputs: outputs
    message: Callable[[bytes, int], bytes] = lambda message, number: message
    inner: Engine = field(default_factory=DhEngine)
    name: str = "dh"

    def charged(self, tokens: int) -> int:
        return self.inner.charged(tokens)

    def begin(
        self, role: Role, context: bytes, tokens: TokenBatch, theirs: int, entropy: bytes
    ) -> tuple[Round, bytes | None]:
        begun, message = self.inner.begin(role, context, tokens, theirs, entropy)
        return WarpedRound(begun, self, 1), None if message is None else self.message(message, 0)


@dataclass(frozen=True)
class WarpedRound:
    inner: Round
    engine: WarpedEngine
    sent: int

    @property
    def done(self) -> bool:
        return self.inner.done

    def receive(self, message: bytes) -> tuple[Round, bytes | None]:
        after, reply = self.inner.receive(message)
        warped = None if reply is None else self.engine.message(reply, self.sent)
        return replace(self, inner=after, sent=self.sent + 1), warped

    def outputs(self) -> bytes:
        return self.engine.outputs(self.inner.outputs())

    def show(self, positions: Sequence[int]) -> bytes:
        return self.inner.show(positions)

    def check(self, positions: Sequence[int], tokens: TokenBatch, shown: bytes) -> bytes:
        return self.inner.check(positions, tokens, shown)


@lru_cache
def identities() -> tuple[Identity, Identity, KeyRing]:
    first, second = generate_identity(b"\x01" * 32), generate_identity(b"\x02" * 32)
    return first, second, KeyRing().with_party(first.public).with_party(second.public)


@dataclass
class Side:
    """One party in memory. `change` alters what it sends, one message at a time."""

    identity: Identity
    peer: str
    setup: RunSetup
    kind: MatchingKind
    entropy: bytes
    change: Change = lambda send: send
    state: Ceremony | None = None
    sent: int = 0
    seen: list[Incoming] = field(default_factory=list)
    result: MatchResult | None = None
    journal: list[Append] = field(default_factory=list)

    def take(self, effects: Iterable[Effect]) -> list[Incoming]:
        out = []
        for effect in effects:
            match effect:
                case Send():
                    out.append(self.seal(self.change(effect)))
                case Append():
                    self.journal.append(effect)
                case Finish(result=MatchResult()):
                    self.result = effect.result
        return out

    def seal(self, send: Send) -> Incoming:
        parts = tuple(part_of(name, send.parts[name]) for name in sorted(send.parts))
        message = Message(
            sender=self.identity.party, recipient=self.peer, ceremony=CEREMONY, kind="matching", step=send.step,
            sequence=self.sent, sent=NOW, agreement=AGREEMENT, body=dict(send.body), parts=parts,
        )  # fmt: skip
        self.sent += 1
        raw = seal_message(message, self.identity)
        opened = open_message(raw, identities()[2], recipient=self.peer, max_part=1 << 30)
        check_parts(opened.message, send.parts)
        return Incoming(send.step, opened.message.body, dict(send.parts), opened.id, raw)

    def hear(self, message: Incoming) -> list[Incoming]:
        assert self.state is not None
        self.seen.append(message)
        self.state, effects = self.state.receive(message, NOW)
        return self.take(effects)

    @property
    def run(self) -> Matching:
        assert isinstance(self.state, Matching)
        return self.state

    @property
    def known(self) -> tuple[int, int]:
        """How many common tokens of round one, and common values of round two, it has found in what the other opened."""
        run = self.run
        if run.result is not None:
            return run.result.counts["overlap_tokens"], sum(len(f.agreed) for f in run.result.findings)
        found = 0 if run.stage is None else len(run.stage.overlap)
        return (run.counts["overlap_tokens"], found) if run.round == 2 else (found, 0)


def terms(buckets: int = 4, audit: int = 8, **more: int) -> RunTerms:
    settings = {
        "holders_per_token": 8, "tokens_per_record": 4, "values_per_record": 4, "pairs_per_record": 8, "tokens_limit": 1 << 16,
        **more,
    }  # fmt: skip
    return RunTerms(
        agreement=AGREEMENT, topic="words", version=1, engine="dh", buckets=buckets, audit=audit, inspector="peer",
        **settings,
    )  # fmt: skip


def table(
    ours: Sequence[Record],
    theirs: Sequence[Record],
    agreed: RunTerms,
    seed: str = "run",
    engines: tuple[Engine, Engine] = (DhEngine(), DhEngine()),
) -> tuple[Side, Side, list[Incoming]]:
    """FIRST, SECOND, and FIRST's proposal. Everything follows from the seed."""
    first, second, _ = identities()
    topic = WordTopic()
    rows, batches, heads = [], [], []
    for name, records in (("first", ours), ("second", theirs)):
        batch = _batch(name, records)
        batches.append(batch)
        heads.append(Head(1, hashlib.sha256(b"\x00" + batch.entry).hexdigest()))
        prepared = zip(records, topic.prepare(records), strict=True)
        rows.append(
            [
                RunRecord(r.id, 0, i, [*map(tuple, p.tokens)], [*map(tuple, p.values)], dict(p.profile))  # type: ignore[list-item]  # pairs of texts
                for i, (r, p) in enumerate(prepared)
            ]
        )
    sides = []
    for i, (who, other) in enumerate(((first, second), (second, first))):
        setup = RunSetup(who.party, other.party, agreed, heads[i], heads[1 - i], rows[i], [batches[i]])
        entropy = hashlib.sha256(f"{seed}/{i}".encode()).digest()
        sides.append(
            Side(who, other.party, setup, MatchingKind({"words": topic}, {"dh": engines[i]}), entropy)
        )
    sides[1].state = sides[1].kind.answer(sides[1].setup, sides[1].entropy, NOW)
    sides[0].state, effects = sides[0].kind.begin(sides[0].setup, sides[0].entropy, NOW)
    return sides[0], sides[1], sides[0].take(effects)


def _batch(name: str, records: Sequence[Record]) -> Batch:
    commitments = b"".join(hashlib.sha256(f"{name}/{record.id}".encode()).digest() for record in records)
    body = {"count": len(records), "root": kernel.merkle_root(commitments).hex()}
    return Batch(canonical({"kind": "records.loaded", "body": body}), 0, b"", commitments)


def converse(
    first: Side,
    second: Side,
    messages: Sequence[Incoming],
    until: Callable[[Incoming], bool] = lambda message: False,
) -> list[Incoming]:
    """Carries messages to and fro until nobody has anything to say, or until one that is not delivered any more. Returns what was delivered."""
    delivered: list[Incoming] = []
    hearer, speaker = second, first
    queue = list(messages)
    while queue:
        answers: list[Incoming] = []
        for message in queue:
            if until(message):
                return delivered
            answers += hearer.hear(message)
            delivered.append(message)
        queue, hearer, speaker = answers, speaker, hearer
    return delivered


@dataclass(frozen=True)
class Stop:
    """One point at which a peer may stop: it has heard the message and does not answer. What it and the other side know then."""

    step: str
    round: int
    stopper: Role
    stops_with: tuple[int, int]
    leaves_with: tuple[int, int]

    @property
    def lead(self) -> int:
        """By how many common tokens or values the one that stops is ahead."""
        return max(a - b for a, b in zip(self.stops_with, self.leaves_with, strict=True))


def stops(
    ours: Sequence[Record], theirs: Sequence[Record], agreed: RunTerms, seed: str = "stops"
) -> tuple[list[Stop], int]:
    """Every point at which a peer could stop in one run, in order, and how many common tokens the fullest bucket holds."""
    first, second, queue = table(ours, theirs, agreed, seed)
    hearer, speaker = second, first
    found: list[Stop] = []
    fullest = 0
    while queue:
        answers: list[Incoming] = []
        for message in queue:
            answers += hearer.hear(message)
            stage = hearer.run.stage
            if stage is not None and stage.results is not None:
                counted = Counter(int(stage.results.bucket[mine]) for mine, _ in stage.overlap)
                fullest = max([fullest, *counted.values()])
            if message.step not in ("propose", "accept"):
                found.append(
                    Stop(message.step, hearer.run.round, hearer.run.role, hearer.known, speaker.known)
                )
        queue, hearer, speaker = answers, speaker, hearer
    return found, fullest
