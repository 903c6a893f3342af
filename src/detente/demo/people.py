"""Invents persons: who they are, before anyone writes them down. A person is a pure function of the seed and an index.

Names follow a long tail: few are very common, many are rare, so that shared names tell as little as they do in life.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, TypeVar

from detente.demo import names
from detente.demo.spelling import feminine, patronymic

T = TypeVar("T")
Script = Literal["Cyrillic", "Georgian", "Arabic", "Latin"]
Kin = Literal["father", "son", "brother", "namesake", "twin"]


@dataclass(frozen=True, slots=True)
class Word:
    """A name part in its own script, with what no rule gives: pet forms and spellings abroad (empty where rules do)."""

    native: str
    pets: tuple[str, ...] = ()
    french: tuple[str, ...] = ()
    english: tuple[str, ...] = ()
    russian: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    russian: str
    french: str
    english: str


@dataclass(frozen=True, slots=True)
class Culture:
    name: str
    script: Script
    men: tuple[Word, ...]
    women: tuple[Word, ...]
    surnames: tuple[Word, ...]
    tail: tuple[tuple[Word, ...], tuple[Word, ...]]  # heads and endings that rare surnames are made of
    prefixes: tuple[Word, ...]  # before half of the rare ones: surnames of two roots are tens of thousands
    places: tuple[Place, ...]
    nations: tuple[str, ...]  # repeated for weight
    languages: tuple[tuple[str, ...], ...]
    with_patronymic: bool
    evenness: int  # shift of the surnames' Zipf law
    rare: float  # share of the people with a surname from the tail


@dataclass(frozen=True, slots=True)
class Person:
    """Someone invented. `birth` is (year, month, day); `father` is the father's given name (a middle name
    in cultures without patronymics), None where nobody says it."""

    culture: Culture
    woman: bool
    given: Word
    father: Word | None
    surname: Word
    birth: tuple[int, int, int]
    place: Place
    nation: str
    languages: tuple[str, ...]
    passport: str
    kunya: Word | None

    def __repr__(self) -> str:
        return f"Person({self.culture.name})"

    @property
    def patronymic(self) -> str:
        """In Cyrillic; "" in cultures that have none."""
        if self.father is None or not self.culture.with_patronymic:
            return ""
        return patronymic(self.father.native, self.woman)


def person(seed: int, label: str, index: int) -> Person:
    """The person of this seed, label and index: always the same one.

    >>> person(1, "both", 7) == person(1, "both", 7)
    True
    """
    dice = random.Random(f"{seed}/{label}/{index}/person")
    culture = pick(dice, CULTURES, (30, 22, 11, 6, 19, 12))
    woman = dice.random() < 0.14
    given = ranked(dice, culture.women if woman else culture.men)
    father: Word | None = ranked(dice, culture.men)
    if not culture.with_patronymic and (father == given or dice.random() < 0.7):
        father = None  # where there are no patronymics it is a middle name, and most go without
    return Person(
        culture=culture,
        woman=woman,
        given=given,
        father=father,
        surname=surname(dice, culture, woman),
        birth=birth(dice),
        place=ranked(dice, culture.places),
        nation=dice.choice(culture.nations),
        languages=dice.choice(culture.languages),
        passport=passport(dice),
        kunya=ranked(dice, _ARABIC.men) if dice.random() < 0.08 else None,
    )


def relative(of: Person, kin: Kin, seed: int, label: str, index: int) -> Person:
    """Someone who is easily taken for `of` and is not: same surname and home, or the same name and another birth date."""
    dice = random.Random(f"{seed}/{label}/{index}/{kin}")
    year, month, day = of.birth
    of = replace(of, passport=passport(dice), kunya=None)
    if kin == "namesake":
        return replace(of, birth=birth(dice), place=ranked(dice, of.culture.places))
    men = of.culture.men
    other = ranked(dice, [word for word in men if word != of.given])
    if kin == "twin" and not of.woman:
        return replace(of, given=other)
    man = replace(of, given=other, woman=False, surname=masculine(of))
    if kin in ("brother", "twin"):
        years = dice.choice((-6, -4, -3, -2, -1, 1, 2, 3, 5))
        return replace(man, birth=(year + years, dice.randint(1, 12), dice.randint(1, 28)))
    told = of.culture.with_patronymic  # elsewhere `father` is a middle name
    away = dice.randint(21, 36)
    if kin == "father":
        born = (year - away, dice.randint(1, 12), dice.randint(1, 28))
        name = of.father if told and of.father else other
        return replace(man, given=name, father=ranked(dice, men) if told else None, birth=born)
    born = (min(year + away, 2006), month, day if dice.random() < 0.1 else dice.randint(1, 28))
    return replace(man, father=(other if of.woman else of.given) if told else None, birth=born)


def masculine(of: Person) -> Word:
    """The surname as the men of the family bear it."""
    native = of.surname.native
    if of.woman and of.culture.script == "Cyrillic":
        if native.endswith(("ова", "ева", "ёва", "ина")):
            native = native[:-1]
        elif native.endswith("ая"):
            native = native[:-2] + "ий"
    return replace(of.surname, native=native)


def pick(dice: random.Random, of: tuple[Culture, ...], weights: tuple[int, ...]) -> Culture:
    """One of a few, by weight."""
    totals = list(accumulate(weights))
    return of[bisect(totals, dice.random() * totals[-1])]


def ranked(dice: random.Random, of: Sequence[T], shift: int = 4) -> T:
    """One of a list that is sorted by how common each is (Zipf-Mandelbrot, exponent 1): the larger the shift, the more even."""
    totals = _totals(len(of), shift)
    return of[bisect(totals, dice.random() * totals[-1])]


@lru_cache(maxsize=64)
def _totals(n: int, shift: int) -> tuple[float, ...]:
    return tuple(accumulate(1 / (rank + shift) for rank in range(n)))


def surname(dice: random.Random, culture: Culture, woman: bool) -> Word:
    """A listed surname, or one from the culture's long tail, made of a head and an ending."""
    heads, endings = culture.tail
    if dice.random() < culture.rare:
        word = joined(dice.choice(heads), dice.choice(endings))
        if culture.prefixes and dice.random() < 0.5:
            word = joined(dice.choice(culture.prefixes), Word(word.native.lower()))
    else:
        word = ranked(dice, culture.surnames, culture.evenness)
    if woman and culture.script == "Cyrillic":
        word = replace(word, native=feminine(word.native))
    return word


def joined(head: Word, ending: Word) -> Word:
    """A surname made of two words, in every spelling that both have."""

    def each(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one + other for one in ours for other in theirs)

    native = head.native + ending.native
    if head.native.endswith("ь") and ending.native == "ов":
        native = head.native.removesuffix("ь" if head.native.endswith("ль") else "") + "ев"
    return Word(
        native,
        (),
        each(head.french, ending.french),
        each(head.english, ending.english),
        each(head.russian, ending.russian),
    )


def birth(dice: random.Random) -> tuple[int, int, int]:
    """Mostly between 1960 and 2003."""
    year = min(2003, max(1940, round(dice.gauss(1985, 9))))
    return year, dice.randint(1, 12), dice.randint(1, 28)


def passport(dice: random.Random) -> str:
    """Two forms that occur: nine digits, or two letters and seven digits."""
    if dice.random() < 0.6:
        return f"{dice.randint(10**8, 10**9 - 1)}"
    return f"{dice.choice('ABCEKLMP')}{dice.choice('ABCEKT')}{dice.randint(10**6, 10**7 - 1)}"


def _simple(text: str) -> tuple[Word, ...]:
    return tuple(
        Word(native, tuple(pets.split(",")) if pets else ())
        for native, _, pets in (item.partition(":") for item in text.split())
    )


def _arabic(text: str) -> tuple[Word, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(
        Word(native, (), tuple(fr.split(",")), tuple(en.split(",")), tuple(ru.split(",")))
        for native, fr, en, ru in rows
    )


def _french(text: str) -> tuple[Word, ...]:
    rows = (line.split("|") for line in text.strip().splitlines())
    return tuple(Word(native, russian=(ru,)) for native, ru in rows)


def _pieces(text: str) -> tuple[Word, ...]:
    return tuple(Word(native, russian=(ru,)) for native, ru in (pair.split() for pair in text.split(",")))


def _places(culture: str) -> tuple[Place, ...]:
    return tuple(Place(*item.split("|")) for item in names.PLACES[culture].split())


_GEORGIAN_TAIL: Final = (_simple(names.GEORGIAN_MEN), _simple("შვილი ძე იშვილი"))
# a grandfather's name before the family name, or "son of" before it
_ARABIC_TAIL: Final = (
    tuple(
        Word(
            before[0] + word.native + " ",
            (),
            tuple(before[1] + each + " " for each in word.french),
            tuple(before[2] + each + " " for each in word.english),
            tuple(before[3] + each + " " for each in word.russian),
        )
        for before in (("", "", "", ""), ("بن ", "Ben ", "Bin ", "Бен "), ("أبو ", "Bou ", "Abu ", "Абу "))
        for word in _arabic(names.ARABIC_MEN)
    ),
    (*_arabic(names.ARABIC_SURNAMES), *(Word("", (), ("",), ("",), ("",)) for _ in range(30))),
)
_RUSSIAN_ENDINGS: Final = _simple("ов ев ин ский енко ук овский цов ычев")
_EASTERN_ENDINGS: Final = _simple("ов ов ханов аев беков")

CULTURES: Final[tuple[Culture, ...]] = (
    Culture(
        "Russian",
        "Cyrillic",
        _simple(names.RUSSIAN_MEN),
        _simple(names.RUSSIAN_WOMEN),
        _simple(names.RUSSIAN_SURNAMES),
        (_simple(names.RUSSIAN_STEMS), _RUSSIAN_ENDINGS),
        tuple(Word(word.native + "о") for word in _simple(names.RUSSIAN_STEMS)),
        _places("Russian"),
        ("ru",) * 8 + ("by", "kz"),
        (("rus",), ("rus",), ("rus", "eng"), ("rus", "fra"), ("rus", "ara")),
        True,
        30,
        0.5,
    ),
    Culture(
        "Caucasus",
        "Cyrillic",
        _simple(names.CAUCASUS_MEN),
        _simple(names.CAUCASUS_WOMEN),
        _simple(names.CAUCASUS_SURNAMES),
        (
            tuple(
                word
                for word in _simple(names.CAUCASUS_MEN)
                if word.native[-1] not in "аи" and "-" not in word.native
            ),
            _EASTERN_ENDINGS,
        ),
        _simple(names.CAUCASUS_PREFIXES),
        _places("Caucasus"),
        ("ru",) * 9 + ("ge", "tr"),
        (("che", "rus"), ("rus",), ("rus", "ara"), ("che", "rus", "fra"), ("inh", "rus")),
        True,
        8,
        0.5,
    ),
    Culture(
        "Tajik",
        "Cyrillic",
        _simple(names.TAJIK_MEN),
        _simple(names.TAJIK_WOMEN),
        _simple(names.TAJIK_SURNAMES),
        (tuple(word for word in _simple(names.TAJIK_MEN) if word.native[-1] not in "оаё"), _EASTERN_ENDINGS),
        _simple(names.TAJIK_PREFIXES),
        _places("Tajik"),
        ("tj", "tj", "uz", "uz", "kg", "ru"),
        (("tgk", "rus"), ("uzb", "rus"), ("rus",), ("uzb",)),
        True,
        10,
        0.5,
    ),
    Culture(
        "Georgian",
        "Georgian",
        _simple(names.GEORGIAN_MEN),
        _simple(names.GEORGIAN_WOMEN),
        _simple(names.GEORGIAN_SURNAMES),
        _GEORGIAN_TAIL,
        (),
        _places("Georgian"),
        ("ge", "ge", "ge", "ru"),
        (("kat", "rus"), ("kat",), ("kat", "rus", "fra")),
        False,
        12,
        0.4,
    ),
    Culture(
        "Arabic",
        "Arabic",
        _arabic(names.ARABIC_MEN),
        _arabic(names.ARABIC_WOMEN),
        _arabic(names.ARABIC_SURNAMES),
        _ARABIC_TAIL,
        (),
        _places("Arabic"),
        ("tn", "tn", "dz", "sy", "iq", "ly", "fr", "ma"),
        (("ara", "fra"), ("ara", "fra"), ("ara",), ("ara", "fra", "rus")),
        False,
        10,
        0.65,
    ),
    Culture(
        "French",
        "Latin",
        _french(names.FRENCH_MEN),
        _french(names.FRENCH_WOMEN),
        _french(names.FRENCH_SURNAMES),
        (_pieces(names.FRENCH_HEADS), _pieces(names.FRENCH_TAILS)),
        (),
        _places("French"),
        ("fr",) * 6 + ("be", "ch"),
        (("fra",), ("fra", "ara"), ("fra", "rus"), ("fra",)),
        False,
        30,
        0.5,
    ),
)
_ARABIC: Final = next(culture for culture in CULTURES if culture.name == "Arabic")
