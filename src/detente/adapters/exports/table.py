"""The joint list as CSV (RFC 4180): a line a group, with each party's word in columns of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from detente.adapters.exports.edition import Edition, others, title
from detente.adapters.formats.table import SEPARATOR
from detente.pact.joint_list import Entry, Word

# What a spreadsheet would take for a formula, or for the end of a cell (OWASP, "CSV injection").
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WORD: Final = ("status", "since", "legal basis", "reason", "grounds", "review", "sources", "reads otherwise")


def write(edition: Edition) -> str:
    """The table, its first line the columns' names. Several values in a cell stand between semicolons.

    What would start a formula in a spreadsheet is led by an apostrophe.
    """
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    parties = [edition.ours, edition.theirs]
    rows.writerow(
        map(
            cell,
            [
                "group",
                "name",
                "aliases",
                "state",
                *(f"{name}: {what}" for _, name in parties for what in _WORD),
            ],
        )
    )
    for slug, entry in edition.entries():
        shown = title(slug, entry)
        aliases = _joined(name.text for name in others(slug, entry))
        words = [text for party, _ in parties for text in _columns(entry, party)]
        rows.writerow(map(cell, [slug, shown, aliases, edition.state(slug), *words]))
    return out.getvalue()


def cell(text: str) -> str:
    """A text that no spreadsheet runs.

    >>> cell("=HYPERLINK(1)"), cell("Da'esh")
    ("'=HYPERLINK(1)", "Da'esh")
    """
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _columns(entry: Entry, party: str) -> list[str]:
    word = entry.words.get(party)
    if word is None:
        return [""] * len(_WORD)
    return [
        word.status,
        word.since,
        word.legal_basis,
        word.reason,
        word.grounds,
        word.review,
        _sources(word),
        _reads(word),
    ]


def _sources(word: Word) -> str:
    return _joined(
        " ".join(part for part in (each.list, each.reference, each.since) if part) for each in word.sources
    )


def _reads(word: Word) -> str:
    return _joined(f"{each.name} = {each.group or '?'}" for each in word.reads)


def _joined(texts: Iterable[str]) -> str:
    # A semicolon within a name would part it in two.
    return f"{SEPARATOR} ".join(text.replace(SEPARATOR, ",") for text in texts)


__all__ = ["cell", "write"]
