"""Three nodes: north deals with south and with east. Nothing learnt from one reaches the other without the originator's consent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from detente.errors import Refused
from detente.node.node import Node
from detente.topics.designations.listing import Listing, Name
from support.world import NORTH, SOUTH, World, person, small_terms

SHARED = person("e1", "Olga Voroshilova", "1971-05-03")
OTHER = person("e2", "Shamil Basayev", "1965-01-14")
EAST = (SHARED, OTHER, person("e3", "Li Wei", "1990-10-10"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """North and south have matched and swapped three persons; north and east have an agreement, and east holds two of the three."""
    world = World(tmp_path_factory.mktemp("three"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    north, south = world.node("north"), world.node("south")
    north.match("people", "south")
    for node, peer in ((north, "south"), (south, "north")):
        for finding in node.runs.findings(peer=peer, grade="strong"):
            node.runs.decide(finding.id, "confirmed", "an analyst")
        node.swaps.prepare(peer)
        node.swaps.approve(peer, "a releaser")
    north.deliver("south")
    south.deliver("north")
    assert len(_received(north)) == 3
    world.pair("north", "east")
    world.agree("north", "east", small_terms)
    world.load("east", EAST)
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def three(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    world = World.copied(*prepared, tmp_path / "three")
    yield world
    world.close()


def _received(node: Node) -> list[str]:
    """The items that south gave."""
    return [item.id for item in node.swaps.status("south").items if item.direction == "received"]


def _erase_own(node: Node) -> None:
    """Leaves north with what south gave alone."""
    with node.office.store.transaction() as tx:
        for row in list(tx.records.select("people")):
            if not row.origin.startswith("party:"):
                tx.records.erase(row.id)


def test_what_one_peer_gave_is_not_matched_with_another(three: World) -> None:
    plan = three.node("north").runs.plan("people", "east")
    assert plan.records == 5
    assert plan.left_out == {"received from another party that has not consented": 3}


def test_a_run_with_a_third_party_finds_nothing_in_what_another_gave(three: World) -> None:
    north = three.node("north")
    _erase_own(north)
    three.load("north", [person("n9", "Someone Else", "1950-01-01")])
    assert north.match("people", "east").strong == 0
    assert three.node("east").runs.findings() == []
    with three.node("east").office.store.snapshot() as tx:
        (started,) = tx.journal.find(kind="run.started")
    assert (
        b'"first":256' in started.data
    )  # eight padded records: north's own one; what south gave does not show in the size


def test_what_one_peer_gave_goes_back_to_nobody_not_even_to_its_giver(three: World) -> None:
    plan = three.node("north").runs.plan("people", "south")
    assert plan.left_out == {"received from this very party": 3}


def test_findings_and_items_with_one_peer_are_nothing_of_another(three: World) -> None:
    north = three.node("north")
    north.match("people", "east")
    with_south = {f.id for f in north.runs.findings(peer="south")}
    with_east = {f.id for f in north.runs.findings(peer="east")}
    assert with_south
    assert with_east
    assert not with_south & with_east
    handles = {f.theirs for f in _rows(north)}
    assert len(handles) == len(_rows(north))  # drawn anew for each run: no two peers can join them
    assert {f.id for f in three.node("east").runs.findings()} == with_east
    assert north.swaps.status("east").items == []
    assert north.swaps.ledger("east").lines == []


def _rows(node: Node):  # type: ignore[no-untyped-def]  # rows of findings
    with node.office.store.snapshot() as tx:
        return list(tx.findings.find())


def test_what_is_exported_or_sent_for_one_peer_names_no_other(three: World) -> None:
    north, south = three.node("north"), three.node("south")
    seen: list[bytes] = []
    three.wire.watch = lambda recipient, packet: (seen.append(packet), packet)[1]
    north.match("people", "east")
    names = [south.office.identity().party.encode(), south.office.identity().key_id.encode(), b"received:"]
    names += [item.encode() for item in _received(north)]
    names += [f.id.encode() for f in north.runs.findings(peer="south")]
    for data in [*seen, north.witness.export("east")]:
        for name in names:
            assert name not in data
    assert seen


def test_our_word_on_a_group_of_one_peer_s_does_not_tell_another_by_which_names_that_peer_knows_it(
    three: World,
) -> None:
    north, south, east = (three.node(name) for name in ("north", "south", "east"))
    names = (Name("Order of the Purple Teapot", "name"), Name("Kettle Brigade"))
    south.designations.take_in("s", [Listing("s", "1", names)])
    south.designations.propose("north")
    south.deliver("north")
    north.documents.accept("south")
    north.deliver("south")
    north.designations.say("order of the purple teapot", "listed")
    north.designations.propose("east")
    north.deliver("east")
    (proposed,) = east.documents.show("joint-list", peer="north")[0].proposals
    assert "Order of the Purple Teapot" in "".join(proposed.changes)
    assert "Kettle" not in "".join(proposed.changes)
    # and with south it is still the one group
    changed = north.designations.show("south").changes
    assert [each.partition(":")[0] for each in changed] == ["changes order-of-the-purple-teapot"]


def _consent(world: World, item: str, yes: bool = True) -> None:
    north, south = world.node("north"), world.node("south")
    north.letters.ask_consent(item, "east", "a joint case")
    north.deliver("south")
    south.letters.answer_letter("north", "consent", item, yes)
    south.deliver("north")


def test_a_consent_lets_one_item_go_on_to_one_party_and_no_other(three: World) -> None:
    north = three.node("north")
    items = _received(north)
    _consent(three, items[0])
    plan = north.runs.plan("people", "east")
    assert plan.records == 6
    assert plan.left_out == {"received from another party that has not consented": 2}
    three.pair("north", "west")
    three.agree("north", "west", small_terms)
    assert north.runs.plan("people", "west").left_out == {
        "received from another party that has not consented": 3
    }


def test_a_consent_that_was_refused_lets_nothing_go(three: World) -> None:
    north = three.node("north")
    _consent(three, _received(north)[0], yes=False)
    assert north.runs.plan("people", "east").records == 5


def test_under_an_agreement_that_lets_nothing_be_passed_on_people_are_not_even_asked(three: World) -> None:
    def never(toml: str) -> str:
        return small_terms(toml).replace('onward = "consent"', 'onward = "never"')

    three.agree("north", "south", never)
    north, south = three.node("north"), three.node("south")
    with suppress(Refused):
        north.letters.ask_consent(_received(north)[0], "east", "a joint case")
        north.deliver("south")
    with south.office.store.snapshot() as tx:
        assert not [
            row for row in tx.ceremonies.find(kind="exchange", status="open") if b"consent" in row.summary
        ]
    assert north.runs.plan("people", "east").records == 5
