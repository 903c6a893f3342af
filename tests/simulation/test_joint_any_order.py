"""Two nodes that amend one document at once, under a bad wire: whatever is lost, repeated or late, and whoever ends when,
no version ever has two successors in force, and once all is heard both sides say the same of every day.

Hypothesis draws the order; `make soak` plays longer games with fresh seeds.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import detente_verify
from detente.errors import Misuse, Refused, Unavailable
from detente.journal.entries import parse_entry
from detente.node.node import Node
from support.world import World

SOAK = any(os.environ.get(name) for name in ("DETENTE_SOAK", "DETENTE_SEED"))
KIND, NAME = "resolution", "main"
NAMES = st.sampled_from(["north", "south"])
ENTRIES = st.sampled_from(["a", "b", "c"])
PEER = {"north": "south", "south": "north"}
GAME = settings(deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(GAME, max_examples=60, stateful_step_count=60)
SHORT = settings(GAME, max_examples=3, stateful_step_count=25, derandomize=True)
_made: dict[str, tuple[Path, int]] = {}


def _prepared() -> tuple[Path, int]:
    """The stores with which every game begins, made once."""
    if "it" not in _made:
        world = World(Path(tempfile.mkdtemp(prefix="detente-joint-")))
        world.pair("north", "south")
        world.agree("north", "south")
        world.close()
        _made["it"] = world.directory, world.clock.time
    return _made["it"]


class Game(RuleBasedStateMachine):
    """`late` are packets that the wire has kept: they may still arrive, once or often, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="detente-joint-"))
        self.world = World.copied(*_prepared(), self.place / "world")
        self.late: list[tuple[str, bytes]] = []
        self.trouble = ""
        self.said = 0
        self.world.wire.watch = self._watch

    def _watch(self, recipient: str, packet: bytes) -> bytes | None:
        if recipient != "answer":
            self.late = [*self.late[-7:], (recipient, packet)]
        lost = self.trouble == ("answer" if recipient == "answer" else "packet")
        return None if lost else packet

    def _run(self, name: str, act: Callable[[Node, str], Any]) -> None:
        with suppress(Refused, Unavailable, Misuse):  # not allowed or not possible now: the node says so
            act(self.world.node(name), PEER[name])

    def _next(self, node: Node, peer: str, entry: str) -> dict[str, Any]:
        """What is in force with one entry said anew."""
        self.said += 1
        content = node.documents.current(KIND, NAME, peer) or {"title": "List", "entries": {}}
        return {**content, "entries": {**content["entries"], entry: {"say": self.said}}}

    @initialize()
    def begin(self) -> None:
        self.propose("north", ["a", "b"])
        self.propose("south", ["b"])

    # -- the wire

    @rule(name=NAMES, trouble=st.sampled_from(["", "", "", "packet", "answer"]))
    def one_packet(self, name: str, trouble: str) -> None:
        """One exchange that may lose its packet, or its answer, on the way; what is ready to go on, goes on."""
        self.trouble = trouble
        self._run(name, self._exchange)
        self.trouble = ""

    def _exchange(self, node: Node, peer: str) -> None:
        node.pump(peer)
        with node.office.store.snapshot() as tx:
            row = node.office.peer(tx, peer)
        node.post.deliver(row, self.world.wire, until=lambda: True)

    @rule(name=NAMES)
    def by_courier(self, name: str) -> None:
        """All that waits goes on a stick, and the stick arrives."""
        self._run(name, self._carry)

    def _carry(self, node: Node, peer: str) -> None:
        node.pump(peer)
        with node.office.store.snapshot() as tx:
            packet = node.post.carry_out(node.office.peer(tx, peer).party)
        if packet is not None:
            self.world.node(peer).post.carry_in(packet)

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 7))
    def late_packet(self, which: int) -> None:
        """A packet of the past arrives (again); nobody reads the answer."""
        recipient, packet = self.late[which % len(self.late)]
        self.world.wire.nodes[recipient].post.answer(packet)

    @rule(name=NAMES)
    def process_ends(self, name: str) -> None:
        self.world.reopen(name)

    # -- people

    @rule(name=NAMES, entries=st.lists(ENTRIES, min_size=1, max_size=2))
    def propose(self, name: str, entries: list[str]) -> None:
        def act(node: Node, peer: str) -> None:
            content = self._next(node, peer, entries[0])
            for entry in entries[1:]:
                content = {**content, "entries": {**content["entries"], entry: {"say": self.said}}}
            node.documents.propose(KIND, NAME, content, peer)

        self._run(name, act)

    @rule(name=NAMES, entry=ENTRIES)
    def counter(self, name: str, entry: str) -> None:
        self._run(name, lambda n, p: n.documents.counter(p, "", self._next(n, p, entry), "rather"))

    @rule(name=NAMES)
    def accept(self, name: str) -> None:
        self._run(name, lambda node, peer: node.documents.accept(peer))

    @rule(name=NAMES, entry=ENTRIES)
    def accept_part(self, name: str, entry: str) -> None:
        self._run(name, lambda node, peer: node.documents.accept_part(peer, "", [entry], "only that"))

    @rule(name=NAMES)
    def reject(self, name: str) -> None:
        self._run(name, lambda node, peer: node.documents.reject(peer, "", "no"))

    @rule(name=NAMES)
    def withdraw(self, name: str) -> None:
        self._run(name, lambda node, peer: node.documents.withdraw(peer))

    @rule(name=NAMES)
    def merge(self, name: str) -> None:
        self._run(name, lambda node, peer: node.documents.merge(peer, KIND, NAME))

    @rule(name=NAMES)
    def revoke(self, name: str) -> None:
        self._run(name, lambda node, peer: node.documents.revoke(KIND, NAME, peer, "no more"))

    @rule(name=NAMES)
    def suspend_and_resume(self, name: str) -> None:
        self._run(name, lambda node, peer: node.agreements.suspend(peer, "a question"))
        self._run(name, lambda node, peer: node.deliver(peer))
        self._run(name, lambda node, peer: node.agreements.resume(peer))
        self._run(name, lambda node, peer: node.deliver(peer))
        self._run(PEER[name], lambda node, peer: node.agreements.sign(peer))

    # -- what must hold at every moment

    @invariant()
    def no_version_has_two_successors(self) -> None:
        after: dict[str, str] = {}
        for name in PEER:
            with self.world.node(name).office.store.snapshot() as tx:
                rows = [
                    (row.subject, parse_entry(row.data).body)
                    for row in tx.journal.find(kind="document.in_force")
                ]
            for subject, body in rows:
                if body["document"] == KIND:
                    assert after.setdefault(str(body["base"]), subject) == subject

    @invariant()
    def nobody_is_accused(self) -> None:
        for name in PEER:
            assert not list((self.world.directory / name / "evidence").glob("*"))

    @invariant()
    def each_side_has_one_live_signature_at_most(self) -> None:
        for name in PEER:
            for view in self.world.node(name).documents.show(KIND, NAME):
                assert sum(proposal.by == "ours" for proposal in view.proposals) <= 1

    # -- once the wire is healed

    def teardown(self) -> None:
        try:
            self._heal()
        finally:
            self.world.close()
            shutil.rmtree(self.place)

    def _heal(self) -> None:
        for _ in range(4):
            for name in PEER:
                self._run(name, lambda node, peer: node.deliver(peer))
        told = [self._told(name) for name in PEER]
        assert told[0] == told[1]
        self.no_version_has_two_successors()
        self.nobody_is_accused()
        for name in PEER:
            node = self.world.node(name)
            node.witness.verify()
            with node.office.store.snapshot() as tx:
                assert not tx.outbox.pending(self.world.node(PEER[name]).office.identity().party)
            bundle = detente_verify.verify(io.BytesIO(node.witness.export(PEER[name])))
            assert bundle.problems == []

    def _told(self, name: str) -> list[Any]:
        """What a side says of every day, and of what waits."""
        node = self.world.node(name)
        periods = [(e.kind, e.hash, e.since, e.until) for e in node.documents.at(0, 1 << 45)]
        views = node.documents.show(KIND, NAME)
        open_now = sorted(each.hash for view in views for each in view.proposals)
        return [periods, open_now, [(view.hash, view.state) for view in views]]


def test_in_any_order_of_losses_repeats_and_orders_both_sides_say_the_same_of_every_day() -> None:
    run_state_machine_as_test(Game, settings=LONG if SOAK else SHORT)


@pytest.mark.parametrize("first", ["north", "south"])
def test_files_that_cross_on_two_sticks_bring_no_two_versions_in_force(first: str) -> None:
    """Each side packs before it takes the other's stick in, every time."""
    game = Game()
    game.begin()
    for turn in range(6):
        packets = {}
        for name in PEER:
            node = game.world.node(name)
            node.pump(PEER[name])
            with node.office.store.snapshot() as tx:
                packets[PEER[name]] = node.post.carry_out(node.office.peer(tx, PEER[name]).party)
        for name, packet in packets.items():
            if packet is not None:
                game.world.node(name).post.carry_in(packet)
        if turn == 1:
            game.withdraw(first)
        if turn == 3:
            game.accept(first)
        game.no_version_has_two_successors()
    (view,) = game.world.node(first).documents.show(KIND, NAME)
    assert view.state == "in_force"
    game.teardown()
