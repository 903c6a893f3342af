"""The journal and its witnesses: heads countersigned with each peer, entries shown, the tree verified."""

from __future__ import annotations

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.countersigning import Countersigned, CountersigningKind, CountersignSetup
from detente.errors import Misuse, Unavailable
from detente.journal.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    cosign,
    open_checkpoint,
    origin_of,
    sign_checkpoint,
)
from detente.journal.entries import parse_entry
from detente.journal.export import Balance, Hidden, Shown, export_bundle
from detente.journal.head import check_restored
from detente.journal.merkle import Frontier, consistency_proof, leaf_hash, root_at
from detente.node.agreements import Agreements
from detente.node.driver import Driver
from detente.node.office import SOFTWARE, Office
from detente.node.ports import CeremonyRow, CheckpointRow, Transaction
from detente.pact.facts import Ended, Resumed, Suspended
from detente.pact.ledger import ledger
from detente.wire.instant import rfc3339
from detente.wire.messages import ReceivedMessage


class EntryView(msgspec.Struct, frozen=True):
    """One journal entry as an auditor reads it."""

    index: int
    at: str
    kind: str
    subject: str
    peer: str
    body: dict[str, object]


class HeadView(msgspec.Struct, frozen=True):
    """Our journal's head, and for each peer how far each side has cosigned the other's."""

    size: int
    root: str
    peers: list[tuple[str, int, int]]  # name, our entries that they cosigned, their entries that we cosigned


class Verified(msgspec.Struct, frozen=True):
    """What `journal verify` checked."""

    entries: int
    root: str
    cosigned: dict[str, int]


class Witness:
    """The room of countersigning."""

    def __init__(self, office: Office, agreements: Agreements) -> None:
        self._office, self._agreements = office, agreements
        self.driver: Driver | None = None

    def start(self, peer: str) -> str:
        """Begins to countersign heads with a peer. Returns the ceremony id."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            setup = self._setup(tx, party)
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver.begin("countersigning", party, setup)

    def fresh(self, peer: str) -> bool:
        """Whether they have cosigned every entry of ours up to the newest records.loaded, and we some head of theirs."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            ours = self._office.identity().party
            mine, other = tx.checkpoints.latest(ours, party), tx.checkpoints.latest(party, ours)
            newest = max((e.index for e in tx.journal.find(kind="records.loaded")), default=-1)
        return mine is not None and other is not None and mine.size > newest

    def show(self, *, kind: str = "", subject: str = "", peer: str = "", limit: int = 50) -> list[EntryView]:
        """The newest entries, oldest of them first."""
        with self._office.store.snapshot() as tx:
            names = {p.party: p.name for p in tx.peers.all()}
            party = self._office.peer(tx, peer).party if peer else None
            rows = list(tx.journal.find(kind=kind, subject=subject, party=party))[-limit:]
        return [
            EntryView(
                r.index,
                rfc3339(r.at),
                r.kind,
                r.subject,
                names.get(r.party, r.party),
                dict(parse_entry(r.data).body),
            )
            for r in rows
        ]

    def heads(self) -> HeadView:
        """Where our journal stands and how far it is witnessed."""
        with self._office.store.snapshot() as tx:
            size = tx.journal.size()
            ours = self._office.identity().party
            peers = []
            for peer in tx.peers.all():
                mine, other = tx.checkpoints.latest(ours, peer.party), tx.checkpoints.latest(peer.party, ours)
                peers.append((peer.name, mine.size if mine else 0, other.size if other else 0))
            return HeadView(size, root_at(size, tx.journal.hash_at).hex(), peers)

    def verify(self) -> Verified:
        """Recomputes the tree from every entry and holds it against the stored nodes and each cosigned head. Raises Unavailable or Misuse."""
        with self._office.store.snapshot() as tx:
            frontier, size = Frontier(), tx.journal.size()
            roots: dict[int, bytes] = {}
            wanted = self._cosigned(tx)
            sizes = {row.size for row in wanted}
            for index in range(size):
                frontier, _ = frontier.append(leaf_hash(tx.journal.entry(index).data))
                if index + 1 in sizes:
                    roots[index + 1] = frontier.root
            if frontier.root != root_at(size, tx.journal.hash_at):
                raise Misuse(
                    "the journal's entries do not give its stored tree: the database was altered; restore a backup"
                )
            for row in wanted:
                if roots.get(row.size) != row.root:
                    raise Misuse(
                        f"entry {row.size - 1} or an earlier one is not what the peer {row.cosigner[:12]} cosigned"
                    )
            return Verified(size, frontier.root.hex(), {row.cosigner: row.size for row in wanted})

    def export(self, peer: str) -> bytes:
        """The evidence bundle of our relation with one peer, as `detente-verify` reads it (spec/journal, "The bundle").

        Entries that concern other peers are leaf hashes. Keep it as you keep what was swapped: it holds the keys of items, not their ciphertexts.
        """
        office = self._office
        with office.store.snapshot() as tx:
            row = office.peer(tx, peer)
            ours, now = office.identity(), office.clock.now()
            size = tx.journal.size()
            entries = (tx.journal.entry(i) for i in range(size))
            head = Checkpoint(origin_of(ours.party), size, root_at(size, tx.journal.hash_at))
            cosigned = [c for c in tx.checkpoints.all(ours.party) if c.cosigner == row.party]
            notes = [c.note for c in cosigned if c.size < size] + [
                next((c.note for c in cosigned if c.size == size), sign_checkpoint(head, ours, ours.public))
            ]
            theirs = tx.checkpoints.latest(row.party, ours.party)
            documents = tx.documents.find(party=row.party)
            lines = export_bundle(
                ours.party,
                row.party,
                office.parties(tx, row.party),
                exported=now,
                software=SOFTWARE,
                entries=(
                    Shown(e.data) if e.party in ("", row.party) else Hidden(leaf_hash(e.data))
                    for e in entries
                ),
                checkpoints=notes,
                peer_checkpoints=[(theirs.note, ())] if theirs else [],
                statements=[
                    *(d.envelope for d in documents if d.state != "proposed"),
                    *self._declared(tx, row.party),
                    *(letter.raw for letter in tx.letters.find(row.party)),
                ],
                balances=self._balances(tx, row.party),
            )
            return b"".join(lines)

    def _declared(self, tx: Transaction, party: str) -> list[bytes]:
        """The suspensions, resumptions, notices and revocations that our journal names."""
        facts = self._agreements.facts(tx, party)
        named = [f.body.statement for f in facts if isinstance(f.body, Suspended | Resumed | Ended)]
        kept = (tx.settings.get(f"statement.{digest}") for digest in dict.fromkeys(named))
        return [envelope for envelope in kept if envelope is not None]

    def _balances(self, tx: Transaction, party: str) -> list[Balance]:
        """What the ledger says of each agreement, by its versions."""
        facts = self._agreements.facts(tx, party)
        found = []
        for name in sorted({d.name for d in tx.documents.find(kind="agreement", party=party)}):
            standing = self._agreements.standing(tx, party, name)
            versions = [
                d.hash
                for d in tx.documents.find(kind="agreement", party=party)
                if d.name == name and d.since is not None
            ]
            if standing.terms is not None:
                kept = ledger(
                    facts,
                    standing.terms,
                    self._office.clock.now(),
                    agreements=versions,
                    terms_of=lambda version: self._agreements.terms_of(tx, version),
                )
                found.append(Balance(tuple(versions), kept.given, kept.received))
        return found

    def check_restored(self) -> None:
        """After every start: raises Unavailable where our journal is behind what a peer has cosigned."""
        with self._office.store.snapshot() as tx:
            for row in self._cosigned(tx):
                checkpoint = Checkpoint(origin_of(row.origin), row.size, row.root)
                check_restored(tx.journal.size(), tx.journal.hash_at, SignedCheckpoint(checkpoint, row.note))

    # -- the room

    def kind(self) -> Kind:
        return CountersigningKind(self._office.ring)

    def admit(self, tx: Transaction, received: ReceivedMessage) -> CountersignSetup:
        return self._setup(tx, received.message.sender)

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        if not isinstance(effect, Finish) or not isinstance(effect.result, Countersigned):
            return
        ours = self._office.identity().party
        self._keep(tx, ours, row.party, effect.result.ours)
        self._keep(tx, row.party, ours, effect.result.theirs)

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """No row of this room follows single entries."""

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        """The cosignature that the ceremony asks for: the head was accepted there."""
        office = self._office
        note = str(ask.subject["note"])
        signed = open_checkpoint(note.encode(), office.ring(), party=row.party)
        identity = office.identity()
        cosigned = cosign(signed, identity, identity.public, office.clock.now())
        return Decision("cosign", {"cosigned": cosigned.decode()})

    # -- inside

    def _setup(self, tx: Transaction, party: str) -> CountersignSetup:
        identity = self._office.identity()
        size = tx.journal.size()
        root = root_at(size, tx.journal.hash_at)
        note = sign_checkpoint(Checkpoint(origin_of(identity.party), size, root), identity, identity.public)
        last, held = (
            tx.checkpoints.latest(identity.party, party),
            tx.checkpoints.latest(party, identity.party),
        )
        since = last.size if last else 0
        proof = list(consistency_proof(since, size, tx.journal.hash_at))
        return CountersignSetup(
            identity.party, party, note.decode(), since, proof, held.note.decode() if held else ""
        )

    def _keep(self, tx: Transaction, origin: str, cosigner: str, note: str) -> None:
        head = open_checkpoint(note.encode(), self._office.keys(tx), party=origin).checkpoint
        known = tx.checkpoints.latest(origin, cosigner)
        if known is None or known.size < head.size:
            now = self._office.clock.now()
            tx.checkpoints.put(CheckpointRow(origin, cosigner, head.size, head.root, note.encode(), now))

    def _cosigned(self, tx: Transaction) -> list[CheckpointRow]:
        ours = self._office.identity().party
        return [row for row in tx.checkpoints.all(ours) if row.cosigner]
