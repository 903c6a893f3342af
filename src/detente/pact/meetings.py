"""Meetings: agenda, minutes and decisions that both sides signed. spec/roadmap.

    {title, languages, heading, date, place, present: {party: [name]},
     entries: {slug: {kind: "point" | "decision", number, text: {en, ru}, minutes: {en, ru}, actions: [slug]}}}

Minutes are joint documents (kind "minutes"), one a meeting. Before the meeting they are the agenda: points
without minutes. A decision stands in the minutes of the meeting that took it and nowhere else; the roadmap
shows those that are signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from detente.errors import Malformed
from detente.pact.bilingual import (
    Day,
    Hash,
    Languages,
    Shape,
    Slug,
    Texts,
    Title,
    Words,
    day,
    require_distinct,
    require_languages,
    require_plain,
    shaped,
)
from detente.pact.document import Document
from detente.wire.instant import Instant

KIND: Final = "minutes"
MAX_POINTS: Final = 200


class Point(Shape, frozen=True):
    """A point of the agenda, or a decision. `number` orders them; `minutes` is {} until it was held, and for
    decisions; `actions` are those of the roadmap that follow from it."""

    kind: Literal["point", "decision"]
    number: Annotated[int, Meta(ge=1, le=999)]
    text: Texts
    minutes: dict[str, Words]
    actions: Annotated[tuple[Slug, ...], Meta(max_length=50)]


class Minutes(Shape, frozen=True):
    """The content of minutes. `present` names who was there for each party, nobody before the meeting."""

    title: Title
    languages: Languages
    heading: Texts
    date: Day
    place: Annotated[str, Meta(max_length=200)]
    present: Annotated[
        dict[Hash, Annotated[tuple[Title, ...], Meta(max_length=100)]], Meta(min_length=2, max_length=2)
    ]
    entries: Annotated[dict[Slug, Point], Meta(max_length=MAX_POINTS)]

    def points(self) -> Iterator[tuple[str, Point]]:
        """Slugs and points in their order."""
        yield from sorted(self.entries.items(), key=lambda each: (each[1].number, each[0]))

    def decisions(self) -> Iterator[tuple[str, Point]]:
        """What was decided, in order."""
        yield from ((slug, point) for slug, point in self.points() if point.kind == "decision")


def read_minutes(content: Mapping[str, Any], parties: Iterable[str]) -> Minutes:
    """The minutes in a document's content. Raises Malformed, saying what is not in order.

    >>> read_minutes(content, parties).date  # doctest: +SKIP
    '2026-12-01'
    """
    found = shaped(content, Minutes, "minutes")
    require_distinct(found.languages)
    require_plain(found.title, "the title")
    require_plain(found.place, "the place")
    require_languages(found.heading, found.languages, "the heading")
    day(found.date, "the meeting")
    if set(found.present) != set(parties):
        raise Malformed("minutes say who was present for each of the two parties and for nobody else")
    for name in (name for names in found.present.values() for name in names):
        require_plain(name, "a name")
    for slug, point in found.entries.items():
        require_languages(point.text, found.languages, f"the point '{slug}'")
        if point.minutes:
            require_languages(point.minutes, found.languages, f"the minutes of '{slug}'")
        if point.kind == "decision" and point.minutes:
            raise Malformed(f"the decision '{slug}' has minutes of its own; they stand at a point")
    return found


def reader(document: Document, now: Instant) -> None:
    """Returns if a document's content is minutes of a meeting; raises Malformed."""
    read_minutes(document.content, document.parties)
