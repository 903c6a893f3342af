"""Matching: two parties find what both hold. spec/matching, steps 1 to 10; what follows (people decide) is the node's.

FIRST  propose  the run statement, as far as first can write it
SECOND accept   the whole run statement; its hash is sid
       ...      round one: composite tokens (ceremonies/stage)
       ...      round two: committed values of candidate pairs
       confirm  both name the hash of the findings, which both computed alike
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, TypeVar

from detente.ceremonies import refining
from detente.ceremonies import stage as stages
from detente.ceremonies.candidates import COUNT, Candidate, candidates, to_compare, value_token
from detente.ceremonies.ceremony import Append, Decision, Effect, Finish, Incoming, Json, Progress, Send, Step
from detente.ceremonies.inputs import (
    Inputs,
    Ours,
    examine_records,
    examine_value,
    prepare,
    second_round,
)
from detente.ceremonies.run import RunSetup, Statement, check_accepted, complete, propose, sid_of, size_of
from detente.errors import FailedCheck, Malformed, Misuse, OutOfTurn, Overdrawn
from detente.psi.commitment import HASH, Holder, Leaf, decode_holders, derive, padded
from detente.psi.engine import Engine, Role
from detente.topics.topic import Judgement, Token, Topic, Value
from detente.wire.canonical import canonical
from detente.wire.messages import Instant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """One finding. `their_values` is the root of their committed values: their release opens against it, as ours against `our_values`.

    `openings` are our agreed values with what opens them: kind, value, index, salt, path.
    """

    id: str
    record: str
    handle: bytes
    theirs: bytes
    judgement: Judgement
    tokens: tuple[Token, ...]
    agreed: tuple[Value, ...]
    our_values: bytes
    openings: tuple[tuple[str, str, int, bytes, bytes], ...]
    their_values: bytes
    their_profile: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MatchResult:
    """What a run gave: findings that both sides hold alike, and what was counted."""

    sid: str
    findings: tuple[Found, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MatchingKind:
    """How matching ceremonies are made, given the topics and engines of this node."""

    topics: Mapping[str, Topic]
    engines: Mapping[str, Engine]
    name: ClassVar[str] = "matching"
    Setup: ClassVar[type[RunSetup]] = RunSetup

    def begin(self, setup: RunSetup, entropy: bytes, now: Instant) -> Step:
        """FIRST: proposes the run. Volumes of airspace are compared in layers (ceremonies/refining)."""
        if setup.terms.space is not None:
            return refining.begin(setup, self.engines[setup.terms.engine], entropy)
        topic, engine = self.topics[setup.terms.topic], self.engines[setup.terms.engine]
        ours = prepare(setup, topic, entropy)
        statement = propose(setup, ours.size, derive(entropy, "nonce").hex())
        ready = Matching(setup, Role.FIRST, topic, engine, entropy, "accept", ours, statement)
        return ready, [Send("propose", {"statement": statement})]

    def answer(self, setup: RunSetup, entropy: bytes, now: Instant) -> Matching | refining.Refining:
        """SECOND: waits for a proposal."""
        if setup.terms.space is not None:
            return refining.answer(setup, self.engines[setup.terms.engine], entropy)
        topic, engine = self.topics[setup.terms.topic], self.engines[setup.terms.engine]
        return Matching(setup, Role.SECOND, topic, engine, entropy, "propose", prepare(setup, topic, entropy))


@dataclass(frozen=True, slots=True)
class Matching:
    """A run under way. Immutable."""

    kind: ClassVar[str] = "matching"

    setup: RunSetup
    role: Role
    topic: Topic
    engine: Engine
    entropy: bytes
    expects: Literal["propose", "accept", "stage", "confirm", "nothing"]
    ours: Ours
    statement: Statement = field(default_factory=dict)
    sid: bytes = b""
    round: int = 0
    stage: stages.Stage | None = None
    candidates: tuple[Candidate, ...] = ()
    compared: Mapping[bytes, Candidate] = field(default_factory=dict)
    result: MatchResult | None = None
    confirmed: bool = False  # whether we have sent our confirmation
    counts: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Matching({self.role.value}, round {self.round}, expects {self.expects})"

    def decide(self, decision: Decision, now: Instant) -> Step:
        raise Misuse("a run asks nothing of people until it is over; abort it with `match abort`")

    def receive(self, message: Incoming, now: Instant) -> Step:
        if self.expects == "stage":
            return self._advance(message)
        if message.step != self.expects or message.parts:
            raise OutOfTurn(f"{message.step} where {self.expects} is due", message.raw)
        if message.step == "confirm":
            return self._on_confirm(message)
        written = message.body.get("statement")
        if set(message.body) != {"statement"} or not isinstance(written, dict):
            raise Malformed("a message without a run statement", message.raw)
        if message.step == "accept":
            check_accepted(self.setup, self.statement, written, message.raw)
            return self._with_statement(written)._open_round_one([])
        nonce = derive(self.entropy, "nonce").hex()
        whole = complete(self.setup, written, self.ours.size, nonce, message.raw)
        return self._with_statement(whole)._open_round_one([Send("accept", {"statement": whole})])

    # -- the two rounds

    def _with_statement(self, statement: Statement) -> Matching:
        return replace(self, statement=statement, sid=sid_of(statement))

    def _open_round_one(self, before: list[Effect]) -> Step:
        sizes = {role.value: size_of(self.statement, role) for role in Role}
        ready, send = self._open_round(1, self.ours.inputs, sizes)
        started = Append("run.started", self.sid.hex(), {"statement": self.statement})
        return ready, [*before, started, *send]

    def _open_round(
        self, number: int, inputs: Inputs, sizes: Mapping[str, int]
    ) -> tuple[Matching, list[Effect]]:
        """Charges a round and opens its stage. Raises Overdrawn where either side's budget does not bear it."""
        terms = self.setup.terms
        charged = {role: self.engine.charged(size) for role, size in sizes.items()}
        self._require_budget(number, charged)
        tokens, commitment, grounds = inputs
        plan = stages.Plan(
            role=self.role,
            context=hashlib.sha256(b"detente/stage/1" + self.sid + bytes([number])).digest(),
            engine=self.engine,
            tokens=tokens,
            commitment=commitment,
            theirs=sizes[self.role.other.value],
            buckets=terms.buckets if number == 1 else min(terms.buckets, 8),
            audit=terms.audit if terms.inspector == "peer" else 0,
            leaves=number == 1,
            seed=derive(self.entropy, "stage", number),
            grounds=grounds,
            examine=self._examine_records if number == 1 else self._examine_value,
        )
        stage, send = stages.begin(plan)
        queried = self.counts.get("tokens", 0) + sum(sizes.values())
        counts = {**self.counts, "tokens": queried}
        ready = replace(self, expects="stage", stage=stage, round=number, counts=counts)
        charge: dict[str, Json] = {
            "topic": terms.topic,
            "agreement": terms.agreement,
            "round": number,
            **charged,
        }
        return ready, [Append("run.charged", self.sid.hex(), charge), *ready._labelled(send)]

    def _require_budget(self, number: int, charged: Mapping[str, int]) -> None:
        """What they could query follows from what they declare: it is held against their budget here, not before, and round two against what round one left."""
        for role, left in ((self.role, self.setup.our_budget), (self.role.other, self.setup.their_budget)):
            before = self.engine.charged(size_of(self.statement, role)) if number == 2 else 0
            if before + charged[role.value] > left:
                raise Overdrawn(
                    f"round {number} needs {charged[role.value]} tokens of {role.value}'s budget, of which {max(left - before, 0)} are left; "
                    "wait, match fewer records, or agree on a larger budget"
                )

    def _labelled(self, send: Send | None) -> list[Effect]:
        """Stage messages name run and round, so none fits another."""
        return [] if send is None else [replace(send, body={"run": self.sid.hex(), "round": self.round})]

    def _advance(self, message: Incoming) -> Step:
        if canonical(message.body) != canonical({"run": self.sid.hex(), "round": self.round}):
            raise OutOfTurn("a message of another run or round", message.raw)
        stage, send = _there(self.stage).receive(message)
        advanced = replace(self, stage=stage)
        effects = [*advanced._labelled(send), Progress(f"round {self.round}, {message.step}", *stage.phase)]
        if not stage.finished:
            return advanced, effects
        try:
            moved, after = (
                advanced._to_round_two(send is None)
                if self.round == 1
                else advanced._to_confirm(send is None)
            )
        except FailedCheck as fault:
            raise FailedCheck(message.raw, *fault.evidence) from None
        return moved, [*effects, *after]

    def _to_round_two(self, our_turn: bool) -> Step:
        stage, terms = _there(self.stage), self.setup.terms
        found, over = candidates(
            self.sid,
            self.role,
            self.ours.records,
            self._overlap(stage),
            terms.pairs_per_record,
            terms.values_per_record,
        )
        compared = to_compare(self.topic, found)
        counts = {
            "tokens": self.counts["tokens"],
            "overlap_tokens": len(stage.overlap),
            "own_tokens_over_cap": self.ours.dropped,
            "pairs": len(found),
            "pairs_over_cap": over,
            "compared": len(compared),
        }
        ready = replace(self, candidates=tuple(found), compared={c.id: c for c in compared}, counts=counts)
        if not compared:
            return ready._to_confirm(our_turn)
        sizes = {
            self.role.value: padded(sum(c.pair.ours[COUNT] for c in compared)),
            self.role.other.value: padded(sum(c.pair.theirs[COUNT] for c in compared)),
        }
        inputs = second_round(self.sid, self.ours.records, compared, sizes[self.role.value], self.entropy)
        return ready._open_round(2, inputs, sizes)

    def _overlap(self, stage: stages.Stage) -> Iterable[tuple[Token, tuple[int, ...], tuple[Holder, ...]]]:
        opened = stage.opened or {}
        for position, _ in stage.overlap:
            leaf = opened[position]
            holders = decode_holders(leaf.holders, self.setup.terms.holders_per_token)
            if position not in self.ours.names or not holders:
                raise FailedCheck(leaf.token)  # nobody can hold the hash of the other's dummy seed
            yield self.ours.names[position], self.ours.behind[position], holders

    def _agreed_values(self) -> dict[bytes, list[Value]]:
        """Which values agree, by pair: we know what each of our overlap tokens of round two stands for."""
        if self.round != 2:
            return {}
        stage = _there(self.stage)
        meaning = {
            value_token(self.sid, c.id, kind, value): (c.id, Value(kind, value))
            for c in self.compared.values()
            for kind, value in self.ours.records[c.record].values.values
        }
        agreed: dict[bytes, list[Value]] = {}
        for position, _ in stage.overlap:
            token = stage.plan.tokens[position * HASH : (position + 1) * HASH]
            if token not in meaning:
                raise FailedCheck(token)  # nobody can hold the hash of the other's dummy seed
            pair, value = meaning[token]
            agreed.setdefault(pair, []).append(value)
        return agreed

    # -- step 10: findings, and both say that they found the same

    def _to_confirm(self, our_turn: bool) -> Step:
        ready = replace(self, expects="confirm", result=self._judge(), stage=None, confirmed=our_turn)
        return ready, [Send("confirm", ready._confirmation())] if our_turn else []

    def _judge(self) -> MatchResult:
        agreed = self._agreed_values()
        judged = []
        for candidate in self.candidates:
            values = tuple(sorted(agreed.get(candidate.id, ())))
            pair = replace(candidate.pair, agreed=values, compared=candidate.id in self.compared)
            judgement = self.topic.judge(pair)
            if judgement.grade is not None:
                judged.append((replace(candidate, pair=pair), judgement))
        ours = _number(c.handle for c, _ in judged)
        theirs = _number(c.theirs.handle for c, _ in judged)
        # oriented by role, not by ours and theirs: both sides settle the very same list
        triples = [
            (ours[c.handle], theirs[c.theirs.handle], j)
            if self.role is Role.FIRST
            else (theirs[c.theirs.handle], ours[c.handle], j)
            for c, j in judged
        ]
        kept = [judged[i] for i in sorted(self.topic.settle(triples))]
        findings = tuple(self._found(candidate, judgement) for candidate, judgement in kept)
        return MatchResult(self.sid.hex(), findings, {**self.counts, "findings": len(findings)})

    def _found(self, candidate: Candidate, judgement: Judgement) -> Found:
        return Found(
            id=hashlib.sha256(b"detente/finding/1" + self.sid + candidate.id).hexdigest(),
            record=self.setup.records[candidate.record].id,
            handle=candidate.handle,
            theirs=candidate.theirs.handle,
            judgement=judgement,
            tokens=candidate.pair.tokens,
            agreed=candidate.pair.agreed,
            our_values=self.ours.records[candidate.record].values.root,
            openings=self._openings(candidate),
            their_values=candidate.theirs.values,
            their_profile=candidate.pair.theirs,
        )

    def _openings(self, candidate: Candidate) -> tuple[tuple[str, str, int, bytes, bytes], ...]:
        values = self.ours.records[candidate.record].values
        agreed = set(candidate.pair.agreed)
        places = [
            (i, kind, value) for i, (kind, value) in enumerate(values.values) if Value(kind, value) in agreed
        ]
        return tuple((kind, value, i, *values.open(i)) for i, kind, value in places)

    def _confirmation(self) -> dict[str, Json]:
        findings = _there(self.result).findings
        lines: list[Json] = [
            [f.id, f.judgement.score, f.judgement.grade] for f in sorted(findings, key=lambda f: f.id)
        ]
        return {
            "run": self.sid.hex(),
            "findings": hashlib.sha256(canonical(lines)).hexdigest(),
            "count": len(lines),
        }

    def _on_confirm(self, message: Incoming) -> Step:
        ours = self._confirmation()
        if canonical(message.body) != canonical(ours):
            raise FailedCheck(message.raw)
        result = _there(self.result)
        done = replace(self, expects="nothing", entropy=b"")
        answer: list[Effect] = [] if self.confirmed else [Send("confirm", ours)]
        counts: dict[str, Json] = dict(result.counts)
        finished = Append("run.finished", self.sid.hex(), {**ours, "counts": counts})
        return done, [*answer, finished, Finish("done", result)]

    # -- the audit's questions to the peer's openings

    def _examine_records(self, leaf: Leaf, grounds: bytes) -> None:
        examine_records(leaf, grounds, self.setup.their_head, self.setup.terms.holders_per_token)

    def _examine_value(self, leaf: Leaf, grounds: bytes) -> None:
        capacity = max(1, self.setup.terms.values_per_record)
        examine_value(self.sid, leaf, grounds, self.compared, capacity)


def _number(handles: Iterable[bytes]) -> dict[bytes, int]:
    return {handle: index for index, handle in enumerate(sorted(set(handles)))}


def _there(value: T | None) -> T:
    if value is None:
        raise OutOfTurn("the run is not that far")
    return value
