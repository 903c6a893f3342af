"""Items as the node holds them: rows that follow the journal, and how people see them."""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from detente.ceremonies.exchange import KnownItem
from detente.errors import Misuse, NotAgreed
from detente.node.agreements import Agreements
from detente.node.office import Office
from detente.node.ports import CeremonyRow, ItemRow, Transaction
from detente.node.runs import Opening
from detente.pact.ledger import Ledger, ledger
from detente.pact.policy import read_release
from detente.pact.terms import Terms
from detente.wire.instant import rfc3339

DRAFT = "draft:"


class AttachmentView(msgspec.Struct, frozen=True):
    """A report text that goes along, or came along. `mark` stands for its original: the same report has the same mark with one party."""

    title: str
    mark: str
    text: str


class ItemView(msgspec.Struct, frozen=True):
    """One item as a person sees it: exactly what leaves, or what came. `content` is empty once it was erased; `exact` is the SHA-256 of
    the bytes, by which a person approves what was shown and nothing that came in its place."""

    id: str
    finding: str
    direction: str
    state: str
    marking: str
    schema: str
    content: dict[str, list[str]]
    grounds: list[str]
    approved_by: list[str]
    at: str
    attachments: list[AttachmentView] = []
    exact: str = ""


class Kept(msgspec.Struct):
    """What an item row's `statement` holds: who approved it, what its content hashes to, and how often it was offered in vain."""

    approved_by: list[str] = []
    content: str = ""
    tries: int = 0


class OfferLine(msgspec.Struct, frozen=True):
    """One item of an offer that waits, as the ceremony asks about it."""

    item: str
    finding: str
    schema: str
    marking: str


class OfferAsked(msgspec.Struct, frozen=True):
    """The subject of the question "swap"."""

    swap: str
    sid: str
    mutual: bool
    items: list[OfferLine]


class StoreLine(msgspec.Struct, frozen=True):
    """One item to be stored. `ground` other than "" says why it is disputed: nothing of it is kept."""

    item: str
    finding: str
    number: int
    marking: str
    schema: str
    content: str
    ground: str
    plaintext: str


class StoreAsked(msgspec.Struct, frozen=True):
    """The subject of the question "stored"."""

    items: list[StoreLine]


class LetterAsked(msgspec.Struct, frozen=True):
    """The subject of a question that a letter asks."""

    item: str = ""


class Place(msgspec.Struct, frozen=True):
    """In whose place an item stands that answers a request and no finding (spec/requests, clause 5)."""

    request: str
    topic: str


class _Question(msgspec.Struct, frozen=True):
    question: str
    subject: msgspec.Raw


class _Summary(msgspec.Struct, frozen=True):
    ask: _Question | None = None


class ItemBook:
    """Finds items, says what they are worth, shows them."""

    def __init__(self, office: Office, agreements: Agreements) -> None:
        self._office, self._agreements = office, agreements

    def terms(self, tx: Transaction, party: str) -> Terms:
        """The terms that both signed last. NotAgreed where there are none."""
        terms = self._agreements.standing(tx, party).terms
        if terms is None:
            raise NotAgreed("there is no agreement with this peer that both signed")
        return terms

    def ledger(self, tx: Transaction, party: str, terms: Terms) -> Ledger:
        """The ledger with a peer now."""
        facts, now = self._agreements.facts(tx, party), self._office.clock.now()
        return ledger(facts, terms, now, terms_of=lambda version: self._agreements.terms_of(tx, version))

    def opening(self, tx: Transaction, finding: str) -> Opening:
        """What opens the values of a finding."""
        row = tx.findings.get(finding)
        if row is not None:
            return msgspec.msgpack.decode(row.opening, type=Opening)
        place = self.place(tx, finding)
        if place is None:
            raise Misuse(f"no finding {finding[:12]}")
        return Opening(place.request, b"", b"", [], 1, b"", {}, [], [])  # no run: nothing to open against

    def place(self, tx: Transaction, finding: str) -> Place | None:
        """The request that an item in this place answers; None where it stands for a finding."""
        kept = tx.settings.get(f"slot.{finding}")
        return msgspec.json.decode(kept, type=Place) if kept else None

    def keep_place(self, tx: Transaction, finding: str, place: Place) -> None:
        """Notes which request an item answers."""
        tx.settings.put(f"slot.{finding}", msgspec.json.encode(place))

    def topic_of(self, tx: Transaction, finding: str) -> str:
        """The topic of a finding, or of the request in whose place an item stands."""
        row = tx.findings.get(finding)
        place = None if row else self.place(tx, finding)
        return row.topic if row else place.topic if place else "people"

    def item(self, tx: Transaction, item: str, direction: str = "") -> ItemRow:
        """One item by its id or the beginning of it. Misuse where there is none or more than one."""
        row = tx.items.get(item)
        near = [row] if row else [i for i in tx.items.find() if len(item) >= 6 and i.id.startswith(item)]
        near = [i for i in near if not direction or i.direction == direction]
        if len(near) != 1:
            raise Misuse(f"no single item {item}; `detente swap status` lists them")
        return near[0]

    def known(self, tx: Transaction, row: ItemRow) -> KnownItem:
        """The item as a letter about it needs it."""
        direction: Literal["given", "received"] = row.direction
        lines = self.ledger(tx, row.party, self.terms(tx, row.party)).lines
        moved = next((x.at for x in lines if x.item == row.id), row.at)
        return KnownItem(
            row.id, direction, moved, self.topic_of(tx, row.finding), row.marking, row.plaintext,
            row.state == "disputed", row.state in ("recalled", "erased"),
        )  # fmt: skip

    def asks(self, tx: Transaction, party: str, question: str) -> list[tuple[CeremonyRow, bytes]]:
        """The open exchanges with a peer that ask this of a person, and the subject (JSON) of each question."""
        rows = tx.ceremonies.find(status="open", kind="exchange", party=party)
        asked = ((row, msgspec.json.decode(row.summary, type=_Summary).ask) for row in rows)
        return [
            (row, bytes(ask.subject)) for row, ask in asked if ask is not None and ask.question == question
        ]

    def view(self, row: ItemRow) -> ItemView:
        """The item as a person sees it."""
        release = read_release(row.plaintext) if row.plaintext else None
        content = {k: list(v) for k, v in release.properties.items()} if release else {}
        return ItemView(
            row.id, row.finding, row.direction, row.state, row.marking, release.schema if release else "", content,
            list(release.grounds) if release else [], kept(row).approved_by, rfc3339(row.at),
            [AttachmentView(each.title, each.sha256, each.text) for each in release.attachments] if release else [],
            sha256(row.plaintext).hexdigest() if row.plaintext else "",
        )  # fmt: skip


def kept(row: ItemRow) -> Kept:
    """Who approved an item, and what its content hashes to."""
    return msgspec.json.decode(row.statement, type=Kept) if row.statement else Kept()


def moved(row: ItemRow) -> bool:
    """Whether its key moved: only then can the same be given a second time."""
    return row.state not in ("void", "prepared", "approved", "sent") and bool(kept(row).content)
