"""The journal: heads and cosignatures, search, verification in the page, and the evidence bundle."""

from __future__ import annotations

import json

from starlette.responses import Response

from detente.api.failure import failure
from detente.errors import DetenteError
from detente.journal.entries import KINDS
from detente.web.visit import Page, Visit

LIMITS = (50, 200, 1000)


def show(visit: Visit) -> Response:
    """Heads, and the newest entries that fit."""
    query = visit.query
    raw = query.get("limit", "50")
    limit = int(raw) if raw.isdecimal() and int(raw[:6]) in LIMITS else LIMITS[0]
    kind = query.get("kind", "") if query.get("kind") in KINDS else ""
    subject, peer = query.get("subject", "").strip()[:256], query.get("peer", "")
    peers = [p.name for p in visit.call("peers", "list")]
    peer = peer if peer in peers else ""
    entries = visit.call("journal", "show", kind=kind, subject=subject, peer=peer, limit=limit)
    verified, problem = None, None
    if query.get("verify"):
        try:
            verified = visit.call("journal", "verify")
        except DetenteError as error:
            problem = failure(error)
    shown = [(e, json.dumps(e.body, ensure_ascii=False)) for e in reversed(entries)]
    return visit.page(
        "journal.html", heads=visit.call("journal", "heads"), entries=shown, kinds=sorted(KINDS), limits=LIMITS,
        kind=kind, subject=subject, peer=peer, peers=peers, limit=limit, verified=verified, problem=problem,
    )  # fmt: skip


def export(visit: Visit) -> Response:
    """The evidence bundle of a relation, as a file for `detente-verify`."""
    peer = visit.query.get("peer", "")
    data = visit.call("journal", "export", peer=peer).value
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in peer)[:40]
    headers = {"content-disposition": f'attachment; filename="detente-{name}.jsonl"'}
    return Response(data, headers=headers, media_type="application/jsonl")


PAGES = (
    Page("/journal", show),
    Page("/journal/export", export),
)
