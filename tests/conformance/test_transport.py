"""What a Transport must do, between two real ends on loopback: bytes arrive as they were, or Unavailable says what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from detente.adapters.https import HttpsTransport, TlsIdentity, make_certificate, server_context
from detente.api.peer import Limits, Listener, peer_app
from detente.errors import Refused, Unavailable
from detente.node.office import encode_periods
from detente.node.ports import PeerRow
from detente.wire.keys import KeyPeriod, PublicKeys

PARTY = "ab" * 32


def tls_identity(name: str) -> TlsIdentity:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return TlsIdentity(make_certificate(pem, name), pem)


def peer_row(certificate: bytes, address: str, revoked_at: int | None = None) -> PeerRow:
    keys = PublicKeys(
        envelope=Ed25519PrivateKey.generate().public_key().public_bytes_raw(),
        checkpoint_ed25519=Ed25519PrivateKey.generate().public_key().public_bytes_raw(),
        checkpoint_mldsa44=MLDSA44PrivateKey.generate().public_key().public_bytes_raw(),
        tls=certificate,
    )
    periods = encode_periods((KeyPeriod(keys, revoked_at=revoked_at),))
    return PeerRow(keys.key_id, "Service B", address, b"", periods, 0)


@dataclass
class Ends:
    """Our transport and their listener. `exchange` is what their node does with a body."""

    ours: TlsIdentity = field(default_factory=lambda: tls_identity("Service A"))
    theirs: TlsIdentity = field(default_factory=lambda: tls_identity("Service B"))
    exchange: Callable[[bytes], bytes] = bytes.upper
    limits: Limits = field(default_factory=Limits)
    largest: int = 1 << 24
    opened: list[HttpsTransport | Listener] = field(default_factory=list)

    def listen(self, pinned: list[bytes] | None = None) -> PeerRow:
        pinned = [self.ours.certificate] if pinned is None else pinned
        app = peer_app(lambda body, pin: self.exchange(body), self.limits)
        listener = Listener(app, server_context(self.theirs, pinned), pinned, self.limits)
        port = listener.start("127.0.0.1", 0)
        self.opened.append(listener)
        return peer_row(self.theirs.certificate, f"https://127.0.0.1:{port}")

    @property
    def listener(self) -> Listener:
        return next(one for one in self.opened if isinstance(one, Listener))

    def transport(self, identity: TlsIdentity | None = None, timeout: float = 10) -> HttpsTransport:
        transport = HttpsTransport(identity or self.ours, timeout, largest=self.largest)
        self.opened.append(transport)
        return transport

    def close(self) -> None:
        for one in self.opened:
            one.close() if isinstance(one, HttpsTransport) else one.stop()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.close()


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
def test_bytes_arrive_as_they_were_both_ways(ends: Ends, size: int) -> None:
    taken: list[bytes] = []
    ends.exchange = lambda body: taken.append(body) or body[::-1]
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert ends.transport().exchange(ends.listen(), body) == body[::-1]
    assert taken == [body]


def test_many_threads_share_one_transport(ends: Ends) -> None:
    ends.limits = Limits(at_once_each=16)
    peer, transport = ends.listen(), ends.transport()
    answers: dict[int, bytes] = {}

    def call(number: int) -> None:
        answers[number] = transport.exchange(peer, b"body %d" % number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: b"BODY %d" % number for number in range(12)}


def test_nobody_listening_is_unavailable_and_says_what_to_check(ends: Ends) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    peer = peer_row(ends.theirs.certificate, f"https://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match="check the address"):
        ends.transport().exchange(peer, b"")


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1", "https://[", "https://127.0.0.1:99999"])
def test_an_address_that_is_none_is_unavailable(ends: Ends, address: str) -> None:
    with pytest.raises(Unavailable):
        ends.transport().exchange(peer_row(ends.theirs.certificate, address), b"")


@pytest.mark.parametrize("keys", [b"", b"[]", b"[{}]", b"junk"])
def test_stored_keys_that_cannot_be_read_are_unavailable(ends: Ends, keys: bytes) -> None:
    with pytest.raises(Unavailable, match="pair again"):
        ends.transport().exchange(PeerRow(PARTY, "Service B", ends.listen().address, b"", keys, 0), b"")


def test_a_peer_that_revoked_its_keys_is_not_called(ends: Ends) -> None:
    revoked = peer_row(ends.theirs.certificate, ends.listen().address, revoked_at=5)
    with pytest.raises(Unavailable, match="revoked"):
        ends.transport().exchange(revoked, b"")


def test_a_node_with_another_certificate_gets_nothing(ends: Ends) -> None:
    taken: list[bytes] = []
    ends.exchange = lambda body: taken.append(body) or b""
    between = peer_row(tls_identity("Service B").certificate, ends.listen().address)
    with pytest.raises(Unavailable, match=r"pinned certificate.*rotated"):
        ends.transport().exchange(between, b"secret")
    assert taken == []


def test_a_caller_that_is_not_pinned_is_not_heard(ends: Ends) -> None:
    taken: list[bytes] = []
    ends.exchange = lambda body: taken.append(body) or b""
    peer = ends.listen()
    with pytest.raises(Unavailable, match="may not know our certificate"):
        ends.transport(tls_identity("Service A")).exchange(peer, b"let me in")
    assert taken == []


def test_a_new_pin_counts_without_a_restart_and_a_revoked_one_stops_on_standing_connections(
    ends: Ends,
) -> None:
    peer, late = ends.listen(), tls_identity("Service C")
    first, second = ends.transport(), ends.transport(late)
    assert first.exchange(peer, b"a") == b"A"
    with pytest.raises(Unavailable):
        second.exchange(peer, b"a")
    both = [ends.ours.certificate, late.certificate]
    ends.listener.renew(server_context(ends.theirs, both), both)
    assert first.exchange(peer, b"b") == b"B"
    assert second.exchange(peer, b"b") == b"B"
    ends.listener.renew(server_context(ends.theirs, both[1:]), both[1:])
    for transport in (first, ends.transport()):  # the kept connection, and a new handshake
        with pytest.raises(Unavailable):
            transport.exchange(peer, b"c")
    assert second.exchange(peer, b"c") == b"C"


def test_a_rotated_certificate_of_theirs_takes_effect_at_the_next_exchange(ends: Ends) -> None:
    peer, transport = ends.listen(), ends.transport()
    assert transport.exchange(peer, b"a") == b"A"
    other = PeerRow(
        peer.party, peer.name, peer.address, b"", peer_row(tls_identity("x").certificate, "").keys, 0
    )
    with pytest.raises(Unavailable, match="pinned"):
        transport.exchange(other, b"b")


def test_every_refusal_looks_the_same(ends: Ends) -> None:
    def refuse(body: bytes) -> bytes:
        raise Refused("the secret reason")

    ends.exchange = refuse
    with pytest.raises(Unavailable) as told:
        ends.transport().exchange(ends.listen(), b"x")
    assert "secret" not in str(told.value)
    assert "HTTP 400" in str(told.value)


def test_a_busy_or_failing_node_asks_to_try_again(ends: Ends) -> None:
    def busy(body: bytes) -> bytes:
        raise Unavailable("the store is busy") if body == b"busy" else ZeroDivisionError

    ends.exchange = busy
    peer = ends.listen()
    for body in (b"busy", b"bug"):
        with pytest.raises(Unavailable, match="try again"):
            ends.transport().exchange(peer, body)


def test_an_answer_past_the_cap_is_not_taken(ends: Ends) -> None:
    ends.largest = 1000
    ends.exchange = lambda body: bytes(int(body))
    peer = ends.listen()
    assert ends.transport().exchange(peer, b"1000") == bytes(1000)
    with pytest.raises(Unavailable, match="larger than 1000"):
        ends.transport().exchange(peer, b"1001")


def test_a_body_past_the_cap_is_refused(ends: Ends) -> None:
    ends.limits = Limits(body_bytes=1000)
    peer = ends.listen()
    assert len(ends.transport().exchange(peer, bytes(1000))) == 1000
    with pytest.raises(Unavailable):
        ends.transport().exchange(peer, bytes(1001))


def test_an_answer_that_takes_too_long_is_unavailable(ends: Ends) -> None:
    release = threading.Event()
    ends.exchange = lambda body: release.wait(20) and body
    try:
        with pytest.raises(Unavailable, match=r"within 0\.5 s"):
            ends.transport(timeout=0.5).exchange(ends.listen(), b"x")
    finally:
        release.set()


def test_a_stopped_listener_frees_its_port(ends: Ends) -> None:
    peer = ends.listen()
    port = int(peer.address.rsplit(":", 1)[1])
    ends.listener.stop()
    with pytest.raises(Unavailable):
        ends.transport().exchange(peer, b"x")
    with socket.create_server(("127.0.0.1", port)):
        pass
