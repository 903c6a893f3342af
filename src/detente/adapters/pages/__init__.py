"""Files of pages: text, HTML, PDF, and text copied from a browser, as lines, with what the file itself tells of its title and date.

A file is hostile until it is read: its size is capped before it is opened, what it unpacks to before it is unpacked, and what can't be read is a Misuse.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from detente.errors import Misuse
from detente.topics.reports.page import Original

__all__ = ["Pages", "page_of", "read_bytes", "read_page"]

MOST_BYTES = 32 << 20
"""Of a PDF; text and HTML are capped lower, where they are read."""


def read_bytes(path: Path) -> bytes:
    """A file's bytes, at most what a page may have. Raises Misuse where it can't be read, or is larger."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None
    if len(data) > MOST_BYTES:
        raise Misuse(f"{path} is larger than {MOST_BYTES >> 20} MB: cut out the pages that you need")
    return data


def read_page(path: Path) -> Original:
    """The page in a file; its form is told by how it begins. Raises Misuse for what is no page, is too large, or can't be read.

    >>> read_page(Path("page.html")).kind  # doctest: +SKIP
    'html'
    """
    return page_of(read_bytes(path), str(path))


class Pages:
    """Reads pages for a node (node/ports)."""

    def read(self, data: bytes, name: str) -> Original:
        """As `page_of`."""
        return page_of(data, name)


def page_of(data: bytes, name: str) -> Original:
    """The page in these bytes; `name` is what errors call it."""
    from detente.adapters.pages import (  # readers take long to load: only who reads a page waits
        html,
        pdf,
        plain,
    )

    if len(data) > MOST_BYTES:
        raise Misuse(f"{name} is larger than {MOST_BYTES >> 20} MB: cut out the pages that you need")
    if not data.strip():
        raise Misuse(f"{name} is empty")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in data[:1024]:
        kind, page = "pdf", pdf.read(data, name)
    elif head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"7z\xbc\xaf", b"Rar!")):
        raise Misuse(f"{name} is an archive or an office file: save its text as PDF, HTML or plain text")
    elif html.is_html(data):
        kind, page = "html", html.read(data, name)
    else:
        kind, page = "text", plain.read(data, name)
    return Original(page, hashlib.sha256(data).hexdigest(), kind, len(data))
