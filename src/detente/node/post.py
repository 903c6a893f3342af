"""The post: what goes between two nodes in one exchange, whoever carries it.

A packet is a signed hello and bundles (spec/envelope). The answer carries our hello and what we have for them, so one side that listens is enough. A message
stays in the outbox until the other's hello says that it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from detente.errors import BadSignature, DetenteError, Unavailable
from detente.node.driver import MAX_PART, Desk, Driver
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
BATCH = 32  # acknowledgements written down at once while a conversation is lively
ROOM = 256 << 20  # bytes of bundles in one packet, but always at least one bundle


class Post:
    """Hands messages out and takes them in."""

    def __init__(self, store: Store, clock: Clock, driver: Driver, desk: Desk) -> None:
        self._store, self._clock, self._driver, self._desk = store, clock, driver, desk
        # what they said they have stored, not yet written down: losing it costs a repeat, which is dropped
        self._stored: dict[str, set[str]] = {}
        self.traffic = 0  # bytes that this process sent to peers and had from them

    def answer(self, packet: bytes) -> bytes:
        """What the peer listener does with one request body. Raises BadSignature or Malformed: nobody we know."""
        hello, stored = self._take(packet)
        return self._pack(hello.sender, stored)

    def deliver(self, peer: PeerRow, transport: Transport, until: Callable[[], bool] = lambda: False) -> int:
        """Exchanges with a peer until neither has anything to say, or `until` says so. Returns the packets sent. Raises Unavailable."""
        stored: Sequence[str] = ()
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

    def carry_out(self, party: str) -> bytes | None:
        """Everything pending for a party as one packet, for a courier. None where there is nothing."""
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
        return hello.sender

    def _take(self, packet: bytes) -> tuple[Hello, list[str]]:
        """Verifies the hello, forgets what they have stored, feeds each bundle. Returns the ids that we have stored."""
        raw, bundles = unpack_packet(packet, max_bundle=MAX_PART)
        now = self._clock.now()
        identity = self._desk.identity()
        with self._store.snapshot() as tx:
            hello = open_hello(raw, self._desk.keys(tx), recipient=identity.party, at=now)
            peer = tx.peers.get(hello.sender)
        self._note(hello, peer, now, more=bool(bundles))
        stored = []
        for bundle in bundles:
            try:
                stored.append(self._driver.receive(bundle))
            except DetenteError:
                # not acknowledged: it comes again. One that nobody can answer for must not hold up those behind it
                continue
        return hello, stored

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

    def _pack(self, party: str, stored: Iterable[str]) -> bytes:
        pending = self._pending(party)
        with self._store.snapshot() as tx:
            bundles = list(self._bundles(tx, pending))
            identity = self._desk.identity_for(tx, party)
        hello = seal_hello(Hello(identity.party, party, self._clock.now(), tuple(stored)), identity)
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
