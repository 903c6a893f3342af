"""Names of several scripts in Latin letters, and Latin spellings of one sound made one (spec/tokens-people, section 2).

Romanising keeps what the source script tells and nothing more: Arabic script writes few vowels, so its romanisation is a
row of consonants and long vowels, and only codes that ignore vowels can compare it with a Latin spelling.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from anyascii import anyascii

Script = Literal["latin", "cyrillic", "arabic", "greek", "georgian", "armenian", "other"]

_RANGES: tuple[tuple[int, int, Script], ...] = (
    (0x0041, 0x024F, "latin"),
    (0x1E00, 0x1EFF, "latin"),
    (0x0400, 0x052F, "cyrillic"),
    (0x0600, 0x06FF, "arabic"),
    (0x0750, 0x077F, "arabic"),
    (0x08A0, 0x08FF, "arabic"),
    (0xFB50, 0xFDFF, "arabic"),
    (0xFE70, 0xFEFC, "arabic"),
    (0x0370, 0x03FF, "greek"),
    (0x1F00, 0x1FFF, "greek"),
    (0x10A0, 0x10FF, "georgian"),
    (0x1C90, 0x1CBF, "georgian"),
    (0x0530, 0x058F, "armenian"),
)

# GOST-like English values; the Belarusian and Ukrainian letters as in those countries' passports.
_CYRILLIC = dict(
    zip(
        "абвгдезийклмнопрстуфыэіўґѓќљњџјєѕ",
        ["a", "b", "v", "g", "d", "e", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "y", "e",
         "i", "u", "g", "g", "k", "l", "n", "dzh", "i", "ye", "dz"],
        strict=True,
    )
) | {
    "ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu",
    "я": "ya", "ї": "yi", "ђ": "dj", "ћ": "ch", "ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u",
    "һ": "h", "ҳ": "h", "ҷ": "j", "ӣ": "i", "ӯ": "u", "ӏ": "", "ʼ": "",
}  # fmt: skip

# Latin letters whose diacritic is a sound of its own. Others lose their marks by decomposition.
_LATIN = {
    "š": "sh", "ś": "sh", "ş": "sh", "ș": "sh", "ŝ": "sh", "č": "ch", "ć": "ch", "ç": "ch", "ĉ": "ch", "ž": "zh",
    "ź": "z", "ż": "zh", "ğ": "g", "ġ": "g", "ǧ": "j", "ĝ": "j", "ı": "i", "ø": "o", "ö": "o", "ü": "u", "ł": "l",
    "đ": "dj", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ə": "a", "ḫ": "kh", "ẖ": "kh", "ḏ": "dh",
    "ṯ": "th", "ñ": "n", "ţ": "ts", "ț": "ts", "ě": "ye", "ř": "rzh", "ï": "i", "ŋ": "ng",
}  # fmt: skip

# Arabic and Persian letters; one value each. Readings that differ by language are settled in codes.skeletons.
_ARABIC = {
    "ا": "a", "أ": "a", "إ": "i", "آ": "a", "ٱ": "a", "ء": "", "ؤ": "u", "ئ": "i", "ى": "i", "ب": "b", "پ": "p",
    "ت": "t", "ث": "th", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r", "ز": "z",
    "ژ": "zh", "س": "s", "ش": "sh", "ص": "s", "ض": "dh", "ط": "t", "ظ": "z", "ع": "", "غ": "gh", "ف": "f",
    "ڤ": "v", "ق": "q", "ك": "k", "ک": "k", "ڪ": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n", "ه": "h",
    "ھ": "h", "ہ": "h", "ة": "a", "ۀ": "a", "ۃ": "a", "و": "u", "ي": "i", "ی": "i", "ې": "e", "ۍ": "i", "ے": "e",
    "ۋ": "v", "ټ": "t", "ډ": "d", "ړ": "r", "ڼ": "n", "ښ": "kh", "ږ": "g", "څ": "ts", "ځ": "dz", "ٹ": "t", "ڈ": "d",
    "ڑ": "r", "ە": "a",
}  # fmt: skip


_GREEK = (
    ("ου", "u"),
    ("μπ", "b"),
    ("ντ", "d"),
    ("γκ", "g"),
    ("γγ", "ng"),
    ("τζ", "j"),
    ("αυ", "av"),
    ("ευ", "ev"),
    ("χ", "kh"),
)


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> Script:
    code = ord(letter)
    for low, high, script in _RANGES:
        if low <= code <= high:
            return script
    return "other"


def script(text: str) -> Script:
    """The script that most letters of `text` are in; "other" for scripts without a table here.

    >>> script("Шамиль"), script("شامل"), script("Basayev")
    ('cyrillic', 'arabic', 'latin')
    """
    if text.isascii():
        return "latin" if any(letter.isalpha() for letter in text) else "other"
    counts: dict[Script, int] = {}
    for letter in text:
        if letter.isalpha():
            found = _script_of(letter)
            counts[found] = counts.get(found, 0) + 1
    if not counts:
        return "other"
    return max(sorted(counts), key=lambda name: counts[name])


def normal(text: str) -> str:
    """Compatibility-composed lower case; Arabic presentation forms, marks and stretching strokes gone."""
    text = unicodedata.normalize("NFKC", text).lower()
    if re.search("[іўєїґ]", text):
        text = text.replace("г", "ҳ")  # in Belarusian and Ukrainian the letter is h
    return re.sub(
        "[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640\u200c-\u200f\u202a-\u202e\u2066-\u2069\ufeff]",
        "",
        text,
    )


def _arabic(word: str) -> str:
    """Arabic script in Latin letters: waw and ya before a vowel are v and y; a short vowel is written between consonants."""
    sounds = [_ARABIC.get(letter, "") for letter in word.replace("تش", "چ")]
    if word.startswith("ع"):
        sounds[0] = "" if sounds[1:2] == ["a"] else "a"
    out: list[str] = []
    for at, now in enumerate(sounds):
        after = sounds[at + 1] if at + 1 < len(sounds) else ""
        if now in ("u", "i") and after and (at == 0 or after in ("a", "i", "u")) and now != after:
            now = "v" if now == "u" else "y"
        if out and now and out[-1][-1] not in "aiue" and now[0] not in "aiue":
            out.append("a")
        if now:
            out.append(now)
    return "".join(out)


@lru_cache(maxsize=1 << 16)
def latin(word: str) -> str:
    """One word (of `normal` text) in the letters a-z. Letters of unknown scripts are dropped here: see `known`.

    >>> latin("басаев"), latin("bassaïev"), latin("باساييف")
    ('basaev', 'bassaiev', 'basaiif')
    """
    if any(letter in _ARABIC for letter in word):
        word = _arabic(word)
    elif any(_script_of(letter) == "greek" for letter in word):
        word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
        for letters, sounds in _GREEK:
            word = word.replace(letters, sounds)
    out: list[str] = []
    for letter in word:
        if "a" <= letter <= "z":
            out.append(letter)
            continue
        for table in (_CYRILLIC, _LATIN):
            if letter in table:
                out.append(table[letter])
                break
        else:
            plain = unicodedata.normalize("NFD", letter)[0]
            out.append(plain if "a" <= plain <= "z" else _CYRILLIC.get(plain) or anyascii(letter).lower())
    return re.sub("[^a-z]", "", "".join(out))


_SPELLINGS: tuple[tuple[str, str], ...] = (
    # consonants: German, French, Polish, English digraphs of the same sounds; J is the sound of zh and of English j
    ("chtch|schtsch|szcz|shtch|stsch", "shch"),
    ("tsch|tch|cz", "ch"),
    ("dsch|dzsch|dzh|dj|zh", "J"),
    ("sch|sz", "sh"),
    ("gh", "g"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("ck|q", "k"),
    ("(?:tz|ts)+", "ts"),
    ("x", "ks"),
    ("w", "v"),
    ("c(?![eiyh])", "k"),
    # j is y in scholarly and German spelling: after i or a consonant, before a consonant, at the end
    ("(?<=i)j|j(?=[bcdfghklmnprstvz]|$)", "i"),
    ("(?<=[bcdfghklmnprstvz])j(?=[aeou])", "i"),
    ("j", "J"),
    # vowels
    ("ou|oo", "u"),
    ("ee", "i"),
    ("[iy]?y?[iy]o(?!n?g)", "e"),
    ("[iy]+e", "e"),
    ("[iy]+(?=[au])", "i"),
    ("y", "i"),
    ("ff$", "v"),
    (r"(.)\1+", r"\1"),
    ("(?<=[bcdfghJklmnprstvz])(ei|ai|i)$", "i"),
    ("(?<=[aeiou])h$", ""),
)
_SYSTEMS = tuple((re.compile(pattern), to) for pattern, to in _SPELLINGS)
_SOUND = (
    (re.compile("J"), "j"),
    # A lone h inside a word is written or not as the spelling pleases (Mohammed, Mouammar, Ahmet); after k, s, c it is no h.
    (re.compile("(?<![ksc])(?<=.)h"), ""),
    (re.compile(r"([a-z])\1+"), r"\1"),
)


@lru_cache(maxsize=1 << 16)
def spelling(romanised: str) -> str:
    """One spelling for the spellings of one sound: French, English, German, Turkish and scholarly systems undone.

    J stands for zh and for English j; kh stays. Idempotent on its own results as far as codes go.

    >>> spelling("bassaiev"), spelling("basayev"), spelling("zhukov"), spelling("joukov")
    ('basaev', 'basaev', 'Jukov', 'Jukov')
    """
    for pattern, to in _SYSTEMS:
        romanised = pattern.sub(to, romanised)
    return romanised


def fold(romanised: str) -> str:
    """The key of the tables of given names and particles: the spelling with kh written h.

    >>> fold("mikhail"), fold("mihail")
    ('mihail', 'mihail')
    """
    return spelling(romanised).replace("kh", "h").replace("J", "j")


@lru_cache(maxsize=1 << 16)
def sound(romanised: str) -> str:
    """The folded spelling as the phonetic codes read it: kh kept, ts written out, a lone h only at the start.

    >>> sound("akhmetzyanov"), sound("mohammedi")
    ('akhmetsianov', 'moamedi')
    """
    word = spelling(romanised)
    for pattern, to in _SOUND:
        word = pattern.sub(to, word)
    return word
