"""Consoles of a world's nodes, and a person who signs in to one: over HTTP alone, or in a browser."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
from argon2 import PasswordHasher

from detente.api.operator import operator_app
from detente.api.peer import Listener
from detente.errors import DetenteError
from detente.node.accounts import code_at
from detente.node.node import Node
from detente.web.console import Console, beside, console_app
from support.world import World

PASSWORD = "lantern orbit walnut cradle"
TOKEN = "t" * 43
PURPOSE = "case 2026-114"


@dataclass
class Served:
    """One node's console on a port of loopback. What its people do goes to the peers within a moment, as `serve` does it."""

    world: World
    name: str
    origin: str = ""
    address: str = ""
    console: Console = field(init=False)
    people: dict[str, bytes] = field(default_factory=dict)  # name -> second factor's secret

    def __post_init__(self) -> None:
        node = self.node
        node.accounts._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        app, self.console = console_app(node, self.wake, self.origin)
        self._listener = Listener(beside(operator_app(node, TOKEN, self.wake), app))
        self._woken, self._over = threading.Event(), threading.Event()
        self.address = f"http://127.0.0.1:{self._listener.start('127.0.0.1', 0)}"
        self._thread = threading.Thread(target=self._rounds, daemon=True)
        self._thread.start()

    @property
    def node(self) -> Node:
        return self.world.nodes[self.name]

    def wake(self) -> None:
        self._woken.set()

    def _rounds(self) -> None:
        while not self._over.is_set():
            self._woken.wait(0.3)
            self._woken.clear()
            for peer in self.node.pairings.peers():
                try:
                    if self.node.swaps.pump(peer.party) or self.node.post.waiting(peer.party):
                        self.node.deliver(peer.party, wait_seconds=0)
                except DetenteError:
                    continue

    def digits(self, name: str) -> str:
        """The next code of somebody's authenticator; time moves on, since a code counts once."""
        self.world.clock.time += 31_000
        return code_at(self.people[name], self.world.clock.time)

    def invite(self, name: str, *roles: str) -> None:
        """Makes an account and enrols its person, without pages. The first has the terminal's code."""
        accounts = self.node.accounts
        code = accounts.first_code() or accounts.invite(name, roles, "test").code
        opened = accounts.enrol(name, code, PASSWORD)
        self.people[name] = accounts.secret(opened.session)
        accounts.confirm(opened.session, self.digits(name))
        if set(roles) and set(roles) != set(accounts.session(self.sign_in(name).token)[1].roles):  # type: ignore[index]  # it was just opened
            accounts.assign(name, roles, "test")

    def sign_in(self, name: str) -> Any:
        half = self.node.accounts.sign_in(name, PASSWORD)
        return self.node.accounts.confirm(half.session, self.digits(name))

    def visitor(self, name: str = "", purpose: str = PURPOSE) -> Visitor:
        """Somebody who is signed in, with a purpose; nobody for ""."""
        client = httpx.Client(base_url=self.address, timeout=60)
        visitor = Visitor(self, client)
        if name:
            opened = self.sign_in(name)
            if purpose:
                self.node.accounts.state_purpose(opened.session, purpose)
            client.cookies.set(self.console.guard.cookie, opened.token)
            visitor.csrf = opened.session.csrf
        return visitor

    def stop(self) -> None:
        self.console.closing.set()
        self._over.set()
        self._woken.set()
        self._thread.join(10)
        self._listener.stop()


@dataclass
class Visitor:
    """Somebody with an HTTP client instead of a browser."""

    served: Served
    client: httpx.Client
    csrf: str = ""

    @property
    def cookie(self) -> str:
        """The header that the client sends."""
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **more)

    def token_in(self, page: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found, "the page has no form"
        return found[1]
