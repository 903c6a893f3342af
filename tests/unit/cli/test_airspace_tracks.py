"""`detente airspace tracks`, at the command line."""

import json

import pytest
from click.testing import CliRunner

from detente.cli.root import detente

HEADER = "id,time,lat,lon,altitude_m,altitude_datum,vx_ms,vy_ms\n"
OURS = HEADER + "n1,1800000000,0,36.0,3000,AMSL,200,0\nn1,1800000010,0,36.018,3000,AMSL,200,0\n"
THEIRS = HEADER + "s1,1800000010,0,36.4,3100,AMSL,-200,0\ns2,1799999000,0,36.3,3100,FL,,\n"


@pytest.fixture
def feeds(tmp_path):
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    ours.write_text(OURS)
    theirs.write_text(THEIRS + "s3,never,0,0,1,AMSL,,\n")
    return ours, theirs


def run(*argv, code=0):
    ended = CliRunner().invoke(detente, ["airspace", "tracks", *map(str, argv)])
    assert ended.exit_code == code, ended.output
    return ended


def test_tracks_of_both_feeds_are_shown_with_marks_and_alerts(feeds):
    ended = run(*feeds, "--json")
    seen = json.loads(ended.stdout)
    assert (seen["at"], seen["problems"]) == ("2027-01-15T08:00:10.000Z", 1)
    assert [(track["id"], track["marks"]) for track in seen["ours"]] == [("n1", [])]
    assert [(track["id"], track["marks"]) for track in seen["theirs"]] == [
        ("s1", []),
        ("s2", ["it does not say how it moves", "not heard of for too long"]),
    ]
    first, _ = seen["alerts"]
    # 0.382 degrees on the equator are 42 447.8 m; 9260 m apart after 82.97 s at 400 m/s
    assert (first["ours"], first["theirs"], first["height"]) == ("n1", "s1", pytest.approx(100))
    assert first["enters"] == pytest.approx((42_447.84 - 9260) / 400, abs=0.01)
    assert "theirs.csv:4: a time is written like" in ended.stderr


def test_of_another_instant_only_what_was_heard_by_then_counts(feeds):
    seen = json.loads(run(feeds[0], "--at", "2027-01-15T08:00:05Z", "--json").stdout)
    assert [(track["longitude"], track["age"]) for track in seen["ours"]] == [(36.0, 5.0)]
    assert seen["alerts"] == []


def test_people_are_told_in_miles_and_feet(feeds):
    text = run(*feeds).stdout
    assert "22.92 NM" in text
    assert "328 ft" in text
    assert "cannot be compared" in text


def test_a_feed_without_tracks_is_misuse(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text(HEADER)
    run(path, code=2)
    path.write_text("nothing")
    run(path, code=2)


def test_a_bad_instant_is_misuse(feeds):
    run(feeds[0], "--at", "noon", code=2)


def test_an_id_that_looks_like_markup_is_shown_as_it_is(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text(HEADER + "[/red],1800000000,0,0,1,AMSL,,\n\x1b[2J,1800000000,0,0,1,AMSL,,\n")
    ended = run(path)
    assert "[/red]" in ended.stdout
    assert "\x1b" not in ended.output
    assert "odd.csv:3: a track's id and source are printable" in ended.stderr
