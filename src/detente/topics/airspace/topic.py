"""Airspace: both sides' planned volumes kept apart, neither's plan shown. What is compared are cells of space and time (spec/tokens-airspace).

A record is an operational intent. Nothing here judges: the exact step on the boxes that both open does (`verdict`), so `compare` and `judge`
have nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec
import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from detente.errors import Misuse
from detente.topics.airspace.intent import Intent, State
from detente.topics.airspace.outline import DIGITS
from detente.topics.airspace.volume import Datum, Volume4D
from detente.topics.topic import Judgement, Pair, Prepared, Record, Value
from detente.wire.instant import Instant

SCHEMA = "OperationalIntent"
VOLUME = "volume"
STATES: tuple[State, ...] = tuple(State)
_UNIT = 10**DIGITS
_MOST_PRIORITY = 1000


class AirspaceTopic:
    """Matches operational intents. See `Topic` for the contract.

    >>> from detente.topics.airspace.outline import circle
    >>> flight = Intent("a", (Volume4D(circle(36.3, 33.5, 1000).shape, 0, 300_000, 0, 60_000),), priority=3)
    >>> [ready] = AirspaceTopic().prepare([record_of(flight)])
    >>> ready.profile["priority"]
    3
    """

    name = "airspace"
    version = 1
    discloses = (
        "in which coarse and fine cells of space and time both have a plan, which a modified node sees as the run goes; of plans that meet in a fine"
        " cell the outline, altitudes and times within that cell's surroundings, how many they are, their state and their priority"
    )
    # What a cell holds in entropy is far below the floor: cells can be enumerated, and only the caps and the budget stop that (spec, section 7).
    kinds: Mapping[str, int] = MappingProxyType({"cell": 8})
    tokens_per_record = 1
    values_per_record = 1

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from a row with `id`, `schema` and `properties`: `volume` (JSON, one or more), `state`, `priority`. Raises Misuse."""
        properties = row.get("properties")
        if row.get("schema") != SCHEMA or not isinstance(properties, Mapping):
            raise Misuse(f"a record of airspace has the schema {SCHEMA} and properties")
        made = record_of(_intent(str(row.get("id")), properties))
        kept = {"proposal": ("1",)} if properties.get("proposal") else {}
        return replace(made, properties={**made.properties, **kept})

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """The volumes as values; the ceremony cuts them as the agreement says (ceremonies/volumes)."""
        for record in records:
            state = State(record.properties["state"][0])
            texts = () if state is State.ENDED else record.properties[VOLUME]
            profile = {"priority": int(record.properties["priority"][0]), "state": STATES.index(state)}
            if "proposal" in record.properties:
                profile["proposal"] = (
                    1  # only compared, before it is proposed (spec/tokens-airspace, section 8)
                )
            yield Prepared((), tuple(Value(VOLUME, text) for text in texts), profile)

    def compare(self, pair: Pair) -> bool:
        return False

    def judge(self, pair: Pair) -> Judgement:
        return Judgement(0, None, ())

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        return range(len(findings))


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A volume as one canonical JSON text: integers only, degrees times 10^10, instants in milliseconds. Fields in order of their names."""

    datum: Datum
    end: Instant
    lower_mm: int
    outline: list[list[list[tuple[int, int]]]]
    start: Instant
    upper_mm: int


def written(volume: Volume4D) -> str:
    """A volume as a record of ours holds it.

    >>> from detente.topics.airspace.outline import outline
    >>> written(Volume4D(outline([[[(0, 0), (0, 1), (1, 1)]]]).shape, 0, 1000, 0, 60_000))[:60]
    '{"datum":"WGS84","end":60000,"lower_mm":0,"outline":[[[[0,0],'
    """
    rings = [
        [
            [(x, y) for x, y in np.rint(shapely.get_coordinates(ring) * _UNIT).astype(np.int64).tolist()]
            for ring in (part.exterior, *part.interiors)
        ]
        for part in shapely.get_parts(volume.outline)
    ]
    plain = _Written(volume.datum, volume.end, volume.lower_mm, rings, volume.start, volume.upper_mm)
    return msgspec.json.encode(plain).decode()


def read(text: str) -> Volume4D:
    """The volume in a record of ours: what `written` gave. For our own records only: outlines are not examined again. Raises Misuse."""
    try:
        plain = msgspec.json.decode(text, type=_Written)
        parts = [[np.array(ring) / _UNIT for ring in rings] for rings in plain.outline]
        polygons = [Polygon(rings[0], rings[1:]) for rings in parts]
        shape = polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, IndexError):
        raise Misuse("a plan that can't be read; load it again") from None
    return Volume4D(shape, plain.lower_mm, plain.upper_mm, plain.start, plain.end, plain.datum)


def record_of(intent: Intent) -> Record:
    """An intent as a record that a node holds."""
    volumes = tuple(written(volume) for volume in (*intent.volumes, *intent.off_nominal))
    if not 0 <= intent.priority <= _MOST_PRIORITY:
        raise Misuse(f"a priority is from 0 to {_MOST_PRIORITY}")
    properties = {VOLUME: volumes, "state": (intent.state.value,), "priority": (str(intent.priority),)}
    return Record(intent.id, SCHEMA, properties, ("airspace",))


def intent_of(record: Record) -> Intent:
    """The intent in a record. Off-nominal volumes are volumes like the others here: both must be kept clear."""
    return _intent(record.id, record.properties)


def _intent(id: str, properties: Mapping[str, object]) -> Intent:
    texts, states, priorities = (_texts(properties.get(name)) for name in (VOLUME, "state", "priority"))
    if (
        len(states) > 1
        or len(priorities) > 1
        or (priorities and not (priorities[0].isascii() and priorities[0].isdigit()))
    ):
        raise Misuse("a plan has one state and one priority, a whole number")
    try:
        volumes = tuple(read(text) for text in texts)
        state = State(states[0]) if states else State.ACCEPTED
    except ValueError as problem:
        raise Misuse(f"a plan that can't be read: {problem}") from None
    return Intent(id, volumes, state, int(priorities[0]) if priorities else 0)


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)) or not all(isinstance(text, str) for text in value):
        raise Misuse("a property is a list of texts")
    return tuple(value)


__all__ = [
    "SCHEMA",
    "STATES",
    "VOLUME",
    "AirspaceTopic",
    "Volume4D",
    "intent_of",
    "read",
    "record_of",
    "written",
]
