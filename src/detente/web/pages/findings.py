"""The queue of findings: one after the other, side by side, decided by keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from detente.node.overview import Comparison, FindingCount
from detente.node.runs import FindingView
from detente.web.chart import waterfall
from detente.web.naming import NAMES, ORDER
from detente.web.visit import Page, Visit

ROWS = 50
STATUSES, GRADES = ("open", "confirmed", "dismissed", "parked"), ("strong", "possible")
# which fields of a record a kind of agreed detail speaks of; every other kind speaks of names
FIELDS: Mapping[str, tuple[str, ...]] = {
    "birth place": ("birthPlace",),
    "birth": ("birthDate",),
    "nationality": ("nationality", "citizenship", "country"),
    "country": ("country", "jurisdiction"),
    "gender": ("gender",),
    "phone": ("phone",),
    "inn": ("innCode", "taxNumber"),
    "tax number": ("taxNumber", "innCode"),
    "passport": ("passportNumber", "idNumber"),
    "identity number": ("idNumber", "passportNumber"),
    "document": ("passportNumber", "idNumber"),
    "registration": ("registrationNumber", "idNumber", "innCode"),
    "number": ("registrationNumber", "idNumber"),
    "form": ("legalForm",),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field side by side. `agrees`: the match found some of it equal; `theirs` is None before a swap brought it."""

    name: str
    ours: list[str]
    theirs: list[str] | None
    agrees: bool


def show(visit: Visit) -> Response:
    """The filters, the first rows, and the finding that is chosen."""
    chosen = _filter(visit)
    rows = _rows(visit, chosen, 0)
    counts: list[FindingCount] = visit.call("findings", "count", peer=chosen["peer"])
    wanted = visit.shown.get("id", "") or (rows[0].id if rows else "")
    return visit.page(
        "findings.html", rows=rows, counts=_sums(counts), chosen=chosen, statuses=STATUSES, grades=GRADES, offset=0,
        peers=[p.name for p in visit.call("peers", "list")], more=_more(chosen, 0, rows), selected=wanted,
        **(_detail(visit, wanted) if wanted else {"found": None}),
    )  # fmt: skip


def rows(visit: Visit) -> Response:
    """The next rows, as the queue is scrolled."""
    chosen, raw = _filter(visit), visit.query.get("offset", "0")
    offset = int(raw) if raw.isdecimal() and len(raw) < 9 else 0
    found = _rows(visit, chosen, offset)
    return visit.page("_rows.html", rows=found, more=_more(chosen, offset, found), selected="", offset=offset)


def one(visit: Visit) -> Response:
    """One finding: the part of the page where htmx asks, the queue around it else."""
    if not visit.fragment:
        return show(visit)
    return visit.page("_finding.html", **_detail(visit, visit.shown["id"]))


def decide(visit: Visit) -> Response:
    """A person's decision; the answer shows the finding as it is now, and how to undo it."""
    id, status = visit.shown["id"], visit.form.get("status", "")
    before: FindingView = visit.call("findings", "show", id=id)
    after: FindingView = visit.call(
        "findings", "decide", id=id, status=status, by=visit.name, note=visit.form.get("note", before.note)[:2000]
    )  # fmt: skip
    if not visit.fragment:
        return visit.go(f"/findings/{after.id}", "decided")
    response = visit.page("_decided.html", before=before, **_detail(visit, after.id))
    told = {"id": after.id, "status": after.status, "label": visit.speaks.label(after.status, "status")}
    # headers are Latin-1: what is beyond it is escaped, as JSON allows
    text = msgspec.json.encode({"decided": told}).decode()
    response.headers["hx-trigger-after-settle"] = "".join(
        c if c.isascii() else f"\\u{ord(c):04x}" for c in text
    )
    return response


def _filter(visit: Visit) -> dict[str, str]:
    chosen = {name: visit.query.get(name, "")[:100] for name in ("peer", "status", "grade", "run")}
    if "status" not in visit.query and "id" not in visit.shown:
        chosen["status"] = "open"
    return chosen


def _rows(visit: Visit, chosen: Mapping[str, str], offset: int) -> list[FindingView]:
    found: list[FindingView] = visit.call("findings", "list", **chosen, limit=ROWS, offset=offset)
    if found:
        named = ", ".join(value for value in chosen.values() if value) or "all"
        visit.look("findings", f"{named}: {offset + 1}-{offset + len(found)}")
    return found


def _more(chosen: Mapping[str, str], offset: int, found: list[FindingView]) -> str:
    if len(found) < ROWS:
        return ""
    return "/findings/rows?" + urlencode({**chosen, "offset": offset + ROWS})


def _detail(visit: Visit, id: str) -> dict[str, Any]:
    found: Comparison = visit.call("findings", "compare", id=id)
    visit.look("finding", found.finding.id)
    because = waterfall(found.finding.because, visit.speaks.text("Together"))
    return {"found": found, "lines": lines(found), "because": because}


def lines(found: Comparison) -> list[Line]:
    """The fields of both, names first."""
    ours, theirs = found.finding.ours, found.theirs
    names = sorted({*ours, *theirs}, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))
    spoken = {field for kind in found.agreed for field in _fields(kind)}
    return [
        Line(n, ours.get(n, []), theirs.get(n, []) if found.their_item else None, n in spoken) for n in names
    ]


def _fields(kind: str) -> tuple[str, ...]:
    for beginning, fields in FIELDS.items():
        if kind.startswith(beginning) and not (beginning == "form" and kind != "form"):
            return fields
    return NAMES


def _sums(counts: list[FindingCount]) -> dict[str, int]:
    return {status: sum(c.count for c in counts if c.status == status) for status in STATUSES}


PAGES = (
    Page("/findings", show, records=True),
    Page("/findings/rows", rows, records=True),
    Page("/findings/{id}", one, records=True),
    Page("/findings/{id}/decide", decide, "POST", records=True),
)
