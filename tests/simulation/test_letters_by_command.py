"""Letters about items by commands, over real stores: what the command line says reaches the other side's people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from detente.cli.root import detente
from detente.cli.verb import Session
from support.world import NORTH, SOUTH, World, small_terms


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("world"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
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


@pytest.fixture
def say(swapped: World, monkeypatch: pytest.MonkeyPatch):
    """Runs a command on a node of the world."""

    def run(name: str, *argv: str, code: int = 0) -> object:
        from contextlib import nullcontext

        monkeypatch.setattr(Session, "open", lambda _: nullcontext(swapped.node(name)))
        ended = CliRunner().invoke(detente, [*argv, "--json"])
        assert ended.exit_code == code, (ended.output, ended.exception)
        return json.loads(ended.stdout or ended.stderr)

    return run


def items(world: World, name: str, direction: str) -> list[str]:
    peer = {"north": "south", "south": "north"}[name]
    return [i.id for i in world.node(name).swaps.status(peer).items if i.direction == direction]


def test_a_dispute_is_settled_by_both(swapped: World, say) -> None:
    item = items(swapped, "north", "received")[0]
    before = swapped.node("north").swaps.ledger("south").received
    say("north", "swap", "dispute", item, "--ground", "content", "--reason", "not the same man")
    say("north", "swap", "settle", item, "--does-not-count", "--with", "south")
    (letter,) = say("south", "swap", "letters", "--with", "north")
    assert (letter["act"], letter["item"], letter["says"]["counts"]) == ("settle", item, False)
    say("south", "swap", "settle", item, "--agree", "--with", "north")
    assert say("south", "swap", "letters", "--with", "north") == []
    assert swapped.node("north").swaps.ledger("south").received == before - 1
    assert swapped.node("south").swaps.ledger("north").given == before - 1


def test_to_settle_is_to_propose_or_to_answer(swapped: World, say) -> None:
    item = items(swapped, "north", "received")[0]
    say("north", "swap", "settle", item, "--with", "south", code=2)
    say("north", "swap", "settle", item, "--counts", "--agree", "--with", "south", code=2)


def test_a_refused_recall_is_on_both_journals(swapped: World, say) -> None:
    item = items(swapped, "north", "given")[1]
    say("north", "recall", item, "--reason", "withdrawn")
    assert say("south", "swap", "letters", "--with", "north")[0]["act"] == "recall"
    say("south", "recall", "refuse", item, "--with", "north", "--reason", "a court ordered us to keep it")
    for name in ("north", "south"):
        kinds = [e.kind for e in swapped.node(name).witness.show(subject=item)]
        assert any(kind.startswith("recall.") for kind in kinds)
    assert swapped.node("south").swaps.status("north").items


def test_a_consent_is_asked_for_one_item_and_one_peer(swapped: World, say) -> None:
    swapped.pair("north", "east")
    item = items(swapped, "north", "received")[-1]
    say("north", "swap", "consent", item, "--with", "south", "--to", "east", "--purpose", "their case 7")
    assert say("south", "swap", "letters", "--with", "north")[0]["act"] == "consent"
    say("south", "swap", "consent", item, "--with", "north", "--deny", "--reason", "not for them")
    assert say("south", "swap", "letters", "--with", "north") == []
