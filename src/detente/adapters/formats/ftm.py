"""FollowTheMoney JSON, one entity a line."""

from __future__ import annotations

from typing import Any, BinaryIO

import msgspec

from detente.adapters.formats.rows import LINE_BYTES, Problem, Row, Rows, Source, stable_id


def read(source: Source) -> Rows:
    """Each line as a row. What a property may hold is the topic's to say."""
    with source.path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES + 1):
            number += 1
            if len(line) > LINE_BYTES:
                _skip_line(file, line)
                yield Problem(number, f"longer than {LINE_BYTES} bytes: one entity a line is expected")
            elif line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield _row(number, line.removeprefix(b"\xef\xbb\xbf"), source.schema)


def _row(number: int, line: bytes, schema: str) -> Row | Problem:
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return Problem(number, "not one JSON object in UTF-8: see that the line is whole")
    row.setdefault("schema", schema)
    if "id" not in row:
        row["id"] = stable_id(row["schema"], row.get("properties"))
    return Row(number, row)


def _skip_line(file: BinaryIO, piece: bytes) -> None:
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(LINE_BYTES)
