"""Reads files of records for commands: rows in, refusals with their line numbers out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from detente.errors import Misuse

if TYPE_CHECKING:
    from detente.node.holdings import SourceRow


def parse_map(pairs: Iterable[str]) -> dict[str, str]:
    """`--map name="Full name"` options as property -> column. Raises Misuse."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not name or not equals or not column:
            raise Misuse(f"--map takes PROPERTY=COLUMN, not {pair!r}: for example --map name=FullName")
        mapping[name.strip()] = column.strip()
    return mapping


def source_rows(path: Path, mapping: Mapping[str, str], schema: str) -> Iterator[SourceRow]:
    """The rows of a file in any format that is known (adapters/formats); `schema` for rows that carry none."""
    from detente.adapters.formats import Problem, read_rows
    from detente.node.holdings import SourceRow

    for row in read_rows(path, mapping, schema=schema):
        yield (
            SourceRow(row.line, {}, row.reason) if isinstance(row, Problem) else SourceRow(row.line, row.row)
        )


def pairs_of(path: Path) -> frozenset[tuple[str, str]]:
    """Pairs of ids, {"a", "b"} a line. Raises Misuse with the line."""
    found = set()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} can't be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                pair = msgspec.json.decode(line, type=_Pair)
            except msgspec.DecodeError as error:
                raise Misuse(f'{path}, line {number}: not {{"a": ID, "b": ID}}: {error}') from None
            found.add((pair.a, pair.b))
    return frozenset(found)


class _Pair(msgspec.Struct, frozen=True):
    a: str
    b: str


__all__ = ["pairs_of", "parse_map", "source_rows"]
