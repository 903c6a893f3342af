"""How a service writes a person down: in its own spelling, with what it happens to know, and with mistakes.

Two services keep lists. `a` writes French: mostly press spellings, names in Latin letters. `b` writes Russian: mostly Cyrillic. Each list
degrades a person by itself, so what survives on both sides is by chance, as in life. The noise is of these kinds: spelling habits, dropped
or misplaced parts, pet names, initials, war names, typing errors, lost diacritics, dates that are partial, swapped, mistyped or missing.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

import msgspec

from detente.demo.people import Person, Word
from detente.demo.spelling import Habit, abroad, plain, russian

T = TypeVar("T")
Side = Literal["a", "b"]
Writing = Literal["Latn", "Cyrl", "Arab"]

_HABITS: Final[dict[Side, tuple[tuple[Habit, ...], tuple[int, ...]]]] = {
    "a": (
        ("french", "icao", "soviet", "english", "german", "turkish", "scholarly"),
        (50, 18, 8, 14, 6, 2, 2),
    ),
    "b": (("icao", "english", "soviet"), (75, 20, 5)),
}
_GROUNDS: Final[dict[Side, tuple[str, ...]]] = {
    "a": (
        "mandat d'arrêt, terrorisme, 2019",
        "départ signalé vers une zone de combat, 2014",
        "financement d'un groupe inscrit, 2020",
        "retour non déclaré d'une zone de combat, 2018",
        "condamnation pour association de malfaiteurs terroriste, 2021",
        "propagande d'un groupe inscrit, 2022",
    ),
    "b": (
        "розыск, участие в незаконном вооружённом формировании, 2016",
        "выезд в зону боевых действий, 2015",
        "финансирование запрещённой организации, 2019",
        "вербовка в запрещённую организацию, 2021",
        "осуждён по статье о терроризме, 2018",
        "возвращение из зоны боевых действий, 2020",
    ),
}
_MARKINGS: Final = (("TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"), (22, 55, 15, 8))
_LATIN_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_CYRILLIC_ROWS: Final = ("йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю")


class Row(msgspec.Struct, frozen=True):
    """One line of a list: FollowTheMoney's shape, and what handling needs beside it."""

    id: str
    schema: str
    properties: dict[str, list[str]]
    grounds: list[str]
    marking: str
    grade: str


@dataclass(frozen=True, slots=True)
class Spelt:
    """A name as it was written, its parts apart, and in which script."""

    given: str
    father: str
    surname: str
    writing: Writing


def row(person: Person, side: Side, seed: int, label: str, index: int) -> tuple[Row, Writing]:
    """This person's record on that side's list, and the script that its name is in."""
    dice = random.Random(f"{seed}/{label}/{index}/{side}")
    spelt = spell(person, side, dice)
    properties = {"name": [written(spelt, side, dice)]}
    alias = other_name(person, spelt, side, dice)
    if alias and alias not in properties["name"]:
        properties["alias"] = [alias]
    if born := date(person.birth, dice):
        properties["birthDate"] = [born]
    if dice.random() < 0.6:
        town = person.place
        properties["birthPlace"] = [
            (town.french if dice.random() < 0.8 else town.english) if side == "a" else town.russian
        ]
    if dice.random() < 0.8:
        properties["nationality"] = [person.nation]
    if dice.random() < 0.9:
        properties["spokenLanguage"] = list(person.languages)
    if dice.random() < 0.16:
        properties["passportNumber"] = [document(person.passport, dice)]
    number = hashlib.sha256(f"{seed}/{label}/{index}/{side}/id".encode()).hexdigest()[:12]
    return (
        Row(
            f"{side}-{number}",
            "Person",
            properties,
            [dice.choice(_GROUNDS[side])],
            weighted(dice, *_MARKINGS),
            weighted(dice, "ABCDEF", (8, 30, 32, 12, 4, 14))
            + weighted(dice, "123456", (10, 34, 28, 10, 3, 15)),
        ),
        spelt.writing,
    )


def spell(person: Person, side: Side, dice: random.Random) -> Spelt:
    """The person's name in the letters and the spelling that this list's clerk chose."""
    writing = script(person, side, dice)
    habit = weighted(dice, *_HABITS[side])

    def one(word: Word | None) -> str:
        return "" if word is None else letters(word, writing, habit, dice)

    father = one(person.father)
    if patronymic := person.patronymic:
        father = patronymic if writing == "Cyrl" else abroad(patronymic, habit)
    return Spelt(one(person.given), father, one(person.surname), writing)


def script(person: Person, side: Side, dice: random.Random) -> Writing:
    """Which script: mostly the service's own; at times the passport's, or the person's own."""
    luck = dice.random()
    if person.culture.script == "Arabic" and luck < 0.08:
        return "Arab"
    if side == "a":
        return "Cyrl" if person.culture.script == "Cyrillic" and luck < 0.04 else "Latn"
    return "Latn" if luck > 0.86 else "Cyrl"


def letters(word: Word, writing: Writing, habit: Habit, dice: random.Random) -> str:
    """A name part in that script; where a name is spelt several ways abroad, one of them."""
    if writing == "Arab" and word.french:
        return word.native.strip()
    if writing == "Cyrl":
        return dice.choice(word.russian).strip() if word.russian else russian_or_native(word.native)
    if word.french:
        return dice.choice(word.french if habit in ("french", "soviet") else word.english).strip()
    return abroad(word.native, habit)


def russian_or_native(native: str) -> str:
    """Georgian letters become Cyrillic; the rest stays."""
    return russian(native) if "ა" <= native[0] <= "ჰ" else native


def written(spelt: Spelt, side: Side, dice: random.Random) -> str:
    """The name as one text: which parts, in which order, in which capitals, with which mistakes."""
    given, father, surname = spelt.given, spelt.father, spelt.surname
    if dice.random() < (0.78 if side == "a" else 0.22):
        father = ""
    if dice.random() < 0.015:
        given = given[0] + "."
    if dice.random() < 0.02 and "-" not in surname:
        surname = surname.replace(" ", "-")
    parts = [given, father, surname]
    if dice.random() < 0.07:
        slot = dice.choice([i for i, part in enumerate(parts) if part])
        parts[slot] = mistyped(parts[slot], dice)
    given, father, surname = parts
    if dice.random() < 0.4:
        surname = surname.upper()
    first = (
        [surname, given, father]
        if dice.random() < (0.4 if side == "a" else 0.65)
        else [given, father, surname]
    )
    text = " ".join(" ".join(first).split())
    if spelt.writing == "Latn" and dice.random() < 0.45:
        text = plain(text).replace("'", "")
    if spelt.writing == "Cyrl" and dice.random() < 0.7:
        text = text.replace("ё", "е").replace("Ё", "Е")
    return text


def other_name(person: Person, spelt: Spelt, side: Side, dice: random.Random) -> str:
    """At times an alias: a pet name, a war name, or the name in a second spelling. "" for none."""
    luck = dice.random()
    if person.kunya is not None and luck < 0.6:
        head = {"Latn": "Abou" if side == "a" else "Abu", "Cyrl": "Абу", "Arab": "أبو"}[spelt.writing]
        return f"{head} {letters(person.kunya, spelt.writing, 'french' if side == 'a' else 'english', dice)}"
    if luck < 0.05 and person.given.pets:
        pet = dice.choice(person.given.pets)
        called = (
            russian_or_native(pet) if spelt.writing == "Cyrl" else abroad(pet, weighted(dice, *_HABITS[side]))
        )
        return f"{called} {spelt.surname}"
    if luck < 0.17:
        again = spell(person, side, dice)
        return f"{again.given} {again.surname}"
    return ""


def mistyped(text: str, dice: random.Random) -> str:
    """One slip of the fingers: a neighbouring key, two letters swapped, one lost, one doubled."""
    if len(text) < 4:
        return text
    at = dice.randrange(1, len(text) - 1)
    slip = dice.randrange(4)
    if slip == 0:
        return text[:at] + neighbour(text[at], dice) + text[at + 1 :]
    if slip == 1:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if slip == 2:
        return text[:at] + text[at + 1 :]
    return text[:at] + text[at] + text[at:]


def neighbour(letter: str, dice: random.Random) -> str:
    """A key beside this one; the letter itself where no keyboard row has it."""
    for keys in (*_LATIN_ROWS, *_CYRILLIC_ROWS):
        if (at := keys.find(letter.lower())) >= 0:
            return keys[at + dice.choice([step for step in (-1, 1) if 0 <= at + step < len(keys)])]
    return letter


def date(born: tuple[int, int, int], dice: random.Random) -> str:
    """The birth date as this list has it: whole, partial, wrong in a usual way, or "" for unknown."""
    year, month, day = born
    kind = weighted(
        dice,
        (
            "whole",
            "missing",
            "year",
            "month",
            "first of January",
            "swapped",
            "year off",
            "day off",
            "decade typo",
        ),
        (685, 90, 110, 20, 30, 25, 20, 12, 8),
    )
    if kind == "missing":
        return ""
    if kind == "year":
        return f"{year}"
    if kind == "month":
        return f"{year}-{month:02}"
    if kind == "first of January":
        month = day = 1
    if kind == "swapped" and day <= 12:
        month, day = day, month
    if kind == "year off":
        year += dice.choice((-1, 1))
    if kind == "day off":
        day = day + 1 if day < 28 else day - 1
    if kind == "decade typo":
        year += dice.choice((-10, 10)) if 1950 <= year <= 1993 else -10
    return f"{year}-{month:02}-{day:02}"


def document(number: str, dice: random.Random) -> str:
    """A passport number as clerks write it: bare, grouped, or with a sign before it."""
    luck = dice.random()
    if luck < 0.2:
        return f"{number[:2]} {number[2:]}"
    return f"№ {number}" if luck < 0.3 else number


def weighted(dice: random.Random, of: Sequence[T], weights: Sequence[int]) -> T:
    """One of a few, by weight."""
    return dice.choices(of, weights)[0]
