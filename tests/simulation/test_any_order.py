"""Two nodes under a bad wire and restless operators: packets lost, repeated, late and out of order, processes that end between any two of them.

Hypothesis draws the order; every failure prints the steps that lead to it. `make soak` plays longer games with fresh seeds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

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

from detente.errors import Misuse, Refused, Unavailable
from detente.journal.entries import parse_entry
from support.world import NORTH, SOUTH, World, person, small_terms

SOAK = any(os.environ.get(name) for name in ("DETENTE_SOAK", "DETENTE_SEED"))  # `make soak` gives a seed
BUDGET = 2_000
NAMES = st.sampled_from(["north", "south"])
PEER = {"north": "south", "south": "north"}
LONG = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
SHORT = settings(
    max_examples=5,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
_made: dict[str, tuple[Path, int]] = {}


def _tight(toml: str) -> str:
    toml = small_terms(toml).replace("budget = 400000", f"budget = {BUDGET}")
    return toml.replace("max_records = 10000", "max_records = 12")


def _prepared() -> tuple[Path, int]:
    """The stores with which every game begins, made once."""
    if "it" not in _made:
        world = World(Path(tempfile.mkdtemp(prefix="detente-game-")))
        world.pair("north", "south")
        world.agree("north", "south", _tight)
        world.load("north", NORTH)
        world.load("south", SOUTH)
        world.node("north").countersign("south")
        world.close()
        _made["it"] = world.directory, world.clock.time
    return _made["it"]


class Game(RuleBasedStateMachine):
    """`late` are packets that the wire has kept: they may still arrive, once or often, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="detente-game-"))
        self.world = World.copied(*_prepared(), self.place / "world")
        self.late: list[tuple[str, bytes]] = []
        self.loaded = 0
        self.trouble = ""
        self.world.wire.watch = self._watch

    def _watch(self, recipient: str, packet: bytes) -> bytes | None:
        if recipient != "answer":
            self.late = [*self.late[-7:], (recipient, packet)]
        lost = self.trouble == ("answer" if recipient == "answer" else "packet")
        return None if lost else packet

    @initialize()
    def begin(self) -> None:
        self._run("north", lambda node, peer: node.runs.start("people", peer))

    def _run(self, name: str, act) -> None:  # type: ignore[no-untyped-def]  # any operator's action
        with suppress(Refused, Unavailable, Misuse):  # not allowed or not possible now: the node says so
            act(self.world.node(name), PEER[name])

    # -- the wire

    @rule(name=NAMES, trouble=st.sampled_from(["", "", "", "packet", "answer"]))
    def one_packet(self, name: str, trouble: str) -> None:
        """One exchange that may lose its packet, or its answer, on the way."""
        self.trouble = trouble
        self._run(name, self._exchange)
        self.trouble = ""

    def _exchange(self, node, peer: str) -> None:  # type: ignore[no-untyped-def]  # a node
        with node.office.store.snapshot() as tx:
            row = node.office.peer(tx, peer)
        node.post.deliver(row, self.world.wire, until=lambda: True)

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 7))
    def late_packet(self, which: int) -> None:
        """A packet of the past arrives (again); nobody reads the answer."""
        recipient, packet = self.late[which % len(self.late)]
        self.world.wire.nodes[recipient].post.answer(packet)

    @rule(name=NAMES)
    def process_ends(self, name: str) -> None:
        self.world.reopen(name)

    # -- operators

    @rule(name=NAMES)
    def match(self, name: str) -> None:
        self._run(name, lambda node, peer: node.runs.start("people", peer))

    @rule(name=NAMES)
    def countersign(self, name: str) -> None:
        self._run(name, lambda node, peer: node.witness.start(peer))

    @precondition(lambda self: self.loaded < 3)
    @rule(name=NAMES)
    def load_more(self, name: str) -> None:
        self.loaded += 1
        self.world.load(
            name, [person(f"{name}{self.loaded}", f"Ivan Petrov{self.loaded}", f"197{self.loaded}-01-01")]
        )

    @rule(name=NAMES)
    def suspend(self, name: str) -> None:
        self._run(name, lambda node, peer: node.agreements.suspend(peer, "a question"))

    @rule(name=NAMES)
    def resume(self, name: str) -> None:
        self._run(name, lambda node, peer: node.agreements.resume(peer))
        self._run(PEER[name], lambda node, peer: node.agreements.sign(peer))

    # -- what must hold at every moment

    @invariant()
    def budgets_hold(self) -> None:
        for name in PEER:
            with self.world.node(name).office.store.snapshot() as tx:
                charged = [parse_entry(row.data).body for row in tx.journal.find(kind="run.charged")]
            for role in ("first", "second"):
                assert sum(int(body[role]) for body in charged if body["round"] == 1) <= 2 * BUDGET
            node = self.world.node(name)
            try:
                left = node.runs.plan("people", PEER[name]).budget_left
            except (Refused, Unavailable, Misuse):
                continue
            assert 0 <= left <= BUDGET

    @invariant()
    def nobody_is_accused(self) -> None:
        for name in PEER:
            assert not list((self.world.directory / name / "evidence").glob("*"))

    @invariant()
    def finished_runs_agree(self) -> None:
        found: dict[str, dict[str, set[str]]] = {}
        for name in PEER:
            with self.world.node(name).office.store.snapshot() as tx:
                done = {row.id for row in tx.ceremonies.find(kind="matching", status="done")}
                found[name] = {run: {f.id for f in tx.findings.find(run=run)} for run in done}
        for run in found["north"].keys() & found["south"].keys():
            assert found["north"][run] == found["south"][run]

    # -- once the wire is healed

    def teardown(self) -> None:
        try:
            self._heal()
        finally:
            self.world.close()
            shutil.rmtree(self.place)

    def _heal(self) -> None:
        world = self.world
        for _ in range(3):
            for name in PEER:
                self._run(name, lambda node, peer: node.deliver(peer))
        open_now: dict[str, set[str]] = {}
        for name in PEER:
            node = world.node(name)
            node.witness.verify()
            with node.office.store.snapshot() as tx:
                rows = tx.ceremonies.find(status="open")
                open_now[name] = {row.id for row in rows if b'"ask"' not in row.summary}
                assert not tx.outbox.pending(world.node(PEER[name]).office.identity().party)
        waiting = self._waiting()
        assert open_now["north"] <= waiting
        assert open_now["south"] <= waiting
        self.finished_runs_agree()
        self.nobody_is_accused()

    def _waiting(self) -> set[str]:
        """Conversations in which a person is asked on either side: those may stay open."""
        found: set[str] = set()
        for name in PEER:
            with self.world.node(name).office.store.snapshot() as tx:
                found |= {row.id for row in tx.ceremonies.find(status="open") if b'"ask"' in row.summary}
        return found


def test_in_any_order_of_losses_repeats_restarts_and_orders_both_sides_end_alike() -> None:
    run_state_machine_as_test(Game, settings=LONG if SOAK else SHORT)


@pytest.mark.parametrize("lost", ["packet", "answer"])
def test_a_run_ends_though_every_second_packet_is_lost(lost: str) -> None:
    game = Game()
    game.begin()
    for hop in range(60):
        game.one_packet("north", lost if hop % 2 else "")
        game.finished_runs_agree()
    with game.world.node("south").office.store.snapshot() as tx:
        assert [row.status for row in tx.ceremonies.find(kind="matching")] == ["done"]
    game.teardown()
