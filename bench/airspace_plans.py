"""Plans: what the cover, the pieces and the exact check miss or wrongly tell, and how fast one's own plans are checked, beside peers.

    python bench/airspace_plans.py pairs [--count 10000] [--seed 1]      against the oracle of tests/support, which shares no code
    python bench/airspace_plans.py interuss                              InterUSS's pairs (needs DETENTE_DATA)
    python bench/airspace_plans.py check [--count 100000] [--dense 1.0]  beside STRtree + filter and a sweep over time
    python bench/airspace_plans.py one [--count 50000]                   one new volume against an index kept warm
    python bench/airspace_plans.py cover                                 tokens a volume and precision of stages

Seconds are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import shapely

from detente.adapters.formats.airspace.f3548 import altitudes_of, outline_of
from detente.errors import Misuse
from detente.topics.airspace.cells import Grid, coarsen, cover_all
from detente.topics.airspace.check import conflicting
from detente.topics.airspace.clip import piece
from detente.topics.airspace.conflict import conflict
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.standing import Standing
from detente.topics.airspace.volume import Volume4D

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

T = TypeVar("T")
GRIDS = (
    Grid(4, 600_000, 1_200_000),
    Grid(5, 600_000, 1_200_000),
    Grid(6, 300_000, 600_000),
    Grid(7, 300_000, 600_000),
)


def pairs(count: int, seed: int) -> None:
    """Exact check, cover and pieces against the oracle."""
    from support.airspace_oracle import conflicts
    from support.airspace_pairs import pair

    dice = random.Random(seed)
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for _ in range(count):
        made = pair(dice)
        apart = made.separation
        truth = conflicts(*made.plain, apart.horizontal_mm, apart.vertical_mm, apart.clock_ms)
        found = conflict(*made.ours, apart) is not None
        kinds[
            f"{made.kind}, {'conflict' if truth else 'no conflict' if truth is False else 'within 1 cm'}"
        ] += 1
        counts["pairs"] += 1
        counts["conflicts by the oracle"] += truth is True
        counts["within a centimetre of the limit (either answer is right)"] += truth is None
        counts["missed by the exact check"] += truth is True and not found
        counts["wrongly told by the exact check"] += truth is False and found
        if truth or found:
            _cells(made.ours, apart, dice, counts)
    for name, number in sorted(kinds.items()):
        print(f"  {name}: {number}")
    for name, number in counts.items():
        print(f"{name}: {number}")


def _cells(
    both: tuple[Volume4D, Volume4D], apart: Separation, dice: random.Random, counts: Counter[str]
) -> None:
    for fine in dice.sample(GRIDS, 2):
        try:
            ours, theirs = (set(map(tuple, cells.tolist())) for cells in cover_all(both, fine, apart))
        except Misuse:
            counts["covers refused as too large"] += 1
            continue
        counts["covers compared"] += 1
        shared = sorted(ours & theirs)
        counts["missed by the cover"] += not shared
        coarse = Grid(max(fine.resolution - 2, 0), 1_200_000, 3_600_000)
        up = [
            set(map(tuple, coarsen(np.array(sorted(cells)), fine, coarse).tolist()))
            for cells in (ours, theirs)
        ]
        counts["missed by the coarse cover"] += not up[0] & up[1]
        if shared and len(shared) <= 400:
            opened = (
                (piece(both[0], cell, fine, apart), piece(both[1], cell, fine, apart)) for cell in shared
            )
            counts["pieces compared"] += 1
            counts["missed by the pieces"] += not any(a and b and conflict(a, b, apart) for a, b in opened)


def interuss() -> None:
    """The pairs whose 3-D verdict InterUSS's geometry gives, time ignored."""
    held = json.loads(
        (Path(os.environ["DETENTE_DATA"]) / "airspace/interuss/resolved_intents_pairs.json").read_bytes()
    )
    right = total = 0
    for group in held.values():
        intents = {}
        for name, intent in group["intents"].items():
            volumes = []
            for area in intent["basic_information"]["area"]:
                lower, upper, _ = altitudes_of(area)
                volumes.append(Volume4D(outline_of(area).shape, lower, upper, 0, 1))
            intents[name] = volumes
        for known in group["pairs"]:
            met = any(conflict(a, b, Separation()) for a in intents[known["a"]] for b in intents[known["b"]])
            total += 1
            right += met == known["intersect3d"]
            if met != known["intersect3d"]:
                print("differs:", known)
    print(f"{right} of {total} pairs")


def volumes(count: int, dense: float, seed: int = 1) -> list[Volume4D]:
    """Corridors of 10 to 65 km by 9 km, 300 m high, 5 to 30 minutes long, in one day; `dense` 1: over 8 by 6 degrees."""
    dice = np.random.default_rng(seed)
    spread = dense**-0.5
    lon, lat = 37 + spread * dice.uniform(-4, 4, count), 33 + spread * dice.uniform(-3, 3, count)
    course, length, width = dice.uniform(0, 2 * np.pi, count), dice.uniform(0.05, 0.3, count), 0.04
    along = np.stack([np.cos(course), np.sin(course)], axis=1)
    across = along[:, ::-1] * [1, -1]
    middle = np.stack([lon, lat], axis=1)
    rings = [
        middle + s * along * length[:, None] + t * across * width
        for s, t in ((-1, -1), (-1, 1), (1, 1), (1, -1))
    ]
    shapes = shapely.polygons(np.stack(rings, axis=1))
    lower, start = dice.integers(0, 10_000_000, count), dice.integers(0, 86_400_000, count)
    lasting = dice.integers(300_000, 1_800_000, count)
    return [
        Volume4D(shape, int(low), int(low) + 300_000, int(begin), int(begin + long))
        for shape, low, begin, long in zip(shapes, lower, start, lasting, strict=True)
    ]


def check(count: int, dense: float) -> None:
    """All pairs of one's own volumes that overlap, three ways; then ours with civil separation, which the peers have no notion of."""
    held = volumes(count, dense)
    shapes = np.array([volume.outline for volume in held], dtype=object)
    air = np.array([(v.lower_mm, v.upper_mm, v.start, v.end) for v in held])
    ours, seconds = _timed(lambda: conflicting(held, Separation()))
    print(f"{count} volumes, {len(ours)} pairs overlap")
    print(f"ours: {seconds:.2f} s")
    for name, peer in (("sweep over time, numpy + shapely", sweep), ("STRtree + filter", tree)):
        found, seconds = _timed(lambda peer=peer: peer(shapes, air))
        print(f"{name}: {seconds:.2f} s, {'the same pairs' if found == ours else f'{len(found)} pairs'}")
    found, seconds = _timed(lambda: conflicting(held, Separation.civil()))
    print(f"ours, 5 NM / 1000 ft / 180 s apart: {seconds:.2f} s, {len(found)} pairs")


def tree(shapes: np.ndarray, air: np.ndarray) -> list[tuple[int, int]]:
    """A tree over the ground, then numpy, then the exact predicate."""
    i, j = shapely.STRtree(shapes).query(shapes)
    kept = i < j
    return _filtered(shapes, air, i[kept], j[kept])


def sweep(shapes: np.ndarray, air: np.ndarray) -> list[tuple[int, int]]:
    """By start; each block against all that begin before it ends; boxes in numpy, then the exact predicate."""
    order = np.argsort(air[:, 2])
    bounds, held = shapely.bounds(shapes)[order], air[order]
    last = np.searchsorted(held[:, 2], held[:, 3], side="left")
    parts = []
    for start in range(0, len(order), 256):
        rows = np.arange(start, min(start + 256, len(order)))
        counts = last[rows] - rows - 1
        i = np.repeat(rows, counts)
        j = i + 1 + np.arange(len(i)) - np.repeat(np.cumsum(counts) - counts, counts)
        for low, high in ((0, 2), (1, 3)):
            kept = (bounds[i, low] <= bounds[j, high]) & (bounds[j, low] <= bounds[i, high])
            i, j = i[kept], j[kept]
        parts.append((order[i], order[j]))
    i, j = (np.concatenate(side) for side in zip(*parts, strict=True))
    return _filtered(shapes, air, np.minimum(i, j), np.maximum(i, j))


def _filtered(shapes: np.ndarray, air: np.ndarray, i: np.ndarray, j: np.ndarray) -> list[tuple[int, int]]:
    for low, high in ((2, 3), (0, 1)):
        kept = (air[i, low] < air[j, high]) & (air[j, low] < air[i, high])
        i, j = i[kept], j[kept]
    shapely.prepare(shapes)
    met = shapely.intersects(shapes[i], shapes[j])
    met[met] = ~shapely.touches(shapes[i[met]], shapes[j[met]])
    return sorted(zip(i[met].tolist(), j[met].tolist(), strict=True))


def one(count: int, dense: float) -> None:
    """A thousand new volumes, one at a time."""
    held = volumes(count + 1000, dense)
    for name, apart in (("no separation", Separation()), ("civil separation", Separation.civil())):
        standing, seconds = _timed(lambda apart=apart: Standing(held[:count], apart))
        took = []
        for volume in held[count:]:
            took.append(_timed(lambda index=standing, volume=volume: index.against(volume))[1])
        took.sort()
        print(
            f"{name}: one against {count}: median {took[500] * 1e6:.0f} us, p90 {took[900] * 1e6:.0f} us, p99 {took[990] * 1e6:.0f} us;"
            f" the index was built in {seconds:.2f} s"
        )


def cover() -> None:
    """The corridors of airspace_private.py: how many tokens, how many pairs that share a cell conflict."""
    from airspace_private import corridors

    held = [corridors(1500, seed) for seed in (1, 2)]
    for apart in (Separation(), Separation.civil()):
        both = conflicting([*held[0], *held[1]], apart, np.repeat([0, 1], 1500))
        truth = {(i, j - 1500) for i, j in both}
        for grid in GRIDS:
            (ours, theirs), seconds = _timed(
                lambda grid=grid, apart=apart: [cover_all(side, grid, apart) for side in held]
            )
            at: dict[tuple[int, ...], list[int]] = {}
            for i, cells in enumerate(ours):
                for cell in map(tuple, cells.tolist()):
                    at.setdefault(cell, []).append(i)
            met = {
                (i, j)
                for j, cells in enumerate(theirs)
                for cell in map(tuple, cells.tolist())
                for i in at.get(cell, ())
            }
            sizes = sorted(len(cells) for cells in ours)
            print(
                f"{'civil' if apart.horizontal_mm else 'no'} separation, resolution {grid.resolution}, {grid.band_mm // 1000} m,"
                f" {grid.slot_ms // 60_000} min: {sum(sizes) / len(sizes):.0f} tokens (p95 {sizes[int(0.95 * len(sizes))]}),"
                f" {len(met)} pairs meet, {len(truth)} conflict, {len(truth - met)} missed, precision {len(truth) / max(len(met), 1):.2f},"
                f" {seconds:.2f} s for both sides"
            )


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    made = work()
    return made, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("pairs", "interuss", "check", "one", "cover"))
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dense", type=float, default=1.0)
    given = parser.parse_args()
    match given.what:
        case "pairs":
            pairs(given.count or 10_000, given.seed)
        case "interuss":
            interuss()
        case "check":
            check(given.count or 100_000, given.dense)
        case "one":
            one(given.count or 50_000, given.dense)
        case "cover":
            cover()


if __name__ == "__main__":
    main()
