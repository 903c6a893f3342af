"""The post: what goes between two nodes in one exchange, whoever carries it.

A packet is a signed hello and bundles (spec/envelope). The answer carries our hello and what we have for them, so one side that listens is enough. A message
stays in the outbox until the other's hello says that it is stored.

Each hello also carries the recipient's newest head that the sender cosigned. A process says hello before it sends or takes anything else: so a node that was
restored from a backup finds out before it does harm, and only reads from then on (spec/journal, "After a restore").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from detente.errors import BadSignature, DetenteError, Unavailable
from detente.journal.checkpoint import origin_of
from detente.journal.head import PeerHead, check_restored
from detente.journal.note import parse_note, write_note
from detente.node.driver import MAX_PART, READ_ONLY, REMEDY, Desk, Driver
from detente.node.ports import Clock, OutgoingRow, PeerRow, Store, Transaction, Transport
from detente.wire.bundle import pack_bundle
from detente.wire.packet import (
    MAX_ACKS,
    MAX_BUNDLES,
    Hello,
    open_hello,
    pack_packet,
    seal_hello,
    unpack_packet,
)

MAX_HOPS = 100_000
UNDER_WAY_MS = 30_000  # how long an answer that was handed out is left to whoever asked
BATCH = 32  # acknowledgements written down at once while a conversation is lively
ROOM = 256 << 20  # bytes of bundles in one packet, but always at least one bundle


class Post:
    """Hands messages out and takes them in."""

    def __init__(self, store: Store, clock: Clock, driver: Driver, desk: Desk) -> None:
        self._store, self._clock, self._driver, self._desk = store, clock, driver, desk
        # what they said they have stored, not yet written down: losing it costs a repeat, which is dropped
        self._stored: dict[str, set[str]] = {}
        self._greeted: set[str] = set()  # peers whose view of our journal this process has heard
        self._handed: dict[str, int] = {}  # message -> when it was last handed out in an answer
        self.traffic = 0  # bytes that this process sent to peers and had from them

    def answer(self, packet: bytes, pin: str = "") -> bytes:
        """What the peer listener does with one request body. Raises BadSignature or Malformed: nobody we know.

        `pin` is the SHA-256 hex of the TLS certificate that the caller showed: a hello that was stolen from a courier is worth nothing over another's
        connection.
        """
        hello, stored = self._take(packet, pin)
        answer = self._pack(hello.sender, stored)
        now = self._clock.now()
        self._handed = {message: at for message, at in self._handed.items() if at >= now - UNDER_WAY_MS}
        self._handed.update((row.message, now) for row in self._pending(hello.sender))
        return answer

    def deliver(self, peer: PeerRow, transport: Transport, until: Callable[[], bool] = lambda: False) -> int:
        """Exchanges with a peer until neither has anything to say, or `until` says so. Returns the packets sent. Raises Unavailable."""
        stored: Sequence[str] = ()
        self._require_whole()
        if peer.party not in self._greeted:
            stored = self._greet(peer, transport)
        for hop in range(MAX_HOPS):
            if hop and not stored and not self._pending(peer.party):
                return hop
            packet = self._pack(peer.party, stored)
            reply = transport.exchange(peer, packet)
            self.traffic += len(packet) + len(reply)
            hello, stored = self._take(reply)
            if hello.sender != peer.party:
                raise BadSignature("another party answered than the one that was called")
            if until() or not (stored or hello.stored):
                return hop + 1  # nothing moved: what they do not take now comes again with the next delivery
        raise Unavailable("the conversation does not end; look at `detente doctor`")

    def _greet(self, peer: PeerRow, transport: Transport) -> list[str]:
        """A hello alone, before anything of ours leaves. Returns the ids of what came with the answer and was stored."""
        packet = self._pack(peer.party, (), greeting=True)
        reply = transport.exchange(peer, packet)
        self.traffic += len(packet) + len(reply)
        hello, stored = self._take(reply)
        if hello.sender != peer.party:
            raise BadSignature("another party answered than the one that was called")
        return stored

    def waiting(self, party: str) -> bool:
        """Whether something waits for a party that is not under way already: handed out in an answer a moment ago, it is acknowledged or asked for again."""
        since = self._clock.now() - UNDER_WAY_MS
        return any(self._handed.get(row.message, 0) < since for row in self._pending(party))

    def carry_out(self, party: str) -> bytes | None:
        """Everything pending for a party as one packet, for a courier. None where there is nothing."""
        self._require_whole()
        with self._store.transaction() as tx:
            owed = tx.settings.get(f"courier.{party}") or b"[]"
            tx.settings.put(
                f"courier.{party}", b"[]"
            )  # if this stick is lost they repeat, and we owe it again
        stored = msgspec.json.decode(owed, type=list[str])
        return self._pack(party, stored) if stored or self._pending(party) else None

    def carry_in(self, packet: bytes) -> str:
        """A courier's packet. Returns the sender's party id."""
        hello, stored = self._take(packet)
        with self._store.transaction() as tx:
            owed = tx.settings.get(f"courier.{hello.sender}") or b"[]"
            kept = sorted({*msgspec.json.decode(owed, type=list[str]), *stored})[-MAX_ACKS:]
            tx.settings.put(f"courier.{hello.sender}", msgspec.json.encode(kept))
            # written down at once: a command that takes a stick in ends before the next packet comes
            tx.outbox.acknowledge(hello.sender, self._stored.pop(hello.sender, set()))
        return hello.sender

    def _take(self, packet: bytes, pin: str = "") -> tuple[Hello, list[str]]:
        """Verifies the hello, forgets what they have stored, feeds each bundle. Returns the ids that we have stored."""
        self._require_whole()
        raw, bundles = unpack_packet(packet, max_bundle=MAX_PART)
        now = self._clock.now()
        identity = self._desk.identity()
        with self._store.snapshot() as tx:
            hello = open_hello(raw, self._desk.keys(tx), recipient=identity.party, at=now)
            peer = tx.peers.get(hello.sender)
            if pin and pin not in self._desk.pins(tx, hello.sender):
                raise BadSignature("a hello over another party's connection")
            found = self._missing(tx, hello)
        if found is not None:
            self._stop(found)
        self._greeted.add(hello.sender)
        self._note(hello, peer, now, more=bool(bundles))
        stored = []
        for bundle in bundles:
            try:
                stored.append(self._driver.receive(bundle))
            except DetenteError:
                # not acknowledged: it comes again. One that nobody can answer for must not hold up those behind it
                continue
        return hello, stored

    # -- after a restore

    def _missing(self, tx: Transaction, hello: Hello) -> str | None:
        """What our own signed head in a hello shows: that this journal is behind it, or another. None where it continues it.

        Our signature is what makes it believable: a peer's mere word must not stop a node.
        """
        if not hello.seen:
            return None
        ours = self._desk.identity().party
        head = PeerHead.resume(ours, self._desk.keys(tx), hello.seen.encode()).signed
        try:
            check_restored(tx.journal.size(), tx.journal.hash_at, head)
        except Unavailable as found:
            return str(found)
        return None

    def _stop(self, found: str) -> None:
        with self._store.transaction() as tx:
            self._driver.read_only(tx, found)
        self._require_whole()

    def _require_whole(self) -> None:
        with self._store.snapshot() as tx:
            found = tx.settings.get(READ_ONLY)
        if found:
            raise Unavailable(f"{found.decode()}. {REMEDY}")

    def _seen(self, tx: Transaction, party: str) -> str:
        """Their newest head that we cosigned, with their own signature alone."""
        held = tx.checkpoints.latest(party, self._desk.identity().party)
        if held is None:
            return ""
        note = parse_note(held.note)
        signed = [line for line in note.lines if line.name == origin_of(party)]
        return write_note(note.text, signed).decode()

    def _note(self, hello: Hello, peer: PeerRow | None, now: int, *, more: bool) -> None:
        """Forgets what they have stored; keeps how far their clock is from ours where it moved by more than a second."""
        skew = hello.at - now
        moved = peer is not None and abs(peer.skew_ms - skew) > 1000
        stored = self._stored.setdefault(hello.sender, set())
        stored.update(hello.stored)
        if not moved and (not stored or (more and len(stored) < BATCH)):
            return
        with self._store.transaction() as tx:
            tx.outbox.acknowledge(hello.sender, stored)
            if moved and peer is not None:
                tx.peers.put(msgspec.structs.replace(peer, skew_ms=skew))
        stored.clear()

    def _pending(self, party: str) -> list[OutgoingRow]:
        """What they have not said that they have stored, in order."""
        with self._store.snapshot() as tx:
            rows = tx.outbox.pending(party)
        known = self._stored.get(party, ())
        return [row for row in rows if row.message not in known]

    def _pack(self, party: str, stored: Iterable[str], *, greeting: bool = False) -> bytes:
        pending = [] if greeting else self._pending(party)
        with self._store.snapshot() as tx:
            bundles = list(self._bundles(tx, pending))
            identity = self._desk.identity_for(tx, party)
            seen = self._seen(tx, party)
        hello = seal_hello(Hello(identity.party, party, self._clock.now(), tuple(stored), seen), identity)
        return pack_packet(hello, bundles)

    def _bundles(self, tx: Transaction, rows: Sequence[OutgoingRow]) -> Iterable[bytes]:
        room = ROOM
        for row in rows[:MAX_BUNDLES]:
            bundle = pack_bundle(row.raw, {name: tx.blobs.get(digest) for name, digest in row.parts.items()})
            room -= len(bundle)
            if room < 0 and room + len(bundle) != ROOM:
                return
            yield bundle


__all__ = ["Post"]
