"""Files of records, in the formats in which people have them, as rows in FollowTheMoney's shape.

A format is a module with `read(source) -> Iterator[Row | Problem]` and a line in `_format_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from detente.adapters.formats import ftm, table
from detente.adapters.formats.rows import Problem, Row, Rows, Source
from detente.errors import Misuse

__all__ = ["Problem", "Row", "read_rows"]

_HEAD = 1 << 16


def read_rows(path: Path, mapping: Mapping[str, str] | None = None, *, schema: str = "Person") -> Rows:
    """The rows of a file, one at a time, and a Problem for each that is none; the format is told by its beginning.

    `mapping` says which column of a table is which property ({"name": "Full name"}); `schema` is for rows that name none.
    Raises Misuse where the file as a whole can't be read.

    >>> for row in read_rows(Path("people.csv"), {"name": "Full name"}):  # doctest: +SKIP
    ...     match row:
    ...         case Row(line, entity): ...
    ...         case Problem(line, reason): ...
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        yield from _format_of(path, head)(Source(path, mapping or {}, schema))
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None


def _format_of(path: Path, head: bytes) -> Callable[[Source], Rows]:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return ftm.read
    return table.read
