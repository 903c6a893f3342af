"""Giving on both sides, between two nodes on real stores."""

from __future__ import annotations

import pytest

from detente.errors import Refused
from support.world import World


def _confirm_all(world: World) -> None:
    for name in ("north", "south"):
        node = world.node(name)
        for finding in node.runs.findings(grade="strong"):
            node.runs.decide(finding.id, "confirmed", "an analyst")


def _ready(world: World) -> None:
    world.node("north").match("people", "south")
    _confirm_all(world)
    for name, peer in (("north", "south"), ("south", "north")):
        world.node(name).swaps.prepare(peer)


def test_confirmed_findings_are_swapped_item_for_item(north_and_south: World) -> None:
    world = north_and_south
    _ready(world)
    north, south = world.node("north"), world.node("south")
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    assert south.swaps.status("north").waiting
    assert not [i for i in south.swaps.status("north").items if i.direction == "received"]
    south.swaps.approve("north", "another releaser")
    south.deliver("north")
    for node, peer in ((north, "south"), (south, "north")):
        found = node.swaps.ledger(peer)
        assert (found.given, found.received, found.balance) == (3, 3, 0)
        assert all(line.receipted for line in found.lines if line.direction == "given")
        received = [i for i in node.swaps.status(peer).items if i.direction == "received"]
        assert len(received) == 3
        assert all(i.content["name"] and i.grounds for i in received)


def test_what_nobody_approved_does_not_leave(north_and_south: World) -> None:
    world = north_and_south
    _ready(world)
    world.node("north").deliver("south")
    assert world.node("south").swaps.status("north").waiting == []
    assert world.node("north").swaps.ledger("south").given == 0


def test_offers_that_cross_end_in_one_swap(north_and_south: World) -> None:
    world = north_and_south
    _ready(world)
    north, south = world.node("north"), world.node("south")
    north.swaps.approve("south", "a releaser")
    south.swaps.approve("north", "a releaser")
    north.swaps.pump("south")
    south.swaps.pump("north")
    north.deliver("south")
    south.deliver("north")
    north.deliver("south")
    assert north.swaps.ledger("south").given == south.swaps.ledger("north").given == 3
    assert north.swaps.ledger("south").received == 3


def test_a_recalled_item_is_erased_and_attested(north_and_south: World) -> None:
    world = north_and_south
    _ready(world)
    north, south = world.node("north"), world.node("south")
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    south.swaps.approve("north", "a releaser")
    south.deliver("north")
    item = next(i.id for i in north.swaps.status("south").items if i.direction == "given")
    north.letters.recall(item, "given by mistake")
    north.deliver("south")
    assert south.letters.attest(item).content == {}
    south.deliver("north")
    line = next(x for x in north.swaps.ledger("south").lines if x.item == item)
    assert (line.status, line.counts) == ("erased", False)
    assert not [r for r in south.holdings.count().items() if r[0] == "people" and r[1] != 7]


def test_a_finding_with_an_item_cannot_be_decided_anew(north_and_south: World) -> None:
    _ready(north_and_south)
    north = north_and_south.node("north")
    finding = north.runs.findings(grade="strong")[0]
    with pytest.raises(Refused, match="item"):
        north.runs.decide(finding.id, "dismissed", "an analyst")


def test_what_was_received_is_erased_when_the_agreed_time_is_over(north_and_south: World) -> None:
    world = north_and_south
    _ready(world)
    north, south = world.node("north"), world.node("south")
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    south.swaps.approve("north", "a releaser")
    south.deliver("north")
    assert south.swaps.expire() == 0
    world.clock.time += 366 * 86_400_000
    assert south.swaps.expire() == 3
    received = [i for i in south.swaps.status("north").items if i.direction == "received"]
    assert {(i.state, bool(i.content)) for i in received} == {("erased", False)}
    assert south.holdings.count() == {"people": 5}
