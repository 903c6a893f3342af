"""What agreed values weigh: a Fellegi-Sunter log-likelihood in integer millibits, the same on both sides."""

from __future__ import annotations

from collections.abc import Mapping

from detente.topics.names import frequency, given
from detente.topics.topic import Pair, Reason, Value

PRIOR = -12_000
# log2 of the chance that a true pair's part agrees at this level and no better, in millibits, by script distance
SAME = {"form": -300, "sym": -300, "both": -2500, "dm": -3500, "mp": -3500, "bone": -5000}
ACROSS_ARABIC = {"form": -1000, "sym": -500, "both": -1500, "dm": -2000, "mp": -2000, "bone": -2000}
CLUSTER = 2000  # names of one culture come together: a second agreeing part says less than the table has it


def coverage(pair: Pair) -> list[Reason]:
    reasons = [Reason("how rarely two records are one person", PRIOR)]
    across = bool((pair.ours["scripts"] ^ pair.theirs["scripts"]) & 4) and not (
        pair.ours["scripts"] & pair.theirs["scripts"]
    )
    levels = ACROSS_ARABIC if across else SAME
    matched = matched_parts(pair.agreed)
    limit = min(most_parts(pair.ours), most_parts(pair.theirs))
    weighed = sorted(
        ((10 * 10 * frequency.surprise(f, c.lstrip("~")) + levels[f], f, c) for f, c in matched),
        key=lambda w: (-w[0], w[1:]),
    )[:limit]
    for position, (weight, family, code) in enumerate(weighed):
        reasons.append(
            Reason(f"name part agrees ({family} {code})", max(weight - (CLUSTER if position else 0), 500))
        )
    reasons += unmatched(pair, len(weighed), across)
    reasons += births(pair)
    reasons += nationality(pair)
    return reasons


def most_parts(profile: Mapping[str, int]) -> int:
    return max([size for size in range(1, 7) if profile.get(f"size{size}")], default=0)


def unmatched(pair: Pair, k: int, across: bool) -> list[Reason]:
    best: tuple[int, int, int] | None = None
    for ours in range(1, 7):
        for theirs in range(1, 7):
            if (
                pair.ours.get(f"size{ours}")
                and pair.theirs.get(f"size{theirs}")
                and min(ours, theirs) >= min(k, 2)
            ):
                a, b = max(ours - k, 0), max(theirs - k, 0)
                conflict, extra = min(a, b), abs(a - b)
                cost = (conflict * (2000 if across else 5500) + extra * 700, conflict, extra)
                best = min(best, cost) if best else cost
    if best is None or best[0] == 0:
        return []
    return [Reason(f"{best[1]} name parts differ, {best[2]} are on one side only", -best[0])]


def matched_parts(agreed: tuple[Value, ...]) -> list[tuple[str, str]]:
    by: dict[str, list[str]] = {family: [] for family in frequency.FAMILIES}
    for value in agreed:
        if value.kind in by:
            by[value.kind].append(value.value)
    explained: set[tuple[str, str]] = set()
    matched: list[tuple[str, str]] = []
    for symbol in sorted(by["sym"]):
        matched.append(("sym", symbol))
        mark = "~" if symbol.startswith("~") else ""
        for family, code in given.class_codes(symbol.lstrip("~")):
            explained.add((family, mark + code))
    for family in ("form", "both"):
        for code in sorted(by[family]):
            if (family, code) in explained:
                continue
            matched.append((family, code))
            mark = "~" if code.startswith("~") else ""
            if family == "form":
                for f, cs in frequency.codes_of_form(code.lstrip("~")).items():
                    explained.update((f, mark + c) for c in cs)
            else:
                d, _, m = code.lstrip("~").partition("|")
                explained.update({("dm", mark + d), ("mp", mark + m)})
    rest = {f: [c for c in by[f] if (f, c) not in explained] for f in ("dm", "mp", "bone")}
    most = max(map(len, rest.values()))
    pool = sorted(((frequency.surprise(f, c.lstrip("~")), f, c) for f in rest for c in rest[f]), reverse=True)
    return matched + [(f, c) for _, f, c in pool[:most]]


def births(pair: Pair) -> list[Reason]:
    kinds = {value.kind for value in pair.agreed}
    low = min(pair.ours["birth"], pair.theirs["birth"])
    if low == 0:
        return []
    if "birth day" in kinds:
        return [Reason("same day of birth", 12_500)]
    if "birth day or swapped" in kinds:
        return [Reason("same day of birth with day and month swapped", 8_000)]
    if "birth year" in kinds:
        if low < 3:
            return [Reason("same year of birth", 4_800)]
        if "birth month" in kinds:
            return [Reason("same month of birth, other day", 2_000)]
        return [Reason("same year of birth, other day", -1_500)]
    if "birth month and day" in kinds:
        return [Reason("same day and month of birth, other year", 2_000)]
    if "birth years" in kinds:
        return [Reason("years of birth one apart", -500 if low < 3 else -3_000)]
    return [Reason("years of birth differ", -6_000)]


def nationality(pair: Pair) -> list[Reason]:
    if not pair.ours["nationalities"] or not pair.theirs["nationalities"]:
        return []
    if any(value.kind == "nationality" for value in pair.agreed):
        return [Reason("same nationality", 1_000)]
    return [Reason("nationalities differ", -3_000)]
