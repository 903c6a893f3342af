"""Two parties that compare plans in memory, message by message, so that a test can change one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from detente.ceremonies import refining
from detente.ceremonies.ceremony import Append, Effect, Finish, Incoming, Send
from detente.ceremonies.run import NO_LIMIT, Batch, Head, RunRecord, RunSetup, RunTerms
from detente.psi.commitment import derive
from detente.psi.dh import DhEngine
from detente.topics.airspace.intent import Intent
from detente.topics.airspace.outline import outline
from detente.topics.airspace.space import Layer, Space
from detente.topics.airspace.topic import AirspaceTopic, record_of
from detente.topics.airspace.volume import Volume4D

NOON = 1_795_348_800_000
HOUR = 3_600_000
SPACE = Space((Layer(4, 600_000, 1_200_000), Layer(6, 300_000, 600_000), Layer(6, 100_000, 300_000)))
FIRST, SECOND = "1" * 64, "2" * 64


def box(
    west: float,
    south: float,
    east: float,
    north: float,
    low: int = 1000,
    high: int = 1500,
    start: int = 0,
    end: int = HOUR,
) -> Volume4D:
    """A volume over a rectangle of degrees; metres, and milliseconds after noon."""
    ring = [(west, south), (east, south), (east, north), (west, north)]
    return Volume4D(outline([[ring]]).shape, low * 1000, high * 1000, NOON + start, NOON + end)


def plan(id: str, *volumes: Volume4D, priority: int = 0) -> Intent:
    return Intent(id, volumes, priority=priority)


def setup_of(who: str, plans: Sequence[Intent], space: Space = SPACE, **changes: Any) -> RunSetup:
    """What one party brings to a run, with a journal of one entry."""
    topic = AirspaceTopic()
    records = [record_of(intent) for intent in plans]
    commitments = b"".join(
        hashlib.sha256(derive(who.encode(), "record", i)).digest() for i in range(len(records))
    )
    rows = [
        RunRecord(record.id, 0, place, [], [(v.kind, v.value) for v in ready.values], dict(ready.profile))
        for place, (record, ready) in enumerate(zip(records, topic.prepare(records), strict=True))
    ]
    terms = RunTerms(
        agreement="a" * 64, topic="airspace", version=1, engine="dh", buckets=8, audit=0, inspector="none", holders_per_token=1,
        tokens_per_record=1, values_per_record=1, pairs_per_record=1, tokens_limit=changes.pop("tokens_limit", 1 << 20), space=space,
    )  # fmt: skip
    theirs = SECOND if who == FIRST else FIRST
    head = Head(1, "0" * 64)
    return RunSetup(
        who,
        theirs,
        terms,
        head,
        head,
        rows,
        [Batch(b"", 0, b"", commitments)],
        **{"our_budget": NO_LIMIT, **changes},
    )


@dataclass
class Flight:
    """A run of both, message by message. `tamper` may change what one party sends, `heard` keeps what each sent, `entries` what each journals."""

    first: RunSetup
    second: RunSetup
    engines: tuple[Any, Any] = field(default_factory=lambda: (DhEngine(), DhEngine()))
    tamper: Callable[[str, Send], Send] = lambda who, send: send
    heard: list[tuple[str, Send]] = field(default_factory=list)
    entries: dict[str, list[Append]] = field(default_factory=lambda: {FIRST: [], SECOND: []})
    results: dict[str, refining.AirspaceResult] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)

    def fly(self) -> tuple[refining.AirspaceResult, refining.AirspaceResult]:
        """To the end; raises what either party raises."""
        self.states[SECOND] = refining.answer(self.second, self.engines[1], derive(b"", "second"))
        self.states[FIRST], effects = refining.begin(self.first, self.engines[0], derive(b"", "first"))
        waiting = [(FIRST, send) for send in self._note(FIRST, effects)]
        while waiting:
            who, send = waiting.pop(0)
            other = SECOND if who == FIRST else FIRST
            send = self.tamper(who, send)
            self.heard.append((who, send))
            raw = repr(send).encode()
            incoming = Incoming(send.step, send.body, send.parts, hashlib.sha256(raw).hexdigest(), raw)
            self.states[other], effects = self.states[other].receive(incoming, NOON)
            waiting += [(other, answer) for answer in self._note(other, effects)]
        return self.results[FIRST], self.results[SECOND]

    def _note(self, who: str, effects: Sequence[Effect]) -> list[Send]:
        for effect in effects:
            if isinstance(effect, Append):
                self.entries[who].append(effect)
            if isinstance(effect, Finish):
                self.results[who] = effect.result
        return [effect for effect in effects if isinstance(effect, Send)]


def fly(ours: Sequence[Intent], theirs: Sequence[Intent], space: Space = SPACE, **changes: Any) -> Flight:
    """A run that went to its end."""
    flight = Flight(setup_of(FIRST, ours, space, **changes), setup_of(SECOND, theirs, space, **changes))
    flight.fly()
    return flight


__all__ = ["FIRST", "HOUR", "NOON", "SECOND", "SPACE", "Flight", "box", "fly", "plan", "replace", "setup_of"]
