"""The peer listener under a caller that does not keep to the rules."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from detente.adapters import https
from detente.adapters.https import TlsIdentity, client_context, make_certificate, server_context
from detente.api import peer
from detente.api.peer import Limits, Listener, peer_app
from detente.errors import Misuse

KEYS = [
    ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for _ in range(3)
]
OURS, THEIRS, THIRD = (TlsIdentity(make_certificate(key, "a service"), key) for key in KEYS)
REFUSED = (400, b"refused\n")


class Node:
    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.port = 0

    def exchange(self, body: bytes, pin: str) -> bytes:
        self.taken.append(body)
        return body.upper()


@contextmanager
def serving(limits: Limits | None = None, pinned: tuple[bytes, ...] = (OURS.certificate,)) -> Iterator[Node]:
    node, limits = Node(), limits or Limits()
    listener = Listener(peer_app(node.exchange, limits), server_context(THEIRS, pinned), pinned, limits)
    node.port = listener.start("127.0.0.1", 0)
    yield node
    listener.stop()


def call(port: int, identity: TlsIdentity = OURS, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    context = context or client_context(identity, THEIRS.certificate)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10))


def head(length: int | None = None, path: str = peer.PATH, method: str = "POST", **headers: str) -> bytes:
    fields = {"host": "x", "content-type": peer.CONTENT_TYPE} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    fields |= {} if length is None else {"content-length": str(length)}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body; (0, b"") where the connection ends without an answer."""
    held = b""
    try:
        while chunk := connection.recv(65536):
            held += chunk
            top, found, body = held.partition(b"\r\n\r\n")
            lengths = [line for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if found and lengths and len(body) >= int(lengths[0].split(b":")[1]):
                return int(top.split()[1]), body
    except (ConnectionError, ssl.SSLError):
        pass
    return 0, b""


def ask(port: int, *pieces: bytes, identity: TlsIdentity = OURS) -> tuple[int, bytes]:
    with call(port, identity) as connection:
        with suppress(ConnectionError, ssl.SSLError):  # what they do not read may still be answered
            for piece in pieces:
                connection.sendall(piece)
        return answer(connection)


def test_both_sides_speak_of_the_same_address() -> None:
    assert (peer.PATH, peer.CONTENT_TYPE) == (https.PATH, https.CONTENT_TYPE)


def test_whatever_is_refused_gets_one_constant_answer() -> None:
    with serving(Limits(body_bytes=100)) as node:
        assert ask(node.port, head(3), b"abc") == (200, b"ABC")
        refused = [
            ask(node.port, head(3, path="/"), b"abc"),
            ask(node.port, head(3, path=peer.PATH + "/"), b"abc"),
            ask(node.port, head(None, method="GET")),
            ask(node.port, head(3, method="PUT"), b"abc"),
            ask(node.port, head(3, content_type="application/json"), b"abc"),
            ask(node.port, head(3, content_encoding="gzip"), b"abc"),
            ask(node.port, head(101), bytes(101)),
            ask(node.port, head(10**19)),
            ask(
                node.port, head(None, transfer_encoding="chunked"), b"65\r\n" + bytes(101) + b"\r\n0\r\n\r\n"
            ),
        ]
    assert refused == [REFUSED] * len(refused)
    assert node.taken == [b"abc"]


def test_an_oversized_body_is_refused_before_it_was_sent() -> None:
    with serving() as node:
        began = time.monotonic()
        assert ask(node.port, head(1 << 40)) == REFUSED
        assert time.monotonic() - began < 5


def test_what_is_not_http_ends_the_connection() -> None:
    with serving() as node:
        status, _ = ask(node.port, b"\x00\x01\x02\r\n\r\n")
        assert status in (0, 400)
        status, _ = ask(node.port, head(3, x="a" * 100_000), b"abc")
        assert status in (0, 400)
        assert ask(node.port, head(3), b"abc") == (200, b"ABC")
        assert node.taken == [b"abc"]


def _ends_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(1000):
            pass
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):
        pass
    return True


def _is_cut_off(connection: ssl.SSLSocket, seconds: float) -> bool:
    """Whether the other end stops listening to somebody who sends twenty bytes a second."""
    began = time.monotonic()
    with suppress(ConnectionError, ssl.SSLError):
        while time.monotonic() - began < seconds:
            connection.sendall(b"P")
            time.sleep(0.05)
        return False
    return True


def test_a_slow_body_is_cut_off() -> None:
    with serving(Limits(grace_seconds=0.3, bytes_per_second=1 << 20)) as node, call(node.port) as connection:
        connection.sendall(head(1000))
        assert _is_cut_off(connection, 5)
        assert node.taken == []


def test_a_body_that_keeps_its_pace_may_take_longer_than_the_grace() -> None:
    limits = Limits(grace_seconds=0.3, bytes_per_second=1000)
    with serving(limits) as node:
        pieces = [bytes(1000) for _ in range(6)]
        with call(node.port) as connection:
            connection.sendall(head(6000))
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.15)
            assert answer(connection)[0] == 200


def test_slow_headers_and_idle_connections_are_cut_off() -> None:
    with serving(Limits(header_seconds=0.3)) as node:
        with call(node.port) as silent:
            assert _ends_within(silent, 3)
        with call(node.port) as dripping:
            assert _is_cut_off(dripping, 5)
        with call(node.port) as second:  # after a first request that was well done, too
            second.sendall(head(3) + b"abc")
            assert answer(second) == (200, b"ABC")
            second.sendall(head(3)[:10])
            assert _ends_within(second, 3)


def test_a_stalled_handshake_is_cut_off() -> None:
    with serving(Limits(handshake_seconds=0.3)) as node:
        with socket.create_connection(("127.0.0.1", node.port), 5) as connection:
            connection.sendall(b"\x16\x03\x01")
            assert _ends_within(connection, 3)
        with socket.create_connection(("127.0.0.1", node.port), 5) as connection:
            connection.sendall(head(3) + b"abc")  # no TLS at all
            assert _ends_within(connection, 3)
        assert node.taken == []


def test_tls_1_2_and_a_caller_without_a_certificate_are_refused() -> None:
    old = client_context(OURS, THEIRS.certificate)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.verify_mode = ssl.CERT_NONE
    with serving() as node:
        with pytest.raises(ssl.SSLError):
            call(node.port, context=old)
        with call(node.port, context=bare) as connection:
            connection.sendall(head(3) + b"abc")
            assert answer(connection) == (0, b"")
        assert node.taken == []


def test_sessions_are_not_resumed_so_a_revoked_pin_is_always_checked() -> None:
    with serving() as node, call(node.port) as connection:
        connection.sendall(head(3) + b"abc")
        assert answer(connection) == (200, b"ABC")
        assert connection.session is None or not connection.session.has_ticket


def _signed_by(issuer: TlsIdentity, key: bytes) -> TlsIdentity:
    issued_by = x509.load_der_x509_certificate(issuer.certificate).subject
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another")]))
        .issuer_name(issued_by)
        .public_key(load_pem_private_key(key, None).public_key())  # type: ignore[arg-type]  # it is a P-256 key
        .serial_number(1)
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .sign(load_pem_private_key(issuer.private_key, None), hashes.SHA256())  # type: ignore[arg-type]  # as above
    )
    return TlsIdentity(certificate.public_bytes(Encoding.DER), key)


def test_a_certificate_that_a_pinned_authority_signed_is_not_a_pinned_certificate() -> None:
    key = load_pem_private_key(KEYS[0], None)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an authority")])
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[arg-type]  # it is a P-256 key
        .serial_number(1)
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]  # it is a P-256 key
    )
    pinned = TlsIdentity(authority.public_bytes(Encoding.DER), KEYS[0])
    child = _signed_by(pinned, KEYS[2])
    with serving(pinned=(pinned.certificate,)) as node:
        assert ask(node.port, head(3), b"abc", identity=pinned) == (200, b"ABC")
        assert ask(node.port, head(3), b"abc", identity=child) == (0, b"")
        assert node.taken == [b"abc"]


def test_a_pinned_certificate_with_another_peers_name_does_not_shut_that_peer_out() -> None:
    assert len({x509.load_der_x509_certificate(one.certificate).subject for one in (OURS, THIRD)}) == 1
    for pinned in ((OURS.certificate, THIRD.certificate), (THIRD.certificate, OURS.certificate)):
        with serving(pinned=pinned) as node:
            assert ask(node.port, head(3), b"abc", identity=OURS) == (200, b"ABC")
            assert ask(node.port, head(3), b"abc", identity=THIRD) == (200, b"ABC")


def test_one_peer_cannot_take_every_place() -> None:
    limits = Limits(at_once=4, at_once_each=2)
    both = (OURS.certificate, THIRD.certificate)
    with serving(limits, both) as node:
        holding = [call(node.port) for _ in range(2)]
        for connection in holding:
            connection.sendall(head(10) + b"abc")
        time.sleep(0.3)
        assert ask(node.port, head(3), b"abc") == (503, b"refused\n")
        assert ask(node.port, head(3), b"abc", identity=THIRD) == (200, b"ABC")
        for connection in holding:
            connection.sendall(b"defghij")
            assert answer(connection) == (200, b"ABCDEFGHIJ")
            connection.close()


def test_one_large_body_is_held_at_a_time() -> None:
    both = (OURS.certificate, THIRD.certificate)
    with serving(Limits(large_bytes=1000), both) as node, call(node.port) as first:
        first.sendall(head(3000) + bytes(2000))
        time.sleep(0.3)
        assert ask(node.port, head(2000), bytes(2000), identity=THIRD) == (503, b"refused\n")
        assert ask(node.port, head(1000), bytes(1000), identity=THIRD)[0] == 200
        first.sendall(bytes(1000))
        assert answer(first)[0] == 200
        assert ask(node.port, head(2000), bytes(2000), identity=THIRD)[0] == 200


def test_connections_past_the_cap_are_sent_away() -> None:
    with serving(Limits(connections=3, at_once_each=9)) as node:
        idle = [call(node.port) for _ in range(3)]
        time.sleep(0.2)
        assert ask(node.port, head(3), b"abc")[0] == 503
        for connection in idle:
            connection.close()
        time.sleep(0.3)
        assert ask(node.port, head(3), b"abc") == (200, b"ABC")


def test_the_answer_waits_for_nobody_while_a_thread_works() -> None:
    started, release = threading.Event(), threading.Event()

    def exchange(body: bytes, pin: str) -> bytes:
        if body == b"slow":
            started.set()
            assert release.wait(10)
        return body

    pinned = (OURS.certificate,)
    listener = Listener(peer_app(exchange), server_context(THEIRS, pinned), pinned)
    port = listener.start("127.0.0.1", 0)
    with call(port) as slow:
        slow.sendall(head(4) + b"slow")
        assert started.wait(5)
        assert ask(port, head(4), b"fast") == (200, b"fast")
        release.set()
        assert answer(slow) == (200, b"slow")
    listener.stop()


def test_the_same_listener_serves_the_operator_without_tls() -> None:
    app = Starlette(routes=[Route("/health", lambda request: JSONResponse({"ok": True}))])
    listener = Listener(app)
    port = listener.start("127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as response:
        assert json.load(response) == {"ok": True}
        assert "server" not in response.headers
    with pytest.raises(Misuse, match="without TLS"):
        listener.renew(server_context(THEIRS, []), [])
    with pytest.raises(Misuse, match="another address or port"):
        Listener(app).start("127.0.0.1", port)
    listener.stop()
