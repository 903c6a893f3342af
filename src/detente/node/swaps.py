"""Swaps: prepare what we would give, let people approve it, exchange it item for item; ledger, disputes, recall, consent.

Item rows follow the journal: `noted` sees every entry in the transaction that writes it. A draft (what was prepared and approved) becomes an item when its
statement is signed, and a draft again where its key never moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from detente.ceremonies import exchange
from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.exchange import (
    ExchangeKind,
    ExchangeSetup,
    Expected,
    KnownItem,
    LetterResult,
    LetterSetup,
    OurItem,
    SwapSetup,
    content_hash,
)
from detente.errors import Misuse, NotAgreed, Refused, Unavailable
from detente.journal.merkle import leaf_hash
from detente.node.agreements import Agreements
from detente.node.driver import Driver
from detente.node.holdings import Holdings, commitment_of, decode_record
from detente.node.office import Office
from detente.node.ports import CeremonyRow, FindingRow, ItemRow, Transaction
from detente.node.runs import Opening
from detente.pact.facts import PROVABLE, Ground, ItemPrepared, ItemVoid, body_of
from detente.pact.ledger import Ledger, ledger, may_release
from detente.pact.policy import Activity, OpenedValue, read_release, releasable
from detente.pact.terms import Terms
from detente.topics.topic import Record
from detente.wire.instant import rfc3339
from detente.wire.messages import ReceivedMessage

MOST = 200  # items of one swap: its offer must fit a message
DRAFT = "draft:"
LETTERS: dict[str, Activity] = {
    "recall": "recalls",
    "dispute": "disputes",
    "settle": "disputes",
    "consent": "notices",
    "notice": "notices",
}


class ItemView(msgspec.Struct, frozen=True):
    """One item as a person sees it: exactly what leaves, or what came. `content` is empty once it was erased."""

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


class SwapView(msgspec.Struct, frozen=True):
    """Where every item with a peer stands, and which offers of theirs wait for our approval."""

    peer: str
    items: list[ItemView]
    waiting: list[str]


class LineView(msgspec.Struct, frozen=True):
    """One line of the ledger, with the journal entries that prove it."""

    item: str
    finding: str
    direction: str
    status: str
    counts: bool
    receipted: bool
    at: str
    proof: list[int]


class LedgerView(msgspec.Struct, frozen=True):
    """The balance with a peer: given minus received; above zero they owe us."""

    peer: str
    given: int
    received: int
    balance: int
    limit: int
    disputes_left: int
    their_disputes_left: int
    suspended: bool
    lines: list[LineView]


class _Kept(msgspec.Struct):
    """What an item row's `statement` holds: who approved it, what its content hashes to, and which swap it belongs to."""

    approved_by: list[str] = []
    content: str = ""


class Swaps:
    """The room of exchange."""

    def __init__(self, office: Office, agreements: Agreements, holdings: Holdings) -> None:
        self._office, self._agreements, self._holdings = office, agreements, holdings
        self.driver: Driver | None = None

    # -- preparing and approving

    def prepare(self, peer: str, findings: Sequence[str] = ()) -> SwapView:
        """Drafts one release for each confirmed finding that has none, or for those named. Nothing leaves before a person approves.

        What a peer was given once is not drafted again: a record that two of theirs match is one item.
        """
        office = self._office
        with office.store.transaction() as tx:
            office.require_writable(tx)
            party = office.peer(tx, peer).party
            _, terms = self._agreements.in_force(tx, party, "swap")
            taken = {i.finding for i in tx.items.find(party=party, direction="given") if i.state != "void"}
            rows = [f for f in tx.findings.find(party=party, status="confirmed") if f.id not in taken]
            if findings:
                rows = [f for f in rows if any(f.id.startswith(name) for name in findings)]
                if len(rows) < len(findings):
                    raise Misuse(
                        "only confirmed findings without an item can be prepared; `detente findings list` shows them"
                    )
            given = {
                _kept(i).content for i in tx.items.find(party=party, direction="given") if i.state != "void"
            }
            for finding in rows:  # best first: of several findings on one record, the best gets the item
                draft = self._draft(tx, terms, finding)
                if _kept(draft).content not in given:
                    given.add(_kept(draft).content)
                    tx.items.put(draft)
            return self._status(tx, party)

    def approve(self, peer: str, by: str, items: Sequence[str] = ()) -> SwapView:
        """A person approves drafts, all or those named: from here they may be exchanged. Raises Overdrawn past the agreed imbalance."""
        office = self._office
        if not by.strip():
            raise Misuse("say who approves: --by NAME")
        with office.store.transaction() as tx:
            office.require_writable(tx)
            party = office.peer(tx, peer).party
            _, terms = self._agreements.in_force(tx, party, "swap")
            may_release(self._ledger(tx, party, terms), terms)
            drafts = tx.items.find(party=party, direction="given", state="prepared")
            if items:
                drafts = [d for d in drafts if any(d.id.startswith((name, DRAFT + name)) for name in items)]
            if not drafts:
                raise Misuse(
                    "nothing that is prepared waits for approval; `detente swap prepare` drafts releases"
                )
            for draft in drafts:
                kept = _kept(draft)
                approved = sorted({*kept.approved_by, by})
                state = "approved" if len(approved) >= terms.swap.approvals else "prepared"
                kept = msgspec.structs.replace(kept, approved_by=approved)
                tx.items.put(msgspec.structs.replace(draft, state=state, statement=msgspec.json.encode(kept)))
            return self._status(tx, party)

    def withdraw(self, peer: str, items: Sequence[str]) -> SwapView:
        """Takes back drafts that have not left."""
        with self._office.store.transaction() as tx:
            party = self._office.peer(tx, peer).party
            drafts = [
                d
                for s in ("prepared", "approved")
                for d in tx.items.find(party=party, direction="given", state=s)
            ]
            for draft in drafts:
                if any(draft.id.startswith((name, DRAFT + name)) for name in items):
                    tx.items.put(msgspec.structs.replace(draft, state="void", plaintext=b""))
            return self._status(tx, party)

    def pump(self, peer: str) -> bool:
        """Moves on what people approved: answers an offer that waits, or begins a swap. Returns whether anything was done."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            waiting = self._waiting(tx, party)
            answers = [(row, self._answer_offer(tx, row, subject)) for row, subject in waiting]
            begun = None if any(d for _, d in answers) else self._next_swap(tx, party)
        moved = False
        for row, decision in answers:
            if decision is not None:
                self._drive().decide(row.id, decision)
                moved = True
        if begun is not None:
            self._drive().begin("exchange", party, begun, begun.agreement)
            moved = True
        return moved

    def decline(self, peer: str, reason: str) -> int:
        """Declines the offers that wait; the peer is told why. Returns how many."""
        with self._office.store.snapshot() as tx:
            waiting = self._waiting(tx, self._office.peer(tx, peer).party)
        for row, _ in waiting:
            self._drive().decide(row.id, exchange.decline(reason))
        return len(waiting)

    # -- looking

    def status(self, peer: str) -> SwapView:
        """Where each item with a peer stands."""
        with self._office.store.snapshot() as tx:
            return self._status(tx, self._office.peer(tx, peer).party)

    def ledger(self, peer: str) -> LedgerView:
        """The balance with a peer, each line with its proof."""
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            terms = self._terms(tx, row.party)
            found = self._ledger(tx, row.party, terms)
        lines = [
            LineView(
                x.item, x.finding, x.direction, x.status, x.counts, x.receipted, rfc3339(x.at), list(x.proof)
            )
            for x in found.lines
        ]
        return LedgerView(
            row.name, found.given, found.received, found.balance, terms.swap.imbalance_limit, found.ours_left, found.theirs_left,
            found.suspended, lines,
        )  # fmt: skip

    # -- letters

    def accept(self, item: str) -> ItemView:
        """Accepts what was received: it cannot be disputed any more."""
        with self._office.store.transaction() as tx:
            row = self._item(tx, item, "received")
            if row.state not in ("received", "accepted"):
                raise Refused(f"this item is {row.state}; only what was received can be accepted")
            tx.items.put(msgspec.structs.replace(row, state="accepted"))
            return self._view(msgspec.structs.replace(row, state="accepted"))

    def dispute(self, item: str, ground: str, reason: str) -> ItemView:
        """Disputes what was received. Provable grounds are checked on both sides; `content` spends the agreed allowance."""
        chosen = {"already-held": "held"}.get(ground, ground)
        if chosen not in {*PROVABLE, "content"}:
            raise Misuse(f"a ground is one of {', '.join(sorted({*PROVABLE, 'content'}))}")
        with self._office.store.snapshot() as tx:
            row = self._item(tx, item, "received")
            if row.state == "accepted":
                raise Refused("this item was accepted; it cannot be disputed any more")
        return self._write(row, "dispute", text=reason, ground=chosen)

    def settle_dispute(self, item: str, counts: bool) -> ItemView:
        """Proposes what a disputed item counts for; the peer must agree."""
        with self._office.store.snapshot() as tx:
            row = self._item(tx, item, "")
        return self._write(row, "settle", counts=counts)

    def recall(self, item: str, reason: str) -> ItemView:
        """Asks the peer to erase what we gave, within the agreed time, and to attest it."""
        with self._office.store.snapshot() as tx:
            row = self._item(tx, item, "given")
        return self._write(row, "recall", text=reason)

    def attest(self, item: str, method: str = "key shredded") -> ItemView:
        """Erases a recalled item, its record too, and signs that it is erased."""
        office = self._office
        with office.store.snapshot() as tx:
            row = self._item(tx, item, "received")
            asked = self._asked(tx, row.party, "recall", row.id)
        with office.store.transaction() as tx:
            self._holdings.erase_received(tx, row.party, row.id)
            tx.items.put(msgspec.structs.replace(row, state="erased", plaintext=b""))
            tx.items.erase(row.id)
        self._drive().decide(asked.id, exchange.attest(method, office.clock.now()))
        with office.store.snapshot() as tx:
            return self._view(self._item(tx, row.id, "received"))

    def refuse_recall(self, item: str, reason: str) -> None:
        """Answers a recall with why the item is not erased."""
        with self._office.store.snapshot() as tx:
            row = self._item(tx, item, "received")
            asked = self._asked(tx, row.party, "recall", row.id)
        self._drive().decide(asked.id, exchange.refuse_recall(reason, self._office.clock.now()))

    def ask_consent(self, item: str, to: str, purpose: str) -> ItemView:
        """Asks the originator whether what it gave may go on to another peer of ours."""
        with self._office.store.snapshot() as tx:
            row = self._item(tx, item, "received")
            third = self._office.peer(tx, to).party
        return self._write(row, "consent", text=purpose, to=third)

    def answer_letter(
        self, peer: str, act: Literal["settle", "consent"], item: str, yes: bool, reason: str = ""
    ) -> None:
        """Says yes or no to a settlement or a consent that waits."""
        with self._office.store.snapshot() as tx:
            asked = self._asked(tx, self._office.peer(tx, peer).party, act, self._item(tx, item, "").id)
        self._drive().decide(asked.id, exchange.answer(act, yes, reason))

    def notify(self, peer: str, text: str) -> str:
        """Sends a notice; its receipt brings both clocks on record. Returns the ceremony id."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            agreement, terms = self._agreements.in_force(tx, party, "notices")
        letter = LetterSetup("notice", terms, text=text)
        setup = ExchangeSetup(self._office.identity().party, party, agreement, letter=letter)
        return self._drive().begin("exchange", party, setup, agreement)

    # -- the room

    def kind(self) -> Kind:
        return ExchangeKind(self._office.topics)

    def admit(self, tx: Transaction, received: ReceivedMessage) -> ExchangeSetup:
        message = received.message
        ours, theirs = self._office.identity().party, message.sender
        if message.step != "offer":
            activity = LETTERS.get(message.step, "notices")
            agreement, terms = self._agreements.in_force(tx, theirs, activity, message.agreement)
            item = str(message.body.get("item", ""))
            row = tx.items.get(item)
            known = self._known(tx, row) if row is not None and row.party == theirs else None
            left = self._ledger(tx, theirs, terms).theirs_left
            letter = LetterSetup("", terms, known, left)
            return ExchangeSetup(ours, theirs, message.agreement or agreement, letter=letter)
        agreement, terms = self._agreements.in_force(tx, theirs, "swap", message.agreement)
        if (
            any(
                c.role == "first" and self._is_swap(c)
                for c in tx.ceremonies.find(status="open", kind="exchange", party=theirs)
            )
            and ours < theirs
        ):
            raise Refused("an offer of ours is under way; it goes first")
        sid = str(message.body.get("sid", ""))
        return ExchangeSetup(ours, theirs, agreement, swap=self._swap_setup(tx, theirs, terms, sid, ()))

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """Rows follow the journal, in the same transaction."""
        item = tx.items.get(effect.subject)
        match effect.kind:
            case "item.prepared":
                self._seal_draft(tx, row, effect)
            case "item.opened" if item:
                tx.items.put(msgspec.structs.replace(item, state="opened"))
            case "item.receipt" if (
                item and item.direction == "given" and effect.body.get("receipt") == "stored"
            ):
                tx.items.put(msgspec.structs.replace(item, state="accepted"))
            case "item.void" if item and item.direction == "given":
                self._back_to_draft(tx, item)
            case "item.disputed" if item:
                tx.items.put(msgspec.structs.replace(item, state="disputed"))
            case "recall.requested" if item:
                tx.items.put(msgspec.structs.replace(item, state="recalled"))
            case "recall.attested" if item and effect.body.get("refused") == "" and item.direction == "given":
                tx.items.put(msgspec.structs.replace(item, state="erased"))

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        if isinstance(effect, Ask):
            if effect.question == "stored":
                self._store(tx, row, effect)
            return
        result = effect.result
        if (
            isinstance(result, LetterResult)
            and result.act == "consent"
            and getattr(result.answer, "yes", False)
        ):
            to = str(getattr(result.request, "to", ""))
            if result.by == "ours":  # we asked, they consented: their item may go on to that party
                kept = self._agreements.consents(tx, to) | {row.party}
                tx.settings.put(f"consents.{to}", msgspec.json.encode(sorted(kept)))
        if result is None and effect.outcome != "done":
            for item in tx.items.find(swap=row.id, direction="given", state="sent"):
                body = body_of(ItemVoid(row.id, "the swap ended before its key moved"))
                self._office.journal(tx, "item.void", item.id, row.party, body)
                self._back_to_draft(tx, item)

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        """The receipt once the commit is durable; an offer that people have approved already."""
        with self._office.store.snapshot() as tx:
            if ask.question == "stored":
                return self._receipts(tx, row, ask)
            if ask.question == "swap":
                return self._answer_offer(tx, row, dict(ask.subject))
        return None

    # -- inside: drafts and items

    def _draft(self, tx: Transaction, terms: Terms, finding: FindingRow) -> ItemRow:
        record = tx.records.get(finding.record)
        if record is None:
            raise Misuse("the finding's record was erased; nothing can be released for it")
        consented = self._agreements.consents(tx, finding.party)
        opening = msgspec.msgpack.decode(finding.opening, type=Opening)
        release = releasable(
            terms,
            terms.topic(finding.topic),
            decode_record(record),
            record.schema,
            peer=finding.party,
            consented=consented,
        )
        opened = tuple(
            OpenedValue(k, v, i, salt.hex(), path.hex()) for k, v, i, salt, path in opening.openings
        )
        release = msgspec.structs.replace(release, opening=opened)
        kept = msgspec.json.encode(_Kept([], content_hash(release)))
        return ItemRow(
            DRAFT + finding.id, "", finding.id, finding.party, "given", 0, "prepared", release.marking, kept,
            release.encode(), finding.record, self._office.clock.now(),
        )  # fmt: skip

    def _seal_draft(self, tx: Transaction, row: CeremonyRow, effect: Append) -> None:
        body = msgspec.convert(effect.body, ItemPrepared)
        draft = tx.items.get(DRAFT + body.finding)
        if draft is None or draft.state != "approved":
            raise Refused("an item that nobody approved; nothing was sent")
        tx.items.put(msgspec.structs.replace(draft, state="void", plaintext=b""))
        sealed = msgspec.structs.replace(
            draft, id=effect.subject, swap=row.id, number=body.number, state="sent"
        )
        tx.items.put(sealed)

    def _back_to_draft(self, tx: Transaction, item: ItemRow) -> None:
        tx.items.put(msgspec.structs.replace(item, state="void", plaintext=b""))
        tx.items.put(
            msgspec.structs.replace(item, id=DRAFT + item.finding, swap="", number=0, state="approved")
        )

    def _store(self, tx: Transaction, row: CeremonyRow, ask: Ask) -> None:
        """What came is kept in the transaction that journals it: the item, and its record under the originator's name."""
        for line in ask.subject["items"]:  # type: ignore[union-attr]  # the ceremony's own subject
            if line["ground"]:
                continue
            release = read_release(line["plaintext"].encode())
            kept = msgspec.json.encode(_Kept([], line["content"]))
            now = self._office.clock.now()
            tx.items.put(
                ItemRow(
                    line["item"], row.id, line["finding"], row.party, "received", line["number"], "received",
                    line["marking"], kept, line["plaintext"].encode(), "", now,
                )
            )  # fmt: skip
            finding = tx.findings.get(line["finding"])
            topic = finding.topic if finding else "people"
            record = Record(
                f"received:{line['item'][:32]}", release.schema, release.properties, release.grounds or ("received in a swap",),
                release.marking, release.grade, f"party:{row.party}",
            )  # fmt: skip
            self._holdings.keep_received(tx, topic, record)

    def _receipts(self, tx: Transaction, row: CeremonyRow, ask: Ask) -> Decision:
        size = tx.journal.size()
        lines = []
        for line in ask.subject["items"]:  # type: ignore[union-attr]
            for entry in tx.journal.find(kind="item.received", subject=line["item"], party=row.party):
                lines.append((line["item"], leaf_hash(entry.data).hex(), entry.index, size))
                break
        return exchange.stored(lines)

    # -- inside: swaps

    def _next_swap(self, tx: Transaction, party: str) -> ExchangeSetup | None:
        """A swap of approved drafts of one run, where none of ours is under way and no offer on the same findings waits."""
        drafts = tx.items.find(party=party, direction="given", state="approved")
        if not drafts:
            return None
        if any(
            c.role == "first" and self._is_swap(c)
            for c in tx.ceremonies.find(status="open", kind="exchange", party=party)
        ):
            return None
        offered = {line["finding"] for _, subject in self._waiting(tx, party) for line in subject["items"]}
        drafts = [d for d in drafts if d.finding not in offered]
        if not drafts:
            return None
        agreement, terms = self._agreements.in_force(tx, party, "swap")
        may_release(self._ledger(tx, party, terms), terms)
        sid = self._opening(tx, drafts[0].finding).sid
        chosen = [d for d in drafts if self._opening(tx, d.finding).sid == sid][:MOST]
        items = tuple(self._our_item(tx, d) for d in chosen)
        ours = self._office.identity().party
        return ExchangeSetup(ours, party, agreement, swap=self._swap_setup(tx, party, terms, sid, items))

    def _swap_setup(
        self, tx: Transaction, party: str, terms: Terms, sid: str, items: tuple[OurItem, ...]
    ) -> SwapSetup:
        found = [
            (f, opening)
            for f in tx.findings.find(party=party)
            if (opening := msgspec.msgpack.decode(f.opening, type=Opening)).sid == sid
        ]
        if not found:
            raise Refused("no finding of that run is known here")
        expected = tuple(
            Expected(f.id, o.their_values, o.capacity, tuple(map(tuple, o.agreed))) for f, o in found
        )  # type: ignore[misc]
        content = {
            direction: tuple(
                sorted(
                    {_kept(i).content for i in tx.items.find(party=party, direction=direction) if _counts(i)}
                )
            )
            for direction in ("given", "received")
        }
        lead = self._ledger(tx, party, terms).balance
        topic = found[0][0].topic
        return SwapSetup(sid, topic, terms, lead, items, expected, content["received"], content["given"])

    def _our_item(self, tx: Transaction, draft: ItemRow) -> OurItem:
        record = tx.records.get(draft.record)
        if record is None:
            raise Misuse("an approved item's record was erased; withdraw the item")
        opening = self._opening(tx, draft.finding)
        return OurItem(
            draft.finding, draft.plaintext, record.schema, draft.marking, commitment_of(record).hex(), record.entry,
            opening.our_values, opening.capacity,
        )  # fmt: skip

    def _answer_offer(self, tx: Transaction, row: CeremonyRow, subject: dict[str, object]) -> Decision | None:
        """Takes an offer on whose findings people have approved ours; None where a person must look first."""
        lines: list[dict[str, str]] = subject["items"]  # type: ignore[assignment]
        terms = self._terms(tx, row.party)
        lead = self._ledger(tx, row.party, terms).balance
        if not subject["mutual"]:
            return exchange.take((), lead)
        drafts = {d.finding: d for d in tx.items.find(party=row.party, direction="given", state="approved")}
        ours = [self._our_item(tx, drafts[line["finding"]]) for line in lines if line["finding"] in drafts]
        return exchange.take(ours, lead) if ours else None

    def _waiting(
        self, tx: Transaction, party: str
    ) -> list[tuple[CeremonyRow, dict[str, list[dict[str, str]]]]]:
        return [(row, ask["subject"]) for row, ask in self._asks(tx, party) if ask["question"] == "swap"]

    def _asks(self, tx: Transaction, party: str) -> list[tuple[CeremonyRow, dict[str, dict[str, object]]]]:
        rows = tx.ceremonies.find(status="open", kind="exchange", party=party)
        asked = ((row, msgspec.json.decode(row.summary).get("ask")) for row in rows)
        return [(row, ask) for row, ask in asked if ask is not None]

    def _asked(self, tx: Transaction, party: str, question: str, item: str) -> CeremonyRow:
        for row, ask in self._asks(tx, party):
            if ask["question"] == question and ask["subject"].get("item") == item:
                return row
        raise Misuse(f"no {question} of that item waits for an answer")

    @staticmethod
    def _is_swap(row: CeremonyRow) -> bool:
        return msgspec.msgpack.decode(row.setup, type=ExchangeSetup).swap is not None

    # -- inside: letters

    def _write(
        self,
        row: ItemRow,
        act: str,
        *,
        text: str = "",
        ground: str = "content",
        counts: bool = True,
        to: str = "",
    ) -> ItemView:
        with self._office.store.snapshot() as tx:
            agreement, terms = self._agreements.in_force(tx, row.party, LETTERS[act])
            left = self._ledger(tx, row.party, terms).ours_left
            known = self._known(tx, row)
        chosen: Ground = ground  # type: ignore[assignment]  # checked by the caller
        letter = LetterSetup(act, terms, known, left, text, chosen, counts, to)  # type: ignore[arg-type]
        setup = ExchangeSetup(self._office.identity().party, row.party, agreement, letter=letter)
        self._drive().begin("exchange", row.party, setup, agreement)
        with self._office.store.snapshot() as tx:
            return self._view(self._item(tx, row.id, ""))

    def _known(self, tx: Transaction, row: ItemRow) -> KnownItem:
        finding = tx.findings.get(row.finding)
        direction: Literal["given", "received"] = row.direction
        moved = next(
            (x.at for x in self._ledger(tx, row.party, self._terms(tx, row.party)).lines if x.item == row.id),
            row.at,
        )
        return KnownItem(
            row.id, direction, moved, finding.topic if finding else "people", row.marking, row.plaintext,
            row.state == "disputed", row.state in ("recalled", "erased"),
        )  # fmt: skip

    # -- inside: what is shared

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver

    def _terms(self, tx: Transaction, party: str) -> Terms:
        terms = self._agreements.standing(tx, party).terms
        if terms is None:
            raise NotAgreed("there is no agreement with this peer that both signed")
        return terms

    def _ledger(self, tx: Transaction, party: str, terms: Terms) -> Ledger:
        return ledger(self._agreements.facts(tx, party), terms, self._office.clock.now())

    def _opening(self, tx: Transaction, finding: str) -> Opening:
        row = tx.findings.get(finding)
        if row is None:
            raise Misuse(f"no finding {finding[:12]}")
        return msgspec.msgpack.decode(row.opening, type=Opening)

    def _item(self, tx: Transaction, item: str, direction: str) -> ItemRow:
        row = tx.items.get(item)
        near = [row] if row else [i for i in tx.items.find() if len(item) >= 6 and i.id.startswith(item)]
        near = [i for i in near if not direction or i.direction == direction]
        if len(near) != 1:
            raise Misuse(f"no single item {item}; `detente swap status` lists them")
        return near[0]

    def _status(self, tx: Transaction, party: str) -> SwapView:
        peer = tx.peers.get(party)
        rows = [i for i in tx.items.find(party=party) if i.state != "void"]
        waiting = [str(subject["swap"]) for _, subject in self._waiting(tx, party)]
        return SwapView(peer.name if peer else party, [self._view(row) for row in rows], waiting)

    def _view(self, row: ItemRow) -> ItemView:
        release = read_release(row.plaintext) if row.plaintext else None
        content = {k: list(v) for k, v in release.properties.items()} if release else {}
        return ItemView(
            row.id, row.finding, row.direction, row.state, row.marking, release.schema if release else "", content,
            list(release.grounds) if release else [], _kept(row).approved_by, rfc3339(row.at),
        )  # fmt: skip


def _kept(row: ItemRow) -> _Kept:
    return msgspec.json.decode(row.statement, type=_Kept) if row.statement else _Kept()


def _counts(row: ItemRow) -> bool:
    """Whether its key moved: only then can the same be given a second time."""
    return row.state not in ("void", "prepared", "approved", "sent") and bool(_kept(row).content)


__all__ = ["ItemView", "LedgerView", "LineView", "SwapView", "Swaps"]
