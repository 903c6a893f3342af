"""A name's parts: what carries identity, with particles, titles and articles settled (spec/tokens-people, section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from detente.topics.names import given
from detente.topics.names.codes import daitch_mokotoff, metaphones, skeletons
from detente.topics.names.joining import join
from detente.topics.names.romanise import fold, latin, normal, script, sound, spelling

Role = Literal["name", "patronymic", "initial"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a name and the codes that other spellings of it share. `symbol`: its given-name class, "" for none."""

    form: str
    role: Role
    symbol: str
    sounds: tuple[str, ...]
    phones: tuple[str, ...]
    bones: tuple[str, ...]
    gender: str = ""

    def __hash__(self) -> int:  # parts are keys of many caches: two fields tell nearly all apart
        return hash((self.form, self.role))


# Words that tell of descent, office or respect, not of the person.
_DESCENT = "ben bin ibn bint binti ould wuld veld al el ul as ash at ar az an ad es ed de la del der den van von da di do dos das le und y e i aka fka nee"
_RESPECT = (
    "mr mrs ms dr prof professor eng engineer gen col maj lt capt sir sheikh shaikh sheik shaykh shaik cheikh mullah mulla mola"
    " maulavi maulawi mawlawi mawlavi molavi molvi mulvi maulana haji hadji hajji haj hajj alhaj alhaji sayyid sayyed sayed seyed"
    " seyyed seied saiyid said-title hojatoleslam hojjatoleslam ayatollah general colonel brigadier major lieutenant captain admiral"
    " commander dato datuk tan sri ustad ustadh"
)
_PARTICLES = frozenset(fold(latin(word)) for word in f"{_DESCENT} {_RESPECT}".split()) - {"said"}
_ARABIC_PARTICLES = frozenset(
    given.arabic_key(word)
    for word in [
        "بن",
        "ابن",
        "بنت",
        "ولد",
        "ال",
        "آل",
        "سید",
        "سيد",
        "السيد",
        "شیخ",
        "الشيخ",
        "شيخ",
        "الشیخ",
        "حاج",
        "حاجی",
        "حاجي",
        "الحاج",
        "ملا",
        "مولوی",
        "مولوي",
        "المولوي",
        "دکتر",
        "الدكتور",
    ]
)
_PATRONYMIC = re.compile("^(.{2,}?)(?:[oeai]vich|ovna|evna|avna|ivna|[oea]una|inichna|ichna|[oe]vic)$")
_SPLIT = re.compile("[\\s,/;:()\"«»“”.\u2018\u2019\u201a\u201b'`´ʼʿʾ′\u2010-\u2015_-]+")
_APOSTROPHES = re.compile("(?<=\\w)[\u2018\u2019\u201a\u201b'`´ʼʿʾ′](?=\\w)")


@lru_cache(maxsize=1 << 17)
def part(form: str, role: Role, symbol: str, raw: str) -> Part:
    """The part of this folded form; `raw` is its romanised spelling before folding (the skeleton reads digraphs there)."""
    if role == "initial":
        return Part(form, role, "", (), (), ())
    heard = sound(raw)
    return Part(form, role, symbol, daitch_mokotoff(heard), metaphones(heard), skeletons(raw))


@lru_cache(maxsize=1 << 17)
def word_part(word: str, arabic: bool = False) -> Part | None:
    """The part that one word stands for (letters of Arabic script, or romanised); None for particles and titles."""
    if arabic:
        return _arabic_part(word)
    raw = latin(word)
    if not raw:
        # No table for this script and no known romanisation: the code points themselves, equal or not.
        return Part("u" + "-".join(f"{ord(c):x}" for c in word), "name", "", (), (), ())
    form = fold(raw)
    if form in _PARTICLES:
        return None
    if len(raw) == 1:
        return part(form, "initial", "", "")
    symbol = given.of_fold(form)
    form = spelling(raw)
    found = None if symbol else _PATRONYMIC.match(form)
    if found:
        stem = found.group(1)
        return replace(
            part(stem, "patronymic", _father(stem), stem), gender="m" if form.endswith(("ch", "vic")) else "f"
        )
    return part(form, "name", symbol, raw)


def _father(stem: str) -> str:
    return next(
        (
            symbol
            for ending in ("", "i", "a", "o", "ei", "ia")
            if (symbol := given.of_fold(fold(stem + ending)))
        ),
        "",
    )


def _arabic_part(word: str) -> Part | None:
    if given.arabic_key(word) in _ARABIC_PARTICLES:
        return None
    symbol, whole = given.of_arabic(word), word
    if not symbol and word.startswith("ال") and len(word) > 4:
        word = word[2:]
        symbol = given.of_arabic(word)
    raw = latin(word)
    if not raw:
        return None
    found = part(spelling(raw), "name", symbol, raw)
    if whole != word:
        # The article may be no article (Elahian): its consonant stands in a second reading.
        found = replace(found, bones=tuple(dict.fromkeys((*found.bones, *skeletons(latin(whole))))))
    return found


@lru_cache(maxsize=1 << 17)
def _letters(word: str) -> tuple[str, bool]:
    """(the word romanised, False), or (its Arabic letters, True)."""
    if script(word) == "arabic":
        return word, True
    return latin(word) or word, False


@lru_cache(maxsize=1 << 15)
def parts(name: str) -> tuple[Part, ...]:
    """The parts of one name in order of appearance, each once. A comma puts what follows it first.

    >>> [p.symbol or p.form for p in parts("Chamil Bassaïev")]
    ['chamil', 'basaev']
    >>> [p.symbol or p.form for p in parts("Владимирович, Виктор")]
    ['viktor', 'vladimir']
    """
    text = normal(name)
    before, comma, after = text.partition(",")
    if comma and "," not in after and after.strip():
        text = f"{after} {before}"
    raw = [word for word in _SPLIT.split(_APOSTROPHES.sub("", text)) if word]
    joined = join([_letters(word) for word in raw])
    words = [word for word, _ in joined]
    found = [p for word, arabic in joined if (p := word_part(word, arabic)) is not None]
    if len(found) < 2 < len(words) + 1:
        # Titles and particles are all there is beside one part: then they are names (El Sayed, Hassan El Hajj).
        found = [
            word_part(w) or part(fold(latin(w)), "name", "", latin(w))
            for w in words
            if len(latin(w)) > 2 or word_part(w)
        ]
    return tuple(dict.fromkeys(found))
