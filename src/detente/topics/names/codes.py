"""Sound codes of one name part: Daitch-Mokotoff from its specification, double metaphone, an Arabic consonant skeleton.

Daitch-Mokotoff: Gary Mokotoff and Randy Daitch, 1985; the coding chart as published by Avotaynu and JewishGen.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from doublemetaphone import doublemetaphone

# letters: (at the start, before a vowel, elsewhere); "|" separates alternatives.
_CHART: dict[str, tuple[str, str, str]] = {}


def _rows(letters: str, start: str, before_vowel: str, elsewhere: str) -> None:
    for group in letters.split():
        _CHART[group] = (start, before_vowel, elsewhere)


_rows("ai aj ay ei ej ey oi oj oy ui uj uy", "0", "1", "")
_rows("au", "0", "7", "")
_rows("a e i o u", "0", "", "")
_rows("ia ie io iu", "1", "", "")
_rows("eu", "1", "1", "")
_rows("ue", "0", "", "")
_rows("b fb f p pf ph v w", "7", "7", "7")
_rows("chs", "5", "54", "54")
_rows("ch", "5|4", "5|4", "5|4")
_rows("ck", "5|45", "5|45", "5|45")
_rows("c", "5|4", "5|4", "5|4")
_rows("cs cz csz czs drz drs ds dsh dsz dz dzh dzs", "4", "4", "4")
_rows("dt d t th", "3", "3", "3")
_rows("g kh k q", "5", "5", "5")
_rows("h", "5", "5", "")
_rows("j", "1|4", "|4", "|4")
_rows("ks x", "5", "54", "54")
_rows("l", "8", "8", "8")
_rows("m n", "6", "6", "6")
_rows("mn nm", "66", "66", "66")
_rows("r", "9", "9", "9")
_rows("rs rz", "94|4", "94|4", "94|4")
_rows(
    "schtsch schtsh schtch shtch shch shtsh stch stsch sc strz strs stsh szcz szcs zdz zdzh zhdzh",
    "2",
    "4",
    "4",
)
_rows("sht scht schd st szt shd szd sd zd zhd", "2", "43", "43")
_rows("sch sh sz s zh zs zsch zsh z", "4", "4", "4")
_rows("tch ttch ttsch trz trs tsch tsh ts tts ttsz tc tz ttz tzs tsz", "4", "4", "4")
_rows("y", "1", "", "")

_LONGEST = max(map(len, _CHART))
_VOWELS = frozenset("aeiou")


@lru_cache(maxsize=1 << 16)
def daitch_mokotoff(word: str, most: int = 8) -> tuple[str, ...]:
    """The six-digit codes of a word in a-z, sorted, at most `most` of them.

    >>> daitch_mokotoff("auerbach")
    ('097400', '097500')
    """
    branches: dict[tuple[str, str], None] = {("", ""): None}
    at = 0
    while at < len(word):
        size = min(_LONGEST, len(word) - at)
        while size > 1 and word[at : at + size] not in _CHART:
            size -= 1
        group = word[at : at + size]
        after = at + size
        if group in _CHART:
            which = 0 if at == 0 else 1 if after < len(word) and word[after] in _VOWELS else 2
            codes = _CHART[group][which].split("|")
            following: dict[tuple[str, str], None] = {}
            for (code, last), new in product(branches, codes):
                # Adjacent sounds of one code are coded once; MN and NM are two sounds by the chart.
                repeated = bool(new) and last == new and group not in ("mn", "nm")
                following[(code if repeated else (code + new)[:6], new)] = None
            branches = dict.fromkeys(list(following)[:32])
        at = after
    return tuple(sorted({code.ljust(6, "0") for code, _ in branches}))[:most]


@lru_cache(maxsize=1 << 16)
def metaphones(word: str) -> tuple[str, ...]:
    """Double metaphone's primary and, where it differs, secondary code.

    >>> metaphones("basaev")
    ('PSF',)
    """
    return tuple(dict.fromkeys(code for code in doublemetaphone(word) if code))


_SILENT = frozenset("aeiouyvw")
# A sign that is read in several ways, and its readings.
_BONES = {"q": ("k",), "p": ("b",), "T": ("t", "s"), "D": ("d", "z"), "g": ("k", "j"), "Z": ("j", "zh")}
_DIGRAPHS = (
    ("tch", "S"), ("tsch", "S"), ("dsch", "j"), ("dj", "j"), ("dzh", "j"), ("kh", "h"), ("gh", "k"), ("sch", "S"), ("sh", "S"),
    ("ch", "S"), ("zh", "Z"), ("J", "j"), ("ph", "f"), ("ck", "k"), ("x", "ks"), ("th", "T"), ("dh", "D"), ("ce", "s"), ("ci", "s"), ("c", "k"),
)  # fmt: skip


@lru_cache(maxsize=1 << 16)
def skeletons(romanised: str) -> tuple[str, ...]:
    """The consonants that Arabic script and its Latin spellings agree on; signs read in two ways give two skeletons.

    >>> skeletons("mouchaweh"), skeletons("mashuh"), skeletons("ridha")
    (('mS',), ('mS',), ('rd', 'rz'))
    """
    word = romanised
    for old, new in _DIGRAPHS:
        word = word.replace(old, new)
    glued = len(word) > 5 and word[:2] in ("al", "el") and word[2] not in "aeiouy"
    readings = _read(word)
    doubled = len(word) > 5 and word[0] in "ea" and word[1] == word[2] and word[1] in "sndrtzS"
    return tuple(dict.fromkeys(readings + _read(word[2:]) if glued or doubled else readings))


def _read(word: str) -> list[str]:
    letters = [letter for letter in word if letter not in _SILENT]
    if len(letters) > 1 and letters[-1] == "h":
        letters.pop()
    readings = [""]
    for letter in letters:
        options = _BONES.get(letter, (letter,))
        readings = [r if r.endswith(o) else r + o for r in readings for o in options][:4]
    return readings
