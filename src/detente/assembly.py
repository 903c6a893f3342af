"""The only place where ports meet adapters."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLContext

from detente.adapters.https import HttpsTransport, TlsIdentity, server_context
from detente.adapters.pages import Pages
from detente.adapters.sql import open_store, read_passphrase
from detente.adapters.system import SystemClock, SystemEntropy
from detente.adapters.turns import FileTurns
from detente.adapters.vault import FileVault
from detente.api.peer import Listener, peer_app
from detente.errors import Misuse
from detente.node.node import Node
from detente.node.office import Office
from detente.node.ports import Clock, Entropy, PeerRow, Store, Transport
from detente.psi.dh import DhEngine
from detente.psi.engine import Engine
from detente.psi.rr22 import Rr22Engine
from detente.topics.airspace.topic import AirspaceTopic
from detente.topics.groups import GroupsTopic
from detente.topics.people import PeopleTopic
from detente.topics.topic import Topic

DATABASE = "store.db"
PASSPHRASE = "passphrase"


def topics() -> Mapping[str, Topic]:
    """The topics that this build knows, by name."""
    known: list[Topic] = [PeopleTopic(), GroupsTopic(), AirspaceTopic()]
    return {topic.name: topic for topic in known}


def engines() -> Mapping[str, Engine]:
    """The engines that this build knows, by name."""
    known: list[Engine] = [DhEngine(), Rr22Engine()]
    return {engine.name: engine for engine in known}


class LazyTransport:
    """HTTPS under the keys by which each peer knows us: after a rotation the previous ones, until that peer was told."""

    def __init__(self) -> None:
        self.office: Office | None = None
        self._made: dict[str, HttpsTransport] = {}
        self._lock = threading.Lock()

    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        return self._transport(peer).exchange(peer, body)

    def _transport(self, peer: PeerRow) -> HttpsTransport:
        if self.office is None:
            raise Misuse("the transport belongs to no node")
        with self.office.store.snapshot() as tx:
            identity = self.office.identity_for(tx, peer.party)
        with self._lock:
            if identity.key_id not in self._made:
                tls = TlsIdentity(identity.public.tls, identity.tls_private_key())
                self._made[identity.key_id] = HttpsTransport(tls)
            return self._made[identity.key_id]


def assemble(
    directory: Path,
    store: Store,
    *,
    transport: Transport | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
) -> Node:
    """A node on a store; tests put in their own transport, clock and dice."""
    lazy = LazyTransport()
    office = Office(
        store=store,
        clock=clock or SystemClock(),
        entropy=entropy or SystemEntropy(),
        transport=transport or lazy,
        vault=FileVault(directory / "evidence"),
        turns=FileTurns(directory / "turns"),
        topics=topics(),
        engines=engines(),
        pages=Pages(),
    )
    lazy.office = office
    return Node.assemble(office)


def create_node(directory: str | Path, name: str, address: str = "", passphrase: str | None = None) -> Node:
    """Makes a new node in a directory: an encrypted database, keys, the first journal entry. Raises Misuse where there is one.

    `address` is where peers reach it (https://host:port), "" where only a courier goes. Without a passphrase, DETENTE_PASSPHRASE or the
    directory's passphrase file is read.
    """
    place = Path(directory)
    if (place / DATABASE).exists():
        raise Misuse(f"there is a node in {place} already; choose another directory")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = passphrase or _passphrase(place)
    store = open_store(place / DATABASE, secret, create=True)
    node = assemble(place, store)
    try:
        node.pairings.create(name, address)
    except BaseException:
        node.close()
        for left in place.glob(
            f"{DATABASE}*"
        ):  # a name that no invitation can carry leaves no half-made node
            left.unlink()
        raise
    return node


def open_node(directory: str | Path, passphrase: str | None = None) -> Node:
    """Opens the node in a directory and picks up what a crash left open. Raises Misuse for a wrong passphrase or no node.

    >>> with open_node("north") as node:  # doctest: +SKIP
    ...     node.pairings.peers()
    """
    place = Path(directory)
    if not (place / DATABASE).exists():
        raise Misuse(f"there is no node in {place}; make one with `detente init --node {place} --party NAME`")
    node = assemble(place, open_store(place / DATABASE, passphrase or _passphrase(place)))
    node.resume()
    return node


def _passphrase(directory: Path) -> str:
    file = directory / PASSPHRASE
    return read_passphrase(file if file.exists() else None, os.environ)


@contextmanager
def peer_listener(node: Node, host: str, port: int) -> Iterator[tuple[str, int, Listener]]:
    """Serves the node's peers over mutual TLS while the context lasts. Yields host, the port in use, and the listener.

    Pins follow the store: a peer paired or revoked while serving counts from the next call of `renew_pins` on.
    """
    context, pins = _pins(node)
    listener = Listener(peer_app(node.post.answer), context, pins)
    bound = listener.start(host, port)
    try:
        yield host, bound, listener
    finally:
        listener.stop()


def renew_pins(node: Node, listener: Listener) -> None:
    """Makes a running listener admit exactly the peers of this moment."""
    listener.renew(*_pins(node))


def _pins(node: Node) -> tuple[SSLContext, list[bytes]]:
    identity = node.office.identity()
    pins = node.pairings.certificates()
    tls = TlsIdentity(identity.public.tls, identity.tls_private_key())
    return server_context(tls, pins), pins
