"""A name's parts: what carries identity, in no order, with particles, titles and articles settled (spec/tokens-people, section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from detente.topics.names import given
from detente.topics.names.codes import daitch_mokotoff, metaphones, skeletons
from detente.topics.names.romanise import fold, latin, normal, script, sound

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


# Words that tell of descent, office or respect, not of the person. In folded Latin and in Arabic script.
_PARTICLES = frozenset(
    [
        "ben",
        "bin",
        "ibn",
        "bint",
        "binti",
        "ould",
        "uld",
        "vuld",
        "veld",
        "al",
        "el",
        "ul",
        "as",
        "ash",
        "at",
        "ar",
        "az",
        "an",
        "ad",
        "ash",
        "de",
        "la",
        "del",
        "der",
        "den",
        "van",
        "von",
        "da",
        "di",
        "do",
        "dos",
        "das",
        "le",
        "und",
        "y",
        "e",
        "i",
        "bey",
        "beg",
        "aka",
        "fka",
        "nee",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "eng",
        "gen",
        "col",
        "maj",
        "lt",
        "capt",
        "sir",
        "sheikh",
        "shaikh",
        "sheik",
        "shaykh",
        "shaik",
        "seih",
        "sheih",
        "cheikh",
        "mula",
        "mulah",
        "mulla",
        "mullah",
        "maulavi",
        "maulawi",
        "mavlavi",
        "mulvi",
        "molvi",
        "haji",
        "hadji",
        "hajji",
        "haj",
        "hajj",
        "hajj",
        "hac",
        "alhaj",
        "seied",
        "seid",
        "sayed",
        "said",
        "saied",
        "saiid",
        "sayyid",
        "hojatoleslam",
        "aiatolah",
        "ayatollah",
        "general",
        "colonel",
        "brigadier",
        "major",
        "dato",
        "datuk",
        "tan",
        "sri",
        "ustad",
    ]
)
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
        "مولی",
        "ملک\u200c",
        "دکتر",
        "الدكتور",
    ]
)
_SAYYID = frozenset({"seied", "seid", "sayed", "said", "saied", "saiid", "sayyid"})
_PATRONYMIC = re.compile("^(.{2,}?)(?:[oeai]vich|ovna|evna|avna|ivna|[oea]una|inichna|ichna|[oe]vic)$")
_ABD_ARABIC = "اب\u0652دو"  # abdu: the sukun keeps b and d together


@lru_cache(maxsize=1 << 17)
def part(form: str, role: Role, symbol: str, raw: str) -> Part:
    """The part of this folded form; `raw` is its romanised spelling before folding (the skeleton reads digraphs there)."""
    if role == "initial":
        return Part(form, role, "", (), (), ())
    heard = sound(raw)
    return Part(form, role, symbol, daitch_mokotoff(heard), metaphones(heard), skeletons(raw))


@lru_cache(maxsize=1 << 17)
def word_part(word: str) -> Part | None:
    """The part that one word (of `normal` text) stands for; None for particles and titles."""
    of = script(word)
    if of == "arabic":
        return _arabic_part(word)
    raw = latin(word)
    if not raw:
        return part(word, "name", "", "") if word else None
    form = fold(raw)
    if form in _PARTICLES or raw in _PARTICLES:
        return None
    if len(form) == 1:
        return part(form, "initial", "", "")
    symbol = given.of_fold(form)
    if symbol:
        return part(form, "name", symbol, raw)
    found = _PATRONYMIC.match(form)
    if found:
        stem = found.group(1)
        return part(stem, "patronymic", _father(stem), stem)
    return part(form, "name", "", raw)


def _father(stem: str) -> str:
    for ending in ("", "i", "a", "o", "ei", "ia"):
        symbol = given.of_fold(fold(stem + ending))
        if symbol:
            return symbol
    return ""


def _arabic_part(word: str) -> Part | None:
    key = given.arabic_key(word)
    if key in _ARABIC_PARTICLES:
        return None
    symbol = given.of_arabic(word)
    if not symbol and word.startswith("ال") and len(key) > 4:
        word = word[2:]
        symbol = given.of_arabic(word)
    raw = latin(word)
    if not raw:
        return None
    return part(fold(raw), "name", symbol, raw)


_SPLIT = re.compile(r"[\s,/;()\"«»“”\.\u2018\u2019\u201a\u201b'`ʼʿʾ′-]+")
_APOSTROPHES = re.compile("(?<=\\w)[\u2018\u2019\u201a\u201b'`ʼʿʾ′](?=\\w)")


@lru_cache(maxsize=1 << 15)
def parts(name: str) -> tuple[Part, ...]:
    """The parts of one name, in order of appearance, each once.

    >>> [p.symbol or p.form for p in parts("Chamil Bassaïev")]
    ['shamil', 'basaev']
    """
    words = [
        w
        for w in _SPLIT.split(_APOSTROPHES.sub("", normal(name)).replace("a.k.a", " ").replace("ـ", ""))
        if w
    ]
    found = [p for p in map(word_part, _joined(words)) if p is not None]
    if len(found) < 2:
        # "El Sayed" alone: particles are all there is, so they stand.
        found = found or [part(fold(latin(w)), "name", "", latin(w)) for w in words if latin(w)]
    return tuple(dict.fromkeys(found))


def _joined(words: list[str]) -> list[str]:
    out: list[str] = []
    for word in words:
        if script(word) == "arabic":
            _join_arabic(out, given.arabic_key(word), word)
        else:
            _join_latin(out, word)
    return out


_ARTICLES = frozenset(
    [
        "al",
        "el",
        "ul",
        "ol",
        "as",
        "ash",
        "ad",
        "at",
        "ar",
        "az",
        "an",
        "es",
        "ed",
        "er",
        "ur",
        "us",
        "ud",
        "ood",
        "eddin",
        "il",
    ]
)
_GOD = frozenset(["allah", "ullah", "ollah", "lah", "alah", "ulah"])
_DIN = frozenset(["din", "deen", "dine", "eddin", "eddine", "uddin", "addin", "aldin"])


def _join_latin(out: list[str], word: str) -> None:
    previous = out[-1] if out else ""
    if previous == "abd" and word in _ARTICLES:
        return
    if previous in ("abd", "abdul", "abdel", "abdal", "abdol", "abdur", "abdus", "abdul-"):
        out[-1] = "abdullah" if word in _GOD else "abdu" + word
    elif previous and word in _GOD and len(previous) > 2:
        out[-1] = previous.removesuffix("u") + "ula"
    elif previous in ("ud", "al", "el", "ed", "eddin") and word in _DIN and len(out) > 1:
        out.pop()
        out[-1] = out[-1] + "din"
    elif previous in ("abu", "abou", "abi", "abo", "abou"):
        if word not in _ARTICLES:
            out[-1] = "abu" + word
    elif word.startswith("abd") and len(word) > 6:
        out.append(
            "abdu" + re.sub("^([rsndtz])\\1", r"\1", re.sub("^[aeiou]{0,2}l?", "", word[3:]))
            if not word.startswith("abdal")
            and not word.startswith("abdullah")
            and not word.startswith("abdolah")
            and not word.startswith("abdollah")
            and not word.startswith("abdoull")
            else "abdullah"
        )
    elif word.endswith(("ullah", "ollah", "oullah")) and not word.startswith("abd"):
        out.append(re.sub("(o?u|o)llah$", "ula", word))
    else:
        out.append(word)


def _join_arabic(out: list[str], key: str, word: str) -> None:
    previous = given.arabic_key(out[-1]) if out else ""
    if previous == "عبد":
        out[-1] = "عبدالله" if key == "الله" else _ABD_ARABIC + key.removeprefix("ال")
    elif key == "الله" and previous:
        out[-1] = out[-1] + "ولا"
    elif key == "الدین" and previous:
        out[-1] = out[-1] + "دین"
    elif previous in ("ابو", "ابی"):
        out[-1] = "ابو" + key.removeprefix("ال")
    elif key.startswith("عبدال") and len(key) > 6 and key != "عبدالله":
        out.append(_ABD_ARABIC + key[5:])
    elif key.endswith("الله") and len(key) > 5 and key != "عبدالله":
        out.append(key[:-4] + "ولا")
    else:
        half = _halves(key)
        out.extend(half) if half else out.append(word)


@lru_cache(maxsize=1 << 15)
def _halves(key: str) -> tuple[str, str] | None:
    if given.of_arabic(key):
        return None
    for at in range(3, len(key) - 2):
        if given.of_arabic(key[:at]) and given.of_arabic(key[at:]):
            return key[:at], key[at:]
    return None
