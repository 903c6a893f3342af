"""Two runs that were proposed at once: one goes ahead, the same on both sides, and nothing is charged twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente.errors import Refused
from support.world import NORTH, SOUTH, World, small_terms


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.node("north").countersign("south")
    return world


def test_of_two_runs_proposed_at_once_the_one_of_the_smaller_party_goes_ahead(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    runs = {"north": north.runs.start("people", "south"), "south": south.runs.start("people", "north")}
    for _ in range(3):
        north.deliver("south")
        south.deliver("north")
    ahead = min(world.nodes, key=lambda name: world.nodes[name].office.identity().party)
    behind = next(name for name in runs if name != ahead)
    for name in runs:
        assert world.nodes[name].runs.report(runs[ahead]).outcome == "done"
        assert world.nodes[name].runs.report(runs[ahead]).strong >= 2
    assert world.nodes[behind].runs.report(runs[behind]).outcome == "refused"
    for name in runs:
        started = world.nodes[name].witness.show(kind="run.started")
        assert len(started) == 1
    world.close()


def test_a_run_that_is_under_way_is_not_displaced(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    first = max(world.nodes.values(), key=lambda node: node.office.identity().party)
    peer = "south" if first is north else "north"
    other, back = (south, "north") if first is north else (north, "south")
    first.runs.start("people", peer)
    packets = 0

    def cut(recipient: str, packet: bytes) -> bytes | None:
        nonlocal packets
        packets += 1
        return packet if packets < 4 else None

    world.wire.watch = cut  # the proposal was answered; then the wire goes
    with pytest.raises(Exception, match="lost"):
        first.deliver(peer)
    world.wire.watch = lambda recipient, packet: packet
    with pytest.raises(Refused):
        other.match("people", back)
    world.close()
