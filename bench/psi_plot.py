"""The growth of every engine on one plot, from bench/out/psi.jsonl; runs in a venv that has matplotlib (bench/psi.py)."""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def main(journal: str, picture: str) -> None:
    walls: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in Path(journal).read_text().splitlines():
        row = json.loads(line)
        walls[row["engine"]][row["n"]].append(row["wall_s"])
    figure, axes = plt.subplots(figsize=(8, 5))
    for engine, sizes in sorted(walls.items()):
        points = sorted((n, statistics.median(seconds)) for n, seconds in sizes.items())
        axes.plot([n for n, _ in points], [s for _, s in points], marker="o", label=engine)
    axes.set(xscale="log", yscale="log", xlabel="tokens a side", ylabel="seconds, median wall time")
    axes.set_xscale("log", base=2)
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(picture, dpi=120)
    print(f"plotted {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
