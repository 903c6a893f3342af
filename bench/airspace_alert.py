"""Measures how far `detente airspace alert` agrees with DAIDALUS, row by row and cell by cell.

    DETENTE_DATA=... python bench/airspace_alert.py

Reads airspace/daidalus of the data: its encounters, its configurations and the rows that DAIDALUS 2.0.4 wrote for them. A row agrees when
the alert level is the same and each time to a volume is within TOLERANCE seconds; "all cells" asks the same of every figure. For CD3D the
conflicts that are missed are counted, and those of them whose miss is deeper than BAND metres.
"""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path

from detente.adapters.formats import daa, daa_conf
from detente.adapters.formats.alerts_csv import lines
from detente.topics.airspace.alerting.encounter import Row, in_moments, rows

TOLERANCE = 1e-4
BAND = 10.0
DISTANCE, HEIGHT = 5 * 1852.0, 1000 * 0.3048


def number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def same(ours: str, theirs: str) -> bool:
    a, b = number(ours), number(theirs)
    return a == b or (isinstance(a, float) and isinstance(b, float) and abs(a - b) <= TOLERANCE)


def depth(row: Row) -> float:
    """How deep inside the cylinder the projected misses are, in metres."""
    return min(DISTANCE - row.miss, HEIGHT - row.miss_up)


def compare(data: Path, expected: Path, name: str) -> tuple[int, int, int, int, int, float]:
    """Rows, those that agree in level and times, in all cells; CD3D's missed and missed beyond the band; seconds."""
    scenario, _, conf = name.partition("__")
    source = data / "Scenarios" / f"{scenario}.daa"
    with (source if source.exists() else data / f"{scenario}.daa").open() as file:
        moments = in_moments(daa.read(file).states)
    with (data / "Configurations" / f"{conf}.conf").open() as file:
        configuration = daa_conf.read(file).configuration
    start = time.perf_counter()
    told = list(rows(moments, configuration))
    seconds = time.perf_counter() - start
    ours = [[cell.strip() for cell in line.split(",")] for line in lines(told, configuration)][2:]
    with expected.open() as file:
        theirs = [[cell.strip() for cell in line] for line in csv.reader(file)][2:]
    upto = 5 + configuration.levels
    agreed = everything = missed = deep = 0
    for row, mine, other in zip(told, ours, theirs, strict=True):
        agreed += all(same(a, b) for a, b in zip(mine[:upto], other[:upto], strict=True))
        everything += all(same(a, b) for a, b in zip(mine, other, strict=True))
        if conf == "CD3D" and other[4] != "0" and mine[4] == "0":
            missed += 1
            deep += depth(row) > BAND
    return len(theirs), agreed, everything, missed, deep, seconds


def main() -> None:
    data = Path(os.environ["DETENTE_DATA"]) / "airspace" / "daidalus"
    total = [0] * 5
    compared = {path.stem: path for path in sorted((data / "expected").glob("*.csv"))}
    compared["H1_SUM__DO_365B_SUM"] = data / "Regression" / "gold" / "DaidalusAlerting-sum.csv"
    for name, expected in compared.items():
        *counts, seconds = compare(data, expected, name)
        total = [a + b for a, b in zip(total, counts, strict=True)]
        count, agreed, everything, missed, deep = counts
        print(
            f"{name:45} {count:5} rows, level and times {agreed / count:8.3%}, all cells {everything / count:8.3%}, "
            f"missed {missed}, beyond {BAND:.0f} m {deep}, {count / seconds:,.0f} rows/s"
        )
    count, agreed, everything, missed, deep = total
    print(
        f"{'all':45} {count:5} rows, level and times {agreed / count:8.3%}, all cells {everything / count:8.3%}, "
        f"missed {missed}, beyond {BAND:.0f} m {deep}"
    )


if __name__ == "__main__":
    main()
