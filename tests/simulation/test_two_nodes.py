"""Two nodes in one process, on real stores: from invitation to findings that both hold alike."""

from __future__ import annotations

import pytest

from detente.errors import Misuse, NotAgreed, Refused, Unavailable
from support.world import NORTH, World, small_terms


def test_two_nodes_pair_agree_and_find_the_people_that_both_hold(north_and_south: World) -> None:
    north, south = north_and_south.node("north"), north_and_south.node("south")
    report = north.match("people", "south")
    assert report.outcome == "done"
    ours = {f.id: f.record for f in north.runs.findings(grade="strong")}
    theirs = {f.id: f.record for f in south.runs.findings(grade="strong")}
    assert ours.keys() == theirs.keys()
    assert {(ours[i], theirs[i]) for i in ours} == {("n1", "s1"), ("n2", "s2"), ("n4", "s3")}


def test_both_journals_verify_and_each_side_cosigned_the_other(north_and_south: World) -> None:
    north_and_south.node("north").match("people", "south")
    for name, peer in (("north", "south"), ("south", "north")):
        node = north_and_south.node(name)
        verified = node.witness.verify()
        party = north_and_south.node(peer).office.identity().party
        assert verified.cosigned[party] >= verified.entries - 2


def test_without_an_agreement_nothing_is_matched(world: World) -> None:
    world.pair("north", "south")
    world.load("north", NORTH)
    with pytest.raises(NotAgreed):
        world.node("north").match("people", "south")


def test_a_suspended_agreement_stops_matching_on_both_sides_and_both_must_resume(
    north_and_south: World,
) -> None:
    north, south = north_and_south.node("north"), north_and_south.node("south")
    south.agreements.suspend("north", "a question about the last run")
    south.deliver("north")
    for node, peer in ((north, "south"), (south, "north")):
        assert node.agreements.show(peer)[0].state == "suspended"
        with pytest.raises(NotAgreed, match="suspended"):
            node.match("people", peer)
    north.agreements.resume("south")
    north.deliver("south")
    assert north.agreements.show("south")[0].state == "suspended"
    assert "suspension" in south.agreements.show("north")[0].proposals[0].consequences[0]
    south.agreements.sign("north")
    south.deliver("north")
    assert north.match("people", "south").outcome == "done"


def test_a_superseded_agreement_cannot_be_used_any_more(north_and_south: World) -> None:
    north, south = north_and_south.node("north"), north_and_south.node("south")
    first = north.agreements.show("south")[0].hash
    second = north_and_south.agree(
        "north",
        "south",
        lambda toml: small_terms(toml).replace("retention_days = 365", "retention_days = 90"),
    )
    assert north.agreements.show("south")[0].hash == south.agreements.show("north")[0].hash == second != first


def test_loading_the_same_file_again_changes_nothing(world: World) -> None:
    first = world.load("north", NORTH)
    again = world.load("north", NORTH)
    assert (first.added, again.added, again.changed, again.unchanged) == (5, 0, 0, 5)


def test_a_record_without_grounds_is_refused_with_its_line(world: World) -> None:
    report = world.load("north", NORTH, grounds="")
    assert [r.line for r in report.refused] == [1, 2, 3, 4, 5]
    assert "grounds" in report.refused[0].reason


def test_a_language_alone_is_no_grounds(north_and_south: World) -> None:
    north_and_south.load("north", NORTH, grounds="Russian")
    plan = north_and_south.node("north").runs.plan("people", "south")
    assert plan.records == 0
    assert plan.left_out == {"a language alone is no grounds": 5}


def test_the_dry_run_sends_and_charges_nothing(north_and_south: World) -> None:
    packets = north_and_south.wire.packets
    plan = north_and_south.node("north").runs.plan("people", "south")
    assert any("will learn" in sentence for sentence in plan.sentences)
    assert north_and_south.wire.packets == packets
    assert plan.budget_left == north_and_south.node("north").runs.plan("people", "south").budget_left


def test_a_node_that_lost_its_memory_between_any_two_packets_goes_on(north_and_south: World) -> None:
    world = north_and_south
    world.node("north").countersign("south")
    ceremony = world.node("north").runs.start("people", "south")
    hops = 0
    while True:
        north = world.reopen("north")
        world.reopen("south")
        with north.office.store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
            peer = north.office.peer(tx, "south")
        if row is not None and row.status != "open":
            break
        north.post.deliver(peer, world.wire, until=lambda: True)
        hops += 1
        assert hops < 100
    assert (row.status, row.summary) == ("done", b'{"what":"done","reason":""}')
    world.node("north").deliver("south")
    assert {f.record for f in world.node("south").runs.findings(grade="strong")} == {"s1", "s2", "s3"}


def test_an_unreachable_peer_leaves_the_work_in_the_outbox(north_and_south: World) -> None:
    world = north_and_south
    world.wire.down = True
    with pytest.raises(Unavailable):
        world.node("north").match("people", "south")
    world.wire.down = False
    world.node("north").deliver("south")
    assert world.node("north").match("people", "south").outcome == "done"


def test_rotated_keys_are_told_to_the_peer_and_count(north_and_south: World) -> None:
    north, south = north_and_south.node("north"), north_and_south.node("south")
    before = north.office.identity().key_id
    north.pairings.rotate()
    north.deliver("south")
    assert north.office.identity().key_id != before
    north.pairings.revoke(before)
    north.deliver("south")
    assert north.match("people", "south").outcome == "done"
    assert south.match("people", "north").outcome == "done"


def test_a_wrong_fingerprint_is_refused(world: World) -> None:
    invitation = world.node("south").pairings.invite()
    with pytest.raises(Misuse, match="fingerprint"):
        world.node("north").pairings.accept(invitation, "0" * 64)


def test_a_second_run_at_the_same_time_is_refused(north_and_south: World) -> None:
    north = north_and_south.node("north")
    north.countersign("south")
    north.runs.start("people", "south")
    with pytest.raises(Refused, match="under way"):
        north.runs.start("people", "south")


def test_a_rotation_that_a_crash_cut_short_is_told_after_the_restart(
    north_and_south: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = north_and_south
    north = world.node("north")
    before = north.office.identity().key_id
    monkeypatch.setattr(north.pairings, "retell", lambda: 0)  # as if the process had ended right after the commit
    after = north.pairings.rotate()
    north = world.reopen("north")
    assert north.office.identity().key_id == after != before
    north.deliver("south")
    assert world.node("south").office.ring().keys_of(north.office.identity().party).key_id == after
    assert north.match("people", "south").outcome == "done"
