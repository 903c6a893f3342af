"""Files of records, in the formats in which people have them, as rows in FollowTheMoney's shape.

A format is a module with `read(source) -> Iterator[Row | Problem]` and a line in `_format_of`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from detente.adapters.formats import ftm, misp, ofac, stix, table, un, xlsx
from detente.adapters.formats.rows import Problem, Row, Rows, Source
from detente.errors import Misuse

__all__ = ["Problem", "Row", "read_rows"]

_HEAD = 1 << 16
_MISP_EVENT = re.compile(rb'(\[\s*)?\{\s*"(Event|response)"\s*:')
_STIX_BUNDLE = re.compile(rb'"type"\s*:\s*"bundle"|\A\{\s*"objects"\s*:')
_MISP_GALAXY = re.compile(
    rb'\A\{\s*"(authors|values)"\s*:|"type"\s*:\s*"[a-z0-9-]+",\s*"uuid"\s*:|"values"\s*:\s*\['
)


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
    if start.startswith(b"<"):
        if b"<CONSOLIDATED_LIST" in head:
            return un.read
        raise Misuse(f"{path} is XML, but not the United Nations' consolidated list: no other XML is known")
    if ofac.FIRST_LINE.match(start):
        return ofac.read
    if start.startswith(b"PK\x03\x04"):
        return xlsx.read
    if start.startswith((b"{", b"[")):
        return _json_format(path, start)
    return table.read


def _json_format(path: Path, start: bytes) -> Callable[[Source], Rows]:
    """One entity a line, or one document whose beginning says what it is."""
    if _MISP_EVENT.match(start):
        return misp.read_events
    if start.startswith(b"["):
        raise Misuse(f"{path} is a JSON list: write one entity a line (JSON lines)")
    if _is_entity(start.partition(b"\n")[0]):
        return ftm.read
    if _STIX_BUNDLE.search(start):
        return stix.read
    if _MISP_GALAXY.search(start):
        return misp.read_galaxy
    return ftm.read


def _is_entity(line: bytes) -> bool:
    try:
        return bool({"schema", "properties"} & msgspec.json.decode(line, type=dict[str, Any]).keys())
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
