"""Pairing: who we are, whom we know, under which keys; rotation and revocation."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.pairing import (
    Invitation,
    KeysChanged,
    Paired,
    PairingKind,
    PairingSetup,
    make_invitation,
    read_invitation,
)
from detente.errors import Misuse, Refused, Unavailable
from detente.node.driver import Driver
from detente.node.office import Office, decode_periods, encode_periods
from detente.node.ports import CeremonyRow, PeerRow, Transaction
from detente.pact.terms import DAY_MS
from detente.wire.canonical import decode_base64
from detente.wire.envelope import KEY_ROTATION, statement_id, unverified
from detente.wire.fingerprint import fingerprint_words, same_fingerprint
from detente.wire.identity import generate_identity
from detente.wire.instant import rfc3339
from detente.wire.keys import KeyPeriod, KeyRing
from detente.wire.messages import ReceivedMessage
from detente.wire.rotation import apply_revocation, apply_rotation, revoke, rotate

INVITATION_DAYS = 30
OVERLAP_DAYS = 7  # both keys count while the peers are told


class InvitationView(msgspec.Struct, frozen=True):
    """What an invitation says, and the words of both fingerprints that two people compare by voice."""

    party: str
    name: str
    address: str
    words: list[str]
    our_words: list[str]
    created: str
    expires: str


class PeerView(msgspec.Struct, frozen=True):
    """A peer: `status` is invited until both sides confirmed each other over the channel."""

    party: str
    name: str
    address: str
    status: str
    words: list[str]
    paired: str
    clock_skew_ms: int


class Pairings:
    """The room of pairing."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.driver: Driver | None = None

    # -- who we are

    def create(self, name: str, address: str) -> None:
        """Gives a new node its keys, its name and its first journal entry."""
        office = self._office
        seed = office.entropy.draw(32)
        identity = generate_identity(seed)
        with office.store.transaction() as tx:
            if tx.settings.get("identity.seed") is not None:
                raise Misuse("this node has an identity already")
            tx.settings.put("identity.seed", seed)
            tx.settings.put("identity.party", identity.party.encode())
            tx.settings.put("identity.name", name.strip().encode())
            tx.settings.put("identity.address", address.encode())
            tx.settings.put("identity.periods", encode_periods((KeyPeriod(identity.public),)))
            office.journal(tx, "node.created", identity.party, "", {"key": identity.key_id})
        self.invite()  # a name or an address that no invitation can carry shows now

    def invite(self, address: str | None = None) -> bytes:
        """Our invitation: the file to hand over. The same one while it lasts, so that every peer holds the same."""
        office = self._office
        now = office.clock.now()
        with office.store.transaction() as tx:
            kept = tx.settings.get("identity.invitation")
            settled = (tx.settings.get("identity.address") or b"").decode()
            if kept and address in (None, settled) and read_invitation(kept, None).expires > now + DAY_MS:
                return kept
            place = settled if address is None else address
            identity = office.identity()
            ring = office.keys(tx)
            raw = make_invitation(
                identity,
                ring.periods[identity.party][0].keys,
                name=office.name(tx),
                address=place,
                nonce=office.entropy.draw(16),
                now=now,
                expires=now + INVITATION_DAYS * DAY_MS,
                changes=office.changes(tx, identity.party),
            )
            tx.settings.put("identity.address", place.encode())
            tx.settings.put("identity.invitation", raw)
        return raw

    def certificates(self) -> list[bytes]:
        """The TLS certificates (DER) that may call us now: of every peer, under every key that is not revoked."""
        now = self._office.clock.now()
        with self._office.store.snapshot() as tx:
            rows = [row for row in tx.peers.all() if row.status != "revoked"]
        return [p.keys.tls for row in rows for p in decode_periods(row.keys) if p.covers(now)]

    # -- whom we know

    def read(self, raw: bytes) -> InvitationView:
        """What an invitation says, before it is accepted. Raises Malformed, BadSignature or Expired."""
        found = read_invitation(raw, self._office.clock.now())
        ours = fingerprint_words(self._office.identity().party)
        return InvitationView(
            found.party,
            found.name,
            found.address,
            list(found.words),
            list(ours),
            rfc3339(found.created),
            rfc3339(found.expires),
        )

    def accept(self, raw: bytes, fingerprint: str) -> PeerView:
        """Pins the keys in an invitation once a person compared its fingerprint, and begins to confirm over the channel.

        `fingerprint` is the sixteen words or the hex party id, as the other party read it out. Raises Misuse where it is another.
        """
        office = self._office
        now = office.clock.now()
        found = read_invitation(raw, now)
        same_fingerprint(found.party, fingerprint)
        if found.party == office.identity().party:
            raise Misuse("this is your own invitation; hand it to the other party and accept theirs")
        with office.store.transaction() as tx:
            office.require_writable(tx)
            known = tx.peers.get(found.party)
            if known is not None and known.status == "revoked":
                raise Refused("this peer was revoked here; it cannot be paired again under the same key")
            if any(p.name == found.name and p.party != found.party for p in tx.peers.all()):
                raise Refused(
                    f"another peer is called {found.name} already; ask for an invitation under another name"
                )
            tx.peers.put(self._row(found, known, now))
            tx.settings.put(f"invited.{found.party}", tx.settings.get("identity.invitation") or b"")
            if known is None:
                tx.settings.put(f"changes.{found.party}", msgspec.msgpack.encode(_changes(found)))
        if known is None or known.status != "paired":
            self._greet(found.party)
        with office.store.snapshot() as tx:
            return self._view(office.peer(tx, found.party))

    def peers(self) -> list[PeerView]:
        """Every peer that we accepted."""
        with self._office.store.snapshot() as tx:
            return [self._view(row) for row in tx.peers.all()]

    # -- keys

    def rotate(self) -> str:
        """Gives us new keys; every peer is told, and both keys count for seven days. Returns the new key id."""
        office = self._office
        old = office.identity()
        seed = office.entropy.draw(32)
        new = generate_identity(seed, party=old.party)
        now = office.clock.now()
        with office.store.snapshot() as tx:
            office.require_writable(tx)
            if any(tx.settings.get(f"untold.{peer.party}") for peer in tx.peers.all()):
                raise Refused("a peer has not been told of the last rotation yet; deliver to it first")
            ring = office.keys(tx)
        raw = rotate(ring, old, new, new.public, since=now, until=now + OVERLAP_DAYS * DAY_MS)
        with office.store.transaction() as tx:
            # the new seed is durable before anybody hears of it; until a peer was told, it hears from the old key
            tx.settings.put("identity.previous", old.secret_seed())
            tx.settings.put("identity.seed", seed)
            for peer in tx.peers.all():
                if peer.status == "paired":
                    tx.settings.put(f"untold.{peer.party}", b"1")
            self._change_ours(tx, apply_rotation(ring, raw), raw, "key.rotated")
        office.forget_identity()
        self.retell()
        return new.key_id

    def retell(self) -> int:
        """Begins to tell the peers that do not know our present keys yet: after a rotation, and after a crash in the middle of one."""
        with self._office.store.snapshot() as tx:
            changes = self._office.changes(tx, self._office.identity().party)
            rows = [
                p for p in tx.peers.all() if p.status == "paired" and tx.settings.get(f"untold.{p.party}")
            ]
            open_with = {
                c.party for c in tx.ceremonies.find(status="open", kind="pairing") if c.role == "first"
            }
            rotations = [raw for raw in changes if unverified(raw).payload_type == KEY_ROTATION]
            setups = [
                (p.party, self._setup(tx, p.party, rotations[-1])) for p in rows if p.party not in open_with
            ]
        for party, setup in setups:
            self._drive().begin("pairing", party, setup)
        return len(setups)

    def revoke(self, key_id: str, reason: str = "compromised") -> None:
        """Declares that one of our keys no longer counts from now on; every peer is told."""
        office = self._office
        if reason not in ("compromised", "lost", "retired"):
            raise Misuse("the reason is compromised, lost or retired")
        identity = office.identity()
        with office.store.snapshot() as tx:
            office.require_writable(tx)
            ring = office.keys(tx)
        ours = [p.keys.key_id for p in ring.periods[identity.party] if p.keys.key_id.startswith(key_id)]
        if len(ours) != 1 or not key_id:
            raise Misuse("no single key of ours begins so; `detente keys list` shows them")
        if ours[0] == identity.key_id:
            raise Misuse("this is the key in use: rotate first, then revoke the old one")
        chosen = cast(Literal["compromised", "lost", "retired"], reason)
        raw = revoke(identity, ours[0], since=office.clock.now(), reason=chosen)
        self._tell(raw)
        with office.store.transaction() as tx:
            self._change_ours(tx, apply_revocation(ring, raw)[0], raw, "key.revoked")

    def keys(self) -> list[tuple[str, str, str]]:
        """Our keys, oldest first: id, from when, and whether it is in use, retired or revoked."""
        identity = self._office.identity()
        periods = self._office.ring().periods[identity.party]
        return [(p.keys.key_id, rfc3339(p.not_before), _state(p, identity.key_id)) for p in periods]

    # -- the room

    def kind(self) -> Kind:
        return PairingKind()

    def admit(self, tx: Transaction, received: ReceivedMessage) -> PairingSetup:
        return self._setup(tx, received.message.sender)

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        if not isinstance(effect, Finish):
            return
        peer = tx.peers.get(row.party)
        if isinstance(effect.result, Paired) and peer is not None and peer.status != "paired":
            tx.peers.put(msgspec.structs.replace(peer, status="paired", paired_at=self._office.clock.now()))
        elif isinstance(effect.result, KeysChanged) and peer is not None:
            tx.peers.put(msgspec.structs.replace(peer, keys=encode_periods(effect.result.periods)))
            self._note_change(tx, row.party, effect.result.statement)
        elif effect.outcome == "done" and row.role == "first":
            tx.settings.put(f"untold.{row.party}", b"")  # they noted our change

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """No row of this room follows single entries."""

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        return None

    # -- inside

    def _greet(self, party: str) -> None:
        with self._office.store.snapshot() as tx:
            setup = self._setup(tx, party)
            greeted = tx.ceremonies.find(status="open", kind="pairing", party=party)
        if not greeted:
            self._drive().begin("pairing", party, setup)

    def _setup(self, tx: Transaction, party: str, change: bytes = b"") -> PairingSetup:
        ours = self._office.identity().party
        row = tx.peers.get(party)
        if row is None:
            raise Refused("this party is not accepted here")
        ring = self._office.keys(tx)
        mine = tx.settings.get(f"invited.{party}") or tx.settings.get("identity.invitation") or b""
        periods = {each: ring.periods[each] for each in (ours, party)}
        return PairingSetup(ours, party, mine, row.invitation, periods, change)

    def _tell(self, raw: bytes) -> list[str]:
        """Begins to tell every peer of a change of our keys. Returns their party ids."""
        with self._office.store.snapshot() as tx:
            setups = [
                (p.party, self._setup(tx, p.party, raw)) for p in tx.peers.all() if p.status == "paired"
            ]
        for party, setup in setups:
            self._drive().begin("pairing", party, setup)
        return [party for party, _ in setups]

    def _change_ours(self, tx: Transaction, ring: KeyRing, raw: bytes, kind: str) -> None:
        ours = self._office.identity().party
        tx.settings.put("identity.periods", encode_periods(ring.periods[ours]))
        self._note_change(tx, ours, raw)
        tx.settings.put("identity.invitation", b"")  # the next one carries the change
        statement = unverified(raw)
        digest = statement_id(statement.payload_type, statement.payload)
        self._office.journal(tx, kind, ours, "", {"party": ours, "statement": digest})

    def _note_change(self, tx: Transaction, party: str, raw: bytes) -> None:
        tx.settings.put(f"changes.{party}", msgspec.msgpack.encode([*self._office.changes(tx, party), raw]))

    def _row(self, found: Invitation, known: PeerRow | None, now: int) -> PeerRow:
        """A known peer's keys change by rotation only: a later invitation brings a new address, and no keys."""
        if known is None:
            return PeerRow(
                found.party,
                found.name,
                found.address,
                found.raw,
                encode_periods(found.periods),
                now,
                "invited",
            )
        return msgspec.structs.replace(known, name=found.name, address=found.address, invitation=found.raw)

    def _view(self, row: PeerRow) -> PeerView:
        paired = rfc3339(row.paired_at) if row.status == "paired" else ""
        words = list(fingerprint_words(row.party))
        return PeerView(row.party, row.name, row.address, row.status, words, paired, row.skew_ms)

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver


def _changes(found: Invitation) -> list[bytes]:
    body = msgspec.json.decode(unverified(found.raw).payload)
    return [decode_base64(change) for change in body["changes"]]


def _state(period: KeyPeriod, current: str) -> str:
    if period.revoked_at is not None:
        return "revoked"
    return "in use" if period.keys.key_id == current else "retired"


__all__ = ["InvitationView", "Pairings", "PeerView"]
