"""How people abroad spell a name: by the habits of their press, their passports, their keyboards.

The tables follow what newspapers and passport offices do (several habits for one alphabet, each with its context rules), not what a
matcher undoes: this module is written apart from `detente.topics` and imports nothing of it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

Habit = Literal["icao", "french", "soviet", "english", "german", "turkish", "scholarly"]

_LETTERS: Final = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"


def _table(text: str) -> dict[str, str]:
    return dict(zip(_LETTERS, ("" if s == "-" else s for s in text.split()), strict=True))


_CYRILLIC: Final[dict[Habit, dict[str, str]]] = {
    # machine-readable passports, Doc 9303
    "icao": _table("a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y - e iu ia"),
    "french": _table("a b v g d e io j z i ï k l m n o p r s t ou f kh ts tch ch chtch - y - e iou ia"),
    # travel passports until 1997, written the French way without diacritics
    "soviet": _table("a b v g d e e j z i i k l m n o p r s t ou f kh ts tch ch chtch - y - e iou ia"),
    "english": _table("a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"),
    "german": _table("a b w g d e jo sch s i i k l m n o p r s t u f ch z tsch sch schtsch - y - e ju ja"),
    "turkish": _table("a b v g d e yo j z i y k l m n o p r s t u f h ts ç ş şç - ı - e yu ya"),
    "scholarly": _table("a b v g d e ë ž z i j k l m n o p r s t u f ch c č š šč - y - ė ju ja"),
}
_BEFORE: Final[dict[Habit, tuple[tuple[str, str], ...]]] = {
    "icao": (),
    "french": (
        (r"дж", "dj"),
        (r"кс", "x"),
        (r"г(?=[еиэ])", "gu"),
        (r"(?<=[аеиоуыэюя])с(?=[аеиоуыэюя])", "ss"),
        (r"(?<=[иы])й\b", ""),
        (r"ий\b", "i"),
        (r"ин\b", "ine"),
        (r"(?<=[аоу])е", "ïe"),
        (r"ье", "ie"),
        (r"(?<=[лнршж])ё", "e"),
    ),
    "soviet": ((r"дж", "dj"), (r"кс", "x"), (r"ий\b", "i"), (r"ин\b", "ine"), (r"(?<=[ое])в\b", "v")),
    "english": (
        (r"дж", "j"),
        (r"кс", "x"),
        (r"[ыи]й\b", "y"),
        (r"\bе", "ye"),
        (r"(?<=[аеиоуыэюяьъ])е", "ye"),
        (r"(?<=[чшщж])ё", "e"),
    ),
    "german": (
        (r"дж", "dsch"),
        (r"кс", "x"),
        (r"[ыи]й\b", "i"),
        (r"\bе", "je"),
        (r"(?<=[аеиоуыэюяьъ])е", "je"),
        (r"(?<=[аеиоуыэюя])с(?=[аеиоуыэюя])", "ss"),
    ),
    "turkish": ((r"дж", "c"), (r"[ыи]й\b", "i"), (r"(?<=[аеиоуыэюяьъ])е", "ye")),
    "scholarly": ((r"(?<=[аеиоуыэюяьъ])е", "je"), (r"[ыи]й\b", "ij")),
}

_GEORGIAN: Final = "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"


def _georgian(text: str) -> dict[str, str]:
    return dict(zip(_GEORGIAN, text.split(), strict=True))


_GEORGIAN_LATIN: Final = _georgian(
    "a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h"
)
_GEORGIAN_RUSSIAN: Final = _georgian("а б г д е в з т и к л м н о п ж р с т у п к г к ш ч ц дз ц ч х дж х")


@lru_cache(maxsize=1 << 16)
def abroad(word: str, habit: Habit) -> str:
    """A word in Cyrillic or Georgian as that habit writes it; other scripts stay as they are.

    >>> abroad("Чермоев", "french"), abroad("Чермоев", "english"), abroad("Чермоев", "german")
    ('Tchermoïev', 'Chermoyev', 'Tschermojew')
    """
    if word[:1] in _GEORGIAN_LATIN:
        if habit in ("english", "icao"):
            return "".join(_GEORGIAN_LATIN.get(c, c) for c in word).capitalize()
        word = russian(word)  # the others know Georgians by way of Russian
    if not re.search("[а-яё]", word.lower()):
        return word
    return "-".join(_capital(_spell(piece.lower(), habit)) for piece in word.split("-"))


def russian(word: str) -> str:
    """A Georgian word as Russians write it."""
    return "".join(_GEORGIAN_RUSSIAN.get(c, c) for c in word).capitalize()


def _spell(word: str, habit: Habit) -> str:
    for pattern, said in _BEFORE[habit]:
        word = re.sub(pattern, said, word)
    table = _CYRILLIC[habit]
    return "".join(table.get(c, c) for c in word)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """Without diacritics, as a keyboard that lacks them gives it.

    >>> plain("Bouïnaksk, Şamil")
    'Bouinaksk, Samil'
    """
    stripped = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", stripped.replace("ı", "i"))


def patronymic(father: str, woman: bool) -> str:
    """The Russian patronymic of a father's given name in Cyrillic.

    >>> patronymic("Сергей", False), patronymic("Илья", True), patronymic("Муса", False)
    ('Сергеевич', 'Ильинична', 'Мусаевич')
    """
    known = {
        "Павел": "Павл",
        "Пётр": "Петр",
        "Лев": "Льв",
        "Дмитрий": "Дмитри",
        "Никита": "Никит",
        "Илья": "Иль",
    }
    stem = known.get(father, father)
    if father in ("Никита", "Илья"):
        return stem + ("инична" if woman else "ич")
    if stem.endswith("ий"):
        return stem[:-2] + ("ьевна" if woman else "ьевич")
    if stem.endswith(("й", "ь")):
        return stem[:-1] + ("евна" if woman else "евич")
    if stem[-1] in "аеёиоуыэюя":
        return stem + ("евна" if woman else "евич")
    return stem + ("овна" if woman else "ович")


def feminine(surname: str) -> str:
    """A woman's form of a surname in Cyrillic.

    >>> feminine("Белов"), feminine("Троицкий"), feminine("Саидзода")
    ('Белова', 'Троицкая', 'Саидзода')
    """
    if surname.endswith(("ов", "ев", "ёв", "ин", "ын")):
        return surname + "а"
    return surname[:-2] + "ая" if surname.endswith("ский") or surname.endswith("цкий") else surname
