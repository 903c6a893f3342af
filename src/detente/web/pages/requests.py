"""Requests: asking a peer, answering what it asks, and who contributed what."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from detente.node.request_book import RequestView
from detente.web.visit import Page, Visit

PROPERTIES = (
    "name",
    "alias",
    "birthDate",
    "birthPlace",
    "nationality",
    "passportNumber",
    "idNumber",
    "phone",
)


def show(visit: Visit) -> Response:
    """Requests of both sides, what waits first, and the matrix of contributions."""
    found: list[RequestView] = visit.call("requests", "list")
    if found:
        visit.look("requests", f"{len(found)}")
    return visit.page(
        "requests.html", requests=sorted(found, key=lambda r: (not r.waiting, r.state != "open", r.until)),
        matrix=visit.call("requests", "matrix"), peers=[p.name for p in visit.call("peers", "list")],
        templates=visit.call("requests", "templates", language=visit.speaks.code), properties=PROPERTIES,
    )  # fmt: skip


def ask(visit: Visit) -> Response:
    """Asks a peer."""
    form = visit.form
    about = {name: [form[f"about.{name}"].strip()] for name in PROPERTIES if form.get(f"about.{name}", "").strip()}  # fmt: skip
    given = {name: form.get(name, "").strip() for name in ("peer", "purpose", "until", "question", "offer")}
    made: RequestView = visit.call(
        "requests", "ask", **given, about=about, template=form.get("template", "free")
    )
    return visit.go(f"/requests/{made.id}", "asked")


def one(visit: Visit) -> Response:
    """One request, with records of ours that it may be about."""
    found: RequestView = visit.call("requests", "show", request=visit.shown["id"])
    visit.look("request", found.id)
    candidates = []
    if found.by == "theirs" and visit.may("requests", "answer") and "answer" in " ".join(found.waiting):
        candidates = visit.call("requests", "candidates", request=found.id)
    return visit.page("request.html", r=found, candidates=candidates)


def act(visit: Visit) -> Response:
    """Takes on, declines, answers, rates a request."""
    what, id, form = visit.shown["act"], visit.form.get("request", ""), visit.form
    reason = form.get("reason", "").strip()[:1000]
    match what:
        case "accept" | "decline" | "nothing":
            visit.call("requests", what, request=id, reason=reason)
        case "answer" | "return":
            records = list(visit.lists.get("records", ()))
            visit.call("requests", what, request=id, records=records, by=visit.name, reason=reason)
        case "consent":
            visit.call("requests", "consent", request=id, yes=form.get("yes") == "1", reason=reason)
        case "rate":
            visit.call("requests", "rate", request=id, useful=form.get("yes") == "1", reason=reason)
        case _:
            return visit.go("/requests")
    return visit.go(f"/requests/{quote(id)}", "answered")


PAGES = (
    Page("/requests", show, records=True),
    Page("/requests/ask", ask, "POST", records=True),
    Page("/requests/do/{act}", act, "POST", records=True),
    Page("/requests/{id}", one, records=True),
)
