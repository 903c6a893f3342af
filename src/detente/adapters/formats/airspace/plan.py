"""What every format of plans yields: volumes with the id of what they belong to, and for what is none the reason with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from detente.adapters.formats.airspace.fixes import Fixes
from detente.adapters.formats.rows import Problem
from detente.errors import Misuse
from detente.topics.airspace.datum import Undulation, converted
from detente.topics.airspace.intent import MOST_VOLUMES, Constraint, Intent, State
from detente.topics.airspace.volume import Datum, Volume4D
from detente.wire.instant import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One volume as a file has it: `number` is its place there (feature, line), from 1; `repairs` what was mended, in sentences.

    `closed` is the kind of a constraint; "" for what is an intent.
    """

    number: int
    id: str
    volume: Volume4D
    state: State = State.ACCEPTED
    priority: int = 0
    off_nominal: bool = False
    repairs: tuple[str, ...] = ()
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """What is no volume: why, and the id of what it would have belonged to, "" if that is not known either."""

    number: int
    reason: str
    id: str = ""


Drawing: TypeAlias = Iterator[Drawn | Broken]


@dataclass(frozen=True, slots=True)
class Margins:
    """How much air a line takes: beside it, above and below, before and after. Metres and milliseconds."""

    beside_m: float = 9260.0  # 5 NM
    above_m: float = 304.8  # 1000 ft
    around_ms: int = 300_000

    def __post_init__(self) -> None:
        if not (
            1 <= self.beside_m <= 100_000
            and 1 <= self.above_m <= 20_000
            and 0 <= self.around_ms <= 86_400_000
        ):
            raise Misuse(
                "margins are from 1 m to 100 km beside, 1 m to 20 km above and below, 0 to 24 h before and after"
            )


@dataclass(frozen=True, slots=True)
class Source:
    """A file of plans and what reading it needs: `fixes` for routes, `margins` for what has no width."""

    path: Path
    fixes: Fixes = field(default_factory=Fixes)
    margins: Margins = field(default_factory=Margins)


@dataclass(frozen=True, slots=True)
class Plans:
    """All that a file holds. `problems`: what could not be read. `notes`: what was mended, with its place, as Problems are."""

    intents: tuple[Intent, ...]
    constraints: tuple[Constraint, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def gathered(drawing: Drawing, datum: Datum | None = None, geoid: Undulation = None) -> Plans:
    """Intents from volumes, those of one id together in the file's order; altitudes above `datum`, if one is given.

    An intent of which any volume could not be read or converted is left out as a whole, and is a problem: half a plan is worse
    than none.
    """
    found: dict[str, list[Drawn]] = {}
    broken: dict[str, None] = {}
    problems: list[Problem] = []
    notes: list[Problem] = []
    for drawn in drawing:
        if isinstance(drawn, Broken):
            problems.append(Problem(drawn.number, drawn.reason))
            broken[drawn.id] = None
            continue
        notes.extend(Problem(drawn.number, repair) for repair in drawn.repairs)
        found.setdefault(drawn.id, []).append(drawn)
    intents: list[Intent] = []
    constraints: list[Constraint] = []
    for id, parts in found.items():
        try:
            if id in broken:
                raise Misuse("left out, since another volume of the same plan could not be read")
            made = _made(id, parts, datum, geoid)
        except Misuse as error:
            problems.append(Problem(parts[0].number, str(error)))
            continue
        if isinstance(made, Intent):
            intents.append(made)
        else:
            constraints.append(made)
    problems.sort(key=lambda problem: problem.line)
    return Plans(tuple(intents), tuple(constraints), tuple(problems), tuple(notes))


def _made(id: str, parts: list[Drawn], datum: Datum | None, geoid: Undulation) -> Intent | Constraint:
    first = parts[0]
    if len(parts) > MOST_VOLUMES:
        raise Misuse(f"a plan of more than {MOST_VOLUMES} volumes: split it")
    if any(
        (part.state, part.priority, part.closed) != (first.state, first.priority, first.closed)
        for part in parts
    ):
        raise Misuse("volumes of one id have different states or priorities: give them ids of their own")
    volumes = [
        (part.off_nominal, part.volume if datum is None else converted(part.volume, datum, geoid))
        for part in parts
    ]
    nominal = tuple(volume for off, volume in volumes if not off)
    if first.closed:
        return Constraint(id, nominal, first.closed)
    return Intent(id, nominal, first.state, first.priority, tuple(volume for off, volume in volumes if off))


def span(start: object, end: object) -> tuple[Instant, Instant]:
    """Two times of RFC 3339, with their offsets, as instants, rounded outward to milliseconds. Raises Misuse.

    >>> span("2026-11-22T10:00:00Z", "2026-11-22T13:00:00.0001+02:00")
    (1795341600000, 1795345200001)
    """
    first, last = (moment_us(text) for text in (start, end))
    if first >= last:
        raise Misuse("a volume must start before it ends")
    return first // 1000, -(-last // 1000)


def moment_us(text: object) -> int:
    """A time of RFC 3339 with its offset, in microseconds since 1970. Raises Misuse."""
    if not isinstance(text, str) or len(text) > 40:
        raise Misuse("a time is written like 2026-11-22T10:00:00Z")
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Misuse("a time is written like 2026-11-22T10:00:00Z") from None
    if moment.tzinfo is None:
        raise Misuse("a time without an offset is never compared: end it in Z or +hh:mm")
    if not 1970 <= moment.year <= 9998:
        raise Misuse("a time before 1970 or after 9998")
    return (moment.astimezone(UTC) - _EPOCH) // _MICRO


def number_in(members: Mapping[str, Any], name: str) -> float:
    """A member that must be a number, or a text of one. Raises Misuse."""
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Misuse(f"{name} must be a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise Misuse(f"{name} must be a number") from None
    if not math.isfinite(number):
        raise Misuse(f"{name} must be a finite number")
    return number


def state_of(value: object, default: State = State.ACCEPTED) -> State:
    """A state of F3548-21 by its name. Raises Misuse."""
    if value is None:
        return default
    for state in State:
        if isinstance(value, str) and value.strip().lower() == state.value.lower():
            return state
    raise Misuse(f"a state is one of {', '.join(state.value for state in State)}")


def priority_of(value: object) -> int:
    """A priority: an integer, 0 if there is none. Raises Misuse."""
    if value is None:
        return 0
    if type(value) is not int or abs(value) > 1_000_000:
        raise Misuse("a priority is an integer")
    return value
