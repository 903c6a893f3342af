"""Packets carried by hand: what was stored is acknowledged by the next stick, and a lost stick is repeated."""

from __future__ import annotations

from support.world import World


def test_a_courier_brings_acknowledgements_back_and_then_nothing_more(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    ours, theirs = north.office.identity().party, south.office.identity().party
    north.witness.start("south")
    for _ in range(4):
        stick = north.post.carry_out(theirs)
        if stick is not None:
            south.post.carry_in(stick)
        back = south.post.carry_out(ours)
        if back is not None:
            north.post.carry_in(back)
    assert north.post.carry_out(theirs) is None
    assert south.post.carry_out(ours) is None
    with north.office.store.snapshot() as tx:
        assert tx.checkpoints.latest(ours, theirs) is not None


def test_a_lost_stick_is_repeated(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    ours, theirs = north.office.identity().party, south.office.identity().party
    north.witness.start("south")
    assert north.post.carry_out(theirs) is not None  # lost
    stick = north.post.carry_out(theirs)
    assert stick is not None
    south.post.carry_in(stick)
    assert south.post.carry_out(ours) is not None
