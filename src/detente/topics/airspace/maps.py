"""Many outlines, each on a flat map of its own: asked together which points lie near which outline, with errors outward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.topics.airspace.geodesy import Array, bend, directions
from detente.topics.airspace.outline import Shape

_STEP = 0.25
"""Degrees: edges are divided into such pieces before they are drawn on a map, where they would bend."""


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """One azimuthal map per outline (see geodesy.Frame), in arrays. Angles are radians on H3's sphere."""

    centres: Array  # (n, 3)
    east: Array
    north: Array
    reach: Array  # (n,): of the outline's farthest corner from the centre
    slack: Array  # (n,): what the edges may lie beside where they are drawn
    drawn: NDArray[np.object_]

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> Maps:
        """The maps of outlines, in order."""
        fine = np.array(shapely.segmentize(np.array(shapes, dtype=object), _STEP))
        points, owner = shapely.get_coordinates(fine, return_index=True)
        towards = directions(points)
        starts = np.searchsorted(owner, np.arange(len(fine)))
        centres = np.add.reduceat(towards, starts)
        lengths = np.linalg.norm(centres, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-9, centres / np.maximum(lengths, 1e-9), np.array([1.0, 0.0, 0.0]))
        axis = np.where(np.abs(centres[:, 2:]) < 0.9, np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]))
        east = np.cross(axis, centres)
        east /= np.linalg.norm(east, axis=1, keepdims=True)
        north = np.cross(centres, east)
        far = _angle((towards * centres[owner]).sum(axis=1), towards, centres[owner])
        places = _places(towards, centres[owner], east[owner], north[owner])
        drawn = shapely.set_coordinates(fine.copy(), places)
        shapely.prepare(drawn)
        return cls(centres, east, north, np.maximum.reduceat(far, starts), _slack(fine), drawn)

    def angles(self, centres: Array) -> Array:
        """From every map's centre to every point, (m, 3), as (n, m)."""
        return (
            np.asarray(np.arccos(np.clip(self.centres @ centres.T, -1, 1))) - 1e-7
        )  # arccos is coarse near 0

    def within(self, which: NDArray[np.intp], towards: Array, far: Array) -> NDArray[np.bool_]:
        """Whether point i, (k, 3), is within `far[i]` radians of outline `which[i]`; yes where it is doubtful."""
        centres = self.centres[which]
        away = _angle((towards * centres).sum(axis=1), towards, centres)
        near = away <= self.reach[which] + far + 1e-9
        at, centres = which[near], centres[near]
        places = _places(towards[near], centres, self.east[at], self.north[at])
        reach = np.maximum(self.reach[at], away[near]) + far[near]
        longer = np.where(reach < 2.0, 1 / np.sinc(np.minimum(reach, 2.0) / np.pi), np.inf)
        inside = shapely.dwithin(self.drawn[at], shapely.points(places), far[near] * longer + self.slack[at])
        near[near] = inside
        return near


def _slack(fine: NDArray[np.object_]) -> Array:
    """Four times the largest bend of an edge, of each outline: on the sphere once, for the map's own bending the rest."""
    parts, owner = shapely.get_parts(fine, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    bends = bend(np.stack([points[:-1], points[1:]], axis=1)[same])
    most = np.zeros(len(fine))
    np.maximum.at(most, owner[part[ring[:-1][same]]], bends)
    return 4 * most + 1e-9


def _angle(cosine: Array, one: Array, other: Array) -> Array:
    return np.asarray(np.arctan2(np.linalg.norm(np.cross(one, other), axis=1), cosine))


def _places(towards: Array, centres: Array, east: Array, north: Array) -> Array:
    x, y, z = ((towards * axis).sum(axis=1) for axis in (east, north, centres))
    out = np.hypot(x, y)
    scale = np.where(out > 1e-12, np.arctan2(out, z) / np.maximum(out, 1e-300), 1.0)
    return np.stack([x * scale, y * scale], axis=1)
