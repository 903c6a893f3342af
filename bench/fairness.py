"""How far ahead a peer gets that stops early: counted at every message of a run, over several runs.

    python bench/fairness.py

Two honest parties play a whole run; after each message it is counted how many of the common tokens either side has found. Whoever has just heard
a message could stop there. The largest lead is what stopping is worth.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from detente.psi.engine import Role
from support.toy import lists, stops, terms

RUNS = 5
RECORDS, ALONE = 64, 16  # records on both lists, and on one alone; four tokens each


def main() -> None:
    common = 4 * RECORDS
    print(f"{common} common tokens of {4 * (RECORDS + ALONE)} a side, {RUNS} runs each\n")
    print(
        "| buckets k | points to stop at | common / k | fullest bucket | largest lead of FIRST | of SECOND | points with a lead |"
    )
    print("|---|---|---|---|---|---|---|")
    for buckets in (1, 4, 16, 64):
        ours, theirs = lists(RECORDS, ALONE)
        runs = [stops(ours, theirs, terms(buckets=buckets), seed=f"fairness {n}") for n in range(RUNS)]
        points = [stop for found, _ in runs for stop in found]
        lead = {role: max(stop.lead for stop in points if stop.stopper is role) for role in Role}
        ahead = sum(stop.lead > 0 for stop in points)
        fullest = max(full for _, full in runs)
        assert max(lead.values()) <= fullest
        print(
            f"| {buckets} | {len(runs[0][0])} | {common / buckets:g} | {fullest} | {lead[Role.FIRST]} | {lead[Role.SECOND]} "
            f"| {ahead / len(points):.0%} |"
        )


if __name__ == "__main__":
    main()
