"""What an agreement of two organisations' values weighs, in integer millibits. Symmetric: only agreed values and profiles enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detente.topics.groups_keys import NUMBERS, STEP, STEPS
from detente.topics.orgs.words import of_code
from detente.topics.people_bound import heaviest
from detente.topics.topic import Pair, Reason

PRIOR = -12_000
_CERTAIN = 30_000  # a number of a register decides alone
_LISTED = 16_000  # both names stand for one entry of the public table of listed groups
_SOUND = -4_000
_HOME = 3_000  # words are that much commoner among the organisations of one country and trade than in the world's tables
_MOST = 15_000  # a name says no more: affiliates, branches and namesakes have the same name one time in 2^15
_FORM = 4_500  # affiliates and namesakes have another legal form, or one where the other has none
_EXTRA = 5_000  # a word on one side only: a branch, a subsidiary, a plant of the same town
_MORE = 1_500  # each further name that is the same
_SHARED = 11_000  # words that two names share say no more than this
_BIT = 80  # millibits for a decibit: words of a name are not independent, and affiliates share them
_LOG2 = (0, 0, 1000, 1585, 2000, 2322, 2585, 2807, 3000, 3170, 3322, 3459, 3585)


def score(pair: Pair) -> list[Reason]:
    """The waterfall: each line's weight; their sum is the log-odds."""
    by: dict[str, list[str]] = {}
    for value in pair.agreed:
        by.setdefault(value.kind, []).append(value.value)
    return [
        Reason("of all pairs of records, few are one organisation", PRIOR),
        *_names(pair, by),
        *_facts(pair, by),
    ]


def _names(pair: Pair, by: Mapping[str, Sequence[str]]) -> list[Reason]:
    """The best of: a whole name that is equal, sounds the same or differs by a word; words that two names share; one listed group."""
    options = [
        _words(pair, by),
        *([_whole(pair, name, "same name", 0)] for name in by.get("whole name", ())),
        *(
            [_whole(pair, name, "name that sounds the same", _SOUND)]
            for name in by.get("whole name as heard", ())
        ),
        *(_but_for_a_word(pair, name) for name in by.get("name but for a word", ())),
        *([Reason(f"both are known as {entry}", _LISTED)] for entry in by.get("listed group", ())),
    ]
    return max(options, key=lambda reasons: (sum(r.millibits for r in reasons), [r.what for r in reasons]))


def _but_for_a_word(pair: Pair, name: str) -> list[Reason]:
    decibits = sum(map(_decibits, name.split("+")))
    # The names are not equal, so a word at least stands on one side only, whatever the profiles' steps say.
    least = Reason("a word of one name is not in the other", -_EXTRA)
    return [_whole(pair, name, "name but for a word", 0), *(_apart(pair, decibits) or [least])]


def _ways(pair: Pair) -> int:
    return (_LOG2[min(pair.ours.get("names", 1), 12)] + _LOG2[min(pair.theirs.get("names", 1), 12)]) // 2


def _whole(pair: Pair, name: str, words: str, less: int) -> Reason:
    # Of several names one is equal by accident sooner: an abbreviation, a byname.
    decibits = sum(map(_decibits, name.split("+")))
    return Reason(f"{words}: {_shown(name)}", min(_BIT * decibits, _MOST) - _ways(pair) + less)


def _decibits(code: str) -> int:
    family, _, bare = code.partition(":")
    return of_code({"w": "given", "f": "form", "d": "dm"}[family], bare)


def _shown(name: str) -> str:
    return " ".join(code.partition(":")[2] for code in name.split("+"))


def _words(pair: Pair, by: Mapping[str, Sequence[str]]) -> list[Reason]:
    codes = [*by.get("word", ()), *(f"d:{code}" for code in by.get("sound", ()))]
    weighed = sorted(((_decibits(code), code) for code in codes), key=lambda w: (-w[0], w[1]))
    millibits = [
        max(_BIT * d - (_HOME if not c.startswith("w:") else 0) + (_SOUND if c.startswith("d:") else 0), 500)
        for d, c in weighed
    ]
    kept = heaviest(
        millibits, [frozenset({code}) for _, code in weighed], set(by.get("together", ())), plain=True
    )
    if not kept:
        return []
    reasons = [
        Reason(
            ("word sounds the same: " if weighed[i][1].startswith("d:") else "same word: ")
            + _shown(weighed[i][1]),
            millibits[i],
        )
        for i in kept
    ]
    over = sum(r.millibits for r in reasons) - _SHARED
    if over > 0:
        reasons.append(Reason("organisations of one trade and place share words", -over))
    reasons.append(Reason("so many names could have agreed", -_ways(pair)))
    return [*reasons, *_apart(pair, sum(weighed[i][0] for i in kept))]


def _apart(pair: Pair, matched: int) -> list[Reason]:
    """What the names that fit best have besides: words that stand against each other, words on one side only."""
    best: tuple[int, int, int] | None = None
    for ours in _weights(pair.ours):
        for theirs in _weights(pair.theirs):
            if min(ours, theirs) + 2 * STEP < matched:
                continue
            a, b = max(ours - matched, 0), max(theirs - matched, 0)
            conflict, extra = min(a, b), abs(a - b)
            cost = (80 * (conflict + extra) + (6_000 if conflict > 2 * STEP else _EXTRA), conflict, extra)
            best = cost if best is None else min(best, cost)
    if best is None or best[0] == 0:
        return []
    return [
        Reason(
            f"other words: {best[1] // 10} bits against each other, {best[2] // 10} bits on one side only",
            -best[0],
        )
    ]


def _weights(profile: Mapping[str, int]) -> list[int]:
    # The middle of the step, as the peer sees it.
    return [step * STEP + STEP // 2 for step in range(STEPS + 1) if profile.get(f"w{step}")]


def _facts(pair: Pair, by: Mapping[str, Sequence[str]]) -> list[Reason]:
    out = []
    numbers = sorted({kind for _, kind in NUMBERS} & by.keys())
    if numbers or any(token.kind == "document" for token in pair.tokens):
        out.append(Reason("same number: " + ", ".join(numbers or ["number"]), _CERTAIN))
    elif pair.ours.get("registrations") and pair.theirs.get("registrations"):
        out.append(Reason("registration numbers differ", -6_000))
    if "listed group" not in by and pair.ours.get("listed") and pair.theirs.get("listed"):
        out.append(Reason("known as different listed groups", -6_000))
    if pair.ours.get("countries") and pair.theirs.get("countries"):
        out.append(Reason("same country", 1_500) if "country" in by else Reason("countries differ", -3_000))
    if "name and forms" in by:
        out.append(Reason("same name with its legal form", 1_500))
    elif "whole name" in by:
        out.append(Reason("the name is the same, the legal form is not", -_FORM))
    more = min(len(by.get("whole name", ())), 6) - 1
    if more > 0:
        out.append(Reason(f"other names that are the same: {more}", more * _MORE))
    if pair.ours.get("forms") and pair.theirs.get("forms"):
        out.append(Reason("same legal form", 500) if "form" in by else Reason("legal forms differ", -1_500))
    return out
