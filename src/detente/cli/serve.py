"""`detente serve`: the node listens to peers, and to its operator on loopback."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import msgspec

from detente.cli.verb import Session, Verb
from detente.errors import Busy, DetenteError, Misuse

if TYPE_CHECKING:
    from detente.api.peer import Listener
    from detente.node.node import Node

PEER_PORT = 8443
OPERATOR = "127.0.0.1:8444"
EVERY_SECONDS = 1.0
EXPIRE_SECONDS = 3600.0
ALARM_SECONDS = 20.0
PATIENCE_SECONDS = 60.0  # a peer that does not answer is called again after 2, 4, 8, ... up to this


class Serving(msgspec.Struct, frozen=True):
    """Where a node listens. `token_file` holds the operator's bearer token."""

    peer: str
    operator: str
    token_file: str
    pid: int


@click.command(
    cls=Verb,
    example="detente serve --listen 0.0.0.0:8443\ndetente serve --listen 127.0.0.1:0 --operator off --ready-file ready.json --json",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help=f"For peers, mutual TLS; else the port of our address, or {PEER_PORT}, on all interfaces.",
)
@click.option(
    "--operator",
    default=OPERATOR,
    show_default=True,
    metavar="HOST:PORT",
    help="For the console and the operator's REST interface, plain HTTP; `off` for none.",
)
@click.option(
    "--origin",
    default="",
    metavar="URL",
    help="Where people reach the console through a proxy that ends TLS: https://node.example. Else loopback alone.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Written once both listen; removed at the end.",
)
def serve(session: Session, listen: str | None, operator: str, origin: str, ready_file: Path | None) -> None:
    """Listen to peers, and hand out what waits for them, until SIGTERM or SIGINT.

    Other commands may work on the same node meanwhile. The console for people is at the operator's address; while nobody may use it yet, a one-time
    code for the first administrator is printed on standard error. The operator's REST interface is described at /api/v1/openapi.json and wants the token in
    DIR/operator-token; keep it on loopback.
    """
    from detente.adapters.files import atomic_write
    from detente.api.auth import TOKEN_FILE, operator_token
    from detente.api.operator import operator_app
    from detente.api.peer import Listener
    from detente.assembly import peer_listener
    from detente.web.console import beside, console_app

    stop = threading.Event()
    with ExitStack() as held:
        held.enter_context(_signals(stop))
        node = held.enter_context(session.open())
        host, port, listener = held.enter_context(peer_listener(node, *_address(listen or _default(node))))
        rounds = Rounds(node, listener)
        at, token_file = "", ""
        if operator != "off":
            console_host, console_port = _address(operator)
            pages, console = console_app(node, rounds.wake, origin)
            rest = operator_app(node, operator_token(session.node_path), rounds.wake)
            face = Listener(beside(rest, pages))
            at = f"http://{_shown(console_host)}:{face.start(console_host, console_port)}"
            held.callback(face.stop)
            held.callback(console.closing.set)
            _first_code(session, node, origin or at)
            token_file = str(session.node_path / TOKEN_FILE)
        held.enter_context(rounds.running())
        serving = Serving(f"https://{_shown(host)}:{port}", at, token_file, os.getpid())
        if ready_file is not None:
            atomic_write(ready_file, msgspec.json.encode(serving) + b"\n", 0o644)
            held.callback(ready_file.unlink, missing_ok=True)
        text = f"peers     {serving.peer}\noperator  {at or 'off'}" + (
            f"  (token in {token_file})" if at else ""
        )
        session.show(serving, lambda shown: shown.print(text, markup=False))
        sys.stdout.flush()
        while not stop.wait(1):
            pass
    if not session.json:
        session.note("stopped")


def _first_code(session: Session, node: Node, at: str) -> None:
    """Tells whoever started the node how the first administrator signs in. Not in the JSON, which programs keep."""
    code = node.accounts.first_code()
    if code:
        session.note(
            f"console   {at}/enrol\n          one-time code for the first administrator, for 24 hours: {code}"
        )


class Rounds:
    """The thread that hands out what waits: to each peer in turn, less often to one that does not answer."""

    def __init__(self, node: Node, listener: Listener) -> None:
        self._node, self._listener = node, listener
        self._woken, self._over = threading.Event(), threading.Event()
        self._later: dict[str, tuple[float, float]] = {}  # party -> (not before, how long the wait was)
        self._pinned: object = None
        self._expires = self._alarms = 0.0

    def wake(self) -> None:
        """There may be something to send: do not wait for the next round."""
        self._woken.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run, name="rounds", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._woken.set()
            thread.join(10)

    def _run(self) -> None:
        while not self._over.is_set():
            _patiently(self._renew)
            _patiently(self._deliver)
            _patiently(self._expire)
            _patiently(self._alarm)
            self._woken.wait(EVERY_SECONDS)
            self._woken.clear()

    def _expire(self) -> None:
        """What was received is erased when the agreed time is over; looked at once an hour."""
        if time.monotonic() >= self._expires:
            self._expires = time.monotonic() + EXPIRE_SECONDS
            self._node.swaps.expire()

    def _alarm(self) -> None:
        """The duty desk hears of a conflict in the air that is not settled though it is time."""
        if time.monotonic() < self._alarms:
            return
        self._alarms = time.monotonic() + ALARM_SECONDS
        for late in self._node.airspace.alarm():
            click.echo(
                f"{time.strftime('%H:%M:%S')} ALARM: not settled in time, call {late.peer}: {late.words}",
                err=True,
            )

    def _renew(self) -> None:
        """Peers paired or revoked, and keys rotated, by other processes."""
        from detente.assembly import renew_pins

        node = self._node
        node.office.forget_identity()
        present = (node.office.identity().key_id, sorted(node.pairings.certificates()))
        if present != self._pinned:
            renew_pins(node, self._listener)
            self._pinned = present

    def _deliver(self) -> None:
        with self._node.office.store.snapshot() as tx:
            rows = [row for row in tx.peers.all() if row.address and row.status != "revoked"]
        for row in rows:
            not_before, wait = self._later.get(row.party, (0.0, EVERY_SECONDS / 2))
            if time.monotonic() < not_before or self._over.is_set():
                continue
            try:
                # What people approved by another process is begun here, and then sent.
                if self._node.pump(row.party) or self._node.post.waiting(row.party):
                    self._node.deliver(row.party, wait_seconds=0)
                self._later.pop(row.party, None)
            except Busy:
                continue  # a command talks to this peer
            except DetenteError:
                wait = min(2 * wait, PATIENCE_SECONDS)
                self._later[row.party] = (time.monotonic() + wait, wait)


def _patiently(step: Callable[[], None]) -> None:
    """The thread outlives any failure of one round."""
    try:
        step()
    except DetenteError as error:
        click.echo(f"{time.strftime('%H:%M:%S')} {error}", err=True)
    except Exception as error:
        click.echo(f"{time.strftime('%H:%M:%S')} a round failed: {type(error).__name__}", err=True)


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _default(node: Node) -> str:
    """The port of the address that we give to peers."""
    with node.office.store.snapshot() as tx:
        address = urlsplit((tx.settings.get("identity.address") or b"").decode())
    loopback = address.hostname in ("localhost", "127.0.0.1", "::1")
    return f"{'127.0.0.1' if loopback else '0.0.0.0'}:{address.port or PEER_PORT}"


def _address(text: str) -> tuple[str, int]:
    """HOST:PORT, with an IPv6 host in brackets. Raises Misuse."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise Misuse(f"{text} is not HOST:PORT: for example 127.0.0.1:8443")
    return host, int(port)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


__all__ = ["Serving", "serve"]
