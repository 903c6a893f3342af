"""Matching: who would learn what, in plain words; then the run, with its progress and how it ended."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from detente.api.failure import Failure, failure
from detente.errors import DetenteError
from detente.node.overview import RunView
from detente.node.runs import DryRun
from detente.web.visit import Page, Visit


def show(visit: Visit) -> Response:
    """The choice of a peer and a topic, the dry run, and the runs so far."""
    overview = visit.console.overview()
    offered = [(p, [b.topic for b in p.budgets]) for p in overview.peers if p.status == "paired"]
    peer, topic = visit.query.get("peer", ""), visit.query.get("topic", "")
    if not peer and offered:
        peer = offered[0][0].name
    topics = next((topics for p, topics in offered if p.name == peer), [])
    if topic not in topics:
        topic = topics[0] if topics else ""
    plan, problem = _plan(visit, peer, topic)
    return visit.page(
        "match.html", overview=overview, peers=[p.name for p, _ in offered], topics=topics, peer=peer, topic=topic,
        plan=plan, problem=problem, **_runs(visit),
    )  # fmt: skip


def begin(visit: Visit) -> Response:
    """Begins a run in a thread of its own; the page follows it."""
    peer, topic = visit.form.get("peer", ""), visit.form.get("topic", "")
    visit.console.jobs.start(
        f"match {peer}", visit.name, lambda: visit.call("match", "run", topic=topic, peer=peer)
    )
    return visit.go(f"/match?peer={quote(peer)}&topic={quote(topic)}#runs")


def runs(visit: Visit) -> Response:
    """The runs alone, while one is under way."""
    return visit.page("_runs.html", **_runs(visit))


def _plan(visit: Visit, peer: str, topic: str) -> tuple[DryRun | None, Failure | None]:
    if not peer or not topic:
        return None, None
    try:
        return visit.call("match", "plan", topic=topic, peer=peer), None
    except DetenteError as error:
        return None, failure(error)


def _runs(visit: Visit) -> dict[str, Any]:
    found: list[RunView] = visit.call("match", "runs")
    peers = visit.call("peers", "list")
    jobs = [(peer.name, job) for peer in peers if (job := visit.console.jobs.find(f"match {peer.name}"))]
    live = any(run.outcome == "open" for run in found) or any(not job.over for _, job in jobs)
    failed = [(name, job.failed) for name, job in jobs if job.over and job.failed]
    return {"runs": found, "live": live, "starting": [name for name, job in jobs if not job.over], "failed": failed}  # fmt: skip


PAGES = (
    Page("/match", show),
    Page("/match/run", begin, "POST", needs=("match", "run")),
    Page("/match/runs", runs),
)
