"""Plans of two nodes kept apart: filed, compared under an agreement, told alike to both, settled by both or alarmed."""

from __future__ import annotations

import pytest

from detente.errors import Misuse, NotAgreed, Overdrawn
from detente.pact.airspace import TEMPLATE
from support.skies import box, plan
from support.world import World

SOON = 12 * 3_600_000  # after the noon that plans are drawn from; some four hours from the beginning of the world


def with_airspace(toml):
    return toml + "\n" + TEMPLATE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made") / "world"
    place.mkdir()
    world = World(place)
    world.pair("north", "south")
    world.agree("north", "south", with_airspace)
    world.close()
    return place, world.clock.time


@pytest.fixture
def world(made, tmp_path):
    place, time = made
    found = World.copied(place, time, tmp_path / "world")
    yield found
    found.close()


def later(volume_box, **changes):
    return box(*volume_box, start=SOON, end=SOON + 1_800_000, **changes)


def file_plans(world):
    ours = [
        plan("patrol", later((36.0, 33.0, 36.4, 33.1)), priority=1),
        plan("north-2", later((38.0, 35.0, 38.2, 35.2))),
    ]
    theirs = [
        plan("convoy", later((36.3, 33.05, 36.6, 33.3)), priority=5),
        plan("south-2", later((40.0, 35.0, 40.2, 35.2))),
    ]
    for name, plans in (("north", ours), ("south", theirs)):
        report = world.node(name).airspace.add(plans, "plans.geojson")
        assert (report.added, report.refused) == (2, [])


def test_both_are_told_the_same_conflict(world):
    file_plans(world)
    report = world.node("north").match("airspace", "south")
    assert (report.outcome, report.strong) == ("done", 1)
    [ours], [theirs] = (world.node(name).airspace.conflicts() for name in ("north", "south"))
    assert (ours.plan, theirs.plan) == ("patrol", "convoy")
    assert (ours.id, ours.words, ours.settle_by, ours.state) == (
        theirs.id,
        theirs.words,
        theirs.settle_by,
        "open",
    )
    assert (ours.our_priority, ours.their_priority) == (theirs.their_priority, theirs.our_priority) == (1, 5)
