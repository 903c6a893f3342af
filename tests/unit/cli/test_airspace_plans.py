"""`detente airspace plan`, `match`, `conflicts`, `settle` and `sign` as people type them, with a courier between two nodes."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from detente.cli.root import detente

MIDDLE = "    { resolution = 6, band_mm = 300000, slot_ms = 600000 },\n"


def run(node, *argv, code=0):
    ended = CliRunner().invoke(detente, ["--node", str(node), *map(str, argv)])
    assert ended.exit_code == code, ended.output
    return ended


def ask(node, *argv, code=0):
    return json.loads(run(node, *argv, "--json", code=code).stdout)


def carry(home, most=40):
    """A stick goes to and fro until neither has anything to say."""
    stick = home / "stick"
    stick.mkdir(exist_ok=True)
    for _ in range(most):
        busy = False
        for ours, theirs in (("north", "south"), ("south", "north")):
            if ask(home / ours, "courier", "out", stick):
                ask(home / theirs, "courier", "in", stick)
            for file in stick.iterdir():
                busy = True
                file.unlink()
        if not busy:
            return


def feature(id, west, south, east, north, hours=5.0, **properties):
    start = datetime.now(UTC) + timedelta(hours=hours)
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]},
        "properties": {
            "id": id, "altitude_lower_m": 1000, "altitude_upper_m": 1500, "altitude_datum": "WGS84",
            "time_start": start.isoformat(), "time_end": (start + timedelta(minutes=30)).isoformat(), **properties,
        },
    }  # fmt: skip


def written(path, *features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Two nodes with plans that conflict, paired and agreed by a stick: commands that speak to the peer end with 3."""
    place = tmp_path_factory.mktemp("airspace")
    patch = pytest.MonkeyPatch()
    patch.delenv("DETENTE_PASSPHRASE", raising=False)
    with patch.context():
        made = {name: ask(place / name, "init", "--party", name.title()) for name in ("north", "south")}
        for name in made:
            ask(place / name, "invite", "--out", place / f"{name}.invitation")
        for ours, theirs in (("north", "south"), ("south", "north")):
            ask(
                place / ours, "accept", place / f"{theirs}.invitation", "--fingerprint", made[theirs]["words"]
            )
        carry(place)
        terms = ask(place / "north", "agreement", "template", "--with", "South")["toml"]
        block = json.loads(CliRunner().invoke(detente, ["airspace", "terms", "--json"]).stdout)["toml"]
        assert MIDDLE in block
        block = block.replace(MIDDLE, "").replace("buckets = 8", "buckets = 1")
        (place / "terms.toml").write_text(terms + "\n" + block, encoding="utf-8")
        run(place / "north", "agreement", "propose", place / "terms.toml", "--with", "South", code=3)
        carry(place)
        run(place / "south", "agreement", "sign", "--with", "North", code=3)
        carry(place)
        ours = written(
            place / "north.geojson",
            feature("patrol", 36.0, 33.0, 36.2, 33.1, priority=2),
            {"type": "Feature"},
        )
        theirs = written(place / "south.geojson", feature("convoy", 36.1, 33.05, 36.3, 33.2))
        assert ask(place / "north", "airspace", "plan", "add", ours)["added"] == 1
        assert ask(place / "south", "airspace", "plan", "add", theirs)["added"] == 1
        yield place


def test_plans_are_listed_shown_and_withdrawn(home):
    [listed] = ask(home / "north", "airspace", "plan", "list")["plans"]
    assert (listed["id"], listed["priority"], listed["state"]) == ("patrol", 2, "Accepted")
    assert ask(home / "north", "airspace", "plan", "show", "patrol") == listed
    assert "patrol" in run(home / "north", "airspace", "plan", "list").output
    run(home / "north", "airspace", "plan", "show", "nothing", code=2)
    run(home / "north", "airspace", "plan", "withdraw", "nothing", code=2)
    written(home / "more.geojson", feature("spare", 40.0, 33.0, 40.2, 33.1))
    ask(home / "north", "airspace", "plan", "add", home / "more.geojson")
    assert ask(home / "north", "airspace", "plan", "withdraw", "spare")["state"] == "Ended"


def test_a_file_without_plans_is_refused_with_the_reason(home):
    (home / "bad.geojson").write_text("{}", encoding="utf-8")
    run(home / "north", "airspace", "plan", "add", home / "bad.geojson", code=2)
    over = written(home / "over.geojson", feature("late", 36, 33, 36.1, 33.1, hours=-5))
    ended = run(home / "north", "airspace", "plan", "add", over, code=2)
    assert "over already" in ended.output


def test_the_dry_run_says_who_would_learn_what(home):
    dry = ask(home / "north", "airspace", "match", "--with", "South", "--dry-run")
    assert any("South will learn" in sentence for sentence in dry["sentences"])
    assert "modified node" in run(home / "north", "airspace", "match", "--with", "South", "--dry-run").output


@pytest.mark.skipif(
    not os.environ.get("DETENTE_SOAK"),
    reason="a minute of packets on a stick; tests/simulation/test_airspace does it on a wire",
)
def test_a_conflict_is_found_settled_and_signed_by_a_stick(home):
    north, south = home / "north", home / "south"
    for _ in range(2):  # first the journals are countersigned, then the run goes to and fro
        run(north, "airspace", "match", "--with", "South", "--yes", code=3)
        carry(home)
    [ours], [theirs] = (ask(node, "airspace", "conflicts")["conflicts"] for node in (north, south))
    assert (ours["id"], ours["words"], ours["settle_by"]) == (
        theirs["id"],
        theirs["words"],
        theirs["settle_by"],
    )
    assert ours["words"] in run(north, "airspace", "conflicts", "--alarm").output
    short = ours["id"][:10]
    for argv in (
        ("--visual",),
        (),
        ("--visual", "--yield", "ours"),
        ("--shift-minutes", "5", "--shift-m", "5"),
    ):
        run(north, "airspace", "settle", short, "--with", "South", *argv, code=2)
    run(north, "airspace", "settle", "ffffffffff", "--with", "South", "--visual", "--reason", "x", code=2)
    run(
        south,
        "airspace",
        "settle",
        short,
        "--with",
        "North",
        "--yield",
        "ours",
        "--reason",
        "priority",
        code=3,
    )
    carry(home)
    run(north, "airspace", "sign", short, "--with", "South", code=3)
    carry(home)
    assert [ask(node, "airspace", "conflicts")["conflicts"][0]["state"] for node in (north, south)] == [
        "settled",
        "settled",
    ]
