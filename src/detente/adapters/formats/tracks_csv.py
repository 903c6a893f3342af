"""Recorded tracks as CSV, for replay: a report a row, in the order in which they came.

Columns: id, time (RFC 3339 with its offset, or seconds since 1970), lat, lon; altitude_m, altitude_ft or fl, with
altitude_datum (a flight level needs none); track in degrees with groundspeed_kt or groundspeed_ms, or vx_ms and vy_ms; and
vertical_rate_fpm or vertical_rate_ms; on_ground. All but the first four may be left out, or left empty in a row.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator, Mapping

from detente.adapters.formats.airspace.plan import moment_us
from detente.adapters.formats.rows import Problem
from detente.errors import Misuse
from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.datum import datum_named
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum
from detente.wire.instant import Instant

FOOT, KNOT = 0.3048, 1852 / 3600
_NEEDED = ("id", "time", "lat", "lon")
_ALTITUDES = {"altitude_m": 1.0, "altitude_ft": FOOT, "fl": 100 * FOOT}
_SPEEDS = {"groundspeed_kt": KNOT, "groundspeed_ms": 1.0}
_CLIMBS = {"vertical_rate_fpm": FOOT / 60, "vertical_rate_ms": 1.0}
_TRUE = frozenset({"1", "true", "yes"})


def read(lines: Iterable[str], source: str) -> Iterator[Track | Problem]:
    """A track for each row, a Problem for each that is none. Raises Misuse where the header lacks what is needed.

    >>> rows = ["id,time,lat,lon,fl,track,groundspeed_kt", "a1,2026-11-22T19:42:13Z,33.5,36.3,250,90,400"]
    >>> [(track.altitude, track.datum.name) for track in read(rows, "replay")]
    [(7620.0, 'FL')]
    """
    reader = csv.reader(lines)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in _NEEDED if name not in header]
        if missing:
            raise Misuse(f"the file lacks the columns {', '.join(missing)}: name them in its first line")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            try:
                if len(cells) != len(header):
                    raise Misuse(
                        f"{len(cells)} cells under {len(header)} columns: see to its commas and quotes"
                    )
                row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
                yield _track(row, source)
            except Misuse as error:
                yield Problem(reader.line_num, str(error))
    except csv.Error:
        raise Misuse(f"line {reader.line_num} is no CSV: see to its quotes") from None


def _track(row: Mapping[str, str], source: str) -> Track:
    altitude, datum = _altitude(row)
    latitude, longitude = _number(row, "lat"), _number(row, "lon")
    if latitude is None or longitude is None:
        raise Misuse("a row without a position")
    return Track(
        id=row["id"],
        source=source,
        place=Geodetic(latitude, longitude),
        altitude=altitude,
        datum=datum,
        velocity=_velocity(row),
        time=_instant(row["time"]),
        on_ground=row.get("on_ground", "").lower() in _TRUE,
    )


def _altitude(row: Mapping[str, str]) -> tuple[float | None, Datum | None]:
    said = [name for name in _ALTITUDES if row.get(name, "")]
    if not said:
        return None, None
    if len(said) > 1:
        raise Misuse(f"a row with more than one altitude ({', '.join(said)}): leave one")
    (name,) = said
    value = (_number(row, name) or 0.0) * _ALTITUDES[name]
    named = row.get("altitude_datum", "")
    datum = Datum.FL if name == "fl" and not named else datum_named(named)
    if name == "fl" and datum is not Datum.FL:
        raise Misuse("a flight level is above no other datum than FL")
    return value, datum


def _velocity(row: Mapping[str, str]) -> Vector | None:
    climb = _first(row, _CLIMBS) or 0.0
    if row.get("vx_ms", "") and row.get("vy_ms", ""):
        return Vector(_number(row, "vx_ms") or 0.0, _number(row, "vy_ms") or 0.0, climb)
    speed, track = _first(row, _SPEEDS), _number(row, "track")
    if speed is None or track is None:
        return None
    turn = math.radians(track)
    return Vector(speed * math.sin(turn), speed * math.cos(turn), climb)


def _first(row: Mapping[str, str], units: Mapping[str, float]) -> float | None:
    for name, unit in units.items():
        value = _number(row, name)
        if value is not None:
            return value * unit
    return None


def _number(row: Mapping[str, str], name: str) -> float | None:
    cell = row.get(name, "")
    if not cell:
        return None
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not abs(value) < 1e9:
        raise Misuse(f"{name} is no number")
    return value


def _instant(text: str) -> Instant:
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 20:
        return round(float(text) * 1000)
    return moment_us(text) // 1000


__all__ = ["read"]
