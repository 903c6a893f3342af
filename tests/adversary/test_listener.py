"""The real listener before a real node: slow callers, large bodies, packed bodies; an honest peer is served meanwhile."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from detente.adapters.https import HttpsTransport, TlsIdentity, client_context, server_context
from detente.api.peer import CONTENT_TYPE, PATH, Limits, Listener, peer_app
from support.dishonest import Court

LIMITS = Limits(grace_seconds=0.4, bytes_per_second=1 << 20, header_seconds=0.4, handshake_seconds=0.5)
REFUSED = b"refused\n"


@contextmanager
def listening(court: Court) -> Iterator[int]:
    """North behind its true listener; packets of south go through it."""
    identity = court.north.office.identity()
    pins = court.north.pairings.certificates()
    context = server_context(TlsIdentity(identity.public.tls, identity.tls_private_key()), pins)
    listener = Listener(peer_app(court.north.post.answer, LIMITS), context, pins, LIMITS)
    port = listener.start("127.0.0.1", 0)
    yield port
    listener.stop()


def dial(court: Court, port: int) -> ssl.SSLSocket:
    tls = court.south.office.identity()
    context = client_context(
        TlsIdentity(tls.public.tls, tls.tls_private_key()), court.north.office.identity().public.tls
    )
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10))


def ask(court: Court, port: int, body: bytes, *fields: str) -> bytes:
    """Status line and body of the answer; empty where the connection was cut."""
    head = [
        f"POST {PATH} HTTP/1.1",
        "host: x",
        f"content-type: {CONTENT_TYPE}",
        f"content-length: {len(body)}",
        *fields,
        "",
        "",
    ]
    found = b""
    with dial(court, port) as connection, suppress(ConnectionError, ssl.SSLError):
        connection.sendall("\r\n".join(head).encode() + body)
        while chunk := connection.recv(65536):
            found += chunk
            if b"\r\n\r\n" in found and found.endswith((REFUSED, b"}")):
                break
    return found


def is_cut(connection: ssl.SSLSocket, seconds: float = 6) -> bool:
    began = time.monotonic()
    with suppress(ConnectionError, ssl.SSLError):
        while time.monotonic() - began < seconds:
            connection.sendall(b"P")
            time.sleep(0.05)
        return False
    return True


def test_slow_loris_is_cut_off_while_an_honest_peer_matches(court: Court) -> None:
    with listening(court) as port:
        slow = [dial(court, port) for _ in range(4)]
        for connection in slow[:2]:
            connection.sendall(f"POST {PATH} HTTP/1.1\r\nhost: x\r\n".encode())
        tls = court.south.office.identity()
        transport = HttpsTransport(TlsIdentity(tls.public.tls, tls.tls_private_key()))
        court.south.office.transport = Through(transport, port)
        assert court.south.match("people", "north").outcome == "done"
        assert all(is_cut(connection) for connection in slow)
        for connection in slow:
            connection.close()


class Through:
    """South's transport, to the port that the listener has."""

    def __init__(self, inner: HttpsTransport, port: int) -> None:
        self._inner, self._port = inner, port

    def exchange(self, peer, body: bytes) -> bytes:  # type: ignore[no-untyped-def]  # a peer row
        import msgspec

        return self._inner.exchange(
            msgspec.structs.replace(peer, address=f"https://127.0.0.1:{self._port}"), body
        )


def test_whatever_is_wrong_with_a_body_the_answer_is_the_same(court: Court) -> None:
    """Compressed bodies are refused unread, so no bomb goes off: nothing in the protocol is ever unpacked."""
    before = court.north.witness.heads().size
    with listening(court) as port:
        answers = [
            ask(court, port, b""),
            ask(court, port, b"\x1f\x8b" + bytes(1000)),
            ask(court, port, bytes(1000), "content-encoding: gzip"),
            ask(court, port, b"detente packet 1\n" + b"\xff" * 4),
            ask(court, port, b"detente packet 1\n" + bytes(1 << 16)),
        ]
    assert all(answer.startswith(b"HTTP/1.1 400") and answer.endswith(REFUSED) for answer in answers)
    assert len({answer.split(b"\r\n\r\n")[1] for answer in answers}) == 1
    assert court.north.witness.heads().size == before
