"""Matching over airspace: coarse cells, finer ones only where both meet, then the boxes that meet. spec/tokens-airspace; steps as in spec/matching.

FIRST  propose  the run statement, with what it pledges
SECOND accept   the whole statement, with its own pledge; its hash is sid
       ...      one stage a layer (ceremonies/stage), nothing opened after it
       refine   both declare how many cells they have in the next layer below the ones that met
       boxes    both open the boxes of the cells that met in the last layer (ceremonies/showing)
       confirm  both name the hash of the conflicts, which both computed alike
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, TypeVar

import numpy as np

from detente.ceremonies import showing as shows
from detente.ceremonies import stage as stages
from detente.ceremonies.candidates import read_profile
from detente.ceremonies.ceremony import Append, Decision, Effect, Finish, Incoming, Json, Progress, Send, Step
from detente.ceremonies.run import (
    RunSetup,
    Statement,
    check_accepted,
    complete,
    pledge_of,
    propose,
    sid_of,
    size_of,
)
from detente.ceremonies.volumes import LayerInputs, OurVolumes, layer_inputs, prepare
from detente.errors import FailedCheck, Malformed, Misuse, NotAgreed, OutOfTurn, Overdrawn
from detente.psi.commitment import Leaf, derive, padded
from detente.psi.engine import Engine, Role
from detente.topics.airspace.boxes import Ints, cells_of
from detente.topics.airspace.verdict import Clash, Opened, clashes, meeting
from detente.wire.canonical import canonical
from detente.wire.messages import Instant

T = TypeVar("T")

_MOST_BUCKETS = 8  # cells of a stage are told in few parts: nothing is opened before the last layer


@dataclass(frozen=True, slots=True)
class ClashFound:
    """One conflict, told to both sides in the same words. `lower` to `upper` (mm) and `start` to `end` (ms): what either must stay out of.

    `id` is the same in every run of these two parties over the same two plans. `columns` are the H3 cells of the last layer, in hex, in which it lies.
    `theirs` is what their journal committed to their plan with; the profiles are what each says of its plan.
    """

    id: str
    record: str
    ours: bytes
    theirs: bytes
    lower: int
    upper: int
    start: Instant
    end: Instant
    columns: tuple[str, ...]
    our_profile: Mapping[str, int]
    their_profile: Mapping[str, int]

    def __repr__(self) -> str:  # plans never enter logs
        return f"ClashFound({self.id[:8]})"


@dataclass(frozen=True, slots=True)
class AirspaceResult:
    """What a run over airspace gave: conflicts that both sides hold alike, and what was counted."""

    sid: str
    conflicts: tuple[ClashFound, ...]
    counts: Mapping[str, int]


def begin(setup: RunSetup, engine: Engine, entropy: bytes) -> Step:
    """FIRST: proposes the run."""
    ready = _ready(setup, engine, entropy, Role.FIRST)
    statement = propose(setup, ready.inputs.size, derive(entropy, "nonce").hex(), ready.pledged)
    return replace(ready, expects="accept", statement=statement), [Send("propose", {"statement": statement})]


def answer(setup: RunSetup, engine: Engine, entropy: bytes) -> Refining:
    """SECOND: waits for a proposal."""
    return _ready(setup, engine, entropy, Role.SECOND)


def _ready(setup: RunSetup, engine: Engine, entropy: bytes, role: Role) -> Refining:
    if setup.terms.inspector == "peer" and setup.terms.audit:
        raise NotAgreed(
            'an audit by the peer would show it cells where nothing meets; agree on inspector = "none" for airspace'
        )
    ours = prepare(setup, entropy)
    inputs = layer_inputs(setup.terms, ours, 0, None, entropy)
    return Refining(setup, role, engine, entropy, "propose", ours, inputs)


@dataclass(frozen=True, slots=True)
class Refining:
    """A run over airspace under way. Immutable."""

    kind: ClassVar[str] = "matching"

    setup: RunSetup
    role: Role
    engine: Engine
    entropy: bytes
    expects: Literal["propose", "accept", "stage", "refine", "boxes", "confirm", "nothing"]
    ours: OurVolumes
    inputs: LayerInputs  # of the layer that is compared, or declared
    statement: Statement = field(default_factory=dict)
    sid: bytes = b""
    layer: int = 0
    stage: stages.Stage | None = None
    met: Ints | None = None  # our cells of the layer before that both have
    declared: bool = False  # whether we have said how many cells the next layer has
    spent: Mapping[str, int] = field(default_factory=lambda: {role.value: 0 for role in Role})
    showing: shows.Showing | None = None
    result: AirspaceResult | None = None
    confirmed: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Refining({self.role.value}, layer {self.layer}, expects {self.expects})"

    def decide(self, decision: Decision, now: Instant) -> Step:
        raise Misuse("a run asks nothing of people until it is over; abort it with `match abort`")

    def receive(self, message: Incoming, now: Instant) -> Step:
        if self.expects == "stage":
            return self._advance(message)
        if message.step != self.expects:
            raise OutOfTurn(f"{message.step} where {self.expects} is due", message.raw)
        if message.step == "boxes":
            return self._on_boxes(message)
        if message.parts:
            raise OutOfTurn("parts in a message that has none", message.raw)
        if message.step == "refine":
            return self._on_refine(message)
        if message.step == "confirm":
            return self._on_confirm(message)
        return self._on_statement(message)

    # -- the run statement

    @property
    def pledged(self) -> dict[str, Json]:
        return {"root": self.ours.pledge.root.hex(), "size": self.ours.pledge.size}

    def _on_statement(self, message: Incoming) -> Step:
        written = message.body.get("statement")
        if set(message.body) != {"statement"} or not isinstance(written, dict):
            raise Malformed("a message without a run statement", message.raw)
        if message.step == "accept":
            check_accepted(self.setup, self.statement, written, message.raw)
            whole: Statement = written
            before: list[Effect] = []
        else:
            nonce = derive(self.entropy, "nonce").hex()
            whole = complete(self.setup, written, self.inputs.size, nonce, message.raw, self.pledged)
            before = [Send("accept", {"statement": whole})]
        agreed = replace(self, statement=whole, sid=sid_of(whole))
        ready, send = agreed._open_stage(size_of(whole, self.role.other))
        started = Append("run.started", agreed.sid.hex(), {"statement": whole})
        return ready, [*before, started, *send]

    # -- the layers

    def _open_stage(self, theirs: int) -> tuple[Refining, list[Effect]]:
        """Charges a layer and opens its stage. Raises Overdrawn where either side's budget does not bear it."""
        terms, number = self.setup.terms, self.layer + 1
        sizes = {self.role.value: self.inputs.size, self.role.other.value: theirs}
        charged = {role: self.engine.charged(size) for role, size in sizes.items()}
        self._require_budget(charged)
        plan = stages.Plan(
            role=self.role,
            context=hashlib.sha256(b"detente/stage/1" + self.sid + bytes([number])).digest(),
            engine=self.engine,
            tokens=self.inputs.tokens,
            commitment=self.inputs.commitment,
            theirs=theirs,
            buckets=min(terms.buckets, _MOST_BUCKETS),
            audit=0,
            leaves=False,
            seed=derive(self.entropy, "stage", number),
            grounds=_no_grounds,
            examine=_examine_nothing,
        )
        stage, send = stages.begin(plan)
        counts = {
            **self.counts,
            "tokens": self.counts.get("tokens", 0) + sum(sizes.values()),
            f"cells_{number}": len(self.inputs.keys),
        }
        spent = {role: self.spent[role] + charged[role] for role in charged}
        ready = replace(self, expects="stage", stage=stage, counts=counts, spent=spent, declared=False)
        charge: dict[str, Json] = {
            "topic": terms.topic,
            "agreement": terms.agreement,
            "round": number,
            **charged,
        }
        return ready, [Append("run.charged", self.sid.hex(), charge), *ready._labelled(send)]

    def _require_budget(self, charged: Mapping[str, int]) -> None:
        for role, left in ((self.role, self.setup.our_budget), (self.role.other, self.setup.their_budget)):
            before = self.spent[role.value]
            if before + charged[role.value] > left:
                raise Overdrawn(
                    f"layer {self.layer + 1} needs {charged[role.value]} cells of {role.value}'s budget, of which {max(left - before, 0)} are left; "
                    "wait, match fewer plans, or agree on a larger budget"
                )

    def _label(self) -> dict[str, Json]:
        return {"run": self.sid.hex(), "round": self.layer + 1}

    def _labelled(self, send: Send | None) -> list[Effect]:
        return [] if send is None else [replace(send, body=self._label())]

    def _check_label(self, message: Incoming) -> None:
        if canonical(message.body) != canonical(self._label()):
            raise OutOfTurn("a message of another run or round", message.raw)

    def _advance(self, message: Incoming) -> Step:
        self._check_label(message)
        stage, send = _there(self.stage).receive(message)
        advanced = replace(self, stage=stage)
        effects = [
            *advanced._labelled(send),
            Progress(f"layer {self.layer + 1}, {message.step}", *stage.phase),
        ]
        if not stage.finished:
            return advanced, effects
        try:
            moved, after = advanced._leave_layer(send is None)
        except FailedCheck as fault:
            raise FailedCheck(message.raw, *fault.evidence) from None
        return moved, [*effects, *after]

    def _leave_layer(self, our_turn: bool) -> Step:
        stage = _there(self.stage)
        met = self.inputs.met([ours for ours, _ in stage.overlap])
        counts = {**self.counts, f"met_{self.layer + 1}": len(met)}
        left = replace(self, stage=None, met=met, counts=counts)
        if not len(met):
            return left._to_confirm(our_turn, ())
        if self.layer + 1 == len(self.ours.space.layers):
            return left._to_boxes(our_turn)
        inputs = layer_inputs(self.setup.terms, self.ours, self.layer + 1, met, self.entropy)
        ready = replace(left, expects="refine", layer=self.layer + 1, inputs=inputs)
        return ready._declare() if our_turn else (ready, [])

    def _declare(self) -> tuple[Refining, list[Effect]]:
        return replace(self, declared=True), [Send("refine", {**self._label(), "size": self.inputs.size})]

    def _on_refine(self, message: Incoming) -> Step:
        size = message.body.get("size")
        if type(size) is not int or canonical(message.body) != canonical({**self._label(), "size": size}):
            raise OutOfTurn("a message of another run or round", message.raw)
        if not 1 <= size <= padded(self._most_cells()):
            raise FailedCheck(message.raw)  # more than there is below the cells that met
        declared, before = (self, []) if self.declared else self._declare()
        ready, send = declared._open_stage(size)
        return ready, [*before, *send]

    def _most_cells(self) -> int:
        """How many cells of this layer lie below the cells of the last one that met."""
        above, here = self.ours.space.layers[self.layer - 1], self.ours.space.layers[self.layer]
        ground = int(7 ** (here.resolution - above.resolution))
        within = ground * (above.band_mm // here.band_mm) * (above.slot_ms // here.slot_ms)
        return len(_there(self.met)) * within

    # -- the exact step

    def _to_boxes(self, our_turn: bool) -> Step:
        root, size = pledge_of(self.statement, self.role.other, b"")
        parts = shows.parts_of(self.ours.space, self.ours.index, self.sid, _there(self.met))
        showing = shows.Showing(
            self.ours, shows.Theirs(root, size), parts, shows.turns_of(self.inputs, parts)
        )
        if not our_turn:
            return replace(self, expects="boxes", showing=showing), []
        showing, send = showing.begin()
        ready = replace(self, expects="boxes", showing=showing)
        return ready, ready._labelled(send)

    def _on_boxes(self, message: Incoming) -> Step:
        self._check_label(message)
        try:
            showing, send = _there(self.showing).receive(message.parts)
            advanced = replace(self, showing=showing)
            effects = [*advanced._labelled(send), Progress("exact step", showing.got, shows.PARTS)]
            if not showing.finished:
                return advanced, effects
            conflicts, pairs = advanced._judge()
            counted = replace(advanced, counts={**self.counts, "pairs": pairs}, showing=None)
            moved, after = counted._to_confirm(send is None, conflicts)
        except FailedCheck as fault:
            raise FailedCheck(message.raw, *fault.evidence) from None
        except Malformed as fault:
            raise Malformed(str(fault), message.raw, *fault.evidence) from None
        return moved, [*effects, *after]

    def _judge(self) -> tuple[tuple[ClashFound, ...], int]:
        showing, space = _there(self.showing), self.ours.space
        mine, other = shows.opened(space, showing.opened), shows.opened(space, showing.heard)
        first = self.role is Role.FIRST
        found = clashes(space, mine, other) if first else clashes(space, other, mine)
        names = {r.handle: record.id for r, record in zip(self.ours.records, self.setup.records, strict=True)}
        made = (self._found(clash, showing, names) for clash in found)
        return tuple(sorted(made, key=lambda c: c.id)), self._pairs(mine, other)

    def _found(self, clash: Clash, showing: shows.Showing, names: Mapping[bytes, str]) -> ClashFound:
        numbers = (clash.first, clash.second) if self.role is Role.FIRST else (clash.second, clash.first)
        ours, theirs = showing.opened.records[numbers[0]], showing.heard.records[numbers[1]]
        both = sorted([(self.setup.ours, ours.commitment), (self.setup.theirs, theirs.commitment)])
        domain = b"detente/conflict/1" + self.setup.terms.agreement.encode()
        identity = hashlib.sha256(domain + both[0][1] + both[1][1]).hexdigest()
        return ClashFound(
            identity, names[ours.handle], ours.commitment, theirs.commitment, clash.lower, clash.upper, clash.start, clash.end,
            tuple(f"{column:x}" for column in clash.columns), read_profile(ours.profile, 0), read_profile(theirs.profile, 0),
        )  # fmt: skip

    def _pairs(self, mine: Opened, other: Opened) -> int:
        """How many pairs of records share a cell of the last layer: the conflicts among them are its precision."""
        last = len(self.ours.space.layers) - 1
        sides = []
        for side in (mine, other):
            keys, at = cells_of(self.ours.space, self.ours.index, side.rows, last)
            kept = np.isin(keys, _there(self.met))
            sides.append(np.stack([keys[kept], side.rows["owner"][at[kept]].astype(np.int64)], axis=1))
        return len(meeting(*sides))

    # -- both say that they found the same

    def _to_confirm(self, our_turn: bool, conflicts: tuple[ClashFound, ...]) -> Step:
        result = AirspaceResult(self.sid.hex(), conflicts, {**self.counts, "conflicts": len(conflicts)})
        ready = replace(self, expects="confirm", result=result, confirmed=our_turn)
        return ready, [Send("confirm", ready._confirmation())] if our_turn else []

    def _confirmation(self) -> dict[str, Json]:
        found = _there(self.result).conflicts
        lines: list[Json] = [[c.id, c.lower, c.upper, c.start, c.end, list(c.columns)] for c in found]
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
        before: list[Effect] = [] if self.confirmed else [Send("confirm", ours)]
        counts: dict[str, Json] = dict(result.counts)
        finished = Append("run.finished", self.sid.hex(), {**ours, "counts": counts})
        return done, [*before, finished, Finish("done", result)]


def _no_grounds(position: int) -> bytes:
    raise Misuse("a run over airspace opens nothing in an audit")


def _examine_nothing(leaf: Leaf, grounds: bytes) -> None:
    raise FailedCheck(leaf.token)


def _there(value: T | None) -> T:
    if value is None:
        raise OutOfTurn("the run is not that far")
    return value


__all__ = ["AirspaceResult", "ClashFound", "Refining", "answer", "begin"]
