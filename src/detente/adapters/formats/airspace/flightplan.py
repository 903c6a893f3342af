"""Filed flight plans (ICAO Doc 4444, appendix 3: the FPL message), made into corridors along their routes, with stated margins.

Read are item 7 (who), 13 (where from, when), 15 (speed, level, route), 16 (where to, how long) and DOF in 18. Points come from a table that
the user supplies. Not known is when the aircraft really takes off, how it climbs and what the wind does: so a corridor's time is enlarged
by the margin and a twentieth of the time flown, and where the aircraft may climb or descend (200 ft per nautical mile, the least that
procedures are built for) the corridor reaches down to the ground.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from detente.adapters.formats.airspace.fixes import Fixes, Place
from detente.adapters.formats.airspace.plan import Broken, Drawing, Drawn, Margins, Source
from detente.adapters.formats.airspace.route import Leg, route_of
from detente.adapters.formats.rows import DOCUMENT_BYTES
from detente.errors import Misuse
from detente.topics.airspace.corridor import corridor
from detente.topics.airspace.datum import FOOT_MM
from detente.topics.airspace.geodesy import directions
from detente.topics.airspace.volume import LOWEST_MM, Volume4D
from detente.wire.instant import Instant

BEGINNING = re.compile(rb"\(FPL-")
_MESSAGE = re.compile(r"\((FPL-[^()]*)\)")
_OTHER = re.compile(r"\((CHG|CNL|DLA|DEP|ARR)-")
_DEPARTURE = re.compile(r"([A-Z]{4})(\d{2})(\d{2})")
_ARRIVAL = re.compile(r"([A-Z]{4})(\d{2})(\d{2})\b")
_DAY = re.compile(r"DOF/(\d{2})(\d{2})(\d{2})")
_IDENTITY = re.compile(r"([A-Z0-9]{2,7})(/[A-Z]\d{4})?")

STRETCH_MS = 600_000
_DRIFT = 0.05
_NM = 1852.0
_CLIMB_FT_PER_NM = 200
_RADIUS = 6_371_000.0
_BELOW_MM = round(2000 * FOOT_MM)  # the ground lies at most so far below zero, in pressure altitude too


@dataclass(frozen=True, slots=True)
class _Plan:
    id: str
    off: Instant
    lasting_ms: int
    legs: tuple[Leg, ...]
    notes: tuple[str, ...]


def read(source: Source) -> Drawing:
    """The corridors of each FPL message. Other messages about flights are problems: a change that is not applied would mislead."""
    if source.path.stat().st_size > DOCUMENT_BYTES:
        raise Misuse(f"{source.path} is larger than {DOCUMENT_BYTES} bytes: split it")
    text = source.path.read_text(encoding="utf-8", errors="replace")
    for number, message in enumerate(_MESSAGE.findall(text), 1):
        id = ""
        try:
            items = [item.strip() for item in message.split("-")]
            id = _identity(items)
            plan = _plan(id, items, source.fixes)
            yield from _corridors(number, plan, source.margins)
        except Misuse as error:
            yield Broken(number, f"{id or 'a flight plan'}: {error}", id)
    for other in _OTHER.finditer(text):
        yield Broken(0, f"a {other[1]} message is not applied: file the flight plan as it now stands")


def _identity(items: list[str]) -> str:
    """The aircraft's identification with day and time of departure: one call sign flies more than once."""
    found = _IDENTITY.fullmatch(items[1]) if len(items) > 1 else None
    if found is None or len(items) < 9:
        raise Misuse("an FPL message has items 7, 8, 9, 10, 13, 15, 16 and 18")
    off = _departure(items)
    return f"{found[1]}-{datetime.fromtimestamp(off / 1000, UTC):%Y%m%d-%H%M}"


def _departure(items: list[str]) -> Instant:
    leaving, day = _DEPARTURE.fullmatch(items[5]), _DAY.search("-".join(items[8:]))
    if leaving is None:
        raise Misuse("item 13 is an aerodrome and a time, like OLBA1000")
    if day is None:
        raise Misuse("item 18 does not say on which day it flies: add DOF/yymmdd")
    try:
        year, month, date = (int(part) for part in day.groups())
        moment = datetime(2000 + year, month, date, int(leaving[2]), int(leaving[3]), tzinfo=UTC)
    except ValueError:
        raise Misuse("a day or time of departure that is not in the calendar") from None
    return round(moment.timestamp() * 1000)


def _plan(id: str, items: list[str], fixes: Fixes) -> _Plan:
    going = _ARRIVAL.match(items[7])
    if going is None:
        raise Misuse("item 16 is an aerodrome and the time to it, like LCLK0045")
    lasting = (int(going[2]) * 60 + int(going[3])) * 60_000
    if not 0 < lasting <= 48 * 3_600_000:
        raise Misuse("item 16 says that the flight takes no time, or more than two days")
    legs, notes = route_of(items[6], items[5][:4], going[1], fixes)
    return _Plan(id, _departure(items), lasting, legs, notes)


def _corridors(number: int, plan: _Plan, margins: Margins) -> Drawing:
    """Pieces of every leg, each at most some minutes long, with the time and altitude that the flight may have there."""
    lengths = [_metres(leg.start, leg.end) for leg in plan.legs]
    weights = [length / leg.speed_ms for length, leg in zip(lengths, plan.legs, strict=True)]
    whole, total = sum(lengths), sum(weights)
    if whole < 1:
        raise Misuse("a route of no length: give points between the aerodromes of a local flight")
    flown_ms, flown_m, notes = 0.0, 0.0, plan.notes
    for leg, length, weight in zip(plan.legs, lengths, weights, strict=True):
        lasting = plan.lasting_ms * weight / total
        count = max(1, math.ceil(lasting / STRETCH_MS))
        points = [_between(leg.start, leg.end, share) for share in np.linspace(0, 1, count + 1)]
        for k, ends in enumerate(pairwise(points)):
            first, last = flown_ms + lasting * k / count, flown_ms + lasting * (k + 1) / count
            from_end = min(flown_m + length * k / count, whole - flown_m - length * (k + 1) / count)
            times = (first - margins.around_ms - _DRIFT * first, last + margins.around_ms + _DRIFT * last)
            volume = Volume4D(
                corridor(ends, margins.beside_m).shape,
                *_band(leg, from_end, margins),
                max(plan.off - margins.around_ms, math.floor(plan.off + times[0])),
                math.ceil(plan.off + times[1]) + 1,
                leg.datum,
            )
            yield Drawn(number, plan.id, volume, repairs=notes)
            notes = ()
        flown_ms, flown_m = flown_ms + lasting, flown_m + length


def _band(leg: Leg, from_end_m: float, margins: Margins) -> tuple[int, int]:
    """Where it flies level: around the level. Nearer to an end than a climb may take: from the ground up."""
    above = math.ceil(margins.above_m * 1000)
    climb_m = leg.upper_mm / float(FOOT_MM) / _CLIMB_FT_PER_NM * _NM
    lower = -_BELOW_MM if from_end_m <= climb_m else leg.lower_mm - above
    return max(lower, LOWEST_MM), leg.upper_mm + above


def _metres(start: Place, end: Place) -> float:
    one, other = directions(np.array([start, end], dtype=np.float64))
    return float(_RADIUS * np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other))


def _between(start: Place, end: Place, share: float) -> Place:
    """A point on the great circle."""
    one, other = directions(np.array([start, end], dtype=np.float64))
    angle = float(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other))
    if angle < 1e-12:
        return start
    x, y, z = (math.sin((1 - share) * angle) * one + math.sin(share * angle) * other) / math.sin(angle)
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))
