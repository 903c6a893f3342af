"""Plain text, whatever a browser copied it from: as lines."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from detente.errors import Misuse
from detente.topics.reports.characters import clean
from detente.topics.reports.page import Page

MOST_BYTES = 4 << 20
MOST_LINES = 20_000
MOST_LINE = 20_000  # characters
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE = 1 << 16


def read(data: bytes, name: str) -> Page:
    """The lines of a text. Raises Misuse where it is none, or too large."""
    return Page(lines_of(decoded(data, name), name))


def decoded(data: bytes, name: str) -> str:
    """The characters: UTF-8, UTF-16 with its mark, or the code page that the bytes speak for. Raises Misuse for what is no text."""
    if len(data) > MOST_BYTES:
        raise Misuse(f"{name} is larger than {MOST_BYTES >> 20} MB of text: cut out the page that you need")
    for mark, codec in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(codec)
            except UnicodeDecodeError:
                raise Misuse(f"{name} begins like {codec} and is not: save it as UTF-8") from None
    if b"\x00" in data:
        raise Misuse(f"{name} holds NUL bytes: it is no text; save the page as text, HTML or PDF")
    try:
        return data.decode()
    except UnicodeDecodeError:
        guess = from_bytes(
            data[:_SAMPLE], cp_isolation=["cp1251", "koi8_r", "cp1252", "cp1256", "iso8859_6", "iso8859_5"]
        ).best()
        if guess is None:
            raise Misuse(f"{name} is in no character set that can be told: save it as UTF-8") from None
        return data.decode(guess.encoding, errors="replace")


def lines_of(text: str, name: str) -> tuple[str, ...]:
    """The lines as they are seen. Raises Misuse for more than a page has."""
    lines = clean(text).split("\n")
    if len(lines) > MOST_LINES:
        raise Misuse(f"{name} has more than {MOST_LINES} lines: cut out the page that you need")
    if any(len(line) > MOST_LINE for line in lines):
        raise Misuse(f"{name} has a line of more than {MOST_LINE} characters: it is no page of text")
    return tuple(lines)
