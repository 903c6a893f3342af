"""Requests as the node holds them: their wording, what was promised and not yet told, and how people see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from detente.ceremonies.exchange import ExchangeSetup
from detente.errors import Misuse, Unavailable
from detente.node.agreements import Agreements
from detente.node.items import ItemBook
from detente.node.office import Office
from detente.node.ports import CeremonyRow, Transaction
from detente.pact.facts import Told
from detente.pact.requests import UNNAMED, Standing, Wording, read_wording, requests
from detente.wire.instant import rfc3339


class TransferView(msgspec.Struct, frozen=True):
    """Whether a request may go, or went, to a third party."""

    to: str
    named: bool
    consented: bool


class RequestView(msgspec.Struct, frozen=True):
    """A request as a person sees it. `by` is ours or theirs; `state` also "sent" (not yet noted) or "refused"; `waiting` says what a person must do."""

    id: str
    peer: str
    by: str
    state: str
    topic: str
    template: str
    schema: str
    about: dict[str, list[str]]
    question: str
    purpose: str
    offer: str
    marking: str
    asked: str
    until: str
    late: bool
    most: int
    returns: int
    via: str
    reason: str
    items: list[str]
    useful: bool | None
    transfers: list[TransferView]
    waiting: list[str]


class Closing(msgspec.Struct, frozen=True):
    """What a person said when the records were approved, told once they have moved."""

    answer: Told
    reason: str


class TransferAsked(msgspec.Struct, frozen=True):
    """The subject of the question "transfer"."""

    request: str
    to: str
    named: bool
    purpose: str


class RequestBook:
    """Finds requests, keeps what they say, shows them. What became of one is the journal's (pact/requests)."""

    def __init__(self, office: Office, agreements: Agreements, items: ItemBook) -> None:
        self._office, self._agreements, self._items = office, agreements, items

    # -- finding

    def standings(self, tx: Transaction, party: str) -> dict[str, Standing]:
        """Every request with a peer that is in the journal."""
        return requests(self._agreements.facts(tx, party))

    def standing(self, tx: Transaction, party: str, request: str) -> Standing:
        """One of them. Unavailable where it is not in the journal yet."""
        known = self.standings(tx, party).get(request)
        if known is None:
            raise Unavailable("the peer has not confirmed this request yet")
        return known

    def wording(self, tx: Transaction, party: str, request: str) -> Wording | None:
        kept = tx.settings.get(wording_name(party, request))
        return read_wording(kept) if kept else None

    @staticmethod
    def origin(tx: Transaction, party: str, request: str) -> tuple[str, str] | None:
        """The peer and the request from which a request of ours was passed on."""
        kept = tx.settings.get(f"passed.{party}.{request}")
        if not kept:
            return None
        origin, _, ident = kept.decode().partition(".")
        return origin, ident

    def unheard(self, tx: Transaction, party: str) -> dict[str, str]:
        """Requests of ours that are not in the journal: why they were refused, "" while they wait."""
        kept = tx.settings.get(f"requests.unheard.{party}")
        return msgspec.json.decode(kept, type=dict[str, str]) if kept else {}

    def heard(self, tx: Transaction, party: str, request: str, why: str | None) -> None:
        """Notes how a request of ours stands with the peer: None once it is in the journal, or was never sent."""
        known = self.unheard(tx, party)
        known.pop(request, None)
        if why is not None:
            known[request] = why
        tx.settings.put(f"requests.unheard.{party}", msgspec.json.encode(known))

    def closings(self, tx: Transaction, party: str) -> dict[str, Closing]:
        kept = tx.settings.get(f"requests.closing.{party}")
        return msgspec.json.decode(kept, type=dict[str, Closing]) if kept else {}

    @staticmethod
    def keep_closings(tx: Transaction, party: str, due: Mapping[str, Closing]) -> None:
        tx.settings.put(f"requests.closing.{party}", msgspec.json.encode(due))

    def transfers_asked(self, tx: Transaction, party: str) -> list[tuple[CeremonyRow, TransferAsked]]:
        found = self._items.asks(tx, party, "transfer")
        return [(row, msgspec.json.decode(subject, type=TransferAsked)) for row, subject in found]

    def out(self, tx: Transaction, party: str, request: str) -> Iterator[TransferAsked]:
        """The transfers that we asked for and that are not answered."""
        for row in tx.ceremonies.find(status="open", kind="exchange", party=party):
            setup = msgspec.msgpack.decode(row.setup, type=ExchangeSetup) if row.role == "first" else None
            inquiry = setup.inquiry if setup else None
            if inquiry and inquiry.act == "transfer" and inquiry.known and inquiry.known.id == request:
                yield TransferAsked(request, inquiry.to, inquiry.named, inquiry.text)

    # -- views

    def view(self, tx: Transaction, request: str) -> tuple[str, RequestView]:
        """One request by its id or the beginning of it, and with whom it is."""
        found = [
            (row.party, view)
            for row in tx.peers.all()
            for view in self.views(tx, row.party)
            if view.id == request or (len(request) >= 6 and view.id.startswith(request))
        ]
        if len(found) != 1:
            raise Misuse(f"no single request {request}; `detente requests list` shows them")
        return found[0]

    def views(self, tx: Transaction, party: str) -> Iterator[RequestView]:
        known = self.standings(tx, party)
        for standing in known.values():
            yield self._view(tx, party, standing, standing.state, standing.reason)
        for ident, why in self.unheard(tx, party).items():
            if ident not in known:
                wording = self.wording(tx, party, ident)
                sent = Standing(ident, "ours", "", "", 0, 0, 0, 0, "", -1)
                view = self._view(tx, party, sent, "refused" if why else "sent", why)
                if wording is not None:
                    yield view

    def _view(self, tx: Transaction, party: str, known: Standing, state: str, reason: str) -> RequestView:
        names = {peer.party: peer.name for peer in tx.peers.all()}
        said = self.wording(tx, party, known.id)
        transfers = [TransferView(names.get(to, to), named, yes) for to, named, yes in known.transfers]
        via = (
            ""
            if known.via == ""
            else names.get(known.via, known.via if known.via != UNNAMED else "not named")
        )
        return RequestView(
            known.id, names.get(party, party), known.by, state, known.topic,
            said.template if said else "", said.schema if said else "",
            {name: list(values) for name, values in said.properties.items()} if said else {},
            said.question if said else "", said.purpose if said else "", said.offer if said else "",
            known.marking, rfc3339(known.asked) if known.asked else "", rfc3339(known.until) if known.until else "",
            known.index >= 0 and known.late(self._office.clock.now()), known.most, known.returns, via, reason,
            list(known.items), known.useful, transfers, list(self._to_do(tx, party, known, names)),
        )  # fmt: skip

    def _to_do(self, tx: Transaction, party: str, known: Standing, names: Mapping[str, str]) -> Iterator[str]:
        """What waits for a person, in sentences."""
        short = known.id[:12]
        if known.by == "theirs" and known.state in ("open", "accepted"):
            yield f"answer it: `detente requests answer {short} --record ID`, `nothing`, or `decline`"
        if self.closings(tx, party).get(known.id) is not None:
            yield "the records that answer it have not all moved yet"
        for _, asked in self.transfers_asked(tx, party):
            if asked.request == known.id:
                who = names.get(asked.to, asked.to)
                how = "naming you" if asked.named else "without naming you"
                yield f"may it go to {who}, {how}, because: {asked.purpose}? `detente requests consent {short} --yes`"


def wording_name(party: str, request: str) -> str:
    """The setting under which a request's wording is kept until its time is over."""
    return f"request.{party}.{request}"


__all__ = ["Closing", "RequestBook", "RequestView", "TransferAsked", "TransferView", "wording_name"]
