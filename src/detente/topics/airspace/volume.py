"""Volume4D: an outline on the ground, a band of altitude above it, and a span of time, as ASTM F3548-21 has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from detente.errors import Malformed, Misuse
from detente.topics.airspace.outline import DIGITS, MOST_VERTICES, Shape, outline
from detente.wire.instant import LATEST, Instant, parse_rfc3339, rfc3339

LOWEST_MM = -10_000_000
HIGHEST_MM = 100_000_000
_UNIT = 10**DIGITS


class Datum(Enum):
    """What an altitude is measured from. Numbers of different datums are never compared."""

    WGS84 = "WGS84"  # height above the ellipsoid
    AMSL = "AMSL"  # above mean sea level: above the geoid
    FL = "FL"  # pressure altitude, as flight levels are


@dataclass(frozen=True, slots=True)
class Volume4D:
    """A part of the air for a time. Altitudes in millimetres above `datum`, instants in milliseconds; both ends belong to it.

    `outline` is as `outline.outline` makes it: longitude and latitude in degrees on WGS84, valid, cut at the antimeridian.
    Raises Misuse for a band or a span that is empty or the wrong way round, and for what is off the atmosphere or the calendar.
    """

    outline: Shape = field(repr=False)
    lower_mm: int
    upper_mm: int
    start: Instant
    end: Instant
    datum: Datum = Datum.WGS84

    def __post_init__(self) -> None:
        if not isinstance(self.outline, (Polygon, MultiPolygon)) or self.outline.is_empty:
            raise Misuse("a volume needs an outline with an inside")
        if not LOWEST_MM <= self.lower_mm < self.upper_mm <= HIGHEST_MM:
            raise Misuse(
                "a volume's lower altitude must be below its upper one, both between -10 km and 100 km"
            )
        if not 0 <= self.start < self.end <= LATEST:
            raise Misuse("a volume must start before it ends")

    def __repr__(self) -> str:  # plans never enter logs
        return "Volume4D()"


def statement(volume: Volume4D) -> dict[str, Any]:
    """A volume as JSON for statements: integers only, degrees times 10^10.

    >>> from detente.topics.airspace.outline import outline
    >>> box = outline([[[(0, 0), (0, 1), (1, 1), (1, 0)]]]).shape
    >>> statement(Volume4D(box, 0, 1000, 0, 60_000))["outline"][0][0][0]
    [0, 0]
    """
    return {
        "outline": [
            [_integers(ring) for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(volume.outline)
        ],
        "lower_mm": volume.lower_mm,
        "upper_mm": volume.upper_mm,
        "start": rfc3339(volume.start),
        "end": rfc3339(volume.end),
        "datum": volume.datum.value,
    }


def from_statement(value: object) -> Volume4D:
    """The volume of what `statement` writes, and of nothing else: one that would be repaired or rounded is refused.

    For what a peer sends. Raises Malformed.
    """
    if not isinstance(value, Mapping) or value.keys() != {
        "outline",
        "lower_mm",
        "upper_mm",
        "start",
        "end",
        "datum",
    }:
        raise Malformed("a volume with other members than the specification gives it")
    heights = (value["lower_mm"], value["upper_mm"])
    if not all(type(height) is int for height in heights) or value["datum"] not in [d.value for d in Datum]:
        raise Malformed("a volume whose altitudes are not integers above a known datum")
    if not isinstance(value["start"], str) or not isinstance(value["end"], str):
        raise Malformed("a volume whose times are not texts")
    polygons = _degrees(value["outline"])
    try:
        made = outline(polygons, mend=False)
        volume = Volume4D(
            made.shape,
            *heights,
            parse_rfc3339(value["start"]),
            parse_rfc3339(value["end"]),
            Datum(value["datum"]),
        )
    except Misuse as error:
        raise Malformed(f"a volume that is none: {error}") from None
    if made.repairs or statement(volume)["outline"] != value["outline"]:
        raise Malformed("a volume whose outline is not in its one form")
    return volume


def _integers(ring: shapely.LinearRing) -> list[list[int]]:
    points: list[list[int]] = np.rint(shapely.get_coordinates(ring) * _UNIT).astype(np.int64).tolist()
    return points


def _degrees(value: object) -> Sequence[Sequence[Sequence[Sequence[float]]]]:
    """Lists of lists of lists of pairs of integers, capped, as degrees."""
    count = 0
    polygons = []
    for rings in _list(value):
        made = []
        for ring in _list(rings):
            points = _list(ring)
            count += len(points) + 1
            if count > MOST_VERTICES:
                raise Malformed(f"a volume of more than {MOST_VERTICES} vertices")
            for point in points:
                if not (isinstance(point, list) and len(point) == 2 and all(type(x) is int for x in point)):
                    raise Malformed("a corner that is no pair of integers")
                if abs(point[0]) > 180 * _UNIT or abs(point[1]) > 90 * _UNIT:
                    raise Malformed("a corner that is not on the earth")
            made.append([(x / _UNIT, y / _UNIT) for x, y in points])
        polygons.append(made)
    return polygons


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_VERTICES:
        raise Malformed("an outline that is no list of rings of corners")
    return value
