"""The words by which pages are read: one table for four languages (words.txt), as sets."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names.romanise import normal

TABLE = "words.txt"
LANGUAGES = ("en", "fr", "ru", "ar")


@lru_cache(maxsize=1)
def _table() -> MappingProxyType[str, MappingProxyType[str, tuple[str, ...]]]:
    """use -> language ("" for all) -> its words, normal."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    text = resources.files("detente.topics.reports").joinpath(TABLE).read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            head, _, listed = line.partition(":")
            use, _, language = head.partition(" ")
            words = tuple(dict.fromkeys(normal(word.strip()) for word in listed.split(",") if word.strip()))
            found.setdefault(use, {})[language] = words
    return MappingProxyType({use: MappingProxyType(by) for use, by in found.items()})


@lru_cache(maxsize=256)
def listed(use: str, language: str = "") -> tuple[str, ...]:
    """The words of a use, of one language or of all.

    >>> "the" in listed("stop", "en"), "ранее" in listed("stop")
    (True, False)
    """
    by = _table()[use]
    if language:
        return by.get(language, ())
    return tuple(dict.fromkeys(word for words in by.values() for word in words))


@lru_cache(maxsize=64)
def every(use: str) -> frozenset[str]:
    """All words of a use, as a set."""
    return frozenset(listed(use))


@lru_cache(maxsize=64)
def pattern(use: str) -> re.Pattern[str]:
    """Finds any of the words of a use, whole, in `normal` text; the longest first."""
    words = sorted(listed(use), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)")


@lru_cache(maxsize=64)
def opening(use: str) -> re.Pattern[str]:
    """As `pattern`, at the start of the text."""
    return re.compile(rf"[\W\d]*{pattern(use).pattern}")


@lru_cache(maxsize=1)
def months() -> MappingProxyType[str, int]:
    """The number of each month by its name, `normal`."""
    return MappingProxyType({name: n for n in range(1, 13) for name in listed(f"month{n}")})


@lru_cache(maxsize=1)
def zones() -> MappingProxyType[str, int]:
    """Minutes east of Greenwich by the name of a zone, `normal`."""
    pairs = (entry.rpartition(" ") for entry in listed("zone"))
    return MappingProxyType({name: int(minutes) for name, _, minutes in pairs})


def content(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, cut to what their forms share.

    >>> sorted(content("The ministers agreed"))
    ['agree', 'minis']
    """
    tokens = re.findall(r"[^\W_]{3,}", normal(text))
    cut = (
        token.removeprefix("ال") if len(token) > 5 else token
        for token in tokens
        if token not in every("stop")
    )
    return frozenset(token[:5] for token in cut)
