"""Measures one step of live alerts in the clear: every pair of two sides' tracks, from Track objects to alerts, on one core.

    python bench/airspace_live.py [--tracks 2000] [--degrees 10] [--bluesky PYTHON]

Two sides of `--tracks` invented tracks each, in a box of `--degrees` degrees; CD3D (5 NM, 1000 ft, 180 s) and DO-365B's well clear. Times
are of the processor and of the clock, the least and the middle of REPEATS steps. `--bluesky` names the Python of a virtual environment with
bluesky-simulator, kept outside of this project: its CSTATEBASED then detects among the same number of aircraft a side, all against all.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import WellClear
from detente.topics.airspace.live import alerts
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum

REPEATS = 15
NOW = 1_800_000_000_000
SOUTH_WEST = (30.0, 35.0)
CD3D = Cylinder(5 * 1852.0, 1000 * 0.3048)
WELL_CLEAR = WellClear(0.66 * 1852.0, 450 * 0.3048, 35.0, 0.0)

BLUESKY = """
import sys, time, types
import numpy as np
import bluesky as bs
bs.init(mode="sim", detached=True)
from bluesky.traffic.asas import cstatebased, statebased
states = np.load(sys.argv[1])
n = len(states["lat"])
traffic = types.SimpleNamespace(
    ntraf=n, id=[str(i) for i in range(n)], **{key: np.ascontiguousarray(states[key]) for key in states.files}
)
rpz, hpz, ahead = np.full(n, 5 * 1852.0), np.full(n, 1000 * 0.3048), np.full(n, 180.0)
for name, detect in (("CSTATEBASED", cstatebased.detect), ("STATEBASED", statebased.StateBased().detect)):
    spent, shown = [], []
    for _ in range(7):
        cpu, clock = time.process_time(), time.perf_counter()
        found = detect(traffic, traffic, rpz, hpz, ahead)
        spent.append(time.process_time() - cpu)
        shown.append(time.perf_counter() - clock)
    print(f"bluesky {name:12} {n} in all: cpu {min(spent) * 1e3:7.1f} ms, clock {min(shown) * 1e3:7.1f} ms, {len(found[0])} pairs")
"""


def states(count: int, degrees: float, seed: int) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(seed)
    return {
        "lat": SOUTH_WEST[0] + degrees * dice.random(count),
        "lon": SOUTH_WEST[1] + degrees * dice.random(count),
        "alt": dice.uniform(0, 12_000, count),
        "trk": dice.uniform(0, 360, count),
        "gs": dice.uniform(40, 300, count),
        "vs": dice.choice([0.0, 0.0, 1.0], count) * dice.uniform(-12, 12, count),
    }


def tracks(side: str, of: dict[str, np.ndarray]) -> list[Track]:
    east, north = of["gs"] * np.sin(np.radians(of["trk"])), of["gs"] * np.cos(np.radians(of["trk"]))
    rows = zip(of["lat"], of["lon"], of["alt"], east, north, of["vs"], strict=True)
    return [
        Track(
            f"{side}{i}", "bench", Geodetic(float(lat), float(lon)), float(alt), Datum.WGS84,
            Vector(float(e), float(n), float(up)), NOW - 1000,
        )
        for i, (lat, lon, alt, e, n, up) in enumerate(rows)
    ]  # fmt: skip


def measured(step: Callable[[], int]) -> str:
    spent, shown, found = [], [], 0
    for _ in range(REPEATS):
        cpu, clock = time.process_time(), time.perf_counter()
        found = step()
        spent.append((time.process_time() - cpu) * 1e3)
        shown.append((time.perf_counter() - clock) * 1e3)
    return (
        f"cpu {min(spent):6.1f} ms (middle {statistics.median(spent):.1f}), "
        f"clock {min(shown):6.1f} ms (middle {statistics.median(shown):.1f}), {found} alerts"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracks", type=int, default=2000)
    parser.add_argument("--degrees", type=float, default=10.0)
    parser.add_argument("--bluesky", metavar="PYTHON")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    of = states(given.tracks, given.degrees, 1)
    ours, theirs = tracks("a", of), tracks("b", states(given.tracks, given.degrees, 2))
    for name, volume in (("CD3D", CD3D), ("well clear", WELL_CLEAR)):
        told = measured(lambda volume=volume: len(alerts(ours, theirs, volume, NOW)))
        print(f"{name:10} {len(ours)} x {len(theirs)} in {given.degrees:g} degrees: {told}")
    if given.bluesky:
        with tempfile.TemporaryDirectory() as folder:
            np.savez(Path(folder) / "states.npz", **of)
            ran = subprocess.run(
                [given.bluesky, "-c", BLUESKY, str(Path(folder) / "states.npz")],
                capture_output=True, text=True, cwd=folder, check=False,
            )  # fmt: skip
        print("".join(line + "\n" for line in ran.stdout.splitlines() if line.startswith("bluesky")), end="")
        if ran.returncode:
            sys.exit(ran.stderr[-2000:])


if __name__ == "__main__":
    main()
