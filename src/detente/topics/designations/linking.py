"""Which listings are one group: by the public alias table, by an equal name, by the groups topic's score, in that order.

A list that has two entries means two groups: only the alias table may join them, and then it is said (reconcile).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal

from detente.topics import groups_keys
from detente.topics.designations.listing import Listing
from detente.topics.groups import MARGIN, GroupsTopic
from detente.topics.orgs import aliases
from detente.topics.topic import Judgement, Pair, Prepared

How = Literal["same listing", "alias table", "same name", "score"]

Order = tuple[str, str, str, tuple[str, ...]]
Judged = tuple[int, int, Judgement]
Claim = tuple[int, int, int, Order]

HOLDERS: Final = 40  # listings that a token may have before it says too little to make pairs
PAIRS: Final = 12  # listings with which one is compared
SHORTEST: Final = (
    5  # characters of a key below which a name is an abbreviation, which several groups may have
)
_NEARLY: Final = "name but for a word"
_NOTHING: Final = -(1 << 40)
_BETWEEN: Final = re.compile(r"\s+[/;]\s+")
_PARENTHESIS: Final = re.compile(r"(.*\S)\s*\(([^()]+)\)\s*")


@dataclass(frozen=True, slots=True)
class Held:
    """A listing as it is linked: whose it is, which entry of the alias table it stands for, and its names' keys."""

    side: int  # 0 ours, 1 theirs
    listing: Listing
    home: str  # id in the alias table, "" where it has none
    by: str  # the name by which it has it
    lost: str  # the id that it would have, did its own list not have another entry that is it more
    keys: Mapping[str, str]  # key -> the name as it is written
    weak: frozenset[str]  # keys of names that the list itself calls weak, and of abbreviations
    readings: Mapping[str, str]  # name -> another entry of the alias table than `home`
    prepared: Prepared

    @property
    def list(self) -> tuple[int, str]:
        return self.side, self.listing.source

    @property
    def order(self) -> Order:
        """The same on both sides: nothing here may depend on whose list it is."""
        return self.listing.source, self.listing.reference, self.listing.name, tuple(sorted(self.keys))


@dataclass(frozen=True, slots=True)
class Link:
    """Two listings that are one group, and how that is known. `score` is a probability in parts per million."""

    first: int
    second: int
    how: How
    what: str
    first_name: str
    second_name: str
    score: int = 1_000_000


def hold(sides: Sequence[Iterable[Listing]], topic: GroupsTopic) -> list[Held]:
    """All listings of both sides, read."""
    listed = [(side, each) for side, listings in enumerate(sides) for each in listings]
    prepared = topic.prepare([each.record() for _, each in listed])
    held = [_held(side, each, ready) for (side, each), ready in zip(listed, prepared, strict=True)]
    return _one_home_a_list(held)


def _one_home_a_list(held: Sequence[Held]) -> list[Held]:
    """A list with two entries means two groups: the entry with more of the alias table's names keeps its id."""
    best: dict[tuple[int, str, str], Claim] = {}
    for each in held:
        if each.home:
            place, claim = (*each.list, each.home), _claim(each)
            best[place] = min(best.get(place, claim), claim)
    return [
        each
        if not each.home or best[(*each.list, each.home)] == _claim(each)
        else replace(each, home="", lost=each.home, readings={**each.readings, each.by: each.home})
        for each in held
    ]


def _claim(held: Held) -> Claim:
    """The less, the better: how early any of its names stands in the table's entry, then how early its own does."""
    entry = next(each for each in aliases.entries() if each.id == held.home)
    places = {key: place for place, key in reversed(list(enumerate(map(aliases.key, entry.names))))}
    own = [places[key] for key in map(aliases.key, spellings(held.listing.name)) if key in places]
    every = [places[key] for key in held.keys if key in places]
    return min(every, default=len(places)), min(own, default=len(places)), -len(every), held.order


def _held(side: int, listing: Listing, prepared: Prepared) -> Held:
    keys: dict[str, str] = {}
    weak: set[str] = set()
    entries: dict[str, str] = {}
    for name in listing.names:
        for text in spellings(name.text):
            key = aliases.key(text)
            if not key:
                continue
            keys.setdefault(key, text)
            if name.kind == "weak" or len(key) < SHORTEST:
                weak.add(key)
            if entry := known(text):
                entries[text] = entry
    home, by = _home(listing, entries)
    others = {text: entry for text, entry in entries.items() if entry != home}
    return Held(side, listing, home, by, "", keys, frozenset(weak), others, prepared)


def spellings(text: str) -> list[str]:
    """A name as it is written, and the names within it: on both sides of a stroke, with and without its abbreviation.

    >>> spellings("AL-ITIHAAD AL-ISLAMIYA / AIAI")
    ['AL-ITIHAAD AL-ISLAMIYA / AIAI', 'AL-ITIHAAD AL-ISLAMIYA', 'AIAI']
    """
    parts = [part for part in _BETWEEN.split(text) if part.strip()]
    return list(
        dict.fromkeys([text, *(piece for part in parts for piece in groups_keys.expanded(part) if piece)])
    )


def known(text: str) -> str:
    """The entry of the alias table that a name stands for; of "X (Y)" that of X where Y is another name of it. "" for none.

    >>> known("Hamas (Islamic Resistance Movement)"), known("ISIL (office in Ruritania)")
    ('hamas', '')
    """
    if entry := aliases.find(text):
        return entry.id
    if bracketed := _PARENTHESIS.fullmatch(text):
        outer, inner = known(bracketed[1]), known(bracketed[2])
        initials = bracketed[2].isupper() and " " not in bracketed[2]
        return outer if outer and (outer == inner or initials) else ""
    return ""


def _home(listing: Listing, entries: Mapping[str, str]) -> tuple[str, str]:
    """The entry that the listing's own name stands for, else the one that most of its names do; and the name that says so.

    One abbreviation alone gives no home: several groups have it.
    """
    own = [name.text for name in listing.names if name.kind == "name"]
    for text in entries:
        if any(text in spellings(name) for name in own):
            return entries[text], text
    strong = [text for text in entries if len(aliases.key(text)) >= SHORTEST]
    counted = [(sum(entry == each for each in entries.values()), entry) for entry in entries.values()]
    most = max((count for count, _ in counted), default=0)
    best = {entry for count, entry in counted if count == most}
    for text in strong or (list(entries) if most > 1 else []):
        if len(best) == 1 and entries[text] in best:
            return entries[text], text
    return "", ""


def links(held: Sequence[Held], judged: Sequence[Judged]) -> tuple[list[Link], list[Link]]:
    """(certain, the surest first; perhaps). What only an abbreviation or a weak name has in common is neither: see `reconcile`."""
    strong, possible = _by_score(held, judged)
    kinds = [_same_listing(held), _by_table(held), _by_name(held), strong]
    return [link for kind in kinds for link in sorted(kind, key=lambda each: _rank(each, held))], possible


def _rank(link: Link, held: Sequence[Held]) -> tuple[int, list[Order]]:
    return -link.score, sorted([held[link.first].order, held[link.second].order])


def _same_listing(held: Sequence[Held]) -> list[Link]:
    """Both sides follow the same list."""
    at: dict[tuple[str, str, tuple[str, ...]], int] = {}
    found = []
    for index, each in enumerate(held):
        place = (each.listing.source, each.listing.reference, tuple(sorted(each.keys)))
        if place in at and held[at[place]].side != each.side:
            name = each.listing.name
            found.append(
                Link(
                    at[place],
                    index,
                    "same listing",
                    f"{each.listing.source} {each.listing.reference}",
                    name,
                    name,
                )
            )
        at.setdefault(place, index)
    return found


def _by_table(held: Sequence[Held]) -> list[Link]:
    homes: dict[str, list[int]] = {}
    for index, each in enumerate(held):
        if each.home:
            homes.setdefault(each.home, []).append(index)
    return [
        Link(first, second, "alias table", home, held[first].by, held[second].by)
        for home, members in homes.items()
        for first, second in combinations(members, 2)
    ]


def _by_name(held: Sequence[Held]) -> list[Link]:
    owners: dict[str, list[int]] = {}
    for index, each in enumerate(held):
        for key in each.keys.keys() - each.weak:
            owners.setdefault(key, []).append(index)
    return [
        Link(a, b, "same name", held[a].keys[key], held[a].keys[key], held[b].keys[key])
        for key, members in sorted(owners.items())
        if len(members) <= HOLDERS  # a name that so many have says nothing; that it is one is asked
        for a, b in combinations(members, 2)
        if held[a].list != held[b].list
    ]


def _by_score(held: Sequence[Held], judged: Sequence[Judged]) -> tuple[list[Link], list[Link]]:
    """What the groups topic finds between two lists: strong is certain, possible is for a person. What another pair of either
    listing beats by the topic's margin falls."""
    graded = [each for each in judged if each[2].grade is not None]
    ranks = _ranks(graded)
    strong: list[Link] = []
    possible: list[Link] = []
    for a, b, judgement in graded:
        if _weight(judgement) >= max(ranks[a][0], ranks[b][0]) - MARGIN and not _displaced(held[a], held[b]):
            (strong if judgement.grade == "strong" else possible).append(_scored(held, a, b, judgement))
    return strong, possible


def nearest(held: Sequence[Held], judged: Sequence[Judged], linked: Set[int]) -> Iterator[Link]:
    """Two names that differ by a word and are, of all that nothing links, by half the margin the nearest to each other.

    They are for a person, however little they score: so are the branches of an organisation listed.
    """
    rest = [each for each in judged if not {each[0], each[1]} & linked]
    ranks = _ranks(rest)
    for a, b, judgement in rest:
        link = _scored(held, a, b, judgement)
        nearest = _weight(judgement) >= max(ranks[a][1], ranks[b][1]) + MARGIN // 2
        if judgement.grade is None and nearest and _NEARLY in link.what:
            yield link


def _scored(held: Sequence[Held], a: int, b: int, judgement: Judgement) -> Link:
    return Link(
        a, b, "score", _because(judgement), held[a].listing.name, held[b].listing.name, judgement.score
    )


def _ranks(judged: Iterable[Judged]) -> dict[int, tuple[int, int]]:
    """The weights of a listing's best pair and of its second best."""
    ranks: dict[int, tuple[int, int]] = {}
    for a, b, judgement in judged:
        weight = _weight(judgement)
        for index in (a, b):
            first, second = ranks.get(index, (_NOTHING, _NOTHING))
            ranks[index] = (max(first, weight), max(second, min(first, weight)))
    return ranks


def _weight(judgement: Judgement) -> int:
    return sum(reason.millibits for reason in judgement.because)


def _displaced(a: Held, b: Held) -> bool:
    """Whether the alias table speaks for the two being one, and a list that has two entries against it: `reconcile` asks about that."""
    return bool(a.lost or b.lost) and (a.home or a.lost) == (b.home or b.lost)


def judged_pairs(held: Sequence[Held], topic: GroupsTopic) -> Iterator[Judged]:
    """Each pair of two lists that the topic finds worth comparing, with its judgement."""
    tokens = [frozenset(each.prepared.tokens) for each in held]
    values = [frozenset(each.prepared.values) for each in held]
    owners: dict[object, list[int]] = {}
    for index, its in enumerate(tokens):
        for token in its:
            owners.setdefault(token, []).append(index)
    counted = Counter(
        pair
        for members in owners.values()
        if len(members) <= HOLDERS
        for pair in combinations(members, 2)
        if held[pair[0]].list != held[pair[1]].list
    )
    for a, b in _most_alike(counted, held):
        shared = tuple(sorted(tokens[a] & tokens[b]))
        profiles = held[a].prepared.profile, held[b].prepared.profile
        pair = Pair(shared, *profiles, agreed=tuple(sorted(values[a] & values[b])), compared=True)
        if topic.compare(pair):
            yield a, b, topic.judge(pair)


def _most_alike(counted: Mapping[tuple[int, int], int], held: Sequence[Held]) -> list[tuple[int, int]]:
    """Pairs that are, for both, among the PAIRS with which they share the most tokens: no list makes this cost more than its length."""
    by: dict[int, list[tuple[int, Order, tuple[int, int]]]] = {}
    for pair, count in counted.items():
        for index, other in (pair, pair[::-1]):
            by.setdefault(index, []).append((-count, held[other].order, pair))
    near = Counter(pair for found in by.values() for _, _, pair in sorted(found)[:PAIRS])
    return sorted(pair for pair, sides in near.items() if sides == 2)


def _because(judgement: Judgement) -> str:
    best = max(judgement.because[1:], key=lambda reason: (reason.millibits, reason.what), default=None)
    return best.what if best else ""


__all__ = ["Held", "How", "Link", "Order", "hold", "judged_pairs", "known", "links", "nearest"]
