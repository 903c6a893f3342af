"""How surprising a name code is: a fixed public table, the same on both sides of a run (Wikidata name tokens, CC0).

`bench/people_frequency.py` makes the table; its hash is part of the token version.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names.parts import Part
from detente.topics.names.parts import part as build_part

TABLE = "frequency.txt"
FAMILIES = ("form", "both", "dm", "mp", "bone", "sym")
# A code that the table does not list is at most this surprising (decibits): the table's tail ends there.
UNSEEN = {"form": 190, "both": 190, "dm": 175, "mp": 175, "bone": 165, "sym": 140}


def codes_of(part: Part) -> dict[str, tuple[str, ...]]:
    """The codes of a part by family."""
    return {
        "form": (part.form,),
        "both": tuple(f"{d}|{m}" for d in part.sounds[:4] for m in part.phones[:2]),
        "dm": part.sounds[:4],
        "mp": part.phones[:2],
        "bone": part.bones[:4],
        "sym": (part.symbol,) if part.symbol else (),
    }


@lru_cache(maxsize=1)
def table_bytes() -> bytes:
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


def surprise(family: str, code: str) -> int:
    """Decibits: -10 log2 of the share of name tokens that have this code."""
    return _table().get((family, code), UNSEEN[family])


@lru_cache(maxsize=1 << 15)
def codes_of_form(form: str) -> dict[str, tuple[str, ...]]:
    """The codes that follow from a folded form alone (for telling which agreeing codes say the same thing)."""
    codes = codes_of(build_part(form, "name", "", form))
    codes.pop("form")
    codes.pop("sym")
    return codes
