"""`detente joint` by commands alone, with a courier between two nodes."""

import json

import pytest
from click.testing import CliRunner

import detente_verify
from detente.cli.root import detente

LIST = {"title": "Groups", "entries": {"isil": {"say": "both"}}}


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


def written(home, name, content):
    path = home / f"{name}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two nodes that have paired by a stick and have no network: commands that speak to the peer end with 3."""
    place = tmp_path_factory.mktemp("joint")
    patch = pytest.MonkeyPatch()
    patch.delenv("DETENTE_PASSPHRASE", raising=False)
    with patch.context():
        made = {name: ask(place / name, "init", "--party", name.title()) for name in ("north", "south")}
        for name in made:
            ask(place / name, "invite", "--out", place / f"{name}.invitation")
        for ours, theirs in (("north", "south"), ("south", "north")):
            invitation = place / f"{theirs}.invitation"
            ask(place / ours, "accept", invitation, "--fingerprint", made[theirs]["words"])
        carry(place, rounds=2)
        yield place


@pytest.fixture(scope="module")
def first(home):
    """One version that both signed: its hash."""
    file = written(home, "first", LIST)
    done = ask(home / "north", "joint", "propose", "resolution", "main", file, "--with", "South", code=3)
    carry(home)
    assert ask(home / "south", "joint", "accept", "--with", "North", code=3)["hash"] == done["hash"]
    carry(home)
    return done["hash"]


def test_a_version_that_both_signed_is_shown_and_was_in_force_from_one_instant(home, first):
    views = [ask(home / name, "joint", "show")[0] for name in ("north", "south")]
    assert [view["hash"] for view in views] == [first, first]
    assert views[0]["since"] == views[1]["since"]
    day = views[0]["since"][:10]
    shown = ask(home / "north", "joint", "at", day)
    assert [each["hash"] for each in shown["versions"]] == [first]
    assert ask(home / "north", "joint", "at", "2001-01-01")["versions"] == []
    assert "in force since" in run(home / "south", "joint", "at", day).stdout


def test_what_was_in_force_is_proven_by_a_bundle_that_stands_alone(home, first, capsys):
    since = ask(home / "north", "joint", "show")[0]["since"]
    proof = home / "south.bundle"
    ask(home / "north", "joint", "at", since, "--with", "South", "--proof", proof)
    assert detente_verify.main([str(proof), "--at", since, "--json"]) == 0
    assert [row["hash"] for row in json.loads(capsys.readouterr().out)["in_force"]] == [first]
    assert detente_verify.main([str(proof), "--at", "2001-01-01"]) == 0
    assert "Nothing was in force then." in capsys.readouterr().out


def test_a_file_is_compared_with_what_is_in_force(home, first):
    entries = {"isil": {"say": "both"}, "hts": {"say": "open"}}
    file = written(home, "more", {"title": "Groups", "entries": entries})
    told = ask(home / "north", "joint", "diff", "resolution", "main", file, "--with", "South")
    assert told["changes"] == ['adds hts: say: "open" (new)']


def test_crossing_proposals_are_merged_by_both_with_one_stick(home, first):
    north = {**LIST, "entries": {**LIST["entries"], "pkk": {"say": "north"}}}
    south = {**LIST, "entries": {**LIST["entries"], "hts": {"say": "south"}}}
    for name, peer, content in (("north", "South", north), ("south", "North", south)):
        file = written(home, name, content)
        ask(home / name, "joint", "propose", "resolution", "main", file, "--with", peer, code=3)
    carry(home)
    assert "crosses another" in run(home / "north", "joint", "show").stdout
    merged = {
        ask(home / name, "joint", "merge", "resolution", "main", "--with", peer, code=3)["hash"]
        for name, peer in (("north", "South"), ("south", "North"))
    }
    carry(home, rounds=3)
    for name in ("north", "south"):
        (view,) = ask(home / name, "joint", "show")
        assert {view["hash"]} == merged
        assert sorted(view["content"]["entries"]) == ["hts", "isil", "pkk"]
        assert view["proposals"] == []


def test_a_part_is_signed_by_its_proposer(home, first):
    (view,) = ask(home / "north", "joint", "show")
    entries = {**view["content"]["entries"], "a": {"say": "x"}, "b": {"say": "y"}}
    file = written(home, "both", {"title": "Groups", "entries": entries})
    ask(home / "north", "joint", "propose", "resolution", "main", file, "--with", "South", code=3)
    carry(home)
    options = ["--with", "North", "--only", "a", "--reason", "b later"]
    ask(home / "south", "joint", "accept", *options, code=3)
    carry(home)
    shown = run(home / "north", "joint", "show").stdout
    assert "takes a of what was proposed and leaves b" in shown
    assert "because: b later" in shown
    ask(home / "north", "joint", "accept", "--with", "South", code=3)
    carry(home)
    assert "a" in ask(home / "south", "joint", "show")[0]["content"]["entries"]
    states = [each["state"] for each in ask(home / "south", "joint", "history", "resolution")[0]]
    assert states[-2:] == ["rejected", "in_force"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["joint", "at", "yesterday"], 2),
        (["joint", "at", "2026-05-01", "--proof", "x.bundle"], 2),
        (["joint", "accept", "--with", "South"], 2),
        (["joint", "withdraw", "--with", "South"], 2),
        (["joint", "revoke", "treaty", "main", "--with", "South"], 1),
    ],
)
def test_what_cannot_be_done_says_so_with_its_exit_code(home, first, argv, code):
    ended = run(home / "north", *argv, "--json", code=code)
    assert json.loads(ended.stderr.splitlines()[-1])["next"]


def test_content_that_is_not_of_its_kind_is_the_callers_mistake(home, first):
    for kind, content in (("roadmap", {"title": "x"}), ("treaty", LIST), ("resolution", {"title": 1.5})):
        file = written(home, "wrong", content)
        run(home / "north", "joint", "propose", kind, "main", file, "--with", "South", code=2)
    (home / "list.json").write_text("[1]", encoding="utf-8")
    run(
        home / "north",
        "joint",
        "propose",
        "resolution",
        "main",
        home / "list.json",
        "--with",
        "South",
        code=2,
    )
