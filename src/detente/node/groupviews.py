"""Groups as people see them: on our lists, and on the joint list with a peer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from detente.node.listings import word
from detente.pact.joint import Change
from detente.pact.joint_list import Entry as JointEntry
from detente.pact.joint_list import JointList, Word
from detente.topics.designations.listing import language_of
from detente.topics.designations.reconciling import Entry, Question, state_of, title_of
from detente.wire.instant import Instant, rfc3339


class ImportReport(msgspec.Struct, frozen=True):
    """What came of taking a list in. `refused` are lines that could not be read, `left_out` counts what is no group."""

    source: str
    as_of: str
    added: int
    changed: int
    removed: int
    unchanged: int
    left_out: dict[str, int] = {}
    refused: list[tuple[int, str]] = []


class NameView(msgspec.Struct, frozen=True):
    """A name with its language (BCP 47; "und" with the script where that alone is known)."""

    text: str
    language: str
    kind: str


class ListedView(msgspec.Struct, frozen=True):
    """What one of our lists says of a group."""

    list: str
    reference: str
    as_of: str
    status: str
    since: str
    legal_basis: str


class GroupView(msgspec.Struct, frozen=True):
    """A group on our lists. `review_due`: the day on which we meant to look again has come."""

    group: str
    name: str
    names: list[NameView]
    status: str
    reason: str
    grounds: str
    since: str
    review: str
    review_due: bool
    private: bool
    lists: list[ListedView]


class WordView(msgspec.Struct, frozen=True):
    """One party's word on a group; `lists` are the lists that it follows, `reads` its names that it reads as another group."""

    status: str
    reason: str
    grounds: str
    legal_basis: str
    since: str
    review: str
    review_due: bool
    lists: list[str]
    reads: dict[str, str]


class JointGroupView(msgspec.Struct, frozen=True):
    """A group on the joint list. `state`: both, ours, theirs, disputed or neither."""

    group: str
    name: str
    names: list[NameView]
    state: str
    ours: WordView | None
    theirs: WordView | None


class Doubtful(msgspec.Struct, frozen=True):
    """Names that a person must look at; `readings` maps each group to who reads the names so."""

    doubt: str
    names: list[str]
    readings: dict[str, str]
    what: str


class JointView(msgspec.Struct, frozen=True):
    """The joint list with a peer; `hash` and `since` are "" where none is in force. `changes` is what our next proposal would change."""

    peer: str
    hash: str
    since: str
    title: str
    counts: dict[str, int]
    groups: list[JointGroupView]
    changes: list[str]
    private: int
    questions: list[Doubtful]


class Standing(msgspec.Struct, frozen=True):
    """A joint list in force between two parties, (id, name) each; `hash` is "" where there is none."""

    list: JointList
    ours: tuple[str, str]
    theirs: tuple[str, str]
    hash: str
    since: Instant


def group_view(entry: Entry, private: bool, days: Mapping[str, str], today: str) -> GroupView:
    """A group on our lists; `days` are the lists' dates by source."""
    said = word(entry.ours)
    lists = [
        ListedView(e.source, e.reference, days.get(e.source, ""), e.status, e.since, e.legal_basis)
        for e in entry.ours
    ]
    return GroupView(
        entry.slug, entry.name, _names(said), said.status, said.reason, said.grounds, said.since, said.review,
        _due(said.review, today), private, lists,
    )  # fmt: skip


def joint_view(
    standing: Standing, pending: Iterable[Change], questions: Iterable[Question], private: int, today: str
) -> JointView:
    """The joint list as people see it."""
    groups = [
        _joint_group(standing, slug, standing.list.entries[slug], today)
        for slug in sorted(standing.list.entries)
    ]
    states = ("both", "ours", "theirs", "disputed", "neither")
    return JointView(
        standing.theirs[1], standing.hash, rfc3339(standing.since) if standing.hash else "", standing.list.title,
        {state: sum(group.state == state for group in groups) for state in states}, groups,
        [change.sentence for change in pending], private, [doubtful(each) for each in questions],
    )  # fmt: skip


def _joint_group(standing: Standing, slug: str, entry: JointEntry, today: str) -> JointGroupView:
    ours, theirs = (entry.words.get(party) for party, _ in (standing.ours, standing.theirs))
    state = state_of(ours.status if ours else None, theirs.status if theirs else None)
    names = [NameView(name.text, name.language, name.kind) for name in entry.names]
    shown = title_of(slug, [name.text for name in entry.names if name.kind == "name"] or [names[0].text])
    return JointGroupView(slug, shown, names, state, _word(ours, today), _word(theirs, today))


def _word(said: Word | None, today: str) -> WordView | None:
    if said is None:
        return None
    lists = [
        " ".join(part for part in (each.list, each.reference, each.since) if part) for each in said.sources
    ]
    return WordView(
        said.status, said.reason, said.grounds, said.legal_basis, said.since, said.review, _due(said.review, today),
        lists, {each.name: each.group for each in said.reads},
    )  # fmt: skip


def doubtful(question: Question) -> Doubtful:
    """A question as people see it."""
    return Doubtful(question.doubt, list(question.names), dict(question.readings), question.what)


def _names(said: Word) -> list[NameView]:
    return [NameView(name.text, name.language or language_of(name.text), name.kind) for name in said.names]


def _due(review: str, today: str) -> bool:
    return bool(review) and review <= today[: len(review)]


__all__ = [
    "Doubtful",
    "GroupView",
    "ImportReport",
    "JointGroupView",
    "JointView",
    "ListedView",
    "NameView",
    "Standing",
    "WordView",
    "doubtful",
    "group_view",
    "joint_view",
]
