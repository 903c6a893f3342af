"""HTML: the lines that a reader sees, the paragraphs that trafilatura takes for the text, and what the head tells of title and date."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import trafilatura
from lxml import etree
from lxml import html as lxml_html

from detente.adapters.pages import plain
from detente.errors import Misuse
from detente.topics.reports import dates
from detente.topics.reports.characters import clean
from detente.topics.reports.page import Page

MOST_TAGS = 60_000
_START = re.compile(
    rb"\A\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|title|article|div|p|h1|section|main)\b",
    re.I | re.S,
)
_BLOCK_TAGS = (
    "address article aside blockquote body br dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr"
    " html li main nav ol option p pre section select summary table tbody td tfoot th thead title tr ul button"
)
_BLOCK = frozenset(_BLOCK_TAGS.split())
_UNSEEN_TAGS = "script style noscript template head svg math iframe object embed canvas textarea datalist"
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "date.issued", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date",
    "publishdate", "publish-date", "publish_date", "pubdate", "publication_date", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "date",
)  # fmt: skip
_TITLES = ("og:title", "twitter:title", "dc.title", "headline")
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def is_html(data: bytes) -> bool:
    """Whether bytes begin like a page of HTML."""
    head = data[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", errors="ignore").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    return _START.match(head) is not None or (
        head.lstrip()[:5].lower() == b"<?xml" and b"<html" in head.lower()
    )


def read(data: bytes, name: str) -> Page:
    """The page of an HTML file. Raises Misuse where it is too large, or nothing in it can be read."""
    if len(data) > plain.MOST_BYTES:
        raise Misuse(
            f"{name} is larger than {plain.MOST_BYTES >> 20} MB of HTML: save the page without what it embeds"
        )
    if data.count(b"<") > 2 * MOST_TAGS:
        raise Misuse(f"{name} has more than {MOST_TAGS} tags: it is no page of text")
    text = _text(data, name)
    tree = _tree(text, name)
    lines = plain.lines_of("\n".join(_lines(tree)), name)
    if not any(lines):
        raise Misuse(f"{name} holds no text: the page may be written by scripts; copy it from the browser")
    return Page(lines, _main(text), _title(tree), _published(tree, text))


def _text(data: bytes, name: str) -> str:
    declared = re.search(rb"<meta[^>]{0,100}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", data[:4096], re.I)
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode(declared[1].decode())
        except (LookupError, UnicodeDecodeError):
            text = plain.decoded(data, name)
    else:
        text = plain.decoded(data, name)
    # what XML forbids, and what lxml refuses beside a declared encoding
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", " ", text)
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)


def _tree(text: str, name: str) -> Any:
    try:
        # no network, no document type of its own, no depth beyond what pages have
        parser = lxml_html.HTMLParser(
            no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, recover=True
        )
        return lxml_html.document_fromstring(text, parser=parser)
    except (etree.LxmlError, ValueError, RecursionError):
        raise Misuse(f"{name} can't be read as HTML: copy the page from the browser as text") from None


def _lines(tree: Any) -> Iterator[str]:
    """What a reader sees, a line a block."""
    row: list[str] = []
    unseen = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _BLOCK and row:
                yield _flat(row)
                row = []
            if tag in _UNSEEN or _hidden(element):
                unseen += 1
            elif not unseen and element.text:
                row.append(element.text)
        else:
            if tag in _UNSEEN or _hidden(element):
                unseen -= 1
            if tag in _BLOCK and row:
                yield _flat(row)
                row = []
            if not unseen and element.tail:
                row.append(element.tail)
    if row:
        yield _flat(row)


def _hidden(element: Any) -> bool:
    return (
        element.get("hidden") is not None
        or re.search(r"display\s*:\s*none", element.get("style") or "") is not None
    )


def _flat(row: list[str]) -> str:
    return re.sub(r"\s+", " ", "".join(row)).strip()


def _main(text: str) -> tuple[str, ...]:
    """The paragraphs that trafilatura takes for the text; none where it finds none."""
    try:
        found = trafilatura.extract(
            text,
            include_comments=False,
            include_tables=True,
            include_images=False,
            include_links=False,
            deduplicate=False,
        )
    except (RecursionError, ValueError, etree.LxmlError):
        return ()
    lines = clean(found or "").split("\n")
    return tuple(re.sub(r"\A[-•] ", "", line) for line in lines if line)


def _title(tree: Any) -> str:
    """What the file calls its title: its only first heading, else what it tells others, else its window's."""
    headings = [_clean_text(element) for element in tree.iter("h1")]
    headings = [heading for heading in headings if len(heading) > 8]
    told = next((value for name in _TITLES for value in _metas(tree, name)), "")
    window = next((_clean_text(element) for element in tree.iter("title")), "")
    if len(headings) == 1:
        return headings[0]
    for heading in headings:
        if heading in (told, window) or (told or window).startswith(heading):
            return heading
    return told or window


def _clean_text(element: Any) -> str:
    return clean(" ".join(element.text_content().split()))[:400]


def _metas(tree: Any, name: str) -> Iterator[str]:
    for element in tree.iter("meta"):
        for attribute in ("property", "name", "itemprop"):
            if (element.get(attribute) or "").lower() == name and element.get("content"):
                yield clean(element.get("content"))[:400]


def _published(tree: Any, text: str) -> str:
    """The moment of publication that the file tells its machines; "" for none."""
    told = [*_JSON_DATE.findall(text[: plain.MOST_BYTES])[:3]]
    told += [value for name in _PUBLISHED for value in _metas(tree, name)]
    for element in tree.iter("time"):
        if element.get("datetime") and not re.search(
            "modif|updat", f"{element.get('itemprop') or ''} {element.get('class') or ''}", re.I
        ):
            told.append(element.get("datetime"))
            break
    for value in told:
        found = dates.find(_unescaped(value)[:80])
        if found:
            return found[0].moment.iso()
    return ""


def _unescaped(value: str) -> str:
    try:
        return str(msgspec.json.decode(f'"{value}"'.encode()))
    except msgspec.DecodeError:
        return value
