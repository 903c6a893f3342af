"""Notices between two nodes by commands: sent at once, receipted with both clocks, read back, on while suspended, on schedule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detente.cli.root import detente
from detente.cli.verb import Session
from detente.errors import Misuse, NotAgreed
from detente.node.notices import NoticeForm
from detente.pact.airspace import TEMPLATE
from detente.wire.instant import rfc3339
from support.world import World

Say = Callable[..., Any]
MINUTE = 60_000


def airspace_terms(toml: str) -> str:
    return toml + "\n" + TEMPLATE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    world = World(tmp_path_factory.mktemp("made"))
    world.pair("north", "south")
    world.agree("north", "south", airspace_terms)
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def world(made: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    found = World.copied(*made, tmp_path / "two")
    yield found
    found.close()


@pytest.fixture
def say(world: World, monkeypatch: pytest.MonkeyPatch) -> Say:
    def run(name: str, *argv: str, code: int = 0, text: bool = False) -> Any:
        monkeypatch.setattr(Session, "open", lambda _: nullcontext(world.node(name)))
        ended = CliRunner().invoke(detente, ["airspace", *argv, *([] if text else ["--json"])])
        assert ended.exit_code == code, (ended.output, ended.exception)
        return ended.output if text else json.loads(ended.stdout or ended.stderr)

    return run


SEND = (
    "notice",
    "send",
    "lost-link",
    "--with",
    "south",
    "--about",
    "SORTIE-7",
    "--at",
    "33.5123,36.2456",
    "--band",
    "1010-1490",
)
OURS_ALONE = {"peer", "by", "entry", "doubt"}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {k: v for k, v in one.items() if k not in OURS_ALONE} == {
        k: v for k, v in other.items() if k not in OURS_ALONE
    }


def test_a_notice_has_one_answer_on_both_sides(say: Say) -> None:
    sent = say("north", *SEND)
    ours, theirs = (say(name, "notice", "show", sent["id"]) for name in ("north", "south"))
    assert same(ours, theirs)
    assert (ours["by"], theirs["by"]) == ("ours", "theirs")
    assert ours["verdict"] == "in time"
    assert ours["sent"] <= ours["received"]
    assert theirs["entry"] >= 0
    assert "беспилотным" in theirs["words"]["ru"]
    assert "SORTIE-7" in say("south", "notice", "list", "--language", "fr", text=True)


def test_a_position_is_rounded_outward_and_never_finer(say: Say) -> None:
    view = say("north", *SEND)
    south, west, north, east = view["box"]
    assert south <= 33.5123 <= north
    assert west <= 36.2456 <= east
    assert (north - south) * 110_574 >= 5000
    assert (view["lower_m"], view["upper_m"]) == (900, 1500)


def test_a_notice_that_waits_is_not_received_and_late_once_it_comes(world: World, say: Say) -> None:
    world.wire.down = True
    say("north", *SEND, code=3)
    (waiting,) = say("north", "notice", "list")
    assert (waiting["verdict"], waiting["received"]) == ("not received", "")
    world.wire.down = False
    world.clock.time += 2 * MINUTE
    world.node("north").deliver("south")
    ours, theirs = (say(name, "notice", "show", waiting["id"][:8]) for name in ("north", "south"))
    assert same(ours, theirs)
    assert ours["verdict"] == "late"
    assert ours["margin_ms"] < 0


def test_a_planned_activity_is_warned_of_in_time_or_late(world: World, say: Say) -> None:
    for minutes, verdict in ((90, "in time"), (59, "late")):
        event = rfc3339(world.clock.time + minutes * MINUTE)
        sent = say("north", "notice", "send", "planned-activity", "--with", "south", "--event", event)
        assert say("south", "notice", "show", sent["id"])["verdict"] == verdict


def test_what_was_misheard_shows_on_both_sides_until_it_is_read_back_right(say: Say) -> None:
    sent = say("north", *SEND, "--read-back", "altitude", "--read-back", "about")
    assert say("south", "notice", "show", sent["id"])["read_back"] == "waits"
    say("south", "notice", "readback", sent["id"], "about=SORTIE-7", code=2)
    say(
        "south",
        "notice",
        "readback",
        sent["id"],
        "about=SORTIE-7",
        "altitude=900-2500 m WGS84",
        "--by",
        "desk",
        code=1,
    )
    views = [say(name, "notice", "show", sent["id"]) for name in ("north", "south")]
    assert same(*views)
    assert [(f["field"], f["same"]) for f in views[0]["fields"]] == [("about", True), ("altitude", False)]
    assert (views[0]["read_back"], views[0]["read_back_by"]) == ("differs", "desk")
    assert "READ BACK AS '900-2500 m WGS84'" in say("north", "notice", "show", sent["id"], text=True)
    say("south", "notice", "readback", sent["id"], "about=sortie-7", "altitude=900–1500 m WGS84")
    assert say("north", "notice", "show", sent["id"])["read_back"] == "matches"


def test_only_the_receiver_reads_back_and_only_what_was_asked_for(say: Say) -> None:
    asked = say("north", *SEND, "--read-back", "altitude")
    plain = say("north", *SEND)
    say("north", "notice", "readback", asked["id"], "altitude=900-1500 m WGS84", code=2)
    say("south", "notice", "readback", plain["id"], "altitude=900-1500 m WGS84", code=1)
    say("south", "notice", "readback", asked["id"], "speed=9", code=2)
    say("north", "notice", "send", "distress", "--with", "south", "--read-back", "position", code=2)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--at", "33.5"), ("--at", "91,0"), ("--at", "nan,1"), ("--at", "33,181"), ("--radius-m", "5"), ("--band", "9-1"), ("--band", "low-high"),
        ("--event", "noon"), ("--text", "x" * 2001), ("--about", "x" * 201),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_our_own_mistake(say: Say, wrong: tuple[str, str]) -> None:
    say("north", "notice", "send", "distress", "--with", "south", *wrong, code=2)
    assert say("north", "notice", "list") == []


def test_safety_goes_on_while_suspended_and_says_so(world: World, say: Say) -> None:
    world.node("north").agreements.suspend("south", "an incident")
    world.node("north").deliver("south")
    sent = say("south", "notice", "send", "distress", "--with", "north")
    assert sent["agreement_state"] == "suspended"
    assert say("north", "notice", "show", sent["id"])["verdict"] == "in time"
    assert "[suspended]" in say("north", "notice", "list", text=True)
    assert say("north", "hotline", "log")[0]["agreement_state"] == "suspended"
    with pytest.raises(NotAgreed):
        world.node("south").match("airspace", "north")


def test_an_agreement_decides_whether_safety_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.pair("north", "south")
    world.agree("north", "south", lambda toml: airspace_terms(toml).replace(', "safety"]', "]"))
    world.node("north").agreements.suspend("south", "an incident")
    world.node("north").deliver("south")
    with pytest.raises(NotAgreed):
        world.node("south").notices.send("north", NoticeForm("distress"))
    world.node("south").letters.notify("north", "a plain notice goes on")
    world.close()


def test_without_airspace_in_the_agreement_there_are_no_notices(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.pair("north", "south")
    world.agree("north", "south")
    with pytest.raises(NotAgreed):
        world.node("north").notices.send("south", NoticeForm("distress"))
    assert world.node("north").notices.hotline() == []
    world.close()


def test_a_missed_test_call_alarms_until_one_is_made(world: World, say: Say) -> None:
    assert not say("north", "hotline", "log", "--alarm")[0]["missed"]
    world.clock.time += 2 * 1440 * MINUTE + MINUTE
    (line,) = say("north", "hotline", "log", "--with", "south")
    assert line["missed"]
    assert [each["kind"] for each in line["log"]] == ["missed", "missed"]
    assert "MISSED" in say("south", "hotline", "log", text=True)
    assert CliRunner().invoke(detente, ["airspace", "hotline", "log", "--alarm"]).exit_code == 1
    world.wire.down = True
    say("south", "hotline", "test", "--with", "north", code=3)
    world.wire.down = False
    assert say("south", "hotline", "log")[0]["missed"], "a call that was not answered is none"
    world.node("south").deliver("north")
    for name in ("north", "south"):
        (line,) = say(name, "hotline", "log")
        assert not line["missed"]
        assert [each["kind"] for each in line["log"]] == ["missed", "missed", "test-call"]
    assert say("north", "notice", "list") == []


def test_a_form_that_is_none_is_still_told_as_its_text(world: World, say: Say) -> None:
    node = world.node("south")
    good = json.loads(node.letters and _text(node))
    for change in (
        {"box": [33_512_300, 36_245_600, 33_512_301, 36_245_601]},
        {"lower_m": 1010},
        {"spare": 1},
        {"event": "noon"},
    ):
        text = json.dumps({**good, **change}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        node.letters.notify("north", text, "safety")
    node.letters.notify("north", '{"form":"airspace-notice/1"' + "[" * 5000, "safety")
    node.deliver("north")
    views = say("north", "notice", "list")
    assert len(views) == 5
    assert all(view["doubt"] for view in views)
    assert {view["verdict"] for view in views} == {"in time", "received"}


def _text(node: Any) -> str:
    from detente.pact.notices import Notice, write_form

    return write_form(
        Notice("distress", "", rfc3339(node.office.clock.now()), None, 900, 1500, "WGS84", (), "")
    )


def test_what_a_peer_wrote_cannot_steer_the_terminal(world: World, say: Say) -> None:
    say(
        "south",
        "notice",
        "send",
        "free-text",
        "--with",
        "north",
        "--text",
        "x\x1b[2J\u202e",
        "--about",
        "\x1b]0;y\x07",
    )
    for argv in (("notice", "list"), ("hotline", "log")):
        assert "\x1b" not in say("north", *argv, text=True)


def test_no_notice_is_shown_for_an_id_that_is_none(world: World) -> None:
    for id in ("", "3f2a", "0" * 64):
        with pytest.raises(Misuse):
            world.node("north").notices.show(id)


def test_rest_tells_reads_back_and_calls_as_commands_do(world: World) -> None:
    import httpx

    from detente.api.operator import operator_app
    from detente.api.peer import Listener
    from detente.api.usecases import USE_CASES
    from detente.cli.airspace import airspace

    for noun in ("notice", "hotline", "incident"):
        assert {case.verb for case in USE_CASES if case.noun == noun} == set(airspace.commands[noun].commands)
    token = "t" * 43
    listener = Listener(operator_app(world.node("north"), token, lambda: None))
    url = f"http://127.0.0.1:{listener.start('127.0.0.1', 0)}/api/v1"
    try:
        ask = httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=60)
        notice = {"what": "lost-link", "lat": 33.5, "lon": 36.2, "readback": ["position"]}
        sent = ask.post(f"{url}/notice/send", json={"peer": "south", "notice": notice}).json()
        world.node("north").deliver("south")
        shown = ask.get(f"{url}/notice/show", params={"id": sent["id"]}).json()
        assert (shown["verdict"], shown["read_back"], shown["agreement_state"]) == (
            "in time",
            "waits",
            "in_force",
        )
        assert ask.post(f"{url}/hotline/test", json={"peer": "south"}).status_code == 200
        assert len(ask.get(f"{url}/hotline/log").json()[0]["log"]) == 2
        wrong = {"what": "crash", "lat": 33.5}
        assert ask.post(f"{url}/notice/send", json={"peer": "south", "notice": wrong}).status_code == 400
    finally:
        listener.stop()


def test_doctor_says_when_a_test_call_is_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "open", lambda _: nullcontext(world.node("north")))
    world.clock.time += 1500 * MINUTE
    ended = CliRunner().invoke(detente, ["doctor", "--offline", "--json"])
    (check,) = [each for each in json.loads(ended.stdout) if each["name"] == "south: hotline"]
    assert ended.exit_code == 1
    assert not check["ok"]
    assert "hotline test --with south" in check["next"]
