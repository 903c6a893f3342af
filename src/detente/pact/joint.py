"""What two versions of a joint document differ in, and how two that were made at once come together.
spec/amendment, "Content".

    {"title": text, "entries": {slug: {member: value, …}, …}, …other members}

Objects are merged member by member; texts, numbers and lists are values: two that differ are a conflict,
shown and never chosen between. What may change independently therefore belongs in members of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from detente.errors import Misuse
from detente.wire.canonical import canonical

Content = Mapping[str, Any]

HEAD: Final = "."
"""In place of an entry's slug: the document's own members, its title among them."""

ENTRIES: Final = "entries"
MAX_SHOWN: Final = 80  # characters of a value in a sentence

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class _Absent:
    """A member that is not there, which is not the same as null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


# --- what changes


@dataclass(frozen=True, slots=True)
class Field:
    """One value that differs. `path` leads to it within the entry; a side that has none holds ABSENT."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def sentence(self) -> str:
        name = " / ".join(plain(step) for step in self.path)
        if self.before is ABSENT:
            return f"{name}: {shown(self.after)} (new)"
        if self.after is ABSENT:
            return f"{name}: {shown(self.before)} is left out"
        return f"{name}: {shown(self.before)} becomes {shown(self.after)}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a version does to one entry. `entry` is its slug, HEAD for the document's own members."""

    what: Literal["added", "changed", "removed"]
    entry: str
    fields: tuple[Field, ...] = ()

    @property
    def sentence(self) -> str:
        """The change in words, for people who sign."""
        said = "; ".join(field.sentence for field in self.fields)
        if self.entry == HEAD:
            return said
        if self.what == "removed":
            return f"removes {plain(self.entry)}"
        return f"{'adds' if self.what == 'added' else 'changes'} {plain(self.entry)}" + (
            f": {said}" if said else ""
        )

    def __str__(self) -> str:
        return self.sentence


def changes(base: Content | None, proposed: Content) -> list[Change]:
    """What a version does to the one before, entry by entry in order of their slugs, the document's own members first.

    `base` is None for a first version.

    >>> [str(c) for c in changes({"title": "List", "entries": {}}, {"title": "List", "entries": {"isis": {"name": "IS"}}})]
    ['adds isis: name: "IS" (new)']
    """
    found = []
    before, after = base or {}, proposed
    fields = tuple(_differences(_own(before), _own(after)))
    if fields:
        found.append(Change("changed", HEAD, fields))
    old, new = entries_of(before), entries_of(after)
    for slug in sorted(old.keys() | new.keys()):
        if slug not in new:
            found.append(Change("removed", slug))
        elif slug not in old:
            found.append(Change("added", slug, tuple(_differences({}, new[slug]))))
        elif fields := tuple(_differences(old[slug], new[slug])):
            found.append(Change("changed", slug, fields))
    return found


def entries_of(content: Content | None) -> Mapping[str, Any]:
    """The entries of a document; none where its kind has none."""
    found = (content or {}).get(ENTRIES, {})
    return found if isinstance(found, Mapping) else {}


def require_entries(content: Content) -> None:
    """Raises Misuse unless content has a title and entries by slug, each an object."""
    entries = content.get(ENTRIES)
    if not isinstance(content.get("title"), str) or not isinstance(entries, Mapping):
        raise Misuse("a joint document has a title, and entries by name")
    for slug, entry in entries.items():
        if not _SLUG.fullmatch(slug) or not isinstance(entry, Mapping):
            raise Misuse(
                "an entry of a joint document is an object, named in lower-case letters, digits and hyphens"
            )


def _own(content: Content) -> Content:
    return {name: value for name, value in content.items() if name != ENTRIES}


def _differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Field]:
    if same(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(name, ABSENT), after.get(name, ABSENT), (*path, name))
    elif before is ABSENT and isinstance(after, Mapping) and after:
        for name in sorted(after):
            yield from _differences(ABSENT, after[name], (*path, name))
    else:
        yield Field(path, before, after)


def same(one: Any, other: Any) -> bool:
    """Whether two values have one text: 1 and true are equal in Python, and not on the wire."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return bool(one == other) and canonical(one) == canonical(other)


# --- two versions at once


@dataclass(frozen=True, slots=True)
class Merged:
    """Both versions' changes in one content: the same whichever side merges."""

    content: Content


@dataclass(frozen=True, slots=True)
class Conflict:
    """One value that both changed, and not alike. `path` starts at the content's members."""

    path: tuple[str, ...]
    base: Any
    ours: Any
    theirs: Any

    @property
    def sentence(self) -> str:
        place = self.path[1:] if self.path[0] == ENTRIES and len(self.path) > 1 else self.path
        name = " / ".join(plain(step) for step in place)
        return f"{name}: ours {_wrote(self.ours)}, theirs {_wrote(self.theirs)}"

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Why two versions do not come together: people choose, nothing else does."""

    found: tuple[Conflict, ...]


def merge(base: Content | None, ours: Content, theirs: Content) -> Merged | Conflicts:
    """Both versions' changes together, or every value on which they collide. Symmetric: the sides swapped give
    the same content, and the same conflicts seen from the other side.

    >>> merge({"title": "List", "entries": {}}, {"title": "List", "entries": {"a": {}}}, {"title": "Groups", "entries": {}})
    Merged(content={'entries': {'a': {}}, 'title': 'Groups'})
    """
    found: list[Conflict] = []
    content = _merged((), base or {}, ours, theirs, found)
    return Conflicts(tuple(found)) if found else Merged(content)


def _merged(path: tuple[str, ...], base: Any, ours: Any, theirs: Any, found: list[Conflict]) -> Any:
    if same(ours, theirs) or same(theirs, base):
        return ours
    if same(ours, base):
        return theirs
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        old = base if isinstance(base, Mapping) else {}
        whole = {}
        for name in sorted(old.keys() | ours.keys() | theirs.keys()):
            before, mine, other = (each.get(name, ABSENT) for each in (old, ours, theirs))
            value = _merged((*path, name), before, mine, other, found)
            if value is not ABSENT:
                whole[name] = value
        return whole
    found.append(Conflict(path, base, ours, theirs))
    return ours


# --- a part of what is proposed


@dataclass(frozen=True, slots=True)
class Taken:
    """How an answer reads as a part of what was proposed: the entries that it takes, and those that it leaves."""

    entries: tuple[str, ...]
    left: tuple[str, ...]


def part(base: Content | None, proposed: Content, entries: Collection[str]) -> Content:
    """What accepting only these entries of a proposal gives: they as proposed, all else as it stands.

    HEAD names the document's own members; those of a first version are always taken, for it has no others.
    Raises Misuse for an entry that the proposal does not change, and where nothing would be left out.

    >>> part({"title": "List", "entries": {}}, {"title": "List", "entries": {"a": {}, "b": {}}}, ["b"])
    {'entries': {'b': {}}, 'title': 'List'}
    """
    changed = {change.entry for change in changes(base, proposed)}
    unknown = sorted(set(entries) - changed)
    if unknown:
        raise Misuse(
            f"the proposal does not change {plain(unknown[0])}; `detente joint show` lists what it changes"
        )
    chosen = set(entries) | ({HEAD} & changed if base is None else set())
    if not entries or chosen == changed:
        raise Misuse("name some of the entries that the proposal changes; to take all of it, accept it whole")
    whole = dict(_own(proposed if HEAD in chosen else base or {}))
    old, new = entries_of(base), entries_of(proposed)
    kept = {slug: new[slug] if slug in chosen else old[slug] for slug in old.keys() | new.keys()
            if (slug in new if slug in chosen else slug in old)}  # fmt: skip
    whole[ENTRIES] = {slug: kept[slug] for slug in sorted(kept)}
    return {name: whole[name] for name in sorted(whole)}


def taken(base: Content | None, proposed: Content, answer: Content) -> Taken | None:
    """How an answer takes a proposal in part; None where it says anything that the proposal does not."""
    wanted = {change.entry: change for change in changes(base, proposed)}
    given = {change.entry: change for change in changes(base, answer)}
    if any(not _alike(wanted.get(entry), change) for entry, change in given.items()):
        return None
    return Taken(tuple(sorted(given)), tuple(sorted(wanted.keys() - given.keys())))


def _alike(one: Change | None, other: Change) -> bool:
    if one is None or (one.what, len(one.fields)) != (other.what, len(other.fields)):
        return False
    pairs = zip(one.fields, other.fields, strict=True)
    return all(a.path == b.path and same(a.after, b.after) for a, b in pairs)


# --- values in words


def plain(text: str) -> str:
    """A text of the peer's that is safe on a terminal: what does not print is written out."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def shown(value: Any) -> str:
    """A value as a sentence quotes it, cut where it is long.

    >>> shown("État islamique"), shown(["a"]), shown(True)
    ('"État islamique"', '["a"]', 'true')
    """
    text = plain(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _wrote(value: Any) -> str:
    return "leave it out" if value is ABSENT else f"say {shown(value)}"


def seen_by_the_other(conflict: Conflict) -> Conflict:
    """The same conflict from the peer's side."""
    return replace(conflict, ours=conflict.theirs, theirs=conflict.ours)


__all__ = [
    "ABSENT", "ENTRIES", "HEAD", "Change", "Conflict", "Conflicts", "Content", "Field", "Merged", "Taken",
    "changes", "entries_of", "merge", "part", "plain", "require_entries", "same", "seen_by_the_other", "shown",
    "taken",
]  # fmt: skip
