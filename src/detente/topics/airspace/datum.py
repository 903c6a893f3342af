"""Altitudes and what they are measured from: read, converted where that can be done without guessing, else refused.

Three datums have numbers that mean something: height above the WGS84 ellipsoid, height above mean sea level (the geoid), pressure
altitude (flight levels). Mean sea level becomes ellipsoidal by a geoid grid that the user supplies. Pressure altitude needs the
weather and height above ground needs terrain: neither is at hand, so neither is converted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.errors import Misuse
from detente.topics.airspace.outline import Shape
from detente.topics.airspace.volume import Datum, Volume4D

_NAMES = {
    Datum.WGS84: ("WGS84", "WGS-84", "W84", "HAE", "ELLIPSOID"),
    Datum.AMSL: ("AMSL", "MSL", "EGM96", "EGM2008", "EGM08"),
    Datum.FL: ("FL", "STD", "QNE", "PRESSURE"),
}
_BY_NAME = {name: datum for datum, names in _NAMES.items() for name in names}
_ABOVE_GROUND = frozenset({"AGL", "SFC", "GND", "GROUND", "SURFACE"})

FOOT_MM = Fraction(3048, 10)
_UNITS = {"m": Fraction(1000), "ft": FOOT_MM, "fl": 100 * FOOT_MM}
_NOISE = 1e-6  # millimetres: what decimal fractions lose as binary numbers


def datum_named(text: object) -> Datum:
    """The datum of a name as files have it. Raises Misuse for none, one above ground, and one that is not known.

    >>> datum_named("W84")
    <Datum.WGS84: 'WGS84'>
    """
    if not isinstance(text, str) or not text.strip():
        raise Misuse("an altitude without a datum is never compared: say WGS84, AMSL or FL")
    name = text.strip().upper()
    if name in _ABOVE_GROUND:
        raise Misuse(
            "altitudes above ground need terrain, which is not at hand: give them above WGS84 or AMSL"
        )
    if name not in _BY_NAME:
        raise Misuse("an altitude above a datum that is not known: say WGS84, AMSL or FL")
    return _BY_NAME[name]


def band_mm(lower: float, upper: float, unit: str = "m") -> tuple[int, int]:
    """A band of altitude in whole millimetres, rounded outward. `unit` is "m", "ft" or "fl". Raises Misuse.

    >>> band_mm(30.03, 100.0001)
    (30030, 100001)
    """
    if not (math.isfinite(lower) and math.isfinite(upper) and max(abs(lower), abs(upper)) < 1e6):
        raise Misuse("an altitude that is no number of metres, feet or flight levels")
    if lower >= upper:
        raise Misuse("a volume's lower altitude must be below its upper one")
    scale = float(_UNITS[unit])
    return math.floor(lower * scale + _NOISE), math.ceil(upper * scale - _NOISE)


@dataclass(frozen=True, slots=True, eq=False)
class Geoid:
    """Heights of the geoid above the ellipsoid on a regular grid of the whole earth or a part of it.

    `heights` is (rows, columns) in units of `scale` metres above `offset` metres; row 0 lies at `north`, column 0 at `west`, both
    in degrees; rows go south and columns east by `step` degrees.
    """

    heights: NDArray[np.generic]
    north: float
    west: float
    step: tuple[float, float]  # south, east
    offset: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        rows, columns = self.heights.shape if self.heights.ndim == 2 else (0, 0)
        if min(rows, columns) < 2 or min(self.step) <= 0 or not -90 < self.north <= 90:
            raise Misuse(
                "a geoid grid needs at least two rows from north to south and two columns from west to east"
            )

    @property
    def round_(self) -> bool:
        """Whether the columns go round the earth."""
        return bool(self.heights.shape[1] * self.step[1] >= 360 - 1e-6)

    def between(self, shape: Shape) -> tuple[float, float]:
        """The least and the greatest height of the geoid anywhere in an outline, in metres, from the grid's points around it.

        Raises Misuse where the grid does not reach.
        """
        found: list[tuple[float, float]] = []
        for west, south, east, north in shapely.bounds(shapely.get_parts(shape)).tolist():
            rows = self._rows(south, north)
            part = self.heights[rows][:, self._columns(west, east)].astype(np.float64)
            found.append((float(part.min()), float(part.max())))
        lower, upper = min(low for low, _ in found), max(high for _, high in found)
        return self.offset + self.scale * lower, self.offset + self.scale * upper

    def _rows(self, south: float, north: float) -> slice:
        first = math.floor((self.north - north) / self.step[0] + 1e-9)
        last = math.ceil((self.north - south) / self.step[0] - 1e-9)
        if first < 0 or last >= self.heights.shape[0]:
            raise Misuse("the geoid grid does not reach as far as this volume: supply a larger one")
        return slice(first, last + 1)

    def _columns(self, west: float, east: float) -> NDArray[np.intp]:
        turns = 0.0 if self.round_ else math.floor((west - self.west) / 360 + 1e-12) * 360.0
        first = math.floor((west - self.west - turns) / self.step[1] + 1e-9)
        last = math.ceil((east - self.west - turns) / self.step[1] - 1e-9)
        columns = np.arange(first, last + 1)
        if self.round_:
            return np.asarray(columns % self.heights.shape[1])
        if first < 0 or last >= self.heights.shape[1]:
            raise Misuse("the geoid grid does not reach as far as this volume: supply a larger one")
        return columns


Undulation: TypeAlias = Geoid | None


def converted(volume: Volume4D, datum: Datum, geoid: Undulation) -> Volume4D:
    """The volume above another datum: outward, so that it contains the given one. Raises Misuse where that would be a guess."""
    if volume.datum is datum:
        return volume
    if Datum.FL in (volume.datum, datum):
        raise Misuse(
            "flight levels are pressure, not height: converting them needs the weather, so both sides must plan this"
            " volume in flight levels, or both in heights"
        )
    if geoid is None:
        raise Misuse(
            "heights above sea level and above WGS84 differ by up to 100 m: supply a geoid grid with --geoid"
        )
    least, most = geoid.between(volume.outline)
    if datum is Datum.AMSL:
        least, most = -most, -least
    return replace(
        volume,
        lower_mm=volume.lower_mm + math.floor(least * 1000 + _NOISE),
        upper_mm=volume.upper_mm + math.ceil(most * 1000 - _NOISE),
        datum=datum,
    )
