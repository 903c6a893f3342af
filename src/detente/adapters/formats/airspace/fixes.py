"""Tables of named points: CSV with the columns name, lat, lon (degrees), and optionally airway, sequence for the points of airways."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from detente.errors import Misuse

_MOST_BYTES = 64 << 20
Place: TypeAlias = tuple[float, float]
"""Longitude, latitude in degrees."""


@dataclass(frozen=True, slots=True)
class Fixes:
    """Where named points are: fixes, aerodromes, beacons; and the points of airways in order."""

    places: dict[str, Place] = field(default_factory=dict)
    airways: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def along(self, airway: str, start: str, end: str) -> list[str]:
        """The points between two on an airway, without them. Raises Misuse."""
        points = self.airways.get(airway)
        if points is None or start not in points or end not in points:
            raise Misuse(
                f"the fix table does not say which points lie on {airway} between {start} and {end}: add them"
            )
        first, last = points.index(start), points.index(end)
        return list(points[first + 1 : last] if first < last else points[last + 1 : first][::-1])


def read_fixes(path: Path) -> Fixes:
    """The table of a file. Raises Misuse with the line.

    >>> read_fixes(Path("fixes.csv")).places["NIKAS"]  # doctest: +SKIP
    (35.65, 35.18)
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Misuse(f"{path} is larger than {_MOST_BYTES} bytes: keep the points of your region")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None
    except UnicodeDecodeError:
        raise Misuse(f"{path} is not text in UTF-8: export it again") from None
    places: dict[str, Place] = {}
    airways: dict[str, list[tuple[float, str]]] = {}
    reader = csv.DictReader(io.StringIO(text))
    try:
        for number, row in enumerate(reader, 2):
            _take(row, places, airways, f"{path}, line {number}")
    except csv.Error:
        raise Misuse(f"{path} is no CSV with the columns name, lat, lon") from None
    if not places:
        raise Misuse(f"{path} holds no point: give CSV with the columns name, lat, lon")
    return Fixes(
        places, {name: tuple(point for _, point in sorted(points)) for name, points in airways.items()}
    )


def _take(
    row: dict[str, str], places: dict[str, Place], airways: dict[str, list[tuple[float, str]]], where: str
) -> None:
    name = (row.get("name") or "").strip().upper()
    try:
        place = (float(row["lon"]), float(row["lat"]))
        sequence = float(row.get("sequence") or 0)
    except (KeyError, TypeError, ValueError):
        raise Misuse(f"{where}: name, lat and lon are needed, in degrees") from None
    if not name or not all(math.isfinite(x) for x in place) or abs(place[0]) > 180 or abs(place[1]) > 90:
        raise Misuse(f"{where}: a point that is not on the earth, or has no name")
    if places.setdefault(name, place) != place:
        raise Misuse(
            f"{where}: {name} stands elsewhere on an earlier line: keep the one that your routes mean"
        )
    if airway := (row.get("airway") or "").strip().upper():
        airways.setdefault(airway, []).append((sequence, name))
