"""PDF: the text of its pages as lines; what runs at the head and foot of each page left out."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter

import pypdf
from pypdf.errors import PyPdfError

from detente.adapters.pages import plain
from detente.errors import Misuse
from detente.topics.reports.page import Page

MOST_PAGES = 100
MOST_CONTENT = 1 << 20  # bytes of one page's drawing instructions, unpacked
MOST_CONTENTS = 6 << 20  # of all pages'
MOST_TEXT = 2 << 20  # characters of all pages

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read(data: bytes, name: str) -> Page:
    """The page that a PDF is. Raises Misuse where it is locked, broken, too large, or has no text (a picture of a page)."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Misuse(f"{name} is locked with a password: unlock it first")
        pages = _pages(reader, name)
        title = str((reader.metadata.title if reader.metadata else "") or "")
    except Misuse:
        raise
    except (
        PyPdfError,
        RecursionError,
        MemoryError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        AssertionError,
        NotImplementedError,
    ):
        # a reader of broken files fails in as many ways as files break
        raise Misuse(f"{name} can't be read as PDF: open it and save it again, or copy its text") from None
    lines = _without_margins([plain.lines_of(text, name) for text in pages])
    if not any(lines):
        raise Misuse(f"{name} holds no text, only pictures: read it with a text recogniser first")
    hint = (
        title if len(title.split()) > 2 and any(title.casefold() in line.casefold() for line in lines) else ""
    )
    return Page(tuple(lines), title=hint)


def _pages(reader: pypdf.PdfReader, name: str) -> list[str]:
    texts: list[str] = []
    total = drawn = 0
    if len(reader.pages) > MOST_PAGES:
        raise Misuse(f"{name} has more than {MOST_PAGES} pages: cut out those that you need")
    for page in reader.pages:
        contents = page.get_contents()
        drawn += (size := len(contents.get_data()) if contents is not None else 0)
        if size > MOST_CONTENT or drawn > MOST_CONTENTS:
            raise Misuse(
                f"{name} has a page that unpacks to more than {MOST_CONTENT >> 20} MB: it is no page of text"
            )
        text = page.extract_text()
        total += len(text)
        if total > MOST_TEXT:
            raise Misuse(
                f"{name} has more than {MOST_TEXT >> 20} million characters: cut out the pages that you need"
            )
        texts.append(text)
    return texts


def _without_margins(pages: list[tuple[str, ...]]) -> list[str]:
    """The lines of all pages, one after the other; without lines that stand at the edge of most pages, whatever number they carry."""

    def shape(line: str) -> str:
        return re.sub(r"\d+", "0", line)

    edges = Counter(shape(line) for page in pages for line in _edge(page))
    out: list[str] = []
    for page in pages:
        kept = [
            line
            for line in page
            if not (
                line in _edge(page)
                and (
                    edges[shape(line)] >= max(2, len(pages) // 2 + 1) or re.fullmatch(r"\W*\d{1,3}\W*", line)
                )
            )
        ]
        out += kept
    return out


def _edge(page: tuple[str, ...]) -> tuple[str, ...]:
    seen = [line for line in page if line]
    return (*seen[:2], *seen[-2:])
