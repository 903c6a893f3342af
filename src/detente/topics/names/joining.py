"""Words of a name that belong together: Abd al-Rahman, Habib Allah, Nasir ud-Din, Abu Bakr, Akhund Zada; and words that hold two names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from detente.topics.names import given
from detente.topics.names.romanise import fold

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
        "il",
        "e",
    ]
)
_SERVANT = frozenset(["abd", "abdul", "abdel", "abdal", "abdol", "abdur", "abdus", "abdoul"])
_GOD = frozenset(["allah", "ullah", "ollah", "oullah", "lah", "alah", "ulah", "allh"])
_DIN = frozenset(["din", "deen", "dine", "eddin", "eddine", "uddin", "addin", "aldin"])
_FATHER = frozenset(["abu", "abou", "abi", "abo"])
# Persian, Pashto and Turkic endings of surnames that some write apart.
_ENDINGS = frozenset(
    [
        "pour",
        "pur",
        "poor",
        "zadeh",
        "zada",
        "zade",
        "vand",
        "khah",
        "khwah",
        "nia",
        "niya",
        "khel",
        "khail",
        "kia",
        "yar",
        "far",
        "mand",
        "nejad",
        "nezhad",
        "rad",
        "oghli",
        "oglu",
    ]
)
_ARABIC_ENDINGS = frozenset(
    ["پور", "زاده", "وند", "خواه", "نیا", "خیل", "کیا", "یار", "فر", "مند", "نژاد", "راد", "اوغلی"]
)

_WHOLE_GOD = re.compile("^(.{3,}?)(?:o?u|o)llah$")
_WHOLE_DIN = re.compile("^(.{3,}?)(?:[ueao]l?)?d{1,2}(?:in|een|ine|yn)$")
_WHOLE_SERVANT = re.compile("^abd(?:[aeiou]{0,2}(?:l|(?=([rsndtz])\\1)))?-?(.{3,})$")
_WHOLE_FATHER = re.compile("^ab(?:ou|u|o)(?:a?l)?(.{3,})$")
ABDU = "اب\u0652دو"  # abdu in Arabic letters: the sukun keeps b and d together
ALLAH = "عبدالله"


def join(words: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The words with what belongs together joined; each with whether it is in Arabic letters (else it is romanised).

    >>> [w for w, _ in join([("abd", False), ("al", False), ("rahman", False), ("mohammadreza", False)])]
    ['abdurahman', 'mohammad', 'reza']
    """
    out: list[tuple[str, bool]] = []
    for at, (word, arabic) in enumerate(words):
        last = at == len(words) - 1
        before = [w for w, _ in out[-2:]]
        after = (
            _join_arabic(before, given.arabic_key(word), word) if arabic else _join_latin(before, word, last)
        )
        out[len(out) - len(out[-2:]) :] = [(w, arabic) for w in after]
    return out


def _servant_of(name: str) -> str:
    # The article melts into a following r, s, n, d, t, z and doubles it: Abdurrahman.
    return "abdu" + re.sub(r"^([rsndtz])\1", r"\1", name)


def _join_latin(out: list[str], word: str, last: bool) -> list[str]:
    """The last words, with one more."""
    previous = out[-1] if out else ""
    rest = out[:-1]
    if previous in _SERVANT:
        if word in _ARTICLES and not last:
            return out
        return [*rest, "abdullah" if word in _GOD else _servant_of(word)]
    if previous in _FATHER:
        return out if word in _ARTICLES and not last else [*rest, "abu" + word]
    if word in _GOD and len(previous) > 2:
        return [*rest, previous.removesuffix("u") + "ula"]
    if word in _DIN and len(out) > 1 and previous in _ARTICLES:
        return [*out[:-2], out[-2] + "din"]
    if word in _DIN and len(previous) > 2:
        return [*rest, previous + "din"]
    if word in _ENDINGS and len(previous) > 2:
        return [*rest, previous + word]
    return [*out, *_latin_word(word)]


@lru_cache(maxsize=1 << 15)
def _latin_word(word: str) -> tuple[str, ...]:
    if given.of_fold(fold(word)) or len(word) < 6:
        return (word,)
    if (found := _WHOLE_SERVANT.match(word)) and not word.startswith(
        ("abdalla", "abdulla", "abdolla", "abdella", "abdoulla")
    ):
        return (_servant_of(found[2]),)
    if (found := _WHOLE_FATHER.match(word)) and given.of_fold(fold(found[1])):
        return ("abu" + found[1],)
    if found := _WHOLE_GOD.match(word):
        return (found[1] + "ula",)
    if (found := _WHOLE_DIN.match(word)) and given.of_fold(fold(found[1])):
        return (found[1] + "din",)
    for at in range(3, len(word) - 2):
        halves = given.of_fold(fold(word[:at])), given.of_fold(fold(word[at:]))
        if all(half and given.culture(half) == "islamic" for half in halves):
            return word[:at], word[at:]
    return (word,)


def _join_arabic(out: list[str], key: str, word: str) -> list[str]:
    previous = given.arabic_key(out[-1]) if out else ""
    rest = out[:-1]
    if previous == "عبد":
        return [*rest, ALLAH if key == "الله" else ABDU + key.removeprefix("ال")]
    if key == "الله" and previous:
        return [*rest, out[-1] + "ولا"]
    if key in ("الدین", "دین") and previous:
        return [*rest, out[-1] + "دین"]
    if previous in ("ابو", "ابی"):
        return [*rest, "ابو" + key.removeprefix("ال")]
    if key in _ARABIC_ENDINGS and len(previous) > 1:
        return [*rest, out[-1] + key]
    return [*out, *(_arabic_word(key) or (word,))]


@lru_cache(maxsize=1 << 15)
def _arabic_word(key: str) -> tuple[str, ...] | None:
    """The parts of an Arabic word that is written as one; None: it stands as it is."""
    if given.of_arabic(key) or key == ALLAH:
        return None
    if key.startswith("عبدال") and len(key) > 6:
        return (ABDU + key[5:],)
    if key.startswith("ابوال") and len(key) > 6:
        return ("ابو" + key[5:],)
    if key.endswith("الله") and len(key) > 5:
        return (key[:-4] + "ولا",)
    if key.endswith("الدین") and len(key) > 6:
        return (key[:-5] + "دین",)
    for at in range(2, len(key) - 1):
        if given.of_arabic(key[:at]) and given.of_arabic(key[at:]):
            return key[:at], key[at:]
    return None
