"""OFAC's SDN list in its old CSV form: SDN.CSV, with ALT.CSV (other names) and ADD.CSV (addresses) beside it.

The files have no header, "-0-" stands for nothing, and most of what is known of a person is in a free remark:
"DOB 10 Oct 1955; POB Giza, Egypt; Cedula No. 16258303 (Colombia)."
Source: OFAC, "SDN list data formats and data schemas" (dat_spec.txt).
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from detente.adapters.formats.countries import country_code
from detente.adapters.formats.rows import DOCUMENT_BYTES, Problem, Row, Rows, Source, entity
from detente.errors import Misuse

FIRST_LINE = re.compile(rb'\d{1,9},"[^"\r\n]{1,350}",(-0- ?|"?individual"?|"?vessel"?|"?aircraft"?) ?,')
_NOTHING = "-0-"
_COLUMNS = 12
_SCHEMAS = {_NOTHING: "Organization", "individual": "Person", "vessel": "Vessel", "aircraft": "Airplane"}
_NAMES = {"aka": "alias", "fka": "previousName", "nka": "alias"}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_DATE = re.compile(r"(?:circa )?(?:(?:(\d{1,2}) )?([A-Z][a-z]{2}) )?(\d{4})")
_REMARKS = [
    # first come, first served: what the remark begins with, and the property
    (re.compile(r"DOB (.+)"), "birthDate"),
    (re.compile(r"POB (.+)"), "birthPlace"),
    (re.compile(r"(?:nationality|citizen) (.+)"), "nationality"),
    (re.compile(r"[Pp]assport (?:No\. )?(\S.*?)(?: \(.*)?"), "passportNumber"),
    (re.compile(r"(?:Cedula No\.|National ID No\.|Identification Number|SSN) (\S.*?)(?: \(.*)?"), "idNumber"),
    (re.compile(r"(?:Tax ID No\.|NIT #|RUC #|RFC|R\.F\.C\.|C\.U\.I\.T\.) ?(\S.*?)(?: \(.*)?"), "taxNumber"),
    (re.compile(r"(?:Registration (?:ID|Number)|Commercial Registry Number|UK Company Number) (\S.*?)(?: \(.*)?"),
     "registrationNumber"),
    (re.compile(r"Gender (Male|Female)"), "gender"),
    (re.compile(r"(?:a\.k\.a\.|f\.k\.a\.) '(.+)'"), "weakAlias"),
    (re.compile(r"Email Address (\S+)"), "email"),
    (re.compile(r"(?:Phone Number|Telephone No\.) (\S.*)"), "phone"),
    (re.compile(r"Website (\S+)"), "website"),
]  # fmt: skip


def read(source: Source) -> Rows:
    """Individuals as Person, entities as Organization, vessels and aircraft as what they are; `line` is that of SDN.CSV."""
    names = _beside(source.path, "alt")
    addresses = _beside(source.path, "add")
    for line, cells in _table(source.path):
        schema = _SCHEMAS.get(cells[2].lower() or _NOTHING) if len(cells) == _COLUMNS else None
        if schema is None or not cells[0].isdecimal() or not cells[1]:
            yield Problem(
                line, f"not a row of SDN.CSV, which has {_COLUMNS} cells: a number, a name, a kind, ..."
            )
            continue
        found: dict[str, list[str]] = defaultdict(list)
        _name(found, cells[1], schema)
        for other in names.get(cells[0], ()):
            if len(other) >= 4:
                found[_NAMES.get(other[2].lower(), "alias")].append(_in_order(other[3], schema))
        for address in addresses.get(cells[0], ()):
            if len(address) >= 5:
                found["address"].append(", ".join(part for part in address[2:5] if part))
                found["country"].append(country_code(address[4]))
        found["program"] = re.split(r"\] ?\[", cells[3].strip("[]"))
        found["title"].append(cells[4])
        _remarks(found, cells[11])
        yield Row(line, entity(f"ofac-{cells[0]}", schema, found))


def _name(found: dict[str, list[str]], name: str, schema: str) -> None:
    found["name"].append(_in_order(name, schema))
    last, comma, first = name.partition(", ")
    if schema == "Person" and comma:
        found["lastName"].append(last)
        found["firstName"].append(first)


def _in_order(name: str, schema: str) -> str:
    """A person's name as it is said, of one that puts the family name first; companies keep their commas."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if schema == "Person" and comma else name


def _remarks(found: dict[str, list[str]], remarks: str) -> None:
    for piece in remarks.split("; "):
        remark = piece.strip().removesuffix(".").removeprefix("alt. ")
        for pattern, name in _REMARKS:
            if matched := pattern.fullmatch(remark):
                found[name].extend(_value(name, matched[1]))
                break
    if remarks:
        found["notes"].append(remarks)


def _value(name: str, text: str) -> list[str]:
    if name == "birthDate":
        return [date for part in text.split(" to ") if (date := _date(part.strip()))]
    if name == "nationality":
        return [country_code(text)]
    return [text.lower() if name == "gender" else text]


def _date(text: str) -> str:
    """1955-10-10, 1955-10, 1955 for "10 Oct 1955", "Oct 1955", "circa 1955"; "" for what is none of them."""
    matched = _DATE.fullmatch(text)
    if matched is None or (matched[2] and matched[2] not in _MONTHS):
        return ""
    day, month, year = matched.groups()
    return "-".join(
        [year, *([f"{_MONTHS[month]:02}"] if month else []), *([f"{int(day):02}"] if day else [])]
    )


def _beside(path: Path, kind: str) -> dict[str, list[list[str]]]:
    """The rows of ALT.CSV or ADD.CSV next to SDN.CSV, by entity; none where there is no such file."""
    name = re.sub(
        "sdn", lambda found: kind.upper() if found[0].isupper() else kind, path.name, count=1, flags=re.I
    )
    beside = path.with_name(name)
    rows: dict[str, list[list[str]]] = defaultdict(list)
    if name != path.name and beside.is_file():
        for _, cells in _table(beside):
            rows[cells[0]].append(cells)
    return rows


def _table(path: Path) -> Iterator[tuple[int, list[str]]]:
    if path.stat().st_size > DOCUMENT_BYTES:
        raise Misuse(f"{path} is larger than {DOCUMENT_BYTES} bytes: it is not OFAC's list")
    raw = path.read_bytes().rstrip(b"\x1a\r\n ")  # the files end with DOS's end-of-file mark
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = []
        yield line, ["" if cell.strip() == _NOTHING else cell.strip() for cell in cells] or [""]
