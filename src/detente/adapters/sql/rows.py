"""Reading and writing frozen rows with portable SQL: one writer at a time needs no dialect's own upsert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Select, Table, and_, insert, select, update

Row = TypeVar("Row", bound=msgspec.Struct)

CHUNK = 1000  # rows a statement: far below the parameter limits of the databases in use


def values_of(row: msgspec.Struct) -> dict[str, Any]:
    """The columns of a row whose table has the same names; mappings and tuples become JSON text."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, (Mapping, tuple)) else value
        for name, value in msgspec.structs.asdict(row).items()
    }


def replace(connection: Connection, table: Table, values: Mapping[str, Any], *keys: str) -> None:
    """Inserts a row, or replaces the one with the same `keys`."""
    same = and_(*(table.c[key] == values[key] for key in keys))
    if connection.execute(select(1).select_from(table).where(same)).first() is None:
        connection.execute(insert(table), dict(values))
    else:
        connection.execute(update(table).where(same), dict(values))


def matching(query: Select[Any], table: Table, **wanted: str) -> Select[Any]:
    """Narrows a query to rows whose columns equal what is wanted; "" wants nothing."""
    for column, value in wanted.items():
        if value:
            query = query.where(table.c[column] == value)
    return query


def chunks(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Lists of at most CHUNK rows, in order."""
    held: list[Row] = []
    for row in rows:
        held.append(row)
        if len(held) == CHUNK:
            yield held
            held = []
    if held:
        yield held


def parts_of(text: str) -> dict[str, str]:
    """The parts of a message, as stored: name -> blob hash."""
    return msgspec.json.decode(text, type=dict[str, str])
