"""An organisation's name as words: legal forms told apart, common words as classes, the rest as they are spelt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

from detente.topics.names import frequency
from detente.topics.names.parts import Part
from detente.topics.names.parts import part as part_of
from detente.topics.names.romanise import latin, normal, script, spelling

FORMS, COMMON = "legal_forms.txt", "common_words.txt"
_UNSEEN = 200  # decibits of a word that no table lists
_NUMBER = 100  # decibits of a number: plants and brigades have them
_STOP = frozenset(
    spelling(word)
    for word in "the of and for in on at by to a an i s z v na po pri from with de la le les des du del el los al ul ar as an ash e y ve va"
    " der die das und other name also known aka fka formerly im imeni no o".split()
)
_SPLIT = re.compile("[^\\w]+|_+")
_APOSTROPHES = re.compile("(?<=\\w)[\u2018\u2019\u201a\u201b'`´ʼʿʾ′](?=\\w)")


@dataclass(frozen=True, slots=True)
class Named:
    """One name of an organisation: its words, each once, in order; its legal forms."""

    words: tuple[Part, ...]
    forms: tuple[str, ...]


def table_bytes(name: str) -> bytes:
    """A table as it ships: its hash is part of the token version."""
    return resources.files("detente.topics.orgs").joinpath(name).read_bytes()


@lru_cache(maxsize=1)
def _forms() -> MappingProxyType[tuple[str, ...], str]:
    phrases: dict[tuple[str, ...], str] = {}
    for line in table_bytes(FORMS).decode().splitlines():
        if line and not line.startswith("#"):
            form, _, listed = line.partition(":")
            for phrase in listed.split(";"):
                phrases[tuple(spelling(latin(word)) for word in phrase.split())] = form
    return MappingProxyType(phrases)


@lru_cache(maxsize=1)
def _common() -> tuple[MappingProxyType[str, str], MappingProxyType[str, int]]:
    classes: dict[str, str] = {}
    decibits: dict[str, int] = {}
    for line in table_bytes(COMMON).decode().splitlines():
        if line and not line.startswith("#"):
            head, _, listed = line.partition(":")
            symbol, surprise = head.split()
            decibits[symbol] = 10 * int(surprise)
            for word in listed.split():
                classes.setdefault(spelling(latin(normal(word))), symbol)
    return MappingProxyType(classes), MappingProxyType(decibits)


def surprise(word: Part) -> int:
    """Decibits: how rare a word is among organisations' names. Classes by the table, numbers 10 bits, others by their length at most.

    >>> surprise(words("Bank").words[0]) < surprise(words("Belkommunmash").words[0])
    True
    """
    return of_code("given", word.symbol) if word.symbol else of_code("form", word.form)


def of_code(family: str, code: str) -> int:
    """Decibits of one code, as `surprise`."""
    if family == "given":
        return _common()[1].get(code, _NUMBER)
    if code.isdigit():
        return _NUMBER
    listed = frequency.surprise(family, code)
    return min(_UNSEEN, 30 * len(code)) if family == "form" and listed >= min(180, 30 * len(code)) else listed


@lru_cache(maxsize=1 << 17)
def _word(word: str) -> Part | None:
    if word.isdigit():
        return Part(word.lstrip("0") or "0", "name", "", (), (), ())
    raw = latin(word.removeprefix("ال") if script(word) == "arabic" and len(word) > 4 else word)
    if not raw:
        return Part("u" + "-".join(f"{ord(c):x}" for c in word), "name", "", (), (), ())
    form = spelling(raw)
    return None if form in _STOP else part_of(form, "name", _common()[0].get(form, ""), raw)


@lru_cache(maxsize=1 << 15)
def words(name: str) -> Named:
    """The words of a name.

    >>> named = words("Open Joint Stock Company 'Belkommunmash'")
    >>> [w.form for w in named.words], named.forms
    (['belkomunmash'], ('jsc',))
    """
    text = _APOSTROPHES.sub("", normal(name))
    split = [word for word in _SPLIT.split(text) if word]
    rest, forms = _without_forms(_initials(split))
    found = [w for w in map(_word, rest) if w is not None]
    return Named(tuple(dict.fromkeys(found)), tuple(sorted(set(forms))))


def _initials(split: list[str]) -> list[str]:
    """Single letters in a row are one word: K.A. Valiev, S A L."""
    out: list[str] = []
    run = ""
    for word in split:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            out.append(run)
            run = ""
        out.append(word)
    return [*out, run] if run else out


def _without_forms(split: list[str]) -> tuple[list[str], list[str]]:
    keys = [spelling(latin(word)) for word in split]
    table = _forms()
    rest, forms = [], []
    at = 0
    while at < len(split):
        for size in range(min(7, len(split) - at), 0, -1):
            form = table.get(tuple(keys[at : at + size]))
            if form:
                forms.append(form)
                at += size
                break
        else:
            rest.append(split[at])
            at += 1
    # A name that is nothing but a legal form keeps its words.
    return (rest, forms) if rest else (split, [])
