"""Requests for information: ask, accept, decline, answer in part or in full, pass on with consent, rate; and the matrix.

What a request says is kept under its id until its time is over; what became of it is a fold over the journal (pact/requests). The records that answer it
are drafts in its slots: the room of swaps exchanges them like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from detente.ceremonies.ceremony import Finish
from detente.ceremonies.exchange import ExchangeSetup, InquiryResult, InquirySetup, KnownRequest
from detente.ceremonies.inquiry import Act, consent
from detente.errors import Misuse, NotAgreed, Refused, Unavailable
from detente.node.agreements import Agreements
from detente.node.answers import Answers
from detente.node.driver import Driver
from detente.node.holdings import decode_record
from detente.node.items import ItemBook
from detente.node.office import Office
from detente.node.ports import CeremonyRow, Transaction
from detente.node.request_book import RequestBook, RequestView, wording_name
from detente.pact.facts import Told
from detente.pact.policy import Activity, require_onward
from detente.pact.questions import TEMPLATES, words_of
from detente.pact.requests import (
    UNNAMED,
    Ask,
    Standing,
    Wording,
    matrix,
    request_id,
    require_room,
    slots,
)
from detente.pact.terms import DAY_MS, Terms
from detente.topics.likeness import likeness
from detente.topics.topic import Record
from detente.wire.canonical import Json
from detente.wire.instant import Instant, rfc3339
from detente.wire.messages import ReceivedMessage

STEPS = frozenset({"ask", "tell", "transfer", "rate"})
# what is said of a request already taken on goes on like a notice; what opens something new needs the agreement as a swap does
ACTIVITY: Mapping[str, Activity] = {"ask": "swap", "transfer": "swap", "tell": "notices", "rate": "notices"}


class Question(msgspec.Struct, frozen=True):
    """What to ask. `until` is an instant; `record` one of ours whose fields say whom it is about, "" where `properties` do."""

    topic: str
    purpose: str
    until: Instant
    marking: str = "TLP:AMBER"
    template: str = "free"
    schema: str = "Person"
    properties: dict[str, list[str]] = {}
    question: str = ""
    offer: str = ""
    returns: int = 0
    most: int = 8
    record: str = ""


class TemplateView(msgspec.Struct, frozen=True):
    """A question that is asked often, in one language."""

    slug: str
    topic: str
    schema: str
    title: str
    question: str
    fields: list[str]


class CandidateView(msgspec.Struct, frozen=True):
    """A record of ours that a request may be about. `score` in parts per million; `because` in words."""

    record: str
    name: str
    score: int
    grade: str
    because: list[str]


class ShareView(msgspec.Struct, frozen=True):
    """One side's part in a month."""

    asked: int
    answered: int
    useful: int
    late: int
    declined: int
    given: int


class CellView(msgspec.Struct, frozen=True):
    """One topic in one month with one peer."""

    peer: str
    topic: str
    month: str
    runs: int
    overlaps: int
    findings: int
    ours: ShareView
    theirs: ShareView


class Requests:
    """Inquiries about what is not matched. Swaps is their room: all are exchanges."""

    def __init__(self, office: Office, agreements: Agreements, book: ItemBook) -> None:
        self._office, self._agreements, self._book = office, agreements, book
        self._asked = RequestBook(office, agreements, book)
        self.answers = Answers(office, agreements, book, self._asked)
        self.driver: Driver | None = None

    # -- asking

    def ask(self, peer: str, question: Question) -> RequestView:
        """Asks a peer. Raises Refused or Misuse before anything is sent; with `record`, NotAgreed where that came from another party."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            _, terms = self._agreements.in_force(tx, party, "swap")
            about = self._about(tx, party, terms, question)
        wording = Wording(
            question.template, question.schema, about, question.question, question.purpose, question.offer,
            self._office.entropy.draw(16).hex(),
        )  # fmt: skip
        return self._ask(party, question, wording)

    def rate(self, request: str, useful: bool, reason: str = "") -> RequestView:
        """Tells the answerer whether its answer was of use: once."""
        party, known = self._known(request)
        self._say(party, "rate", known, useful=useful, text=reason)
        return self.show(known.id)

    def give_back(self, request: str, records: Sequence[str], by: str) -> RequestView:
        """Prepares and approves the records that a request of ours promised in return: they go item for item."""
        party, known = self._known(request)
        if known.by != "ours":
            raise Misuse("only who asked gives in return; use `detente requests answer`")
        self.answers.draft(party, known, records, by, slots(known.id, known.returns))
        return self.show(known.id)

    # -- answering

    def accept(self, request: str) -> RequestView:
        """Tells the asker that its request is taken on."""
        return self._tell(request, "accepted", "")

    def decline(self, request: str, reason: str) -> RequestView:
        """Declines, with a reason that the asker is told."""
        return self._tell(request, "declined", reason)

    def nothing(self, request: str, reason: str = "") -> RequestView:
        """Answers that nothing is held: this tells the asker something, and counts as an answer."""
        return self._tell(request, "nothing", reason)

    def answer(
        self, request: str, records: Sequence[str], by: str, *, part: bool = False, reason: str = ""
    ) -> RequestView:
        """Prepares and approves a release of each record, to be exchanged like any swap; that it was the whole answer, or a part, is told
        once they have moved. Without records the reason alone is told: that the asker has it already, say. Raises Overdrawn past the
        agreed imbalance, TooRevealing or NotAgreed for what may not leave."""
        party, known = self._known(request)
        if known.by == "ours":
            raise Misuse("you asked this; use `detente requests return` for what you promised in return")
        if (part or not records) and not reason.strip():
            raise Misuse("who answers in part, or without a record, says why: --reason TEXT")
        if not records:
            return self._tell(request, "part" if part else "full", reason)
        self.answers.draft(party, known, records, by, slots(known.id, known.most))
        self.answers.promise(party, known.id, "part" if part else "full", reason)
        return self.show(known.id)

    def transfer(self, request: str, to: str, purpose: str = "", *, named: bool = False) -> RequestView:
        """Asks the asker whether its request may go to another peer of ours; once it said yes, sends it there. Returns the request
        that went out, or the one whose asker was asked."""
        party, known = self._known(request)
        with self._office.store.snapshot() as tx:
            third = self._office.peer(tx, to).party
            waits = any(asked.to == third for asked in self._asked.out(tx, party, known.id))
        if known.consented(third, named):
            return self._pass_on(party, known, third, named)
        if waits:
            raise Refused("its asker has not answered yet whether this may be passed on")
        if not purpose.strip():
            raise Misuse("say why the request should go to another office: --purpose TEXT")
        self._say(party, "transfer", known, to=third, named=named, text=purpose)
        return self.show(known.id)

    def consent(self, request: str, yes: bool, reason: str = "") -> RequestView:
        """Says yes or no to the peer that would show a request of ours to a third party."""
        party, known = self._known(request)
        with self._office.store.snapshot() as tx:
            waiting = [(r, a) for r, a in self._asked.transfers_asked(tx, party) if a.request == known.id]
            if not waiting:
                raise Misuse("nobody asks to pass this request on")
            row, asked = waiting[0]
            origin = self._asked.origin(tx, party, known.id)
            if yes and origin is not None and not self._asked.standing(tx, *origin).consented(asked.to):
                raise Refused(
                    "this request was passed on to you; its own asker must first consent to that party"
                )
        self._drive().decide(row.id, consent(yes, reason))
        return self.show(known.id)

    def pump(self, peer: str) -> bool:
        """Tells what people said of their answers once the records have moved. Returns whether anything was told."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            due = self.answers.due(tx, party)
        told = 0
        for known, closing in due:
            try:
                if known.items:  # else the drafts were withdrawn: there was no answer
                    self._say(party, "tell", known, answer=closing.answer, text=closing.reason)
                    told += 1
            except NotAgreed:
                continue  # it waits until the agreement holds again
            except Refused:
                pass  # told by another process of this node, or no longer to be told
            self.answers.forget_closing(party, known.id)
        return told > 0

    # -- looking

    def listed(self, peer: str = "") -> list[RequestView]:
        """Every request with a peer, or with all, in the order in which they were journalled."""
        with self._office.store.snapshot() as tx:
            peers = [self._office.peer(tx, peer)] if peer else list(tx.peers.all())
            return [view for row in peers for view in self._asked.views(tx, row.party)]

    def show(self, request: str) -> RequestView:
        """One request by its id or the beginning of it."""
        with self._office.store.snapshot() as tx:
            return self._asked.view(tx, request)[1]

    def candidates(self, request: str, most: int = 10) -> list[CandidateView]:
        """Records of ours that a request may be about, best first, by the topic's own score. Nothing leaves: a person chooses what to answer."""
        with self._office.store.snapshot() as tx:
            party, view = self._asked.view(tx, request)
            known, wording = self._asked.standing(tx, party, view.id), self._asked.wording(tx, party, view.id)
            topic = self._office.topics.get(known.topic)
            if wording is None or topic is None:
                raise Refused("the request's wording was erased, or this node does not know its topic")
            about = Record("request", wording.schema, wording.properties)
            rows = [row for row in tx.records.select(known.topic) if row.origin != f"party:{party}"]
            found = [
                CandidateView(row.id, next(iter(record.properties.get("name", ())), ""), said.score, str(said.grade),
                              [reason.what for reason in said.because])
                for row in rows
                if (said := likeness(topic, about, record := decode_record(row))).grade is not None
            ]  # fmt: skip
        return sorted(found, key=lambda each: (-each.score, each.record))[:most]

    @staticmethod
    def templates(language: str = "en") -> list[TemplateView]:
        """Questions that are asked often. Misuse for a language that has none."""
        words = {slug: words_of(slug, language) for slug in TEMPLATES}
        return [
            TemplateView(t.slug, t.topic, t.schema, t.title[language], words[t.slug], list(t.fields))
            for t in TEMPLATES.values()
        ]

    def matrix(self, peer: str = "") -> list[CellView]:
        """Overlap and contribution by peer, topic and month: a fold over the journal."""
        now = self._office.clock.now()
        cells = []
        with self._office.store.snapshot() as tx:
            for row in [self._office.peer(tx, peer)] if peer else tx.peers.all():
                facts = self._agreements.facts(tx, row.party)
                for cell in matrix(facts, now, lambda finding: self._book.topic_of(tx, finding)):
                    sides = [
                        ShareView(s.asked, s.answered, s.useful, s.late, s.declined, s.given)
                        for s in (cell.ours, cell.theirs)
                    ]
                    cells.append(
                        CellView(
                            row.name, cell.topic, cell.month, cell.runs, cell.overlaps, cell.findings, *sides
                        )
                    )
        return cells

    def expire(self) -> None:
        """Erases the wording of requests that are older than the agreement keeps what was received."""
        now = self._office.clock.now()
        with self._office.store.snapshot() as tx:
            due = []
            for row in tx.peers.all():
                terms = self._agreements.standing(tx, row.party).terms
                since = now - terms.retention_days * DAY_MS if terms else 0
                known = self._asked.standings(tx, row.party).values()
                names = [wording_name(row.party, each.id) for each in known if each.asked <= since]
                due += [name for name in names if tx.settings.get(name)]
        if due:
            with self._office.store.transaction() as tx:
                for name in due:
                    tx.settings.put(name, b"")

    # -- what the room of exchange asks

    def admit(self, tx: Transaction, received: ReceivedMessage) -> ExchangeSetup:
        """The setup with which an inquiry of theirs is met."""
        message = received.message
        theirs = message.sender
        agreement, terms = self._agreements.in_force(tx, theirs, ACTIVITY[message.step], message.agreement)
        standings = self._asked.standings(tx, theirs)
        if message.step == "ask":
            require_room(standings.values(), "theirs", self._office.clock.now())
        known = standings.get(str(message.body.get("request", "")))
        setup = InquirySetup("", terms, _as_known(known) if known else None)
        ours = self._office.identity().party
        return ExchangeSetup(ours, theirs, message.agreement or agreement, inquiry=setup)

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish) -> None:
        """Keeps the wording of a request of theirs; of ours, whether it was taken."""
        result = effect.result
        if isinstance(result, InquiryResult):
            if result.act == "ask" and result.by == "theirs":
                tx.settings.put(wording_name(row.party, result.request), result.wording)
            elif result.act == "ask":
                self._asked.heard(tx, row.party, result.request, None)
            return
        setup = msgspec.msgpack.decode(row.setup, type=ExchangeSetup) if row.setup else None
        if setup is not None and setup.inquiry is not None and setup.inquiry.ask is not None:
            reason = str(effect.fault) if effect.fault else effect.outcome
            self._asked.heard(tx, row.party, setup.inquiry.ask.request, reason)

    # -- inside: saying

    def _about(
        self, tx: Transaction, party: str, terms: Terms, question: Question
    ) -> dict[str, tuple[str, ...]]:
        """Whom the question is about: as given, or the agreed fields of a record of ours."""
        about = {name: tuple(values) for name, values in question.properties.items() if values}
        if question.record:
            record = self.answers.record(tx, question.record, question.topic)
            require_onward(terms, record.origin, party, self._agreements.consents(tx, party, record))
            agreed = set(terms.topic(question.topic).release)
            fields = decode_record(record).properties
            about = {name: values for name, values in fields.items() if name in agreed and values} | about
        return about

    def _ask(
        self, party: str, question: Question, wording: Wording, *, via: str = "", origin: str = ""
    ) -> RequestView:
        office = self._office
        data, ours = wording.encode(), office.identity().party
        body: dict[str, Json] = {
            "asked": rfc3339(office.clock.now()),
            "until": rfc3339(question.until),
            "topic": question.topic,
            "marking": question.marking,
            "most": question.most,
            "returns": question.returns,
            "via": via,
        }
        ident = request_id(ours, party, body, data)
        try:
            ask = msgspec.convert({"request": ident, **body}, Ask)
        except msgspec.ValidationError as problem:
            raise Misuse(f"this cannot be asked: {problem}") from None
        with office.store.transaction() as tx:
            office.require_writable(tx)
            agreement, terms = self._agreements.in_force(tx, party, "swap")
            require_room(self._asked.standings(tx, party).values(), "ours", office.clock.now())
            tx.settings.put(wording_name(party, ident), data)
            if origin:
                tx.settings.put(f"passed.{party}.{ident}", origin.encode())
            self._asked.heard(tx, party, ident, "")
        setup = ExchangeSetup(ours, party, agreement, inquiry=InquirySetup("ask", terms, None, ask, data))
        try:
            self._drive().begin("exchange", party, setup, agreement)
        except (Refused, Misuse):
            with office.store.transaction() as tx:
                tx.settings.put(wording_name(party, ident), b"")
                self._asked.heard(tx, party, ident, None)
            raise
        return self.show(ident)

    def _pass_on(self, party: str, known: Standing, third: str, named: bool) -> RequestView:
        with self._office.store.snapshot() as tx:
            said = self._asked.wording(tx, party, known.id)
            done = tx.settings.get(f"passed-to.{third}.{known.id}")
        if said is None:
            raise Refused("the request's wording was erased; its time is over")
        if done:
            raise Refused("this request went to that party already")
        wording = msgspec.structs.replace(said, offer="", nonce=self._office.entropy.draw(16).hex())
        question = Question(known.topic, said.purpose, known.until, known.marking, most=known.most)
        view = self._ask(
            third, question, wording, via=party if named else UNNAMED, origin=f"{party}.{known.id}"
        )
        with self._office.store.transaction() as tx:
            tx.settings.put(f"passed-to.{third}.{known.id}", view.id.encode())
        return view

    def _tell(self, request: str, answer: Told, reason: str) -> RequestView:
        party, known = self._known(request)
        self._say(party, "tell", known, answer=answer, text=reason)
        if answer in ("declined", "nothing"):
            self.answers.forget(party, known.id)
        return self.show(known.id)

    def _say(
        self,
        party: str,
        act: Act,
        known: Standing,
        *,
        answer: Told = "accepted",
        useful: bool = True,
        to: str = "",
        named: bool = False,
        text: str = "",
    ) -> None:
        with self._office.store.snapshot() as tx:
            agreement, terms = self._agreements.in_force(tx, party, ACTIVITY[act])
        inquiry = InquirySetup(act, terms, _as_known(known), None, b"", answer, useful, to, named, text)
        setup = ExchangeSetup(self._office.identity().party, party, agreement, inquiry=inquiry)
        self._drive().begin("exchange", party, setup, agreement)

    # -- inside

    def _known(self, request: str) -> tuple[str, Standing]:
        """The peer and the standing of a request that the journal holds."""
        with self._office.store.snapshot() as tx:
            party, view = self._asked.view(tx, request)
            return party, self._asked.standing(tx, party, view.id)

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver


def _as_known(standing: Standing) -> KnownRequest:
    """The request as an inquiry about it needs it."""
    return KnownRequest(
        standing.id,
        standing.by,
        standing.asked,
        standing.state,
        len(standing.items),
        standing.useful is not None,
    )


__all__ = ["CandidateView", "CellView", "Question", "Requests", "ShareView", "TemplateView"]
