"""Outlines cut to convex regions, many at once. A piece is a polygon as WKB, little-endian; a region is half-planes `a lon + b lat <= c` in degrees.

Most outlines are convex (corridors, circles): for these a cut is Sutherland and Hodgman's, a half-plane at a time over all pairs at once, some
ten times as fast as the general way, which the others take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.topics.airspace.geodesy import Array
from detente.topics.airspace.outline import Shape

Ints: TypeAlias = NDArray[np.int64]

_HEAD: Final = b"\x01\x03\x00\x00\x00\x01\x00\x00\x00"  # little-endian, polygon, one ring
_MOST_CORNERS: Final = (
    72  # convex outlines of more take the general way: the arrays are as wide as the widest
)
_WORLD: Final = np.array([[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0]])


def cut(outlines: Sequence[Shape], which: Ints, regions: Array) -> tuple[list[bytes], Ints]:
    """Pieces of `outlines[which[i]]` within `regions[i]`, with the i of each; none where they only touch, several where it falls apart."""
    if not len(which):
        return [], which
    plain = convex(outlines)[which]
    easy, hard = np.flatnonzero(plain), np.flatnonzero(~plain)
    made, at = _cut_convex(outlines, which[easy], regions[easy])
    rest, where = _cut_any(outlines, which[hard], regions[hard])
    places = np.concatenate([easy[at], hard[where]])
    order = np.argsort(places, kind="stable")
    pieces = [*made, *rest]
    return [pieces[i] for i in order.tolist()], places[order]


def convex(outlines: Sequence[Shape]) -> NDArray[np.bool_]:
    """Which outlines are one ring that turns one way only, with few corners. (One that winds twice would not be valid, as outlines are.)

    >>> bool(convex([shapely.box(0, 0, 1, 1)])[0])
    True
    """
    shapes = np.array(outlines, dtype=object)
    found = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    found &= shapely.get_num_coordinates(shapes) <= _MOST_CORNERS + 1
    points, ring = shapely.get_coordinates(shapes[found], return_index=True)
    if not len(points):
        return np.asarray(found)
    starts = np.flatnonzero(np.concatenate([[True], ring[1:] != ring[:-1]]))
    lasts = np.concatenate([starts[1:], [len(points)]]) - 2  # the last edge ends where the first begins
    edges = np.delete(np.arange(len(points)), lasts + 1)
    steps = points[edges + 1] - points[edges]
    counts = lasts - starts + 1
    first = np.cumsum(counts) - counts
    after = np.arange(1, len(edges) + 1)
    after[first + counts - 1] = first
    turns = steps[:, 0] * steps[after, 1] - steps[:, 1] * steps[after, 0]
    found[found] = (np.minimum.reduceat(turns, first) >= 0) | (np.maximum.reduceat(turns, first) <= 0)
    return np.asarray(found)


def _cut_any(outlines: Sequence[Shape], which: Ints, regions: Array) -> tuple[list[bytes], Ints]:
    if not len(which):
        return [], which
    shapes = np.array(outlines, dtype=object)
    rings, counts = _within(np.tile(_WORLD, (len(regions), 1, 1)), np.full(len(regions), 4), regions)
    every = np.repeat(np.arange(len(regions)), counts)
    squares = shapely.polygons(
        shapely.linearrings(rings[np.arange(rings.shape[1]) < counts[:, None]], indices=every)
    )
    shapely.prepare(shapes)
    whole = shapely.contains_properly(shapes[which], squares)
    made = np.array(squares, dtype=object)
    made[~whole] = shapely.intersection(shapes[which[~whole]], squares[~whole])
    crooked = ~shapely.is_valid(made)  # by rounding; no reader mends what is not convex
    made[crooked] = shapely.make_valid(made[crooked])
    parts, at = shapely.get_parts(made, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)  # a polygon within a collection
    kept = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)
    return shapely.to_wkb(parts[kept], byte_order=1, output_dimension=2).tolist(), at[again][kept]


def _cut_convex(outlines: Sequence[Shape], which: Ints, regions: Array) -> tuple[list[bytes], Ints]:
    if not len(which):
        return [], which
    used, row = np.unique(which, return_inverse=True)
    shapes = np.array([outlines[i] for i in used.tolist()], dtype=object)
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    sizes = np.bincount(owner) - 1  # a ring's last corner is its first
    nth = np.arange(len(points)) - np.repeat(np.cumsum(sizes + 1) - sizes - 1, sizes + 1)
    table = np.zeros((len(shapes), int(sizes.max()) + 1, 2))
    table[owner, nth] = points
    points, counts = _within(table[row.ravel(), :-1], sizes[row.ravel()], regions)
    kept = np.flatnonzero((counts >= 3) & (_area(points, counts) > 0))
    return _written(points[kept], counts[kept]), kept


def _within(points: Array, counts: Ints, regions: Array) -> tuple[Array, Ints]:
    """What of each convex polygon, (n, width, 2) with `counts` corners, lies within its region."""
    for number in range(regions.shape[1]):
        side = regions[:, number]
        rows = np.flatnonzero((side[:, 0] != 0) | (side[:, 1] != 0))
        if not len(rows):
            continue
        made, found = _halved(points[rows], counts[rows], side[rows])
        if made.shape[1] > points.shape[1]:
            points = np.concatenate(
                [points, np.zeros((len(points), made.shape[1] - points.shape[1], 2))], axis=1
            )
        else:
            points = points.copy()
        points[rows, : made.shape[1]], counts = made, counts.copy()
        counts[rows] = found
    return points, counts


def _halved(points: Array, counts: Ints, side: Array) -> tuple[Array, Ints]:
    """What of each polygon is on the inner side of its half-plane: corners kept, and a new one where an edge crosses."""
    rows, width, _ = points.shape
    nth = np.arange(width)
    real = nth < counts[:, None]
    here = side[:, 2, None] - points[:, :, 0] * side[:, 0, None] - points[:, :, 1] * side[:, 1, None]
    inside = (here >= 0) & real
    if (inside == real).all():
        return points, counts
    after = np.where(nth + 1 < counts[:, None], nth + 1, 0)
    there = np.take_along_axis(here, after, axis=1)
    crosses = real & ((here > 0) & (there < 0) | (here < 0) & (there > 0))
    row, column = np.nonzero(crosses)
    start, end = points[row, column], points[row, after[row, column]]
    share = here[row, column] / (here[row, column] - there[row, column])
    both = np.stack([inside, crosses], axis=2).reshape(rows, 2 * width)
    place = np.cumsum(both, axis=1) - 1
    found = both.sum(axis=1)
    made = np.zeros((rows, max(1, int(found.max(initial=1))), 2))
    made[row, place[row, 2 * column + 1]] = start + share[:, None] * (end - start)
    row, column = np.nonzero(inside)
    made[row, place[row, 2 * column]] = points[row, column]
    return made, found


def _area(points: Array, counts: Ints) -> Array:
    """Twice the area of each polygon; its first corner is the origin."""
    moved = np.where((np.arange(points.shape[1]) < counts[:, None])[:, :, None], points - points[:, :1], 0.0)
    after = np.roll(moved, -1, axis=1)
    return np.asarray(np.abs((moved[:, :, 0] * after[:, :, 1] - moved[:, :, 1] * after[:, :, 0]).sum(axis=1)))


def _written(points: Array, counts: Ints) -> list[bytes]:
    """Polygons as WKB, their rings closed."""
    closed = np.concatenate([points, np.zeros((len(points), 1, 2))], axis=1)
    closed[np.arange(len(points)), counts] = closed[:, 0]
    flat = closed[np.arange(closed.shape[1]) <= counts[:, None]].astype("<f8").tobytes()
    ends = (np.cumsum(counts + 1) * 16).tolist()
    heads = {count: _HEAD + (count + 1).to_bytes(4, "little") for count in np.unique(counts).tolist()}
    starts = [0, *ends[:-1]]
    return [heads[c] + flat[i:j] for c, i, j in zip(counts.tolist(), starts, ends, strict=True)]
