"""What is exported: one version of a joint list, with the two parties' names, its date and its marking."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detente.pact.joint_list import Entry, JointList, Name, Word
from detente.pact.marking import parse_marking
from detente.topics.designations.reconciling import State, state_of, title_of
from detente.wire.instant import Instant

LANGUAGES: Final = ("en", "fr", "ru")
# Ids are UUIDs of version 5 under a namespace of this project, so that an export made twice has the same ids, and so has the peer's.
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:detente:joint-list:1")


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a joint list. `ours` and `theirs` are (party id, name); `since` is when it came into force.

    Nothing in it says who exports: both parties' exports of one version are the same but for "ours" and "theirs" in `state`.
    """

    list: JointList
    ours: tuple[str, str]
    theirs: tuple[str, str]
    since: Instant
    marking: str = "TLP:AMBER"
    hash: str = ""
    language: str = "en"

    def __post_init__(self) -> None:
        parse_marking(self.marking)

    @property
    def parties(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Both, in ascending order of their ids."""
        first, second = sorted((self.ours, self.theirs))
        return first, second

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Entries in order of their slugs."""
        for slug in sorted(self.list.entries):
            yield slug, self.list.entries[slug]

    def state(self, slug: str) -> State:
        """What the two words on an entry come to, as we see it."""
        return state_of(self.list.status(slug, self.ours[0]), self.list.status(slug, self.theirs[0]))

    def uuid(self, *what: str) -> str:
        """The same for the same thing of the same two parties, whoever exports it."""
        pair = ",".join(party for party, _ in self.parties)
        return str(uuid.uuid5(_NAMESPACE, "\n".join((pair, *what))))


def title(slug: str, entry: Entry) -> str:
    """The name by which an entry is shown: the alias table's first, else the first that a list calls its name."""
    names = [name.text for name in entry.names]
    return title_of(slug, [name.text for name in entry.names if name.kind == "name"] or names)


def others(slug: str, entry: Entry) -> Iterator[Name]:
    """The other names of an entry; those that differ in capitals only stand once."""
    shown = {title(slug, entry).casefold()}
    for name in entry.names:
        if name.text.casefold() not in shown:
            shown.add(name.text.casefold())
            yield name


def said(entry: Entry, edition: Edition) -> Iterator[tuple[str, str, Word]]:
    """(party id, party's name, its word) of those that have one."""
    for party, name in edition.parties:
        if party in entry.words:
            yield party, name, entry.words[party]


def earliest(entry: Entry) -> str:
    """The earliest date that any list or word has for it, "" for none."""
    dates = [word.since for word in entry.words.values()] + [
        s.since for w in entry.words.values() for s in w.sources
    ]
    return min((date for date in dates if date), default="")


__all__ = ["LANGUAGES", "Edition", "earliest", "others", "said", "title"]
