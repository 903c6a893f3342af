"""The page that the console opens with: what waits, and how each peer stands."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response

from detente.node.overview import Overview
from detente.web.chart import balance
from detente.web.visit import Page, Visit

# what waits -> where it is dealt with, and the use case that one must be allowed to see it at all
PLACES = {
    "findings": ("/findings?status=open&peer=", ("findings", "list")),
    "prepare": ("/swap?peer=", ("swap", "status")),
    "approve": ("/swap?peer=", ("swap", "status")),
    "received": ("/swap?peer=", ("swap", "status")),
    "offer": ("/swap?peer=", ("swap", "status")),
    "recall": ("/swap?peer=", ("swap", "status")),
    "settle": ("/swap?peer=", ("swap", "status")),
    "consent": ("/swap?peer=", ("swap", "status")),
    "document": ("/documents?peer=", ("joint", "show")),
    "request": ("/requests?peer=", ("requests", "list")),
    "answer": ("/requests?peer=", ("requests", "list")),
    "transfer": ("/requests?peer=", ("requests", "list")),
    "sign": ("/agreements?peer=", ("agreement", "show")),
}


@dataclass(frozen=True, slots=True)
class Todo:
    """One line of what waits."""

    kind: str
    peer: str
    count: int
    path: str


def show(visit: Visit) -> Response:
    """What waits for this person, and every peer."""
    overview: Overview = visit.call("node", "overview")
    charts = {
        p.party: balance(p.moves, p.limit, visit.speaks.text("Balance over time")) for p in overview.peers
    }
    return visit.page("home.html", overview=overview, todo=todo(visit, overview), charts=charts)


def todo(visit: Visit, overview: Overview) -> list[Todo]:
    """What waits, as far as this person may deal with it or see it; one line for each kind and peer."""
    sums: dict[tuple[str, str], int] = {}
    for waiting in overview.waiting:
        place = PLACES.get(waiting.kind)
        if place is not None and visit.may(*place[1]):
            key = (waiting.kind, waiting.peer)
            sums[key] = sums.get(key, 0) + waiting.count
    order = list(PLACES)
    found = [Todo(kind, peer, n, PLACES[kind][0] + quote(peer)) for (kind, peer), n in sums.items()]
    return sorted(found, key=lambda line: (order.index(line.kind), line.peer))


PAGES = (Page("/", show),)
