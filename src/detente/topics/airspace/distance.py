"""How far apart outlines are, over the WGS84 ellipsoid: one pair to half a centimetre, and its verdict to a tenth of a millimetre; many pairs as yes or no.

Edges are straight in longitude and latitude. All bounds are proven: what a flat map can settle it settles, the rest is halved
until it is settled.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.topics.airspace.geodesy import (
    ECCENTRICITY_2,
    LEAST_RADIUS,
    MOST_RADIUS,
    Array,
    Frame,
    arc,
    bend,
    directions,
    ecef,
    geodesic,
    stretch,
)
from detente.topics.airspace.outline import Shape

Shapes: TypeAlias = NDArray[np.object_]
Rows: TypeAlias = NDArray[np.intp]

_FINE = 1e-4
_ENOUGH = 5e-3
_CLOSE = 0.02
"""Metres: edges are halved until they differ from chords by less than `_ENOUGH`; if it is then within `_CLOSE` of the limit, than `_FINE`."""
_STRAIGHT = 1e-6
"""Radians: 6 m on the ground."""
_MOST_PAIRS = 1 << 16
_INTERIORS_MEET = "T********"


def apart_mm(a: Shape, b: Shape, within_mm: int) -> int | None:
    """The distance of two outlines in millimetres if it is less than `within_mm`, or if that is 0 and they overlap; else None.

    Whether it is less is decided to a tenth of a millimetre; the number is good to half a centimetre. The same whichever is named first.
    """
    if within_mm == 0:
        return 0 if shapely.relate_pattern(a, b, _INTERIORS_MEET) else None
    if shapely.intersects(a, b):
        return 0
    if shapely.to_wkb(b) < shapely.to_wkb(a):  # so that the last bit does not depend on who asks
        a, b = b, a
    metres = distance_m(edges(a), edges(b), within_mm / 1000 + 0.001)
    if (apart := round(min(metres, 1e9) * 1000)) >= within_mm:
        return None
    return apart


def nearer(a: Shapes, b: Shapes, within_mm: int) -> NDArray[np.bool_]:
    """Of many pairs of outlines, (n,) each, whether `apart_mm` would not say None."""
    shapely.prepare(a)
    found = np.asarray(shapely.intersects(a, b))
    if within_mm == 0:
        found[found] = ~shapely.touches(a[found], b[found])
        return found
    rest = np.flatnonzero(~found)
    if len(rest):
        least, most = _flat_bounds(a[rest], b[rest])
        limit = within_mm / 1000
        found[rest[most < limit - 0.001]] = True
        for at in rest[(least < limit + 0.001) & (most >= limit - 0.001)]:
            found[at] = apart_mm(a[at], b[at], within_mm) is not None
    return found


def _flat_bounds(a: Shapes, b: Shapes) -> tuple[Array, Array]:
    """Metres that the distance of each pair is at least, and at most, from a map that is true at the pair's latitude.

    The map shrinks longitude by the cosine, so edges stay straight and its nearest points lie on them. 0 and infinity where such a
    map is of no use: near a pole, and over the antimeridian.
    """
    bounds = np.stack([shapely.bounds(a), shapely.bounds(b)])
    south, north = bounds[:, :, 1].min(axis=0), bounds[:, :, 3].max(axis=0)
    wide = bounds[:, :, 2].max(axis=0) - bounds[:, :, 0].min(axis=0)
    middle = np.cos(np.radians((south + north) / 2))
    shrunk = [_shrunk(shapes, middle) for shapes in (a, b)]
    lines = shapely.get_coordinates(shapely.shortest_line(*shrunk)).reshape(-1, 2, 2)
    flat = np.radians(np.hypot(*(lines[:, 1] - lines[:, 0]).T))
    ends = lines / np.stack([middle, np.ones_like(middle)], axis=1)[:, None, :]
    across = ecef(ends[:, 1]) - ecef(ends[:, 0])
    most = geodesic(np.linalg.norm(across, axis=1), ends.mean(axis=1), across)
    farthest = np.maximum(np.abs(south), np.abs(north)) + np.degrees(most / LEAST_RADIUS)
    nearest = np.where((south < 0) & (north > 0), 0.0, np.minimum(np.abs(south), np.abs(north)))
    nearest = np.maximum(nearest - np.degrees(most / LEAST_RADIUS), 0)
    meridian = LEAST_RADIUS / (1 - ECCENTRICITY_2 * np.sin(np.radians(nearest)) ** 2) ** 1.5
    least = (
        meridian * np.minimum(np.cos(np.radians(np.minimum(farthest, 90))) / middle, 1) * flat * (1 - 1e-9)
    )
    lost = (farthest > 85) | (wide > 90)
    return np.where(lost, 0, least), np.where(lost, np.inf, most)


def _shrunk(shapes: Shapes, by: Array) -> Shapes:
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    points[:, 0] *= by[owner]
    return np.asarray(shapely.set_coordinates(shapes.copy(), points))


def edges(shape: Shape) -> Array:
    """(n, 2, 2): both ends of every edge in degrees."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    return np.asarray(np.stack([points[:-1], points[1:]], axis=1)[ring[1:] == ring[:-1]])


def distance_m(a: Array, b: Array, within: float) -> float:
    """The shortest distance between edges, (n, 2, 2) and (m, 2, 2) degrees, in metres; infinity if it is not under `within`.

    Good to half a centimetre, and near `within` to a tenth of a millimetre. First on a flat map, whose stretch is known; then branch
    and bound. A pair of edges is at least as far apart as their chords less what the edges bend away from them, and at most as far
    as two points on them. Pairs of edges that can't be the nearest are dropped; the others are halved until the bounds meet.
    """
    if _far(a, b, arc(within)):
        return np.inf
    a, b = _divided(a), _divided(b)
    limit, one, other = _near_pairs(a, b, within)
    best = np.inf
    for start in range(0, len(one), _MOST_PAIRS):
        rows = slice(start, start + _MOST_PAIRS)
        best = min(best, _nearest(a[one[rows]], b[other[rows]], min(best, limit), within))
    return float(best) if best < within else np.inf


def _far(a: Array, b: Array, angle: float) -> bool:
    """Whether the circles around two sets of edges are farther apart than an angle on H3's sphere."""
    places = [directions(edges.reshape(-1, 2)) for edges in (a, b)]
    middles = [points.mean(axis=0) for points in places]
    reaches = [
        float(np.linalg.norm(points - middle, axis=1).max())
        + float(np.linalg.norm(points[0::2] - points[1::2], axis=1).max())
        for points, middle in zip(places, middles, strict=True)
    ]
    return bool(
        np.linalg.norm(middles[0] - middles[1]) > sum(reaches) + angle
    )  # chords are shorter than arcs


def _divided(edges: Array) -> Array:
    """The edges, long ones in pieces that hardly bend: on a map the most bent of them makes all of them doubtful."""
    counts = np.maximum(np.ceil(np.sqrt(bend(edges) / _STRAIGHT)), 1).astype(np.intp)
    if counts.max() == 1:
        return edges
    rows = np.repeat(np.arange(len(edges)), counts)
    first = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    shares = np.stack([first, first + 1], axis=1)[..., None] / counts[rows][:, None, None]
    return np.asarray(edges[rows, :1] + shares * (edges[rows, 1:] - edges[rows, :1]))


def _near_pairs(a: Array, b: Array, within: float) -> tuple[float, Rows, Rows]:
    """A bound on the distance, and the pairs of edges that can lie within it, by a flat map."""
    towards = directions(np.concatenate([a, b]).reshape(-1, 2))
    frame = Frame.at(towards.mean(axis=0))
    reach = float(np.arccos(np.clip(towards @ frame.centre, -1, 1)).max())
    places = frame.flat(towards).reshape(-1, 2, 2)
    longer = stretch(min(reach * 1.1 + within / LEAST_RADIUS, 3.0))
    slack = 4 * longer * float(max(bend(a).max(), bend(b).max()))
    lines = shapely.linestrings(places)
    first, second = lines[: len(a)], lines[len(a) :]
    tree = shapely.STRtree(second)
    flat = float(tree.query_nearest(first, return_distance=True, all_matches=False)[1].min())
    limit = min(within, (flat + slack) * MOST_RADIUS + 0.001)
    if (flat - slack) / longer * LEAST_RADIUS >= within:
        return limit, np.empty(0, np.intp), np.empty(0, np.intp)
    near = limit / LEAST_RADIUS * longer + slack
    one, other = tree.query(first, predicate="dwithin", distance=near)
    return limit, one, other


def _nearest(one: Array, other: Array, limit: float, within: float) -> float:
    """The shortest distance of pairs of edges, (n, 2, 2) each, if it is under `limit`; else something that is not."""
    best = np.inf
    while len(one):
        slack = (bend(one) + bend(other)) * MOST_RADIUS
        chord, p, q = _between(one, other)
        across = ecef(q) - ecef(p)
        best = min(best, float(geodesic(np.linalg.norm(across, axis=1), (p + q) / 2, across).min()))
        least = np.maximum(chord - slack, 0)
        least += least**3 / (24 * MOST_RADIUS**2)  # over the earth it is longer than through it
        still = (least < min(best, limit)) & (slack > (_FINE if abs(best - within) < _CLOSE else _ENOUGH))
        one, other = _halved(one[still], (0, 1, 0, 1)), _halved(other[still], (0, 0, 1, 1))
    return best


def _between(one: Array, other: Array) -> tuple[Array, Array, Array]:
    """Of pairs of edges: the distance of their chords in metres, and in degrees the points on either edge where it is reached."""
    p, q = ecef(one), ecef(other)
    u, v, w = p[:, 1] - p[:, 0], q[:, 1] - q[:, 0], p[:, 0] - q[:, 0]
    uu, uv, vv, uw, vw = ((x * y).sum(axis=1) for x, y in ((u, u), (u, v), (v, v), (u, w), (v, w)))
    uu, vv = np.maximum(uu, 1e-30), np.maximum(vv, 1e-30)
    zero, full = np.zeros(len(u)), np.ones(len(u))
    area = np.maximum(uu * vv - uv * uv, 1e-30)
    tries = [  # inside of both, and each end against the other chord: the nearest pair is among them
        ((uv * vw - vv * uw) / area, (uu * vw - uv * uw) / area),
        (zero, vw / vv),
        (full, (vw + uv) / vv),
        (-uw / uu, zero),
        ((uv - uw) / uu, full),
    ]
    s = np.clip(np.stack([s for s, _ in tries]), 0, 1)
    t = np.clip(np.stack([t for _, t in tries]), 0, 1)
    gaps = np.linalg.norm(w + s[..., None] * u - t[..., None] * v, axis=2)
    which = gaps.argmin(axis=0), np.arange(len(u))
    s, t = s[which][:, None], t[which][:, None]
    return gaps[which], one[:, 0] + s * (one[:, 1] - one[:, 0]), other[:, 0] + t * (other[:, 1] - other[:, 0])


def _halved(edges: Array, halves: tuple[int, ...]) -> Array:
    """The named halves of every edge, one after another."""
    middle = edges.mean(axis=1)
    parts = np.stack([edges[:, 0], middle], axis=1), np.stack([middle, edges[:, 1]], axis=1)
    return np.concatenate([parts[half] for half in halves])
