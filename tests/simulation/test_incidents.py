"""Incident reports by commands: drafted, tracks of both sides attached by hash, signed by both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detente.cli.root import detente
from detente.cli.verb import Session
from detente.errors import Malformed, Refused
from detente.pact.incident import TEMPLATE, own_word, read_form, read_incident
from support.world import World, small_terms

NAME = "incident-2026-11-23"
PARTIES = ("1" * 64, "2" * 64)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("incidents"))
    found.pair("north", "south")
    found.agree("north", "south", small_terms)
    yield found
    found.close()


@pytest.fixture
def say(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def run(name: str, *argv: str, code: int = 0, text: bool = False) -> Any:
        monkeypatch.setattr(Session, "open", lambda _: nullcontext(world.node(name)))
        ended = CliRunner().invoke(detente, ["airspace", "incident", *argv, *([] if text else ["--json"])])
        assert ended.exit_code == code, (ended.output, ended.exception)
        return ended.output if text else json.loads(ended.stdout or ended.stderr)

    return run


def test_both_sign_one_report_with_the_tracks_of_both(say: Callable[..., Any], tmp_path: Path) -> None:
    form, ours, theirs = (tmp_path / name for name in ("incident.toml", "north.csv", "south.csv"))
    form.write_text(say("north", "template")["text"], encoding="utf-8")
    ours.write_bytes(b"t,lat,lon\n1,2,3\n")
    theirs.write_bytes(b"t,lat,lon\n4,5,6\n")
    say("north", "draft", str(form), "--with", "south", "--tracks", str(ours), "--tracks", str(ours))
    say("north", "propose", NAME, "--with", "south")
    assert len(say("south", "show", NAME)[0]["tracks"]) == 1
    say("south", "sign", NAME, "--with", "north", "--tracks", str(theirs))
    say("north", "sign", NAME, "--with", "south")
    say("north", "sign", NAME, "--with", "south", code=2)
    views = [say(name, "show", NAME)[0] for name in ("north", "south")]
    assert {view["shown"] for view in views} == {"in force"}
    assert views[0]["hash"] == views[1]["hash"]
    hashes = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (ours, theirs)}
    assert {track["sha256"] for track in views[0]["tracks"]} == hashes
    page = say("south", "export", NAME, "--with", "north", text=True)
    for wanted in ("Отчёт об инциденте", "north.csv", *hashes):
        assert wanted in page
    assert "in force" in say("south", "show", text=True)


def test_what_is_wrong_of_a_form_is_our_own_mistake(say: Callable[..., Any], tmp_path: Path) -> None:
    changes = (
        ('begin = "2026-11-23T10:00', 'begin = "2026-11-24T10:00'),
        ("[[paragraph]]", "[[paragraf]]"),
        ('ru = "Отчёт', 'fr = "Отчёт'),
        ("notices = []", 'notices = ["3f"]'),
        ('name = "incident', 'name = "An incident'),
    )
    for number, (old, new) in enumerate(changes):
        assert old in TEMPLATE
        form = tmp_path / f"{number}.toml"
        form.write_text(TEMPLATE.replace(old, new, 1), encoding="utf-8")
        say("north", "draft", str(form), "--with", "south", code=2)


def content(**changes: Any) -> dict[str, Any]:
    return {**read_form(TEMPLATE, *PARTIES)[1], **changes}


TRACK = {"file": "a.csv", "bytes": 1, "sha256": "a" * 64}


@pytest.mark.parametrize(
    "changes",
    [
        {"tracks": {PARTIES[0]: []}},
        {"tracks": {PARTIES[0]: [], "3" * 64: []}},
        {"tracks": {PARTIES[0]: [{**TRACK, "sha256": "A" * 64}], PARTIES[1]: []}},
        {"tracks": {PARTIES[0]: [{**TRACK, "file": "a\u202ecsv"}], PARTIES[1]: []}},
        {"entries": {}},
        {"entries": {"first": {"text": {"en": "x", "ru": "x"}}}},
        {"begin": "yesterday"},
        {"languages": ["en"]},
        {"spare": 1},
    ],
)
def test_a_report_of_another_form_is_malformed(changes: dict[str, Any]) -> None:
    read_incident(content(), PARTIES)
    with pytest.raises(Malformed):
        read_incident(content(**changes), PARTIES)


def test_nobody_attaches_or_removes_the_tracks_of_the_other() -> None:
    first, second = PARTIES
    theirs = content(tracks={first: [], second: [TRACK]})
    with pytest.raises(Refused):
        own_word(None, theirs, first, [])
    own_word(None, theirs, first, [theirs])
    own_word(None, theirs, second, [])
    with pytest.raises(Refused):
        own_word(theirs, content(), first, [])
