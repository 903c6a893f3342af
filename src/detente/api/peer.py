"""The listener that peers talk to: one address, opaque bytes in and out, and as little as possible for a stranger.

It knows neither messages nor parties: who sent what is said by the signature inside (spec/envelope). Here sizes and times are
capped before anything is held, and whatever is refused gets one constant answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, cast

import anyio
import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from detente.errors import DetenteError, Misuse, Unavailable

PATH = "/peer/v1/exchange"
CONTENT_TYPE = "application/vnd.detente.exchange"

_log = logging.getLogger("detente.peer")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener holds and waits for at most.

    A body must arrive faster than `bytes_per_second` on average once `grace_seconds` are over. Of bodies above
    `large_bytes` one is held at a time.
    """

    body_bytes: int = (1 << 30) + (1 << 24)
    large_bytes: int = 32 << 20
    grace_seconds: float = 20
    bytes_per_second: int = 16 << 10
    at_once: int = 4
    at_once_each: int = 2  # for one certificate
    connections: int = 64
    header_seconds: float = 10
    handshake_seconds: float = 10


def peer_app(exchange: Callable[[bytes, str], bytes], limits: Limits = Limits()) -> Starlette:
    """The application of the peer listener: POST /peer/v1/exchange, a body for a body.

    `exchange` is given the body and the pin of the caller's certificate (SHA-256 hex), and runs in a worker thread. What it refuses (any
    DetenteError) is answered like every other refusal: 400, the same bytes; Unavailable is 503. Its caller learns no more.

    >>> app = peer_app(lambda body, pin: body)
    """
    gate = _Gate(limits)

    async def answer(request: Request) -> Response:
        pin = getattr(request.state, "pin", "")
        if not _acceptable(request, limits):
            return _refusal()
        if not gate.enter(pin):
            return _refusal(503)
        try:
            async with gate.slots, AsyncExitStack() as held:
                body = await _body(request, limits, gate, held)
                return Response(await anyio.to_thread.run_sync(exchange, body, pin), media_type=CONTENT_TYPE)
        except Unavailable:
            return _refusal(503)
        except (DetenteError, TimeoutError, ClientDisconnect):
            return _refusal()
        except Exception:
            _log.exception("an exchange failed")
            return _refusal(503)
        finally:
            gate.leave(pin)

    async def refuse(_request: Request, _error: Exception) -> Response:
        return _refusal()

    handlers: dict[Any, Any] = {404: refuse, 405: refuse, 500: refuse}
    app = Starlette(routes=[Route(PATH, answer, methods=["POST"])], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


class _Refused(DetenteError):
    """The body is too large: told apart from nothing else."""


class _Gate:
    """Who is inside. A caller beyond its share is sent away at once; others wait for a slot."""

    def __init__(self, limits: Limits) -> None:
        self.slots = anyio.Semaphore(limits.at_once)
        self._large = anyio.Semaphore(1)
        self._each = limits.at_once_each
        self._inside: Counter[str] = Counter()

    def enter(self, pin: str) -> bool:
        if self._inside[pin] >= self._each:
            return False
        self._inside[pin] += 1
        return True

    def take_large(self, held: AsyncExitStack) -> None:
        """Takes the one place for a large body until `held` closes. Raises Unavailable where it is taken."""
        try:
            self._large.acquire_nowait()
        except anyio.WouldBlock:
            raise Unavailable("another large body is being taken: try again later") from None
        held.callback(self._large.release)

    def leave(self, pin: str) -> None:
        self._inside[pin] -= 1
        if not self._inside[pin]:
            del self._inside[pin]


def _acceptable(request: Request, limits: Limits) -> bool:
    length = request.headers.get("content-length", "0")
    return (
        request.headers.get("content-type") == CONTENT_TYPE
        and "content-encoding" not in request.headers
        and length.isdecimal()
        and len(length) <= 20
        and int(length) <= limits.body_bytes
    )


async def _body(request: Request, limits: Limits, gate: _Gate, held: AsyncExitStack) -> bytes:
    """Reads a body within its size and pace. Raises TimeoutError, ClientDisconnect, _Refused, Unavailable."""
    body, large = io.BytesIO(), False
    with anyio.fail_after(limits.grace_seconds) as scope:
        start = scope.deadline
        async for chunk in request.stream():
            size = body.tell() + len(chunk)
            if size > limits.body_bytes:
                raise _Refused("too large")
            if size > limits.large_bytes and not large:
                gate.take_large(held)
                large = True
            body.write(chunk)
            scope.deadline = start + size / limits.bytes_per_second
    return body.getvalue()


def _refusal(status: int = 400) -> Response:
    # The connection ends with it: what the caller still sends is not read.
    return Response(b"refused\n", status, {"connection": "close"}, "text/plain")


class Listener:
    """Serves an application on one port from a thread of its own: the peer listener over TLS, the operator's without.

    With a `context` (adapters/https, server_context) only callers that show one of the `pinned` certificates (DER) get
    in; `renew` changes both while serving, and cuts the connections of those no longer pinned.

    >>> listener = Listener(peer_app(lambda body, pin: body))
    >>> port = listener.start("127.0.0.1", 0)
    >>> listener.stop()
    """

    def __init__(
        self,
        app: ASGIApp,
        context: ssl.SSLContext | None = None,
        pinned: Iterable[bytes] = (),
        limits: Limits = Limits(),
    ) -> None:
        self._limits = limits
        self._live = None if context is None else _LiveContext(context)
        self._pins = _digests(pinned)
        config = uvicorn.Config(
            app,
            http=self._protocol(),
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_graceful_shutdown=5,
        )
        config.load()
        config.ssl = cast(ssl.SSLContext | None, self._live)  # all that the event loop asks of it is wrap_bio
        self._server = uvicorn.Server(config)
        self._loop: _Loop | None = None
        self._thread: threading.Thread | None = None

    def start(self, host: str, port: int) -> int:
        """Begins to serve; returns the port (the free one that was found, for 0). Raises Misuse where it can't be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            raise Misuse(
                f"can't listen on {host} port {port} ({error.strerror}): choose another address or port"
            ) from None
        self._loop = loop = _Loop(self._limits.handshake_seconds)
        self._thread = threading.Thread(
            target=self._run, args=(loop, listening), name="listener", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)
            if not self._thread.is_alive():
                raise Unavailable("the listener ended before it began: see the log")
        return int(listening.getsockname()[1])

    def renew(self, context: ssl.SSLContext, pinned: Iterable[bytes]) -> None:
        """From now on these certificates count and no others, on connections that stand already too."""
        if self._live is None:
            raise Misuse("this listener began without TLS: start another one")
        self._pins = _digests(pinned)
        self._live.current = context
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cut)

    def stop(self) -> None:
        """Takes no new request, lets those under way end for 5 s, and returns when the port is free."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
            self._thread = self._loop = None

    def _run(self, loop: _Loop, listening: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._server.serve(sockets=[listening]))

    def _cut(self) -> None:
        for connection in list(self._server.server_state.connections):
            if isinstance(connection, _Connection) and connection.pin not in self._pins:
                connection.transport.abort()

    def _protocol(self) -> type[_Connection]:
        listener = self

        class Connection(_Connection):
            header_seconds = listener._limits.header_seconds
            admits = staticmethod(lambda pin: listener._live is None or pin in listener._pins)

        return Connection


class _Connection(H11Protocol):
    """One connection: it knows whose certificate it has, and does not wait for ever for a request to begin."""

    header_seconds: float
    admits: Callable[[str], bool]
    pin = ""
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        tls = transport.get_extra_info("ssl_object")
        self.pin = "" if tls is None else hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
        super().connection_made(transport)
        # TLS trusts what a pinned key signed; the pin is the certificate itself, and the one that counts at this moment.
        if not self.admits(self.pin):
            transport.abort()
            return
        self.app_state = {**self.app_state, "pin": self.pin}
        self._await_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_request()

    def shutdown(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()  # a polite end of TLS waits for the caller
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(self.header_seconds, self._too_slow)

    def _too_slow(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


class _LiveContext:
    """What the event loop takes for an SSLContext: each new connection is wrapped by the context that is current then."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.current = context

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        return self.current.wrap_bio(*arguments, **options)


class _Loop(asyncio.SelectorEventLoop):
    """The standard event loop, less patient with handshakes and partings than its default minute."""

    def __init__(self, handshake_seconds: float) -> None:
        super().__init__()
        self._handshake_seconds = handshake_seconds

    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": self._handshake_seconds, "ssl_shutdown_timeout": 2}
        return await super().create_server(*arguments, **options)


def _digests(certificates: Iterable[bytes]) -> frozenset[str]:
    return frozenset(hashlib.sha256(certificate).hexdigest() for certificate in certificates)
