"""Loading a file in two steps: what its columns are and what its first rows become; then the load itself."""

from __future__ import annotations

import csv
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from starlette.responses import Response

from detente.adapters.formats import Problem, Row, read_rows
from detente.api.failure import failure
from detente.errors import DetenteError, Misuse
from detente.node.holdings import SCHEMA_TOPIC, LoadReport
from detente.pact.marking import TLP
from detente.web.visit import Page, Visit, whole

MOST_BYTES = 64 << 20
KEPT_SECONDS = 1800.0
PREVIEW = 8
AT_ONCE = 20_000  # rows a call
SHOWN = 200  # refusals listed
PROPERTIES = (
    "id", "name", "alias", "firstName", "secondName", "lastName", "fatherName", "birthDate", "birthPlace", "gender",
    "nationality", "country", "passportNumber", "idNumber", "innCode", "taxNumber", "phone", "memberOf",
    "spokenLanguage", "legalForm", "registrationNumber", "grounds", "marking", "grade",
)  # fmt: skip


@dataclass(slots=True)
class Upload:
    """A file between its two steps: in memory, for one session, for half an hour."""

    name: str
    data: bytes
    kept: float = field(default_factory=time.monotonic)


class Uploads:
    """One file for each session."""

    def __init__(self) -> None:
        self._files: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def keep(self, session: str, upload: Upload) -> None:
        with self._lock:
            self._forget()
            if session not in self._files and len(self._files) >= 8:
                raise Misuse("too many files wait to be loaded: try again later")
            self._files[session] = upload

    def get(self, session: str) -> Upload:
        with self._lock:
            self._forget()
            found = self._files.get(session)
        if found is None:
            raise Misuse("the file is not here any more: choose it again")
        return found

    def drop(self, session: str) -> None:
        with self._lock:
            self._files.pop(session, None)

    def _forget(self) -> None:
        now = time.monotonic()
        self._files = {k: u for k, u in self._files.items() if now - u.kept < KEPT_SECONDS}


def show(visit: Visit) -> Response:
    """The choice of a file."""
    return visit.page("load.html", counted=visit.call("records", "count").topics, reports=None)


def preview(visit: Visit) -> Response:
    """What the file's columns are and what its first rows become, with the mapping that the form says."""
    assert visit.session is not None
    upload = visit.uploads.get("file")
    if upload is not None and upload.filename:
        kept = Upload(_plain(upload.filename), whole(upload, MOST_BYTES))
        visit.console.uploads.keep(visit.session.id, kept)
    kept = visit.console.uploads.get(visit.session.id)
    schema = visit.form.get("schema", "Person")
    header = _header(kept.data)
    mapping = _mapping(visit, header)
    rows: list[Row] = []
    problems: list[Problem] = []
    problem = None
    try:
        with _as_path(kept) as path:
            for row in islice(read_rows(path, mapping, schema=schema), PREVIEW):
                if isinstance(row, Problem):
                    problems.append(row)
                else:
                    rows.append(row)
    except DetenteError as error:
        problem = failure(error)
    visit.look("upload", kept.name)
    return visit.page(
        "preview.html", name=kept.name, header=header, mapping=mapping, properties=PROPERTIES, rows=rows, problems=problems,
        schema=schema, schemas=sorted(SCHEMA_TOPIC), problem=problem, markings=[label for label in TLP if label != "TLP:RED"],
        form=visit.form,
    )  # fmt: skip


def run(visit: Visit) -> Response:
    """Loads the file with its mapping and the handling of rows that carry none."""
    assert visit.session is not None
    kept = visit.console.uploads.get(visit.session.id)
    grounds = [line.strip() for line in visit.form.get("grounds", "").splitlines() if line.strip()]
    handling = {"grounds": grounds, "marking": visit.form.get("marking", "TLP:AMBER"), "grade": visit.form.get("grade", "F6")}  # fmt: skip
    mapping = _mapping(visit, _header(kept.data))
    refused: list[tuple[int, str]] = []
    added = changed = unchanged = 0
    with _as_path(kept) as path:
        rows = read_rows(path, mapping, schema=visit.form.get("schema", "Person"))
        while batch := list(islice(rows, AT_ONCE)):
            good = [row for row in batch if isinstance(row, Row)]
            refused += [(row.line, row.reason) for row in batch if isinstance(row, Problem)]
            report: LoadReport = visit.call(
                "records", "load", file=kept.name, rows=[dict(row.row) for row in good], **handling
            )
            added, changed, unchanged = (
                added + report.added,
                changed + report.changed,
                unchanged + report.unchanged,
            )
            refused += [(good[r.line - 1].line, r.reason) for r in report.refused]
    visit.console.uploads.drop(visit.session.id)
    told = {"file": kept.name, "added": added, "changed": changed, "unchanged": unchanged, "refused": refused[:SHOWN], "all_refused": len(refused)}  # fmt: skip
    return visit.page("load.html", counted=visit.call("records", "count").topics, reports=told)


def _mapping(visit: Visit, header: list[str]) -> dict[str, str]:
    """property -> column, as the form says; before there is a form, what the names of the columns suggest."""
    chosen = {
        name.removeprefix("map."): value for name, value in visit.form.items() if name.startswith("map.") and value
    }  # fmt: skip
    if chosen or "mapped" in visit.form:
        return {name: column for name, column in chosen.items() if column in header and name in PROPERTIES}
    known = {p.casefold(): p for p in PROPERTIES}
    guesses = {
        "full name": "name", "fullname": "name", "nom complet": "name", "surname": "lastName", "nom": "lastName",
        "given name": "firstName", "prénom": "firstName", "date of birth": "birthDate", "dob": "birthDate",
        "date de naissance": "birthDate", "place of birth": "birthPlace", "фио": "name", "фамилия": "lastName",
        "имя": "firstName", "отчество": "secondName", "дата рождения": "birthDate", "место рождения": "birthPlace",
        "passport": "passportNumber", "nationalité": "nationality", "citizenship": "nationality", "motifs": "grounds",
    }  # fmt: skip
    found: dict[str, str] = {}
    for column in header:
        name = known.get(column.casefold()) or guesses.get(column.strip().casefold())
        if name and name not in found:
            found[name] = column
    return {name: column for name, column in found.items() if name != column}


def _header(data: bytes) -> list[str]:
    """The column names where the file is a table; empty for every other format."""
    start = data[: 1 << 16].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"[", b"<") or start.startswith(b"PK\x03\x04"):
        return []
    line = start.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    delimiter = max(",;\t|", key=line.count)
    first = next(
        csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), []
    )  # a return within a line ends it
    return [name.strip() for name in first if name.strip()][:200]


@contextmanager
def _as_path(upload: Upload) -> Iterator[Path]:
    """The upload as a file that readers can open: in memory where the system has such a place, gone at the end in any case."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="detente-") as folder:
        path = Path(folder) / upload.name
        path.write_bytes(upload.data)
        yield path


def _plain(name: str) -> str:
    """The name of a file, without a folder and without what no file name needs."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(c for c in last if c.isprintable() and c not in "\0/").strip(". ")
    return (
        plain[-60:].strip(". ") or "upload"
    )  # its ending tells the format, and no system takes more than 255 bytes


PAGES = (
    Page("/load", show, records=True),
    Page(
        "/load/preview", preview, "POST", records=True, body=MOST_BYTES + (1 << 20), needs=("records", "load")
    ),
    Page("/load/run", run, "POST", records=True),
)
