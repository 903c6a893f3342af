"""Measures a topic on two lists with known truth: the two rounds in the clear, exactly as a run has them.

    python bench/people.py [--topic people|groups] A B --truth T --ignore I
    DETENTE_DATA=... python bench/people.py e1 e2 e3

Tokens that more than `cap` of one side's records hold are dropped by that side; candidate pairs are pairs of records that share a
token, at most 24 a record, the most surprising first; values are compared for the pairs that `compare` lets through; `judge` and
`settle` decide. Pairs in --ignore count neither way.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detente.errors import Misuse
from detente.topics.topic import Judgement, Pair, Prepared, Record, Token, Topic

CAP = 8
PAIRS_PER_RECORD = 24
SETS = {
    "e1": ("people", "E1_xscript_persons"),
    "e2": ("people", "E2_eu_un_x_ofac_persons"),
    "e3": ("groups", "E3_groups"),
}


@dataclass
class Side:
    records: list[Record]
    prepared: list[Prepared]
    refused: int
    holders: dict[Token, list[int]] = field(default_factory=dict)
    dropped: int = 0


@dataclass
class Outcome:
    ours: Side
    theirs: Side
    pairs: int = 0
    capped: int = 0
    compared: int = 0
    seconds: float = 0.0
    findings: list[tuple[int, int, Judgement, Pair]] = field(default_factory=list)
    candidates: set[tuple[str, str]] = field(default_factory=set)
    judged: dict[tuple[str, str], tuple[Judgement, Pair]] = field(default_factory=dict)


def load(topic: Topic, path: Path) -> Side:
    records, refused = [], 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                records.append(topic.parse(json.loads(line)))
            except Misuse:
                refused += 1
    side = Side(records, list(topic.prepare(records)), refused)
    holders: dict[Token, list[int]] = defaultdict(list)
    for position, prepared in enumerate(side.prepared):
        for token in prepared.tokens:
            holders[token].append(position)
    side.holders = {token: who for token, who in holders.items() if len(who) <= CAP}
    side.dropped = len(holders) - len(side.holders)
    return side


def run(topic: Topic, a: Path, b: Path) -> Outcome:
    start = time.process_time()
    ours, theirs = load(topic, a), load(topic, b)
    out = Outcome(ours, theirs)
    out.seconds = time.process_time() - start
    shared: dict[tuple[int, int], list[Token]] = defaultdict(list)
    for token, who in ours.holders.items():
        for left in who:
            for right in theirs.holders.get(token, ()):
                shared[left, right].append(token)
    kept = strongest(shared)
    out.capped = len(shared) - len(kept)
    out.pairs = len(kept)
    for left, right in kept:
        mine, other = ours.prepared[left], theirs.prepared[right]
        tokens = tuple(sorted(shared[left, right]))
        pair = Pair(tokens, mine.profile, other.profile)
        if topic.compare(pair):
            out.compared += 1
            agreed = tuple(sorted(set(mine.values) & set(other.values)))
            pair = Pair(tokens, mine.profile, other.profile, agreed, True)
        judgement = topic.judge(pair)
        key = (ours.records[left].id, theirs.records[right].id)
        out.candidates.add(key)
        out.judged[key] = (judgement, pair)
        if judgement.grade:
            out.findings.append((left, right, judgement, pair))
    keep = topic.settle([(left, right, judgement) for left, right, judgement, _ in out.findings])
    out.findings = [out.findings[i] for i in keep]
    return out


def strongest(shared: dict[tuple[int, int], list[Token]]) -> list[tuple[int, int]]:
    """At most PAIRS_PER_RECORD pairs of each record: those that share most tokens, in a fixed order."""
    used: Counter[tuple[int, int]] = Counter()
    kept = []
    for pair in sorted(shared, key=lambda p: (-len(shared[p]), p)):
        if used[0, pair[0]] < PAIRS_PER_RECORD and used[1, pair[1]] < PAIRS_PER_RECORD:
            used[0, pair[0]] += 1
            used[1, pair[1]] += 1
            kept.append(pair)
    return sorted(kept)


def measures(
    found: set[tuple[str, str]], truth: set[tuple[str, str]], ignore: set[tuple[str, str]]
) -> tuple[int, int, int, float, float, float]:
    found = found - ignore
    hit = len(found & truth)
    precision = hit / len(found) if found else 0.0
    recall = hit / len(truth) if truth else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
    return hit, len(found) - hit, len(truth) - hit, precision, recall, f1


def report(label: str, topic: Topic, a: Path, b: Path, truth: Path, ignore: Path | None) -> Outcome:
    rows = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines()]
    true = {(row["a"], row["b"]) for row in rows}
    skip = set()
    if ignore:
        skip = {
            (row["a"], row["b"]) for row in map(json.loads, ignore.read_text(encoding="utf-8").splitlines())
        }
    out = run(topic, a, b)
    ids = (out.ours.records, out.theirs.records)

    def pairs(grades: Sequence[str]) -> set[tuple[str, str]]:
        return {
            (ids[0][left].id, ids[1][right].id) for left, right, j, _ in out.findings if j.grade in grades
        }

    strong, both = pairs(["strong"]), pairs(["strong", "possible"])
    tp, fp, fn, p, r, f1 = measures(strong, true, skip)
    names = len(ids[0]) + len(ids[1])
    tokens = [len(prepared.tokens) for side in (out.ours, out.theirs) for prepared in side.prepared]
    values = [len(prepared.values) for side in (out.ours, out.theirs) for prepared in side.prepared]
    print(f"{label}: F1 {f1:.4f}  P {p:.4f}  R {r:.4f}  (tp {tp} fp {fp} fn {fn})")
    print(
        f"   strong+possible: R {measures(both, true, skip)[4]:.4f}; {len(both) - len(strong)} possible, {len(strong)} strong"
    )
    print(
        f"   candidates {out.pairs} (recall {len(out.candidates & true) / max(len(true), 1):.4f}), capped {out.capped}, compared {out.compared};"
        f" tokens dropped {out.ours.dropped}+{out.theirs.dropped}, mean {sum(tokens) / len(tokens):.1f} max {max(tokens)};"
        f" values mean {sum(values) / len(values):.1f} max {max(values)}"
    )
    print(
        f"   {names} records in {out.seconds:.2f} s of processor time: {names / out.seconds:.0f}/s; refused {out.ours.refused}+{out.theirs.refused}"
    )
    scripts = Counter(row.get("script", "") for row in rows)
    if len(scripts) > 1:
        hits = Counter(row["script"] for row in rows if (row["a"], row["b"]) in strong)
        near = Counter(row["script"] for row in rows if (row["a"], row["b"]) in both)
        print(
            "   recall by script: "
            + ", ".join(
                f"{s} {hits[s] / n:.3f} ({near[s] / n:.3f} with possible) of {n}" for s, n in scripts.items()
            )
        )
    return out


def topic_named(name: str) -> Topic:
    if name == "people":
        from detente.topics.people import PeopleTopic

        return PeopleTopic()
    from detente.topics.groups import GroupsTopic

    return GroupsTopic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", help="e1, e2, e3, or two files")
    parser.add_argument("--topic", default="people")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--ignore", type=Path)
    args = parser.parse_args()
    if args.files[0] in SETS:
        for name in args.files:
            topic, folder = SETS[name]
            home = Path(os.environ["DETENTE_DATA"]) / "people" / folder
            report(
                name,
                topic_named(topic),
                home / "a.ftm.json",
                home / "b.ftm.json",
                home / "truth.jsonl",
                home / "ignore.jsonl",
            )
    else:
        a, b = map(Path, args.files)
        report("given", topic_named(args.topic), a, b, args.truth, args.ignore)


if __name__ == "__main__":
    main()
