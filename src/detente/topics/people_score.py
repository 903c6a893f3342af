"""What an agreement of two persons' values weighs: a Fellegi-Sunter log-likelihood in integer millibits.

Symmetric: only the agreed values and both profiles enter. The chances below are general knowledge and measurements on Wikidata's name
pairs; spec/tokens-people, section 6 says where each comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.topics.names import frequency
from detente.topics.people_bound import heaviest
from detente.topics.topic import Pair, Reason, Value

PRIOR = -12_000  # one pair in some four thousand candidates drawn at random is one person
KIN = 12_000  # relatives and namesakes: parts that agree beside one that conflicts say no more than this

# log2 of the chance that a part of one person's two spellings agrees so and no better, in millibits
_SAME = {"given": -400, "form": -400, "sounds": -3_500, "sound": -5_500}
_ARABIC = {"given": -900, "form": -900, "sounds": -900, "sound": -3_000}
_CONFLICT, _CONFLICT_ARABIC = 5_000, 3_000
_EXTRA = 700
_DOCUMENT = 30_000  # a strong identifier decides alone, for and against
_CULTURE = 4_000  # a surname is some sixteen times commoner in its own culture than in the world's table
_CULTURE_AGREES = 1_500


@dataclass(frozen=True, slots=True)
class PartAgreement:
    """One name part that both records have. `level`: given, form, sounds (two codes), sound (one)."""

    level: str
    shown: str
    decibits: int
    patronymic: bool
    anchors: frozenset[str]


def score(pair: Pair) -> list[Reason]:
    """The waterfall: each line's weight; their sum is the log-odds."""
    chances = _ARABIC if _across_arabic(pair) else _SAME
    found = [(_weigh(part, chances), part) for part in part_agreements(pair.agreed)]
    found.sort(key=lambda entry: (-entry[0].millibits, entry[0].what))
    pairs = {value.value for value in pair.agreed if value.kind == "together"}
    kept = heaviest([reason.millibits for reason, _ in found], [part.anchors for _, part in found], pairs)
    found = [found[i] for i in kept]
    reasons = [Reason("of all pairs of records, few are one person", PRIOR), *(reason for reason, _ in found)]
    if found:
        reasons.append(Reason("the names are of one language", _CULTURE_AGREES))
    return (
        reasons
        + _apart(pair, [part for _, part in found], sum(r.millibits for r in reasons) - PRIOR)
        + _facts(pair)
    )


def _apart(pair: Pair, agreed: Sequence[PartAgreement], names: int) -> list[Reason]:
    """What speaks against: parts that conflict, parts on one side only, and that relatives share names."""
    conflicts, extras = _unmatched(pair, agreed)
    reasons = [Reason("so many parts and names could have agreed", -_ways(pair, agreed))] if agreed else []
    if conflicts:
        each = _CONFLICT_ARABIC if _across_arabic(pair) else _CONFLICT
        reasons.append(Reason(f"name parts that differ: {conflicts}", -conflicts * each))
    if extras:
        reasons.append(Reason(f"name parts on one side only: {extras}", -extras * _EXTRA))
    # In a chain of names the first is one's own and the others are the family's.
    chain = extras and not any(p.patronymic for p in agreed) and sum(v.kind == "end" for v in pair.agreed) < 2
    names += sum(reason.millibits for reason in reasons[:1])
    if (conflicts or (chain and len(agreed) > 1)) and names > KIN:
        reasons.append(Reason("relatives share the name parts that agree", KIN - names))
    return reasons


# 1000 log2 n
_LOG2 = (0, 0, 1000, 1585, 2000, 2322, 2585, 2807, 3000, 3170, 3322, 3459, 3585)


def _ways(pair: Pair, agreed: Sequence[PartAgreement]) -> int:
    """Parts have no order and records several names: each chance of agreeing by accident counts."""
    size = max(_largest(pair.ours), _largest(pair.theirs))
    free = sum(not part.patronymic for part in agreed)
    ways = sum(_LOG2[max(size - i - (free < len(agreed)), 1)] for i in range(free))
    return (
        ways + (_LOG2[min(pair.ours.get("names", 1), 12)] + _LOG2[min(pair.theirs.get("names", 1), 12)]) // 2
    )


def _across_arabic(pair: Pair) -> bool:
    ours, theirs = pair.ours.get("scripts", 0), pair.theirs.get("scripts", 0)
    return not ours & theirs and bool((ours | theirs) & 4)


def _weigh(part: PartAgreement, chances: Mapping[str, int]) -> Reason:
    words = {
        "given": "same given name",
        "form": "same name part",
        "sounds": "name part sounds the same",
        "sound": "name part sounds alike",
    }
    millibits = 100 * part.decibits
    millibits = max(millibits, 3_500) if part.level == "given" else max(millibits - _CULTURE, 1_000)
    role = " of the father" if part.patronymic else ""
    return Reason(
        f"{words[part.level]}{role}: {part.shown}", max(millibits + chances[part.level], -_CONFLICT)
    )


def _sizes(profile: Mapping[str, int]) -> list[tuple[int, bool]]:
    return [(size, p == "p") for size in range(1, 7) for p in ("", "p") if profile.get(f"parts{size}{p}")]


def _largest(profile: Mapping[str, int]) -> int:
    return max((size for size, _ in _sizes(profile)), default=0)


def _unmatched(pair: Pair, agreed: Sequence[PartAgreement]) -> tuple[int, int]:
    """(parts that stand against each other, parts on one side only) in the names of both that fit the agreed parts best."""
    k, father = len(agreed), any(part.patronymic for part in agreed)
    best: tuple[int, int, int] | None = None
    for ours, our_father in _sizes(pair.ours):
        for theirs, their_father in _sizes(pair.theirs):
            if father and not (our_father and their_father):
                continue
            a, b = max(ours - k, 0), max(theirs - k, 0)
            short = max(k - ours, 0) + max(k - theirs, 0)
            if not father and our_father != their_father:
                # the one patronymic stands against nothing
                a, b = a - (our_father and a > 0), b - (their_father and b > 0)
                cost = (min(a, b) * 10 + abs(a - b) + 1 + short * 3, min(a, b), abs(a - b) + 1)
            else:
                cost = (min(a, b) * 10 + abs(a - b) + short * 3, min(a, b), abs(a - b))
            best = cost if best is None else min(best, cost)
    return (best[1], best[2]) if best else (0, 0)


# ---- which agreed codes are of one part -------------------------------------------------------------------------------

_CLASSES = {
    "dm": str.maketrans({"0": "", "7": "", "5": ""}),
    "mp": str.maketrans({"A": "", "F": "", "P": "", "K": "", "H": "", "T": "3", "0": "3", "S": "4", "X": "4", "J": "4",
                         "L": "8", "M": "6", "N": "6", "R": "9"}),
    "bone": str.maketrans({"b": "", "f": "", "k": "", "h": "", "t": "3", "d": "3", "s": "4", "S": "4", "z": "4", "j": "4",
                           "l": "8", "m": "6", "n": "6", "r": "9"}),
}  # fmt: skip


def _classes(family: str, code: str) -> str:
    """The consonants that all codes tell apart in the same way, repeated ones once, at most four."""
    out = ""
    for c in code.translate(_CLASSES[family]):
        if not out.endswith(c):
            out += c
    return out[:4]


def part_agreements(agreed: Sequence[Value]) -> list[PartAgreement]:
    """One entry for each name part that agrees, however many of its codes do."""
    by: dict[str, list[str]] = {family: [] for family in ("given", "form", "dm", "mp", "bone")}
    for value in agreed:
        if value.kind in by:
            by[value.kind].append(value.value)
    out: list[PartAgreement] = []
    for symbol in sorted(by["given"]):
        mark, bare = _unmark(symbol)
        out.append(
            PartAgreement(
                "given",
                bare,
                frequency.surprise("given here", bare),
                bool(mark),
                frozenset({f"{mark}g:{bare}"}),
            )
        )
    for form in sorted(by["form"]):
        mark, bare = _unmark(form)
        of = frequency.codes_of_form(bare)
        anchors = frozenset(f"{mark}{f[0]}:{c}" for f in _CLASSES for c in of[f] if c)
        out.append(PartAgreement("form", bare, frequency.surprise("form", bare), bool(mark), anchors))
    said = {code for part in out for code in part.anchors}
    return out + _heard(by, said)


def _heard(by: Mapping[str, Sequence[str]], said: set[str]) -> list[PartAgreement]:
    """Parts that agree in their codes only: not those of a form that agrees (`said`); codes of the same consonants are one part's.

    The codes of a class that agrees are told from another part's by standing beside none (people_bound).
    """
    groups: dict[str, list[tuple[int, str, str]]] = {}
    for family in _CLASSES:
        for code in sorted(by[family]):
            mark, bare = _unmark(code)
            groups.setdefault(mark + _classes(family, bare), []).append(
                (frequency.surprise(family, bare), family, code)
            )
    out = []
    for key, codes in sorted(groups.items()):
        mark = "~" if key.startswith("~") else ""
        level = "sounds" if len({family for _, family, _ in codes}) > 1 else "sound"
        decibits, _, code = max(codes)
        anchors = frozenset(f"{mark}{family[0]}:{_unmark(c)[1]}" for _, family, c in codes)
        out.append(PartAgreement(level, _unmark(code)[1], decibits, bool(mark), anchors))
    return out


def _unmark(code: str) -> tuple[str, str]:
    return ("~", code[1:]) if code.startswith("~") else ("", code)


# ---- everything but names ---------------------------------------------------------------------------------------------


def _facts(pair: Pair) -> list[Reason]:
    kinds = {value.kind for value in pair.agreed}
    return [*_born(pair, kinds), *_country(pair, kinds), *_documents(pair, kinds), *_other(pair, kinds)]


def _both(pair: Pair, key: str) -> bool:
    return bool(pair.ours.get(key) and pair.theirs.get(key))


def _born(pair: Pair, kinds: set[str]) -> list[Reason]:
    low = min(pair.ours.get("birth", 0), pair.theirs.get("birth", 0))
    if low == 0:
        return []
    ladder = (
        ("birth day", "same day of birth", 12_500, 12_500),
        ("birth day or swapped", "same day of birth, day and month swapped", 7_500, 7_500),
        ("birth year", "same year of birth", 4_800, -1_500),
        ("birth month and day", "same day and month of birth, other year", 1_500, 1_500),
        ("birth years", "years of birth one apart", 0, -3_000),
    )
    for kind, words, coarse, fine in ladder:
        if kind in kinds:
            if kind == "birth year" and low == 3 and "birth month" in kinds:
                return [Reason("same month of birth, other day", 1_500)]
            return [
                Reason(
                    words if low < 3 or coarse == fine else words + ", other day",
                    fine if low == 3 else coarse,
                )
            ]
    return [Reason("years of birth differ", -7_500)]


def _country(pair: Pair, kinds: set[str]) -> list[Reason]:
    if not _both(pair, "nationalities"):
        return []
    return [
        Reason("same nationality", 1_000)
        if "nationality" in kinds
        else Reason("nationalities differ", -3_000)
    ]


def _documents(pair: Pair, kinds: set[str]) -> list[Reason]:
    numbers = {"inn", "tax number", "passport", "identity number"} & kinds
    if numbers or any(token.kind == "document" for token in pair.tokens):
        return [Reason("same document number: " + ", ".join(sorted(numbers or {"number"})), _DOCUMENT)]
    return [Reason("taxpayer numbers differ", -_DOCUMENT)] if _both(pair, "inns") else []


def _other(pair: Pair, kinds: set[str]) -> list[Reason]:
    out = []
    if "phone" in kinds:
        out.append(Reason("same telephone number", 9_000))
    if _both(pair, "genders"):
        out.append(Reason("same gender", 900) if "gender" in kinds else Reason("genders differ", -6_000))
    if "birth place" in kinds:
        out.append(Reason("same place of birth", 4_000))
    elif _both(pair, "places"):
        out.append(Reason("places of birth differ", -1_500))
    return out
