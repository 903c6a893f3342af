"""Files of pages are hostile: what is too large, packed, broken or no text is a Misuse that says what to do."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest

from detente.adapters.pages import page_of, read_page
from detente.errors import Misuse
from detente.topics.reports.report import read
from support.pages import pdf

SENTENCE = (
    "The minister said on Monday that nobody had asked him about the lists, and that he was glad of it."
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>" + b"<p>x</p>" * (5 << 20), "larger than"),
        (b"<html>" + b"<p>x" * 400_000, "tags"),
        (b"<html><body>" + b"<div>" * 20_000 + SENTENCE.encode(), "no text"),
        (b"x\x00y" * 9, "NUL"),
        (b"PK\x03\x04" + b"0" * 99, "archive"),
        (b"\x1f\x8b" + b"0" * 99, "archive"),
        (b" \n ", "empty"),
        (b"word " * 9000, "line"),
        (b"a\n" * 30_000, "lines"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 50, "PDF"),
        (pdf(SENTENCE)[:300], "PDF"),
        (pdf("x", contents=zlib.compress(b"0" * (90 << 20), 9)), "PDF"),
        (pdf("x", contents=zlib.compress(b"(a) Tj " * (1 << 18), 9)), "unpacks"),
        (pdf("<page>".join("x" for _ in range(101))), "pages"),
        (pdf(" "), "no text"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
def test_a_file_that_is_no_page_is_a_misuse(data: bytes, said: str) -> None:
    with pytest.raises(Misuse, match=said):
        page_of(data, "file")


def test_entities_that_grow_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><html><body><p>&b;&b; '
        + SENTENCE.encode()
        + b"</p></body></html>"
    )
    assert "aaaaaaaaaa" * 8 not in "\n".join(page_of(bomb, "bomb").page.lines)


def test_marks_that_turn_the_direction_of_text_hide_no_name() -> None:
    text = f"The Isl\u200bamic\u202e State\u202c was there. {SENTENCE}"
    report = read(page_of(text.encode(), "page").page)
    assert [named.candidates for named in report.named] == [["isil"]]
    assert not set(report.text) & set("\u200b\u202e\u202c")


def test_scripts_hidden_blocks_and_comments_of_html_are_not_read() -> None:
    head = (
        "<html><head><script>Sergey Trap</script></head><body><h1>A title of the page</h1><!-- Ivan Trap -->"
    )
    page = f"{head}<p style='display: none'>Hidden Trap</p><p>{SENTENCE}</p></body></html>"
    assert "Trap" not in "\n".join(page_of(page.encode(), "page").page.lines)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_text_is_read_in_the_character_sets_of_its_language(codec: str) -> None:
    text = "Министр заявил в понедельник, что стороны договорились об обмене сведениями, и что это будет сделано до осени."
    assert page_of(text.encode(codec), "page").page.lines[0] == text


def test_the_hash_is_that_of_the_file_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_bytes(SENTENCE.encode())
    assert read_page(path).sha256 == hashlib.sha256(SENTENCE.encode()).hexdigest()


def test_a_file_that_is_not_there_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="can't be read"):
        read_page(tmp_path / "none")
