"""Agreements: propose, sign, suspend, resume, end; and what is in force, as a fold over the journal."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from detente.ceremonies import amendment
from detente.ceremonies.amendment import Amended, AmendmentKind, Slot
from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.errors import Misuse, NotAgreed, Unavailable
from detente.node.driver import Driver
from detente.node.office import Office
from detente.node.ports import CeremonyRow, DocumentRow, DocumentState, RecordRow, Transaction
from detente.pact.agreement import (
    agreement_hash,
    consequences,
    difference,
    parse_terms,
    read_agreement,
    statement,
    template,
)
from detente.pact.document import document_type, read_document
from detente.pact.facts import Fact, read_fact
from detente.pact.policy import Activity, Standing, require_in_force, shelf, standing
from detente.pact.terms import DAY_MS, PartyTerms, Terms, require_sound
from detente.wire.canonical import decode_base64
from detente.wire.envelope import add_signature, seal, unverified
from detente.wire.instant import Instant, rfc3339
from detente.wire.messages import ReceivedMessage

KEPT_AS: dict[str, DocumentState] = {"in_force": "in_force", "rejected": "rejected", "withdrawn": "rejected"}
YEAR_MS = 365 * DAY_MS


# entries do not change: each is parsed once, however often a fold asks for it
_fact = lru_cache(maxsize=1 << 17)(read_fact)


class AgreementView(msgspec.Struct, frozen=True):
    """One agreement with one peer: where it stands, what it means for us, and what waits for a signature."""

    peer: str
    name: str
    state: str
    hash: str
    since: str
    ends: str
    suspended_by: list[str]
    consequences: list[str]
    proposals: list[ProposalView]


class ProposalView(msgspec.Struct, frozen=True):
    """A version that is not signed by both. `ceremony` is "" for our own proposals."""

    hash: str
    by: str
    ceremony: str
    consequences: list[str]
    changes: list[str]


class Agreements:
    """The room of amendment."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.driver: Driver | None = None

    # -- what is in force

    def facts(self, tx: Transaction, party: str) -> list[Fact]:
        """What our journal says of the pact with one peer, in order."""
        rows = tx.journal.find(party=party)
        found = (_fact(row.index, row.party, row.data) for row in rows)
        return [fact for fact in found if fact is not None]

    def standing(self, tx: Transaction, party: str, name: str = "") -> Standing:
        """Where the agreement with a peer stands; the one that counts where there are several names."""
        now = self._office.clock.now()
        facts = self.facts(tx, party)
        names = [name] if name else sorted({d.name for d in tx.documents.find(kind="agreement", party=party)})
        found = [standing(facts, each, lambda digest: self.terms_of(tx, digest), now) for each in names]
        order = ("in_force", "suspended", "expired", "ended", "proposed", "none")
        return min(found, key=lambda s: order.index(s.state), default=Standing("none", name or "main"))

    def in_force(
        self, tx: Transaction, party: str, activity: Activity, agreement: str = ""
    ) -> tuple[str, Terms]:
        """Hash and terms under which an activity may go on now. Raises NotAgreed or Expired."""
        found = self.standing(tx, party)
        terms = require_in_force(found, activity, agreement)
        return found.hash, terms

    def terms_of(self, tx: Transaction, digest: str) -> Terms:
        """The terms behind a hash. NotAgreed where this node does not hold them."""
        row = tx.documents.get(digest)
        if row is None:
            raise NotAgreed(
                "the agreement is named in the journal but its text is not here; restore a backup"
            )
        return read_agreement(unverified(row.envelope).payload)[1]

    def consents(self, tx: Transaction, party: str, record: RecordRow) -> frozenset[str]:
        """The originator of a record, where its signed consent lets this one record go on to this peer; else nobody."""
        source = record.origin.removeprefix("party:")
        return frozenset({source}) if record.id in self._consented(tx, party) else frozenset()

    def consent(self, tx: Transaction, party: str, record: str) -> None:
        """Notes that the originator of a record lets it go on to a peer. A consent is for one item and one party."""
        kept = sorted(self._consented(tx, party) | {record})
        tx.settings.put(f"consents.{party}", msgspec.json.encode(kept))

    @staticmethod
    def _consented(tx: Transaction, party: str) -> set[str]:
        kept = tx.settings.get(f"consents.{party}")
        return set(msgspec.json.decode(kept, type=list[str])) if kept else set()

    # -- use cases

    def template(self, peer: str) -> str:
        """Terms to edit, as commented TOML, for an agreement with a peer."""
        office = self._office
        with office.store.snapshot() as tx:
            row = office.peer(tx, peer)
            ours = PartyTerms(office.identity().party, office.name(tx))
        return template(ours, PartyTerms(row.party, row.name), office.clock.now() + YEAR_MS)

    def propose(self, toml: str, peer: str) -> str:
        """Signs terms and proposes them. Returns the document's hash. Raises Misuse for terms that contradict themselves."""
        office = self._office
        terms = parse_terms(toml)
        require_sound(terms)
        with office.store.snapshot() as tx:
            party = office.peer(tx, peer).party
            if terms.peer_of(office.identity().party).id != party:
                raise Misuse("these terms are with another party than --with names")
            base = self._shelf_base(tx, party, terms.name)
            payload = statement(terms, base)
        digest = agreement_hash(payload)
        self._begin(party, payload, "agreement", terms.name, digest, base)
        return digest

    def show(self, peer: str = "") -> list[AgreementView]:
        """Every agreement with a peer, or with all."""
        with self._office.store.snapshot() as tx:
            peers = [self._office.peer(tx, peer)] if peer else tx.peers.all()
            views = []
            for row in peers:
                for name in sorted({d.name for d in tx.documents.find(kind="agreement", party=row.party)}):
                    views.append(self._view(tx, row.party, row.name, name))
            return views

    def sign(self, peer: str, hash: str = "") -> str:
        """Signs what the peer proposed: it is in force when this returns here, and there once our answer arrives. Returns the hash."""
        row, ask = self._proposal(peer, hash)
        envelope = add_signature(decode_base64(ask["envelope"]), self._office.identity())
        with self._office.store.snapshot() as tx:
            kind = "agreement" if ask["document"] in ("suspend", "end", "resume") else ask["document"]
            slot = self._slot(tx, row.party, kind, ask["name"])
        self._drive().decide(row.id, amendment.accept(envelope, slot))
        return str(ask["hash"])

    def reject(self, peer: str, hash: str = "", reason: str = "") -> str:
        """Declines what the peer proposed, with a reason that it is told."""
        row, ask = self._proposal(peer, hash)
        self._drive().decide(row.id, amendment.reject(reason))
        return str(ask["hash"])

    def suspend(self, peer: str, reason: str = "") -> str:
        """Suspends the agreement at once; the peer is told. Returns the statement's hash."""
        party, found = self._found(peer)
        now, nonce = self._office.clock.now(), self._office.entropy.draw(16).hex()
        pair = self._pair(party)
        payload = amendment.write_suspension(
            found.name, found.hash, pair, self._office.identity().party, now, nonce, reason
        )
        return self._declare(party, payload, found)

    def resume(self, peer: str) -> str:
        """Proposes to lift the suspensions that hold; the peer signs it too."""
        party, found = self._found(peer)
        if not found.suspensions:
            raise Misuse("the agreement is not suspended")
        payload = amendment.write_resumption(found.name, found.hash, self._pair(party), found.suspensions)
        return self._declare(party, payload, found)

    def end(self, peer: str, reason: str = "") -> str:
        """Gives notice: the agreement ends after the agreed days."""
        party, found = self._found(peer)
        now = self._office.clock.now()
        days = found.terms.notice_days if found.terms else 0
        ours = self._office.identity().party
        payload = amendment.write_end(
            found.name, found.hash, self._pair(party), ours, now, now + days * DAY_MS, reason
        )
        return self._declare(party, payload, found)

    # -- the room

    def kind(self) -> Kind:
        return AmendmentKind()

    def admit(self, tx: Transaction, received: ReceivedMessage) -> amendment.Setup:
        return self._setup(tx, received.message.sender, b"")

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        """Keeps the envelope of what is proposed and of what both signed; the state is the journal's."""
        if isinstance(effect, Ask):
            subject = effect.subject
            if subject["document"] != "resume":
                envelope = decode_base64(subject["envelope"])
                self._keep(tx, row.party, envelope, "proposed", row.party)
        elif isinstance(effect.result, Amended):
            done = effect.result
            state = KEPT_AS.get(done.outcome)
            if state is not None and done.kind != "resume":
                self._keep(tx, row.party, done.envelope, state, done.by)
                if state == "in_force" and done.base:
                    self._restate(tx, done.base, "superseded")
            elif done.outcome in ("suspended", "resumed", "ended"):
                self._restate(tx, done.base, "in_force" if done.outcome == "resumed" else done.outcome)
                tx.settings.put(f"statement.{done.hash}", done.envelope)

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """No row of this room follows single entries."""

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        return None  # people sign

    # -- inside

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver

    def _pair(self, party: str) -> tuple[str, str]:
        ours = self._office.identity().party
        return (min(ours, party), max(ours, party))

    def _found(self, peer: str) -> tuple[str, Standing]:
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            found = self.standing(tx, party)
        if not found.hash:
            raise NotAgreed("there is no agreement with this peer that both signed")
        return party, found

    def _declare(self, party: str, payload: bytes, found: Standing) -> str:
        document = read_document(payload)
        return self._begin(party, payload, document.kind, found.name, document.hash, found.hash)

    def _begin(self, party: str, payload: bytes, kind: str, name: str, digest: str, base: str) -> str:
        office = self._office
        envelope = seal(document_type(kind), payload, office.identity())
        with office.store.snapshot() as tx:
            office.require_writable(tx)
            setup = self._setup(tx, party, envelope)
        self._drive().begin("amendment", party, setup)
        if kind not in ("suspend", "end", "resume"):
            with office.store.transaction() as tx:
                self._keep(tx, party, envelope, "proposed", office.identity().party)
        return digest

    def _setup(self, tx: Transaction, party: str, envelope: bytes) -> amendment.Setup:
        ring = self._office.keys(tx)
        ours = self._office.identity().party
        names = {(d.kind, d.name) for d in tx.documents.find(party=party)}
        slots = tuple(self._slot(tx, party, kind, name) for kind, name in sorted(names))
        periods = {p: ring.periods[p] for p in (ours, party)}
        return amendment.Setup(ours, party, periods, slots, envelope)

    def _slot(self, tx: Transaction, party: str, kind: str, name: str) -> Slot:
        facts, now = self.facts(tx, party), self._office.clock.now()
        found = shelf(facts, kind, name, now)
        ours = self._office.identity().party
        if kind != "agreement":
            return amendment.slot_of(found, kind, name, ours)
        stands = self.standing(tx, party, name)
        notice = stands.terms.notice_days if stands.terms else 0
        return amendment.slot_of(found, kind, name, ours, suspensions=stands.suspensions, notice_days=notice)

    def _shelf_base(self, tx: Transaction, party: str, name: str) -> str:
        return shelf(self.facts(tx, party), "agreement", name, self._office.clock.now()).base

    def _proposal(self, peer: str, digest: str) -> tuple[CeremonyRow, dict[str, str]]:
        """The peer's proposal that waits for us: the only one, or the one of that hash."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            waiting = [
                (row, ask["subject"])
                for row in tx.ceremonies.find(status="open", kind="amendment", party=party)
                if (ask := msgspec.json.decode(row.summary).get("ask")) is not None
            ]
        found = [(row, ask) for row, ask in waiting if str(ask["hash"]).startswith(digest)]
        if not found:
            raise Misuse(
                "the peer has proposed nothing that waits for a signature; `detente agreement show` lists what there is"
            )
        if len(found) > 1:
            raise Misuse(f"{len(found)} proposals wait; name one by its hash")
        return found[0]

    def _keep(self, tx: Transaction, party: str, envelope: bytes, state: DocumentState, by: str) -> None:
        document = read_document(unverified(envelope).payload)
        now = self._office.clock.now()
        known = tx.documents.get(document.hash)
        since = now if state == "in_force" else known.since if known else None
        tx.documents.put(
            DocumentRow(
                document.hash, document.kind, document.name, party, document.base, envelope,
                state, by, known.at if known else now, since,
            )
        )  # fmt: skip

    def _restate(self, tx: Transaction, digest: str, state: DocumentState) -> None:
        known = tx.documents.get(digest)
        if known is not None:
            tx.documents.put(msgspec.structs.replace(known, state=state))

    def _view(self, tx: Transaction, party: str, peer: str, name: str) -> AgreementView:
        ours = self._office.identity().party
        found = self.standing(tx, party, name)
        asked = [
            (ask["subject"], row.id)
            for row in tx.ceremonies.find(status="open", kind="amendment", party=party)
            if (ask := msgspec.json.decode(row.summary).get("ask")) is not None
        ]
        waiting = {subject["hash"]: ceremony for subject, ceremony in asked}
        proposals = []
        for version in found.proposals:
            terms = self.terms_of(tx, version.hash)
            changes = [str(c) for c in difference(found.terms, terms)] if found.terms else []
            by = "ours" if version.by == ours else peer
            view = ProposalView(
                version.hash, by, waiting.get(version.hash, ""), consequences(terms, ours), changes
            )
            proposals.append(view)
        for subject, ceremony in asked:
            if subject["document"] == "resume" and subject["name"] == name:
                meaning = "Lifts the suspension: once you sign, the agreement is in force again."
                proposals.append(ProposalView(subject["hash"], peer, ceremony, [meaning], []))
        row = tx.documents.get(found.hash) if found.hash else None
        names = {ours: "ours", party: peer}
        return AgreementView(
            peer, name, found.state, found.hash, _text(row.since if row else None), _text(found.ends),
            [names.get(p, p) for p in found.suspended_by], consequences(found.terms, ours) if found.terms else [], proposals,
        )  # fmt: skip


def _text(instant: Instant | None) -> str:
    return rfc3339(instant) if instant is not None else ""


__all__ = ["AgreementView", "Agreements", "ProposalView"]
