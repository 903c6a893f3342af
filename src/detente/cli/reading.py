"""Reads files of records for commands: rows in, refusals with their line numbers out."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from detente.errors import Misuse
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
    """The rows of FollowTheMoney JSON lines or of a CSV with a header; `schema` for rows that carry none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.read(4096).lstrip()
            lines.seek(0)
            if first.startswith("{"):
                yield from _json_rows(lines)
            else:
                yield from _csv_rows(lines, mapping, schema)
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} can't be read: {error}") from None


def _json_rows(lines: Iterable[str]) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield SourceRow(number, msgspec.json.decode(line, type=dict[str, object]))
            except msgspec.DecodeError as error:
                yield SourceRow(number, {}, f"not a JSON object: {error}")


def _csv_rows(lines: Iterable[str], mapping: Mapping[str, str], schema: str) -> Iterator[SourceRow]:
    reader = csv.DictReader(lines)
    header = list(reader.fieldnames or ())
    missing = [column for column in mapping.values() if column not in header]
    if missing:
        raise Misuse(f"no column {missing[0]!r} in the header: {', '.join(header)}")
    columns = {column: column for column in header} | dict(mapping)
    for row in reader:
        values = {
            name: [v.strip() for v in (row.get(column) or "").split(";") if v.strip()]
            for name, column in columns.items()
        }
        ident = (values.pop("id", None) or [hashlib.sha256(json.dumps(row).encode()).hexdigest()[:24]])[0]
        kind = (values.pop("schema", None) or [schema])[0]
        handling = {name: values.pop(name) for name in ("grounds", "marking", "grade") if name in values}
        data = {"id": ident, "schema": kind, "properties": {n: v for n, v in values.items() if v}}
        data |= {name: found if name == "grounds" else found[0] for name, found in handling.items() if found}
        yield SourceRow(reader.line_num, data)


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
