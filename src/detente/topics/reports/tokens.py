"""A text's words with their places, and what each word is looked up by: case, marks, endings and joined small words settled."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from detente.topics.names.given import arabic_key
from detente.topics.names.romanise import Script, normal, script

_APOSTROPHE = "'’\u02bc`´‘ʿʾ"
# In French the article is joined by an apostrophe: l'État. In Da'esh it is a letter.
_TOKEN = re.compile(
    rf"(?:(?<![^\W_])(?:[ldnsmtcj]|qu|jusqu|lorsqu)[{_APOSTROPHE}](?=[^\W\d_]{{2}}))|[^\W_]+(?:[{_APOSTROPHE}][^\W_]+)*",
    re.I,
)
_RUSSIAN_ENDING = re.compile(
    "(?<=...)(?:иями|ями|ами|его|ого|ему|ому|ыми|ими|иях|иям|ией|ой|ей|ая|яя|ое|ее|ый|ий|ом|ем|ам|ям|ах|ях|ов|ев|ию|ия|ие|ии|ую|юю|ым|им|ых|их|а|я|о|е|у|ю|ы|и|й|ь)$"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text from `start` to `end`. `key`: what it is looked up by."""

    text: str
    start: int
    end: int
    key: str
    script: Script

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()

    @property
    def acronym(self) -> bool:
        return len(self.text) > 1 and self.text.isupper() and any(c.isalpha() for c in self.text)


def tokens(text: str) -> list[Token]:
    """The words of a text, in order; hyphens part words, the apostrophe of a French article too.

    >>> [token.text for token in tokens("l'État islamique, ex-ISIS's")]
    ["l'", 'État', 'islamique', 'ex', "ISIS's"]
    """
    return [_token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]


def _token(text: str, start: int, end: int) -> Token:
    key, written = _key(text)
    return Token(text, start, end, key, written)


@lru_cache(maxsize=1 << 16)
def _key(text: str) -> tuple[str, Script]:
    written = script(text)
    plain = re.sub(rf"[{_APOSTROPHE}]", "", re.sub(rf"[{_APOSTROPHE}]s$", "", normal(text)))
    if written == "cyrillic":
        return (plain if text.isupper() else stem(plain)), written
    if written == "arabic":
        return _bare(arabic_key(plain)), written
    plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return plain, written


def stem(word: str) -> str:
    """A Russian word (lower case) without the ending of its case.

    >>> stem("государства") == stem("государство")
    True
    """
    return _RUSSIAN_ENDING.sub("", word.replace("ё", "е"))


def _bare(key: str) -> str:
    return key.removeprefix("ال") if key.startswith("ال") and len(key) > 4 else key


@lru_cache(maxsize=1 << 14)
def unjoined(key: str) -> tuple[str, ...]:
    """An Arabic key, and what it is without the small words that may be joined before it (and, so, with, for, as).

    >>> "داعش" in unjoined("لداعش")
    True
    """
    found = [key]
    for word in (
        key,
        key.removeprefix("و") if len(key) > 3 else key,
        key.removeprefix("ف") if len(key) > 3 else key,
    ):
        for prefix, instead in (("", ""), ("لل", ""), ("ب", ""), ("ل", ""), ("ک", "")):
            if word.startswith(prefix) and len(word) - len(prefix) >= 3:
                found.append(_bare(instead + word[len(prefix) :]))
    return tuple(dict.fromkeys(found))


def joined(text: str, key: str) -> int:
    """How many letters of an Arabic word stand before the one of that key.

    >>> joined("لداعش", "داعش")
    1
    """
    for length in range(4):
        if _key(text[length:])[0] == key:
            return length
    return 0
