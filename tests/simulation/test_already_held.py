"""What a node is given and held already does not count, once it shows so; what it did not hold cannot be disputed away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from detente.errors import Refused
from support.world import NORTH, SOUTH, World, person, small_terms

SAME = person("same", "Юрий Петрович Лебедев", "1963-03-03")


@pytest.fixture
def swapped(tmp_path: Path) -> Iterator[World]:
    """Two nodes that swapped four findings; of one of them both held the very same."""
    world = World(tmp_path)
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", (*NORTH, SAME))
    world.load("south", (*SOUTH, {**SAME, "id": "theirs"}))
    north, south = world.node("north"), world.node("south")
    north.match("people", "south")
    for node, peer in ((north, "south"), (south, "north")):
        for finding in node.runs.findings(grade="strong"):
            node.runs.decide(finding.id, "confirmed", "an analyst")
        node.swaps.prepare(peer)
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    south.swaps.approve("north", "another releaser")
    south.deliver("north")
    north.deliver("south")
    yield world
    world.close()


def received(world: World, name: str, of: str) -> str:
    """The item that a node received and whose name is `name`."""
    items = world.node(of).swaps.status({"north": "south", "south": "north"}[of]).items
    return next(i.id for i in items if i.direction == "received" and name in i.content["name"])


def test_an_item_that_was_held_before_is_disputed_with_the_proof_and_counts_for_neither(
    swapped: World,
) -> None:
    north, south = swapped.node("north"), swapped.node("south")
    before = north.swaps.ledger("south").received
    north.letters.dispute(
        received(swapped, "Юрий Петрович Лебедев", "north"), "already-held", "held since 2020"
    )
    north.deliver("south")
    assert north.swaps.ledger("south").received == before - 1
    assert south.swaps.ledger("north").given == before - 1


def test_what_brought_something_new_is_not_disputed_as_held(swapped: World) -> None:
    north = swapped.node("north")
    with pytest.raises(Refused, match="something new"):
        north.letters.dispute(received(swapped, "Shamil Basayev", "north"), "already-held", "")


def test_a_record_that_came_later_proves_nothing(swapped: World) -> None:
    north = swapped.node("north")
    item = received(swapped, "Shamil Basayev", "north")
    later = person("n1", "Шамиль Салманович Басаев", "1965-01-14")
    later["properties"]["name"].append("Shamil Basayev")
    swapped.load("north", [later])
    north.countersign("south")
    with pytest.raises(Refused, match="before"):
        north.letters.dispute(item, "already-held", "")
