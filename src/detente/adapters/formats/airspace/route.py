"""Item 15 of a flight plan: speeds, levels and points, as legs between places (ICAO Doc 4444, appendix 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from detente.adapters.formats.airspace.fixes import Fixes, Place
from detente.errors import Misuse
from detente.topics.airspace.datum import FOOT_MM
from detente.topics.airspace.volume import Datum

_KNOT = 1852 / 3600
_MACH = 300.0
"""Metres a second: speeds only share out the time of item 16, so the temperature does not matter."""
_SPEED = re.compile(r"(N)(\d{4})|(K)(\d{4})|(M)(\d{3})")
_LEVEL = r"F\d{3}|S\d{4}|A\d{3}|M\d{4}"
_CRUISE = re.compile(rf"(N\d{{4}}|K\d{{4}}|M\d{{3}})({_LEVEL}|VFR)")
_CHANGE = re.compile(rf"([A-Z0-9]+)/(N\d{{4}}|K\d{{4}}|M\d{{3}})({_LEVEL})")
_CLIMBING = re.compile(rf"C/([A-Z0-9]+)/(N\d{{4}}|K\d{{4}}|M\d{{3}})({_LEVEL})({_LEVEL}|PLUS)")
_COORDINATES = re.compile(r"(\d{2})(\d{2})?(\d{2})?([NS])(\d{3})(\d{2})?(\d{2})?([EW])")
_BEARING = re.compile(r"[A-Z]{2,5}\d{6}")
_AIRWAY = re.compile(r"[A-Z]{1,2}[A-Z]?\d{1,3}[A-Z]?")
_TERMINAL = re.compile(r"[A-Z]{2,6}\d[A-Z]?")
_UNITS = {
    "F": (100 * FOOT_MM, Datum.FL),
    "S": (Fraction(10_000), Datum.FL),
    "A": (100 * FOOT_MM, Datum.AMSL),
    "M": (Fraction(10_000), Datum.AMSL),
}
_MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Leg:
    """From one place to the next: longitude and latitude, the band in which it is flown level, how fast in metres a second."""

    start: Place
    end: Place
    lower_mm: int
    upper_mm: int
    datum: Datum
    speed_ms: float


@dataclass(slots=True)
class _Walk:
    """Where reading has come to."""

    here: Place
    name: str
    speed: float
    levels: tuple[int, ...]  # one, or where it climbs as it goes all that it may have
    datum: Datum
    legs: list[Leg]
    notes: list[str]
    leaving: tuple[int, ...] = ()  # levels that the next leg still may have
    airway: str = ""


def route_of(text: str, start: str, end: str, fixes: Fixes) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """The legs of item 15 between two aerodromes, and what had to be drawn as a straight line. Raises Misuse with what is missing."""
    tokens = text.split()
    if not tokens or len(tokens) > _MOST_TOKENS:
        raise Misuse("item 15 is a speed, a level and a route")
    cruise = _CRUISE.fullmatch(tokens[0])
    if cruise is None:
        raise Misuse("item 15 begins with speed and level, like N0450F330")
    if cruise[2] == "VFR":
        raise Misuse("a flight under visual rules without a level can't be drawn: file its volumes")
    level, datum = _level(cruise[2])
    walk = _Walk(_place(start, fixes), start, _speed(cruise[1]), (level,), datum, [], [])
    for number, token in enumerate(tokens[1:], 1):
        _step(walk, token, fixes, number in (1, len(tokens) - 1))
    if walk.airway:
        raise Misuse(f"the route ends on {walk.airway}: say at which point it leaves")
    _to(walk, end, _place(end, fixes))
    return tuple(walk.legs), tuple(walk.notes)


def _step(walk: _Walk, token: str, fixes: Fixes, at_an_end: bool) -> None:
    if token in ("DCT", "IFR"):
        return
    if token == "VFR" or token.endswith("VFR"):
        raise Misuse("a part under visual rules has no level and can't be drawn: file its volumes")
    if token.startswith("STAY"):
        raise Misuse("STAY: how long it stays where can't be drawn: file that volume")
    climbing, change = _CLIMBING.fullmatch(token), _CHANGE.fullmatch(token)
    name = climbing[1] if climbing else change[1] if change else token
    place = fixes.places.get(name) or _coordinates(name)
    if place is None:
        _unknown(walk, name, fixes, at_an_end)
        return
    if walk.airway:
        for between in fixes.along(walk.airway, walk.name, name):
            _to(walk, between, _place(between, fixes))
        walk.airway = ""
    _to(walk, name, place)
    if climbing:
        if climbing[4] == "PLUS":
            raise Misuse("a cruise climb without an upper level can't be drawn: give both levels")
        _change(walk, climbing[2], climbing[3], climbing[4])
    elif change:
        _change(walk, change[2], change[3])


def _unknown(walk: _Walk, name: str, fixes: Fixes, at_an_end: bool) -> None:
    if name in fixes.airways or (_AIRWAY.fullmatch(name) and not (at_an_end and _TERMINAL.fullmatch(name))):
        if walk.airway:
            raise Misuse(f"{walk.airway} and {name} follow each other without the point where they meet")
        if name not in fixes.airways:
            raise Misuse(f"the fix table does not say which points lie on {name}: add them")
        walk.airway = name
    elif at_an_end and _TERMINAL.fullmatch(name):
        walk.notes.append(f"{name}, a departure or arrival route, was drawn as a straight line")
    elif _BEARING.fullmatch(name):
        raise Misuse(f"{name} is a magnetic bearing from a point: give its coordinates")
    else:
        raise Misuse(f"{name} is not in the fix table: add it")


def _to(walk: _Walk, name: str, place: Place) -> None:
    """A leg to there. One on which the level changes is flown anywhere between the two."""
    if place != walk.here:
        levels = walk.levels + walk.leaving
        walk.legs.append(Leg(walk.here, place, min(levels), max(levels), walk.datum, walk.speed))
        walk.leaving = ()
    walk.here, walk.name = place, name


def _change(walk: _Walk, speed: str, *levels: str) -> None:
    read = [_level(level) for level in levels]
    if any(datum is not walk.datum for _, datum in read):
        raise Misuse(
            "levels and altitudes in one route are above different datums: file its parts as plans of their own"
        )
    walk.speed = _speed(speed)
    walk.leaving += walk.levels
    walk.levels = tuple(level for level, _ in read)


def _place(name: str, fixes: Fixes) -> Place:
    if name not in fixes.places:
        raise Misuse(f"{name} is not in the fix table: add it")
    return fixes.places[name]


def _coordinates(name: str) -> Place | None:
    found = _COORDINATES.fullmatch(name)
    if found is None:
        return None
    lat = int(found[1]) + int(found[2] or 0) / 60 + int(found[3] or 0) / 3600
    lon = int(found[5]) + int(found[6] or 0) / 60 + int(found[7] or 0) / 3600
    if lat > 90 or lon > 180:
        raise Misuse(f"{name} is not on the earth")
    return lon if found[8] == "E" else -lon, lat if found[4] == "N" else -lat


def _speed(text: str) -> float:
    found = _SPEED.fullmatch(text)
    assert found is not None
    value = int(found[2] or found[4] or found[6])
    if value == 0:
        raise Misuse("item 15 gives a speed of zero")
    return value * _KNOT if found[1] else value / 3.6 if found[3] else value / 100 * _MACH


def _level(text: str) -> tuple[int, Datum]:
    unit, datum = _UNITS[text[0]]
    return round(int(text[1:]) * unit), datum


__all__ = ["Leg", "route_of"]
