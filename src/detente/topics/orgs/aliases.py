"""The public names of listed groups: one entry for ISIS, ISIL, Daesh, داعش, ИГИЛ and État islamique."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from detente.topics.names.romanise import normal
from detente.topics.orgs.words import table_bytes

TABLE = "aliases.txt"


@dataclass(frozen=True, slots=True)
class Entry:
    """One group: its id, and its names with the lists that publish them."""

    id: str
    names: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All entries, in the order of the table."""
    found: list[Entry] = []
    for line in table_bytes(TABLE).decode().splitlines():
        if line.strip() and not line.startswith("#"):
            ident, _, listed = line.partition(":")
            names, sources = [], []
            for item in listed.split(";"):
                match = re.fullmatch(r"\s*(.+?)\s*\[([A-Z ]+)\]\s*", item)
                if match is None:
                    raise ValueError(f"{TABLE}, {ident}: an alias without its source")
                names.append(match[1])
                sources.append(tuple(match[2].split()))
            found.append(Entry(ident.strip(), tuple(names), tuple(sources)))
    return tuple(found)


_SMALL = frozenset(["the", "of", "and", "for", "in", "on", "al", "el", "ul", "a"])


def key(name: str) -> str:
    """What names are looked up by: the letters and digits of their words, without marks, apostrophes, articles and small words.

    >>> key("Da'esh") == key("daesh"), key("The Organization of Al-Qaida") == key("Organization al Qaida")
    (True, True)
    """
    text = re.sub("[\u2018\u2019\u201a\u201b'`´ʼʿʾ′\"]", "", normal(name))
    if not re.search("[a-z\u00c0-\u024f]", text):
        return re.sub(r"[\W_]+", "", text)
    words = re.findall(r"[^\W_]+", text)
    spelt = [
        "".join(c for c in unicodedata.normalize("NFD", w) if not unicodedata.combining(c)) for w in words
    ]
    return " ".join([w for w in spelt if w not in _SMALL] or spelt)


@lru_cache(maxsize=1)
def _by_key() -> MappingProxyType[str, Entry]:
    table: dict[str, Entry] = {}
    for entry in entries():
        for name in entry.names:
            if table.setdefault(key(name), entry) is not entry:
                raise ValueError(f"{TABLE}: {name} stands for two entries")
    return MappingProxyType(table)


@lru_cache(maxsize=1 << 14)
def find(name: str) -> Entry | None:
    """The entry that a name stands for, or None.

    >>> find("Daesh") is find("Islamic State of Iraq and the Levant")
    True
    """
    found = key(name)
    return _by_key().get(found) if found else None
