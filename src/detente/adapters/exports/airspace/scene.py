"""A map of plans and conflicts, before it is SVG or PNG: shapes in pixels, words beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

Line: TypeAlias = NDArray[np.float64]
Kind: TypeAlias = Literal["sea", "land", "border", "grid", "plan", "closed", "conflict", "clash"]

WIDTH, HEIGHT = 1200, 900
_MARGIN = 0.08
_LEAST_DEGREES = 0.02
_UNIT = 50
MOST_DRAWN = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Rings (filled, even-odd) or lines in pixels, (n, 2) each, downward from the top left corner."""

    kind: Kind
    lines: tuple[Line, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A number at a place in pixels."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All of a picture, in drawing order. `words` are for below the map, a line each; the first is the title."""

    drawn: tuple[Drawn, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """An outline to draw: degrees, what it is, what it is called."""

    kind: Kind
    shape: shapely.Geometry
    title: str = ""


def scene(areas: Sequence[Area], numbered: Sequence[Area], words: Sequence[str]) -> Scene:
    """A map around some areas, with land and borders; `numbered` ones are drawn on top and counted from 1."""
    view = _View.around([area.shape for area in (*areas, *numbered)])
    drawn = [Drawn("sea", (np.array([(0.0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)]),))]
    for kind, lines in _basemap():
        found = tuple(line for points in lines for line in view.seen(kind, points))
        drawn.append(Drawn(kind, found))
    grid, ticks = view.graticule()
    drawn.append(Drawn("grid", tuple(grid)))
    drawn += [Drawn(area.kind, view.rings(area.shape), area.title) for area in areas[:MOST_DRAWN]]
    drawn += [Drawn(area.kind, view.rings(area.shape), area.title) for area in numbered[:MOST_DRAWN]]
    marks = []
    for number, area in enumerate(numbered[:MOST_DRAWN], 1):
        spot = area.shape.representative_point()
        x, y = view.pixels(np.array([[spot.x, spot.y]]))[0]
        marks.append(Mark(float(x), float(y), str(number)))
    return Scene(tuple(drawn), tuple(marks), tuple(ticks), tuple(words))


@dataclass(frozen=True, slots=True)
class _View:
    """Longitude and latitude to pixels: longitude shrunk by the cosine in the middle; west of the antimeridian counted on from 180."""

    west: float
    north: float
    scale: float  # pixels a degree of latitude
    shrink: float
    round_: bool

    @classmethod
    def around(cls, shapes: Sequence[shapely.Geometry]) -> _View:
        points = shapely.get_coordinates(np.array(shapes, dtype=object)) if shapes else np.array([[0.0, 0.0]])
        round_ = bool(np.ptp(points[:, 0]) > 180 and np.ptp(points[:, 0] % 360) < np.ptp(points[:, 0]))
        lon = points[:, 0] % 360 if round_ else points[:, 0]
        south, north = float(points[:, 1].min()), float(points[:, 1].max())
        west, east = float(lon.min()), float(lon.max())
        shrink = max(math.cos(math.radians((south + north) / 2)), 0.05)
        tall = max(north - south, (east - west) * shrink * HEIGHT / WIDTH, _LEAST_DEGREES) * (1 + 2 * _MARGIN)
        scale = HEIGHT / tall
        return cls(
            (west + east) / 2 - WIDTH / 2 / scale / shrink,
            (north + south) / 2 + tall / 2,
            scale,
            shrink,
            round_,
        )

    def pixels(self, points: Line) -> Line:
        lon = points[:, 0] % 360 if self.round_ else points[:, 0]
        return np.stack(
            [(lon - self.west) * self.shrink * self.scale, (self.north - points[:, 1]) * self.scale], axis=1
        )

    def rings(self, shape: shapely.Geometry) -> tuple[Line, ...]:
        return tuple(
            self.pixels(np.asarray(ring.coords)) for ring in shapely.get_rings(shapely.get_parts(shape))
        )

    def seen(self, kind: Kind, points: Line) -> Iterator[Line]:
        """What shows of a line of the base map, or of a ring of land: it may show twice, a turn apart."""
        for turn in (-360.0, 0.0, 360.0):
            moved = (
                np.stack([(points[:, 0] + turn - self.west) * self.shrink, self.north - points[:, 1]], axis=1)
                * self.scale
            )
            low, high = moved.min(axis=0), moved.max(axis=0)
            if high[0] > 0 and low[0] < WIDTH and high[1] > 0 and low[1] < HEIGHT:
                whole = shapely.Polygon(moved) if kind == "land" else shapely.LineString(moved)
                for part in shapely.get_parts(shapely.clip_by_rect(whole, -9, -9, WIDTH + 9, HEIGHT + 9)):
                    rings = shapely.get_rings(part) if kind == "land" else [part]
                    yield from (np.asarray(ring.coords) for ring in rings)

    def graticule(self) -> tuple[list[Line], list[Mark]]:
        east, south = self.west + WIDTH / self.scale / self.shrink, self.north - HEIGHT / self.scale
        step = next(
            s
            for s in (30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)
            if s * self.scale < 260
        )
        lines, ticks = [], []
        for k in range(math.ceil(self.west / step), math.floor(east / step) + 1):
            x = (k * step - self.west) * self.shrink * self.scale
            lines.append(np.array([(x, 0.0), (x, HEIGHT)]))
            ticks.append(Mark(x, HEIGHT - 6, _degrees(((k * step + 180) % 360) - 180, "EW")))
        for k in range(math.ceil(max(south, -90) / step), math.floor(min(self.north, 90) / step) + 1):
            y = (self.north - k * step) * self.scale
            lines.append(np.array([(0.0, y), (WIDTH, y)]))
            ticks.append(Mark(34, y - 4, _degrees(k * step, "NS")))
        return lines, ticks


def _degrees(value: float, signs: str) -> str:
    return f"{abs(value):g}° {signs[value < 0] if value else ''}".strip()


@lru_cache(maxsize=1)
def _basemap() -> tuple[tuple[Kind, tuple[Line, ...]], ...]:
    """Land as rings and borders as lines, in degrees: each point in the file is a step from the one before."""
    land: list[Line] = []
    border: list[Line] = []
    for row in (files(__package__) / "basemap.txt").read_text(encoding="ascii").splitlines():
        kind, _, steps = row.partition(" ")
        if kind in ("land", "border"):
            numbers = np.array([step.split(",") for step in steps.split(" ")], dtype=np.int64)
            (land if kind == "land" else border).append(np.cumsum(numbers, axis=0) / _UNIT)
    return ("land", tuple(land)), ("border", tuple(border))
