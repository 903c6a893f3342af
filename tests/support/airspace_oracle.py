"""Whether two volumes conflict, found the slow way: an oracle that shares no code with the cover, the clipping, the distance or shapely.

Only the standard library. Overlap of outlines is decided in rational numbers, exactly. Distance is the ellipsoid's, by Vincenty's
inverse formula between points on the edges, the nearest two found by sampling and then by golden sections around every near pair of
samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

Ring = Sequence[tuple[float, float]]
A = 6378137.0
F = 1 / 298.257223563
B = A * (1 - F)


@dataclass(frozen=True)
class Plain:
    """A ring (longitude, latitude; unclosed; simple), millimetres, milliseconds."""

    ring: tuple[tuple[float, float], ...]
    lower: int
    upper: int
    start: int
    end: int


def conflicts(one: Plain, other: Plain, horizontal_mm: int, vertical_mm: int, time_ms: int) -> bool | None:
    """Yes, no, or None where the distance is within a centimetre of what is asked for. Longitudes need not be wrapped."""
    if max(one.start, other.start) - min(one.end, other.end) >= time_ms:
        return False
    if max(one.lower, other.lower) - min(one.upper, other.upper) >= vertical_mm:
        return False
    for turn in (-360, 0, 360):
        if interiors_meet(one.ring, [(lon + turn, lat) for lon, lat in other.ring]):
            return True
    return nearer(one.ring, other.ring, horizontal_mm / 1000) if horizontal_mm else False


def interiors_meet(a: Ring, b: Ring) -> bool:
    """Whether two simple polygons share a point inside of both, in rational arithmetic.

    They do if edges cross properly; else, cut at all points where they touch, if the middle of a piece of one's edge lies inside the
    other; else only if they are the same area (a point just inside of one is then inside of the other).
    """
    p, q = ([(Fraction(x), Fraction(y)) for x, y in ring] for ring in (a, b))
    if max(x for x, _ in p) < min(x for x, _ in q) or max(x for x, _ in q) < min(x for x, _ in p):
        return False
    if max(y for _, y in p) < min(y for _, y in q) or max(y for _, y in q) < min(y for _, y in p):
        return False
    sides_p, sides_q = list(pairwise([*p, p[0]])), list(pairwise([*q, q[0]]))
    for s in sides_p:
        for t in sides_q:
            if _turn(*s, t[0]) * _turn(*s, t[1]) < 0 and _turn(*t, s[0]) * _turn(*t, s[1]) < 0:
                return True
    for ours, sides in ((sides_p, sides_q), (sides_q, sides_p)):
        for s in ours:
            cuts = sorted({Fraction(0), Fraction(1), *(_share(s, v) for t in sides for v in t if _on(s, v))})
            for low, high in pairwise(cuts):
                middle = (low + high) / 2
                point = tuple(s[0][k] + middle * (s[1][k] - s[0][k]) for k in (0, 1))
                if _inside(sides, point) == 1:
                    return True
    return _inside(sides_q, _inner(sides_p)) == 1


def _turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on(side, point) -> bool:
    a, b = side
    return (
        _turn(a, b, point) == 0
        and min(a[0], b[0]) <= point[0] <= max(a[0], b[0])
        and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
    )


def _share(side, point) -> Fraction:
    a, b = side
    k = 0 if a[0] != b[0] else 1
    return (point[k] - a[k]) / (b[k] - a[k])


def _inside(sides, point) -> int:
    """1 inside, 0 on the edge, -1 outside."""
    odd = False
    for a, b in sides:
        if _on((a, b), point):
            return 0
        if (a[1] > point[1]) != (b[1] > point[1]):
            odd ^= (_turn(a, b, point) > 0) == (b[1] > a[1])
    return 1 if odd else -1


def _inner(sides):
    """A point inside of a simple polygon: on a horizontal line that meets no corner, between its first two crossings."""
    heights = sorted({a[1] for a, _ in sides})
    y = (heights[0] + heights[1]) / 2
    xs = sorted(
        a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) for a, b in sides if (a[1] > y) != (b[1] > y)
    )
    return (xs[0] + xs[1]) / 2, y


def nearer(a: Ring, b: Ring, limit: float) -> bool | None:
    """Whether the edges of two rings come nearer to each other than that many metres; None within a centimetre of it."""
    doubtful = []
    for s in pairwise([*a, a[0]]):
        for t in pairwise([*b, b[0]]):
            n, m = (min(60, max(3, math.ceil(_length(e) / 4000))) for e in (s, t))
            ours, theirs = ([_place(_at(e, i / k)) for i in range(k + 1)] for e, k in ((s, n), (t, m)))
            rough = sorted((math.dist(p, q), i, j) for i, p in enumerate(ours) for j, q in enumerate(theirs))
            near, i, j = rough[0]
            if near < limit and _exact(_at(s, i / n), _at(t, j / m)) < limit - 0.01:
                return True
            reach = _widest(ours) + _widest(theirs)
            doubtful += [
                (far, s, t, i / n, j / m, 1 / n, 1 / m) for far, i, j in rough if far - reach < limit + 1
            ]
    best = math.inf
    for _, s, t, u, v, du, dv in sorted(doubtful)[:16]:
        best = min(best, _refined(s, t, u, v, du, dv))
        if best < limit - 0.01:
            return True
    return None if abs(best - limit) <= 0.01 else best < limit


def _widest(places: list[tuple[float, float, float]]) -> float:
    return max(math.dist(p, q) for p, q in pairwise(places))


def _refined(s, t, u: float, v: float, du: float, dv: float) -> float:
    """Nested golden sections: for each u the best v."""

    def inner(at: float) -> float:
        p = _at(s, at)
        return _golden(lambda w: _exact(p, _at(t, w)), max(0.0, v - dv), min(1.0, v + dv))[1]

    return _golden(inner, max(0.0, u - du), min(1.0, u + du))[1]


def _golden(f, low: float, high: float, rounds: int = 31) -> tuple[float, float]:
    ratio = (math.sqrt(5) - 1) / 2
    ends = min((f(low), low), (f(high), high))
    x1, x2 = high - ratio * (high - low), low + ratio * (high - low)
    f1, f2 = f(x1), f(x2)
    for _ in range(rounds):
        if f1 < f2:
            high, x2, f2 = x2, x1, f1
            x1 = high - ratio * (high - low)
            f1 = f(x1)
        else:
            low, x1, f1 = x1, x2, f2
            x2 = low + ratio * (high - low)
            f2 = f(x2)
    best = min(ends, (f1, x1), (f2, x2))
    return best[1], best[0]


def _at(edge, share: float) -> tuple[float, float]:
    (x0, y0), (x1, y1) = edge
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)


def _length(edge) -> float:
    (x0, y0), (x1, y1) = edge
    middle = math.cos(math.radians((y0 + y1) / 2))
    return 111_400 * math.hypot((x1 - x0) * middle, y1 - y0) + 1e-9


def _place(p):
    lon, lat = math.radians(p[0]), math.radians(p[1])
    e2 = F * (2 - F)
    n = A / math.sqrt(1 - e2 * math.sin(lat) ** 2)
    return n * math.cos(lat) * math.cos(lon), n * math.cos(lat) * math.sin(lon), n * (1 - e2) * math.sin(lat)


def _chord(p, q) -> float:
    return math.dist(_place(p), _place(q))


def _exact(p, q) -> float:
    """Vincenty's inverse formula; for points a few metres apart, where it loses digits, the chord."""
    chord = _chord(p, q)
    return chord if chord < 1000 else vincenty(p, q)


def vincenty(p, q) -> float:
    lam = full = math.radians((q[0] - p[0] + 180) % 360 - 180)
    u1, u2 = (math.atan((1 - F) * math.tan(math.radians(x[1]))) for x in (p, q))
    for _ in range(100):
        sin_sigma = math.hypot(
            math.cos(u2) * math.sin(lam),
            math.cos(u1) * math.sin(u2) - math.sin(u1) * math.cos(u2) * math.cos(lam),
        )
        if sin_sigma == 0:
            return 0.0
        cos_sigma = math.sin(u1) * math.sin(u2) + math.cos(u1) * math.cos(u2) * math.cos(lam)
        sigma = math.atan2(sin_sigma, cos_sigma)
        sin_alpha = math.cos(u1) * math.cos(u2) * math.sin(lam) / sin_sigma
        cos2 = 1 - sin_alpha**2
        mid = cos_sigma - 2 * math.sin(u1) * math.sin(u2) / cos2 if cos2 > 1e-15 else 0.0
        c = F / 16 * cos2 * (4 + F * (4 - 3 * cos2))
        before = lam
        lam = full + (1 - c) * F * sin_alpha * (
            sigma + c * sin_sigma * (mid + c * cos_sigma * (2 * mid**2 - 1))
        )
        if abs(lam - before) < 1e-13:
            break
    k = cos2 * (A * A - B * B) / (B * B)
    big_a = 1 + k / 16384 * (4096 + k * (-768 + k * (320 - 175 * k)))
    big_b = k / 1024 * (256 + k * (-128 + k * (74 - 47 * k)))
    shift = (
        big_b
        * sin_sigma
        * (
            mid
            + big_b
            / 4
            * (cos_sigma * (2 * mid**2 - 1) - big_b / 6 * mid * (4 * sin_sigma**2 - 3) * (4 * mid**2 - 3))
        )
    )
    return B * big_a * (sigma - shift)
