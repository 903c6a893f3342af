"""Two parties' lists brought together: what both list, only one, what they dispute, and which names they read differently."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from detente.topics.designations.linking import Held, How, Link, Order, hold, judged_pairs, links, nearest
from detente.topics.designations.listing import Listing, Name, Status, word_of
from detente.topics.groups import GroupsTopic
from detente.topics.names.romanise import latin
from detente.topics.orgs import aliases

State = Literal["both", "ours", "theirs", "disputed", "neither"]
Doubt = Literal["read differently", "perhaps one", "listed apart", "read twice"]
Reader = Literal["ours", "theirs", "both", "table"]

SLUG: Final = 40
_APOSTROPHES: Final = re.compile("(?<=\\w)[\u2018\u2019'`´ʼʿʾ](?=\\w)")
_DOUBTS: Final[tuple[Doubt, ...]] = get_args(Doubt)


@dataclass(frozen=True, slots=True)
class Match:
    """Why a listing of ours and one of theirs are one group: the name by which each was found."""

    how: How
    what: str
    ours: str
    theirs: str
    score: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One group. `slug` is the same on both sides; `because` is the surest match between the two sides, None where one lists it."""

    slug: str
    name: str
    state: State
    ours: tuple[Listing, ...]
    theirs: tuple[Listing, ...]
    because: Match | None

    @property
    def names(self) -> tuple[Name, ...]:
        """All names that either side has, each text once."""
        found: dict[str, Name] = {}
        for listing in (*self.ours, *self.theirs):
            for name in listing.names:
                found.setdefault(name.text, name)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Question:
    """Names that a person must look at. `readings`: for which entry each stands, and who reads it so.

    "read differently": one side reads the names as another group than the other side does, or than the alias table.
    "perhaps one": two entries that the groups topic finds alike, not enough to join them. "listed apart": the alias table knows one
    group where a list has two entries. "read twice": one side has the names in two entries of its own.
    """

    doubt: Doubt
    names: tuple[str, ...]
    readings: tuple[tuple[str, Reader], ...]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """All groups of both lists, by slug, and what is in question."""

    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]

    def of(self, state: State) -> tuple[Entry, ...]:
        """The entries in one state."""
        return tuple(entry for entry in self.entries if entry.state == state)


def state_of(ours: Status | None, theirs: Status | None) -> State:
    """What two parties' words on one group come to; None is silence.

    >>> state_of("listed", "listed"), state_of("listed", None), state_of("listed", "objects"), state_of("considered", None)
    ('both', 'ours', 'disputed', 'neither')
    """
    words = {ours, theirs}
    if "objects" in words and words & {"listed", "considered"}:
        return "disputed"
    if words == {"listed"}:
        return "both"
    return "ours" if ours == "listed" else "theirs" if theirs == "listed" else "neither"


def reconcile(
    ours: Iterable[Listing], theirs: Iterable[Listing], topic: GroupsTopic | None = None
) -> Reconciled:
    """Brings two parties' lists together. Swapping them swaps "ours" and "theirs", and changes nothing else.

    >>> un = Listing("un", "QDe.115", (Name("Al-Qaida in Iraq", "name"),))
    >>> us = Listing("ofac", "7", (Name("ISIL", "name"), Name("Daesh")))
    >>> [(entry.slug, entry.state) for entry in reconcile([un], [us]).entries]
    [('isil', 'both')]
    """
    used = topic or GroupsTopic()
    held = hold((ours, theirs), used)
    judged = list(judged_pairs(held, used))
    certain, possible = links(held, judged)
    clusters = _Clusters(held)
    refused = [link for link in certain if not clusters.join(link)]
    groups = clusters.groups()
    linked = {index for members in groups if len(members) > 1 for index in members}
    slugs = _slugs(held, groups)
    slug_of = {index: slug for slug, members in slugs.items() for index in members}
    entries = [_entry(slug, held, members, certain) for slug, members in slugs.items()]
    doubts = [
        *_two_groups(held, slug_of),
        *_perhaps(held, slug_of, [*refused, *possible, *nearest(held, judged, linked)], clusters),
        *_apart(held, slug_of),
    ]
    return Reconciled(
        tuple(sorted(entries, key=lambda entry: entry.slug)),
        tuple(
            sorted(set(doubts), key=lambda doubt: (_DOUBTS.index(doubt.doubt), doubt.readings, doubt.names))
        ),
    )


class _Clusters:
    """Union-find over listings that keeps apart what a list keeps apart, and what the alias table does."""

    def __init__(self, held: Sequence[Held]) -> None:
        self._parent = list(range(len(held)))
        self._held = held
        self._lists = [{each.list} for each in held]
        self._homes = [{each.home} - {""} for each in held]

    def root(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def apart(self, first: int, second: int) -> bool:
        """Whether the alias table knows the two for different groups."""
        homes = self._homes[self.root(first)], self._homes[self.root(second)]
        return bool(homes[0] and homes[1] and homes[0] != homes[1])

    def join(self, link: Link) -> bool:
        a, b = sorted((self.root(link.first), self.root(link.second)))
        if a == b:
            return True
        if self.apart(a, b) or (link.how in ("same name", "score") and self._keeps_apart(link, a, b)):
            return False
        self._parent[b] = a
        self._lists[a] |= self._lists[b]
        self._homes[a] |= self._homes[b]
        return True

    def _keeps_apart(self, link: Link, a: int, b: int) -> bool:
        """Whether one list has entries in both; or the two sides share a name, and one of them has two groups that nothing of its own joins."""
        if self._lists[a] & self._lists[b]:
            return True
        across = self._held[link.first].side != self._held[link.second].side
        return across and bool({side for side, _ in self._lists[a]} & {side for side, _ in self._lists[b]})

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for index in range(len(self._parent)):
            found.setdefault(self.root(index), []).append(index)
        return list(found.values())


def _slugs(held: Sequence[Held], groups: Sequence[list[int]]) -> dict[str, list[int]]:
    """A slug a group: the alias table's id where it has one, else its name in Latin letters; a number of its own where two are alike."""
    wanted = [(_slug(held, members), members) for members in groups]
    counted = Counter(slug for slug, _ in wanted)
    return {
        slug
        if counted[slug] == 1
        else numbered(slug, sorted({held[index].order for index in members})): members
        for slug, members in wanted
    }


def _slug(held: Sequence[Held], members: Sequence[int]) -> str:
    home = next((held[index].home for index in members if held[index].home), "")
    return entry_slug(home) if home else slug_of_text(_title(held, members))


def entry_slug(entry: str) -> str:
    """The slug of an entry of the alias table: its id, after a letter where it begins with none."""
    return entry if re.match("[a-z]", entry) else f"g-{entry}"


def slug_of_text(text: str) -> str:
    """A text as a slug: a letter, then letters, digits and hyphens, at most 40.

    >>> slug_of_text("Русский имперский легион"), slug_of_text("3R")
    ('russkii-imperskii-legion', 'g-3r')
    """
    split = re.findall(r"\w+", _APOSTROPHES.sub("", text))
    words = (re.sub("[^a-z0-9]", "", (word if word.isascii() else latin(word)).lower()) for word in split)
    found = "-".join(word for word in words if word)[:SLUG].strip("-")
    return found if re.match("[a-z]", found) else f"g-{found}"[:SLUG].rstrip("-")


def numbered(slug: str, what: object) -> str:
    """A slug that is another for other things: the slug, and eight hex digits of their text."""
    return f"{slug[: SLUG - 9].rstrip('-')}-{hashlib.sha256(repr(what).encode()).hexdigest()[:8]}"


def title_of(slug: str, names: Sequence[str]) -> str:
    """The name by which an entry is shown: the alias table's first for that slug, else the first of these.

    >>> title_of("isil", ["Daesh"]), title_of("teapot", ["Order of the Teapot"])
    ('Islamic State of Iraq and the Levant', 'Order of the Teapot')
    """
    return next((e.names[0] for e in aliases.entries() if entry_slug(e.id) == slug), names[0])


def _title(held: Sequence[Held], members: Sequence[int]) -> str:
    """The alias table's first name of the group, else the name under which most of the lists have it."""
    for index in members:
        if entry := next((e for e in aliases.entries() if e.id == held[index].home), None):
            return entry.names[0]
    names = Counter(held[index].listing.name for index in members)
    return min(names, key=lambda name: (-names[name], name))


def _entry(slug: str, held: Sequence[Held], members: Sequence[int], certain: Iterable[Link]) -> Entry:
    ours, theirs = (
        tuple(sorted((held[i].listing for i in members if held[i].side == side), key=_place))
        for side in (0, 1)
    )
    inside = set(members)
    between = [
        link
        for link in certain
        if {link.first, link.second} <= inside and held[link.first].side != held[link.second].side
    ]
    best = min(between, key=lambda link: _surest(link, held), default=None)
    state = state_of(word_of(ours), word_of(theirs))
    return Entry(slug, _title(held, members), state, ours, theirs, _match(best, held) if best else None)


def _place(listing: Listing) -> tuple[str, str, str]:
    return listing.source, listing.reference, listing.name


def _surest(link: Link, held: Sequence[Held]) -> tuple[int, int, list[Order]]:
    kinds: tuple[How, ...] = ("same listing", "alias table", "same name", "score")
    return kinds.index(link.how), -link.score, sorted([held[link.first].order, held[link.second].order])


def _match(link: Link, held: Sequence[Held]) -> Match:
    names = (link.first_name, link.second_name)
    ours, theirs = names if held[link.first].side == 0 else names[::-1]
    return Match(link.how, link.what, ours, theirs, link.score)


# -- what is in question


def _two_groups(held: Sequence[Held], slug_of: Mapping[int, str]) -> Iterator[Question]:
    """Names that stand in two entries, and those that the alias table reads as another group than their list does."""
    readings: dict[str, dict[str, set[int]]] = {}
    written: dict[str, str] = {}
    homes = {each.home: slug_of[index] for index, each in enumerate(held) if each.home}
    for index, each in enumerate(held):
        for key, text in each.keys.items():
            readings.setdefault(key, {}).setdefault(slug_of[index], set()).add(each.side)
            written[key] = min(written.get(key, text), text)
    for each in held:
        for text, entry in each.readings.items():
            readings[aliases.key(text)].setdefault(homes.get(entry) or entry_slug(entry), set())
    alike: dict[tuple[tuple[str, Reader], ...], list[str]] = {}
    for key, found in readings.items():
        if len(found) > 1:
            by = tuple(sorted((slug, _reader(sides)) for slug, sides in found.items()))
            alike.setdefault(by, []).append(written[key])
    for by, names in alike.items():
        readers = {reader for _, reader in by}
        once = len(readers) == 1 and readers <= {"ours", "theirs"}
        yield Question("read twice" if once else "read differently", tuple(sorted(names)), by)


def _reader(sides: set[int]) -> Reader:
    readers: dict[frozenset[int], Reader] = {
        frozenset({0}): "ours",
        frozenset({1}): "theirs",
        frozenset({0, 1}): "both",
    }
    return readers.get(frozenset(sides), "table")


def _perhaps(
    held: Sequence[Held], slug_of: Mapping[int, str], found: Iterable[Link], clusters: _Clusters
) -> Iterator[Question]:
    for link in found:
        slugs = {slug_of[i]: {held[i].side} for i in (link.first, link.second)}
        if link.how == "same name" or len(slugs) == 1 or clusters.apart(link.first, link.second):
            continue  # a name in two entries is told above; what the alias table tells apart is no question
        by = tuple(sorted((slug, _reader(sides)) for slug, sides in slugs.items()))
        names = tuple(sorted([link.first_name, link.second_name]))
        said = f"{link.score / 10_000:.0f} %: {link.what}" if link.score >= 10_000 else link.what
        yield Question("perhaps one", names, by, said)


def _apart(held: Sequence[Held], slug_of: Mapping[int, str]) -> Iterator[Question]:
    """What the alias table joins and one list has apart: the list is followed, and the question is put."""
    homes = {(*each.list, each.home): slug_of[index] for index, each in enumerate(held) if each.home}
    for index, each in enumerate(held):
        if each.lost:
            reader = _reader({each.side})
            by = tuple(sorted([(slug_of[index], reader), (homes[(*each.list, each.lost)], reader)]))
            yield Question("listed apart", (each.by,), by, f"{each.listing.source} has an entry for each")


__all__ = [
    "Doubt",
    "Entry",
    "Match",
    "Question",
    "Reader",
    "Reconciled",
    "State",
    "entry_slug",
    "numbered",
    "reconcile",
    "slug_of_text",
    "state_of",
    "title_of",
]
