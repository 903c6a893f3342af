"""Pairs of volumes, random and contrived to slip through: edges, corners, poles, the antimeridian, a centimetre more or less, a millisecond more or less."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from detente.topics.airspace.outline import outline
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D
from support.airspace_oracle import Plain, Ring, vincenty

NOON = 1_795_348_800_000
SEPARATIONS = (
    Separation(),
    Separation.civil(),
    Separation(1_000, 1, 1),
    Separation(500_000, 100_000, 1, 3),
    Separation(30_000_000, 0, 0, 5_000),
)
# (longitude, latitude): a plain one, where axes and seams meet, poles, H3's pentagons and where its faces join
PLACES = (
    (36.0, 33.5), (0.0, 0.0), (179.99, 10.0), (-179.999, -60.0), (180.0, 0.0), (20.0, 89.6), (-120.0, -89.7),
    (0.0, 89.999), (10.5, 64.7), (-121.75, 39.1), (31.83, 0.0), (58.16, 10.45), (122.3, -39.1), (36.0, 75.0),
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two volumes as the oracle has them and as we have them, and what must lie between them."""

    kind: str
    plain: tuple[Plain, Plain]
    ours: tuple[Volume4D, Volume4D]
    separation: Separation


def pair(dice: random.Random) -> Pair:
    """Any pair."""
    while True:
        kind = dice.choice(list(KINDS))
        separation = dice.choice(SEPARATIONS)
        made = KINDS[kind](dice, separation)
        if made is None:
            continue
        a, b = (_rounded(ring) for ring in made[:2])
        bands, spans = (
            (made[2], made[3]) if len(made) == 4 else (_both(dice, 3_000_000), _both(dice, 7_200_000))
        )
        plain = tuple(
            Plain(ring, low, high, NOON + start, NOON + end)
            for ring, (low, high), (start, end) in zip((a, b), bands, spans, strict=True)
        )
        return Pair(kind, plain, tuple(_volume(one) for one in plain), separation)


def _volume(plain: Plain) -> Volume4D:
    """As a user would give it: longitudes wrapped, no seam, no corner at a pole."""
    ring = [(lon, lat) for lon, lat in plain.ring if abs(lat) < 90]
    if len(ring) < len(plain.ring):
        ring = ring[:-1] if (ring[-1][0] - ring[0][0]) % 360 == 0 else ring
    wrapped = [((lon + 180) % 360 - 180 if not -180 <= lon <= 180 else lon, lat) for lon, lat in ring]
    return Volume4D(outline([[wrapped]]).shape, plain.lower, plain.upper, plain.start, plain.end)


def _rounded(ring: Ring) -> tuple[tuple[float, float], ...]:
    return tuple((round(lon, 9), round(lat, 9)) for lon, lat in ring)


def _both(dice: random.Random, most: int):
    """Two bands or spans, most of which overlap."""
    made = []
    for _ in range(2):
        start = dice.randrange(most)
        if dice.random() < 0.6:
            made.append((start // 4, most + start))
            continue
        made.append((start, start + dice.randrange(1, most)))
    return made


def _star(dice: random.Random, lon: float, lat: float, radius_m: float) -> Ring | None:
    """A simple polygon around a place, in metres stretched to degrees there."""
    corners = dice.randint(3, 8)
    angles = sorted(dice.uniform(0, 2 * math.pi) for _ in range(corners))
    gaps = [b - a for a, b in zip(angles, [*angles[1:], angles[0] + 2 * math.pi], strict=True)]
    if max(gaps) > 3 or min(gaps) < 0.05:
        return None
    wide = max(math.cos(math.radians(min(abs(lat) + radius_m / 111_000, 89.9))), 1e-3)
    ring = []
    for angle in angles:
        far = math.degrees(radius_m * dice.uniform(0.2, 1) / 6_371_000)
        ring.append((lon + min(far / wide, 60) * math.cos(angle), lat + far * math.sin(angle)))
    return ring if max(abs(y) for _, y in ring) < 90 else None


def _random(dice: random.Random, separation: Separation):
    lon, lat = dice.choice(PLACES)
    radius = dice.choice((50, 1_000, 20_000))
    near = radius + separation.horizontal_mm / 1000
    aside, up = (dice.uniform(-1.5, 1.5) * near / 111_000 for _ in range(2))
    a = _star(dice, lon, lat, radius)
    b = _star(dice, lon + aside / max(math.cos(math.radians(lat)), 0.01), lat + up, radius)
    return (a, b) if a and b else None


def _box(west: float, south: float, east: float, north: float) -> Ring:
    return [(west, south), (east, south), (east, north), (west, north)]


def _abutting(dice: random.Random, separation: Separation):
    """Boxes that share an edge, or overlap or miss each other by a centimetre, there or where the agreed distance ends."""
    lon, lat = dice.choice(PLACES)
    if abs(lat) > 80:
        return None
    size = dice.choice((0.001, 0.05, 0.3))
    slip = dice.choice((0, 0, 1, -1, 2, -2, 100, -100)) * 1e-7  # 1e-7 degrees: 1.1 cm
    a = _box(lon, lat, lon + size, lat + size)
    if dice.random() < 0.5:
        edge = (
            lat
            + size
            - slip
            + _degrees_north(lon, lat + size, separation.horizontal_mm / 1000) * dice.choice((0, 1))
        )
        return (a, _box(lon + size / 3, edge, lon + size, edge + size)) if edge + size < 90 else None
    return a, _box(lon + size - slip, lat + size / 4, lon + 2 * size, lat + size / 2)


def _degrees_north(lon: float, lat: float, metres: float) -> float:
    """How many degrees of latitude that is there, by halving."""
    low, high = 0.0, metres / 100_000
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if vincenty((lon, lat), (lon, lat + middle)) < metres else (low, middle)
    return low


def _cornered(dice: random.Random, separation: Separation):
    """Two corners that point at each other, some centimetres more or less apart than was agreed."""
    lon, lat = dice.choice(PLACES)
    if abs(lat) > 85:
        return None
    size, metres = 0.02, separation.horizontal_mm / 1000 + dice.choice((-1, -0.02, 0.02, 1))
    if metres <= 0:
        return None
    slant = dice.uniform(0.2, 1)
    low, high = 0.0, 2.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = vincenty((lon, lat), (lon + middle, lat + slant * middle))
        low, high = (middle, high) if reached < metres else (low, middle)
    east, north = lon + low, lat + slant * low
    # each tip is a right angle around the line between them, drawn in degrees: narrow enough that the tips are nearest
    a = [(lon, lat), (lon - size, lat - size * slant * 0.9), (lon - size, lat - size * slant * 1.1)]
    return a, [
        (east, north),
        (east + size, north + size * slant * 0.9),
        (east + size, north + size * slant * 1.1),
    ]


def _polar(dice: random.Random, separation: Separation):
    """A cap around a pole, and a box beside it or across it."""
    pole = dice.choice((1, -1))
    inner = dice.choice((0.0001, 0.01, 0.4))
    start = dice.uniform(-180, 180)
    cap = [(start + step, pole * (90 - inner)) for step in range(0, 361, 60)]
    cap += [(start + 360, 90.0 * pole), (start, 90.0 * pole)]
    away = (
        inner
        + math.degrees(separation.horizontal_mm / 6.371e9) * dice.choice((0, 0.9, 0.999, 1.02, 2))
        + 0.00001
    )
    lon = dice.uniform(-200, 200)
    south = 90 - away - 0.05
    box = _box(lon, pole * south, lon + dice.choice((0.5, 40)), pole * (90 - away))
    if dice.random() < 0.5:
        far = [(x + 180, y) for x, y in _box(lon, pole * south, lon + 0.5, pole * (90 - away))]
        return (box, far) if lon + 180 < 540 else None
    return cap, box


def _sliver(dice: random.Random, separation: Separation):
    """Long lines a metre wide that cross, or nearly."""
    lon, lat = dice.choice(PLACES)
    if abs(lat) > 80:
        return None
    long, wide = dice.choice((0.5, 2.0)), 1e-5
    a = _box(lon, lat, lon + long, lat + wide)
    at, gap = lon + dice.uniform(0, long), dice.choice((-1, 0.00001, 0.02))
    return a, [
        (at, lat + gap),
        (at + wide, lat + gap),
        (at + long / 2, lat + 1),
        (at + long / 2 - wide, lat + 1),
    ]


def _contained(dice: random.Random, separation: Separation):
    """One within the other, or within a notch of it."""
    lon, lat = dice.choice(PLACES)
    if abs(lat) > 80:
        return None
    notch = [(0, 0), (4, 0), (4, 4), (3, 4), (3, 1), (1, 1), (1, 4), (0, 4)]
    size = dice.choice((0.01, 0.1))
    a = [(lon + x * size, lat + y * size) for x, y in notch]
    x, y = dice.choice(((1.2, 2), (0.2, 2), (1, 1), (1.5, 0.5)))
    b = _box(lon + x * size, lat + y * size, lon + (x + 0.3) * size, lat + (y + 0.5) * size)
    return (a, a) if dice.random() < 0.1 else (a, b)


def _touching(dice: random.Random, separation: Separation):
    """The same ground, with altitudes or times apart by a millimetre or a millisecond more or less than was agreed, or as agreed."""
    lon, lat = dice.choice(PLACES)
    a = _star(dice, lon, lat, 5_000)
    if a is None:
        return None
    slip = dice.choice((-1, 0, 0, 1))
    if dice.random() < 0.5:
        start = 60_000 + separation.clock_ms + slip
        return a, a, _both(dice, 10)[:1] * 2, [(0, 60_000), (start, start + 60_000)]
    floor = 100_000 + separation.vertical_mm + slip
    return a, a, [(0, 100_000), (floor, floor + 1)], _both(dice, 10)[:1] * 2


KINDS: dict[str, Callable] = {
    "random": _random,
    "abutting": _abutting,
    "cornered": _cornered,
    "polar": _polar,
    "sliver": _sliver,
    "contained": _contained,
    "touching": _touching,
}
