"""Alerts between two sides' tracks: beside the alerting of one pair, and told the same to both sides."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.adapters.formats import daa
from detente.errors import Misuse, Refused
from detente.topics.airspace import live
from detente.topics.airspace.alerting.encounter import in_moments
from detente.topics.airspace.alerting.projection import relative
from detente.topics.airspace.alerting.state import Aircraft, Geodetic, Vector
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import TimeVariable, WellClear
from detente.topics.airspace.live import alerts
from detente.topics.airspace.tracks import Mark, Track
from detente.topics.airspace.volume import Datum

NOW = 1_800_000_000_000
CD3D = Cylinder(9260.0, 304.8)
WELL_CLEAR = WellClear(1222.32, 137.16, 35.0, 20.0)


def track(id, latitude, longitude, velocity=(0.0, 0.0, 0.0), altitude=3000.0, **more):
    fields = {"datum": Datum.AMSL, "time": NOW, **more}
    moving = None if velocity is None else Vector(*velocity)
    return Track(id, "feed", Geodetic(latitude, longitude), altitude, velocity=moving, **fields)


def by_hand(one, other, volume, lookahead=180.0):
    """The same pair by the alerting of encounters, which looks from the ownship."""
    states = [Aircraft(t.id, 0.0, t.place, t.altitude, t.velocity) for t in (one, other)]
    return volume.conflict(relative(*states), lookahead)


speeds = st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(-20, 20))


@settings(max_examples=1500 if os.environ.get("DETENTE_SOAK") else 200, deadline=None)
@given(
    volume=st.sampled_from([CD3D, WELL_CLEAR, WellClear(1222.32, 137.16, 0.0, 0.0)]),
    latitude=st.floats(-89.9, 89.9),
    longitude=st.floats(-180, 180),
    north=st.floats(-0.3, 0.3),
    east=st.floats(-0.3, 0.3),
    one=speeds,
    two=speeds,
    above=st.floats(-800, 800),
)
def test_a_pair_is_told_as_its_alerting_has_it(volume, latitude, longitude, north, east, one, two, above):
    there = max(-90.0, min(90.0, latitude + north))
    turned = (longitude + east / max(0.01, math.cos(math.radians(there))) + 180) % 360 - 180
    own, other = track("a", latitude, longitude, one), track("b", there, turned, two, 3000.0 + above)
    expected, told = by_hand(own, other, volume), alerts([own], [other], volume, NOW)
    if expected is None or not told:
        # only what barely touches may differ between the two planes
        assert expected is None or expected.leaves - expected.enters < 3.0
        assert not told or told[0].leaves - told[0].enters < 3.0
        return
    assert told[0].enters == pytest.approx(expected.enters, abs=0.5 + 2 * graze(expected, volume))


def graze(interval, volume):
    """Seconds by which the entry of a grazing pair may move: its interval is short against the time to cross the volume."""
    return 1.0 if interval.leaves - interval.enters < 10.0 else 0.0


@settings(max_examples=100, deadline=None)
@given(
    ours=st.lists(st.tuples(st.floats(30, 31), st.floats(179, 180), speeds), min_size=1, max_size=6),
    theirs=st.lists(st.tuples(st.floats(30, 31), st.floats(-180, -179), speeds), min_size=1, max_size=6),
)
def test_both_sides_are_told_the_same_to_the_bit(ours, theirs):
    a = [track(f"a{n}", *place, v) for n, (*place, v) in enumerate(ours)]
    b = [track(f"b{n}", *place, v) for n, (*place, v) in enumerate(theirs)]
    north, south = alerts(a, b, CD3D, NOW), alerts(b, a, CD3D, NOW)

    def told(alert, swap):
        pair = (alert.theirs, alert.ours) if swap else (alert.ours, alert.theirs)
        return (
            *pair,
            alert.enters,
            alert.leaves,
            alert.range,
            alert.height,
            alert.nearest,
            alert.miss,
            alert.miss_height,
        )

    assert sorted(told(alert, False) for alert in north) == sorted(told(alert, True) for alert in south)


def test_two_that_fly_at_each_other_are_told_with_time_range_and_miss():
    # a degree of longitude on the equator is 111 120 m; closing at 400 m/s
    own, other = track("a", 0.0, 0.0, (200.0, 0, 0)), track("b", 0.0, 0.5, (-200.0, 0, 0), 3100.0)
    (alert,) = alerts([own], [other], CD3D, NOW)
    assert (alert.ours, alert.theirs, alert.at) == ("a", "b", NOW)
    assert alert.range == pytest.approx(55_560, abs=1)
    assert alert.enters == pytest.approx((55_560 - 9260) / 400, abs=0.01)
    assert alert.nearest == pytest.approx(55_560 / 400, abs=0.01)
    assert (alert.height, alert.miss_height) == (pytest.approx(100), pytest.approx(100))
    assert alert.miss == pytest.approx(0.0, abs=1.0)
    assert not alert.level_is_assumed


def test_the_soonest_comes_first():
    own = track("a", 0.0, 0.0, (200.0, 0, 0))
    others = [track("far", 0.0, 0.4, (-200.0, 0, 0)), track("near", 0.0, 0.2, (-200.0, 0, 0))]
    assert [alert.theirs for alert in alerts([own], others, CD3D, NOW)] == ["near", "far"]


def test_traffic_a_thousand_feet_above_is_no_alert_and_of_another_datum_it_is_one():
    own = track("a", 0.0, 0.0)
    assert alerts([own], [track("b", 0.0, 0.05, altitude=3400.0)], CD3D, NOW) == []
    (alert,) = alerts([own], [track("b", 0.0, 0.05, altitude=3400.0, datum=Datum.FL)], CD3D, NOW)
    assert alert.level_is_assumed
    assert (alert.height, alert.miss_height) == (None, None)


def test_an_unknown_altitude_counts_as_level_even_with_another_unknown_one():
    unknown = {"altitude": None, "datum": None}
    own, other = track("a", 0.0, 0.0, **unknown), track("b", 0.0, 0.05, **unknown)
    assert alerts([own], [other], CD3D, NOW)[0].level_is_assumed
    assert alerts([own], [track("b", 0.0, 0.05)], CD3D, NOW)[0].level_is_assumed


def test_an_unknown_velocity_counts_as_none():
    (alert,) = alerts([track("a", 0.0, 0.0, None)], [track("b", 0.0, 0.3, (-200.0, 0, 0))], CD3D, NOW)
    assert alert.enters == pytest.approx((33_336 - 9260) / 200, abs=0.01)


def test_a_track_is_carried_on_to_now_and_no_more_than_a_minute():
    own = track("a", 0.0, 0.0)
    # 20 s old, at 200 m/s towards us: 4000 m nearer than it says
    old = track("b", 0.0, 0.3, (-200.0, 0, 0), time=NOW - 20_000)
    assert alerts([own], [old], CD3D, NOW)[0].range == pytest.approx(33_336 - 4000, abs=1)
    lost = track("b", 0.0, 0.3, (-200.0, 0, 0), time=NOW - 600_000)
    assert alerts([own], [lost], CD3D, NOW)[0].range == pytest.approx(33_336 - 12_000, abs=1)


def test_stale_tracks_and_those_from_the_future_are_told_and_marked():
    own = track("a", 0.0, 0.0, time=NOW - 60_000, marks=frozenset({Mark.TELEPORT}))
    other = track("b", 0.0, 0.05, time=NOW + 60_000)
    (alert,) = alerts([own], [other], CD3D, NOW)
    assert alert.our_marks == {Mark.TELEPORT, Mark.STALE}
    assert alert.their_marks == {Mark.EARLY}


def test_poles_and_the_antimeridian_are_places_like_others():
    for one, other in (((89.99, 0.0), (89.99, 180.0)), ((10.0, 179.99), (10.0, -179.99))):
        (alert,) = alerts([track("a", *one)], [track("b", *other)], CD3D, NOW)
        assert alert.range < 2300
    assert alerts([track("a", 10.0, 20.0)], [track("b", -10.0, -160.0)], CD3D, NOW) == []


def test_with_no_look_ahead_it_is_who_is_within_the_bubble_now():
    own = track("a", 0.0, 0.0, (300.0, 0, 0))
    others = [track("in", 0.0, 0.08), track("out", 0.0, 0.09)]
    assert [alert.theirs for alert in alerts([own], others, CD3D, NOW, lookahead=0.0)] == ["in"]


def test_nobody_is_no_alert():
    assert alerts([], [], CD3D, NOW) == []
    assert alerts([track("a", 0.0, 0.0)], [], CD3D, NOW) == []


def test_what_cannot_be_searched_or_shown_is_refused(monkeypatch):
    own = track("a", 0.0, 0.0)
    with pytest.raises(Misuse):
        alerts([own], [own], WellClear(1.0, 1.0, 1.0, 0.0, TimeVariable.TEP), NOW)
    with pytest.raises(Misuse):
        alerts([own], [own], CD3D, NOW, lookahead=math.nan)
    with pytest.raises(Refused):
        alerts([own] * (live.MOST_TRACKS + 1), [own], CD3D, NOW)
    monkeypatch.setattr(live, "MOST_ALERTS", 3)
    assert len(alerts([own], [own] * 3, CD3D, NOW)) == 3
    with pytest.raises(Refused):
        alerts([own] * 2, [own] * 2, CD3D, NOW)


def test_an_alert_shows_no_place_in_logs():
    (alert,) = alerts([track("a", 0.0, 0.0)], [track("b", 0.0, 0.05)], CD3D, NOW)
    assert "range" not in repr(alert)
    assert repr(track("a", 0.0, 0.0)) == "Track()"


# -- beside DAIDALUS

DATA = Path(os.environ.get("DETENTE_DATA", "/nonexistent")) / "airspace" / "daidalus"


@pytest.mark.skipif(not DATA.is_dir(), reason="DETENTE_DATA names no folder with airspace/daidalus")
def test_of_five_thousand_encounters_every_verdict_is_daidalus_and_every_time_within_two_milliseconds():
    with (DATA / "random5000.daa").open() as file:
        moments = in_moments(daa.read(file).states)
    expected = [line.split(",") for line in (DATA / "expected/random5000__CD3D.csv").open()][2:]
    for moment, row in zip(moments, expected, strict=True):
        own, other = (
            Track(a.name, "feed", a.place, a.altitude, Datum.AMSL, a.velocity, NOW)
            for a in (moment.ownship, *moment.traffic)
        )
        found = alerts([own], [other], CD3D, NOW)
        assert len(found) == int(row[4])
        assert not found or found[0].enters == pytest.approx(float(row[5]), abs=0.002)
