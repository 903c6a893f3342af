"""Requests for information, between nodes on real stores: asked, answered, rated; passed on only with consent."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import detente_verify
from detente.errors import DetenteError, Expired, Misuse, NotAgreed, Overdrawn, Refused, TooRevealing
from detente.node.node import Node
from detente.node.requests import Question, RequestView
from support.world import NORTH, SOUTH, World, small_terms

DAY = 86_400_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Two nodes, paired, with an agreement in force and five people each."""
    world = World(tmp_path_factory.mktemp("requests"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def north_and_south(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    world = World.copied(*prepared, tmp_path / "two")
    yield world
    world.close()


@pytest.fixture(scope="module")
def unchanged(prepared: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests that change nothing."""
    found = World.copied(*prepared, tmp_path_factory.mktemp("unchanged") / "two")
    yield found
    found.close()


def ask(world: World, asker: str = "north", answerer: str = "south", **changes: Any) -> RequestView:
    about = {
        "topic": "people",
        "purpose": "a case of ours",
        "until": world.clock.time + 7 * DAY,
        "template": "person",
        "properties": {"name": ["Olga Voroshilova"], "birthDate": ["1971-05-03"]},
        "question": "Do you know this person?",
        **changes,
    }
    view = world.node(asker).requests.ask(answerer, Question(**about))
    world.node(asker).deliver(answerer)
    return world.node(asker).requests.show(view.id)


def own(node: Node, number: int = 0) -> str:
    """The id of a record that the node itself loaded."""
    with node.office.store.snapshot() as tx:
        return [row.id for row in tx.records.select("people") if row.origin.startswith("file:")][number]


def received(node: Node, peer: str) -> list[Any]:
    return [item for item in node.swaps.status(peer).items if item.direction == "received"]


def test_a_request_is_answered_by_a_release_that_counts(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    request = ask(world)
    assert (request.state, request.by, request.late) == ("open", "ours", False)
    assert [(w.kind, w.subject) for w in south.outlook.overview().waiting] == [("request", request.id)]
    theirs = south.requests.listed("north")[0]
    assert (theirs.id, theirs.by, theirs.about) == (request.id, "theirs", request.about)
    south.requests.accept(request.id)
    south.requests.answer(request.id, [own(south, 1)], "a releaser", part=True, reason="the rest is not ours")
    south.deliver("north")
    for node in (north, south):
        view = node.requests.show(request.id)
        assert (view.state, view.reason, len(view.items)) == ("part", "the rest is not ours", 1)
    assert [item.content["name"] for item in received(north, "south")]
    assert (north.swaps.ledger("south").balance, south.swaps.ledger("north").balance) == (-1, 1)
    assert all(line.receipted for line in south.swaps.ledger("north").lines)
    north.requests.rate(request.id, True)
    north.deliver("south")
    assert south.requests.show(request.id).useful is True
    assert north.holdings.count()["people"] == 6


def test_an_answer_can_be_recalled(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    request = ask(world)
    south.requests.answer(request.id, [own(south)], "a releaser")
    south.deliver("north")
    (item,) = south.requests.show(request.id).items
    south.letters.recall(item, "the source withdrew it")
    south.deliver("north")
    north.letters.attest(item)
    north.deliver("south")
    assert south.swaps.ledger("north").balance == north.swaps.ledger("south").balance == 0
    assert north.holdings.count()["people"] == 5


def test_what_was_promised_in_return_goes_item_for_item(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    request = ask(world, returns=1, most=4, offer="one of ours for one of yours")
    south.requests.answer(request.id, [own(south, 0), own(south, 1)], "a releaser")
    south.deliver("north")
    assert north.requests.show(request.id).items == []  # the first place waits for what was promised
    north.requests.give_back(request.id, [own(north, 2)], "a releaser")
    north.deliver("south")
    south.deliver("north")
    found = north.swaps.ledger("south")
    assert (found.given, found.received) == (1, 2)
    assert south.requests.show(request.id).state == north.requests.show(request.id).state == "full"


def test_what_was_given_once_is_not_given_again_and_may_be_said_in_words(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    first, second = ask(world), ask(world, question="And again?")
    south.requests.answer(first.id, [own(south)], "a releaser")
    south.deliver("north")
    with pytest.raises(Refused, match="given"):
        south.requests.answer(second.id, [own(south)], "a releaser")
    with pytest.raises(Misuse, match="reason"):
        south.requests.answer(second.id, [], "a releaser")
    south.requests.answer(second.id, [], "a releaser", reason="you have it already")
    south.deliver("north")
    view = north.requests.show(second.id)
    assert (view.state, view.items, view.reason) == ("full", [], "you have it already")
    assert len(received(north, "south")) == 1


def test_drafts_that_were_withdrawn_are_told_as_no_answer(north_and_south: World) -> None:
    world = north_and_south
    south = world.node("south")
    request = ask(world)
    south.requests.answer(request.id, [own(south)], "a releaser")
    south.swaps.withdraw("north", [i.id for i in south.swaps.status("north").items])
    south.deliver("north")
    assert world.node("north").requests.show(request.id).state == "open"
    assert south.requests.show(request.id).state == "open"


def test_nobody_has_more_than_so_many_requests_open(
    north_and_south: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.pact.requests.MAX_OPEN", 2)
    ask(north_and_south)
    ask(north_and_south)
    with pytest.raises(Overdrawn):
        ask(north_and_south)
    monkeypatch.setattr("detente.pact.requests.MAX_OPEN", 3)
    late = ask(north_and_south)
    monkeypatch.setattr("detente.pact.requests.MAX_OPEN", 1)
    with pytest.raises(Overdrawn):
        ask(north_and_south)
    north_and_south.node("south").requests.decline(late.id, "enough")
    assert len(north_and_south.node("south").requests.listed()) == 3


@pytest.mark.parametrize("how", ["decline", "nothing"])
def test_a_request_may_be_declined_or_nothing_be_held(north_and_south: World, how: str) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    request = ask(world)
    getattr(south.requests, how)(request.id, "not for us to say")
    south.deliver("north")
    view = north.requests.show(request.id)
    assert (view.state, view.reason) == ({"decline": "declined"}.get(how, how), "not for us to say")
    with pytest.raises(Refused):
        south.requests.answer(request.id, [own(south)], "a releaser")
    with pytest.raises(Refused):
        south.requests.accept(request.id)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"until": 1_000_000}, Expired),
        ({"until": 1_795_376_533_000 + 400 * DAY}, Refused),
        ({"marking": "TLP:RED"}, TooRevealing),
        ({"marking": "secret"}, TooRevealing),
        ({"properties": {"notes": ["a source told us"]}}, TooRevealing),
        ({"topic": "airspace"}, NotAgreed),
        ({"purpose": ""}, Misuse),
        ({"question": "", "properties": {}}, Refused),
        ({"returns": 9}, Refused),
        ({"most": 65}, Misuse),
        ({"most": 0}, Misuse),
        ({"record": "nobody"}, Misuse),
    ],
)
def test_what_may_not_be_asked_is_not_sent(
    unchanged: World, changes: dict[str, Any], error: type[DetenteError]
) -> None:
    with pytest.raises(error):
        ask(unchanged, **changes)
    assert unchanged.node("north").requests.listed() == []
    assert unchanged.node("south").requests.listed() == []


def test_a_request_that_arrives_after_its_deadline_is_refused_and_was_never_asked(
    north_and_south: World,
) -> None:
    world = north_and_south
    north = world.node("north")
    world.wire.down = True
    about = Question("people", "a case", world.clock.time + DAY, question="Do you know him?")
    request = north.requests.ask("south", about)
    assert request.state == "sent"
    world.clock.time += 2 * DAY
    world.wire.down = False
    north.deliver("south")
    view = north.requests.show(request.id)
    assert view.state == "refused"
    assert "deadline" in view.reason
    assert world.node("south").requests.listed() == []
    assert north.requests.matrix() == []


def test_nothing_is_asked_nor_given_while_the_agreement_is_suspended(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    request = ask(world)
    south.requests.answer(request.id, [own(south)], "a releaser")
    north.agreements.suspend("south", "a leak is looked into")
    north.deliver("south")
    with pytest.raises(NotAgreed):
        ask(world)
    with pytest.raises(NotAgreed):
        south.requests.answer(request.id, [own(south, 1)], "a releaser")
    assert received(north, "south") == []
    south.requests.decline(request.id, "the agreement is suspended")  # a word still goes
    south.deliver("north")
    assert north.requests.show(request.id).state == "declined"
    assert [item.state for item in south.swaps.status("north").items] == []


def test_an_answer_that_the_balance_does_not_bear_waits(north_and_south: World) -> None:
    world = north_and_south

    def narrow(toml: str) -> str:
        return "\n".join(
            "imbalance_limit = 1"
            if line.startswith("imbalance_limit")
            else "batch = 1"
            if line.startswith("batch")
            else line
            for line in toml.splitlines()
        )

    world.agree("north", "south", lambda toml: narrow(small_terms(toml)))
    north, south = world.node("north"), world.node("south")
    request = ask(world)
    south.requests.answer(request.id, [own(south, 0), own(south, 1)], "a releaser")
    south.deliver("north")
    assert len(received(north, "south")) == 1
    assert south.requests.show(request.id).state == "open"  # it is not told as long as something waits
    with pytest.raises(Overdrawn):
        south.requests.answer(request.id, [own(south, 2)], "a releaser")
    back = ask(world, "south", "north")
    north.requests.answer(back.id, [own(north, 0)], "a releaser")
    north.deliver("south")
    south.deliver("north")
    assert len(received(north, "south")) == 2
    assert north.requests.show(request.id).state == "full"


def test_both_sides_folds_and_the_verifier_agree(north_and_south: World) -> None:
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    first, second = ask(world, returns=1, most=2), ask(world, "south", "north")
    south.requests.answer(first.id, [own(south, 0), own(south, 1)], "a releaser")
    south.deliver("north")
    north.requests.give_back(first.id, [own(north, 0)], "a releaser")
    north.deliver("south")
    south.deliver("north")
    north.requests.decline(second.id, "no")
    north.requests.rate(first.id, True)
    north.deliver("south")
    north.countersign("south")
    (ours,), (theirs,) = north.requests.matrix(), south.requests.matrix()
    assert (ours.ours, ours.theirs) == (theirs.theirs, theirs.ours)
    assert (ours.ours.asked, ours.ours.answered, ours.ours.useful, ours.ours.given) == (1, 1, 1, 1)
    assert (ours.theirs.asked, ours.theirs.declined, ours.theirs.given) == (1, 1, 2)
    for node, peer in ((north, "south"), (south, "north")):
        found = detente_verify.verify(io.BytesIO(node.witness.export(peer)))
        assert found.problems == []


def test_the_wording_is_erased_when_its_time_is_over_and_the_proof_stays(north_and_south: World) -> None:
    world = north_and_south
    request = ask(world)
    for name in ("north", "south"):
        node = world.node(name)
        with node.office.store.snapshot() as tx:
            peer = tx.peers.all()[0].party
            kept = b"".join(letter.raw for letter in tx.letters.find(peer))
            blobs = [tx.settings.get(f"request.{peer}.{request.id}")]
        assert b"Voroshilova" not in kept
        assert b"Voroshilova" in (blobs[0] or b"")
    world.clock.time += 366 * DAY
    for name in ("north", "south"):
        world.node(name).swaps.expire()
        view = world.node(name).requests.show(request.id)
        assert (view.about, view.purpose, view.topic) == ({}, "", "people")
