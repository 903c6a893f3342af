"""How well pages are read: titles, dates, text, names and aliases of the invented pages in tests/data/reports, tuned and held out.

    python bench/reports.py [--misses] [--held]

--misses shows what differs from the truth on the pages that were tuned on; with --held on the others too (then they are held out no more).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from detente.adapters.pages import page_of
from detente.topics.orgs import aliases
from detente.topics.reports.report import Report, read
from support.pages import Fixture, Score, fixtures, rates, score


def main() -> None:
    shown = "--misses" in sys.argv
    rows: list[tuple[Fixture, Report, Score]] = []
    began = time.perf_counter()
    for fixture in fixtures():
        report = read(page_of(fixture.data, fixture.name).page)
        rows.append((fixture, report, score(report, fixture.truth)))
    seconds = time.perf_counter() - began
    for fixture, report, found in rows:
        if shown and (not fixture.held or "--held" in sys.argv):
            _tell(fixture, report, found)
    print(f"{'':10} pages  title  date  language  text F1  persons P/R    groups P/R     alias sets P/R")
    for name, some in (
        ("tuned", [found for fixture, _, found in rows if not fixture.held]),
        ("held out", [found for fixture, _, found in rows if fixture.held]),
    ):
        total = len(some)
        pairs = [rates([getattr(found, what) for found in some]) for what in ("persons", "groups", "aliases")]
        told = "  ".join(f"{p:5.3f} / {r:5.3f}" for p, r in pairs)
        print(
            f"{name:10} {total:5}  {sum(f.title for f in some):2}/{total}  {sum(f.published for f in some):2}/{total}"
            f"  {sum(f.language for f in some):2}/{total}     {sum(f.text for f in some) / total:6.4f}  {told}"
        )
    print(f"{len(rows)} pages in {seconds:.1f} s")


def _tell(fixture: Fixture, report: Report, found: Score) -> None:
    truth = fixture.truth
    print("==", fixture.name)
    if not found.title:
        print("  title:", report.title, "| true:", truth.title)
    if not found.published:
        print("  date:", report.published, "| true:", truth.published)
    if not found.language:
        print("  language:", report.language)
    if found.text < 0.999:
        ours, theirs = report.text.split("\n\n"), truth.text.split("\n")
        print(
            f"  text: {found.text:.3f}",
            "| extra:",
            [x for x in ours if x not in truth.text][:8],
            "| missing:",
            [x for x in theirs if x not in report.text][:8],
        )
    persons = [named.text for named in report.named if named.kind == "person"]
    if found.persons[0] != found.persons[1] or found.persons[1] != found.persons[2]:
        print("  persons:", persons, "| true:", truth.persons)
    groups = [(named.text, named.candidates) for named in report.named if named.kind == "group"]
    if found.groups[0] != found.groups[1] or found.groups[1] != found.groups[2]:
        print("  groups:", groups, "| true:", truth.groups)
    if found.aliases[0] != found.aliases[1] or found.aliases[1] != found.aliases[2]:
        print(
            "  aliases:",
            report.aliases,
            "| true:",
            [sorted(names) for names in truth.aliases],
            "| keys:",
            [list(map(aliases.key, n)) for n in report.aliases],
        )


if __name__ == "__main__":
    main()
