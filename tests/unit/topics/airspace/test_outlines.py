"""Outlines, altitudes and intents: what is mended, what is refused, what is never guessed."""

import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.topics.airspace.corridor import corridor
from detente.topics.airspace.datum import Geoid, band_mm, converted, datum_named
from detente.topics.airspace.intent import FARTHEST_AHEAD_MS, Constraint, Intent, State
from detente.topics.airspace.outline import circle, outline
from detente.topics.airspace.volume import Datum, Volume4D
from support.airspace_oracle import vincenty

SQUARE = [(35, 33), (36, 33), (36, 34), (35, 34)]
NOW = 1_795_376_533_000


def volume(ring=SQUARE, low=0, high=1000, start=NOW, end=NOW + 1000, datum=Datum.WGS84):
    return Volume4D(outline([[ring]]).shape, low, high, start, end, datum)


def test_an_outline_does_not_depend_on_where_its_ring_begins_or_which_way_it_goes():
    shapes = {
        outline([[ring]]).shape.wkt
        for ring in (
            SQUARE,
            SQUARE[::-1],
            SQUARE[2:] + SQUARE[:2],
            [*SQUARE, SQUARE[0]],
            [(*p, 99) for p in SQUARE],
        )
    }
    assert len(shapes) == 1


def test_an_edge_of_more_than_half_the_earth_goes_over_the_antimeridian_and_says_so():
    made = outline([[[(179, 0), (-179, 0), (-179, 1), (179, 1)]]])
    assert made.shape.area == pytest.approx(2)
    assert made.shape.bounds == (-180, 0, 180, 1)
    assert "short way" in " ".join(made.repairs)
    assert outline([[[(179, 0), (181, 0), (181, 1), (179, 1)]]]).shape == made.shape


def test_a_ring_round_the_earth_encloses_the_nearer_pole():
    made = outline([[[(0, 80), (90, 80), (180, 80), (-90, 80)]]])
    assert made.shape.area == pytest.approx(3600)
    assert made.shape.bounds == (-180, 80, 180, 90)
    south = outline([[[(0, -80), (90, -80), (180, -80), (-90, -80)]]])
    assert south.shape.bounds == (-180, -90, 180, -80)
    assert outline([[[(-180, 80), (180, 80), (180, 90), (-180, 90)]]]).shape.area == pytest.approx(3600)


def test_an_outline_that_hardly_crosses_itself_is_mended_and_says_so():
    made = outline([[[(0, 0), (1, 0), (1, 1), (1, 1.00001), (0.99999, 1), (1.00001, 1.000005), (0, 1)]]])
    assert made.shape.is_valid
    assert "was repaired" in made.repairs[0]
    assert (
        outline(
            [
                [
                    SQUARE,
                ]
            ]
        ).repairs
        == ()
    )


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "two things"),
        ([(0, 0), (3, 0), (3, 1), (0, 1), (0, 2), (3, 2.2), (3, 0.5)], "two things"),
        ([(0, 0), (1, 1), (2, 2)], "two things|without area"),
        ([(0, 0), (0, 0), (0, 0)], "without area|two things"),
        ([(0, 0), (1, 1)], "three corners"),
        ([], "three corners"),
        ([(0, 0), (1, 0), (1, 91)], "not on the earth"),
        ([(0, 0), (1, 0), (600, 1)], "not on the earth"),
        ([(0, 0), (1, 0), (float("nan"), 1)], "not on the earth"),
        ([(0, 0), (1, 0), (float("inf"), 1)], "not on the earth"),
        ([("x", 0), (1, 0), (1, 1)], "pair of numbers"),
        ([(0, 0), (1,), (1, 1)], "pair of numbers"),
        ([(0, 0), (70, 0), (70, 70), (0, 70)], "3,200 km"),
        ([(k / 10_001, k % 2) for k in range(10_001)], "more than 10000"),
    ],
)
def test_what_is_no_outline_is_refused_with_the_reason(ring, reason):
    with pytest.raises(Misuse, match=reason):
        outline([[ring]])


def test_a_tangle_of_ten_thousand_corners_is_refused_before_it_is_untangled():
    tangle = [((k * 7919) % 9973 / 9973, (k * 104729) % 9967 / 9967) for k in range(9_900)]
    began = time.process_time()
    with pytest.raises(Misuse, match="too large to be mended"):
        outline([[tangle]])
    star = [
        (35 + (1 if k % 2 else 0.1) * np.cos(k / 400), 33 + (1 if k % 2 else 0.1) * np.sin(k / 400))
        for k in range(2_513)
    ]
    with pytest.raises(Misuse, match="too large to be joined"):
        outline([[star], [[(x + 0.01, y) for x, y in star]]])
    with pytest.raises(Misuse):
        outline([[SQUARE], [SQUARE]], mend=False)
    assert time.process_time() - began < 5


def test_holes_stay_holes_over_the_antimeridian_too():
    outer = [(179, 0), (-179, 0), (-179, 2), (179, 2)]
    made = outline([[outer, [(-179.7, 0.5), (-179.4, 0.5), (-179.4, 1), (-179.7, 1)]]])
    assert made.shape.area == pytest.approx(4 - 0.15)
    with pytest.raises(Misuse, match="two things"):
        outline([[SQUARE, [(35.5, 33.5), (37, 33.5), (37, 33.6), (35.5, 33.6)]]])


@given(
    st.lists(st.tuples(st.floats(-540, 540), st.floats(-90, 90)), min_size=3, max_size=9),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_ring_is_a_valid_outline_on_the_earth_or_refused(ring, near):
    if near:
        ring = [(x / 100, y / 100) for x, y in ring]
    try:
        made = outline([[ring]]).shape
    except Misuse:
        return
    assert made.is_valid
    west, south, east, north = made.bounds
    assert -180 <= west < east <= 180
    assert -90 <= south < north <= 90
    again = outline(
        [[np.asarray(r.coords) for r in (p.exterior, *p.interiors)] for p in shapely.get_parts(made)]
    )
    assert (again.shape, again.repairs) == (made, ())


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 360), st.floats(100, 20_000))
@settings(max_examples=30, deadline=None)
def test_a_corridor_holds_all_that_is_beside_its_line(lon, lat, bearing, beside):
    away = (lon + 2 * np.sin(np.radians(bearing)), lat + 2 * np.cos(np.radians(bearing)))
    shape = corridor([(lon, lat), away], beside).shape
    for place in ((lon, lat), away):
        for turn in range(0, 360, 45):
            near = (
                place[0] + 0.7 * beside / 111_700 * np.sin(turn) / np.cos(np.radians(place[1])),
                place[1] + 0.7 * beside / 111_700 * np.cos(turn),
            )
            if vincenty(place, near) < beside:
                assert shapely.intersects_xy(shape, (near[0] + 180) % 360 - 180, near[1])


def test_a_corridor_may_pass_over_a_pole_and_the_antimeridian():
    assert corridor([(0, 80), (180, 80)], 500).shape.bounds[3] == 90
    assert corridor([(170, 10), (-170, 20)], 500).shape.bounds[:3:2] == (-180, 180)
    for points in ([(0, 91)], [(float("nan"), 0)], [], [(0, 0), (90, 0)]):
        with pytest.raises(Misuse):
            corridor(points, 500)


@pytest.mark.parametrize(
    "change", [{"low": 5, "high": 5}, {"low": 6, "high": 5}, {"high": 10**9}, {"end": NOW}, {"start": -1}]
)
def test_a_volume_that_is_empty_or_the_wrong_way_round_is_refused(change):
    with pytest.raises(Misuse):
        volume(**change)


@pytest.mark.parametrize("name", ["", None, "AGL", "SFC", "feet", 5])
def test_a_bare_number_or_one_above_ground_is_no_altitude(name):
    with pytest.raises(Misuse, match="WGS84"):
        datum_named(name)


def test_altitudes_are_rounded_outward_but_not_for_the_noise_of_binary_fractions():
    assert band_mm(30.03, 35.15) == (30_030, 35_150)
    assert band_mm(30.0301, 35.1501) == (30_030, 35_151)
    assert band_mm(100, 1000, "ft") == (30_480, 304_800)
    assert band_mm(100, 330, "fl") == (3_048_000, 10_058_400)
    for low, high in ((float("nan"), 1), (0, float("inf")), (1, 1), (2, 1)):
        with pytest.raises(Misuse):
            band_mm(low, high)


def test_heights_above_the_sea_become_ellipsoidal_outward_by_the_grid_and_never_without_one():
    heights = np.array([[20.0, 22.0, 21.0], [19.0, 23.0, 18.0], [30.0, 31.0, 32.0]])
    geoid = Geoid(heights, 35.0, 34.0, (1.0, 1.0))
    here = volume([(34.2, 33.4), (34.8, 33.4), (34.8, 33.6)], 100_000, 200_000, datum=Datum.AMSL)
    made = converted(here, Datum.WGS84, geoid)
    assert (made.lower_mm, made.upper_mm, made.datum) == (119_000, 231_000, Datum.WGS84)
    back = converted(made, Datum.AMSL, geoid)
    assert back.lower_mm <= here.lower_mm < here.upper_mm <= back.upper_mm
    with pytest.raises(Misuse, match="--geoid"):
        converted(here, Datum.WGS84, None)
    with pytest.raises(Misuse, match="does not reach"):
        converted(volume(datum=Datum.AMSL, ring=[(40, 33), (41, 33), (41, 34)]), Datum.WGS84, geoid)


def test_a_geoid_round_the_earth_serves_both_sides_of_its_seam():
    geoid = Geoid(np.arange(19 * 36).reshape(19, 36), 90.0, 0.0, (10.0, 10.0), offset=-100, scale=0.5)
    west = volume([(-1, 1), (1, 1), (1, 2), (-1, 2)], datum=Datum.AMSL)
    least, most = geoid.between(west.outline)
    assert (least, most) == (-100 + 0.5 * (8 * 36), -100 + 0.5 * (9 * 36 + 35))


def test_flight_levels_become_nothing_else():
    for one, other in ((Datum.FL, Datum.WGS84), (Datum.AMSL, Datum.FL)):
        with pytest.raises(Misuse, match="weather"):
            converted(volume(datum=one), other, None)


def test_a_version_is_the_content_not_a_count():
    one = Intent("a", (volume(),))
    assert one.version == Intent("b", (volume(),)).version
    others = [
        Intent("a", (volume(high=1001),)),
        Intent("a", (volume(), volume())),
        Intent("a", (volume(),), priority=1),
        Intent("a", (volume(),), State.ACTIVATED),
        Intent("a", (volume(datum=Datum.FL),)),
        Intent("a", (volume(),), State.CONTINGENT, 0, (volume(),)),
    ]
    assert len({other.version for other in (*others, one)}) == len(others) + 1
    assert Constraint("a", (volume(),)).version != one.version


def test_intents_hold_what_the_standard_allows():
    with pytest.raises(Misuse, match="off-nominal"):
        Intent("a", (volume(),), State.ACCEPTED, 0, (volume(),))
    with pytest.raises(Misuse, match="one datum"):
        Intent("a", (volume(), volume(datum=Datum.FL)))
    for id in ("", "x" * 201, "a\nb"):
        with pytest.raises(Misuse):
            Intent(id, (volume(),))
    with pytest.raises(Misuse):
        Intent("a", ())
    assert Intent("a", (volume(),), State.ENDED).everywhere == ()


def test_plans_are_filed_at_most_thirty_days_ahead_and_not_after_their_time():
    Intent("a", (volume(),)).check_horizon(NOW)
    with pytest.raises(Misuse, match="30 days"):
        Intent("a", (volume(end=NOW + FARTHEST_AHEAD_MS + 1),)).check_horizon(NOW)
    with pytest.raises(Misuse, match="over already"):
        Intent("a", (volume(),)).check_horizon(NOW + 1000)


def test_plans_do_not_show_in_logs():
    assert "35" not in repr(Intent("a", (volume(),)))


def test_circles_off_the_earth_are_refused():
    for lon, lat, radius in ((0, 91, 1), (float("nan"), 0, 1), (0, 0, 0), (0, 0, float("inf")), (0, 0, 3e6)):
        with pytest.raises(Misuse):
            circle(lon, lat, radius)
