"""Roadmaps: actions that both sides signed, who owns them on each side, what they wait for, and what is late.
spec/roadmap.

    entries: {slug: {text: {en, ru}, owners: {party: name}, start, due, after: [slug], status, evidence, source}}

A roadmap is a joint document (kind "roadmap"). Nothing in it says that an action is overdue or blocked: that
follows from content and day (`survey`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
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
    day,
    require_distinct,
    require_languages,
    require_link,
    require_plain,
    shaped,
)
from detente.pact.document import Document
from detente.wire.instant import Instant

KIND: Final = "roadmap"
MAX_ACTIONS: Final = 500

Status = Literal["planned", "under-way", "done", "dropped"]
STATUSES: Final[tuple[Status, ...]] = ("planned", "under-way", "done", "dropped")


class Evidence(Shape, frozen=True):
    """What shows that an action was taken: words, and a link or a hash."""

    text: Title
    link: Annotated[str, Meta(max_length=1100)]


class Source(Shape, frozen=True):
    """The paragraph of a signed declaration from which an action descends. `document` is its hash."""

    document: Hash
    paragraph: Annotated[str, Meta(pattern=r"^p[1-9][0-9]{0,2}\Z")]


class Action(Shape, frozen=True):
    """One thing to do. `owners` names who answers for it on each side ("" where a side has no part); `start`
    may be ""; `after` are the actions that must be done before; `evidence` has names, so that both sides may
    add theirs at once."""

    text: Texts
    owners: Annotated[dict[Hash, Annotated[str, Meta(max_length=200)]], Meta(min_length=2, max_length=2)]
    start: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?\Z")]
    due: Day
    after: Annotated[tuple[Slug, ...], Meta(max_length=50)]
    status: Status
    evidence: Annotated[dict[Slug, Evidence], Meta(max_length=50)]
    source: Source | None

    @property
    def finished(self) -> bool:
        """Whether nothing remains to be done."""
        return self.status in ("done", "dropped")


class Roadmap(Shape, frozen=True):
    """The content of a roadmap. `title` is how lists name it, `heading` what stands above it in each
    language."""

    title: Title
    languages: Languages
    heading: Texts
    entries: Annotated[dict[Slug, Action], Meta(max_length=MAX_ACTIONS)]


def read_roadmap(content: Mapping[str, Any], parties: Iterable[str]) -> Roadmap:
    """The roadmap in a document's content. Raises Malformed, saying what is not in order.

    >>> read_roadmap(content, parties).entries["joint-list"].due  # doctest: +SKIP
    '2026-12-31'
    """
    found = shaped(content, Roadmap, "a roadmap")
    require_distinct(found.languages)
    require_plain(found.title, "the title")
    require_languages(found.heading, found.languages, "the heading")
    pair = set(parties)
    for slug, action in found.entries.items():
        _check_action(slug, action, found, pair)
    circle = _circle(found.entries)
    if circle:
        raise Malformed(f"these actions wait for each other: {', '.join(circle)}")
    return found


def reader(document: Document, now: Instant) -> None:
    """Returns if a document's content is a roadmap; raises Malformed."""
    read_roadmap(document.content, document.parties)


def _check_action(slug: str, action: Action, roadmap: Roadmap, parties: set[str]) -> None:
    where = f"the action '{slug}'"
    require_languages(action.text, roadmap.languages, where)
    if set(action.owners) != parties or not any(action.owners.values()):
        raise Malformed(f"{where} names an owner on at least one side, and nobody else's")
    for owner in action.owners.values():
        require_plain(owner, where)
    due = day(action.due, where)
    if action.start and day(action.start, where) > due:
        raise Malformed(f"{where} is due before it starts")
    if len(set(action.after)) != len(action.after) or slug in action.after:
        raise Malformed(f"{where} waits for itself, or for another action twice")
    unknown = sorted(set(action.after) - set(roadmap.entries))
    if unknown:
        raise Malformed(f"{where} waits for what is not in the roadmap: {', '.join(unknown)}")
    for each in action.evidence.values():
        require_plain(each.text, where)
        require_link(each.link, where)


def _circle(entries: Mapping[str, Action]) -> list[str]:
    """The actions of a circle and those that wait for one; empty where there is none."""
    waits = {slug: set(action.after) for slug, action in entries.items()}
    free = [slug for slug, after in waits.items() if not after]
    followers: dict[str, list[str]] = {slug: [] for slug in entries}
    for slug, after in waits.items():
        for earlier in after:
            followers[earlier].append(slug)
    while free:
        slug = free.pop()
        del waits[slug]
        for follower in followers[slug]:
            waits[follower].discard(slug)
            if not waits[follower]:
                free.append(follower)
    return sorted(waits)


# --- what follows from content and day


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one action stands on a day.

    `late` is by how many days it is overdue, 0 where it is not; `blocked_by` are the actions before it that
    are not done; `behind` those before it that are due later than itself, so that it cannot be in time.
    """

    slug: str
    action: Action
    late: int
    blocked_by: tuple[str, ...]
    behind: tuple[str, ...]

    @property
    def state(self) -> Literal["planned", "under-way", "done", "dropped", "overdue", "blocked"]:
        """The one word for it: what is overdue is said first, then what is blocked."""
        if self.late:
            return "overdue"
        return "blocked" if self.blocked_by else self.action.status


def survey(roadmap: Roadmap, today: date) -> tuple[Standing, ...]:
    """Every action as it stands on a day, by due date and then by slug.

    What was dropped still blocks what waits for it: it will never be done, so people must say what follows.
    """
    entries = roadmap.entries
    found = []
    for slug, action in sorted(entries.items(), key=lambda each: (each[1].due, each[0])):
        late = 0 if action.finished else max((today - date.fromisoformat(action.due)).days, 0)
        blocked = () if action.finished else tuple(s for s in action.after if entries[s].status != "done")
        behind = () if action.finished else tuple(s for s in blocked if entries[s].due > action.due)
        found.append(Standing(slug, action, late, blocked, behind))
    return tuple(found)


def pressing(roadmap: Roadmap, today: date) -> tuple[Standing, ...]:
    """What somebody must look at: overdue, blocked, or behind what it waits for."""
    return tuple(s for s in survey(roadmap, today) if s.late or s.blocked_by or s.behind)
