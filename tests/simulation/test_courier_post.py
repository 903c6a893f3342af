"""Packets carried by hand: what was stored is acknowledged by the next stick, and a lost stick is repeated."""

from __future__ import annotations

import pytest

from detente.errors import BadSignature
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


def test_a_hello_stolen_from_a_courier_is_worth_nothing_over_another_connection(
    north_and_south: World,
) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    theirs = south.office.identity().party
    north.witness.start("south")
    stolen = north.post.carry_out(theirs)
    assert stolen is not None
    with pytest.raises(BadSignature, match="another party's connection"):
        south.post.answer(stolen, pin="00" * 32)
    assert south.post.answer(stolen, pin=north.office.identity().public.tls_sha256)
