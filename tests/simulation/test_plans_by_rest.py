"""Roadmaps, declarations, meetings and requests over the operator's REST interface: the same as by commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from detente.api.operator import operator_app
from detente.api.peer import Listener
from detente.api.usecases import USE_CASES
from detente.cli.root import detente
from support.world import NORTH, SOUTH, World, small_terms

TOKEN = "t" * 43
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("rest"))
    made.pair("north", "south")
    made.agree("north", "south", small_terms)
    made.load("north", NORTH)
    made.load("south", SOUTH)
    yield made
    made.close()


@pytest.fixture(scope="module")
def call(world: World) -> Iterator[Call]:
    """Calls a use case of a node over HTTP, and has both nodes exchange what waits."""
    listeners = {
        name: Listener(operator_app(world.node(name), TOKEN, lambda: None)) for name in ("north", "south")
    }
    ports = {name: each.start("127.0.0.1", 0) for name, each in listeners.items()}
    methods = {(case.noun, case.verb): case.method for case in USE_CASES}

    def run(at: str, noun: str, verb: str, status: int = 200, **takes: Any) -> Any:
        method = methods[noun, verb]
        given = {"params": takes} if method == "GET" else {"json": takes}
        url = f"http://127.0.0.1:{ports[at]}/api/v1/{noun}/{verb}"
        answer = httpx.request(method, url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60, **given)
        assert answer.status_code == status, answer.text
        for ours, theirs in (("north", "south"), ("south", "north")):
            world.node(ours).deliver(theirs)
        return answer.json()

    yield run
    for listener in listeners.values():
        listener.stop()


@pytest.mark.parametrize("noun", ["roadmap", "declarations", "meetings", "requests"])
def test_rest_has_every_verb_that_the_command_line_has(noun: str) -> None:
    assert {case.verb for case in USE_CASES if case.noun == noun} == set(detente.commands[noun].commands)


def test_a_declaration_and_a_roadmap_over_rest(call: Call) -> None:
    form = call("north", "declarations", "template")["value"]
    call("north", "declarations", "draft", peer="south", toml=form)
    call("north", "declarations", "propose", peer="south", name="common-purpose")
    call("south", "declarations", "sign", peer="north")
    (shown,) = call("south", "declarations", "show", peer="north")
    assert (shown["shown"], len(shown["paragraphs"])) == ("in force", 2)
    call("north", "roadmap", "start", peer="south", heading={"en": "Roadmap", "ru": "План"})
    words = {
        "text": {"en": "meet", "ru": "встретиться"},
        "ours": "A",
        "due": "2026-11-01",
        "source": "common-purpose:p2",
    }
    call("north", "roadmap", "add", peer="south", action="meet", form=words)
    call("north", "roadmap", "add", 400, peer="south", action="x", form={**words, "due": "soon"})
    call("north", "roadmap", "propose", peer="south")
    call("south", "joint", "accept", peer="north")
    (late,) = call("south", "roadmap", "overdue")
    assert (late["slug"], late["state"]) == ("meet", "overdue")
    assert call("south", "roadmap", "export", peer="north", format="svg")["value"].startswith("<svg")
    call("south", "roadmap", "export", 400, peer="north", format="exe")


def test_a_request_over_rest(call: Call) -> None:
    about = {"name": ["Olga Voroshilova"], "birthDate": ["1971-05-03"]}
    asked = {"peer": "south", "purpose": "a case", "template": "person", "about": about}
    call("north", "requests", "ask", 400, **asked, until="soon")
    call("north", "requests", "ask", 409, **asked, until="2020-01-01")
    request = call("north", "requests", "ask", **asked, until="2026-12-01")["id"]
    (candidate,) = call("south", "requests", "candidates", request=request)
    call("south", "requests", "answer", request=request, records=[candidate["record"]], by="A. Officer")
    assert call("north", "requests", "show", request=request)["state"] == "full"
    call("north", "requests", "rate", request=request, useful=True)
    (cell,) = call("north", "requests", "matrix")
    assert (cell["ours"]["asked"], cell["ours"]["useful"], cell["theirs"]["given"]) == (1, 1, 1)
    assert len(call("north", "requests", "templates", language="ru")) == 5
