"""Which groups a free text names, and whether a record stands on nothing but groups that the other party does not list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Final

from detente.topics.designations.reconciling import entry_slug
from detente.topics.orgs import aliases

WINDOW: Final = 14  # words of the longest name that is looked for
LONGEST: Final = 4_000  # characters of a text that are looked at
_SHORT: Final = 4  # letters of a key up to which a name is an abbreviation: it counts as it is written only
_WORD: Final = re.compile(r"[^\s,;:()\[\]«»\"“”„!?/|]+")
_EDGES: Final = ".'’`-–—"
# Case endings of a Russian noun, so that «Талибана» is found by «Талибан».
_ENDINGS: Final = re.compile("(?:ами|ах|ом|ем|ой|ов|а|у|е|ы|и|я|ю)$")

_ELIDED: Final = re.compile("(?:[dl]|qu)['’]", re.IGNORECASE)


class GroupNames:
    """Names of groups by key: those of a joint list, and behind them those of the public alias table.

    >>> sorted(GroupNames({}).named("Fought for ИГИЛ, later for Al-Shabaab"))
    ['isil', 'shabaab']
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._groups: dict[str, set[str]] = {}
        self._written: dict[str, set[str]] = {}
        for group, texts in names.items():
            for text in texts:
                self._add(group, text)
        agreed = frozenset(self._groups)
        for entry in aliases.entries():
            for text in entry.names:
                # What both signed says whom a name stands for; the table speaks for the rest.
                if aliases.key(text) not in agreed:
                    self._add(entry_slug(entry.id), text)
        self.named = lru_cache(maxsize=1 << 16)(self._named)

    def _add(self, group: str, text: str) -> None:
        if key := aliases.key(text):
            self._groups.setdefault(key, set()).add(group)
            self._written.setdefault(key, set()).add(text)

    def _named(self, text: str) -> frozenset[str]:
        """The groups that a text names, by slug. The longest name at a place counts: in "ISIL Khorasan" it is not ISIL."""
        words = [match.span() for match in _WORD.finditer(text[:LONGEST])]
        found: set[str] = set()
        at = 0
        while at < len(words):
            step = 1
            for size in range(min(WINDOW, len(words) - at), 0, -1):
                if groups := self._of(text[words[at][0] : words[at + size - 1][1]].strip(_EDGES)):
                    found |= groups
                    step = size
                    break
            at += step
        return frozenset(found)

    def _of(self, window: str) -> set[str]:
        for spelt in _spellings(window):
            key = aliases.key(spelt)
            if key in self._groups and self._is_a_name(key, spelt):
                return self._groups[key]
        return set()

    def _is_a_name(self, key: str, window: str) -> bool:
        """Several words are a name however they are written; one word is where it is written as one: "IS", not "is"."""
        if " " in key:
            return True
        written = self._written[key]
        if len(key) <= _SHORT and window.upper() != window.lower():
            return window in written or (window.isupper() and window in {text.upper() for text in written})
        plain = {text.casefold() for text in written}
        if window.casefold() not in plain:
            return False
        last = re.split(r"[\s-]+", window)[-1]
        return "-" in window or last[:1].upper() == last[:1]


def _spellings(window: str) -> Iterator[str]:
    yield window
    if elided := _ELIDED.match(window):
        yield window[elided.end() :]
    if "\u0400" <= window[-1:] <= "\u04ff" and " " not in window:
        bare = _ENDINGS.sub("", window)
        if len(bare) > _SHORT - 1 and bare != window:
            yield bare


def only_unlisted(grounds: Iterable[str], names: GroupNames, listed: Set[str]) -> tuple[str, ...]:
    """The groups on which alone a record stands and of which the other party lists none; () where it stands on anything else.

    A ground that names no group, or one group that is listed, is enough.

    >>> only_unlisted(["member of Hizballah"], GroupNames({}), {"isil"})
    ('hizballah',)
    >>> only_unlisted(["member of Hizballah", "convicted in 2019"], GroupNames({}), {"isil"})
    ()
    """
    found: set[str] = set()
    for ground in grounds:
        named = names.named(ground)
        if not named or named & listed:
            return ()
        found |= named
    return tuple(sorted(found))


__all__ = ["GroupNames", "only_unlisted"]
