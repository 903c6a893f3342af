"""Two nodes without a network: the same conversations by sticks that get lost, come twice, and come in another order."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from detente.adapters.files import read_bundles, write_bundles
from detente.adapters.sql import open_store
from detente.assembly import assemble
from detente.errors import Unavailable
from detente.node.holdings import Defaults, SourceRow
from detente.node.node import Node
from detente.node.ports import PeerRow
from support.world import NORTH, SOUTH, Clock, Dice, small_terms

CAP = 1 << 24
NAMES = ("north", "south")


class NoNetwork:
    """A Transport that reaches nobody."""

    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        raise Unavailable("there is no network")


class Sticks:
    """Two nodes, and every stick that went between them. `luck` says what becomes of a stick: how often, and in which order, it is taken in."""

    def __init__(self, home: Path) -> None:
        self.home, self.nodes, self.clock = home, {}, Clock()
        self.written = self.lost = self.repeated = 0
        for name in NAMES:
            (home / name).mkdir()
            store = open_store(home / name / "store.db", "a passphrase", create=True)
            node = assemble(home / name, store, transport=NoNetwork(), clock=self.clock, entropy=Dice(name))
            node.pairings.create(name, "")
            self.nodes[name] = node
        self.past: dict[str, list[Path]] = {name: [] for name in NAMES}

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def out(self, name: str, to: str) -> Path | None:
        """`courier out`: what waits, as a file on a new stick."""
        party = self.nodes[to].office.identity().party
        self.nodes[name].swaps.pump(to)
        packet = self.nodes[name].post.carry_out(party)
        if packet is None:
            return None
        stick = self.home / f"stick{self.written}"
        stick.mkdir()
        self.written += 1
        write_bundles(stick, [(f"to-{party[:32]}", packet)])
        self.past[to].append(stick)
        return stick

    def take(self, name: str, stick: Path) -> None:
        """`courier in`."""
        for _, packet in read_bundles(stick, CAP):
            self.nodes[name].post.carry_in(packet)

    def carry(self, done: Callable[[], bool], dice: random.Random | None = None, trips: int = 400) -> None:
        """Sticks go back and forth until it is done. With dice, a fifth are lost and older ones turn up again, in any order."""
        for _ in range(trips):
            if done():
                return
            for ours, theirs in (NAMES, NAMES[::-1]):
                self._trip(ours, theirs, dice)
        raise AssertionError(f"not done after {trips} trips")

    def _trip(self, ours: str, theirs: str, dice: random.Random | None) -> None:
        stick = self.out(ours, theirs)
        taken = [stick] if stick is not None else []
        if dice is not None:
            if taken and dice.random() < 0.2:
                taken = []
                self.lost += 1
            again = dice.sample(self.past[theirs], min(2, len(self.past[theirs])))
            self.repeated += len(again)
            taken += again
            dice.shuffle(taken)
        for each in taken:
            self.take(theirs, each)

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()
        for stick in self.home.glob("stick*"):
            shutil.rmtree(stick)


@pytest.fixture
def sticks(tmp_path: Path):
    made = Sticks(tmp_path)
    yield made
    made.close()


def whole_story(sticks: Sticks, dice: random.Random | None) -> None:
    """Pair, agree, countersign, match, swap."""
    north, south = sticks["north"], sticks["south"]
    invitations = north.pairings.invite(), south.pairings.invite()
    north.pairings.accept(invitations[1], south.office.identity().party)
    south.pairings.accept(invitations[0], north.office.identity().party)
    sticks.carry(lambda: all(n.pairings.peers()[0].status == "paired" for n in (north, south)), dice)
    north.agreements.propose(small_terms(north.agreements.template("south")), "south")
    sticks.carry(lambda: any(view.proposals for view in south.agreements.show("north")), dice)
    south.agreements.sign("north")
    sticks.carry(lambda: [v.state for v in north.agreements.show("south")] == ["in_force"], dice)
    for node, people, file in ((north, NORTH, "n"), (south, SOUTH, "s")):
        node.holdings.load((SourceRow(i, p) for i, p in enumerate(people, 1)), file, Defaults(("listed",)))
    north.witness.start("south")
    sticks.carry(lambda: over(north, "countersigning") and over(south, "countersigning"), dice)
    run = north.runs.start("people", "south")
    sticks.carry(lambda: over(north, "matching") and over(south, "matching"), dice)
    assert north.runs.report(run).outcome == "done"
    for node, peer in ((north, "south"), (south, "north")):
        for finding in node.runs.findings(grade="strong"):
            node.runs.decide(finding.id, "confirmed", "an analyst")
        node.swaps.prepare(peer)
        node.swaps.approve(peer, "a releaser")
    sticks.carry(lambda: all(swapped(n, p) for n, p in ((north, "south"), (south, "north"))), dice)


def over(node: Node, kind: str) -> bool:
    with node.office.store.snapshot() as tx:
        rows = tx.ceremonies.find(kind=kind)
    return bool(rows) and all(row.status != "open" for row in rows)


def swapped(node: Node, peer: str) -> bool:
    found = node.swaps.ledger(peer)
    receipts = [line.receipted for line in found.lines if line.direction == "given"]
    return (found.given, found.received) == (3, 3) and all(receipts) and over(node, "exchange")


def check(sticks: Sticks) -> None:
    north, south = sticks["north"], sticks["south"]
    assert {f.id for f in north.runs.findings(grade="strong")} == {
        f.id for f in south.runs.findings(grade="strong")
    }
    for node, peer in ((north, "south"), (south, "north")):
        found = node.swaps.ledger(peer)
        assert (found.given, found.received, found.balance) == (3, 3, 0)
        opened = [entry.subject for entry in node.witness.show(kind="item.opened", limit=1000)]
        assert len(opened) == len(set(opened)) == 3
        charged = [entry.body["round"] for entry in node.witness.show(kind="run.charged", limit=1000)]
        assert sorted(charged) == [1, 2]
        node.witness.verify()


def test_two_nodes_pair_agree_match_and_swap_by_sticks_alone(sticks: Sticks) -> None:
    whole_story(sticks, None)
    check(sticks)


def test_lost_repeated_and_reordered_sticks_change_nothing(sticks: Sticks) -> None:
    whole_story(sticks, random.Random(os.environ.get("DETENTE_SEED", "1")))
    assert sticks.lost > 2
    assert sticks.repeated > 20
    check(sticks)
