"""Measures how long two published lists take to be brought together, and what came of it: what matched, by which means, what was left.

    DETENTE_DATA=... python bench/joint_list.py

Reads lists/ of the data: the UN's consolidated list, OFAC's SDN list, Canada's listed entities. CPU seconds of one process; reading the
files is told apart. What the alias table, an equal name and the topic's score each matched is counted, as are the entries of each side
that were left and the names in question.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from detente.adapters.lists import ListFile, read_list
from detente.node.listings import joint_content
from detente.topics.designations.reconciling import reconcile
from detente.wire.canonical import canonical

PAIRS = (
    ("un_consolidated.xml", "ofac_sdn.csv"),
    ("un_consolidated.xml", "misp_galaxy_terrorist-groups.json"),
    ("misp_galaxy_terrorist-groups.json", "ofac_sdn.csv"),
)


def read(path: Path) -> tuple[ListFile, float]:
    began = time.process_time()
    found = read_list(path)
    return found, time.process_time() - began


def measure(data: Path, ours: str, theirs: str) -> None:
    (first, reading), (second, more) = read(data / ours), read(data / theirs)
    began = time.process_time()
    found = reconcile(first.listings, second.listings)
    seconds = time.process_time() - began
    how = Counter(entry.because.how for entry in found.of("both") if entry.because)
    doubts = Counter(question.doubt for question in found.questions)
    size = len(canonical(joint_content(found, "0" * 64, "1" * 64, "Groups")))
    print(f"{first.source} ({len(first.listings)}) and {second.source} ({len(second.listings)})")
    print(
        f"  read in {reading + more:.2f} s, brought together in {seconds:.2f} s of CPU; as a joint list {size} bytes"
    )
    print(
        f"  on both {len(found.of('both'))}: " + ", ".join(f"{n} by {kind}" for kind, n in how.most_common())
    )
    print(
        f"  left {len(found.of('ours'))} and {len(found.of('theirs'))}; in question: "
        + ", ".join(f"{n} {d}" for d, n in doubts.most_common())
    )


def main() -> None:
    data = Path(os.environ["DETENTE_DATA"]) / "lists"
    reconcile(read_list(data / PAIRS[0][0]).listings[:20], [])  # tables are read once
    for ours, theirs in PAIRS:
        measure(data, ours, theirs)


if __name__ == "__main__":
    main()
