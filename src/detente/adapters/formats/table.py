"""Tables with a header: what their columns mean, and CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from detente.adapters.formats.rows import (
    HANDLING,
    LINE_BYTES,
    Problem,
    Row,
    Rows,
    Source,
    distinct,
    stable_id,
)
from detente.errors import Misuse

SEPARATOR = ";"
"""Between several values in one cell."""

_PROPERTY = re.compile(r"[a-z][A-Za-z]{1,39}")
_DELIMITERS = ",;\t|"


class Columns:
    """What each column of a table holds: by the mapping, else by a header that is a FollowTheMoney property.

    Columns that are neither are left out. Raises Misuse where a mapped column is missing or no column means anything.
    """

    def __init__(self, header: Sequence[str], mapping: Mapping[str, str], schema: str) -> None:
        names = [name.strip() for name in header]
        missing = [column for column in mapping.values() if column not in names]
        if missing:
            raise Misuse(f"there is no column {missing[0]!r}; the header has: {', '.join(names)}")
        self._count = len(names)
        self._schema = schema
        mapped = {names.index(column): name for name, column in mapping.items()}
        plain = {
            place: name
            for place, name in enumerate(names)
            if place not in mapped and name not in mapping and _PROPERTY.fullmatch(name)
        }
        self._names = sorted((plain | mapped).items())
        if not {name for _, name in self._names} - {"id", "schema", *HANDLING}:
            raise Misuse(
                "no column is called like a FollowTheMoney property: say which is which, such as "
                f"--map name={names[0] if names else 'COLUMN'!r}"
            )

    def row(self, line: int, cells: Sequence[str]) -> Row | Problem:
        """The row that these cells make."""
        if len(cells) != self._count:
            return Problem(
                line, f"{len(cells)} cells under {self._count} columns: see to its commas and quotes"
            )
        if any("=" in cell and cell.lstrip().startswith("=") for cell in cells):
            return Problem(line, "a formula instead of a value: paste the column as values")
        found: dict[str, list[str]] = {}
        for place, name in self._names:
            cell = cells[place]
            if texts := distinct(cell.split(SEPARATOR) if SEPARATOR in cell else (cell,)):
                found[name] = distinct([*found.get(name, ()), *texts]) if name in found else texts
        ident, schema = found.pop("id", None), found.pop("schema", None)
        handling: dict[str, Any] = {name: found.pop(name) for name in HANDLING if name in found}
        kind = schema[0] if schema else self._schema
        row: dict[str, Any] = {
            "id": ident[0] if ident else stable_id(kind, found),
            "schema": kind,
            "properties": found,
        }
        return Row(
            line, row | {name: texts if name == "grounds" else texts[0] for name, texts in handling.items()}
        )


def read(source: Source) -> Rows:
    """A CSV in UTF-8 whose delimiter is told by its header; several values in a cell stand between semicolons."""
    with source.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = file.readline(LINE_BYTES)
        delimiter = max(_DELIMITERS, key=header.count) if any(map(header.count, _DELIMITERS)) else ","
        file.seek(0)
        reader = csv.reader(_lines(file), delimiter=delimiter)
        names = next(reader, [])
        if not _is_text(names):
            raise Misuse(f"{source.path} is not in UTF-8: export it again as CSV UTF-8")
        columns = Columns(names, source.mapping, source.schema)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Problem(line, f"not a row of a table ({error})")
                continue
            if any(cells):
                yield columns.row(line, cells) if _is_text(cells) else Problem(line, "not in UTF-8")


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LINE_BYTES):
        if len(line) == LINE_BYTES:
            raise Misuse(
                f"a line of the table is longer than {LINE_BYTES} characters: it is no table, or a quote is open"
            )
        yield line


def _is_text(cells: Sequence[str]) -> bool:
    return not any(
        "\udc80" <= character <= "\udcff" for cell in cells if not cell.isascii() for character in cell
    )
