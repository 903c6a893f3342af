"""Classes of given names: one symbol for Ivan, John, Jean and Juan; one for Muhammad in all its spellings."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names.romanise import fold, latin, normal

TABLE = "given_names.txt"


@lru_cache(maxsize=1)
def table_bytes() -> bytes:
    """The table as it ships: its hash is part of the token version."""
    return resources.files("detente.topics.names").joinpath(TABLE).read_bytes()


def arabic_key(word: str) -> str:
    """An Arabic-script word with the letter variants of Arabic, Persian, Pashto and Urdu keyboards made one."""
    return word.translate(_LETTERS)


_LETTERS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ی", "ي": "ی", "ئ": "ی", "ې": "ی", "ۍ": "ی", "ے": "ی", "ك": "ک",
     "ڪ": "ک", "ة": "ه", "ۀ": "ه", "ۃ": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ؤ": "و", "ء": "", "\u0652": ""}
)  # fmt: skip


@lru_cache(maxsize=1)
def _tables() -> tuple[MappingProxyType[str, str], MappingProxyType[str, str], MappingProxyType[str, str]]:
    """(class by folded Latin spelling, class by Arabic letters, culture by class or by "foreign spelling/")."""
    by_fold: dict[str, str] = {}
    by_letters: dict[str, str] = {}
    cultures: dict[str, str] = {}
    culture = ""
    for line in table_bytes().decode().splitlines():
        if line.startswith("["):
            culture = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            spellings, _, arabic = line.partition("|")
            native, _, foreign = spellings.partition("/")
            symbol = native.split()[0]
            cultures[symbol] = culture
            for spelling in (symbol.rstrip("23"), *native.split()[1:], *foreign.split()):
                by_fold.setdefault(fold(latin(normal(spelling))), symbol)
            for spelling in foreign.split():
                cultures[fold(latin(normal(spelling))) + "/"] = "foreign"
            for spelling in arabic.split():
                by_letters.setdefault(arabic_key(normal(spelling)), symbol)
    return MappingProxyType(by_fold), MappingProxyType(by_letters), MappingProxyType(cultures)


# Compounds: the class of the name inside, marked. (prefix, suffix, mark) in folded Latin and in Arabic letters.
_COMPOUNDS = (("abdu", "", "abd."), ("abu", "", "abu."), ("", "ula", "ula."), ("", "din", "din."))
_ARABIC_COMPOUNDS = (("ابدو", "", "abd."), ("ابو", "", "abu."), ("", "ولا", "ula."), ("", "دین", "din."))


@lru_cache(maxsize=1 << 16)
def of_fold(folded: str) -> str:
    """The class symbol of a folded Latin spelling, or "" for none.

    >>> of_fold("ahmed"), of_fold("abduaziz"), of_fold("basaev")
    ('ahmad', 'abd.aziz', '')
    """
    return _look(_tables()[0], folded, _COMPOUNDS)


def of_arabic(word: str) -> str:
    """The class symbol of a word in Arabic script (`normal`), or "" for none."""
    return _look(_tables()[1], arabic_key(word), _ARABIC_COMPOUNDS)


def _look(table: MappingProxyType[str, str], key: str, compounds: tuple[tuple[str, str, str], ...]) -> str:
    if key in table:
        return table[key]
    for prefix, suffix, mark in compounds:
        if key.startswith(prefix) and key.endswith(suffix):
            inner = table.get(key[len(prefix) : len(key) - len(suffix)])
            if inner:
                return mark + inner
    return ""


def is_foreign(folded: str) -> bool:
    """Whether a spelling belongs to another culture than its class (John, for the class ivan)."""
    return fold(folded) + "/" in _tables()[2]


def culture(symbol: str) -> str:
    """The section of the table that a class stands in: "eastern", "western" or "islamic"."""
    return _tables()[2].get(symbol.rpartition(".")[2], "")
