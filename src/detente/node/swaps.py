"""Swaps: prepare what we would give, let people approve it, exchange it item for item; the ledger.

Item rows follow the journal: `noted` sees every entry in the transaction that writes it. A draft (what was prepared and approved) becomes an item when its
statement is signed, and a draft again where its key never moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

import msgspec

from detente.ceremonies import exchange
from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.exchange import (
    ExchangeKind,
    ExchangeSetup,
    Expected,
    OurItem,
    SwapSetup,
    content_hash,
)
from detente.ceremonies.items import Opens, opening_fails
from detente.errors import Misuse, Refused, Unavailable
from detente.journal.merkle import leaf_hash
from detente.node.agreements import Agreements
from detente.node.driver import Driver
from detente.node.enclosures import enclosed
from detente.node.holdings import Holdings, commitment_of, decode_record, received_id
from detente.node.items import (
    DRAFT,
    ItemBook,
    ItemView,
    Kept,
    OfferAsked,
    Place,
    StoreAsked,
    StoreLine,
    kept,
    moved,
)
from detente.node.letters import Letters
from detente.node.office import Office
from detente.node.ports import CeremonyRow, FindingRow, ItemRow, Transaction
from detente.node.requests import STEPS as INQUIRIES
from detente.node.requests import Requests
from detente.node.runs import Opening
from detente.pact.facts import ItemPrepared, ItemVoid, body_of, read_fact
from detente.pact.ledger import may_release
from detente.pact.policy import OpenedValue, Release, read_release, releasable
from detente.pact.terms import DAY_MS, Terms
from detente.topics.topic import Record
from detente.wire.instant import rfc3339
from detente.wire.messages import ReceivedMessage

TRIES = 5  # offers of an item that may end without its key having moved before a person must approve it again
LEAST_NAME = 6  # digits by which an item may be named
MOST = 200  # items of one swap: its offer must fit a message


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


class Swaps:
    """The room of exchange."""

    def __init__(
        self,
        office: Office,
        agreements: Agreements,
        holdings: Holdings,
        book: ItemBook,
        letters: Letters,
        requests: Requests,
    ) -> None:
        self._office, self._agreements, self._holdings = office, agreements, holdings
        self._book, self._letters, self._requests = book, letters, requests
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
                kept(i).content for i in tx.items.find(party=party, direction="given") if i.state != "void"
            }
            for finding in rows:  # best first: of several findings on one record, the best gets the item
                draft = self._draft(tx, terms, finding)
                if kept(draft).content not in given:
                    given.add(kept(draft).content)
                    tx.items.put(draft)
            return self._status(tx, party)

    def redact(self, item: str, leave_out: Sequence[str]) -> ItemView:
        """Leaves fields out of a draft (names of properties, or "grounds"); it must be approved anew. Raises Refused where
        what is left would contradict what the match found: the peer could prove that and dispute the item."""
        with self._office.store.transaction() as tx:
            draft = self._book.item(tx, item, "given")
            if draft.state not in ("prepared", "approved"):
                raise Refused(f"this item is {draft.state}: only a draft can be redacted")
            release = read_release(draft.plaintext)
            unknown = sorted(set(leave_out) - set(release.properties) - {"grounds"})
            if unknown:
                raise Misuse(f"the draft has no field {unknown[0]}")
            left = {name: texts for name, texts in release.properties.items() if name not in leave_out}
            grounds = () if "grounds" in leave_out else release.grounds
            release = msgspec.structs.replace(release, properties=left, grounds=grounds)
            self._require_opening(tx, draft, release)
            known = msgspec.json.encode(Kept([], content_hash(release)))
            draft = msgspec.structs.replace(
                draft, state="prepared", plaintext=release.encode(), statement=known
            )
            tx.items.put(draft)
            return self._book.view(draft)

    def _require_opening(self, tx: Transaction, draft: ItemRow, release: Release) -> None:
        finding = tx.findings.get(draft.finding)
        opening = self._book.opening(tx, draft.finding)
        agreed = tuple((kind, value) for kind, value in opening.agreed)
        topic = self._office.topics.get(finding.topic) if finding else None
        if opening_fails(release, Opens(opening.our_values, opening.capacity, agreed), topic):
            raise Refused(
                "the match rests on what this leaves out, and the peer could prove that the item is not of the record that was matched: "
                "leave out other fields, or withdraw the item"
            )

    def approve(
        self, peer: str, by: str, items: Sequence[str] = (), exactly: Mapping[str, str] = MappingProxyType({})
    ) -> SwapView:
        """A person approves drafts, all or those named: from here they may be exchanged. Raises Overdrawn past the agreed imbalance, and
        Refused where a draft is no longer what `exactly` says of it (item -> ItemView.exact): a draft withdrawn and made anew has its old id."""
        office = self._office
        if not by.strip():
            raise Misuse("say who approves: --by NAME")
        with office.store.transaction() as tx:
            office.require_writable(tx)
            party = office.peer(tx, peer).party
            _, terms = self._agreements.in_force(tx, party, "swap")
            may_release(self._book.ledger(tx, party, terms), terms)
            drafts = tx.items.find(party=party, direction="given", state="prepared")
            if items:
                drafts = _named(drafts, items)
            if any(exactly.get(d.id, "") not in ("", sha256(d.plaintext).hexdigest()) for d in drafts):
                raise Refused("this draft was changed since it was shown: look at it again, then approve")
            if not drafts:
                raise Misuse(
                    "nothing that is prepared waits for approval; `detente swap prepare` drafts releases"
                )
            for draft in drafts:
                known = kept(draft)
                approved = sorted({*known.approved_by, by})
                state = "approved" if len(approved) >= terms.swap.approvals else "prepared"
                known = msgspec.structs.replace(known, approved_by=approved)
                tx.items.put(
                    msgspec.structs.replace(draft, state=state, statement=msgspec.json.encode(known))
                )
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
            for draft in _named(drafts, items):
                tx.items.put(msgspec.structs.replace(draft, state="void", plaintext=b""))
            return self._status(tx, party)

    def pump(self, peer: str) -> bool:
        """Moves on what people approved: answers an offer that waits, or begins a swap. Returns whether anything was done."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            waiting = self._waiting(tx, party)
            answers = [(row, self._answer_offer(tx, row, subject)) for row, subject in waiting]
            begun = None if any(d for _, d in answers) else self._next_swap(tx, party)
        done = False
        for row, decision in answers:
            if decision is not None and self._take(party, row, decision):
                done = True
        if begun is not None and self._begin(party, begun):
            done = True
        return done

    def _take(self, party: str, row: CeremonyRow, decision: Decision) -> bool:
        """Answers an offer; False where another process of this node answered it first."""
        try:
            self._drive().decide(row.id, decision)
        except (Misuse, Refused):
            with self._office.store.snapshot() as tx:
                if all(waiting.id != row.id for waiting, _ in self._waiting(tx, party)):
                    return False
            raise
        return True

    def _begin(self, party: str, setup: ExchangeSetup) -> bool:
        """Begins a swap; False where another process of this node began it first."""
        try:
            self._drive().begin("exchange", party, setup, setup.agreement)
        except Refused:
            with self._office.store.snapshot() as tx:
                approved = {
                    d.finding for d in tx.items.find(party=party, direction="given", state="approved")
                }
            if setup.swap is not None and not approved.issuperset(i.finding for i in setup.swap.items):
                return False
            raise
        return True

    def decline(self, peer: str, reason: str) -> int:
        """Declines the offers that wait; the peer is told why. Returns how many."""
        with self._office.store.snapshot() as tx:
            waiting = self._waiting(tx, self._office.peer(tx, peer).party)
        for row, _ in waiting:
            self._drive().decide(row.id, exchange.decline(reason))
        return len(waiting)

    def expire(self) -> int:
        """Erases what was received longer ago than the agreement keeps it. Returns how many items. Done at every start and while serving."""
        office = self._office
        with office.store.snapshot() as tx:
            due = [
                (peer.party, item.id)
                for peer in tx.peers.all()
                for item in self._past_retention(tx, peer.party)
            ]
        for party, item in due:
            with office.store.transaction() as tx:
                office.require_writable(tx)
                row = self._book.item(tx, item, "received")
                self._holdings.erase_received(tx, party, item)
                tx.items.put(msgspec.structs.replace(row, state="erased", plaintext=b""))
                tx.items.erase(item)
        self._requests.expire()
        return len(due)

    def _past_retention(self, tx: Transaction, party: str) -> list[ItemRow]:
        terms = self._agreements.standing(tx, party).terms
        if terms is None:
            return []
        since = self._office.clock.now() - terms.retention_days * DAY_MS
        return [
            i
            for i in tx.items.find(party=party, direction="received")
            if i.state != "erased" and i.at <= since
        ]

    # -- looking

    def status(self, peer: str) -> SwapView:
        """Where each item with a peer stands."""
        with self._office.store.snapshot() as tx:
            return self._status(tx, self._office.peer(tx, peer).party)

    def ledger(self, peer: str) -> LedgerView:
        """The balance with a peer, each line with its proof."""
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            terms = self._book.terms(tx, row.party)
            found = self._book.ledger(tx, row.party, terms)
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

    # -- the room

    def kind(self) -> Kind:
        return ExchangeKind(self._office.topics)

    def admit(self, tx: Transaction, received: ReceivedMessage) -> ExchangeSetup:
        message = received.message
        ours, theirs = self._office.identity().party, message.sender
        if message.step in INQUIRIES:
            return self._requests.admit(tx, received)
        if message.step != "offer":
            return self._letters.admit(tx, received)
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
                self._store(
                    tx, row, msgspec.json.decode(msgspec.json.encode(effect.subject), type=StoreAsked)
                )
            return
        self._letters.settle(tx, row, effect)
        self._requests.settle(tx, row, effect)
        if effect.result is None and effect.outcome != "done":
            for item in tx.items.find(swap=row.id, direction="given", state="sent"):
                body = body_of(ItemVoid(self._swap_of(tx, item), "the swap ended before its key moved"))
                self._office.journal(tx, "item.void", item.id, row.party, body)
                self._back_to_draft(tx, item)

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        """The receipt once the commit is durable; an offer that people have approved already."""
        subject = msgspec.json.encode(ask.subject)
        with self._office.store.snapshot() as tx:
            if ask.question == "stored":
                return self._receipts(tx, row, msgspec.json.decode(subject, type=StoreAsked))
            if ask.question == "swap":
                return self._answer_offer(tx, row, msgspec.json.decode(subject, type=OfferAsked))
        return None

    # -- inside: drafts and items

    def _draft(self, tx: Transaction, terms: Terms, finding: FindingRow) -> ItemRow:
        record = tx.records.get(finding.record)
        if record is None:
            raise Misuse("the finding's record was erased; nothing can be released for it")
        consented = self._agreements.consents(tx, finding.party, record)
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
        release = enclosed(tx, terms, finding.party, record.id, release)
        known = msgspec.json.encode(Kept([], content_hash(release)))
        return ItemRow(
            DRAFT + finding.id, "", finding.id, finding.party, "given", 0, "prepared", release.marking, known,
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
        """What did not move waits as approved; after so many vain offers a person must look again, lest two nodes offer and refuse for ever."""
        tx.items.put(msgspec.structs.replace(item, state="void", plaintext=b""))
        known = kept(item)
        known = msgspec.structs.replace(known, tries=known.tries + 1)
        vain = known.tries >= TRIES
        if vain:
            known = msgspec.structs.replace(known, tries=0, approved_by=[])
        draft = msgspec.structs.replace(
            item, id=DRAFT + item.finding, swap="", number=0, statement=msgspec.json.encode(known)
        )
        tx.items.put(msgspec.structs.replace(draft, state="prepared" if vain else "approved"))

    def _store(self, tx: Transaction, row: CeremonyRow, asked: StoreAsked) -> None:
        """What came is kept in the transaction that journals it: the item, and its record under the originator's name."""
        now = self._office.clock.now()
        swap = msgspec.msgpack.decode(row.setup, type=ExchangeSetup).swap
        for line in asked.items:
            if line.ground:
                continue
            plaintext = line.plaintext.encode()
            known = msgspec.json.encode(Kept([], line.content))
            tx.items.put(
                ItemRow(
                    line.item, row.id, line.finding, row.party, "received", line.number, "received", line.marking,
                    known, plaintext, "", now,
                )
            )  # fmt: skip
            if tx.findings.get(line.finding) is None and swap is not None:
                self._book.keep_place(tx, line.finding, Place(swap.sid, swap.topic))
            self._keep_record(tx, row.party, line, read_release(plaintext))

    def _keep_record(self, tx: Transaction, party: str, line: StoreLine, release: Release) -> None:
        record = Record(
            received_id(line.item), release.schema, release.properties, release.grounds or ("received in a swap",),
            release.marking, release.grade, f"party:{party}",
        )  # fmt: skip
        self._holdings.keep_received(tx, self._book.topic_of(tx, line.finding), record)

    def _receipts(self, tx: Transaction, row: CeremonyRow, asked: StoreAsked) -> Decision:
        size = tx.journal.size()
        lines = []
        for line in asked.items:
            entry = next(
                iter(tx.journal.find(kind="item.received", subject=line.item, party=row.party)), None
            )
            if entry is not None:
                lines.append((line.item, leaf_hash(entry.data).hex(), entry.index, size))
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
        offered = {line.finding for _, asked in self._waiting(tx, party) for line in asked.items}
        drafts = [d for d in drafts if d.finding not in offered]
        if not drafts:
            return None
        agreement, terms = self._agreements.in_force(tx, party, "swap")
        found = self._book.ledger(tx, party, terms)
        by_run: dict[str, list[ItemRow]] = {}
        for draft in drafts:
            by_run.setdefault(self._book.opening(tx, draft.finding).sid, []).append(draft)
        for sid, chosen in by_run.items():
            mutual = True
            if self._book.place(tx, chosen[0].finding) is not None:
                room = 0 if found.suspended else terms.swap.imbalance_limit - found.balance
                chosen, mutual = self._requests.answers.offered(tx, party, sid, chosen, room)
            if chosen:
                if mutual:
                    may_release(found, terms)
                items = tuple(self._our_item(tx, d) for d in chosen[:MOST])
                setup = self._swap_setup(tx, party, terms, sid, items, mutual)
                return ExchangeSetup(self._office.identity().party, party, agreement, swap=setup)
        return None

    def _swap_setup(
        self,
        tx: Transaction,
        party: str,
        terms: Terms,
        sid: str,
        items: tuple[OurItem, ...],
        mutual: bool = True,
    ) -> SwapSetup:
        found = [
            (f, opening)
            for f in tx.findings.find(party=party)
            if (opening := msgspec.msgpack.decode(f.opening, type=Opening)).sid == sid
        ]
        if found:
            topic = found[0][0].topic
            expected = tuple(
                Expected(f.id, o.their_values, o.capacity, tuple((kind, value) for kind, value in o.agreed))
                for f, o in found
            )
        else:  # no run: the answer to a request
            topic, expected = self._requests.answers.scope(tx, party, sid, giving=bool(items))
        content = {
            direction: tuple(
                sorted({kept(i).content for i in tx.items.find(party=party, direction=direction) if moved(i)})
            )
            for direction in ("given", "received")
        }
        lead = self._book.ledger(tx, party, terms).balance
        return SwapSetup(
            sid, topic, terms, lead, items, expected, content["received"], content["given"], mutual
        )

    def _our_item(self, tx: Transaction, draft: ItemRow) -> OurItem:
        record = tx.records.get(draft.record)
        if record is None:
            raise Misuse("an approved item's record was erased; withdraw the item")
        opening = self._book.opening(tx, draft.finding)
        return OurItem(
            draft.finding, draft.plaintext, record.schema, draft.marking, commitment_of(record).hex(), record.entry,
            opening.our_values, opening.capacity,
        )  # fmt: skip

    def _answer_offer(self, tx: Transaction, row: CeremonyRow, asked: OfferAsked) -> Decision | None:
        """Takes an offer on whose findings people have approved ours; None where a person must look first, or the agreement stands still."""
        try:
            self._agreements.in_force(tx, row.party, "swap", row.agreement)
        except Refused:
            return None
        lead = self._book.ledger(tx, row.party, self._book.terms(tx, row.party)).balance
        if not asked.mutual:
            return exchange.take((), lead)
        drafts = {d.finding: d for d in tx.items.find(party=row.party, direction="given", state="approved")}
        ours = [self._our_item(tx, drafts[line.finding]) for line in asked.items if line.finding in drafts]
        return exchange.take(ours, lead) if ours else None

    def _waiting(self, tx: Transaction, party: str) -> list[tuple[CeremonyRow, OfferAsked]]:
        found = self._book.asks(tx, party, "swap")
        return [(row, msgspec.json.decode(subject, type=OfferAsked)) for row, subject in found]

    @staticmethod
    def _is_swap(row: CeremonyRow) -> bool:
        return msgspec.msgpack.decode(row.setup, type=ExchangeSetup).swap is not None

    # -- inside: what is shared

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver

    @staticmethod
    def _swap_of(tx: Transaction, item: ItemRow) -> str:
        """The swap that the item's own statement names."""
        for entry in tx.journal.find(kind="item.prepared", subject=item.id, party=item.party):
            fact = read_fact(entry.index, entry.party, entry.data)
            if fact is not None and isinstance(fact.body, ItemPrepared):
                return fact.body.swap
        return ""

    def _status(self, tx: Transaction, party: str) -> SwapView:
        peer = tx.peers.get(party)
        rows = [i for i in tx.items.find(party=party) if i.state != "void"]
        waiting = [asked.swap for _, asked in self._waiting(tx, party)]
        return SwapView(peer.name if peer else party, [self._book.view(row) for row in rows], waiting)


def _named(drafts: Sequence[ItemRow], names: Sequence[str]) -> list[ItemRow]:
    """The drafts whose ids begin with one of these. Raises Misuse for a name too short to mean one: an empty one would mean all."""
    if any(len(name.removeprefix(DRAFT)) < LEAST_NAME for name in names):
        raise Misuse(f"name items by at least {LEAST_NAME} digits; `detente swap status` lists them")
    return [d for d in drafts if any(d.id.startswith((name, DRAFT + name)) for name in names)]
