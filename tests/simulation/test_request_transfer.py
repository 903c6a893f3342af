"""A request passed on to a third party: nothing goes there without its asker's consent, and nothing comes back without the third party's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from detente.errors import Misuse, NotAgreed, Refused
from detente.node.node import Node
from detente.node.request_book import RequestView
from detente.node.requests import Question
from detente.pact.requests import UNNAMED
from support.world import NORTH, SOUTH, World, person, small_terms

DAY = 86_400_000
WHO = "Yusuf Ibn Nowhere"
EAST = (person("e1", WHO, "1985-02-03"),)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """South asked north about somebody; north deals with east as well, and south does not know east."""
    world = World(tmp_path_factory.mktemp("three"))
    for first, second in (("north", "south"), ("north", "east"), ("north", "west")):
        world.pair(first, second)
        world.agree(first, second, small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.load("east", EAST)
    question = Question(
        "people", "a case of south's", world.clock.time + 30 * DAY, "TLP:AMBER PAP:GREEN", "person",
        properties={"name": [WHO]}, question="Do you know him?", offer="one of ours", returns=1,
    )  # fmt: skip
    world.node("south").requests.ask("north", question)
    world.node("south").deliver("north")
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def three(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    world = World.copied(*prepared, tmp_path / "three")
    yield world
    world.close()


def the_request(node: Node, peer: str) -> RequestView:
    (view,) = node.requests.listed(peer)
    return view


def ask_consent(world: World, *, named: bool = False) -> str:
    """North asks south whether east may see the request; returns its id."""
    north = world.node("north")
    request = the_request(north, "south").id
    north.requests.transfer(request, "east", "east handles these cases", named=named)
    north.deliver("south")
    return request


def consent(world: World, request: str, yes: bool = True) -> None:
    world.node("south").requests.consent(request, yes)
    world.node("south").deliver("north")


def test_without_the_asker_s_consent_the_third_party_hears_nothing(three: World) -> None:
    north, east = three.node("north"), three.node("east")
    heard: list[bytes] = []
    party = east.office.identity().party
    three.wire.watch = lambda to, packet: (heard.append(packet) if to == party else None, packet)[1]
    request = ask_consent(three)
    with pytest.raises(Refused, match="not answered yet"):
        north.requests.transfer(request, "east", "again")
    north.deliver("east")
    assert east.requests.listed() == []
    consent(three, request, yes=False)
    north.requests.transfer(request, "east", "please")  # asks once more; it does not send
    north.deliver("east")
    assert east.requests.listed() == []
    assert all(WHO.encode() not in packet for packet in heard)


def test_a_consent_is_for_one_party_and_no_other(three: World) -> None:
    north = three.node("north")
    request = ask_consent(three)
    consent(three, request)
    north.requests.transfer(request, "west", "west may know as well")
    north.deliver("west")
    assert three.node("west").requests.listed() == []


@pytest.mark.parametrize("named", [False, True])
def test_what_is_passed_on_is_the_question_with_its_marking_and_no_promise_of_another(
    three: World, named: bool
) -> None:
    north, south, east = (three.node(name) for name in ("north", "south", "east"))
    request = ask_consent(three, named=named)
    consent(three, request)
    north.requests.transfer(request, "east", named=named)
    north.deliver("east")
    theirs, ours = the_request(south, "north"), the_request(east, "north")
    assert (ours.about, ours.question, ours.purpose) == (theirs.about, theirs.question, theirs.purpose)
    assert (ours.marking, ours.topic, ours.until) == (theirs.marking, theirs.topic, theirs.until)
    assert (ours.offer, ours.returns) == ("", 0)
    asker = south.office.identity().party
    assert ours.via == (asker if named else "not named")
    with east.office.store.snapshot() as tx:
        (entry,) = tx.journal.find(kind="request.asked")
    assert (asker.encode() in entry.data) is named
    assert (UNNAMED.encode() in entry.data) is not named
    with pytest.raises(Refused, match="already"):
        north.requests.transfer(request, "east", named=named)


def test_a_consent_that_names_nobody_does_not_let_the_asker_be_named(three: World) -> None:
    north = three.node("north")
    request = ask_consent(three, named=False)
    consent(three, request)
    north.requests.transfer(request, "east", "name them", named=True)  # asks anew
    north.deliver("east")
    assert three.node("east").requests.listed() == []


def test_the_third_party_s_answer_comes_back_only_with_its_consent(three: World) -> None:
    north, south, east = (three.node(name) for name in ("north", "south", "east"))
    request = ask_consent(three)
    consent(three, request)
    passed = north.requests.transfer(request, "east")
    north.deliver("east")
    east.requests.answer(passed.id, ["e1"], "a releaser")
    east.deliver("north")
    (item,) = north.requests.show(passed.id).items
    record = f"received:{item[:32]}"
    with pytest.raises(NotAgreed, match="consent"):
        north.requests.answer(request, [record], "a releaser")
    with pytest.raises(NotAgreed):
        north.requests.ask("south", Question("people", "x", three.clock.time + DAY, record=record))
    north.letters.ask_consent(item, "south", "their question")
    north.deliver("east")
    east.letters.answer_letter("north", "consent", item, True)
    east.deliver("north")
    north.requests.answer(request, [record], "a releaser")
    north.deliver("south")
    south.requests.give_back(request, [SOUTH[0]["id"]], "a releaser")  # type: ignore[list-item]
    south.deliver("north")
    north.deliver("south")
    assert len(south.requests.show(request).items) == 1
    assert north.swaps.ledger("east").balance == -1


def test_what_was_passed_on_is_not_passed_further_before_its_first_asker_agrees(three: World) -> None:
    north, south, east = (three.node(name) for name in ("north", "south", "east"))
    request = ask_consent(three)
    consent(three, request)
    passed = north.requests.transfer(request, "east")
    north.deliver("east")
    three.pair("east", "west")
    three.agree("east", "west", small_terms)
    east.requests.transfer(passed.id, "west", "west knows better")
    east.deliver("north")
    with pytest.raises(Refused, match="its own asker must first consent"):
        north.requests.consent(passed.id, True)
    north.requests.transfer(request, "west", "east would ask west")
    north.deliver("south")
    consent(three, request)
    north.requests.consent(passed.id, True)
    north.deliver("east")
    east.requests.transfer(passed.id, "west")
    east.deliver("west")
    assert the_request(three.node("west"), "east").about == {"name": [WHO]}
    assert south.requests.show(request).transfers[-1].consented


def test_under_an_agreement_that_lets_nothing_go_on_the_asker_is_not_even_asked(three: World) -> None:
    def never(toml: str) -> str:
        return small_terms(toml).replace('onward = "consent"', 'onward = "never"')

    three.agree("north", "south", never)
    with pytest.raises(Refused, match="passed on"):
        ask_consent(three)
    assert the_request(three.node("south"), "north").waiting == []


def test_a_request_is_not_passed_on_to_who_asked_nor_to_nobody(three: World) -> None:
    north = three.node("north")
    request = the_request(north, "south").id
    with pytest.raises(Refused, match="third party"):
        north.requests.transfer(request, "south", "back to you")
    with pytest.raises(Misuse):
        north.requests.transfer(request, "nobody", "x")
    with pytest.raises(Misuse, match="purpose"):
        north.requests.transfer(request, "east")
