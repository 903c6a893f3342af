"""Uncertain states: the volume holds every state that the errors allow, and is the nominal one where there are none."""

import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.topics.airspace.alerting.alerter import ZScores
from detente.topics.airspace.alerting.interval import Interval
from detente.topics.airspace.alerting.state import (
    EXACT,
    Aircraft,
    Deviations,
    Errors,
    Flat,
    Relative,
    Vector,
)
from detente.topics.airspace.alerting.uncertain import UncertainWellClear, widening
from detente.topics.airspace.alerting.uncertainty import errors_between
from detente.topics.airspace.alerting.wellclear import WellClear

NOMINAL = WellClear(1222.32, 137.16, 35.0, 0.0)
AHEAD = 180.0
EXAMPLES = 3000 if os.environ.get("DETENTE_SOAK") else 150

axis = st.floats(-25_000.0, 25_000.0)
speed = st.floats(-300.0, 300.0) | st.floats(-2.0, 2.0)
unit = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 2 * math.pi))
share = st.floats(-1.0, 1.0)


def shifted(by, radius):
    part, angle = by
    return part * radius * math.cos(angle), part * radius * math.sin(angle)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    s=st.tuples(axis, axis, st.floats(-800.0, 800.0)),
    v=st.tuples(speed, speed, st.floats(-15.0, 15.0) | st.just(0.0)),
    errors=st.builds(Errors, st.floats(0, 400), st.floats(0, 60), st.floats(0, 5), st.floats(0, 2)),
    of_place=unit,
    of_velocity=unit,
    up=share,
    climb=share,
    tcoa=st.sampled_from([0.0, 20.0]),
)
def test_no_allowed_state_loses_well_clear_before_the_uncertain_volume_says_so(
    s, v, errors, of_place, of_velocity, up, climb, tcoa
):
    nominal = WellClear(NOMINAL.dthr, NOMINAL.zthr, NOMINAL.tthr, tcoa)
    told = UncertainWellClear(nominal).conflict(Relative(Vector(*s), Vector(*v), 0.0, 0.0, errors), AHEAD)
    dx, dy = shifted(of_place, errors.across)
    dvx, dvy = shifted(of_velocity, errors.speed_across)
    true = Relative(
        Vector(s[0] + dx, s[1] + dy, s[2] + up * errors.up),
        Vector(v[0] + dvx, v[1] + dvy, v[2] + climb * errors.speed_up),
        0.0,
        0.0,
    )
    happens = nominal.conflict(true, AHEAD)
    if happens is not None and happens.leaves - happens.enters > 0.01:
        assert told is not None
        assert told.enters <= happens.enters + 0.05
        assert told.leaves >= happens.leaves - 1e-6


@given(s=st.tuples(axis, axis, st.floats(-800.0, 800.0)), v=st.tuples(speed, speed, speed))
def test_without_errors_it_is_the_nominal_volume(s, v):
    pair = Relative(Vector(*s), Vector(*v), 0.0, 0.0, EXACT)
    assert UncertainWellClear(NOMINAL).conflict(pair, AHEAD) == NOMINAL.conflict(pair, AHEAD)


def test_a_head_on_pair_is_told_earlier_by_what_both_errors_add():
    pair = Relative(Vector(-40_000.0, 0, 0), Vector(400.0, 0, 0), 0.0, 0.0, Errors(100.0, 0, 2.0, 0))
    found = UncertainWellClear(NOMINAL).conflict(pair, AHEAD)
    # worst: from 39 900 m at 402 m/s; y² - 35·402·y - 1222.32² = 0 at y = 14 175.4 m
    assert found.enters == pytest.approx((39_900 - 14_175.42) / 402, abs=0.001)
    # and apart again when |s| = 1222.32 + 100 + 2 t
    assert found.leaves == pytest.approx((40_000 + 1322.32) / 398, abs=1e-6)


def test_a_volume_that_grows_faster_than_they_part_is_never_left():
    parting = Relative(Vector(-10.0, 0, 0), Vector(-1.0, 0, 0), 0.0, 0.0)
    assert widening(parting, 50.0, 2.0) == Interval(0.0, math.inf)
    assert widening(parting, 5.0, 2.0) == Interval(5.0, math.inf)
    assert widening(parting, 5.0, 0.5) is None


# -- errors from deviations


def aircraft(x, deviations):
    return Aircraft("a", 0.0, Flat(x, 0.0), 1000.0, Vector(0, 0, 0), deviations=deviations)


def test_deviations_of_both_add_up_and_scores_weigh_them():
    both = Deviations(east=30.0, north=40.0, up=10.0, speed_east=1.0, speed_north=2.0, speed_up=0.5)
    scores = ZScores(across=1.5, up=0.75, speed_far=0.5, speed_near=1.0, distance=9260.0, speed_up=1.5)
    pair = Relative(Vector(-20_000.0, 0, 0), Vector(0, 0, 0), 0.0, 0.0)
    assert errors_between(aircraft(0, both), aircraft(20_000, both), pair, scores) == Errors(
        120.0, 15.0, 2.0, 1.5
    )


def test_the_speeds_score_rises_as_they_come_near():
    both = Deviations(speed_east=1.0, speed_north=1.0)
    scores = ZScores(speed_far=0.5, speed_near=1.0, distance=10_000.0)

    def at(metres):
        pair = Relative(Vector(-metres, 0, 0), Vector(0, 0, 0), 0.0, 0.0)
        return errors_between(aircraft(0, both), aircraft(metres, both), pair, scores).speed_across

    assert [at(metres) for metres in (0.0, 5000.0, 10_000.0, 50_000.0)] == pytest.approx([2.0, 1.5, 1.0, 1.0])


def test_a_slanting_ellipse_counts_by_its_longer_axis():
    slanting = Deviations(east=30.0, north=30.0, east_north=30.0)  # fully correlated: sqrt(2) times as long
    pair = Relative(Vector(0, 0, 0), Vector(0, 0, 0), 0.0, 0.0)
    none = Deviations()
    found = errors_between(aircraft(0, slanting), aircraft(0, none), pair, ZScores(across=1.0))
    assert found.across == pytest.approx(30 * math.sqrt(2))


def test_no_scores_are_no_errors():
    both = Deviations(east=30.0, north=40.0, up=10.0)
    pair = Relative(Vector(0, 0, 0), Vector(0, 0, 0), 0.0, 0.0)
    assert errors_between(aircraft(0, both), aircraft(0, both), pair, ZScores()).none
