"""Between lists and the joint list: a party's listings of a group as its word, a word as a listing again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from detente.errors import Misuse
from detente.pact.joint import Content
from detente.pact.joint_list import JointList, Name, Reading, Source, Word, read_joint_list, with_words
from detente.topics.designations.listing import OWN, SAID, Listing, weight, word_of
from detente.topics.designations.listing import Name as ListedName
from detente.topics.designations.reconciling import Entry, Question, Reconciled, numbered

JOINT: Final = ("joint-list", "joint-theirs")
"""The sources of listings that stand for entries of a joint list: those that we have spoken on, and those that only they have.

Two of ours stay two; one of theirs may turn out to be one of ours.
"""

NAMES: Final = 200
READINGS: Final = 100
SOURCES: Final = 20
CUT: Final = 400  # characters of grounds that a published list gives: the list itself has them whole


def word(listings: Sequence[Listing], reads: Iterable[Reading] = ()) -> Word:
    """What a party says of a group by its lists: its own list's word first, every list kept apart under `sources`.

    Raises Misuse where there is no listing: who has none says nothing.
    """
    status = word_of(listings)
    if status is None:
        raise Misuse("a word on a group needs a listing of it")
    ordered = sorted(listings, key=lambda each: (weight(each), each.source, each.reference))
    own = [each for each in ordered if each.source in (SAID, OWN) and each.status == status]
    said = own[0] if own else None
    names: dict[str, Name] = {}
    for listing in ordered:
        for name in listing.names:
            names.setdefault(name.text, Name(name.text, name.language, name.kind))
    return Word(
        status=status,
        reason=said.reason if said else next((each.reason for each in ordered if each.reason), ""),
        names=tuple(names.values())[:NAMES],
        grounds=said.grounds
        if said and said.grounds
        else next((_cut(each.grounds) for each in ordered if each.grounds), ""),
        legal_basis=said.legal_basis if said else "",
        since=said.since if said else min((each.since for each in ordered if each.since), default=""),
        review=said.review if said else next((each.review for each in ordered if each.review), ""),
        sources=tuple(
            Source(each.source, each.reference, each.legal_basis, each.since)
            for each in ordered
            if each.source != SAID
        )[:SOURCES],
        reads=tuple(reads)[:READINGS],
    )


def _cut(text: str) -> str:
    return text if len(text) <= CUT else text[: CUT - 1].rstrip() + "…"


def readings(questions: Iterable[Question], slug: str, side: str) -> list[Reading]:
    """The names that stand in an entry of the other side's, and that this side reads as another group."""
    found: dict[str, Reading] = {}
    for question in questions:
        if question.doubt != "read differently":
            continue
        readers = dict(question.readings)
        elsewhere = [
            other for other, reader in question.readings if other != slug and reader in (side, "both")
        ]
        if slug in readers and readers[slug] not in (side, "both", "table") and elsewhere:
            for name in question.names:
                found.setdefault(name, Reading(name, elsewhere[0]))
    return list(found.values())


def base_listings(held: JointList, ours: str) -> list[Listing]:
    """The entries of a joint list as listings, to reconcile ours with: each once, under all its names."""
    found = []
    for slug, entry in held.entries.items():
        names = tuple(ListedName(name.text, name.kind, name.language) for name in entry.names)
        source = JOINT[ours not in entry.words]
        found.append(Listing(source, slug, names))
    return found


def aligned(found: Reconciled, held: JointList, ours: str) -> Reconciled:
    """The same with the slugs that the joint list has for these groups already.

    Where it has a group twice, each side chooses the same: the entry on which both have a word, then the first by slug; but never one that
    stands for another group of ours, by the lists that our word on it names. What is new and has the slug of another entry gets one of its own.
    """
    pinned = _pinned(found, held, ours)
    renamed: dict[str, str] = {}
    for entry in found.entries:
        own = pinned.get(entry.slug, "")
        elsewhere = set(pinned.values()) - {own}
        on_it = {each.reference for each in entry.theirs if each.source in JOINT} - elsewhere
        if own and own not in on_it:
            renamed[entry.slug] = own
        elif on_it:
            renamed[entry.slug] = min(on_it, key=lambda slug: (-len(held.entries[slug].words), slug))
        elif entry.slug in held.entries:
            renamed[entry.slug] = numbered(entry.slug, [each.name for each in entry.ours])
    entries = tuple(replace(entry, slug=renamed.get(entry.slug, entry.slug)) for entry in found.entries)
    questions = tuple(
        replace(q, readings=tuple((renamed.get(slug, slug), by) for slug, by in q.readings))
        for q in found.questions
    )
    return Reconciled(entries, questions)


def _pinned(found: Reconciled, held: JointList, ours: str) -> dict[str, str]:
    """By slug of ours, the entry on which our word names one of its listings. Of two groups that were one the first keeps the entry."""
    places: dict[tuple[str, str], str] = {}
    for slug, each in held.entries.items():
        if said := each.words.get(ours):
            places[SAID, slug] = slug
            places |= {(source.list, source.reference): slug for source in said.sources}
    pinned: dict[str, str] = {}
    for entry in found.entries:
        named = (places.get((each.source, each.reference), "") for each in entry.ours)
        slug = next((each for each in named if each and each not in pinned.values()), "")
        if slug:
            pinned[entry.slug] = slug
    return pinned


def joint_content(found: Reconciled, ours: str, theirs: str, title: str) -> Content:
    """What a joint list of two parties would be, did both say what their lists do."""
    questions = found.questions
    content: Content | None = None
    for party, side in ((ours, "ours"), (theirs, "theirs")):
        words = {
            entry.slug: word(held, readings(questions, entry.slug, side))
            for entry in found.entries
            if (held := _of(entry, side))
        }
        content = with_words(content, title, party, words)
    assert content is not None
    return content


def joint_list(content: Mapping[str, object], ours: str, theirs: str) -> JointList:
    """The content read, as a peer would read it."""
    return read_joint_list(content, (ours, theirs))


def _of(entry: Entry, side: str) -> tuple[Listing, ...]:
    return entry.ours if side == "ours" else entry.theirs


__all__ = ["JOINT", "aligned", "base_listings", "joint_content", "joint_list", "readings", "word"]
