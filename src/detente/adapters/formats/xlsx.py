"""Spreadsheets (XLSX): the first sheet, with a header in its first row."""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from detente.adapters.formats.rows import DOCUMENT_BYTES, Problem, Rows, Source
from detente.adapters.formats.table import Columns
from detente.errors import Misuse

_COLUMNS = 512
_PARTS = 10_000
_EXACT = 1e15  # from here on a spreadsheet's numbers have lost digits


def read(source: Source) -> Rows:
    """Each row under the header; a formula, an error or a number too long to be exact makes it a Problem."""
    # Imported here: it takes longer than reading most files of other formats.
    from openpyxl import load_workbook

    _check_size(source.path)
    try:
        book = load_workbook(source.path, read_only=True, data_only=False, keep_links=False)
    except (
        Exception
    ):  # the reader raises many kinds on a file that is no spreadsheet, none of them worth telling apart
        raise Misuse(
            f"{source.path} is not a spreadsheet that can be read: save it again as XLSX, or as CSV"
        ) from None
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not relied on
        rows = sheet.iter_rows(max_col=_COLUMNS)
        header = [_text(cell) for cell in next(rows, ())]
        while header and not header[-1]:
            header.pop()
        columns = Columns(header, source.mapping, source.schema)
        yield from _rows(rows, columns, len(header))
    except Misuse:
        raise
    except Exception:  # as above, of a part that is read later
        raise Misuse(f"{source.path} is broken: save it again as XLSX, or as CSV") from None
    finally:
        book.close()


def _rows(rows: Any, columns: Columns, width: int) -> Rows:
    for line, cells in enumerate(rows, 2):
        try:
            values = [_text(cell) for cell in itertools.islice(cells, width)]
        except Misuse as problem:
            yield Problem(line, str(problem))
            continue
        if any(values):
            yield columns.row(line, [*values, *[""] * (width - len(values))])


def _text(cell: Any) -> str:
    value = cell.value
    match cell.data_type:
        case "f":
            raise Misuse("a formula instead of a value: paste the column as values")
        case "e":
            raise Misuse("a cell with an error: correct it in the spreadsheet")
    match value:
        case None:
            return ""
        case datetime.datetime() if value.time() == datetime.time():
            return value.date().isoformat()
        case datetime.date() | datetime.time():
            return value.isoformat()
        case bool():
            return "true" if value else "false"
        case int() | float() if abs(value) >= _EXACT:
            raise Misuse("a number too long to be exact: format the column as text and enter it again")
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def _check_size(path: Path) -> None:
    """Refuses what unpacks to more than can be held. The sizes in the archive bind: no more than they say is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts: Sequence[zipfile.ZipInfo] = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Misuse(
            f"{path} is not a spreadsheet that can be read: save it again as XLSX, or as CSV"
        ) from None
    if len(parts) > _PARTS or sum(part.file_size for part in parts) > DOCUMENT_BYTES:
        raise Misuse(f"{path} unpacks to more than {DOCUMENT_BYTES} bytes: save the sheet as CSV")
