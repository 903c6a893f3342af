"""OpenSky's state vectors as JSON ({"time", "states": [[icao24, ...]]}), one answer or a list of them; and lists of records.

A record is an object with icao24, timestamp, latitude, longitude and the rest as the `traffic` library writes it: altitude in
feet, ground speed in knots, vertical rate in feet a minute. Pressure altitudes are taken where there are both, since every
transponder has one; else the geometric altitude above the ellipsoid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from detente.adapters.formats.rows import Problem
from detente.errors import Misuse
from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum
from detente.wire.instant import LATEST, Instant

FOOT, KNOT, FEET_A_MINUTE = 0.3048, 1852 / 3600, 0.3048 / 60

# places in a state vector, as OpenSky's interface documents them
_ICAO24, _POSITION_TIME, _CONTACT, _LONGITUDE, _LATITUDE, _BARO, _GROUND = 0, 3, 4, 5, 6, 7, 8
_VELOCITY, _TRACK, _CLIMB, _GEO = 9, 10, 11, 13
_SHORTEST = 12


def read(document: bytes, source: str) -> Iterator[Track | Problem]:
    """A track for each state with a position, a Problem for each that is none; both count from 1 through the document.

    Raises Misuse for JSON of another kind.

    >>> text = b'{"time": 9, "states": [["4ca2b6", "X", "", 8, 9, 2.5, 48.5, 3000, false, 200, 90, 0, null, null]]}'
    >>> [(track.id, track.altitude) for track in read(text, "net")]
    [('4ca2b6', 3000.0)]
    """
    try:
        value = msgspec.json.decode(document)
    except (msgspec.DecodeError, RecursionError):
        raise Misuse("this is no JSON: export it again") from None
    number = 0
    for state in _states(value):
        number += 1
        try:
            track = _record(state, source) if isinstance(state, dict) else _vector(state, source)
        except Misuse as error:
            yield Problem(number, str(error))
            continue
        yield Problem(number, "a state without a position") if track is None else track


def _states(value: object) -> Iterator[Any]:
    answers = value if isinstance(value, list) else [value]
    for answer in answers:
        if isinstance(answer, dict) and "states" in answer:
            states = answer["states"]
            if states is not None and not isinstance(states, list):
                raise Misuse("states is a list of state vectors, or null")
            yield from states or []
        elif isinstance(answer, dict) and "icao24" in answer:
            yield answer
        else:
            raise Misuse('this is neither {"time", "states"} nor a list of records with icao24')


def _vector(state: object, source: str) -> Track | None:
    if not isinstance(state, list) or len(state) < _SHORTEST:
        raise Misuse(f"a state vector has at least {_SHORTEST} places")
    latitude, longitude = _number(state, _LATITUDE), _number(state, _LONGITUDE)
    if latitude is None or longitude is None:
        return None
    seconds = _number(state, _POSITION_TIME)
    altitude, datum = _number(state, _BARO), Datum.FL
    if altitude is None and len(state) > _GEO:
        altitude, datum = _number(state, _GEO), Datum.WGS84
    return Track(
        id=_address(state[_ICAO24]),
        source=source,
        place=Geodetic(latitude, longitude),
        altitude=altitude,
        datum=None if altitude is None else datum,
        velocity=_polar(_number(state, _VELOCITY), _number(state, _TRACK), _number(state, _CLIMB)),
        time=_instant(seconds if seconds is not None else _number(state, _CONTACT), 1000),
        on_ground=state[_GROUND] is True,
    )


def _record(record: Mapping[str, Any], source: str) -> Track | None:
    latitude, longitude = _number(record, "latitude"), _number(record, "longitude")
    if latitude is None or longitude is None:
        return None
    altitude = _number(record, "altitude")
    speed, climb = _number(record, "groundspeed"), _number(record, "vertical_rate")
    return Track(
        id=_address(record.get("icao24")),
        source=source,
        place=Geodetic(latitude, longitude),
        altitude=None if altitude is None else altitude * FOOT,
        datum=None if altitude is None else Datum.FL,
        velocity=_polar(
            None if speed is None else speed * KNOT,
            _number(record, "track"),
            None if climb is None else climb * FEET_A_MINUTE,
        ),
        time=_instant(_number(record, "timestamp"), 1),
        on_ground=record.get("onground") is True,
    )


def _address(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Misuse("a state without icao24")
    return value.strip().lower()


def _polar(speed: float | None, track: float | None, climb: float | None) -> Vector | None:
    if speed is None or track is None:
        return None
    turn = math.radians(track)
    return Vector(speed * math.sin(turn), speed * math.cos(turn), climb or 0.0)


def _instant(value: float | None, milliseconds: int) -> Instant:
    if value is None or not 0 <= value * milliseconds <= LATEST:
        raise Misuse("a state without a time")
    return round(value * milliseconds)


def _number(of: Sequence[Any] | Mapping[str, Any], key: Any) -> float | None:
    """The number at a place or of a name, None where there is none."""
    value = of.get(key) if isinstance(of, Mapping) else of[key]
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise Misuse("a state has a number that is none")
    return float(value)


__all__ = ["read"]
