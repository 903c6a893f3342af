"""The room of amendment: what both journals make of joint documents, and how each version is stored with its proof.

Use cases stand on it: `agreements` for the agreement, `documents` for every other kind.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from detente.ceremonies import amendment
from detente.ceremonies.amendment import Amended, AmendmentKind, Slot
from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.versions import OPEN
from detente.errors import Misuse, NotAgreed, Refused, Unavailable
from detente.node.driver import Driver
from detente.node.office import Office
from detente.node.ports import CeremonyRow, DocumentRow, DocumentState, Transaction
from detente.pact.agreement import read_agreement
from detente.pact.document import Document, Shelf, document_type, read_document
from detente.pact.facts import Fact, Rejected, body_of, read_fact
from detente.pact.joint import Content
from detente.pact.kinds import KINDS, READERS
from detente.pact.policy import Standing, shelf, standing
from detente.pact.terms import Terms
from detente.pact.unilateral import STATEMENTS
from detente.wire.canonical import decode_base64
from detente.wire.envelope import add_signature, seal, unverified
from detente.wire.messages import ReceivedMessage

KEPT_AS: dict[str, DocumentState] = {"in_force": "in_force", "rejected": "rejected", "withdrawn": "rejected"}
PRECEDENCE = ("in_force", "suspended", "expired", "ended", "proposed", "none")

# entries do not change: each is parsed once, however often a fold asks for it
_fact = lru_cache(maxsize=1 << 17)(read_fact)

Waiting = tuple[CeremonyRow, dict[str, Any]]


class Amendments:
    """How the subject of joint documents answers for its ceremony."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.driver: Driver | None = None

    # -- what the journal says

    def facts(self, tx: Transaction, party: str) -> list[Fact]:
        """What our journal says of the pact with one peer, in order."""
        rows = tx.journal.find(party=party)
        found = (_fact(row.index, row.party, row.data) for row in rows)
        return [fact for fact in found if fact is not None]

    def standing(self, tx: Transaction, party: str, name: str = "") -> Standing:
        """Where the agreement with a peer stands; the one that counts where there are several names."""
        now = self.office.clock.now()
        facts = self.facts(tx, party)
        names = [name] if name else sorted({d.name for d in tx.documents.find(kind="agreement", party=party)})
        found = [standing(facts, each, lambda digest: self.terms_of(tx, digest), now) for each in names]
        return min(found, key=lambda s: PRECEDENCE.index(s.state), default=Standing("none", name or "main"))

    def shelf(self, tx: Transaction, party: str, kind: str, name: str) -> Shelf:
        """Every version of one document with a peer."""
        return shelf(self.facts(tx, party), kind, name, self.office.clock.now())

    def terms_of(self, tx: Transaction, digest: str) -> Terms:
        """The terms behind a hash. NotAgreed where this node does not hold them."""
        row = tx.documents.get(digest)
        if row is None:
            raise NotAgreed(
                "the agreement is named in the journal but its text is not here; restore a backup"
            )
        return read_agreement(unverified(row.envelope).payload)[1]

    # -- what people do

    def begin(self, party: str, payload: bytes) -> str:
        """Signs a version or a statement and opens its conversation. Returns the hash."""
        office, document = self.office, read_document(payload)
        with office.store.snapshot() as tx:
            office.require_writable(tx)
            setup = self._setup(tx, party, seal(document.payload_type, payload, office.identity()))
        self.drive().begin("amendment", party, setup)
        return document.hash

    def accept(self, waiting: Waiting) -> str:
        """Signs what the peer proposed: in force here when this returns, there from the same instant. Returns the hash."""
        row, ask = waiting
        envelope = add_signature(decode_base64(ask["envelope"]), self.office.identity())
        self.drive().decide(row.id, amendment.accept(envelope, self._slot_asked(row, ask)))
        return str(ask["hash"])

    def counter(self, waiting: Waiting, payload: bytes, reason: str) -> str:
        """Rejects what the peer proposed and proposes this in its place, in one message. Returns the new hash."""
        document = read_document(payload)
        envelope = seal(document_type(document.kind), payload, self.office.identity())
        self.send_counter(waiting, envelope, reason)
        return document.hash

    def send_counter(self, waiting: Waiting, envelope: bytes, reason: str) -> None:
        """The same with an envelope that a person signed before."""
        row, ask = waiting
        self.drive().decide(row.id, amendment.counter(envelope, self._slot_asked(row, ask), reason))

    def reject(self, waiting: Waiting, reason: str) -> str:
        row, ask = waiting
        self.drive().decide(row.id, amendment.reject(reason))
        return str(ask["hash"])

    def withdraw(self, ceremony: str) -> None:
        """Takes back our proposal; it stays live until the peer has acknowledged that."""
        self.drive().decide(ceremony, amendment.withdraw())

    def waiting(self, tx: Transaction, party: str) -> list[Waiting]:
        """The peer's proposals that wait for a person here."""
        rows = tx.ceremonies.find(status="open", kind="amendment", party=party)
        asked = [(row, msgspec.json.decode(row.summary).get("ask")) for row in rows]
        return [(row, ask["subject"]) for row, ask in asked if ask is not None]

    def under_way(self, tx: Transaction, party: str, digest: str, but: str = "") -> CeremonyRow | None:
        """The open conversation about a version, another than `but`."""
        for row in tx.ceremonies.find(status="open", kind="amendment", party=party):
            if row.id != but and tx.settings.get(_about(row.id)) == digest.encode():
                return row
        return None

    def pair(self, party: str) -> tuple[str, str]:
        ours = self.office.identity().party
        return (min(ours, party), max(ours, party))

    def drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver

    # -- the room

    def kind(self) -> Kind:
        return AmendmentKind(READERS)

    def admit(self, tx: Transaction, received: ReceivedMessage) -> amendment.Setup:
        return self._setup(tx, received.message.sender, b"")

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        """Keeps the envelope of what is proposed and of what both signed; the state is the journal's."""
        if isinstance(effect, Ask):
            envelope = decode_base64(effect.subject["envelope"])
            if effect.subject["document"] != "resume":
                self.require_own_word(tx, row.party, read_document(unverified(envelope).payload), row.party)
                self._keep(tx, row.party, envelope, "proposed", row.party)
        elif isinstance(effect.result, Amended):
            self._settled(tx, row, effect.result)
        else:
            self._broken_off(tx, row, str(effect.fault or ""))

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """Rows follow the entries of versions; what another process of this node has signed meanwhile refuses ours."""
        ours = self.office.identity().party
        if effect.kind == "document.proposed":
            tx.settings.put(_about(row.id), effect.subject.encode())
            if effect.body["by"] == ours and effect.body["document"] not in STATEMENTS:
                envelope = self._signed_by_us(tx, row, effect.subject)
                self._keep(tx, row.party, envelope, "proposed", ours)
                self._require_alone(tx, row.party, effect.subject)
                if self.under_way(tx, row.party, effect.subject, but=row.id) is not None:
                    raise Refused(OPEN)
        elif effect.kind == "document.accepted" and effect.body["by"] == ours:
            self._require_alone(tx, row.party, effect.subject)
        elif effect.kind in ("document.suspended", "document.ended") and effect.body["by"] == ours:
            setup = msgspec.msgpack.decode(row.setup, type=amendment.Setup)
            tx.settings.put(f"statement.{effect.body['statement']}", setup.envelope)
        elif effect.kind == "document.rejected":
            known = tx.documents.get(effect.subject)
            if known is not None and known.state == "proposed":
                tx.documents.put(msgspec.structs.replace(known, state="rejected"))

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        return None  # people sign

    def require_own_word(self, tx: Transaction, party: str, document: Document, by: str) -> None:
        """Raises Refused where `by` changes in a version what is the other party's own word (spec/amendment, clause 13)."""
        kind = KINDS.get(document.kind)
        if kind is None or kind.own_word is None:
            return
        rows = tx.documents.find(kind=document.kind, party=party)
        said = [content_of(r) for r in rows if r.base == document.base and r.proposed_by != by]
        base = tx.documents.get(document.base) if document.base else None
        kind.own_word(content_of(base) if base else None, document.content, by, said)

    # -- inside

    def _settled(self, tx: Transaction, row: CeremonyRow, done: Amended) -> None:
        state = KEPT_AS.get(done.outcome)
        if state is not None and done.kind != "resume":
            self._keep(tx, row.party, done.envelope, state, done.by, done.effective)
            if state == "in_force" and done.base:
                self._restate(tx, done.base, "superseded")
        elif done.outcome in ("suspended", "resumed", "ended", "revoked"):
            states: dict[str, DocumentState] = {"suspended": "suspended", "resumed": "in_force"}
            self._restate(tx, done.base, states.get(done.outcome, "ended"))
            tx.settings.put(f"statement.{done.hash}", done.envelope)

    def _broken_off(self, tx: Transaction, row: CeremonyRow, reason: str) -> None:
        """A conversation that was refused or ended before an answer: its proposal is dead, and the journal says so."""
        digest = (tx.settings.get(_about(row.id)) or b"").decode()
        known = tx.documents.get(digest) if digest else None
        if known is None or known.state != "proposed" or self.under_way(tx, row.party, digest, but=row.id):
            return
        ours = self.office.identity().party
        by = row.party if known.proposed_by == ours else ours
        self.office.journal(tx, "document.rejected", digest, row.party, body_of(Rejected(by, reason[:2000])))
        self._restate(tx, digest, "rejected")

    def _require_alone(self, tx: Transaction, party: str, digest: str) -> None:
        """Two processes of this node may sign at once: in the transaction the second one is refused."""
        row = tx.documents.get(digest)
        if row is None:
            return  # a resumption: it is no version
        found = self.shelf(tx, party, row.kind, row.name)
        if found.base != row.base:
            raise Refused("it does not follow the version in force; propose it again on that one")
        ours = self.office.identity().party
        if any(each.by == ours and each.hash != digest for each in found.proposals):
            raise Refused(OPEN)

    @staticmethod
    def _signed_by_us(tx: Transaction, row: CeremonyRow, digest: str) -> bytes:
        """The envelope that we propose: in the setup, or in the decision that countered."""
        candidates = [msgspec.msgpack.decode(row.setup, type=amendment.Setup).envelope]
        for stored in tx.ceremonies.inputs(row.id):
            if not stored.message:
                said = msgspec.json.decode(stored.raw)["body"]
                candidates.append(decode_base64(said["envelope"]) if "envelope" in said else b"")
        for envelope in filter(None, candidates):
            if read_document(unverified(envelope).payload).hash == digest:
                return envelope
        raise Misuse("a proposal of ours without its envelope")

    def _setup(self, tx: Transaction, party: str, envelope: bytes) -> amendment.Setup:
        ring = self.office.keys(tx)
        ours = self.office.identity().party
        names = {(d.kind, d.name) for d in tx.documents.find(party=party)}
        held = self.standing(tx, party).state == "suspended"
        slots = tuple(self._slot(tx, party, kind, name, held) for kind, name in sorted(names))
        periods = {p: ring.periods[p] for p in (ours, party)}
        return amendment.Setup(ours, party, periods, slots, envelope, held)

    def _slot_asked(self, row: CeremonyRow, ask: dict[str, Any]) -> Slot:
        with self.office.store.snapshot() as tx:
            kind = "agreement" if ask["document"] in STATEMENTS else ask["document"]
            held = self.standing(tx, row.party).state == "suspended"
            return self._slot(tx, row.party, kind, ask["name"], held)

    def _slot(self, tx: Transaction, party: str, kind: str, name: str, held: bool) -> Slot:
        found = self.shelf(tx, party, kind, name)
        slot = amendment.slot_of(found, kind, name, self.office.identity().party)
        signed = tx.documents.get(slot.open) if slot.open else None
        first = self.under_way(tx, party, slot.theirs) if slot.theirs else None
        told = [each.raw for each in tx.ceremonies.inputs(first.id) if each.message] if first else []
        slot = msgspec.structs.replace(
            slot, signed=signed.envelope if signed else b"", said=told[-1] if told else b""
        )
        if kind != "agreement":
            return msgspec.structs.replace(slot, held=held)
        stands = self.standing(tx, party, name)
        notice = stands.terms.notice_days if stands.terms else 0
        return msgspec.structs.replace(slot, suspensions=stands.suspensions, notice_days=notice)

    def _keep(
        self,
        tx: Transaction,
        party: str,
        envelope: bytes,
        state: DocumentState,
        by: str,
        since: int | None = None,
    ) -> None:
        document = read_document(unverified(envelope).payload)
        now = self.office.clock.now()
        known = tx.documents.get(document.hash)
        if known is not None and known.state in ("superseded", "ended"):
            return  # a second acceptance of it, long after
        since = since if state == "in_force" else known.since if known else None
        tx.documents.put(
            DocumentRow(
                document.hash, document.kind, document.name, party, document.base, envelope,
                state, by, known.at if known else now, since,
            )
        )  # fmt: skip

    @staticmethod
    def _restate(tx: Transaction, digest: str, state: DocumentState) -> None:
        known = tx.documents.get(digest)
        if known is not None:
            tx.documents.put(msgspec.structs.replace(known, state=state))


def content_of(row: DocumentRow) -> Content:
    """What a stored version says. Its signatures were verified when it was stored."""
    return read_document(unverified(row.envelope).payload).content


def _about(ceremony: str) -> str:
    return f"amending.{ceremony}"


__all__ = ["Amendments", "Waiting", "content_of"]
