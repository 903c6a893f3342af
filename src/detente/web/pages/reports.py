"""Reports: a page taken in, its names marked in the text, what would leave of it."""

from __future__ import annotations

import base64
from urllib.parse import quote

from markupsafe import Markup, escape
from starlette.responses import Response

from detente.errors import Misuse
from detente.node.reports import NamedView, ReportView
from detente.web.visit import Page, Visit, whole

MOST_BYTES = 32 << 20
MOST_TEXT = 400_000


def show(visit: Visit) -> Response:
    """The reports that were taken in, and the form for another one."""
    found = visit.call("reports", "list")
    if found:
        visit.look("reports", f"{len(found)}")
    return visit.page("reports.html", reports=found)


def add(visit: Visit) -> Response:
    """Takes a page in: HTML, PDF or text."""
    upload = visit.uploads.get("file")
    if upload is None or not upload.filename:
        raise Misuse("choose a file first")
    data = base64.b64encode(whole(upload, MOST_BYTES)).decode()
    form = visit.form
    given = {name: form.get(name, "").strip() for name in ("source", "grade", "marking")}
    file = upload.filename.replace("\\", "/").rpartition("/")[2][:200]
    made: ReportView = visit.call("reports", "add", file=file, data=data, **given)
    return visit.go(f"/reports/{made.id}")


def one(visit: Visit) -> Response:
    """The reader: the text with its names marked, and what was decided of each."""
    found: ReportView = visit.call("reports", "show", report=visit.shown["id"])
    visit.look("report", found.id)
    text, shown = found.text[:MOST_TEXT], int(visit.query.get("leaves") == "1")
    body = escape(found.leaves[:MOST_TEXT]) if shown else marked(text, found.named, found.redactions)
    return visit.page("report.html", r=found, body=body, leaves=bool(shown), cut=len(found.text) > MOST_TEXT)


def decide(visit: Visit) -> Response:
    """A person takes a name on as a record, or dismisses it."""
    form, id = visit.form, visit.shown["id"]
    grounds = [line.strip() for line in form.get("grounds", "").splitlines() if line.strip()]
    number = form.get("number", "0")
    visit.call(
        "reports", "decide", report=id, number=int(number) if number.isdecimal() and len(number) < 7 else 0,
        accept=form.get("accept") == "1", by=visit.name, grounds=grounds, record=form.get("record", ""),
    )  # fmt: skip
    return visit.go(f"/reports/{quote(id)}", "decided")


def redact(visit: Visit) -> Response:
    """Takes a passage out of what leaves, wherever it stands."""
    id, passage = visit.shown["id"], visit.form.get("passage", "").strip("\r\n")
    found: ReportView = visit.call("reports", "show", report=id)
    place = found.text.find(passage) if passage else -1
    if place < 0:
        raise Misuse("this passage does not stand in the text: copy it from there")
    visit.call("reports", "redact", report=id, spans=[f"{place}:{place + len(passage)}"], everywhere=True)
    return visit.go(f"/reports/{quote(id)}?leaves=1", "redacted")


def marked(text: str, named: list[NamedView], redactions: list[tuple[int, int]]) -> Markup:
    """The text with each name marked, by its number, and redacted spans struck out. Names are found where they stand; longer ones first.

    >>> marked("Ann met Bob.", [NamedView(1, "Bob", "person", [], "", "", "")], [])
    Markup('Ann met <mark class="person" id="at1" data-number="1">Bob</mark>.')
    """
    spans: list[tuple[int, int, int, str]] = []
    taken: list[tuple[int, int]] = []
    for name in sorted(named, key=lambda n: -len(n.text)):
        start = text.find(name.text) if name.text else -1
        while start >= 0 and len(spans) < 5000:
            end = start + len(name.text)
            if not any(a < end and start < b for a, b in taken[-500:]):
                spans.append((start, end, name.number, name.kind))
                taken.append((start, end))
            start = text.find(name.text, end)
    out, at, seen = Markup(""), 0, set()
    for start, end, number, kind in sorted(spans):
        out += _struck(text, at, start, redactions)
        place = Markup("") if number in seen else Markup(' id="at{}"').format(number)
        seen.add(number)
        kind = "group" if kind == "group" else "person"
        out += Markup('<mark class="{}"{} data-number="{}">{}</mark>').format(
            kind, place, number, text[start:end]
        )
        at = end
    return out + _struck(text, at, len(text), redactions)


def _struck(text: str, start: int, end: int, redactions: list[tuple[int, int]]) -> Markup:
    out, at = Markup(""), start
    for a, b in sorted(redactions):
        a, b = max(a, at), min(b, end)
        if a < b:
            out += escape(text[at:a]) + Markup("<del>{}</del>").format(text[a:b])
            at = b
    return out + escape(text[at:end])


PAGES = (
    Page("/reports", show, records=True),
    Page("/reports/add", add, "POST", records=True, body=MOST_BYTES + (1 << 20), needs=("reports", "add")),
    Page("/reports/{id}", one, records=True),
    Page("/reports/{id}/decide", decide, "POST", records=True),
    Page("/reports/{id}/redact", redact, "POST", records=True),
)
