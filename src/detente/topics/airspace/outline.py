"""Outlines on the ground: rings of longitude and latitude made into valid polygons, or refused with the reason.

An edge is a straight line in longitude and latitude (RFC 7946, section 3.1.1). An edge that spans more than 180 degrees of longitude
goes the short way, over the antimeridian. A ring that goes round the earth encloses the nearer pole. What comes out lies
within -180..180 and -90..90, cut at the antimeridian, its vertices on a grid of 1e-10 degrees (0.01 mm) and in one order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from detente.errors import Misuse
from detente.topics.airspace.geodesy import Array, Frame, destination, directions

Ring: TypeAlias = Sequence[Sequence[float]] | Array
Shape: TypeAlias = Polygon | MultiPolygon

MOST_VERTICES = 10_000
MOST_MENDED = 1_000
"""Corners of an outline that is mended where it is not valid: edges that all cross each other take the square of it."""
DIGITS = 10
"""Vertices have this many digits after the point, in degrees."""
WIDEST = 0.5
"""The farthest that an outline may reach from its middle, in radians: some 3,200 km."""
_CHANGE = 1e-3
_LEAST_AREA = 1e-16  # square degrees: about a square millimetre


@dataclass(frozen=True, slots=True)
class Outline:
    """A valid outline, and what had to be repaired to make it so, a sentence each."""

    shape: Shape
    repairs: tuple[str, ...] = ()


def outline(polygons: Sequence[Sequence[Ring]], *, mend: bool = True) -> Outline:
    """The outline of polygons, each an outer ring and holes, in degrees (longitude first).

    Without `mend`, what is not valid as it stands is refused at once: mending takes time that a stranger must not spend.

    Raises Misuse, with the reason, for what is no outline: fewer than three corners, more than 10,000, off the earth, without
    area, crossing itself so that it could mean two things, wider than some 6,400 km.

    >>> outline([[[(35, 33), (36, 33), (36, 34)]]]).shape.area
    0.5
    """
    count = sum(len(ring) for rings in polygons for ring in rings)
    if count > MOST_VERTICES:
        raise Misuse(f"an outline has {count} vertices, more than {MOST_VERTICES}: split or simplify it")
    repairs: list[str] = []
    mendable = mend and count <= MOST_MENDED
    parts = [_polygon(rings, repairs, mendable) for rings in polygons]
    if not parts:
        raise Misuse("an outline without a polygon: give at least three corners")
    whole = parts[0] if len(parts) == 1 else _joined(parts, repairs, mendable)
    whole = _on_the_grid(_cut(whole, repairs))
    _check_extent(whole)
    return Outline(whole, tuple(dict.fromkeys(repairs)))


def circle(lon: float, lat: float, radius_m: float, corners: int = 64) -> Outline:
    """A polygon that contains the circle, and reaches at most 0.2 % further. Raises Misuse.

    The corners stand on a larger circle, so that the edges between them do not cut into the smaller one; where edges of
    longitude and latitude bend too much for that (near a pole) it is enlarged until they do not.
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lat) <= 90 and abs(lon) <= 360):
        raise Misuse("a circle whose centre is not on the earth: longitude and latitude are in degrees")
    if not (math.isfinite(radius_m) and 0.01 <= radius_m <= 2_000_000):
        raise Misuse("a circle's radius must be from 0.01 to 2,000,000 metres")
    bearings = np.linspace(0, 360, corners, endpoint=False)
    distance = radius_m / math.cos(math.pi / corners) * (1 + 1e-6) + 1e-3
    # edges bend away from geodesics: with every doubling of the corners by a quarter
    near_pole = abs(lat) + math.degrees(radius_m / 6.3e6) > 80 or radius_m > 50_000
    if near_pole:
        bearings = np.linspace(0, 360, corners * 16, endpoint=False)
        distance = radius_m * 1.001 + 1e-3
    made = outline([[destination(lon, lat, bearings, distance)]])
    return Outline(made.shape)


def _polygon(rings: Sequence[Ring], repairs: list[str], mendable: bool) -> Shape:
    if len(rings) == 0:
        raise Misuse("an outline without a polygon: give at least three corners")
    shell, *holes = (_unwrapped(ring, repairs) for ring in rings)
    west, east = shell[:, 0].min(), shell[:, 0].max()
    placed = []
    for hole in holes:
        if hole[:, 0].max() - hole[:, 0].min() >= 360:
            raise Misuse("an outline with a hole around a pole: give it as two volumes")
        turns = round((west + east - hole[:, 0].min() - hole[:, 0].max()) / 720)
        placed.append(hole + np.array([360.0 * turns, 0.0]))
    return _valid(Polygon(shell, placed), repairs, mendable)


def _unwrapped(ring: Ring, repairs: list[str]) -> Array:
    """The ring's corners with longitudes that do not jump; one that goes round the earth is closed over the nearer pole."""
    try:
        points = np.asarray(ring, dtype=np.float64)
    except (TypeError, ValueError):
        raise Misuse("a corner that is no pair of numbers: give longitude and latitude in degrees") from None
    if points.ndim != 2 or points.shape[1] < 2 or len(points) < 3:
        raise Misuse("a ring of fewer than three corners has no inside")
    points = points[:, :2]
    if (
        not np.isfinite(points).all()
        or (np.abs(points[:, 1]) > 90).any()
        or (np.abs(points[:, 0]) > 540).any()
    ):
        raise Misuse(
            "a corner that is not on the earth: longitude comes first, then latitude, both in degrees"
        )
    if (points[0] != points[-1]).any():
        points = np.concatenate([points, points[:1]])
    steps = np.diff(points[:, 0])
    jumps = (np.abs(steps) > 180) & (np.abs(steps) != 360)
    if jumps.any():
        repairs.append(
            "edges of more than 180 degrees of longitude were taken the short way, over the antimeridian"
        )
        steps = np.where(jumps, steps - 360 * np.round(steps / 360), steps)
        points = np.stack([points[0, 0] + np.concatenate([[0.0], np.cumsum(steps)]), points[:, 1]], axis=1)
    turn = round((points[-1, 0] - points[0, 0]) / 360) * 360.0
    if turn:
        pole = 90.0 if points[:, 1].mean() >= 0 else -90.0
        repairs.append("a ring round the earth was taken to enclose the nearer pole")
        points[-1] = points[0] + np.array([turn, 0.0])
        points = np.concatenate([points, [[points[-1, 0], pole], [points[0, 0], pole], points[0]]])
    return _short(points)


def _short(points: Array) -> Array:
    """No edge of more than 180 degrees is left, so that what comes out is read again as what it is."""
    long = np.flatnonzero(np.abs(np.diff(points[:, 0])) > 180)
    for at in long[::-1]:
        between = points[at] + np.array([[1 / 3], [2 / 3]]) * (points[at + 1] - points[at])
        points = np.insert(points, at + 1, between, axis=0)
    return points


def _valid(made: Polygon, repairs: list[str], mendable: bool) -> Shape:
    if made.is_valid:
        return made
    reason = shapely.is_valid_reason(made).partition("[")[0].strip().lower()
    if not mendable:
        raise Misuse(f"an outline is not valid ({reason}) and too large to be mended here: simplify it")
    repaired = _polygons_of(shapely.make_valid(made))
    meant = abs(_signed(made.exterior)) - sum(abs(_signed(hole)) for hole in made.interiors)
    if repaired.is_empty or abs(repaired.area - meant) > _CHANGE * abs(repaired.area):
        raise Misuse(
            f"an outline crosses itself or its holes, so that its inside could mean two things ({reason}): draw it anew"
        )
    repairs.append(
        f"an outline that was not valid ({reason}) was repaired; its area changed by less than 0.1 %"
    )
    return repaired


def _joined(parts: Sequence[Shape], repairs: list[str], mendable: bool) -> Shape:
    whole = MultiPolygon([part for made in parts for part in shapely.get_parts(made)])
    if whole.is_valid:
        return whole
    if not mendable:
        raise Misuse("polygons of one outline overlap, and are too large to be joined here: join them")
    repairs.append("polygons of one outline that overlap or share an edge were joined")
    return _polygons_of(shapely.union_all(parts))


def _signed(ring: shapely.LinearRing) -> float:
    x, y = shapely.get_coordinates(ring).T
    return float(np.dot(x[:-1] - x[0], y[1:]) - np.dot(x[1:] - x[0], y[:-1])) / 2


def _cut(whole: Shape, repairs: list[str]) -> Shape:
    """Parts within -180..180: what lies beyond is cut off and moved round."""
    west, _, east, _ = whole.bounds
    if west >= -180 and east <= 180:
        return whole
    if east - west > 360 + 1e-9:
        raise Misuse("an outline that goes round the earth more than once: split it")
    parts: list[Polygon] = []
    for turn in range(math.floor((west + 180) / 360), math.ceil((east + 180) / 360)):
        piece = _polygons_of(whole & shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90))
        parts.extend(shapely.get_parts(shapely.transform(piece, lambda p, by=360.0 * turn: p - [by, 0])))
    repairs.append("an outline over the antimeridian was cut there")
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _on_the_grid(whole: Shape) -> Shape:
    """Vertices rounded; orientation, starting points and order of parts as GEOS's normal form has them."""
    rounded = rounded_off(whole)
    if rounded.is_empty or rounded.area < _LEAST_AREA:
        raise Misuse("an outline without area: give at least three corners that do not lie on a line")
    return shapely.normalize(rounded)


def rounded_off(shape: shapely.Geometry) -> Shape:
    """What of a shape still has area once its vertices are on the grid of outlines; no vertex twice in a row."""
    for _ in range(2):  # mending may make vertices of its own
        shape = shapely.transform(shape, lambda points: np.round(points, DIGITS) + 0.0)
        if not shape.is_valid:
            shape = shapely.make_valid(shape)
        shape = _polygons_of(shape)
    return shapely.remove_repeated_points(shape) if shape.is_valid else MultiPolygon()


def _check_extent(whole: Shape) -> None:
    points = directions(shapely.get_coordinates(whole))
    frame = Frame.at(points.mean(axis=0))
    if (points @ frame.centre).min() < math.cos(WIDEST):
        raise Misuse("an outline that reaches more than some 3,200 km from its middle: split it")


def _polygons_of(made: shapely.Geometry) -> Shape:
    """Only what has area."""
    parts = [p for p in shapely.get_parts(shapely.get_parts(made)) if isinstance(p, Polygon) and p.area > 0]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
