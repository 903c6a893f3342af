"""Agreements: propose, sign, suspend, resume, end; and what is in force, as a fold over the journal."""

from __future__ import annotations

import msgspec

from detente.ceremonies import amendment
from detente.errors import Misuse, NotAgreed
from detente.node.amendments import Amendments, Waiting
from detente.node.office import Office
from detente.node.ports import RecordRow, Transaction
from detente.pact.agreement import (
    agreement_hash,
    consequences,
    difference,
    parse_terms,
    statement,
    template,
)
from detente.pact.facts import Fact
from detente.pact.policy import Activity, Standing, require_in_force
from detente.pact.terms import DAY_MS, PartyTerms, Terms, require_sound
from detente.wire.instant import Instant, rfc3339

YEAR_MS = 365 * DAY_MS


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
    """The use cases of the agreement; its conversations are the room of amendment's."""

    def __init__(self, office: Office, amendments: Amendments) -> None:
        self._office, self._amendments = office, amendments

    # -- what is in force

    def facts(self, tx: Transaction, party: str) -> list[Fact]:
        """What our journal says of the pact with one peer, in order."""
        return self._amendments.facts(tx, party)

    def standing(self, tx: Transaction, party: str, name: str = "") -> Standing:
        """Where the agreement with a peer stands; the one that counts where there are several names."""
        return self._amendments.standing(tx, party, name)

    def terms_of(self, tx: Transaction, digest: str) -> Terms:
        """The terms behind a hash. NotAgreed where this node does not hold them."""
        return self._amendments.terms_of(tx, digest)

    def in_force(
        self, tx: Transaction, party: str, activity: Activity, agreement: str = ""
    ) -> tuple[str, Terms]:
        """Hash and terms under which an activity may go on now. Raises NotAgreed or Expired."""
        found = self.standing(tx, party)
        terms = require_in_force(found, activity, agreement)
        return found.hash, terms

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
            payload = statement(terms, self._amendments.shelf(tx, party, "agreement", terms.name).base)
        self._amendments.begin(party, payload)
        return agreement_hash(payload)

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
        return self._amendments.accept(self._proposal(peer, hash))

    def reject(self, peer: str, hash: str = "", reason: str = "") -> str:
        """Declines what the peer proposed, with a reason that it is told."""
        return self._amendments.reject(self._proposal(peer, hash), reason)

    def suspend(self, peer: str, reason: str = "") -> str:
        """Suspends the agreement at once; the peer is told. Returns the statement's hash."""
        party, found = self._found(peer)
        now, nonce = self._office.clock.now(), self._office.entropy.draw(16).hex()
        pair = self._amendments.pair(party)
        payload = amendment.write_suspension(
            found.name, found.hash, pair, self._office.identity().party, now, nonce, reason
        )
        return self._amendments.begin(party, payload)

    def resume(self, peer: str) -> str:
        """Proposes to lift the suspensions that hold; the peer signs it too."""
        party, found = self._found(peer)
        if not found.suspensions:
            raise Misuse("the agreement is not suspended")
        payload = amendment.write_resumption(
            found.name, found.hash, self._amendments.pair(party), found.suspensions
        )
        return self._amendments.begin(party, payload)

    def end(self, peer: str, reason: str = "") -> str:
        """Gives notice: the agreement ends after the agreed days."""
        party, found = self._found(peer)
        now = self._office.clock.now()
        days = found.terms.notice_days if found.terms else 0
        ours = self._office.identity().party
        payload = amendment.write_end(
            found.name, found.hash, self._amendments.pair(party), ours, now, now + days * DAY_MS, reason
        )
        return self._amendments.begin(party, payload)

    # -- inside

    def _found(self, peer: str) -> tuple[str, Standing]:
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            found = self.standing(tx, party)
        if not found.hash:
            raise NotAgreed("there is no agreement with this peer that both signed")
        return party, found

    def _proposal(self, peer: str, digest: str) -> Waiting:
        """The peer's proposal of terms, or of a resumption, that waits for us: the only one, or the one of that hash."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            waiting = self._amendments.waiting(tx, party)
        about = [each for each in waiting if each[1]["document"] in ("agreement", "resume")]
        found = [each for each in about if str(each[1]["hash"]).startswith(digest)]
        if not found:
            raise Misuse(
                "the peer has proposed nothing that waits for a signature; `detente agreement show` lists what there is"
            )
        if len(found) > 1:
            raise Misuse(f"{len(found)} proposals wait; name one by its hash")
        return found[0]

    def _view(self, tx: Transaction, party: str, peer: str, name: str) -> AgreementView:
        ours = self._office.identity().party
        found = self.standing(tx, party, name)
        asked = [(ask, row.id) for row, ask in self._amendments.waiting(tx, party)]
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
