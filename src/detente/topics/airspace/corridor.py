"""Lines with a width, and areas enlarged: outlines that contain all points within a distance, and little more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from detente.errors import Misuse
from detente.topics.airspace.geodesy import Array, Frame, arc, bend, directions, stretch
from detente.topics.airspace.outline import MOST_VERTICES, WIDEST, Outline, outline

_ROUND = 1 / math.cos(math.pi / 32)  # a rounded end of 8 chords a quarter lies within its circle


def corridor(points: Sequence[Sequence[float]], beside_m: float) -> Outline:
    """All points within `beside_m` metres of the great circles between points (longitude, latitude in degrees), one after another.

    Reaches up to some 4 % further. Raises Misuse.

    >>> corridor([(35, 33), (36, 33)], 5000).shape.bounds[0] < 34.95
    True
    """
    if not 0.01 <= beside_m <= 1_000_000:
        raise Misuse("a corridor's half width must be from 0.01 to 1,000,000 metres")
    if not 1 <= len(points) <= MOST_VERTICES:
        raise Misuse(f"a corridor has from 1 to {MOST_VERTICES} points")
    ends = np.asarray(points, dtype=np.float64)[:, :2]
    if not np.isfinite(ends).all() or (np.abs(ends[:, 1]) > 90).any() or (np.abs(ends[:, 0]) > 540).any():
        raise Misuse("a corridor with a point that is not on the earth: longitude comes first, in degrees")
    towards = directions(ends)
    frame = Frame.at(towards.mean(axis=0))
    if (towards @ frame.centre).min() < math.cos(WIDEST):
        raise Misuse("a corridor that reaches more than some 3,200 km from its middle: split it")
    line = _great_circles(towards)
    if len(line) == 1 or np.ptp(line, axis=0).max() == 0:
        return enlarged(frame, shapely.Point(frame.flat(line[:1])[0]), beside_m, beside_m / 50)
    return enlarged(frame, shapely.LineString(frame.flat(line)), beside_m, beside_m / 50)


def enlarged(frame: Frame, drawn: shapely.Geometry, beside_m: float, spare_m: float) -> Outline:
    """What lies within `beside_m` metres of something drawn on a frame's map, and some of what lies within `spare_m` more.

    The smaller `spare_m`, the more corners. Raises Misuse.
    """
    reach = float(np.hypot(*shapely.get_coordinates(drawn).T).max()) + arc(beside_m)
    slack = arc(spare_m)
    grown = shapely.buffer(drawn, arc(beside_m) * stretch(reach * 1.01) * _ROUND + slack, quad_segs=8)
    rings = [_divided(frame, np.asarray(ring.coords), slack) for ring in (grown.exterior, *grown.interiors)]
    return Outline(outline([rings]).shape)


def _divided(frame: Frame, ring: Array, slack: float) -> Array:
    """A ring drawn on a map in degrees, its edges halved until straight ones of longitude and latitude stay within `slack`."""
    while len(ring) <= MOST_VERTICES:
        points = frame.degrees(ring)
        ends = np.stack([points[:-1], points[1:]], axis=1)
        ends[:, 1, 0] -= 360 * np.round((ends[:, 1, 0] - ends[:, 0, 0]) / 360)
        long = np.flatnonzero(2 * bend(ends) > slack)
        if not len(long):
            return points
        ring = np.insert(ring, long + 1, (ring[long] + ring[long + 1]) / 2, axis=0)
    raise Misuse("an area so near a pole that its edge has no outline: move it by a few metres")


def _great_circles(towards: Array) -> Array:
    """Points on the great circles between directions, at most a hundredth of a radian apart."""
    parts = [towards[:1]]
    for one, other in pairwise(towards):
        angle = float(np.arctan2(np.linalg.norm(np.cross(one, other)), one @ other))
        share = np.linspace(0, 1, max(2, math.ceil(angle / 0.01) + 1))[1:, None]
        mixed = one + share * (other - one)
        parts.append(mixed / np.linalg.norm(mixed, axis=1, keepdims=True))
    return np.concatenate(parts)
