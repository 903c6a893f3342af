"""Track feeds, well and badly written."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.adapters.formats import tracks_csv, tracks_opensky, tracks_sbs
from detente.adapters.formats.rows import Problem
from detente.adapters.formats.tracks import read_tracks
from detente.errors import Misuse
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum
from detente.wire.instant import rfc3339

STAMP = "2026/11/22,19:42:{:06.3f},2026/11/22,19:42:13.200"


def sbs(kind, seconds=13.123, icao="4CA2B6", **cells):
    """A BaseStation message: altitude, speed, track, lat, lon, climb, ground."""
    said = {
        name: str(cells.get(name, ""))
        for name in ("altitude", "speed", "track", "lat", "lon", "climb", "ground")
    }
    return (
        f"MSG,{kind},1,1,{icao},1,{STAMP.format(seconds)},BAW1,{said['altitude']},{said['speed']},{said['track']},"
        f"{said['lat']},{said['lon']},{said['climb']},,,,,{said['ground']}\r\n"
    )


def of(reports):
    found = list(reports)
    assert all(isinstance(each, Track) for each in found), found
    return found


# -- SBS-1


def test_a_position_takes_the_velocity_that_came_before_it():
    lines = [
        sbs(4, speed=360, track=90, climb=-600),
        sbs(3, 14.0, altitude=37000, lat=51.45, lon=-1.02, ground=0),
    ]
    (track,) = of(tracks_sbs.read(lines, "roof"))
    assert (track.id, track.source, rfc3339(track.time)) == ("4ca2b6", "roof", "2026-11-22T19:42:14.000Z")
    assert (track.altitude, track.datum) == (pytest.approx(11_277.6), Datum.FL)
    assert (track.velocity.x, track.velocity.z) == (pytest.approx(185.2), pytest.approx(-3.048))
    assert (track.place.latitude, track.place.longitude, track.on_ground) == (51.45, -1.02, False)


def test_a_velocity_stands_for_ten_seconds_and_for_its_own_aircraft():
    position = sbs(3, 40.0, altitude=1, lat=51, lon=1)
    (late,) = of(tracks_sbs.read([sbs(4, 29.9, speed=1, track=1), position], "roof"))
    assert late.velocity is None
    (other,) = of(tracks_sbs.read([sbs(4, 39.0, "ABCDEF", speed=1, track=1), position], "roof"))
    assert other.velocity is None


def test_a_surface_position_is_on_the_ground_without_an_altitude():
    (track,) = of(tracks_sbs.read([sbs(2, speed=12, track=180, lat=51, lon=1, ground=-1)], "roof"))
    assert (track.on_ground, track.altitude, track.datum) == (True, None, None)


def test_the_receivers_clock_is_moved_to_utc():
    (track,) = of(tracks_sbs.read([sbs(3, 0.0, lat=1, lon=1)], "roof", utc_offset_minutes=120))
    assert rfc3339(track.time) == "2026-11-22T17:42:00.000Z"
    with pytest.raises(Misuse):
        list(tracks_sbs.read([], "roof", utc_offset_minutes=10_000))


def test_messages_without_a_position_and_of_the_receivers_user_are_no_tracks():
    lines = [sbs(1), sbs(5, altitude=100), sbs(3), "\r\n", "STA,,5,1,4CA2B6,1,,,,,RM\r\n", "CLK,,1\r\n"]
    assert list(tracks_sbs.read(lines, "roof")) == []


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "MSG,3,1",
        sbs(9, lat=1, lon=1),
        sbs(3, icao="XYZ", lat=1, lon=1),
        sbs(3, lat="north", lon=1),
        sbs(3, lat=95, lon=1),
        sbs(3, lat="nan", lon=1),
        sbs(3, lat=1, lon=1, altitude="1e400"),
        sbs(3, lat=1, lon=1).replace("2026/11/22,19", "2026/13/45,19"),
    ],
)
def test_what_is_no_message_is_told_with_its_line(line):
    (problem,) = tracks_sbs.read([line], "roof")
    assert isinstance(problem, Problem)
    assert problem.line == 1


def test_a_feed_of_endless_addresses_is_bounded(monkeypatch):
    monkeypatch.setattr(tracks_sbs, "MOST_AIRCRAFT", 2)
    lines = [sbs(3, icao=f"00000{n}", lat=1, lon=1) for n in range(3)] + [sbs(3, icao="000000", lat=1, lon=1)]
    assert [isinstance(each, Track) for each in tracks_sbs.read(lines, "roof")] == [True, True, False, True]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(max_size=60) | st.text("MSG,3124CAB/:.-", max_size=120).map("MSG,3,".__add__), max_size=5
    )
)
def test_any_lines_are_tracks_or_problems(lines):
    for read in (tracks_sbs.read, tracks_csv.read):
        try:
            for each in read(["id,time,lat,lon,fl\n", *lines] if read is tracks_csv.read else lines, "x"):
                assert isinstance(each, Track | Problem)
        except Misuse:
            assert read is tracks_csv.read


# -- OpenSky

STATE = [
    "4ca2b6",
    "BAW1",
    "UK",
    1_800_000_000,
    1_800_000_001,
    -1.02,
    51.45,
    11_000.0,
    False,
    200.0,
    90.0,
    -3.0,
    None,
    11_100.0,
]


def states(*rows):
    return json.dumps({"time": 1_800_000_002, "states": list(rows)}).encode()


def state(**changes):
    names = (
        "icao",
        "call",
        "of",
        "at",
        "contact",
        "lon",
        "lat",
        "baro",
        "ground",
        "speed",
        "track",
        "climb",
        "x",
        "geo",
    )
    return [changes.get(name, value) for name, value in zip(names, STATE, strict=True)]


def test_a_state_vector_is_a_track_in_si():
    (track,) = of(tracks_opensky.read(states(STATE), "net"))
    assert (track.id, track.time, track.altitude, track.datum) == (
        "4ca2b6",
        1_800_000_000_000,
        11_000.0,
        Datum.FL,
    )
    assert (track.velocity.x, track.velocity.z) == (pytest.approx(200.0), -3.0)
    assert track.velocity.y == pytest.approx(0.0, abs=1e-9)


def test_without_a_pressure_altitude_the_geometric_one_counts_and_else_none():
    (geometric,) = of(tracks_opensky.read(states(state(baro=None)), "net"))
    assert (geometric.altitude, geometric.datum) == (11_100.0, Datum.WGS84)
    (none,) = of(tracks_opensky.read(states(state(baro=None, geo=None)), "net"))
    assert (none.altitude, none.datum) == (None, None)


def test_without_a_time_of_the_position_the_last_contact_counts():
    (track,) = of(tracks_opensky.read(states(state(at=None)), "net"))
    assert track.time == 1_800_000_001_000


def test_a_state_without_a_position_is_told_not_passed_over():
    found = list(tracks_opensky.read(states(state(lat=None), STATE), "net"))
    assert found[0] == Problem(1, "a state without a position")
    assert isinstance(found[1], Track)


def test_a_list_of_answers_and_no_states_at_all_are_read():
    both = json.dumps([json.loads(states(STATE)), json.loads(states(STATE))]).encode()
    assert len(of(tracks_opensky.read(both, "net"))) == 2
    assert list(tracks_opensky.read(b'{"time": 1, "states": null}', "net")) == []


def test_records_of_the_traffic_library_are_read():
    record = {
        "icao24": "AE0455", "timestamp": 1_600_120_071_000, "latitude": 36.0, "longitude": -75.0, "altitude": 1000.0,
        "groundspeed": 100.0, "track": 180.0, "vertical_rate": None, "onground": False,
    }  # fmt: skip
    (track,) = of(tracks_opensky.read(json.dumps([record]).encode(), "file"))
    assert (track.id, track.altitude, track.datum) == ("ae0455", pytest.approx(304.8), Datum.FL)
    assert track.velocity.y == pytest.approx(-51.4444, abs=1e-3)


@pytest.mark.parametrize(
    "row", [[], "x", None, state(icao=None), state(lat="51"), state(lat=True), state(lat=99), state(at=None, contact=None),
            state(at=-5), state(speed=1e300), state(icao="y" * 65)],
)  # fmt: skip
def test_what_is_no_state_is_told_with_its_number(row):
    problem, track = tracks_opensky.read(states(row, STATE), "net")
    assert isinstance(problem, Problem)
    assert isinstance(track, Track)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"a": 1}', b'{"states": 5}', b"\xff", b"[" * 100_000])
def test_json_of_another_kind_is_refused(text):
    with pytest.raises(Misuse):
        list(tracks_opensky.read(text, "net"))


# -- CSV

HEADER = "id,time,lat,lon,altitude_m,altitude_ft,fl,altitude_datum,track,groundspeed_kt,vertical_rate_fpm,vx_ms,vy_ms,on_ground\n"


def row(**cells):
    given = {"id": "a1", "time": "2026-11-22T19:42:13.5+02:00", "lat": "33.5", "lon": "36.3", **cells}
    return ",".join(given.get(name, "") for name in HEADER.strip().split(",")) + "\n"


def test_a_row_is_a_track_by_its_columns_units():
    (track,) = of(
        tracks_csv.read(
            [HEADER, row(altitude_ft="1000", altitude_datum="MSL", track="0", groundspeed_kt="360")], "x"
        )
    )
    assert rfc3339(track.time) == "2026-11-22T17:42:13.500Z"
    assert (track.altitude, track.datum) == (pytest.approx(304.8), Datum.AMSL)
    assert track.velocity.y == pytest.approx(185.2)
    (plain,) = of(
        tracks_csv.read([HEADER, row(time="1800000000.25", vx_ms="0", vy_ms="-5", on_ground="true")], "x")
    )
    assert (plain.time, plain.altitude, plain.velocity.y, plain.on_ground) == (
        1_800_000_000_250,
        None,
        -5.0,
        True,
    )


@pytest.mark.parametrize(
    "cells",
    [
        {"altitude_m": "5"},  # above what?
        {"altitude_m": "5", "altitude_datum": "AGL"},
        {"altitude_m": "5", "fl": "100", "altitude_datum": "FL"},
        {"fl": "100", "altitude_datum": "WGS84"},
        {"time": "2026-11-22T19:42:13"},  # whose clock?
        {"time": "yesterday"},
        {"lat": ""},
        {"lat": "x"},
        {"lat": "nan"},
        {"lat": "91"},
        {"id": ""},
        {"id": "a1,b"},
    ],
)
def test_a_row_that_is_no_track_is_told_with_its_line(cells):
    (problem,) = tracks_csv.read([HEADER, row(**cells)], "x")
    assert isinstance(problem, Problem)
    assert problem.line == 2


def test_a_header_that_lacks_what_is_needed_is_refused():
    with pytest.raises(Misuse, match="lat, lon"):
        list(tracks_csv.read(["id,time\n"], "x"))
    with pytest.raises(Misuse):
        list(tracks_csv.read([], "x"))


# -- files


def test_the_format_is_told_by_its_beginning_and_the_source_by_the_file(tmp_path):
    for name, text in (
        ("a.sbs", sbs(3, lat=1, lon=1)),
        ("b.json", states(STATE).decode()),
        ("c.csv", HEADER + row()),
    ):
        path = tmp_path / name
        path.write_text("\ufeff" + text, encoding="utf-8", newline="")
        if name.endswith("json"):
            path.write_text(text, encoding="utf-8")
        (track,) = of(read_tracks(path))
        assert track.source == name
    assert of(read_tracks(path, "mine"))[0].source == "mine"


def test_a_file_that_is_not_there_is_misuse(tmp_path):
    with pytest.raises(Misuse):
        list(read_tracks(tmp_path / "none"))


def test_a_track_holds_only_numbers(tmp_path):
    (track,) = of(tracks_opensky.read(states(STATE), "net"))
    assert math.isfinite(track.velocity.x)
