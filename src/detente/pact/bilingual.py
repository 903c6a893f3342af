"""Texts that stand in several languages side by side, as declarations, roadmaps and minutes hold them.

A text is an object of language code to words. Which languages a document has is said once in it; each of its
texts then has exactly those. What two parties sign must look alike on both screens, so controls that reorder
or hide what is shown are refused (Unicode TR 36, section 2.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from detente.errors import Malformed, Misuse

Language = Annotated[str, Meta(pattern=r"^[a-z]{2,3}\Z")]
Languages = Annotated[tuple[Language, ...], Meta(min_length=1, max_length=6)]
Words = Annotated[str, Meta(min_length=1, max_length=20_000)]
Texts = Annotated[dict[Language, Words], Meta(min_length=1, max_length=6)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]

RIGHT_TO_LEFT: Final = frozenset({"ar", "ara", "fa", "fas", "he", "heb", "ps", "pus", "ur", "urd", "ckb"})

# embeddings, overrides and isolates reorder what follows; C0 and C1 controls but newline, the BOM and
# tags are not seen at all
_HIDDEN: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
_LINK: Final = re.compile(r"https://[^\s\"'<>\\^`{|}]{1,1000}|sha256:[0-9a-f]{64}")


_S = TypeVar("_S", bound=msgspec.Struct)


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a joint document's content. No member is optional: one meaning has one text."""


def shaped(content: Mapping[str, Any], shape: type[_S], what: str) -> _S:
    """A content as its shape. Raises Malformed in a constant sentence: what a peer wrote is not quoted."""
    try:
        return msgspec.convert(dict(content), shape)
    except msgspec.ValidationError:
        raise Malformed(f"not {what} as spec/roadmap has it") from None


def explain(content: Mapping[str, Any], shape: type[msgspec.Struct]) -> None:
    """Returns where our own content has its shape. Raises Misuse, saying where it has not."""
    try:
        msgspec.convert(dict(content), shape)
    except msgspec.ValidationError as problem:
        raise Misuse(f"this cannot be proposed: {problem}") from None


def require_languages(texts: Mapping[str, str], languages: Iterable[str], where: str) -> None:
    """Returns where a text stands in exactly these languages and shows what it says; raises Malformed."""
    wanted = list(languages)
    if set(texts) != set(wanted):
        raise Malformed(f"{where} stands in other languages than the document has: {', '.join(wanted)}")
    for words in texts.values():
        require_plain(words, where)


def require_plain(words: str, where: str) -> None:
    """Returns where words hold no control that hides or reorders; raises Malformed.

    >>> require_plain("Совместная борьба", "the title")
    """
    if _HIDDEN.search(words) or words != words.strip():
        raise Malformed(f"{where} holds control characters, or spaces at its ends; write it as plain text")


def require_distinct(languages: Iterable[str]) -> None:
    """Returns where no language stands twice; raises Malformed."""
    found = list(languages)
    if len(set(found)) != len(found):
        raise Malformed("a language stands twice in the list of languages")


def require_link(link: str, where: str) -> None:
    """Returns for an https address, or "sha256:" and the hash of a file or statement; raises Malformed."""
    if not _LINK.fullmatch(link):
        raise Malformed(f"{where} links to evidence by https://… or by sha256: and 64 hex digits")


def day(text: str, where: str) -> date:
    """The day that YYYY-MM-DD names. Raises Malformed for one that is not in the calendar.

    >>> day("2026-12-31", "an action")
    datetime.date(2026, 12, 31)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed(
            f"{where} names a day that is not in the calendar; write it like 2026-12-31"
        ) from None


def in_order(texts: Mapping[str, str], languages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A text's languages and words in the document's order."""
    for language in languages:
        yield language, texts[language]


def best(texts: Mapping[str, str], languages: Iterable[str], wanted: str = "") -> str:
    """The words in the wanted language, else in the document's first.

    >>> best({"en": "Peace", "fr": "Paix"}, ("en", "fr"), "fr")
    'Paix'
    """
    return texts.get(wanted) or next(texts[language] for language in languages)


def direction(language: str) -> str:
    """How a language is written: "rtl" or "ltr"."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
