"""`detente roadmap`, `declarations`, `meetings` and `requests` over real stores: each command by hand, with good and bad input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from detente.cli.root import detente
from detente.cli.verb import Session
from support.world import NORTH, SOUTH, World, small_terms

Say = Callable[..., Any]
ADD = (
    "--text",
    "en=Agree on the list",
    "--text",
    "ru=Согласовать перечень",
    "--ours",
    "Desk A",
    "--due",
    "2026-11-20",
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    world = World(tmp_path_factory.mktemp("commands"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def world(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    found = World.copied(*prepared, tmp_path / "two")
    yield found
    found.close()


@pytest.fixture
def say(world: World, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command on a node of the world, once for people and once for scripts where it only looks."""

    def run(name: str, *argv: str, code: int = 0, text: bool = False) -> Any:
        monkeypatch.setattr(Session, "open", lambda _: nullcontext(world.node(name)))
        ended = CliRunner().invoke(detente, [*argv] if text else [*argv, "--json"])
        assert ended.exit_code == code, (ended.output, ended.exception)
        return ended.output if text else json.loads(ended.stdout or ended.stderr)

    return run


def form(say: Say, noun: str, path: Path) -> str:
    path.write_text(say("north", noun, "template")["text"], encoding="utf-8")
    return str(path)


def test_from_a_declaration_to_an_overdue_action_by_commands(say: Say, tmp_path: Path) -> None:
    north, south = ("--with", "south"), ("--with", "north")
    drafted = say("north", "declarations", "draft", form(say, "declarations", tmp_path / "d.toml"), *north)
    assert drafted["shown"] == "draft"
    say("north", "declarations", "propose", "common-purpose", *north)
    assert "proposed" in say("south", "declarations", "show", *south, text=True)
    say("south", "declarations", "sign", *south)
    say("south", "declarations", "sign", *south, code=2)
    page = say("north", "declarations", "export", "common-purpose", *north, "--format", "html", text=True)
    assert "<table>" in page
    say("north", "roadmap", "show", *north, code=2)
    say("north", "roadmap", "add", "joint-list", *north, *ADD, code=2)
    say("north", "roadmap", "start", *north, "--heading", "en=Roadmap", "--heading", "ru=Дорожная карта")
    view = say("north", "roadmap", "add", "joint-list", *north, *ADD, "--from", "common-purpose:p1")
    assert view["actions"][0]["source"]["paragraph"] == "p1"
    say("north", "roadmap", "add", "joint-list", *north, *ADD, code=2)
    for wrong in (
        ("--due", "soon"),
        ("--after", "nowhere"),
        ("--text", "Agree"),
        ("--status", "late"),
        ("--evidence", "a=ftp://x"),
    ):
        say("north", "roadmap", "set", "joint-list", *north, *wrong, code=2)
    say("north", "roadmap", "set", "nothing", *north, "--status", "done", code=2)
    say("north", "roadmap", "propose", *north)
    say("north", "roadmap", "propose", *north, code=2)
    assert "joint-list" in say("south", "joint", "show", "roadmap", *south, text=True)
    say("south", "joint", "accept", *south)
    (late,) = say("south", "roadmap", "overdue")
    assert (late["slug"], late["state"], late["late"]) == ("joint-list", "overdue", 2)
    assert "overdue +2 d" in say("south", "roadmap", "overdue", text=True)
    assert "Desk A" in say("south", "roadmap", "show", *south, text=True)
    say(
        "south",
        "roadmap",
        "set",
        "joint-list",
        *south,
        "--status",
        "done",
        "--evidence",
        "list=https://a.example/",
    )
    say("south", "roadmap", "propose", *south)
    say("north", "joint", "accept", *north)
    assert say("north", "roadmap", "overdue") == []
    svg = say("north", "roadmap", "export", *north, "--format", "svg", text=True)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    out = tmp_path / "roadmap.csv"
    assert say("north", "roadmap", "export", *north, "--format", "csv", "--out", str(out)) == {
        "file": str(out)
    }
    (row,) = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"), newline=""))
    assert (row["action"], row["state"], row["text ru"]) == ("joint-list", "done", "Согласовать перечень")
    say("north", "roadmap", "export", *north, "--format", "pdf", code=2)
    say("north", "roadmap", "remove", "joint-list", *north)
    assert say("north", "roadmap", "show", *north)["draft"] == ["removes joint-list"]
    say("north", "roadmap", "drop", *north)
    say("north", "roadmap", "drop", *north, code=2)


def test_minutes_by_commands(say: Say, tmp_path: Path) -> None:
    file = form(say, "meetings", tmp_path / "m.toml")
    say("north", "meetings", "draft", file, "--with", "south")
    say("north", "meetings", "propose", "meeting-2026-12-01", "--with", "south")
    say("south", "meetings", "sign", "--with", "north")
    text = say("south", "meetings", "show", "--with", "north", text=True)
    for wanted in ("Matching begins in January.", "Geneva", "in force"):
        assert wanted in text
    assert "in force" in say(
        "south", "meetings", "export", "meeting-2026-12-01", "--with", "north", "--format", "md", text=True
    )
    say("south", "meetings", "export", "no-meeting", "--with", "north", "--format", "md", code=2)
    Path(file).write_bytes(b"\xff\xfe")
    say("north", "meetings", "draft", file, "--with", "south", code=2)
    say("north", "meetings", "draft", str(tmp_path / "nowhere.toml"), "--with", "south", code=2)


ASK = ("--with", "south", "--template", "person", "--about", "name=Olga Voroshilova", "--about", "birthDate=1971-05-03",
       "--purpose", "a case of ours")  # fmt: skip


def test_a_question_by_commands(say: Say) -> None:
    for wrong in (("--until", "2020-01-01"), ("--until", "2026-12-01", "--about", "notes=x")):
        say("north", "requests", "ask", *ASK, *wrong, code=1)
    for wrong in (
        ("--until", "soon"),
        ("--until", "2026-12-01", "--template", "x"),
        ("--until", "2026-12-01", "--about", "x"),
    ):
        say("north", "requests", "ask", *ASK, *wrong, code=2)
    request = say("north", "requests", "ask", *ASK, "--until", "2026-12-01")
    ident = request["id"][:12]
    assert (request["state"], request["until"]) == ("open", "2026-12-01T23:59:59.999Z")
    assert "Olga Voroshilova" in say("south", "requests", "list", text=True)
    (candidate,) = say("south", "requests", "candidates", ident)
    assert (candidate["record"], candidate["grade"]) == ("s2", "strong")
    assert "s2" in say("south", "requests", "candidates", ident, text=True)
    say("south", "requests", "accept", ident)
    say("south", "requests", "answer", ident, "--record", "nobody", code=2)
    say("south", "requests", "answer", ident, "--record", "s2", "--part", code=2)
    say("south", "requests", "answer", ident, "--record", "s2", "--by", "A. Officer")
    shown = say("north", "requests", "show", ident)
    assert (shown["state"], len(shown["items"])) == ("full", 1)
    say("north", "requests", "rate", ident, "--useful")
    say("north", "requests", "rate", ident, "--useful", code=1)
    (cell,) = say("south", "requests", "matrix")
    assert cell["theirs"] == {"asked": 1, "answered": 1, "useful": 1, "late": 0, "declined": 0, "given": 0}
    assert cell["ours"]["given"] == 1
    assert "1 answered, 1 useful" in say("south", "requests", "matrix", text=True)
    assert say("north", "ledger", "--with", "south")["balance"] == -1


def test_what_is_wrong_of_a_question_is_told_with_a_next_step(say: Say) -> None:
    say("north", "requests", "show", "abcdef012345", code=2)
    say("north", "requests", "transfer", "abcdef012345", "--to", "south", code=2)
    request = say("north", "requests", "ask", *ASK, "--until", "2026-12-01")["id"]
    say("south", "requests", "decline", request, code=2)
    say("south", "requests", "consent", request, "--yes", code=2)
    say("south", "requests", "return", request, "--record", "s1", code=2)
    say("north", "requests", "answer", request, "--record", "n1", code=2)
    say("south", "requests", "decline", request, "--reason", "another service's case")
    assert say("north", "requests", "show", request)["reason"] == "another service's case"
    say("south", "requests", "nothing", request, code=1)


def test_what_a_peer_wrote_cannot_steer_the_terminal(say: Say) -> None:
    esc = "\x1b]0;owned\x07"
    request = say("north", "requests", "ask", *ASK, "--until", "2026-12-01", "--question", f"who{esc}")["id"]
    for command in (("list",), ("show", request)):
        assert "\x1b" not in say("south", "requests", *command, text=True)
    say("south", "requests", "decline", request, "--reason", f"no{esc}")
    assert "\x1b" not in say("north", "requests", "show", request, text=True)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Do you know this person?"), ("fr", "Connaissez-vous"), ("ru", "Знаете ли вы")],
)
def test_questions_that_are_asked_often_are_there_in_each_language(
    say: Say, language: str, words: str
) -> None:
    assert any(
        words in each["title"] for each in say("north", "requests", "templates", "--language", language)
    )
    assert words in say("north", "requests", "templates", "--language", language, text=True)
    say("north", "requests", "templates", "--language", "xx", code=2)
