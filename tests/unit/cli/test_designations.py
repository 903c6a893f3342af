"""`detente groups` on two nodes, by commands and a stick."""

import json

import pytest
from click.testing import CliRunner
from stix2validator import ValidationOptions, validate_string

from detente.cli.root import detente

OURS = "id,name,alias,listingDate,legalBasis\n1,Al-Qaida in Iraq,ISIS,2004-10-18,Act 1\n2,Order of the Purple Teapot,,2020-01-01,Act 2\n"
THEIRS = "id,name,alias\n1,ИГИЛ,Daesh;État islamique\n2,Hizballah,\n"


def run(node, *argv, code=0):
    ended = CliRunner().invoke(detente, ["--node", str(node), *map(str, argv)])
    assert ended.exit_code == code, ended.output
    return ended


def ask(node, *argv, code=0):
    return json.loads(run(node, *argv, "--json", code=code).stdout)


def carry(home, rounds=1):
    stick = home / "stick"
    stick.mkdir(exist_ok=True)
    for _ in range(rounds):
        for ours, theirs in (("north", "south"), ("south", "north")):
            if ask(home / ours, "courier", "out", stick):
                ask(home / theirs, "courier", "in", stick)
            for file in stick.iterdir():
                file.unlink()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = tmp_path_factory.mktemp("groups")
    patch = pytest.MonkeyPatch()
    patch.delenv("DETENTE_PASSPHRASE", raising=False)
    patch.delenv("DETENTE_NODE", raising=False)
    with patch.context():
        words = {
            name: ask(place / name, "init", "--party", name.title())["words"] for name in ("north", "south")
        }
        for name in words:
            ask(place / name, "invite", "--out", place / f"{name}.invitation")
        for ours, theirs in (("north", "south"), ("south", "north")):
            ask(place / ours, "accept", place / f"{theirs}.invitation", "--fingerprint", words[theirs])
        carry(place, rounds=2)
        for name, text in (("north", OURS), ("south", THEIRS)):
            (place / f"{name}.csv").write_text(text, encoding="utf-8")
    return place


def test_lists_come_in_and_stay_apart_and_private_groups_stay_home(home):
    north = home / "north"
    report = ask(north, "groups", "import", home / "north.csv", "--as-of", "2026-11-20")
    assert (report["source"], report["added"]) == ("own", 2)
    assert ask(north, "groups", "import", home / "north.csv")["unchanged"] == 2
    [isil] = ask(north, "groups", "list", "Daesh")
    assert isil["group"] == "isil"
    assert ask(north, "groups", "private", "Order of the Purple Teapot")["private"]
    shown = run(north, "groups", "list").stdout
    for wanted in ("isil", "private", "2004-10-18"):
        assert wanted in shown
    ask(home / "south", "groups", "import", home / "south.csv", "--source", "interior")


def test_a_peer_that_is_away_gets_the_proposal_by_stick_and_both_sign(home):
    north, south = home / "north", home / "south"
    run(north, "groups", "propose", "--with", "South", code=3)  # signed, and waits in the outbox
    carry(home)
    assert "isil" in run(south, "joint", "show", "joint-list", code=0).stdout
    run(south, "groups", "status", "Hamas", "considered", "--reason", "under study", "--review", "2027-01-01")
    run(south, "groups", "propose", "--with", "North", code=3)  # answers with both words
    carry(home)
    run(north, "joint", "accept", "--with", "South", code=3)
    carry(home)
    view = ask(north, "groups", "show", "--with", "South")
    assert {group["group"]: group["state"] for group in view["groups"]} == {
        "hamas": "neither", "hizballah": "theirs", "isil": "both",
    }  # fmt: skip
    assert view["hash"] == ask(south, "groups", "show", "--with", "North")["hash"]
    assert (view["private"], view["changes"]) == (1, [])
    assert "teapot" not in json.dumps(ask(south, "joint", "show", "joint-list")).lower()
    [one] = ask(north, "groups", "show", "État islamique", "--with", "South")["groups"]
    assert one["ours"]["lists"] == ["own 1 2004-10-18"]
    assert "only they list" in run(north, "groups", "show", "--with", "South").stdout
    assert "under study" in run(north, "groups", "show", "Hamas", "--with", "South").stdout


def test_the_list_in_force_is_exported_in_every_format(home, tmp_path):
    for format_ in ("stix", "html"):
        done = ask(
            home / "north",
            "groups",
            "export",
            "--with",
            "South",
            "--format",
            format_,
            "--out",
            tmp_path / format_,
        )
        assert done["groups"] == 3
    assert validate_string((tmp_path / "stix").read_text(), ValidationOptions(version="2.1")).is_valid
    assert ask(
        home / "south",
        "groups",
        "export",
        "--with",
        "North",
        "--format",
        "stix",
        "--out",
        tmp_path / "theirs",
    )
    ids = [
        {each["id"] for each in json.loads((tmp_path / name).read_text())["objects"]}
        for name in ("stix", "theirs")
    ]
    assert ids[0] == ids[1]


UNSOUND = [
    (["status", "Hamas", "banned"], 2, "a status is"),
    (["status", "Hamas", "listed", "--since", "2026-02-30"], 2, "can't stand"),
    (["add", "a\u202eb"], 2, "can't stand"),
    (["list", "Chess Club of Nowhere"], 2, "no group"),
    (["private", "Chess Club of Nowhere"], 2, "no group"),
    (["private", "isil", "--marking", "SECRET"], 2, "TLP"),
    (["remove", "isil"], 2, "nothing of our own"),
    (["show", "Chess Club", "--with", "South"], 2, "no group"),
    (["propose", "--with", "Nobody"], 2, "no peer"),
    (["import", "{home}/north.csv", "--source", "joint-list"], 2, "can't name"),
    (["import", "{home}/empty.csv"], 1, "holds no group"),
    (
        ["export", "--with", "South", "--format", "html", "--out", "{home}/x", "--marking", "WHITE?"],
        2,
        "TLP",
    ),
]


def test_what_is_not_sound_is_told_and_changes_nothing(home):
    (home / "empty.csv").write_text("id,name\n1,\n")
    before = ask(home / "north", "groups", "list")
    for argv, code, reason in UNSOUND:
        ended = run(
            home / "north", "groups", *(each.replace("{home}", str(home)) for each in argv), code=code
        )
        assert reason in ended.stderr, argv
    assert ask(home / "north", "groups", "list") == before


def test_without_a_joint_list_there_is_nothing_to_export(home, tmp_path):
    lone = tmp_path / "lone"
    ask(lone, "init", "--party", "Lone")
    run(lone, "groups", "export", "--with", "South", "--format", "csv", "--out", tmp_path / "x", code=2)
    assert "No groups yet" in run(lone, "groups", "list").stdout
