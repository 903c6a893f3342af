"""The joint list of groups: one entry a group, and in it what each party says of the group. spec/joint-list.

    entries: {slug: {words: {party: {status, reason, names, grounds, legal_basis, since, review, sources, reads}}}}

A joint document (kind "joint-list"). Everything in an entry is somebody's word, and a word is only its own party's to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Malformed, Misuse, Refused
from detente.pact.bilingual import Hash, Shape, Slug, Title, day, require_plain
from detente.pact.document import Document
from detente.pact.joint import Content, entries_of, same
from detente.wire.instant import Instant

KIND: Final = "joint-list"
NAME: Final = "main"
MAX_ENTRIES: Final = 2_000

Status = Literal["listed", "considered", "not-listed", "objects"]
NameKind = Literal["name", "alias", "former", "weak"]

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=2_000)]
Since = Annotated[str, Meta(pattern=r"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?\Z")]
Tag = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?\Z")]


class Name(Shape, frozen=True):
    """One name as a list has it. `language` is a BCP 47 tag: a language, or "und" with the script where that alone is known."""

    text: Annotated[str, Meta(min_length=1, max_length=300)]
    language: Tag
    kind: NameKind


class Source(Shape, frozen=True):
    """One list that a party follows, as it has the group. `since` is a day, a month or a year, "" where the list gives none."""

    list: Slug
    reference: Annotated[str, Meta(min_length=1, max_length=120)]
    legal_basis: Text
    since: Since


class Reading(Shape, frozen=True):
    """A name in this entry which the party reads as another group: `group` is that one's slug, "" where it has none here."""

    name: Annotated[str, Meta(min_length=1, max_length=300)]
    group: Annotated[str, Meta(pattern=r"^([a-z][a-z0-9-]{0,39})?\Z")]


class Word(Shape, frozen=True):
    """What one party says of one group. `since` is when the status began, `review` the day on which the party looks at it again."""

    status: Status
    reason: Text
    names: Annotated[tuple[Name, ...], Meta(max_length=200)]
    grounds: Text
    legal_basis: Text
    since: Since
    review: Since
    sources: Annotated[tuple[Source, ...], Meta(max_length=20)]
    reads: Annotated[tuple[Reading, ...], Meta(max_length=100)]


class Entry(Shape, frozen=True):
    """One group: the words of one party or of both."""

    words: Annotated[dict[Hash, Word], Meta(min_length=1, max_length=2)]

    @property
    def names(self) -> tuple[Name, ...]:
        """All names that either party has, each text once, by party id and in its order."""
        found: dict[str, Name] = {}
        for party in sorted(self.words):
            for name in self.words[party].names:
                found.setdefault(name.text, name)
        return tuple(found.values())


class JointList(Shape, frozen=True):
    """The content of a joint list."""

    title: Title
    entries: Annotated[dict[Slug, Entry], Meta(max_length=MAX_ENTRIES)]

    def status(self, slug: str, party: str) -> Status | None:
        """A party's word on a group; None where it has said nothing."""
        entry = self.entries.get(slug)
        word = entry.words.get(party) if entry else None
        return word.status if word else None

    def listed_by(self, party: str) -> frozenset[str]:
        """The groups that a party lists."""
        return frozenset(slug for slug in self.entries if self.status(slug, party) == "listed")


def read_joint_list(content: Mapping[str, Any], parties: Iterable[str]) -> JointList:
    """The joint list in a document's content. Raises Malformed, saying what is not in order.

    >>> read_joint_list({"title": "Groups", "entries": {}}, ["0" * 64, "1" * 64]).entries
    {}
    """
    try:
        found = msgspec.convert(dict(content), JointList)
    except msgspec.ValidationError:
        raise Malformed("not a joint list as spec/joint-list has it") from None
    pair = set(parties)
    require_plain(found.title, "the title")
    for slug, entry in found.entries.items():
        where = f"the entry '{slug}'"
        if not entry.words.keys() <= pair:
            raise Malformed(f"{where} holds the word of a party that is neither of the two")
        if not entry.names:
            raise Malformed(f"{where} has no name")
        for word in entry.words.values():
            for text in _texts(word):
                require_plain(text, where)
            for when in (word.since, word.review, *(source.since for source in word.sources)):
                _require_day(when, where)
            _require_once(word, where)
    return found


def _texts(word: Word) -> Iterator[str]:
    yield from (word.reason, word.grounds, word.legal_basis)
    yield from (name.text for name in word.names)
    yield from (reading.name for reading in word.reads)
    for source in word.sources:
        yield from (source.reference, source.legal_basis)


def _require_day(when: str, where: str) -> None:
    """Returns for a day, month or year that is in the calendar, and for ""; raises Malformed."""
    if when:
        day(when + "0000-01-01"[len(when) :], where)


def _require_once(word: Word, where: str) -> None:
    """One meaning has one text: names, lists and readings stand once each."""
    for listed in (
        [name.text for name in word.names],
        [(source.list, source.reference) for source in word.sources],
        [reading.name for reading in word.reads],
    ):
        if len(set(listed)) != len(listed):
            raise Malformed(f"{where} holds a name, a source or a reading twice")


def reader(document: Document, now: Instant) -> None:
    """Returns if a document's content is a joint list; raises Malformed."""
    read_joint_list(document.content, document.parties)


def own_word(base: Content | None, proposed: Content, by: str, said: Sequence[Content]) -> None:
    """Returns if `by` changes nobody's word but its own; raises Refused with the entry.

    `said` are contents that the other party has itself signed on this base: what it says there is its word still.

    >>> word = {"status": "listed"}
    >>> own_word(None, {"title": "Groups", "entries": {"isil": {"words": {"theirs": word}}}}, "ours", [])
    Traceback (most recent call last):
    detente.errors.Refused: only the other party can say what it holds of 'isil'; leave its word as it is in force
    """
    before, after = entries_of(base), entries_of(proposed)
    for slug in sorted(before.keys() | after.keys()):
        old, new = _others(before.get(slug), by), _others(after.get(slug), by)
        if same(old, new) or any(same(new, _others(entries_of(each).get(slug), by)) for each in said):
            continue
        raise Refused(
            f"only the other party can say what it holds of '{slug}'; leave its word as it is in force"
        )


def _others(entry: Any, by: str) -> dict[str, Any]:
    words = entry.get("words") if isinstance(entry, Mapping) else None
    return {party: word for party, word in words.items() if party != by} if isinstance(words, Mapping) else {}


def with_words(base: Content | None, title: str, party: str, words: Mapping[str, Word]) -> Content:
    """The content in which a party says exactly these words (by slug), and the other what it said in `base`.

    Entries in which nobody has a word left are gone. Raises Misuse where there are too many.
    """
    entries: dict[str, Any] = {
        slug: {"words": kept} for slug, entry in entries_of(base).items() if (kept := _others(entry, party))
    }
    for slug, word in words.items():
        entries.setdefault(slug, {"words": {}})["words"][party] = _plain(word)
    if len(entries) > MAX_ENTRIES:
        raise Misuse(f"a joint list has at most {MAX_ENTRIES} groups: propose those that matter")
    return {
        "title": title or str((base or {}).get("title", "")),
        "entries": {slug: entries[slug] for slug in sorted(entries)},
    }


def _plain(word: Word) -> dict[str, Any]:
    """A word as canonical JSON reads it back: lists, not tuples, so that two texts compare as one."""
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(word))
    return value


__all__ = [
    "KIND",
    "NAME",
    "Entry",
    "JointList",
    "Name",
    "Reading",
    "Source",
    "Status",
    "Word",
    "own_word",
    "read_joint_list",
    "reader",
    "with_words",
]
