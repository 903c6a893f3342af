"""People and their roles; who looked at which record."""

from __future__ import annotations

from starlette.responses import Response

from detente.node.accounts import ROLES, Invited
from detente.web.visit import Page, Visit

LIMIT = 100


def show(visit: Visit, invited: Invited | None = None) -> Response:
    """Every account."""
    return visit.page("accounts.html", people=visit.call("accounts", "list"), roles=ROLES, invited=invited)


def invite(visit: Visit) -> Response:
    """Makes an account, or a new code for one. The code is on this page and nowhere else."""
    made: Invited = visit.call(
        "accounts", "invite", name=visit.form.get("name", "").strip().lower(), roles=_roles(visit), by=visit.name
    )  # fmt: skip
    return show(visit, made)


def assign(visit: Visit) -> Response:
    visit.call("accounts", "assign", name=visit.form.get("name", ""), roles=_roles(visit), by=visit.name)
    return visit.go("/accounts", "roles")


def close(visit: Visit) -> Response:
    visit.call("accounts", "close", name=visit.form.get("name", ""), by=visit.name)
    return visit.go("/accounts", "closed")


def looks(visit: Visit) -> Response:
    """Looks at records, newest first; `verify` recomputes the chain."""
    account, subject = visit.query.get("account", ""), visit.query.get("subject", "")
    raw = visit.query.get("offset", "0")
    offset = int(raw) if raw.isdecimal() and len(raw) < 9 else 0
    found = visit.call("looks", "list", account=account, subject=subject, limit=LIMIT, offset=offset)
    checked = visit.call("looks", "verify").looks if visit.query.get("verify") else None
    return visit.page(
        "looks.html", looks=found, account=account, subject=subject, offset=offset, limit=LIMIT, checked=checked
    )  # fmt: skip


def _roles(visit: Visit) -> list[str]:
    return list(visit.lists.get("roles", ()))


PAGES = (
    Page("/accounts", show),
    Page("/accounts/invite", invite, "POST"),
    Page("/accounts/assign", assign, "POST"),
    Page("/accounts/close", close, "POST"),
    Page("/looks", looks),
)
