"""The picture of tracks: stale and impossible reports are marked, and nothing is dropped."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.tracks import LIMITS, Mark, Picture, Track, distance
from detente.topics.airspace.volume import Datum

T = 1_800_000_000_000


def report(
    id="a1",
    at=T,
    latitude=33.0,
    longitude=36.0,
    source="roof",
    altitude=3000.0,
    velocity=(100.0, 0.0, 0.0),
    **more,
):
    datum = more.pop("datum", None if altitude is None else Datum.FL)
    moving = None if velocity is None else Vector(*velocity)
    return Track(id, source, Geodetic(latitude, longitude), altitude, datum, moving, at, **more)


def marks(picture, now=T):
    return {track.key: track.marks for track in picture.tracks(now)}


def only(*reports, now=None):
    """The marks of the one aircraft that these reports are of, each heard when it was made."""
    picture = Picture()
    for each in reports:
        picture = picture.heard([each], now or each.time)
    (found,) = marks(picture, now or max(each.time for each in reports)).values()
    return found


def test_a_plain_track_has_no_marks():
    assert only(report(), report(at=T + 1000, longitude=36.001)) == frozenset()


def test_a_track_is_stale_once_it_was_not_heard_of_for_long_enough():
    picture = Picture().heard([report()], T)
    assert marks(picture, T + LIMITS.stale_ms) == {("a1", "roof"): frozenset()}
    assert marks(picture, T + LIMITS.stale_ms + 1) == {("a1", "roof"): {Mark.STALE}}
    assert len(picture.tracks(T + 10**9)) == 1


def test_a_jump_farther_than_anything_flies_is_marked_for_a_while_and_kept():
    there = report(at=T + 1000, latitude=34.0)
    picture = Picture().heard([report()], T).heard([there], T + 1000)
    (track,) = picture.tracks(T + 1000)
    assert (track.marks, track.place.latitude) == ({Mark.TELEPORT}, 34.0)
    later = picture.heard([report(at=T + 50_000, latitude=34.0)], T + 50_000)
    assert marks(later, T + 50_000) == {("a1", "roof"): {Mark.TELEPORT}}
    assert marks(later.heard([report(at=T + 62_000, latitude=34.0)], T + 62_000), T + 62_000) == {
        ("a1", "roof"): frozenset()
    }


def test_a_climb_that_nothing_makes_is_a_jump_too_unless_the_datums_differ():
    assert only(report(), report(at=T + 1000, altitude=9000.0)) == {Mark.TELEPORT}
    assert only(report(), report(at=T + 1000, altitude=9000.0, datum=Datum.WGS84)) == frozenset()


def test_time_that_goes_back_is_marked_and_the_later_state_stands():
    picture = Picture().heard([report(), report(at=T - 5000, longitude=35.99)], T)
    (track,) = picture.tracks(T)
    assert (track.marks, track.time) == ({Mark.TIME_BACK}, T)


def test_one_report_from_the_future_does_not_shut_out_those_after_it():
    picture = Picture().heard([report(at=T + 10**8)], T)
    assert marks(picture) == {("a1", "roof"): {Mark.EARLY}}
    (track,) = picture.heard([report(at=T + 1000, longitude=36.001)], T + 1000).tracks(T + 1000)
    assert (track.time, track.marks) == (T + 1000, {Mark.TIME_BACK})


def test_one_aircraft_at_two_places_is_marked_at_both():
    picture = Picture().heard([report(), report(source="net", latitude=35.0), report("b2")], T)
    assert marks(picture) == {
        ("a1", "net"): {Mark.TWO_PLACES},
        ("a1", "roof"): {Mark.TWO_PLACES},
        ("b2", "roof"): frozenset(),
    }


def test_two_sources_that_agree_are_no_contradiction():
    assert set(marks(Picture().heard([report(), report(source="net", at=T - 3000)], T)).values()) == {
        frozenset()
    }


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({"velocity": (1500.0, 0.0, 0.0)}, Mark.TOO_FAST),
        ({"velocity": (0.0, 0.0, -400.0)}, Mark.TOO_STEEP),
        ({"velocity": None}, Mark.NO_VELOCITY),
        ({"altitude": None}, Mark.NO_ALTITUDE),
    ],
)
def test_what_cannot_be_or_is_not_said_is_marked(fields, mark):
    assert only(report(**fields)) == {mark}


def test_a_track_is_forgotten_only_when_it_is_asked_for():
    picture = Picture().heard([report()], T).heard([report("b2", at=T + 9000)], T + 9000)
    assert [track.id for track in picture.forgotten(T + 1).tracks(T + 9000)] == ["b2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"latitude": 91.0},
        {"longitude": -181.0},
        {"latitude": math.nan},
        {"altitude": math.inf},
        {"altitude": 100.0, "datum": None},
        {"velocity": (math.nan, 0.0, 0.0)},
        {"id": ""},
        {"id": "x" * 65},
        {"source": "x" * 65},
        {"at": -1},
    ],
)
def test_a_report_that_is_none_cannot_be_made(fields):
    with pytest.raises(Misuse):
        report(**fields)


@given(
    st.lists(
        st.builds(
            report,
            id=st.sampled_from(["a1", "b2"]),
            source=st.sampled_from(["roof", "net"]),
            at=st.integers(T - 100_000, T + 100_000),
            latitude=st.floats(-90, 90),
            longitude=st.floats(-180, 180),
        ),
        max_size=20,
    )
)
def test_every_aircraft_that_was_ever_reported_is_in_the_picture(reports):
    picture = Picture()
    for each in reports:
        picture = picture.heard([each], T)
    assert {track.key for track in picture.tracks(T)} == {each.key for each in reports}


def test_a_replay_marks_what_was_odd_when_it_happened():
    jump = [report(), report(at=T + 1000, latitude=34.0)]
    calm = [report(at=T + 1000 * s, latitude=34.0) for s in range(2, 120)]
    assert marks(Picture().replayed(jump), T + 1000) == {("a1", "roof"): {Mark.TELEPORT}}
    assert marks(Picture().replayed(jump + calm), T + 119_000) == {("a1", "roof"): frozenset()}


def test_distances_are_along_the_sphere():
    assert distance(Geodetic(0, 0), Geodetic(90, 0)) == pytest.approx(5400 * 1852)
    assert distance(Geodetic(0, 0), Geodetic(0, 180)) == pytest.approx(10_800 * 1852)
    assert distance(Geodetic(5, 179.9), Geodetic(5, -179.9)) < 30_000
