"""Answers to requests: records drafted in a request's places, approved, and told once they have moved. The room of swaps exchanges them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from detente.ceremonies.exchange import Expected
from detente.ceremonies.items import content_hash
from detente.errors import Misuse, Refused
from detente.node.agreements import Agreements
from detente.node.enclosures import enclosed
from detente.node.holdings import decode_record
from detente.node.items import DRAFT, ItemBook, Kept, Place, kept
from detente.node.office import Office
from detente.node.ports import ItemRow, RecordRow, Transaction
from detente.node.request_book import Closing, RequestBook
from detente.pact.facts import Told
from detente.pact.ledger import may_release
from detente.pact.policy import releasable
from detente.pact.requests import Standing, slots
from detente.pact.terms import Terms


class Answers:
    """What answers a request, and what we promised in return for an answer."""

    def __init__(self, office: Office, agreements: Agreements, book: ItemBook, asked: RequestBook) -> None:
        self._office, self._agreements, self._book, self._asked = office, agreements, book, asked

    def draft(
        self, party: str, known: Standing, names: Sequence[str], by: str, places: Sequence[str]
    ) -> None:
        """A draft in the next free place for each record, approved by the person who chose it."""
        if not by.strip():
            raise Misuse("say who approves: --by NAME")
        if not names:
            raise Misuse("name the records that answer it; `detente requests show` lists some that may")
        if known.over:
            raise Refused(f"this request is over: {known.state}")
        office = self._office
        with office.store.transaction() as tx:
            office.require_writable(tx)
            _, terms = self._agreements.in_force(tx, party, "swap")
            may_release(self._book.ledger(tx, party, terms), terms)
            given = [i for i in tx.items.find(party=party, direction="given") if i.state != "void"]
            taken, contents = {i.finding for i in given}, {kept(i).content for i in given}
            free = [place for place in places if place not in taken]
            if len(free) < len(names):
                raise Refused(f"{len(free)} more records fit into this request, not {len(names)}")
            for name, place in zip(names, free, strict=False):
                record = self.record(tx, name, known.topic)
                draft = self._drafted(tx, terms, party, record, place, by, known.topic)
                if kept(draft).content in contents:
                    raise Refused(
                        f"the peer was given what {name} says already; say so by --reason, without that record"
                    )
                contents.add(kept(draft).content)
                self._book.keep_place(tx, place, Place(known.id, known.topic))
                tx.items.put(draft)

    def promise(self, party: str, request: str, answer: Told, reason: str) -> None:
        """Notes what is to be told once the drafts have moved."""
        with self._office.store.transaction() as tx:
            due = self._asked.closings(tx, party)
            due[request] = Closing(answer, reason)
            self._asked.keep_closings(tx, party, due)

    def due(self, tx: Transaction, party: str) -> list[tuple[Standing, Closing]]:
        """What can be told now: nothing of that answer waits any more."""
        return [
            (self._asked.standing(tx, party, request), closing)
            for request, closing in self._asked.closings(tx, party).items()
            if not self._moving(tx, party, request)
        ]

    def forget(self, party: str, request: str) -> None:
        """Takes back what was prepared for a request and has not left."""
        with self._office.store.transaction() as tx:
            for state in ("prepared", "approved"):
                for draft in tx.items.find(party=party, direction="given", state=state):
                    place = self._book.place(tx, draft.finding)
                    if place is not None and place.request == request:
                        tx.items.put(msgspec.structs.replace(draft, state="void", plaintext=b""))
        self.forget_closing(party, request)

    def forget_closing(self, party: str, request: str) -> None:
        """Nothing more is to be told of it."""
        with self._office.store.transaction() as tx:
            left = self._asked.closings(tx, party)
            left.pop(request, None)
            self._asked.keep_closings(tx, party, left)

    # -- what a swap asks

    def scope(
        self, tx: Transaction, party: str, sid: str, *, giving: bool
    ) -> tuple[str, tuple[Expected, ...]]:
        """Topic and places of a swap that answers a request. Raises Refused where there is no such request, or none that is open to answers:
        who asked receives, who was asked gives."""
        known = self._asked.standings(tx, party).get(sid)
        if known is None or known.by != ("theirs" if giving else "ours"):
            raise Refused("no finding of that run is known here")
        if known.over:
            raise Refused(f"that request is over: {known.state}")
        return known.topic, tuple(Expected(each) for each in slots(known.id, known.most))

    def offered(
        self, tx: Transaction, party: str, sid: str, drafts: Sequence[ItemRow], room: int
    ) -> tuple[list[ItemRow], bool]:
        """Of approved drafts on one request those that go into the next swap, and whether it is mutual. None on a request of ours: what we promised
        in return waits for the answer. `room` is how many the balance still bears."""
        known = self._asked.standing(tx, party, sid)
        if known.by == "ours" or known.over or room < 1:
            return [], True
        returned = set(slots(known.id, known.returns))
        mutual = [draft for draft in drafts if draft.finding in returned]
        return (mutual or list(drafts))[:room], bool(mutual)

    # -- inside

    def _drafted(
        self, tx: Transaction, terms: Terms, party: str, record: RecordRow, place: str, by: str, topic: str
    ) -> ItemRow:
        consented = self._agreements.consents(tx, party, record)
        release = releasable(
            terms, terms.topic(topic), decode_record(record), record.schema, peer=party, consented=consented
        )
        release = enclosed(tx, terms, party, record.id, release)
        known = msgspec.json.encode(Kept([by], content_hash(release)))
        state: Literal["approved", "prepared"] = "approved" if terms.swap.approvals <= 1 else "prepared"
        return ItemRow(
            DRAFT + place, "", place, party, "given", 0, state, release.marking, known, release.encode(), record.id,
            self._office.clock.now(),
        )  # fmt: skip

    def _moving(self, tx: Transaction, party: str, request: str) -> bool:
        """Whether a record of ours that answers a request has not moved yet."""
        waiting = [i for s in ("prepared", "approved", "sent") for i in tx.items.find(party=party, state=s)]
        places = [self._book.place(tx, i.finding) for i in waiting if i.direction == "given"]
        return any(place is not None and place.request == request for place in places)

    @staticmethod
    def record(tx: Transaction, name: str, topic: str) -> RecordRow:
        """A record of ours of this topic. Misuse where there is none."""
        row = tx.records.get(name)
        if row is None or not row.body or row.topic != topic:
            raise Misuse(f"no record {name} of the topic '{topic}' is held here")
        return row


__all__ = ["Answers"]
