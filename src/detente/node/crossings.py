"""Proposals that crossed, brought together: ours is withdrawn, and once that is acknowledged the merge goes in its
place (spec/amendment, clause 6).

A person signs the merge when ordering it; until our first proposal is dead the envelope waits here, unsent.
"""

from __future__ import annotations

import msgspec

from detente.errors import Misuse, Refused
from detente.node.amendments import Amendments, Waiting
from detente.node.ports import Transaction
from detente.pact.document import read_document
from detente.pact.facts import Proposed
from detente.wire.envelope import seal, unverified

MERGED = "both proposals together"


class Queued(msgspec.Struct, frozen=True):
    """A version that is signed and waits: in place of our proposal `gone` and of theirs `instead`. `asked` is the
    journal's size by then, `failed` why it did not go."""

    kind: str
    name: str
    hash: str
    gone: str
    instead: str
    envelope: bytes
    asked: int
    failed: str = ""


class Crossings:
    """What waits to be proposed, peer by peer."""

    def __init__(self, amendments: Amendments) -> None:
        self._amendments, self._office = amendments, amendments.office

    def queued(self, tx: Transaction, party: str) -> list[Queued]:
        """What waits for a peer's acknowledgement, oldest first."""
        kept = tx.settings.get(_name(party))
        return msgspec.msgpack.decode(kept, type=list[Queued]) if kept else []

    def order(self, party: str, payload: bytes, gone: str, instead: str) -> None:
        """Signs a version to go in the place of our proposal `gone`, which is withdrawn, and of theirs."""
        office, document = self._office, read_document(payload)
        envelope = seal(document.payload_type, payload, office.identity())
        with office.store.transaction() as tx:
            office.require_writable(tx)
            place = document.kind, document.name
            waiting = [
                each for each in self.queued(tx, party) if not each.failed or place != (each.kind, each.name)
            ]
            if any(place == (each.kind, each.name) for each in waiting):
                raise Misuse("a merge of this document waits already; `detente joint show` tells for what")
            size = tx.journal.size()
            queued = Queued(document.kind, document.name, document.hash, gone, instead, envelope, size)
            self._put(tx, party, [*waiting, queued])
        self.pump(party)

    def pump(self, party: str) -> bool:
        """Does what can be done now with what waits; True where something was begun."""
        with self._office.store.snapshot() as tx:
            waiting = self.queued(tx, party)
        return any([self._advance(party, each) for each in waiting])

    def _advance(self, party: str, queued: Queued) -> bool:
        with self._office.store.snapshot() as tx:
            shelf = self._amendments.shelf(tx, party, queued.kind, queued.name)
            ours = self._office.identity().party
            mine = [each.hash for each in shelf.proposals if each.by == ours]
            under_way = self._amendments.under_way(tx, party, queued.gone)
            answer = self._answerable(tx, party, queued)
            done = self._begun(tx, party, queued)
            told = under_way is not None and any(
                not stored.message for stored in tx.ceremonies.inputs(under_way.id)
                if msgspec.json.decode(stored.raw).get("what") == "withdraw"
            )  # fmt: skip
        document = read_document(unverified(queued.envelope).payload)
        if done or document.base != shelf.base:
            return self._replace(
                party, queued
            )  # under way, or overtaken: `show` tells what is in force instead
        if queued.failed:
            return False
        live = queued.gone in mine
        if live and (under_way is None or told):
            return False  # our signature is live until they have acknowledged
        try:
            if live and under_way is not None:
                self._amendments.withdraw(under_way.id)
                return True
            self._send(party, queued, answer)
        except (Refused, Misuse) as problem:  # suspended, or signed otherwise meanwhile: people decide anew
            return self._replace(party, queued, msgspec.structs.replace(queued, failed=str(problem)))
        self._replace(party, queued)
        return True

    def _send(self, party: str, queued: Queued, answer: Waiting | None) -> None:
        if answer is None:
            self._amendments.begin(party, unverified(queued.envelope).payload)
        elif answer[1]["hash"] == queued.hash:
            self._amendments.accept(answer)  # they propose what our person has signed: the same payload
        elif answer[1]["hash"] == queued.instead:
            self._amendments.send_counter(answer, queued.envelope, MERGED)
        else:
            raise Refused("the peer has proposed another version meanwhile; look at it and answer that")

    def _answerable(self, tx: Transaction, party: str, queued: Queued) -> Waiting | None:
        """Their proposal of the same document that waits here."""
        for row, ask in self._amendments.waiting(tx, party):
            if (ask["document"], ask["name"]) == (queued.kind, queued.name):
                return row, ask
        return None

    def _begun(self, tx: Transaction, party: str, queued: Queued) -> bool:
        """Whether the journal has our proposal of it since it was ordered: a crash came between sending and forgetting."""
        ours = self._office.identity().party
        return any(
            fact.index >= queued.asked
            and fact.subject == queued.hash
            and isinstance(fact.body, Proposed)
            and fact.body.by == ours
            for fact in self._amendments.facts(tx, party)
        )

    def _replace(self, party: str, queued: Queued, *by: Queued) -> bool:
        with self._office.store.transaction() as tx:
            kept = [each for each in self.queued(tx, party) if each != queued]
            self._put(tx, party, [*kept, *by])
        return False

    @staticmethod
    def _put(tx: Transaction, party: str, waiting: list[Queued]) -> None:
        tx.settings.put(_name(party), msgspec.msgpack.encode(waiting))


def _name(party: str) -> str:
    return f"crossings.{party}"
