"""English, French and Russian: strings from the catalogues, the node's own sentences, dates and numbers as each language writes them."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

from detente.errors import Malformed
from detente.web.labels import LABELS
from detente.web.sentences import SENTENCES
from detente.wire.instant import parse_rfc3339

LANGUAGES: Final = {"en": "English", "fr": "Français", "ru": "Русский"}
DOMAIN: Final = "console"
_LOCALES: Final = {"en": "en_GB", "fr": "fr_FR", "ru": "ru_RU"}
_PERCENT: Final = {"en": "#,##0.0%", "fr": "#,##0.0 %", "ru": "#,##0.0 %"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_COUNTED = re.compile(r", (?=\d+ [a-z])")  # "34 marked TLP:RED, which ..., 4 received ..."
_PLACE = re.compile(r"\{([a-z_]+)\}")
_DEEP = 3  # a part of a sentence may be one, whose part may be one


@dataclass(frozen=True)
class Tongue:
    """One language: what the pages say and how they write dates and numbers."""

    code: str
    locale: Locale
    catalogue: gettext.NullTranslations

    def text(self, message: str) -> str:
        """A string of the catalogue."""
        return self.catalogue.gettext(message)

    def label(self, value: str, family: str) -> str:
        """What people call a code of ours, such as a state; the code itself where it has no name."""
        known = LABELS.get(f"{family}.{value}")
        return self.text(known) if known else value.replace("_", " ")

    def say(self, sentence: str) -> Markup:
        """A sentence of the node in this language, its dates and numbers too; one that is not known stays English, and is marked as such."""
        said = self._said(sentence)
        if said is None:
            return Markup('<span lang="en">{}</span>').format(sentence)
        return escape(said)

    def _said(self, sentence: str, deep: int = 0) -> str | None:
        for pattern in _patterns() if deep < _DEEP else ():
            found = pattern.places(sentence)
            if found is not None:
                parts = {name: self._part(part, deep + 1) for name, part in found.items()}
                return self.text(pattern.message).format(**parts)
        return None

    def _part(self, part: str, deep: int) -> str:
        """A part of a sentence may be a sentence, or a list of words that have names of their own."""
        if _INSTANT.fullmatch(part):
            return self._day(part)
        if _number(part):
            return self.number(int(part))
        counted = [each.partition(" ") for each in _COUNTED.split(part)]
        if all(_number(number) for number, _, _ in counted):
            return ", ".join(
                f"{self.number(int(n))} {self._said(what, deep) or what}" for n, _, what in counted
            )
        words = part.split(", ")
        named = [LABELS.get(f"word.{word}") or LABELS.get(f"property.{word}") for word in words]
        if all(named):
            return ", ".join(self.text(str(name)) for name in named)
        return self._said(part, deep) or part

    def _day(self, instant: str) -> str:
        """A date that a peer wrote; what is in no calendar stays as it is."""
        try:
            return self.day(instant)
        except Malformed:
            return instant

    def when(self, instant: str) -> str:
        """Date and time in UTC of an RFC 3339 instant, as this language writes them.

        >>> tongue("fr").when("2026-11-22T19:42:13.123Z")  # doctest: +SKIP
        '22 nov. 2026, 19:42'
        """
        return format_datetime(_moment(instant), "medium", locale=self.locale)

    def minute(self, instant: str) -> str:
        """Date and time to the minute."""
        return format_datetime(_moment(instant), "d MMM y, HH:mm", locale=self.locale)

    def day(self, instant: str) -> str:
        """The date alone."""
        return format_date(_moment(instant), "medium", locale=self.locale)

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def signed(self, value: float) -> str:
        """A number with its sign, a real minus among them: +3, −2, 0."""
        text = format_decimal(abs(value), format="#,##0.#", locale=self.locale)
        return text if not value else ("+" if value > 0 else "−") + text

    def percent(self, share: float) -> str:
        """A share; what is nearly all is not told as all."""
        near = 0.9994 < share < 1
        text = format_percent(0.999 if near else share, format=_PERCENT[self.code], locale=self.locale)
        return f"> {text}" if near else text


def tongue(code: str) -> Tongue:
    """A language by its code; English for one that is not known.

    >>> tongue("fr").number(1234567)
    '1\\u202f234\\u202f567'
    """
    return _tongue(code if code in LANGUAGES else "en")


def preferred(accept: str) -> str:
    """The language that an Accept-Language header likes best among ours.

    >>> preferred("de, ru;q=0.8, fr;q=0.7"), preferred("")
    ('ru', 'en')
    """
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept[:200].split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), place, name.partition("-")[0].lower()))
        except ValueError:
            continue
    return next((code for _, _, code in sorted(wanted) if code in LANGUAGES), "en")


@lru_cache(maxsize=8)
def _tongue(code: str) -> Tongue:
    return Tongue(code, Locale.parse(_LOCALES[code]), _catalogue(code))


def _catalogue(code: str) -> gettext.NullTranslations:
    """The .po of the package, compiled in memory: there is no build step to forget."""
    if code == "en":
        return gettext.NullTranslations()
    source = files("detente.web").joinpath("locale", code, "LC_MESSAGES", f"{DOMAIN}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=code, domain=DOMAIN))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence with {places}: their names, and the words before, between and after them.

    >>> pattern_of("{peer} waits.").places("South waits.")
    {'peer': 'South'}
    """

    message: str
    names: tuple[str, ...]
    words: tuple[str, ...]

    def places(self, sentence: str) -> dict[str, str] | None:
        """What stands in each place, as little as fits; None for another sentence.

        One pass and no way back: a peer writes parts of these sentences, and a regular expression with five places takes minutes over a few thousand
        characters of the right kind. The first find of each of the words leaves most to those after it, so nothing is missed.
        """
        head, *between, tail = self.words if self.names else (self.message, "")
        stop = len(sentence) - len(tail)
        if not self.names:
            return {} if sentence == head else None
        if not sentence.startswith(head) or not sentence.endswith(tail):
            return None
        at, found = len(head), {}
        for name, words in zip(self.names, between, strict=False):
            end = sentence.find(words, at + 1, stop)
            if end < 0:
                return None
            found[name], at = sentence[at:end], end + len(words)
        if at >= stop:
            return None
        return found | {self.names[-1]: sentence[at:stop]}


@lru_cache(maxsize=1)
def _patterns() -> Sequence[Pattern]:
    return [pattern_of(message) for message in SENTENCES]


def pattern_of(message: str) -> Pattern:
    """A sentence of the catalogue, taken apart at its places."""
    words = _PLACE.split(message)
    return Pattern(message, tuple(words[1::2]), tuple(words[::2]))


def _number(text: str) -> bool:
    return text.isdecimal() and len(text) < 16


def _moment(instant: str) -> datetime:
    return datetime.fromtimestamp(parse_rfc3339(instant) / 1000, UTC)


def filters(of: Tongue) -> dict[str, Any]:
    """The filters that templates use."""
    return {
        "label": of.label, "say": of.say, "when": of.when, "minute": of.minute, "day": of.day, "number": of.number,
        "signed": of.signed, "percent": of.percent,
    }  # fmt: skip


__all__ = ["DOMAIN", "LANGUAGES", "Tongue", "filters", "pattern_of", "preferred", "tongue"]
