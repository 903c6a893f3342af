"""Airspace: our plans, conflicts with a peer on a map and in time, and how they are settled."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from detente.errors import Misuse
from detente.node.airspace import ConflictView, PlanView
from detente.web.airmap import area, extent, profile
from detente.web.visit import Page, Visit

TOPIC = "airspace"


def show(visit: Visit) -> Response:
    """Conflicts, the most urgent first; the map, the heights, our plans."""
    overview = visit.console.overview()
    peers = [p.name for p in overview.peers if any(b.topic == TOPIC for b in p.budgets)]
    conflicts: list[ConflictView] = visit.call("airspace", "conflicts")
    plans: list[PlanView] = visit.call("airspace", "plans")
    live = [c for c in conflicts if c.state != "over"]
    begin, end = extent(plans, live)
    jobs = [(p.name, job) for p in overview.peers if (job := visit.console.jobs.find(f"airspace {p.name}"))]
    return visit.page(
        "airspace.html", overview=overview, peers=peers, conflicts=conflicts, plans=plans, begin=begin, end=end,
        map=area(live, visit.speaks.text("Where conflicts are")), heights=profile(plans, live, visit.speaks.text("When and how high")),
        busy=[name for name, job in jobs if not job.over], failed=[job.failed for _, job in jobs if job.over and job.failed],
    )  # fmt: skip


def compare(visit: Visit) -> Response:
    """Compares our plans with a peer's, in a thread of its own."""
    return _begin(visit, "match", {})


def settle(visit: Visit) -> Response:
    """Proposes how a conflict is settled; a change of plan is compared first, so this takes a while too."""
    form, how = visit.form, visit.form.get("how", "")
    given: dict[str, object] = {"conflict": form.get("conflict", ""), "reason": form.get("reason", "")[:300]}
    amount = form.get("amount", "").strip()
    if how in ("minutes", "metres"):
        if not amount.lstrip("-").isdecimal() or len(amount) > 6:
            raise Misuse("say by how much: a whole number of minutes or metres")
        given[how] = int(amount)
    elif how in ("ours", "theirs"):
        given["gives_way"] = how
    elif how == "visual":
        given["visual"] = True
    else:
        raise Misuse("say how: minutes, metres, who gives way, or by sight")
    return _begin(visit, "settle", given)


def sign(visit: Visit) -> Response:
    """Signs how the peer proposes to settle a conflict."""
    visit.call("airspace", "sign", conflict=visit.form.get("conflict", ""), peer=visit.form.get("peer", ""))
    return visit.go("/airspace", "signed")


def _begin(visit: Visit, verb: str, given: dict[str, object]) -> Response:
    peer = visit.form.get("peer", "")
    visit.console.jobs.start(
        f"airspace {peer}", visit.name, lambda: visit.call("airspace", verb, peer=peer, **given)
    )
    return visit.go(f"/airspace?peer={quote(peer)}", "begun")


PAGES = (
    Page("/airspace", show),
    Page("/airspace/compare", compare, "POST", needs=("airspace", "match")),
    Page("/airspace/settle", settle, "POST", needs=("airspace", "settle")),
    Page("/airspace/sign", sign, "POST"),
)
