"""Recorded tracks as CSV, made into volumes that contain them: the air around each stretch of a few minutes, enlarged by stated margins.

Columns: id, time (RFC 3339, or seconds since 1970), lat, lon, altitude and altitude_datum; altitude is in metres as altitude_m, in feet as
altitude_ft or in flight levels as fl.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

from detente.adapters.formats.airspace.plan import Broken, Drawing, Drawn, Margins, Source, moment_us
from detente.adapters.formats.rows import DOCUMENT_BYTES
from detente.errors import Misuse
from detente.topics.airspace.corridor import corridor
from detente.topics.airspace.datum import band_mm, datum_named
from detente.topics.airspace.volume import Datum, Volume4D

COLUMNS = ("id", "time", "lat", "lon", "altitude_m or altitude_ft or fl", "altitude_datum")
_ALTITUDES = {"altitude_m": "m", "altitude_ft": "ft", "fl": "fl"}
STRETCH_US = 300_000_000
GAP_US = 900_000_000


@dataclass(frozen=True, slots=True)
class _Point:
    line: int
    at: int  # microseconds
    lon: float
    lat: float
    altitude: float
    datum: Datum


def is_header(line: bytes) -> bool:
    """Whether a line names the columns of tracks."""
    names = {name.strip().strip('"') for name in line.decode("utf-8", "replace").lower().split(",")}
    return {"id", "time", "lat", "lon"} <= names


def read(source: Source) -> Drawing:
    """The volumes of each track, one after another in time. Raises Misuse if the file is no table."""
    if source.path.stat().st_size > DOCUMENT_BYTES:
        raise Misuse(f"{source.path} is larger than {DOCUMENT_BYTES} bytes: split it by time")
    try:
        reader = csv.DictReader(io.StringIO(source.path.read_text(encoding="utf-8-sig")))
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        unit = next((name for name in _ALTITUDES if name in reader.fieldnames), None)
        if unit is None:
            raise Misuse(f"{source.path} lacks an altitude: add the column altitude_m, altitude_ft or fl")
        points: dict[str, list[_Point]] = {}
        for number, row in enumerate(reader, 2):
            id = (row.get("id") or "").strip()
            try:
                points.setdefault(id, []).append(_point(number, id, row, unit))
            except Misuse as error:
                yield Broken(number, str(error), id)
    except (UnicodeDecodeError, csv.Error):
        raise Misuse(f"{source.path} is no CSV in UTF-8: export it again") from None
    for id, track in points.items():
        yield from _volumes(id, sorted(track, key=lambda point: point.at), _ALTITUDES[unit], source.margins)


def _point(line: int, id: str, row: dict[str, str | None], unit: str) -> _Point:
    if not id:
        raise Misuse("a point without an id")
    try:
        lon, lat, altitude = (float(row.get(name) or "nan") for name in ("lon", "lat", unit))
    except ValueError:
        raise Misuse("a point whose lat, lon and altitude are not numbers") from None
    if not all(math.isfinite(x) for x in (lon, lat, altitude)) or abs(lat) > 90 or abs(lon) > 360:
        raise Misuse("a point whose lat, lon and altitude are not on or above the earth")
    text = (row.get("time") or "").strip()
    try:
        at = round(float(text) * 1e6) if text.replace(".", "", 1).isdigit() else moment_us(text)
    except OverflowError:
        raise Misuse("a time that is not in the calendar") from None
    datum = datum_named("FL" if unit == "fl" else row.get("altitude_datum"))
    return _Point(line, at, lon, lat, altitude, datum)


def _volumes(id: str, track: list[_Point], unit: str, margins: Margins) -> Iterator[Drawn | Broken]:
    for part, gap in _stretches(track):
        try:
            yield _drawn(id, part, gap, unit, margins)
        except Misuse as error:
            yield Broken(part[0].line, str(error), id)


def _stretches(track: list[_Point]) -> Iterator[tuple[list[_Point], int]]:
    """Parts of at most some minutes, each with the last point of the one before it, and how long nothing was heard before it."""
    part: list[_Point] = []
    gap = 0
    for point in track:
        if part and point.at - part[-1].at > GAP_US:
            yield part, gap
            gap = point.at - part[-1].at
            part = []
        elif part and point.at - part[0].at > STRETCH_US:
            yield [*part, point], gap
            part, gap = [], 0
        part.append(point)
    if part:
        yield part, gap


def _drawn(id: str, part: list[_Point], gap: int, unit: str, margins: Margins) -> Drawn:
    if len({point.datum for point in part}) > 1:
        raise Misuse("a track whose altitudes are above different datums: convert them first")
    shape = corridor([(point.lon, point.lat) for point in part], margins.beside_m).shape
    lower, upper = band_mm(
        min(point.altitude for point in part), max(point.altitude for point in part) + 1e-6, unit
    )
    above = math.ceil(margins.above_m * 1000)
    volume = Volume4D(
        shape,
        lower - above,
        upper + above,
        part[0].at // 1000 - margins.around_ms,
        -(-part[-1].at // 1000) + margins.around_ms + 1,
        part[0].datum,
    )
    note = (
        f"nothing was heard for {gap / 60e6:.0f} minutes before this: that part of the track was not drawn",
    )
    return Drawn(part[0].line, id, volume, repairs=note if gap else ())
