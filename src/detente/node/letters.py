"""Letters about items: accept, dispute, settle, recall and erase, ask for consent, give notice."""

from __future__ import annotations

from typing import Literal

import msgspec

from detente import kernel
from detente.ceremonies import exchange
from detente.ceremonies.ceremony import Finish
from detente.ceremonies.exchange import ExchangeSetup, LetterResult, LetterSetup
from detente.ceremonies.held import HeldProof
from detente.ceremonies.run import Head
from detente.errors import Misuse, Refused, Unavailable
from detente.node.agreements import Agreements
from detente.node.driver import Driver
from detente.node.holdings import Holdings, batches, commitment_of, decode_record, handling_of, received_id
from detente.node.items import ItemBook, ItemView, LetterAsked
from detente.node.office import Office
from detente.node.ports import CeremonyRow, ItemRow, Transaction
from detente.pact.facts import PROVABLE, Ground
from detente.pact.notices import is_safety
from detente.pact.policy import Activity, read_release
from detente.wire.instant import Instant
from detente.wire.messages import ReceivedMessage

Act = Literal["recall", "dispute", "settle", "consent", "notice"]
GROUNDS: dict[str, Ground] = {
    "already-held": "held",
    "content": "content",
    **{ground: ground for ground in PROVABLE},
}
ACTIVITY: dict[str, Activity] = {
    "recall": "recalls",
    "dispute": "disputes",
    "settle": "disputes",
    "consent": "notices",
    "notice": "notices",
}


class LetterView(msgspec.Struct, frozen=True):
    """A letter of the peer's that waits for our answer: a recall, a settlement, or a consent that it asks for."""

    peer: str
    act: str
    item: str
    says: dict[str, object]


class Letters:
    """One request and one answer about an item; notices. Swaps is their room: both are exchanges."""

    def __init__(self, office: Office, agreements: Agreements, holdings: Holdings, book: ItemBook) -> None:
        self._office, self._agreements, self._holdings, self._book = office, agreements, holdings, book
        self.driver: Driver | None = None

    def accept(self, item: str) -> ItemView:
        """Accepts what was received: it cannot be disputed any more."""
        with self._office.store.transaction() as tx:
            row = self._book.item(tx, item, "received")
            if row.state not in ("received", "accepted"):
                raise Refused(f"this item is {row.state}; only what was received can be accepted")
            tx.items.put(msgspec.structs.replace(row, state="accepted"))
            return self._book.view(msgspec.structs.replace(row, state="accepted"))

    def dispute(self, item: str, ground: str, reason: str) -> ItemView:
        """Disputes what was received. Provable grounds are checked on both sides; `content` spends the agreed allowance."""
        chosen = GROUNDS.get(ground)
        if chosen is None:
            raise Misuse(f"a ground is one of {', '.join(sorted(GROUNDS))}")
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "received")
            if row.state == "accepted":
                raise Refused("this item was accepted; it cannot be disputed any more")
            held = self._held(tx, row) if chosen == "held" else None
        return self._write(row, "dispute", text=reason, ground=chosen, held=held)

    def settle_dispute(self, item: str, counts: bool) -> ItemView:
        """Proposes what a disputed item counts for; the peer must agree."""
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "")
        return self._write(row, "settle", counts=counts)

    def recall(self, item: str, reason: str) -> ItemView:
        """Asks the peer to erase what we gave, within the agreed time, and to attest it."""
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "given")
        return self._write(row, "recall", text=reason)

    def attest(self, item: str, method: str = "key shredded") -> ItemView:
        """Erases a recalled item, its record too, and signs that it is erased."""
        office = self._office
        with office.store.snapshot() as tx:
            row = self._book.item(tx, item, "received")
            asked = self._asked(tx, row.party, "recall", row.id)
        with office.store.transaction() as tx:
            self._holdings.erase_received(tx, row.party, row.id)
            tx.items.put(msgspec.structs.replace(row, state="erased", plaintext=b""))
            tx.items.erase(row.id)
        self._drive().decide(asked.id, exchange.attest(method, office.clock.now()))
        with office.store.snapshot() as tx:
            return self._book.view(self._book.item(tx, row.id, "received"))

    def refuse_recall(self, item: str, reason: str) -> ItemView:
        """Answers a recall with why the item is not erased."""
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "received")
            asked = self._asked(tx, row.party, "recall", row.id)
        self._drive().decide(asked.id, exchange.refuse_recall(reason, self._office.clock.now()))
        return self._book.view(row)

    def ask_consent(self, item: str, to: str, purpose: str) -> ItemView:
        """Asks the originator whether what it gave may go on to another peer of ours."""
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "received")
            third = self._office.peer(tx, to).party
        return self._write(row, "consent", text=purpose, to=third)

    def answer_letter(
        self, peer: str, act: Literal["settle", "consent"], item: str, yes: bool, reason: str = ""
    ) -> ItemView:
        """Says yes or no to a settlement or a consent that waits."""
        with self._office.store.snapshot() as tx:
            row = self._book.item(tx, item, "")
            asked = self._asked(tx, self._office.peer(tx, peer).party, act, row.id)
        self._drive().decide(asked.id, exchange.answer(act, yes, reason))
        with self._office.store.snapshot() as tx:
            return self._book.view(self._book.item(tx, row.id, ""))

    def notify(self, peer: str, text: str, activity: Literal["notices", "safety"] = "notices") -> str:
        """Sends a notice; its receipt brings both clocks on record. Returns the ceremony id."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            agreement, terms = self._agreements.in_force(tx, party, activity)
        letter = LetterSetup("notice", terms, text=text)
        setup = ExchangeSetup(self._office.identity().party, party, agreement, letter=letter)
        return self._drive().begin("exchange", party, setup, agreement)

    def waiting(self, peer: str = "") -> list[LetterView]:
        """The letters that wait for a person's answer here."""
        with self._office.store.snapshot() as tx:
            rows = [self._office.peer(tx, peer)] if peer else tx.peers.all()
            return [
                LetterView(row.name, act, str(said.get("item", "")), said)
                for row in rows
                for act in ("recall", "settle", "consent")
                for _, subject in self._book.asks(tx, row.party, act)
                for said in [msgspec.json.decode(subject, type=dict[str, object])]
            ]

    # -- what the room of exchange asks

    def admit(self, tx: Transaction, received: ReceivedMessage) -> ExchangeSetup:
        """The setup with which a letter of theirs is met."""
        message = received.message
        theirs = message.sender
        activity = ACTIVITY.get(message.step, "notices")
        if message.step == "notice" and is_safety(message.body.get("text")):
            activity = "safety"
        agreement, terms = self._agreements.in_force(tx, theirs, activity, message.agreement)
        row = tx.items.get(str(message.body.get("item", "")))
        known = self._book.known(tx, row) if row is not None and row.party == theirs else None
        left = self._book.ledger(tx, theirs, terms).theirs_left
        heads = self._heads_before(tx, theirs, known.at) if known is not None else ()
        letter = LetterSetup("", terms, known, left, heads=heads)
        return ExchangeSetup(
            self._office.identity().party, theirs, message.agreement or agreement, letter=letter
        )

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish) -> None:
        """A consent that we asked for and got: their item may go on to that party."""
        result = effect.result
        if not isinstance(result, LetterResult) or result.act != "consent" or result.by != "ours":
            return
        if getattr(result.answer, "yes", False):
            to = str(getattr(result.request, "to", ""))
            self._agreements.consent(tx, to, received_id(result.item))

    # -- inside

    def _write(
        self,
        row: ItemRow,
        act: Act,
        *,
        text: str = "",
        ground: Ground = "content",
        counts: bool = True,
        to: str = "",
        held: HeldProof | None = None,
    ) -> ItemView:
        with self._office.store.snapshot() as tx:
            agreement, terms = self._agreements.in_force(tx, row.party, ACTIVITY[act])
            left = self._book.ledger(tx, row.party, terms).ours_left
            known = self._book.known(tx, row)
        letter = LetterSetup(act, terms, known, left, text, ground, counts, to, held)
        setup = ExchangeSetup(self._office.identity().party, row.party, agreement, letter=letter)
        self._drive().begin("exchange", row.party, setup, agreement)
        with self._office.store.snapshot() as tx:
            return self._book.view(self._book.item(tx, row.id, ""))

    def _held(self, tx: Transaction, item: ItemRow) -> HeldProof:
        """Opens our record of the item's finding, under the first head with it that the giver cosigned."""
        finding = tx.findings.get(item.finding)
        record = tx.records.get(finding.record) if finding is not None else None
        if record is None or not item.plaintext:
            raise Refused("the record or the item is not here any more; dispute the content instead")
        release, ours = read_release(item.plaintext), decode_record(record).properties
        lacking = sorted(
            name for name, values in release.properties.items() if not set(values) <= set(ours.get(name, ()))
        )
        if lacking:
            raise Refused(f"your record does not hold all of it: {', '.join(lacking)} brought something new")
        cosigned, moved = tx.checkpoints.all(self._office.identity().party), self._book.known(tx, item).at
        sizes = [
            r.size for r in cosigned if r.cosigner == item.party and r.size > record.entry and r.at < moved
        ]
        if not sizes:
            raise Refused(
                "the giver had cosigned no head of yours with that record before; dispute the content instead"
            )
        size = min(sizes)
        ((_, batch),) = batches(tx, [record.entry], size)
        places = [batch.commitments[i : i + 32] for i in range(0, len(batch.commitments), 32)]
        place = places.index(commitment_of(record))
        path = kernel.merkle_path(kernel.merkle_levels(batch.commitments), len(places), place)
        return HeldProof(
            handling_of(record), record.body, record.salt, place, len(places), path, batch.entry, record.entry, size, batch.path
        )  # fmt: skip

    def _heads_before(self, tx: Transaction, party: str, moved: Instant) -> tuple[Head, ...]:
        ours = self._office.identity().party
        rows = tx.checkpoints.all(party)
        return tuple(Head(r.size, r.root.hex()) for r in rows if r.cosigner == ours and r.at < moved)

    def _asked(self, tx: Transaction, party: str, question: str, item: str) -> CeremonyRow:
        for row, subject in self._book.asks(tx, party, question):
            if msgspec.json.decode(subject, type=LetterAsked).item == item:
                return row
        raise Misuse(f"no {question} of that item waits for an answer")

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver
