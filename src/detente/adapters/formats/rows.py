"""What every format yields: rows in FollowTheMoney's shape, and, for what can't be one, the reason with its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

LINE_BYTES = 1 << 20
DOCUMENT_BYTES = 256 << 20
"""JSON documents that are one value, and spreadsheets once unpacked, are held whole: larger ones are refused."""

HANDLING = ("grounds", "marking", "grade")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: {"id", "schema", "properties": {name: [text]}}, and "grounds", "marking", "grade" where the file has them.

    `line` is the line in the file; of a spreadsheet the row, of a JSON document the object's number, each from 1.
    """

    line: int
    row: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, and why, in a sentence that does not repeat it."""

    line: int
    reason: str


Rows = Iterator[Row | Problem]


@dataclass(frozen=True, slots=True)
class Source:
    """A file and how to read it: `mapping` FollowTheMoney property -> column, `schema` for rows that name none."""

    path: Path
    mapping: Mapping[str, str]
    schema: str


def entity(id: str, schema: str, properties: Mapping[str, Iterable[str]], **handling: str) -> dict[str, Any]:
    """A row from what a format found: texts trimmed, empty and repeated ones left out; handling where it is not "".

    >>> entity("1", "Person", {"name": [" Ann  Lee ", "Ann Lee"], "alias": []})
    {'id': '1', 'schema': 'Person', 'properties': {'name': ['Ann Lee']}}
    """
    cleaned = {
        name: list(dict.fromkeys(tidy for text in texts if (tidy := tidied(text))))
        for name, texts in properties.items()
    }
    row = {
        "id": id,
        "schema": schema,
        "properties": {name: texts for name, texts in cleaned.items() if texts},
    }
    return row | {name: value for name, value in handling.items() if value}


def distinct(texts: Iterable[str]) -> list[str]:
    """The texts on one line each, in order, empty and repeated ones left out."""
    return list(dict.fromkeys(tidy for text in texts if (tidy := tidied(text))))


def tidied(text: str) -> str:
    """One line, trimmed."""
    return " ".join(text.split())


def stable_id(schema: object, properties: object) -> str:
    """An id for a row without one: the same content has the same id in every file.

    >>> stable_id("Person", {"name": ["Ann"]}) == stable_id("Person", {"name": ["Ann"]})
    True
    """
    content = msgspec.json.encode([schema, properties], order="sorted")
    return "row-" + hashlib.sha256(content).hexdigest()[:32]
