"""Makes src/detente/topics/names/frequency.txt: how common each name code is among Wikidata's name tokens (CC0).

    python bench/people_frequency.py NAMES_FOLDER   # holds wd_russian_80 and wd_arabic_80

Each line of the sources is: Latin spelling, tab, the other script's letters separated by spaces, tab, count. A Latin spelling's count
is the sum over both files. The table gives, for each code family, the surprise of a code in decibits (tenths of a bit).
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from pathlib import Path

from detente.topics.names import frequency
from detente.topics.names.parts import word_part
from detente.topics.names.romanise import normal

SEEN_AT_LEAST = {"form": 6, "both": 6, "dm": 3, "mp": 3, "bone": 3, "sym": 1}


def spellings(folder: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name in ("wd_russian_80", "wd_arabic_80"):
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            fields = line.split("\t")
            if len(fields) == 3:
                counts[fields[0]] += int(fields[2])
    return counts


def main(folder: Path, out: Path) -> None:
    families: dict[str, Counter[str]] = {family: Counter() for family in frequency.FAMILIES}
    total = 0
    for spelling, count in spellings(folder).items():
        part = word_part(normal(spelling))
        if part is None or part.role != "name":
            continue
        total += count
        for family, codes in frequency.codes_of(part).items():
            for code in codes:
                families[family][code] += count
    lines = [
        f"# detente name frequency, version 1; decibits of surprise; tokens={total}; source: Wikidata name tokens, CC0"
    ]
    for family, counts in families.items():
        levels: dict[int, list[str]] = {}
        for code, count in counts.items():
            if count >= SEEN_AT_LEAST[family]:
                levels.setdefault(round(10 * math.log2(total / count)), []).append(code)
        lines += [f"{family}\t{level}\t{' '.join(sorted(levels[level]))}" for level in sorted(levels)]
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{out}: {total} tokens, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "src/detente/topics/names/frequency.txt")
