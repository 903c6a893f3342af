"""The words that show whom a page is about (persons.txt), looked up as `tokens` looks words up."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names.romanise import normal
from detente.topics.reports import words
from detente.topics.reports.tokens import Token, tokens

TABLE = "persons.txt"
_AREAS = ("Europe/", "Asia/", "Africa/", "America/")


@lru_cache(maxsize=1)
def _table() -> MappingProxyType[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    text = resources.files("detente.topics.reports").joinpath(TABLE).read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            head, _, listed = line.partition(":")
            found.setdefault(head.partition(" ")[0], []).extend(
                w.strip() for w in listed.split(",") if w.strip()
            )
    return MappingProxyType({use: tuple(dict.fromkeys(listed)) for use, listed in found.items()})


def entries(use: str) -> tuple[str, ...]:
    """The entries of a use, as they are written."""
    return _table()[use]


@lru_cache(maxsize=16)
def keys(use: str) -> frozenset[str]:
    """The keys of the single words of a use; of a phrase its last word, where the use is "title"."""
    found: set[str] = set()
    for entry in _table()[use]:
        split = tokens(entry)
        if len(split) == 1 or use in ("title", "place", "given"):
            found.update(token.key for token in split[-1:])
    return frozenset(found)


@lru_cache(maxsize=16)
def phrases(use: str) -> re.Pattern[str]:
    """Finds any entry of a use in `normal` text."""
    listed = sorted((normal(entry) for entry in _table()[use]), key=len, reverse=True)
    # Arabic writes "and" and "so" onto the next word
    return re.compile(rf"(?<!\w)[وف]?(?:{'|'.join(map(re.escape, listed))})(?!\w)")


@lru_cache(maxsize=1)
def fighting() -> re.Pattern[str]:
    """Finds the beginnings of words that tell of armed groups, in `normal` text."""
    return re.compile("|".join(re.escape(normal(entry)) for entry in _table()["fighting"]))


@lru_cache(maxsize=1)
def places() -> frozenset[str]:
    """Keys of the words of countries and cities in the four languages (Unicode CLDR), and of some more."""
    from babel import Locale  # its data take long to load: only who reads a page waits

    found = set(keys("place"))
    for language in words.LANGUAGES:
        locale = Locale(language)
        named = [name for code, name in locale.territories.items() if code.isalpha()]
        named += [
            zone["city"]
            for name, zone in locale.time_zones.items()
            if name.startswith(_AREAS) and "city" in zone
        ]
        for name in named:
            split = tokens(name)
            if len(split) <= 2:
                found.update(token.key for token in split if len(token.key) > 2)
    return frozenset(found - _ALSO_PERSONS)


_NAMES_TOO = (
    "jordan georgia martin maria jose luis paul chad israel pierre saint jan troll thomas louis vincent"
)
_ALSO_PERSONS = frozenset(_NAMES_TOO.split())


@lru_cache(maxsize=1)
def calendar() -> frozenset[str]:
    """Keys of the names of months and days."""
    listed = [name for name in (*words.months(), *words.listed("weekday"))]
    return frozenset(token.key for name in listed for token in tokens(name))


@lru_cache(maxsize=1)
def small() -> frozenset[str]:
    """Keys of the words without which no sentence does."""
    return frozenset(token.key for word in words.listed("stop") for token in tokens(word))


def is_small(token: Token) -> bool:
    return token.key in small()
