"""The exact check: whether two volumes are nearer to each other than was agreed, in all of plane, height and time.

Separated by less than agreed is a conflict; by exactly what was agreed is none. With a separation of 0 volumes conflict that
overlap, and those that only touch (an edge, an altitude, an instant) do not. Distance is the shortest over the WGS84 ellipsoid
between any two points of the outlines, whose edges are straight in longitude and latitude, rounded to a millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.errors import Misuse
from detente.topics.airspace.geodesy import (
    LEAST_RADIUS,
    MOST_RADIUS,
    Array,
    Frame,
    bend,
    directions,
    ecef,
    geodesic,
    stretch,
)
from detente.topics.airspace.outline import Shape
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D
from detente.wire.instant import Instant

_FINE = 1e-4
"""Metres: edges are halved until they differ from chords by less."""
_MOST_PAIRS = 1 << 16


@dataclass(frozen=True, slots=True)
class Conflict:
    """How near two volumes come: gaps between them, 0 where they overlap. `start` to `end`: when either must be elsewhere.

    Millimetres and milliseconds. The same whichever volume is named first.
    """

    horizontal_mm: int
    vertical_mm: int
    time_ms: int
    lower_mm: int
    upper_mm: int
    start: Instant
    end: Instant


def conflict(a: Volume4D, b: Volume4D, separation: Separation) -> Conflict | None:
    """How two volumes conflict, or None. Symmetric and deterministic. Raises Misuse for altitudes above different datums.

    >>> from detente.topics.airspace.outline import outline
    >>> box = outline([[[(0, 0), (0, 1), (1, 1), (1, 0)]]]).shape
    >>> noon, one = Volume4D(box, 0, 1000, 0, 60_000), Volume4D(box, 0, 1000, 60_000, 120_000)
    >>> conflict(noon, one, Separation()) is None
    True
    >>> conflict(noon, one, Separation(skew_ms=1)).time_ms
    0
    """
    if a.datum is not b.datum:
        raise Misuse(
            f"altitudes above {a.datum.value} and above {b.datum.value} can't be compared: convert one of them first"
        )
    time = max(a.start, b.start) - min(a.end, b.end)
    height = max(a.lower_mm, b.lower_mm) - min(a.upper_mm, b.upper_mm)
    if time >= separation.clock_ms or height >= separation.vertical_mm:
        return None
    apart = apart_mm(a.outline, b.outline, separation.horizontal_mm)
    if apart is None:
        return None
    return Conflict(
        apart,
        max(height, 0),
        max(time, 0),
        min(max(a.lower_mm, b.lower_mm), min(a.upper_mm, b.upper_mm)),
        max(max(a.lower_mm, b.lower_mm), min(a.upper_mm, b.upper_mm)),
        min(max(a.start, b.start), min(a.end, b.end)),
        max(max(a.start, b.start), min(a.end, b.end)),
    )


def conflicts(
    ours: Sequence[Volume4D], theirs: Sequence[Volume4D], separation: Separation
) -> list[tuple[int, int]]:
    """(index of ours, index of theirs) of every conflicting pair, by the exact check alone; for few volumes."""
    return [
        (i, j)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if conflict(one, other, separation) is not None
    ]


def apart_mm(a: Shape, b: Shape, within_mm: int) -> int | None:
    """The distance of two outlines in millimetres if it is less than `within_mm`, or if that is 0 and they overlap; else None."""
    if within_mm == 0:
        return 0 if shapely.relate_pattern(a, b, "T********") else None
    if shapely.intersects(a, b):
        return 0
    if shapely.to_wkb(b) < shapely.to_wkb(a):  # so that the last bit does not depend on who asks
        a, b = b, a
    metres = distance_m(_edges(a), _edges(b), within_mm / 1000 + 0.001)
    if metres is None or (apart := round(metres * 1000)) >= within_mm:
        return None
    return apart


def _edges(shape: Shape) -> Array:
    """(n, 2, 2): both ends of every edge in degrees."""
    rings = [
        np.asarray(ring.coords)
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    return np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])


def distance_m(a: Array, b: Array, within: float) -> float | None:
    """The shortest distance between edges, (n, 2, 2) and (m, 2, 2) degrees, in metres; None if it is not under `within`.

    Good to a tenth of a millimetre. First on a flat map, whose stretch is known, which settles most; then branch and bound.
    A pair of edges is at least as far apart as their chords less what the edges bend away from them, and at most as far as two
    points on them. Pairs that can't be the nearest are dropped; the others are halved until the bounds meet.
    """
    limit, one, other = _near_pairs(a, b, within)
    best = np.inf
    for start in range(0, len(one), _MOST_PAIRS):
        pairs = a[one[start : start + _MOST_PAIRS]], b[other[start : start + _MOST_PAIRS]]
        best = min(best, _nearest(*pairs, min(best, limit)))
    return float(best) if best < within else None


def _near_pairs(a: Array, b: Array, within: float) -> tuple[float, NDArray[np.intp], NDArray[np.intp]]:
    """A bound on the distance, and the pairs of edges that can lie within it, by a flat map."""
    towards = directions(np.concatenate([a, b]).reshape(-1, 2))
    frame = Frame.at(towards.mean(axis=0))
    reach = float(np.arccos(np.clip(towards @ frame.centre, -1, 1)).max())
    places = frame.flat(towards).reshape(-1, 2, 2)
    longer = stretch(min(reach * 1.1 + within / LEAST_RADIUS, 3.0))
    slack = 4 * longer * float(max(bend(a).max(), bend(b).max()))
    lines = shapely.linestrings(places)
    first, second = lines[: len(a)], lines[len(a) :]
    flat = float(shapely.distance(shapely.multilinestrings(first), shapely.multilinestrings(second)))
    limit = min(within, (flat + slack) * MOST_RADIUS + 0.001)
    if (flat - slack) / longer * LEAST_RADIUS >= within:
        return limit, np.empty(0, np.intp), np.empty(0, np.intp)
    near = limit / LEAST_RADIUS * longer + slack
    one, other = shapely.STRtree(second).query(first, predicate="dwithin", distance=near)
    return limit, one, other


def _nearest(one: Array, other: Array, limit: float) -> float:
    """The shortest distance of pairs of edges, (n, 2, 2) each, if it is under `limit`; else something that is not."""
    best = np.inf
    while len(one):
        slack = (bend(one) + bend(other)) * MOST_RADIUS
        chord, p, q = _between(one, other)
        across = ecef(q) - ecef(p)
        best = min(best, float(geodesic(np.linalg.norm(across, axis=1), (p + q) / 2, across).min()))
        least = np.maximum(chord - slack, 0)
        least += least**3 / (24 * MOST_RADIUS**2)  # over the earth it is longer than through it
        still = (least < min(best, limit)) & (slack > _FINE)
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
