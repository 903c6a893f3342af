"""Plans of two nodes kept apart: filed, compared under an agreement, told alike to both, settled by both or alarmed."""

from __future__ import annotations

import pytest

from detente.errors import Misuse, NotAgreed, Refused
from detente.pact.airspace import TEMPLATE
from support.skies import box, plan
from support.world import World

SOON = (
    12 * 3_600_000
)  # after the noon that plans are drawn from; some four hours from the beginning of the world


def with_airspace(toml):
    """The template's terms, with two layers and one bucket: few messages a run."""
    middle = "    { resolution = 6, band_mm = 300000, slot_ms = 600000 },\n"
    assert middle in TEMPLATE
    return toml + "\n" + TEMPLATE.replace(middle, "").replace("buckets = 8", "buckets = 1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made") / "world"
    place.mkdir()
    world = World(place)
    world.pair("north", "south")
    world.agree("north", "south", with_airspace)
    file_plans(world)
    assert world.node("north").match("airspace", "south").strong == 1
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
    [ours], [theirs] = (world.node(name).airspace.conflicts() for name in ("north", "south"))
    assert (ours.plan, theirs.plan) == ("patrol", "convoy")
    assert (ours.id, ours.words, ours.settle_by, ours.state) == (
        theirs.id,
        theirs.words,
        theirs.settle_by,
        "open",
    )
    assert (ours.our_priority, ours.their_priority) == (theirs.their_priority, theirs.our_priority) == (1, 5)


def found(world):
    [conflict] = world.node("north").airspace.conflicts()
    return conflict


def comparing(world, name="north", peer="south"):
    return lambda records: world.node(name).match("airspace", peer, only=records)


def test_a_change_is_compared_signed_by_both_and_then_is_the_plan(world):
    north, south = world.node("north"), world.node("south")
    conflict = found(world)
    before = north.airspace.plan("patrol")
    proposed = north.resolutions.change(
        conflict.id, "south", comparing(world), minutes=90, reason="the convoy goes first"
    )
    assert proposed.hash
    assert proposed.meets == 0
    north.deliver("south")
    assert north.airspace.plan("patrol") == before
    south.resolutions.sign(conflict.id, "north")
    south.deliver("north")
    assert [node.airspace.conflict(conflict.id).state for node in (north, south)] == ["settled", "settled"]
    assert north.resolutions.apply() == ["patrol"]
    assert north.resolutions.apply() == []
    assert north.airspace.plan("patrol").volumes[0].start == before.volumes[0].start + 90 * 60_000
    assert len(north.airspace.plans()) == 2
    assert north.match("airspace", "south").strong == 0


def test_a_change_that_meets_another_plan_is_not_proposed_and_files_no_conflict(world):
    south = world.node("south")
    conflict = found(world)
    south.airspace.add(
        [plan("south-3", later((36.0, 33.0, 36.4, 33.1), low=3000, high=3500))], "more.geojson"
    )
    proposed = world.node("north").resolutions.change(conflict.id, "south", comparing(world), metres=2000)
    assert (proposed.hash, proposed.meets) == ("", 1)
    for name in ("north", "south"):
        assert [c.id for c in world.node(name).airspace.conflicts()] == [conflict.id]


def test_each_proposal_is_charged_to_both(world):
    conflict = found(world)
    north, south = world.node("north"), world.node("south")
    left = [
        node.runs.plan("airspace", peer).budget_left for node, peer in ((north, "south"), (south, "north"))
    ]
    north.resolutions.change(conflict.id, "south", comparing(world), minutes=90)
    after = [
        node.runs.plan("airspace", peer).budget_left for node, peer in ((north, "south"), (south, "north"))
    ]
    assert all(a < b for a, b in zip(after, left, strict=True))


def test_a_conflict_is_accepted_as_it_is_with_a_reason_signed_by_both(world):
    conflict = found(world)
    north, south = world.node("north"), world.node("south")
    with pytest.raises(Misuse, match="reason"):
        north.resolutions.accept_as_it_is(conflict.id, "south", " ")
    north.resolutions.accept_as_it_is(conflict.id, "south", "formation flight, visual contact agreed")
    north.deliver("south")
    south.resolutions.sign(conflict.id, "north")
    south.deliver("north")
    assert north.airspace.conflict(conflict.id).state == "settled"
    with pytest.raises(Refused, match="settled"):
        south.resolutions.give_way(conflict.id, "north", ours=True)


def test_whoever_gives_way_is_agreed_by_both(world):
    conflict = found(world)
    north, south = world.node("north"), world.node("south")
    south.resolutions.give_way(conflict.id, "north", ours=False, reason="the convoy has priority 5")
    south.deliver("north")
    north.resolutions.sign(conflict.id, "south")
    north.deliver("south")
    assert south.airspace.conflict(conflict.id).state == "settled"


def test_a_resolution_whose_change_was_not_compared_is_not_signed(world):
    from detente.pact import resolution

    conflict = found(world)
    north, south = world.node("north"), world.node("south")
    ours = north.office.identity().party
    content = resolution.content(
        conflict.id, conflict.words, "time", ours, "North flies later.", "", "0" * 64
    )
    north.documents.propose("resolution", resolution.name_of(conflict.id), content, "south")
    north.deliver("south")
    with pytest.raises(Refused, match="not compared"):
        south.resolutions.sign(conflict.id, "north")


def test_a_conflict_that_is_not_settled_in_time_alarms_both_desks_once(world):
    conflict = found(world)
    assert conflict.minutes_left > 60
    assert all(world.node(name).airspace.overdue() == [] for name in ("north", "south"))
    world.clock.time += (conflict.minutes_left + 1) * 60_000
    for name in ("north", "south"):
        node = world.node(name)
        assert (
            [view.id for view in node.airspace.overdue()]
            == [view.id for view in node.airspace.overdue()]
            == [conflict.id]
        )
        assert len(node.witness.show(kind="conflict.overdue")) == 1


def test_the_dry_run_says_what_a_modified_node_sees_and_sends_nothing(world):
    packets = world.wire.packets
    dry = world.node("north").runs.plan("airspace", "south")
    assert world.wire.packets == packets
    assert any("modified node" in sentence for sentence in dry.sentences)
    assert any("invented plan" in sentence for sentence in dry.sentences)
    assert dry.records == 2


def test_a_plan_that_was_withdrawn_conflicts_with_nothing(world):
    world.node("north").airspace.withdraw("patrol")
    assert world.node("north").match("airspace", "south").strong == 0
    assert {view.state for view in world.node("north").airspace.plans()} == {"Ended", "Accepted"}


def test_plans_that_are_over_or_too_far_ahead_are_not_filed(world):
    report = world.node("north").airspace.add(
        [
            plan("past", box(36, 33, 36.1, 33.1)),
            plan("far", box(36, 33, 36.1, 33.1, start=40 * 86_400_000, end=41 * 86_400_000)),
        ],
        "x",
    )
    assert (report.added, len(report.refused)) == (0, 2)
    assert "over already" in report.refused[0].reason
    assert "30 days" in report.refused[1].reason


def test_the_same_conflict_found_again_is_the_same_conflict(world):
    conflict = found(world)
    world.node("south").match("airspace", "north")
    assert [c.id for c in world.node("north").airspace.conflicts()] == [conflict.id]


def test_runs_end_with_the_budget(world):
    north, south = world.node("north"), world.node("south")
    used = 100_000 - south.runs.plan("airspace", "north").budget_left
    terms = {
        "budget = 100000 ": f"budget = {max(1500, 4 * used)} ",
        "share_percent = 20": "share_percent = 1",
    }
    toml = with_airspace(north.agreements.template("south"))
    for before, after in terms.items():
        toml = toml.replace(before, after)
    north.agreements.propose(toml, "south")
    north.deliver("south")
    south.agreements.sign("north")
    south.deliver("north")
    south.match("airspace", "north")
    with pytest.raises(Refused, match="budget"):  # by our node before it begins, or by theirs at a finer layer
        use_up(south)


def use_up(node):
    for _ in range(10):
        node.match("airspace", "north")


def test_without_the_topic_in_the_agreement_nothing_is_compared(tmp_path):
    place = tmp_path / "plain"
    place.mkdir()
    world = World(place)
    try:
        world.pair("north", "south")
        world.agree("north", "south")
        file_plans(world)
        with pytest.raises(NotAgreed, match="airspace"):
            world.node("north").match("airspace", "south")
    finally:
        world.close()
