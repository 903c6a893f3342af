"""Levels, hysteresis, projection and the rows of an encounter."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Alerter, Configuration, Level, Region
from detente.topics.airspace.alerting.encounter import in_moments, rows
from detente.topics.airspace.alerting.hysteresis import Damping, Held
from detente.topics.airspace.alerting.projection import EARTH_RADIUS, onto_plane, relative
from detente.topics.airspace.alerting.standards import VOLUMES, cd3d, configuration, do365b, tcas
from detente.topics.airspace.alerting.state import Aircraft, Flat, Geodetic, Vector
from detente.topics.airspace.alerting.volume import Cylinder


def tell(damping, levels, step=1.0):
    """The levels that are told when these are found, one a step."""
    held, told = Held(), []
    for number, level in enumerate(levels):
        time = number * step
        held = held.recalled(damping, time).told(damping, level, time)
        told.append(held.level)
    return told


# -- hysteresis


def test_two_of_four_delays_a_rise_and_a_fall():
    damping = Damping(memory=5.0, m=2, n=4)
    assert tell(damping, [0, 2, 2, 0, 0, 0, 0]) == [0, 0, 2, 2, 2, 0, 0]


def test_two_of_four_tells_the_lower_level_that_both_support():
    assert tell(Damping(memory=5.0, m=2, n=4), [0, 1, 3, 0]) == [0, 0, 1, 1]


def test_one_stray_level_is_never_told():
    assert tell(Damping(memory=5.0, m=2, n=4), [0, 3, 0, 0, 0, 3]) == [0] * 6


def test_the_first_level_of_a_pair_is_told_at_once():
    assert tell(Damping(memory=5.0, m=2, n=4), [3, 0, 0, 0, 0]) == [3, 3, 3, 0, 0]


def test_more_of_fewer_is_no_rule():
    assert tell(Damping(memory=5.0, m=5, n=4), [0, 3, 0]) == [0, 3, 0]


def test_a_level_once_told_is_kept_for_the_persistence_time():
    assert tell(Damping(memory=5.0, persistence=4.0), [3, 0, 0, 0, 0]) == [3, 3, 3, 3, 0]


def test_persistence_does_not_delay_a_rise():
    assert tell(Damping(memory=5.0, persistence=4.0), [1, 2, 3, 0]) == [1, 2, 3, 3]


def test_a_gap_longer_than_the_memory_starts_afresh():
    damping = Damping(memory=5.0, persistence=60.0, m=2, n=4)
    assert tell(damping, [0, 3, 3, 0], step=5.0) == [0, 0, 3, 3]
    assert tell(damping, [0, 3, 3, 0], step=5.5) == [0, 3, 3, 0]


def test_time_that_goes_back_or_stands_still_starts_afresh():
    damping = Damping(memory=5.0, persistence=60.0)
    held = Held().told(damping, 3, 10.0)
    assert held.recalled(damping, 9.0) == Held()
    assert held.recalled(damping, 10.0) == Held()


@given(levels=st.lists(st.integers(0, 3), max_size=30))
def test_undamped_levels_are_told_as_they_are(levels):
    assert tell(Damping(), levels) == levels


@given(levels=st.lists(st.integers(0, 3), max_size=30), m=st.integers(1, 4))
def test_nothing_graver_is_told_than_was_found_lately(levels, m):
    told = tell(Damping(memory=5.0, m=m, n=4), levels)
    for number, level in enumerate(told):
        lately = ([levels[0]] * 3 + levels)[number : number + 4]  # before the first there was more of it
        assert sum(1 for found in lately if found >= level) >= m or level == 0


# -- levels


def at(name, x, vx, time=0.0, altitude=3000.0, alerter=1, y=0.0):
    return Aircraft(name, time, Flat(x, y), altitude, Vector(vx, 0.0, 0.0), alerter=alerter)


def closing(seconds_left, alerter=1, time=0.0):
    """An ownship that is `seconds_left` from the edge of a 1000 m cylinder, at 100 m/s."""
    return at("own", 0.0, 100.0, time), at("other", 1000.0 + 100 * seconds_left, 0.0, time, alerter=alerter)


def one_level(ahead, early, **more):
    level = Level(Region.NEAR, Cylinder(1000.0, 300.0), ahead, early)
    return Configuration((Alerter("only", (level,)),), lookahead=180.0, **more)


def levels_of(configuration, *moments):
    states = [aircraft for moment in moments for aircraft in moment]
    return [row.verdict.level for row in rows(in_moments(states), configuration)]


def test_a_level_is_told_within_the_alerting_time_only():
    assert levels_of(one_level(30.0, 60.0), closing(29.9)) == [1]
    assert levels_of(one_level(30.0, 60.0), closing(30.1)) == [0]


def test_a_level_that_was_told_is_kept_within_the_early_alerting_time():
    remembered = one_level(30.0, 60.0, damping=Damping(memory=5.0))
    moments = [closing(29.0), closing(59.0, time=1.0), closing(61.0, time=2.0)]
    assert levels_of(remembered, *moments) == [1, 1, 0]
    assert levels_of(one_level(30.0, 60.0), *moments) == [1, 0, 0]  # nothing is remembered without hysteresis


def test_the_time_to_the_volume_is_told_beyond_the_alerting_time_and_not_beyond_the_look_ahead():
    (row,) = rows(in_moments(closing(170.0)), one_level(30.0, 60.0))
    assert row.verdict.enters == (pytest.approx(170.0),)
    (row,) = rows(in_moments(closing(190.0)), one_level(30.0, 60.0))
    assert row.verdict.enters == (None,)


def test_traffic_or_ownship_says_which_alerter_counts():
    near, far = (Level(Region.NEAR, Cylinder(1000.0, 300.0), ahead, ahead) for ahead in (10.0, 100.0))
    alerters = (Alerter("near", (near,)), Alerter("far", (far,)))
    moment = closing(50.0, alerter=2)
    assert levels_of(Configuration(alerters, 180.0, by_ownship=False), moment) == [1]
    assert levels_of(Configuration(alerters, 180.0, by_ownship=True), moment) == [0]


def test_an_alerter_that_there_is_not_alerts_nobody():
    assert levels_of(one_level(30.0, 60.0, by_ownship=False), closing(10.0, alerter=7)) == [0]


# -- moments


def test_times_without_the_ownship_are_left_out_and_the_rest_is_in_order_of_time():
    states = [at("own", 0, 0, 2.0), at("a", 9, 0, 3.0), at("own", 0, 0, 1.0), at("b", 9, 0, 1.0)]
    assert [(m.time, [t.name for t in m.traffic]) for m in in_moments(states)] == [(1.0, ["b"]), (2.0, [])]


def test_the_ownship_can_be_named():
    states = [at("a", 0, 0), at("b", 9, 0)]
    assert in_moments(states, "b")[0].ownship.name == "b"
    with pytest.raises(Misuse):
        in_moments(states, "c")


def test_no_states_are_no_moments():
    assert in_moments([]) == []


# -- projection


def flying(name, latitude, longitude, velocity=(0.0, 0.0, 0.0), air=None):
    return Aircraft(name, 0.0, Geodetic(latitude, longitude), 3000.0, Vector(*velocity), air and Vector(*air))


def test_a_minute_of_arc_is_a_nautical_mile():
    assert math.radians(1 / 60) * EARTH_RADIUS == pytest.approx(1852.0)
    assert onto_plane(Geodetic(1 / 60, 30.0), Geodetic(0.0, 30.0))[1] == pytest.approx(1852.0, abs=1e-4)


def test_the_antimeridian_and_the_poles_are_places_like_others():
    across = relative(flying("a", 10.0, 179.95), flying("b", 10.0, -179.95))
    plain = relative(flying("a", 10.0, 10.0), flying("b", 10.0, 10.1))
    assert across.range == pytest.approx(plain.range)
    over = relative(flying("a", 89.95, 0.0), flying("b", 89.95, 180.0))
    assert over.range == pytest.approx(6 * 1852.0, rel=1e-5)


def test_the_far_side_of_the_earth_is_far_away():
    for latitude, longitude in ((-10.0, -160.0), (-10.5, -160.5), (0.0, 111.0)):
        assert relative(flying("a", 10.0, 20.0), flying("b", latitude, longitude)).range >= EARTH_RADIUS


def test_meridians_that_meet_turn_the_traffics_track():
    pair = relative(flying("a", 60.0, 0.0), flying("b", 60.0, 1.0, (0.0, 200.0, 0.0)))
    # north at one degree east points left of the ownship's north by one degree times the sine of the latitude
    assert math.degrees(math.atan2(pair.v.x, -pair.v.y)) == pytest.approx(
        math.sin(math.radians(60)), abs=0.01
    )


def test_a_wind_that_blows_on_both_changes_nothing_on_a_plane():
    still = relative(at("a", 0, 100.0), at("b", 9000, -50.0))
    windy = Aircraft("a", 0.0, Flat(0, 0), 3000.0, Vector(100.0, 0, 0), Vector(80.0, 9.0, 0))
    assert relative(windy, at("b", 9000, -50.0)) == still


def test_a_plane_and_a_globe_are_not_mixed():
    with pytest.raises(Misuse):
        relative(flying("a", 0.0, 0.0), at("b", 0.0, 0.0))


# -- what ships


@pytest.mark.parametrize("name", VOLUMES)
def test_every_volume_that_ships_alerts_for_traffic_on_top_and_not_for_traffic_far_away(name):
    made = configuration(name)
    own = at("own", 0.0, 100.0, altitude=5000.0)
    moments = [(own, at("b", 10.0, -100.0, altitude=5000.0)), (own, at("b", 1e6, -100.0, altitude=5000.0))]
    spread = [
        [Aircraft(a.name, float(t), a.place, a.altitude, a.velocity) for a in m]
        for t, m in enumerate(moments)
    ]
    assert levels_of(
        made, spread[0], [Aircraft(a.name, 1.0, a.place, a.altitude, a.velocity) for a in spread[0]]
    )[-1] == len(made.alerters[0].levels)
    assert levels_of(made, spread[1]) == [0]


def test_an_unknown_volume_is_refused_with_those_there_are():
    with pytest.raises(Misuse, match="cd3d, do365b, tcas"):
        configuration("acas")


def test_the_standards_numbers_are_those_of_the_publications():
    assert cd3d().alerters[0].levels[0].volume == Cylinder(9260.0, pytest.approx(304.8))
    preventive, corrective, warning = do365b().alerters[0].levels
    assert [level.ahead for level in (preventive, corrective, warning)] == [55.0, 55.0, 25.0]
    assert corrective.volume.dthr == pytest.approx(0.66 * 1852)
    assert (preventive.volume.zthr / 0.3048, corrective.volume.zthr / 0.3048) == pytest.approx((700, 450))
    resolution = tcas().alerters[0].levels[1].volume
    assert [level.tau for level in resolution.levels] == [0, 0, 15, 20, 25, 30, 35, 35]
    assert len(resolution.floors) + 1 == len(resolution.levels)
