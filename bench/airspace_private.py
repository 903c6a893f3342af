"""A thousand planned volumes against a thousand, privately, both sides in one process: seconds, bytes, precision of each stage, beside the exact check.

    python bench/airspace_private.py [--volumes 1000] [--engine rr22] [--seed 1]

The volumes are corridors of 40 to 120 km by 2 to 10 km, 300 to 900 m high, 20 to 60 minutes long, over the Damascus flight information region in one day.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import time

import shapely

from detente.node.rehearsal_airspace import rehearse_airspace, space_for
from detente.psi.dh import DhEngine
from detente.psi.rr22 import Rr22Engine
from detente.topics.airspace.conflict import conflict
from detente.topics.airspace.intent import Intent
from detente.topics.airspace.outline import outline
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D
from detente.wire.instant import rfc3339

WEST, SOUTH, EAST, NORTH = 35.5, 32.3, 42.4, 37.3
DAY = 1_780_000_000_000 // 86_400_000 * 86_400_000


def corridors(count: int, seed: int) -> list[Volume4D]:
    """Invented corridors: a straight leg with its width, a band, a span."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        lon, lat = dice.uniform(WEST, EAST), dice.uniform(SOUTH, NORTH)
        length, width, course = dice.uniform(40, 120), dice.uniform(2, 10), dice.uniform(0, 2 * math.pi)
        along = (math.sin(course), math.cos(course))
        across = (along[1], -along[0])
        corners = []
        for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
            east = along[0] * x * length / 2 + across[0] * y * width / 2
            north = along[1] * x * length / 2 + across[1] * y * width / 2
            corners.append((lon + east / (111.3 * math.cos(math.radians(lat))), lat + north / 111.0))
        lower = dice.randrange(300, 11_000) * 1000
        start = DAY + dice.randrange(0, 23 * 3600) * 1000
        made.append(
            Volume4D(
                outline([[corners]]).shape,
                lower,
                lower + dice.randrange(300, 900) * 1000,
                start,
                start + dice.randrange(1200, 3600) * 1000,
            )
        )
    return made


def geojson(volumes: list[Volume4D], prefix: str) -> str:
    """A file that `detente rehearse airspace` reads."""
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(volume.outline),
            "properties": {
                "id": f"{prefix}{number}",
                "altitude_lower_m": volume.lower_mm / 1000,
                "altitude_upper_m": volume.upper_mm / 1000,
                "altitude_datum": volume.datum.value,
                "time_start": rfc3339(volume.start),
                "time_end": rfc3339(volume.end),
            },
        }
        for number, volume in enumerate(volumes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def exact(ours: list[Volume4D], theirs: list[Volume4D], separation: Separation) -> set[tuple[str, str]]:
    """Every conflict by the exact check on whole volumes, found without cells."""
    reach = separation.clock_ms
    return {
        (f"a{i}", f"b{j}")
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if one.start < other.end + reach
        and other.start < one.end + reach
        and conflict(one, other, separation)
    }


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--volumes", type=int, default=1000)
    ask.add_argument("--engine", choices=("rr22", "dh"), default="rr22")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--separation-m", type=float, default=0.0)
    given = ask.parse_args()
    lists = [corridors(given.volumes, given.seed), corridors(given.volumes, given.seed + 1)]
    plans = [
        [Intent(f"{side}{i}", (v,)) for i, v in enumerate(made)]
        for side, made in zip("ab", lists, strict=True)
    ]
    separation = Separation(round(given.separation_m * 1000))
    space = space_for(plans[0], plans[1], separation)
    engine = Rr22Engine() if given.engine == "rr22" else DhEngine()
    for _ in range(given.rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        found = rehearse_airspace(engine, plans[0], plans[1], space, entropy=os.urandom(32), now=0)
        print(
            f"{given.engine}: {time.perf_counter() - wall:.2f} s on the clock, {time.process_time() - cpu:.2f} s of processor, "
            f"{found.sent / 1e6:.1f} MB, {found.messages} messages"
        )
    counts = found.counts
    truth = exact(lists[0], lists[1], separation)
    told = set(found.pairs)
    print(f"layers: {[(layer.resolution, layer.band_mm, layer.slot_ms) for layer in space.layers]}")
    for number in range(1, len(space.layers) + 1):
        print(
            f"  layer {number}: {counts.get(f'cells_{number}', 0)} cells of ours, {counts.get(f'met_{number}', 0)} met"
        )
    print(
        f"pairs in the last layer {counts.get('pairs', 0)}, conflicts {len(told)}: precision {len(told) / max(counts.get('pairs', 0), 1):.3f}"
    )
    print(
        f"exact check: {len(truth)} conflicts; missed {len(truth - told)}, wrongly told {len(told - truth)}"
    )


if __name__ == "__main__":
    main()
