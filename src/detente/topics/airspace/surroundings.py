"""What of an outline belongs to a column: the part within the H3 cell, half of the separation and a little more beyond each of its sides.

A point of one volume and a point of another that are nearer than the separation have a point between them that is within half of it of
both; in the column of that point both are found. So comparing pieces column by column tells what comparing whole outlines would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry, MultiPolygon, Polygon

from detente.errors import FailedCheck
from detente.topics.airspace.geodesy import LEAST_RADIUS, Array
from detente.topics.airspace.outline import MOST_VERTICES
from detente.topics.airspace.space import Space

Ints: TypeAlias = NDArray[np.int64]

SIDES: Final = 10  # a cell over an edge of H3's icosahedron has up to ten corners
_EVERYWHERE: Final = np.tile([0.0, 0.0, 1.0], (SIDES, 1))
_STEEP = 80.0
"""Beyond this latitude, and across the antimeridian, degrees are no flat map of a column's surroundings: there pieces are not cut."""
_COARSEST = 3
_MARGIN = 0.02  # of a cell's size: its sides are arcs, and bend away from straight lines by far less
_SLACK = 1e-9  # degrees: a tenth of a millimetre, far above the rounding of a cut
"""What is not valid and no further from its hull than this is what rounding makes of a convex cut; it is read as the hull.
Nothing else is mended: edges that all cross each other would take the square of them."""
_POLYGON = b"\x01\x03\x00\x00\x00"  # WKB: little-endian, polygon without Z
_VERTEX = 16


class Surroundings:
    """The surroundings of columns under one agreement: convex, as (SIDES, 3) half-planes `a lon + b lat <= c` in degrees.

    >>> from detente.topics.airspace.space import Layer, Space
    >>> sides = Surroundings(Space((Layer(6, 300_000, 600_000),))).of(h3.latlng_to_cell(33.5, 36.3, 6))
    >>> bool((sides @ np.array([36.3, 33.5, -1.0]) <= 0).all())
    True
    """

    def __init__(self, space: Space) -> None:
        self._reach = math.degrees(space.horizontal_mm / 2000 / LEAST_RADIUS) * 1.001

    def of(self, column: int) -> Array:
        """All that a piece of this column may show."""
        return np.asarray(self.of_all(np.array([column]))[0])

    def of_all(self, columns: Ints) -> Array:
        """(n, SIDES, 3): `of` each."""
        unique, back = np.unique(columns, return_inverse=True)
        if not len(unique):
            return np.zeros((0, SIDES, 3))
        boundaries = [h3.cell_to_boundary(column) for column in unique.tolist()]
        counts = np.array([len(boundary) for boundary in boundaries])
        sides = np.tile(_EVERYWHERE, (len(unique), 1, 1))
        for count in np.unique(counts).tolist():
            rows = np.flatnonzero(counts == count)
            corners = np.array([boundaries[row] for row in rows.tolist()])[:, :, ::-1]
            sides[rows, :count] = self._sides(corners, unique[rows])
        return sides[back.ravel()]

    def _sides(self, corners: Array, columns: Ints) -> Array:
        """Half-planes through the sides of (n, k, 2) corners, moved out; (0, 0, 1) where pieces are not cut."""
        steepest = np.abs(corners[:, :, 1]).max(axis=1) + self._reach
        narrow = np.cos(
            np.radians(np.minimum(steepest, _STEEP))
        )  # on the ground nothing is nearer than with this
        widths = np.stack([narrow, np.ones_like(narrow)], axis=1)[:, None, :]
        scaled = corners * widths
        along = np.roll(scaled, -1, axis=1) - scaled
        lengths = np.hypot(along[:, :, 0], along[:, :, 1])
        out = np.stack([along[:, :, 1], -along[:, :, 0]], axis=2) / np.maximum(lengths, 1e-300)[:, :, None]
        inner = (out * (scaled - scaled.mean(axis=1, keepdims=True))).sum(axis=(1, 2)) < 0
        out = np.where(inner[:, None, None], -out, out)
        longest = lengths.max(axis=1)
        limit = (
            np.einsum("nij,nkj->nik", out, scaled).max(axis=2) + (self._reach + _MARGIN * longest)[:, None]
        )
        made = np.concatenate([out * widths, limit[:, :, None]], axis=2)
        aside = (self._reach + longest) / narrow
        west, east = corners[:, :, 0].min(axis=1), corners[:, :, 0].max(axis=1)
        coarse = (columns >> 52 & 0xF) < _COARSEST
        whole = (
            coarse | (steepest > _STEEP) | (east - west > 180) | (west - aside < -180) | (east + aside > 180)
        )
        made[whole] = _EVERYWHERE[0]
        return np.asarray(made)

    def read(self, outlines: Sequence[bytes], columns: Ints) -> list[Polygon | MultiPolygon]:
        """Pieces that a side opened: each one polygon within its column's surroundings, read alike by both. Raises FailedCheck."""
        for outline in outlines:
            if not outline.startswith(_POLYGON) or len(outline) > _VERTEX * 2 * MOST_VERTICES:
                raise FailedCheck(outline[:4096])
        try:
            made = np.asarray(shapely.from_wkb(list(outlines)), dtype=object)
        except shapely.errors.GEOSException:
            raise FailedCheck(b"".join(outlines)[:4096]) from None
        points, which = shapely.get_coordinates(made, return_index=True)
        sides = self.of_all(columns)[which]
        over = (points[:, None, :] * sides[:, :, :2]).sum(axis=2) - sides[:, :, 2]
        good = (
            np.isfinite(points).all(axis=1)
            & (over <= _SLACK).all(axis=1)
            & (np.abs(points) <= [180, 90]).all(axis=1)
        )
        if not good.all() or shapely.is_empty(made).any():
            raise FailedCheck(b"".join(outlines)[:4096])
        crooked = np.flatnonzero(~shapely.is_valid(made))
        hulls = shapely.convex_hull(made[crooked])
        if (np.abs(shapely.area(hulls) - shapely.area(made[crooked])) > _SLACK * shapely.length(hulls)).any():
            raise FailedCheck(b"".join(outlines)[:4096])
        read: list[Polygon | MultiPolygon] = made.tolist()
        for place, hull in zip(crooked.tolist(), hulls.tolist(), strict=True):
            read[place] = polygons_of(hull)
        return read


def polygons_of(made: Geometry) -> Polygon | MultiPolygon:
    """Only what has area."""
    parts = [p for p in shapely.get_parts(shapely.get_parts(made)) if isinstance(p, Polygon) and p.area > 0]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
