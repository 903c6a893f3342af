"""Makes src/detente/topics/names/frequency.txt: how common each name code is among Wikidata's name tokens (CC0).

    python bench/people_frequency.py NAMES_FOLDER   # holds wd_russian_80 and wd_arabic_80

Each line of the sources is: Latin spelling, tab, the other script's letters separated by spaces, tab, count. A Latin
spelling's count is the sum over both files. The table gives, for each code family, the surprise of a code in decibits
(tenths of a bit). "given here" counts a given-name class among the names of its own culture.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from pathlib import Path

from detente.topics.names import frequency, given
from detente.topics.names.parts import word_part
from detente.topics.names.romanise import normal

SEEN_AT_LEAST = {"given": 1, "given here": 1, "form": 6, "dm": 4, "mp": 4, "bone": 4}


def spellings(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name in ("wd_russian_80", "wd_arabic_80"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            fields = line.split("\t")
            if len(fields) == 3:
                counts[fields[0]] += int(fields[2])
    return counts


def count(folder: Path) -> tuple[int, dict[str, Counter[str]], Counter[str]]:
    families: dict[str, Counter[str]] = {family: Counter() for family in frequency.FAMILIES}
    cultures: Counter[str] = Counter()
    total = 0
    for spelling, seen in spellings(folder).items():
        part = word_part(normal(spelling))
        if part is None or part.role != "name":
            continue
        total += seen
        for family, codes in frequency.codes_of(part).items():
            for code in codes:
                families[family][code] += seen
        if part.symbol and "." not in part.symbol and not given.is_foreign(part.form):
            families["given here"][part.symbol] += seen
            cultures[given.culture(part.symbol)] += seen
    return total, families, cultures


def main(folder: Path, out: Path) -> None:
    total, families, cultures = count(folder)
    lines = [
        f"# detente name frequency, version 1; decibits of surprise; tokens={total}; source: Wikidata name tokens, CC0"
    ]
    for family, counts in families.items():
        levels: dict[int, list[str]] = {}
        for code, seen in counts.items():
            of = cultures[given.culture(code)] if family == "given here" else total
            if seen >= SEEN_AT_LEAST[family]:
                levels.setdefault(round(10 * math.log2(of / seen)), []).append(code)
        lines += [f"{family}\t{level}\t{' '.join(sorted(levels[level]))}" for level in sorted(levels)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{out.name}: {total} tokens, {dict(cultures)} given, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "src/detente/topics/names/frequency.txt")
