"""Invented pages with their truth (tests/data/reports), as files of the form that they say; and how a reading of one is measured.

In a page file what stands above "---" is the truth. Below it each row of the page begins with two characters: "= " for the text, "# " for the title,
blanks for furniture. What is left of a row is the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.topics.orgs import aliases
from detente.topics.reports.report import Report

FOLDER = Path(__file__).parent.parent / "data" / "reports"


@dataclass(frozen=True, slots=True)
class Truth:
    """What a page says, as a person read it. `groups` are ids of the alias table; `aliases` sets of names."""

    title: str
    published: str
    language: str
    text: str
    persons: tuple[str, ...]
    groups: tuple[str, ...]
    aliases: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A page as a file of `form` "text", "html" or "pdf", and its truth. `held` pages are looked at by nobody who tunes the reader."""

    name: str
    form: str
    data: bytes
    truth: Truth

    @property
    def held(self) -> bool:
        return int(self.name[:2]) % 3 == 0


def fixtures() -> list[Fixture]:
    """All pages, in the order of their names."""
    return [_fixture(path) for path in sorted(FOLDER.glob("*.page"))]


def _fixture(path: Path) -> Fixture:
    head, _, rows = path.read_text("utf-8").partition("\n---\n")
    told: dict[str, list[str]] = {}
    for line in head.splitlines():
        name, _, value = line[1:].partition(" ")
        told.setdefault(name, []).append(value)
    lines = rows.splitlines()
    page = "\n".join(line[2:] for line in lines)
    text = "\n".join(re.sub(r"<[^>]+>", "", line[2:]) for line in lines if line.startswith("= "))
    form = told["format"][0]
    truth = Truth(
        told["title"][0],
        told["published"][0],
        told["language"][0],
        text,
        tuple(told.get("person", ())),
        tuple(told.get("group", ())),
        tuple(frozenset(map(aliases.key, line.split(" = "))) for line in told.get("alias", ())),
    )
    return Fixture(path.stem, form, pdf(page) if form == "pdf" else page.encode(), truth)


def pdf(text: str, title: str = "", author: str = "A. Writer", contents: bytes | None = None) -> bytes:
    """A PDF of these lines, a page for each "<page>" between them, in Helvetica; with an author in its metadata."""
    pages = text.split("<page>")
    objects: list[bytes] = []
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(b"<< /Type /Catalog /Pages 2 0 R >>")
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for number, page in enumerate(pages):
        stream = contents if contents is not None else _stream(page)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>".encode()
        )
        how = b"/Filter /FlateDecode " if contents is not None else b""
        objects.append(
            b"<< " + how + f"/Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream"
        )
    objects.append(f"<< /Author ({author}) /Title ({title}) >>".encode("cp1252"))
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return out


def _stream(page: str) -> bytes:
    rows = []
    for line in page.strip("\n").splitlines():
        shown = (
            line.strip().encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        )
        rows.append(b"(" + shown + b") Tj T*")
    return b"BT /F1 11 Tf 14 TL 60 780 Td\n" + b"\n".join(rows) + b"\nET"


# --- how good a reading is


@dataclass(frozen=True, slots=True)
class Score:
    """How a reading compares with the truth. Counts are (found and true, found, true)."""

    title: bool
    published: bool
    language: bool
    text: float
    persons: tuple[int, int, int]
    groups: tuple[int, int, int]
    aliases: tuple[int, int, int]


def score(report: Report, truth: Truth) -> Score:
    """A reading against the truth: title and date exactly, the text as F1 of its words, names and alias sets one by one."""
    true_persons = {_name(name) for name in truth.persons}
    # another name of a person counts among the aliases
    also = {name for names in truth.aliases for name in names}
    found_persons = {
        _name(named.text)
        for named in report.named
        if named.kind == "person"
        and (_name(named.text) in true_persons or aliases.key(named.text) not in also)
    }
    found_groups = {
        named.candidates[0] for named in report.named if named.kind == "group" and named.candidates
    }
    found_sets = {frozenset(map(aliases.key, names)) for names in report.aliases}
    return Score(
        report.title == truth.title,
        report.published == truth.published,
        report.language == truth.language,
        f1(report.text, truth.text),
        _counts(found_persons, true_persons),
        _counts(found_groups, set(truth.groups)),
        _counts(found_sets, set(truth.aliases)),
    )


def f1(found: str, true: str) -> float:
    """Harmonic mean of precision and recall of words, each as often as it stands there.

    >>> f1("a b c", "a b d") == 2 / 3
    True
    """
    ours, theirs = Counter(re.findall(r"\w+", found)), Counter(re.findall(r"\w+", true))
    both = sum((ours & theirs).values())
    return 2 * both / (sum(ours.values()) + sum(theirs.values())) if both else 0.0


def _name(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


def _counts(found: set[Any], true: set[Any]) -> tuple[int, int, int]:
    return len(found & true), len(found), len(true)


def rates(counts: Sequence[tuple[int, int, int]]) -> tuple[float, float]:
    """(precision, recall) over many pages."""
    hit, found, true = (sum(each[n] for each in counts) for n in range(3))
    return hit / found if found else 1.0, hit / true if true else 1.0
