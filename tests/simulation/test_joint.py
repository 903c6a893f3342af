"""Joint documents between two nodes: countered, accepted in part, crossing, merged, revoked; online and by courier."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import detente_verify
from detente.errors import Misuse, NotAgreed, Refused
from detente.node.node import Node
from support.world import World

KIND = "resolution"


def content(title: str = "List", **entries: Any) -> dict[str, Any]:
    return {"title": title, "entries": {slug: {"say": value} for slug, value in entries.items()}}


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    world = World(tmp_path_factory.mktemp("joint"))
    world.pair("north", "south")
    world.agree("north", "south")
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def world(paired: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    made = World.copied(*paired, tmp_path / "world")
    yield made
    made.close()


def meet(world: World) -> None:
    """Both sides deliver until nothing moves."""
    for _ in range(2):
        world.node("north").deliver("south")
        world.node("south").deliver("north")


def agree(world: World, said: dict[str, Any]) -> str:
    digest = world.node("north").documents.propose(KIND, "main", said, "south")
    meet(world)
    world.node("south").documents.accept("north")
    meet(world)
    return digest


def head(node: Node, peer: str) -> str:
    (view,) = node.documents.show(KIND, "main", peer)
    return view.hash


def both(world: World) -> tuple[Node, Node]:
    return world.node("north"), world.node("south")


def test_a_document_that_both_signed_is_in_force_on_both_sides_from_one_instant(world: World) -> None:
    digest = agree(world, content(isil="both"))
    north, south = both(world)
    assert head(north, "south") == head(south, "north") == digest
    views = [node.documents.show(KIND, "main")[0] for node in (north, south)]
    assert views[0].since == views[1].since != ""
    assert north.documents.current(KIND, "main", "south") == content(isil="both")


def test_a_counter_proposal_rejects_and_proposes_in_one_message(world: World) -> None:
    north, south = both(world)
    first = north.documents.propose(KIND, "main", content(isil="both"), "south")
    meet(world)
    second = south.documents.counter("north", first, content(isil="both", hts="open"), "HTS as well")
    (view,) = south.documents.show(KIND)
    assert [each.hash for each in view.proposals] == [second]
    meet(world)
    (view,) = north.documents.show(KIND)
    assert [(each.hash, each.reason, each.waits) for each in view.proposals] == [
        (second, "HTS as well", "us")
    ]
    assert view.proposals[0].changes == [
        'title: "List" (new)', 'adds hts: say: "open" (new)', 'adds isil: say: "both" (new)'
    ]  # fmt: skip
    north.documents.accept("south")
    meet(world)
    assert head(north, "south") == head(south, "north") == second


def test_counter_proposals_go_to_and_fro_in_one_conversation(world: World) -> None:
    north, south = both(world)
    north.documents.propose(KIND, "main", content(a="0"), "south")
    for turn in range(1, 5):
        meet(world)
        node, peer = (south, "north") if turn % 2 else (north, "south")
        node.documents.counter(peer, "", content(a=str(turn)), "")
    meet(world)
    south.documents.accept("north")
    meet(world)
    assert north.documents.current(KIND, "main", "south") == content(a="4")
    states = [each.state for each in south.documents.show(KIND)[0].history]
    assert states == ["rejected"] * 4 + ["in_force"]


def test_accepting_some_entries_asks_the_proposer_to_sign_exactly_those(world: World) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="both", hts="yes", pkk="yes"), "south")
    meet(world)
    south.documents.accept_part("north", "", ["hts"], "PKK later")
    meet(world)
    (view,) = north.documents.show(KIND)
    assert (view.proposals[0].takes, view.proposals[0].leaves) == (["hts"], ["pkk"])
    north.documents.accept("south")
    meet(world)
    assert south.documents.current(KIND, "main", "north") == content(isil="both", hts="yes")


def test_two_proposals_that_cross_are_both_shown_and_neither_can_be_signed(world: World) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    world.wire.down = True
    north.documents.propose(KIND, "main", content(isil="both", a="n"), "south")
    south.documents.propose(KIND, "main", content(isil="both", b="s"), "north")
    world.wire.down = False
    meet(world)
    for node, peer in ((north, "south"), (south, "north")):
        (view,) = node.documents.show(KIND)
        assert [each.crosses for each in view.proposals] == [True, True]
        with pytest.raises(Refused, match="withdraw it first"):
            node.documents.accept(peer)


@pytest.mark.parametrize("who", [("north",), ("south",), ("north", "south")])
def test_merging_brings_crossing_proposals_together_whoever_merges(
    world: World, who: tuple[str, ...]
) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="both", a="n"), "south")
    south.documents.propose(KIND, "main", content(isil="both", b="s"), "north")
    meet(world)
    hashes = set()
    for name in who:
        node, peer = (north, "south") if name == "north" else (south, "north")
        hashes.add(node.documents.merge(peer, KIND, "main").hash)
    assert len(hashes) == 1
    meet(world)
    if len(who) == 1:
        other, peer = (south, "north") if who == ("north",) else (north, "south")
        other.documents.accept(peer)
        meet(world)
    assert {head(north, "south"), head(south, "north")} == hashes
    assert north.documents.current(KIND, "main", "south") == content(isil="both", a="n", b="s")
    views = [node.documents.show(KIND)[0] for node in (north, south)]
    assert views[0].since == views[1].since
    assert [view.proposals for view in views] == [[], []]
    assert [view.merging for view in views] == ["", ""]
    assert all(not list((world.directory / name / "evidence").glob("*")) for name in ("north", "south"))


def test_proposals_that_collide_are_listed_and_nothing_is_merged(world: World) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="north"), "south")
    south.documents.propose(KIND, "main", content(isil="south"), "north")
    meet(world)
    crossed = north.documents.merge("south", KIND, "main")
    assert crossed.hash == ""
    assert crossed.conflicts == ['isil / say: ours say "north", theirs say "south"']
    assert [len(node.documents.show(KIND)[0].proposals) for node in (north, south)] == [2, 2]


def test_both_proposing_the_same_words_need_no_further_signature(world: World) -> None:
    north, south = both(world)
    digest = north.documents.propose(KIND, "main", content(isil="both"), "south")
    assert south.documents.propose(KIND, "main", content(isil="both"), "north") == digest
    meet(world)
    assert head(north, "south") == head(south, "north") == digest


def test_a_withdrawal_after_the_acceptance_is_refused_and_one_that_crossed_it_loses(world: World) -> None:
    north, south = both(world)
    digest = north.documents.propose(KIND, "main", content(isil="both"), "south")
    north.deliver("south")
    world.wire.down = True
    south.documents.accept("north")
    north.documents.withdraw("south")
    world.wire.down = False
    meet(world)
    assert head(north, "south") == head(south, "north") == digest
    with pytest.raises(Refused, match="both have signed"):
        north.documents.withdraw("south", digest)
    with pytest.raises(Misuse, match="no proposal of ours"):
        north.documents.withdraw("south")


def test_a_withdrawal_that_crosses_a_counter_proposal_leaves_the_counter_proposal(world: World) -> None:
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="both"), "south")
    north.deliver("south")
    world.wire.down = True
    second = south.documents.counter("north", "", content(isil="listed"), "")
    north.documents.withdraw("south")
    world.wire.down = False
    meet(world)
    north.documents.accept("south")
    meet(world)
    assert head(north, "south") == head(south, "north") == second


def test_nothing_is_amended_while_the_agreement_is_suspended(world: World) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="north"), "south")
    meet(world)
    south.agreements.suspend("north", "a leak")
    for act in (
        lambda: south.documents.accept("north"),
        lambda: south.documents.counter("north", "", content(isil="x"), ""),
        lambda: south.documents.propose(KIND, "other", content(a="b"), "north"),
    ):
        with pytest.raises(NotAgreed, match="suspended"):
            act()
    meet(world)
    with pytest.raises(NotAgreed, match="suspended"):
        north.documents.propose(KIND, "other", content(a="b"), "south")


def test_a_refused_proposal_does_not_hold_our_signature_for_ever(world: World) -> None:
    """It was sent before the suspension was known, and refused on arrival."""
    north, south = both(world)
    world.wire.down = True
    south.agreements.suspend("north", "a leak")
    north.documents.propose(KIND, "main", content(isil="north"), "south")
    world.wire.down = False
    meet(world)
    south.agreements.resume("north")
    meet(world)
    north.agreements.sign("south")
    meet(world)
    assert [each.state for each in north.documents.show(KIND)[0].history] == ["rejected"]
    north.documents.propose(KIND, "main", content(isil="north"), "south")
    meet(world)
    south.documents.accept("north")


def test_revoking_takes_one_side_and_holds_on_both_from_one_instant(world: World) -> None:
    digest = agree(world, content(isil="both"))
    north, south = both(world)
    south.documents.revoke(KIND, "main", "north", "overtaken")
    meet(world)
    views = [node.documents.show(KIND)[0] for node in (north, south)]
    assert [view.state for view in views] == ["ended", "ended"]
    assert views[0].until == views[1].until != ""
    assert views[0].content is None
    with pytest.raises(NotAgreed):
        north.documents.revoke(KIND, "main", "south")
    north.documents.propose(KIND, "main", content(isil="both"), "south")  # begun anew
    meet(world)
    south.documents.accept("north")
    meet(world)
    assert head(north, "south") == head(south, "north") != digest


def test_what_was_in_force_is_told_before_at_and_after_each_boundary(world: World) -> None:
    first = agree(world, content(isil="one"))
    second = agree(world, content(isil="two"))
    north, south = both(world)
    south.documents.revoke(KIND, "main", "north")
    meet(world)
    from detente.wire.instant import parse_rfc3339

    history = {each.hash: each for each in north.documents.show(KIND)[0].history}
    began, turned = (parse_rfc3339(history[each].since) for each in (first, second))
    ended = parse_rfc3339(history[second].until)
    expected = {
        began - 1: [], began: [first], turned - 1: [first], turned: [second], ended - 1: [second], ended: []
    }  # fmt: skip
    for instant, versions in expected.items():
        for node in (north, south):
            found = [each.hash for each in node.documents.at(instant) if each.kind == KIND]
            assert found == versions
    whole = [each.hash for each in north.documents.at(began, ended + 1) if each.kind == KIND]
    assert whole == [first, second]


def test_the_bundle_of_either_side_verifies(world: World) -> None:
    agree(world, content(isil="one"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="two", b="x"), "south")
    south.documents.propose(KIND, "main", content(isil="one", a="y"), "north")
    meet(world)
    north.documents.merge("south", KIND, "main")
    meet(world)
    south.documents.counter("north", "", content(isil="three"), "another")
    meet(world)
    north.documents.accept("south")
    meet(world)
    south.documents.revoke(KIND, "main", "north", "over")
    meet(world)
    north.countersign("south")
    for node, peer in ((north, "south"), (south, "north")):
        bundle = detente_verify.verify(io.BytesIO(node.witness.export(peer)))
        assert bundle.problems == []


def test_a_merge_whose_other_half_was_replaced_meanwhile_is_not_sent_and_says_why(world: World) -> None:
    agree(world, content(isil="both"))
    north, south = both(world)
    north.documents.propose(KIND, "main", content(isil="both", a="n"), "south")
    south.documents.propose(KIND, "main", content(isil="both", b="s"), "north")
    meet(world)
    world.wire.down = True
    north.documents.merge("south", KIND, "main")
    south.documents.withdraw("north")
    packets = [carried(node, peer) for node, peer in ((north, "south"), (south, "north"))]
    south.post.carry_in(packets[0])
    north.post.carry_in(packets[1])
    south.post.carry_in(carried(north, "south", pump=False))
    south.documents.propose(KIND, "main", content(isil="both", c="s"), "north")
    north.post.carry_in(carried(south, "north"))
    north.pump("south")
    (view,) = north.documents.show(KIND)
    assert "another version meanwhile" in view.merging
    assert [each.changes for each in view.proposals] == [['adds c: say: "s" (new)']]
    north.documents.accept("south")
    assert north.documents.show(KIND)[0].merging == "not sent: " + view.merging.removeprefix("not sent: ")
    north.pump("south")
    assert north.documents.show(KIND)[0].merging == ""


def carried(node: Node, peer: str, pump: bool = True) -> bytes:
    """What waits for the peer, as one packet on a stick."""
    if pump:
        node.pump(peer)
    with node.office.store.snapshot() as tx:
        party = node.office.peer(tx, peer).party
    packet = node.post.carry_out(party)
    assert packet is not None
    return packet


def test_two_processes_of_one_node_do_not_both_sign_on_one_base(world: World) -> None:
    """Both have read the store before either wrote: the second is refused in its transaction."""
    north, _ = both(world)
    room = north.office.rooms["amendment"]
    blind = room._slot  # type: ignore[attr-defined]  # what another process read a moment ago
    import msgspec

    room._slot = lambda *args: msgspec.structs.replace(blind(*args), open="", signed=b"")  # type: ignore[attr-defined]
    north.documents.propose(KIND, "main", content(a="one"), "south")
    for said in ("two", "one"):
        with pytest.raises(Refused, match="withdraw it first"):
            north.documents.propose(KIND, "main", content(a=said), "south")
    assert len(north.documents.show(KIND)[0].proposals) == 1


def test_terms_of_an_agreement_are_countered_and_merged_like_any_other_document(world: World) -> None:
    north, south = both(world)
    toml = north.agreements.template("south")
    north.agreements.propose(toml.replace("retention_days = ", "retention_days = 1"), "south")
    meet(world)
    (view,) = south.documents.show("agreement")
    assert view.state == "in_force"
    assert view.content is not None
    terms = {**view.content, "recall_hours": 5}
    south.documents.counter("north", "", terms, "five hours")
    meet(world)
    north.agreements.sign("south")
    meet(world)
    with north.office.store.snapshot() as tx:
        party = north.office.peer(tx, "south").party
        assert north.agreements.standing(tx, party).terms.recall_hours == 5  # type: ignore[union-attr]
    north.agreements.propose(toml, "south")
    meet(world)
    with pytest.raises(Misuse, match="this is no agreement"):
        south.documents.counter("north", "", {**view.content, "recall_hours": -5}, "")


def test_content_that_no_document_can_hold_is_the_callers_mistake(world: World) -> None:
    north, _ = both(world)
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"a": deep}
    for said in ({"title": 1.5}, {"title": "x", "entries": {"a": deep}}, {"title": "\ud800", "entries": {}},
                 {"title": "x" * (1 << 20), "entries": {}}, {"title": 1 << 60, "entries": {}}):  # fmt: skip
        with pytest.raises(Misuse):
            north.documents.propose(KIND, "main", said, "south")
    with pytest.raises(Misuse, match="no content"):
        north.documents.diff(KIND, "main", {"title": 1.5}, "south")
    with pytest.raises(Misuse, match="kind 'treaty'"):
        north.documents.propose("treaty", "main", content(a="b"), "south")
    with pytest.raises(Misuse):
        north.documents.propose(KIND, "Main Street", content(a="b"), "south")
