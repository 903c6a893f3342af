"""What every room of the node shares, and the desk at which the driver asks.

A *room* is the use cases of one subject (runs, swaps, agreements, ...). Where its subject is a ceremony, the room also answers for that ceremony:
with which setup a peer's is met, what is stored when it ends, what the node itself replies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.errors import Misuse, NotAgreed, PeerFault, Refused, Unavailable
from detente.journal.entries import SALT_BYTES, Entry
from detente.journal.export import ExportedParty, evidence_from, export_bundle
from detente.node.ports import (
    CeremonyRow,
    Clock,
    Entropy,
    Pages,
    PeerRow,
    Store,
    Transaction,
    Transport,
    Turns,
    Vault,
)
from detente.psi.engine import Engine
from detente.topics.topic import Topic
from detente.wire.canonical import Json
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyPeriod, KeyRing, PublicKeys
from detente.wire.messages import ReceivedMessage, rfc3339

if TYPE_CHECKING:
    from detente.node.driver import Driver

SOFTWARE = "detente/0.1"


class Room(Protocol):
    """How a subject answers for its ceremony. `driver` is set once the node is assembled."""

    driver: Driver | None

    def kind(self) -> Kind: ...
    def admit(self, tx: Transaction, received: ReceivedMessage) -> msgspec.Struct: ...
    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None: ...
    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None: ...
    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None: ...


@runtime_checkable
class Watchful(Protocol):
    """A room whose ceremonies may lose their ground while they are under way."""

    def permit(self, tx: Transaction, row: CeremonyRow) -> None: ...


class _Period(msgspec.Struct):
    keys: dict[str, str]
    not_before: int
    not_after: int
    revoked_at: int | None


@dataclass
class Office:
    """Store, clock, dice, keys, topics and engines of one node."""

    store: Store
    clock: Clock
    entropy: Entropy
    transport: Transport
    vault: Vault
    turns: Turns
    topics: Mapping[str, Topic]
    engines: Mapping[str, Engine]
    pages: Pages
    rooms: dict[str, Room] = field(default_factory=dict)
    _identity: Identity | None = None

    # -- what the driver asks (see driver.Desk)

    def identity(self) -> Identity:
        """Our present keys. Unavailable before `init`."""
        if self._identity is None:
            with self.store.snapshot() as tx:
                seed, party = tx.settings.get("identity.seed"), tx.settings.get("identity.party")
            if seed is None or party is None:
                raise Unavailable("this node has no identity yet; run `detente init`")
            self._identity = generate_identity(seed, party=party.decode())
        return self._identity

    def identity_for(self, tx: Transaction, party: str) -> Identity:
        """The keys under which a peer knows us: the previous ones until it was told of a rotation."""
        previous = tx.settings.get("identity.previous")
        if previous and tx.settings.get(f"untold.{party}"):
            return generate_identity(previous, party=self.identity().party)
        return self.identity()

    def forget_identity(self) -> None:
        """After a rotation: the next use reads the new keys."""
        self._identity = None

    def keys(self, tx: Transaction) -> KeyRing:
        """The keys of ours and of every peer, with their history."""
        ring = KeyRing()
        ours, periods = tx.settings.get("identity.party"), tx.settings.get("identity.periods")
        if ours is not None and periods is not None:
            ring = ring.with_periods(ours.decode(), decode_periods(periods))
        for peer in tx.peers.all():
            ring = ring.with_periods(peer.party, decode_periods(peer.keys))
        return ring

    def pins(self, tx: Transaction, party: str) -> frozenset[str]:
        """SHA-256 hex of every TLS certificate under which a peer may call now."""
        peer, now = tx.peers.get(party), self.clock.now()
        if peer is None or peer.status == "revoked":
            return frozenset()
        return frozenset(p.keys.tls_sha256 for p in decode_periods(peer.keys) if p.covers(now))

    def ring(self) -> KeyRing:
        """The same, read now."""
        with self.store.snapshot() as tx:
            return self.keys(tx)

    def kind(self, name: str) -> Kind:
        return self._room(name).kind()

    def admit(self, tx: Transaction, message: ReceivedMessage) -> msgspec.Struct:
        self.require_writable(tx)
        return self._room(message.message.kind).admit(tx, message)

    def permit(self, tx: Transaction, row: CeremonyRow) -> None:
        """Raises Refused where a conversation may not go on."""
        room = self._room(row.kind)
        if isinstance(room, Watchful):
            room.permit(tx, row)

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        self._room(row.kind).settle(tx, row, effect)

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        self._room(row.kind).noted(tx, row, effect, index)

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        return self._room(row.kind).answer(row, ask)

    def evidence(self, tx: Transaction, row: CeremonyRow | None, party: str, fault: PeerFault) -> None:
        """Keeps the peer's fault: a file in the vault, and its hash in the journal."""
        now = self.clock.now()
        lines = export_bundle(
            self.identity().party,
            party,
            self.parties(tx, party),
            exported=now,
            software=SOFTWARE,
            evidence=[evidence_from(party, fault.evidence)],
        )
        data = b"".join(lines)
        path = self.vault.keep(
            f"{rfc3339(now).replace(':', '')}-{type(fault).__name__}-{party[:12]}.jsonl", data
        )
        fault.path = path
        if row is not None:
            tx.settings.put(f"evidence.{row.id}", path.encode())
        subject = row.id if row else party
        self.journal(
            tx,
            "evidence",
            subject,
            party,
            {"fault": type(fault).__name__, "file": hashlib.sha256(data).hexdigest()},
        )

    def parties(self, tx: Transaction, party: str) -> list[ExportedParty]:
        """We and a peer, as bundles name them: invitation, rotations and revocations."""
        ours = self.identity().party
        # the file that this peer holds: after a rotation there is no newer one until the next is asked for
        kept = tx.settings.get(f"invited.{party}") or tx.settings.get("identity.invitation")
        invitation = kept or b""
        peer = tx.peers.get(party)
        found = [ExportedParty(ours, invitation, self.changes(tx, ours))]
        return [*found, ExportedParty(party, peer.invitation, self.changes(tx, party))] if peer else found

    def changes(self, tx: Transaction, party: str) -> tuple[bytes, ...]:
        """A party's signed rotations and revocations, in order."""
        kept = tx.settings.get(f"changes.{party}")
        return tuple(msgspec.msgpack.decode(kept, type=list[bytes])) if kept else ()

    def name(self, tx: Transaction) -> str:
        """What we call ourselves in invitations."""
        return (tx.settings.get("identity.name") or b"").decode()

    # -- what the rooms share

    def journal(self, tx: Transaction, kind: str, subject: str, party: str, body: Mapping[str, Json]) -> int:
        """Appends one entry; returns its index. Raises Refused while the node only reads."""
        self.require_writable(tx)
        now = self.clock.now()
        entry = Entry(kind, now, subject, dict(body), self.entropy.draw(SALT_BYTES).hex())
        return tx.journal.append(kind, subject, party, now, entry.encode())

    def peer(self, tx: Transaction, party: str) -> PeerRow:
        """A peer by party id, by the beginning of it, or by name. Misuse where there is none or more than one."""
        rows = [p for p in tx.peers.all() if p.party == party or p.name == party]
        rows = rows or [p for p in tx.peers.all() if len(party) >= 6 and p.party.startswith(party)]
        if not rows:
            raise Misuse(f"no peer called {party}; `detente peers` lists them")
        if len(rows) > 1:
            raise Misuse(f"{len(rows)} peers are called {party}; name one by its party id")
        return rows[0]

    def require_writable(self, tx: Transaction) -> None:
        """Refused while the node only reads, after a restore (spec/journal)."""
        if tx.settings.get("read_only"):
            raise Refused(
                "this node was restored from a backup and only reads until its journal is whole again"
            )

    def _room(self, name: str) -> Room:
        room = self.rooms.get(name)
        if room is None:
            raise NotAgreed(f"this node holds no conversations of kind {name}")
        return room


def encode_periods(periods: tuple[KeyPeriod, ...]) -> bytes:
    """A party's key history, as PeerRow.keys holds it."""
    return msgspec.json.encode(
        [_Period(p.keys.to_json(), p.not_before, p.not_after, p.revoked_at) for p in periods]
    )


def decode_periods(data: bytes) -> tuple[KeyPeriod, ...]:
    periods = msgspec.json.decode(data, type=list[_Period])
    return tuple(
        KeyPeriod(PublicKeys.from_json(p.keys), p.not_before, p.not_after, p.revoked_at) for p in periods
    )
