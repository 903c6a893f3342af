"""Declarations: a text in two or more languages that both sides sign, paragraph by paragraph. spec/roadmap.

    {title, languages, authentic, heading: {en, ru}, entries: {"p1": {text: {en, ru}}, …}}

All languages are equally authentic, or one prevails: the member `authentic` says so. Actions of a roadmap
descend from a paragraph: they name the declaration's hash and the paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from detente.errors import Malformed
from detente.pact.bilingual import (
    Language,
    Shape,
    Texts,
    Title,
    require_distinct,
    require_languages,
    require_plain,
    shaped,
)
from detente.pact.document import Document
from detente.wire.instant import Instant

KIND: Final = "declaration"
EQUALLY: Final = "equally"
MAX_PARAGRAPHS: Final = 200

_PARAGRAPH: Final = re.compile(r"p[1-9][0-9]{0,2}")


class Paragraph(Shape, frozen=True):
    """One paragraph in every language of the declaration."""

    text: Texts


class Declaration(Shape, frozen=True):
    """The content of a declaration. `authentic` is "equally", or the language that prevails where they
    differ."""

    title: Title
    languages: Annotated[tuple[Language, ...], Meta(min_length=2, max_length=6)]
    authentic: Annotated[str, Meta(max_length=10)]
    heading: Texts
    entries: Annotated[dict[str, Paragraph], Meta(max_length=MAX_PARAGRAPHS)]

    def paragraphs(self) -> Iterator[tuple[str, Paragraph]]:
        """Slugs and paragraphs in their order: p1, p2, … p10."""
        yield from sorted(self.entries.items(), key=lambda each: int(each[0][1:]))


def read_declaration(content: Mapping[str, Any]) -> Declaration:
    """The declaration in a document's content. Raises Malformed, saying what is not in order.

    >>> read_declaration(content).authentic  # doctest: +SKIP
    'equally'
    """
    found = shaped(content, Declaration, "a declaration")
    require_distinct(found.languages)
    require_plain(found.title, "the title")
    if found.authentic != EQUALLY and found.authentic not in found.languages:
        raise Malformed(f"`authentic` is '{EQUALLY}' or one of {', '.join(found.languages)}")
    require_languages(found.heading, found.languages, "the heading")
    for slug, paragraph in found.entries.items():
        if not _PARAGRAPH.fullmatch(slug):
            raise Malformed("a paragraph is named p1, p2 and so on")
        require_languages(paragraph.text, found.languages, f"the paragraph {slug}")
    return found


def reader(document: Document, now: Instant) -> None:
    """Returns if a document's content is a declaration; raises Malformed."""
    if not read_declaration(document.content).entries:
        raise Malformed("a declaration without a paragraph declares nothing", document.payload)
