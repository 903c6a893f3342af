"""What a page was taken in as, before anything is made of it, and what its text is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.topics.reports import blocks, dates, titles
from detente.topics.reports.languages import language_of


@dataclass(frozen=True, slots=True)
class Page:
    """A page as lines, a row of the page each. What the file itself tells: `main` its paragraphs, its title, the moment it was published (ISO 8601)."""

    lines: tuple[str, ...]
    main: tuple[str, ...] = ()
    title: str = ""
    published: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it came: its page, and what it was. `sha256` of its bytes, in hex; `kind` "text", "html" or "pdf"; `size` in bytes."""

    page: Page
    sha256: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says. `published` is ISO 8601 with no more than the page tells, or None; `language` "und" for none of the four."""

    title: str
    published: str | None
    language: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join(self.paragraphs)


def article(page: Page) -> Article:
    """The article of a page: its text without the page's furniture, title, date and language.

    >>> article(Page(("Menu", "A title of this page", "This is the text that the page is about, and it goes on for long."))).title
    'A title of this page'
    """
    lines = blocks.unwrapped(page.lines)
    found = blocks.blocks(lines)
    body = blocks.body(found)
    first, end = body.first, body.end
    paragraphs = body.paragraphs
    if page.main:
        kept = _main(page.main, found)
        if kept:
            paragraphs = kept
            first, end = _span(lines, kept, (first, end))
    if not paragraphs:
        return Article(page.title, page.published or None, language_of("\n".join(lines)), ())
    title, title_at = titles.title(found, first, paragraphs, page.title)
    told = page.published
    if not told:
        moment = dates.published(lines, title_at, first, end)
        told = moment.iso() if moment else ""
    return Article(title, told or None, language_of("\n".join(paragraphs)), _without(paragraphs, title))


def _main(main: Sequence[str], found: Sequence[blocks.Block]) -> tuple[str, ...]:
    """What the file calls its text, without the furniture that it left."""
    times = {block.text: block.times for block in found}
    closed = _closed(found)
    kept: list[str] = []
    for block in blocks.blocks(main):
        if block.text in closed or (not kept and not block.prose and not block.sentence):
            continue
        if block.furniture or (times.get(block.text, 1) > 1 and not block.prose) or block.shouted:
            continue
        kept.append(block.text)
    return tuple(kept)


def _closed(found: Sequence[blocks.Block]) -> frozenset[str]:
    """The lines that stand after the last paragraph before a closing heading: teasers, readers' words."""
    last: set[str] = set()
    closed = False
    for block in found:
        if block.closing:
            closed = True
        elif closed and block.prose and block.size >= 40:
            closed = False  # the heading stood beside the text
            last = set()
        if closed:
            last.add(block.text)
    return frozenset(last)


def _span(lines: Sequence[str], paragraphs: Sequence[str], otherwise: tuple[int, int]) -> tuple[int, int]:
    """The lines of the page between which its text stands."""
    places = [at for at, line in enumerate(lines) if line and line in paragraphs]
    return (places[0], places[-1] + 1) if places else otherwise


def _without(paragraphs: Sequence[str], title: str) -> tuple[str, ...]:
    return tuple(paragraph for paragraph in paragraphs if paragraph != title)
