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
_LONGEST = 8  # words of a legal form
_NUMBER = 100  # decibits of a number: plants and brigades have them
_INITIALS = 25  # decibits of one or two letters
_STOP = frozenset(
    spelling(word)
    for word in [
        "the",
        "of",
        "and",
        "for",
        "in",
        "on",
        "at",
        "by",
        "to",
        "a",
        "an",
        "i",
        "s",
        "z",
        "v",
        "na",
        "po",
        "pri",
        "from",
        "with",
        "de",
        "la",
        "le",
        "les",
        "des",
        "du",
        "del",
        "el",
        "los",
        "al",
        "ul",
        "ar",
        "as",
        "an",
        "ash",
        "e",
        "y",
        "ve",
        "va",
        "der",
        "die",
        "das",
        "und",
        "other",
        "name",
        "also",
        "known",
        "aka",
        "fka",
        "formerly",
        "im",
        "imeni",
        "no",
        "o",
    ]
)
_SPLIT = re.compile("[^\\w]+|_+")
_HAN_FORMS = re.compile(
    "(?:股份|責任|责任)?有限(?:責任|责任)?公司|集團公司|集团公司|公司|株式会社|주식회사|회사|(?<=.)香港|香港(?=.)"
)
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
    if family == "form" and len(code) < 3:
        return _INITIALS
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
    split = _split(name)
    rest, forms = _without_forms(split)
    # A name that is nothing but a legal form keeps its words.
    return _named([word for piece in rest for word in piece], forms) if rest else _named(split, [])


def pieces(name: str) -> list[Named]:
    """The names within one text: itself, and where legal forms stand in it twice or more what stands between them.

    None where it is nothing but a legal form.

    >>> ["+".join(w.form for w in n.words) for n in pieces("Joint Stock Company Ramensk Instrument Bureau JSC RPKB")][1:]
    ['ramensk+instrument+bureau', 'rpkb']
    """
    rest, forms = _without_forms(_split(name))
    whole = _named([word for piece in rest for word in piece], forms)
    several = [_named(piece, forms) for piece in rest] if len(forms) > 1 and len(rest) > 1 else []
    if re.search("[a-z][A-Z]", name):
        several.append(words(re.sub("(?<=[a-z])(?=[A-Z])", " ", name)))
    if "," in name:
        # A list of names: each part that has a legal form of its own beside other words is one.
        listed = [_without_forms(_split(segment)) for segment in name.split(",")]
        several += [_named(piece, own) for its, own in listed if own for piece in its]
    return [named for named in dict.fromkeys([whole, *several]) if named.words]


def _split(name: str) -> list[str]:
    text = _HAN_FORMS.sub(" ", _APOSTROPHES.sub("", normal(name)))
    return _initials([word for word in _SPLIT.split(text) if word])


def _named(split: list[str], forms: list[str]) -> Named:
    longest = max(map(len, split), default=0)
    # Initials before a person's name are written or not (P.I. Plandin): `_initials` marks them.
    plain = [word.strip("·") for word in split if not (word.startswith("·") and longest > 5)]
    found = [w for w in map(_word, plain) if w is not None]
    return Named(tuple(dict.fromkeys(found)), tuple(sorted(set(forms))))


def _initials(split: list[str]) -> list[str]:
    """Single letters in a row are one word (S A L); two of them, the initials of a person, are marked with a dot before."""
    out: list[str] = []
    run = ""
    for word in [*split, ""]:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            out.append("·" + run if len(run) == 2 and (run,) not in _forms() else run)
            run = ""
        if word:
            out.append(word)
    return out


def _without_forms(split: list[str]) -> tuple[list[list[str]], list[str]]:
    """(the words between legal forms, the forms). Longer phrases first: "company limited" is none inside "limited liability company"."""
    keys = [spelling(latin(word)) for word in split]
    table = _forms()
    owner: list[str | None] = [None] * len(split)
    for size in range(min(_LONGEST, len(split)), 0, -1):
        for at in range(len(split) - size + 1):
            if owner[at : at + size] == [None] * size and (form := table.get(tuple(keys[at : at + size]))):
                owner[at : at + size] = [form] * size
    rest: list[list[str]] = [[]]
    for word, form in zip(split, owner, strict=True):
        if form is None:
            rest[-1].append(word)
        elif form != "co" and rest[-1]:
            rest.append([])
    rest = [piece for piece in rest if piece]
    forms = [form for at, form in enumerate(owner) if form and (at == 0 or owner[at - 1] != form)]
    return rest, forms
