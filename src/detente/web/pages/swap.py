"""The swap desk: what we would give, field by field; approve, accept, dispute, recall; and the ledger."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from detente.errors import Misuse
from detente.node.letters import GROUNDS
from detente.node.overview import Overview
from detente.node.swaps import LedgerView, SwapView
from detente.web.visit import Page, Visit

SHOWN = 100  # items of a section on one page
SECTIONS = (
    ("drafts", "given", ("prepared", "approved")),
    ("came", "received", ("received", "accepted", "disputed", "recalled", "erased")),
    ("gave", "given", ("sent", "opened", "accepted", "disputed", "recalled", "erased")),
)


def show(visit: Visit) -> Response:
    """Everything that is under way with one peer."""
    overview = visit.console.overview()
    peer = _peer(visit, overview)
    view: SwapView | None = visit.call("swap", "status", peer=peer) if peer else None
    letters = visit.call("swap", "letters", peer=peer) if peer else []
    sections = {}
    for name, direction, states in SECTIONS:
        items = [i for i in view.items if i.direction == direction and i.state in states] if view else []
        sections[name] = (items[:SHOWN], len(items))
        if items:
            visit.look("items", f"{peer}: {name}")
    undrafted = sum(w.count for w in overview.waiting if w.kind == "prepare" and w.peer == peer)
    return visit.page(
        "swap.html", overview=overview, peer=peer, peers=[p.name for p in overview.peers], view=view, sections=sections,
        letters=letters, undrafted=undrafted,
    )  # fmt: skip


def item(visit: Visit) -> Response:
    """One item: exactly what leaves, or what came."""
    overview = visit.console.overview()
    peer = _peer(visit, overview)
    view: SwapView = visit.call("swap", "status", peer=peer)
    known = next((i for i in view.items if i.id == visit.shown["id"]), None)
    if known is None:
        return visit.go(f"/swap?peer={quote(peer)}")
    visit.look("items", known.id)
    text = visit.call("swap", "plaintext", item=known.id).value
    release: dict[str, Any] = json.loads(text) if text else {}
    pretty = json.dumps(release, ensure_ascii=False, indent=2) if release else ""
    return visit.page(
        "item.html", overview=overview, peer=peer, item=known, release=release, exact=text, pretty=pretty,
        digest=hashlib.sha256(text.encode()).hexdigest(), bytes=len(text.encode()), grounds=sorted(GROUNDS),
    )  # fmt: skip


def act(visit: Visit) -> Response:
    """What the buttons of desk and item do; each is one use case."""
    what, peer, form = visit.shown["act"], visit.form.get("peer", ""), visit.form
    one, chosen = form.get("item", ""), _chosen(visit)
    reason = form.get("reason", "").strip()[:1000]
    match what:
        case "prepare":
            visit.call("swap", "prepare", peer=peer)
        case "approve":
            visit.call("swap", "approve", peer=peer, by=visit.name, ids=list(chosen), exactly=chosen)
        case "withdraw":
            visit.call("swap", "withdraw", peer=peer, ids=list(chosen))
        case "redact":
            visit.call("swap", "redact", item=one, leave_out=list(visit.lists.get("leave_out", ())))
        case "accept" | "attest":
            visit.call("swap", what, item=one)
        case "dispute":
            visit.call("swap", "dispute", item=one, ground=form.get("ground", ""), reason=reason)
        case "recall":
            visit.call("swap", "recall", item=one, reason=reason)
        case "refuse-recall":
            visit.call("swap", "refuse-recall", item=one, reason=reason)
        case "answer":
            yes = form.get("yes") == "1"
            visit.call(
                "swap", "answer", peer=peer, act=form.get("letter", ""), item=one, yes=yes, reason=reason
            )
        case "decline":
            visit.call("swap", "decline", peer=peer, reason=reason)
        case _:
            return visit.go("/swap")
    back = f"/swap/{quote(one)}?peer={quote(peer)}" if what == "redact" else f"/swap?peer={quote(peer)}"
    return visit.go(back, SAID.get(what, "answered"))


def _chosen(visit: Visit) -> dict[str, str]:
    """What was ticked, with the hash of the bytes that were shown: item -> ItemView.exact. Raises Misuse where nothing was."""
    if visit.shown["act"] not in ("approve", "withdraw"):
        return {}
    parts = [value.partition(" ") for value in visit.lists.get("ids", ())]
    if not parts or not all(id and exact for id, _, exact in parts):
        raise Misuse("choose at least one draft first")
    return {id: exact for id, _, exact in parts}


SAID = {
    "prepare": "prepared", "approve": "approved", "withdraw": "withdrawn", "redact": "redacted", "accept": "accepted",
    "attest": "attested", "dispute": "disputed", "recall": "recalled", "decline": "declined",
}  # fmt: skip


def ledger(visit: Visit) -> Response:
    """The balance with a peer, line by line, newest first, each line to its proof."""
    overview = visit.console.overview()
    peer = _peer(visit, overview)
    agreed = any(p.name == peer and p.agreement for p in overview.peers)
    view: LedgerView | None = visit.call("swap", "ledger", peer=peer) if peer and agreed else None
    running, rows = 0, []
    for line in sorted(view.lines if view else (), key=lambda x: x.at):
        running += (1 if line.direction == "given" else -1) if line.counts else 0
        rows.append((line, running))
    return visit.page(
        "ledger.html", overview=overview, peer=peer, peers=[p.name for p in overview.peers], view=view,
        rows=rows[::-1][:1000], total=len(rows),
    )  # fmt: skip


def _peer(visit: Visit, overview: Overview) -> str:
    names = [p.name for p in overview.peers]
    wanted = visit.query.get("peer", "")
    return wanted if wanted in names else next(iter(names), "")


PAGES = (
    Page("/swap", show, records=True),
    Page("/swap/do/{act}", act, "POST", records=True),
    Page("/swap/{id}", item, records=True),
    Page("/ledger", ledger),
)
