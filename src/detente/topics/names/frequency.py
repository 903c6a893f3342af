"""How surprising a name code is: a fixed public table, the same on both sides of a run (Wikidata name tokens, CC0).

`bench/people_frequency.py` makes the table; its hash is part of the token version.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names.parts import Part
from detente.topics.names.parts import part as part_of

TABLE = "frequency.txt"
FAMILIES = ("given", "given here", "form", "dm", "mp", "bone")
# A code that the table does not list is at most this surprising (decibits): the table's tail ends there.
_UNSEEN = {"given": 140, "given here": 100, "form": 180, "dm": 165, "mp": 165, "bone": 155}
_A_LETTER, _A_CONSONANT = (
    30,
    43,
)  # decibits at most for each letter of a form, for each sign of a consonant code
_COMPOUND = 20  # decibits more for abd-X, abu-X, X-ullah, X-din than for X


def codes_of(part: Part) -> dict[str, tuple[str, ...]]:
    """The codes of a part by family, each family's first the main one."""
    return {
        "given": (part.symbol,) if part.symbol else (),
        "form": (part.form,),
        "dm": part.sounds[:2],
        "mp": part.phones[:1],
        "bone": part.bones[:2],
    }


@lru_cache(maxsize=1 << 15)
def codes_of_form(form: str) -> dict[str, tuple[str, ...]]:
    """The codes that follow from a folded form alone (for telling which agreeing codes say the same thing)."""
    return codes_of(part_of(form, "name", "", form))


@lru_cache(maxsize=1)
def table_bytes() -> bytes:
    """The table as it ships: its hash is part of the token version."""
    return resources.files("detente.topics.names").joinpath(TABLE).read_bytes()


@lru_cache(maxsize=1)
def _table() -> MappingProxyType[tuple[str, str], int]:
    table: dict[tuple[str, str], int] = {}
    for line in table_bytes().decode().splitlines():
        if not line.startswith("#"):
            family, level, codes = line.split("\t")
            for code in codes.split(" "):
                table[family, code] = int(level)
    return MappingProxyType(table)


@lru_cache(maxsize=1 << 16)
def surprise(family: str, code: str) -> int:
    """Decibits: -10 log2 of the share of name tokens that have this code. "given here": among names of the class's own culture.

    >>> surprise("given", "ivan") < surprise("form", "basaev")
    True
    """
    if family in ("given", "given here"):
        compound, _, inner = code.rpartition(".")
        return _table().get((family, inner), _UNSEEN[family]) + (_COMPOUND if compound else 0)
    # Few syllables make short names: what the table lacks is rare in Wikidata, not in the languages that it lacks.
    each = _A_LETTER if family == "form" else _A_CONSONANT
    return min(_table().get((family, code), _UNSEEN[family]), each * len(code.rstrip("0")))
