"""Volumes against their definitions, read off instant by instant by code that solves no equation."""

import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.topics.airspace.alerting.interval import Interval, below_zero, beside
from detente.topics.airspace.alerting.state import Relative, Vector, level_off, nearest
from detente.topics.airspace.alerting.tcas import Advisory, Sensitivity
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import TimeVariable, WellClear

DTHR, ZTHR = 1222.32, 137.16
AHEAD = 180.0
EXAMPLES = 400 if os.environ.get("DETENTE_SOAK") else 40


def pair(x, y, z, vx, vy, vz, altitude=3000.0, climb=0.0):
    return Relative(Vector(x, y, z), Vector(vx, vy, vz), altitude, climb)


def head_on(metres, closing, z=0.0, vz=0.0, aside=0.0, **own):
    return pair(-metres, aside, z, closing, 0.0, vz, **own)


# -- the definitions, at one instant


def tau_mod(p, dthr):
    return (dthr**2 - p.range**2) / p.closing if p.closing < 0 else -1.0


def passes_at(p):
    return p.after(nearest(p)).range


def not_well_clear(p, v):
    if p.closing < 0:
        variable = {
            TimeVariable.TAUMOD: tau_mod(p, v.dthr),
            TimeVariable.TCPA: nearest(p),
            TimeVariable.TEP: entry_of(p, v.dthr),
        }[v.variable]
    else:
        variable = -1.0
    across = p.range <= v.dthr or (passes_at(p) <= v.dthr and 0 <= variable <= v.tthr)
    meets = level_off(p)
    return across and (abs(p.s.z) <= v.zthr or (meets is not None and meets <= v.tcoa))


def entry_of(p, dthr):
    inside = math.sqrt(max(0.0, dthr**2 - passes_at(p) ** 2))
    return nearest(p) - inside / math.sqrt(p.speed_squared)


def lost(p, v):
    return p.range < v.distance and abs(p.s.z) < v.height


def advised(p, v):
    level = v.levels[sum(1 for floor in v.floors if floor <= p.altitude)]
    if v.filtered and passes_at(p) > level.hmd:
        return False
    across = tau_mod(p, level.dmod) <= level.tau if p.closing < 0 else p.range <= level.dmod
    meets = level_off(p)
    return across and (abs(p.s.z) <= level.zthr or (meets is not None and meets <= level.tcoa))


HOLDS = {WellClear: not_well_clear, Cylinder: lost, Advisory: advised}
LOW = Sensitivity(20.0, 20.0, 600.0, 180.0, 650.0)
HIGH = Sensitivity(35.0, 35.0, 2000.0, 250.0, 2040.0)
VOLUMES = [
    Cylinder(9260.0, 304.8),
    *(
        WellClear(DTHR, ZTHR, tthr, tcoa, variable)
        for variable in TimeVariable
        for tthr, tcoa in ((35.0, 0.0), (0.0, 0.0), (35.0, 20.0))
    ),
    Advisory((3000.0,), (LOW, HIGH), filtered=False),
    Advisory((3000.0,), (LOW, HIGH), filtered=True),
]

speed = st.floats(-350.0, 350.0) | st.sampled_from([0.0, 1.0, -200.0])
states = st.builds(
    pair,
    st.floats(-40_000.0, 40_000.0),
    st.floats(-20_000.0, 20_000.0),
    st.floats(-1500.0, 1500.0) | st.just(0.0),
    speed,
    speed,
    st.floats(-25.0, 25.0) | st.just(0.0),
    st.floats(2500.0, 3500.0),
    st.floats(-15.0, 15.0) | st.just(0.0),
)


@pytest.mark.parametrize("volume", VOLUMES, ids=repr)
@settings(max_examples=EXAMPLES, deadline=None)
@given(p=states)
def test_the_interval_is_where_the_definition_holds(volume, p):
    found = volume.conflict(p, AHEAD)
    holds = HOLDS[type(volume)]
    for t in range(0, 181, 3):
        inside = found is not None and found.enters <= t <= found.leaves
        at_an_edge = found is not None and min(abs(t - found.enters), abs(t - found.leaves)) < 0.01
        if holds(p.after(t), volume) and not inside:
            # only an instant that touches the volume may be left out: it must not hold on both sides
            assert at_an_edge or not (holds(p.after(t - 1e-3), volume) and holds(p.after(t + 1e-3), volume))
        if inside and not at_an_edge and not isinstance(volume, Advisory):
            assert holds(p.after(t), volume)


@pytest.mark.parametrize("volume", VOLUMES, ids=repr)
@settings(max_examples=EXAMPLES, deadline=None)
@given(p=states)
def test_who_is_ownship_changes_nothing(volume, p):
    other = Relative(Vector(-p.s.x, -p.s.y, -p.s.z), Vector(-p.v.x, -p.v.y, -p.v.z), p.altitude, p.climb)
    assert volume.conflict(p, AHEAD) == volume.conflict(other, AHEAD)


@pytest.mark.parametrize("volume", VOLUMES, ids=repr)
@settings(max_examples=EXAMPLES, deadline=None)
@given(p=states, until=st.floats(0.0, AHEAD))
def test_a_longer_look_ahead_loses_no_conflict(volume, p, until):
    short, long = volume.conflict(p, until), volume.conflict(p, AHEAD)
    if short is not None:
        assert long is not None
        assert long.enters <= short.enters
        assert long.leaves >= short.leaves


# -- by hand


def test_head_on_at_100_m_s_enters_a_cylinder_when_its_edge_is_reached():
    assert Cylinder(1000.0, 300.0).conflict(head_on(10_000.0, 100.0), AHEAD) == Interval(90.0, 110.0)


def test_what_only_touches_a_cylinder_is_no_conflict():
    assert Cylinder(1000.0, 300.0).conflict(head_on(10_000.0, 100.0, aside=1000.0), AHEAD) is None
    assert Cylinder(1000.0, 300.0).conflict(head_on(10_000.0, 100.0, z=300.0), AHEAD) is None
    assert Cylinder(1000.0, 300.0).conflict(pair(0, 1000.0, 0, 0, 0, 0), AHEAD) is None
    assert Cylinder(1000.0, 300.0).conflict(head_on(10_000.0, 100.0), 90.0) is None


def test_inside_a_cylinder_without_any_motion_is_a_conflict_throughout():
    assert Cylinder(1000.0, 300.0).conflict(pair(0, 999.0, 299.0, 0, 0, 0), AHEAD) == Interval(0.0, AHEAD)


def test_well_clear_is_lost_when_modified_tau_reaches_its_threshold():
    # s² - 35·v·s - DTHR² = 0 at v = 100: s = (3500 + sqrt(3500² + 4·1222.32²)) / 2 = 3884.61 m
    found = WellClear(DTHR, ZTHR, 35.0, 0.0).conflict(head_on(10_000.0, 100.0), AHEAD)
    assert found.enters == pytest.approx((10_000 - 3884.61) / 100, abs=0.001)
    assert found.leaves == pytest.approx((10_000 + DTHR) / 100, abs=1e-9)


def test_who_passes_wide_of_dthr_stays_well_clear_however_near_in_time():
    assert WellClear(DTHR, ZTHR, 35.0, 0.0).conflict(head_on(10_000.0, 100.0, aside=DTHR + 1), AHEAD) is None


def test_tcoa_counts_only_while_they_come_nearer_vertically():
    volume = WellClear(DTHR, ZTHR, 35.0, 20.0)
    above = head_on(0.0, 0.0, z=200.0, vz=-10.0)  # at one altitude in 20 s
    assert volume.conflict(above, AHEAD) == Interval(0.0, pytest.approx((200 + ZTHR) / 10))
    assert volume.conflict(head_on(0.0, 0.0, z=200.0, vz=10.0), AHEAD) is None


def test_tau_is_told_only_while_closing_from_outside():
    volume = WellClear(DTHR, ZTHR, 35.0, 0.0)
    assert volume.tau(head_on(10_000.0, 100.0)) == pytest.approx((10_000**2 - DTHR**2) / 1_000_000)
    assert volume.tau(head_on(1000.0, 100.0)) is None
    assert volume.tau(head_on(10_000.0, -100.0)) is None
    assert volume.tau(pair(5000, 0, 0, 0, 0, 0)) is None


def test_an_advisory_takes_the_thresholds_of_the_altitude_that_the_ownship_reaches():
    volume = Advisory((3000.0,), (LOW, HIGH), filtered=False)
    at = head_on(12_000.0, 100.0)
    level_below = volume.conflict(head_on(12_000.0, 100.0, altitude=2000.0), AHEAD)
    level_above = volume.conflict(head_on(12_000.0, 100.0, altitude=4000.0), AHEAD)
    climbing = volume.conflict(
        Relative(at.s, at.v, 2000.0, 10.0), AHEAD
    )  # through 3000 m in 100 s: low thresholds until then
    assert level_above.enters < level_below.enters < 100.0
    assert climbing.enters == level_below.enters
    assert climbing.leaves > level_below.leaves


def test_the_filter_drops_an_advisory_for_traffic_that_passes_wide():
    wide = head_on(5000.0, 100.0, aside=1100.0, altitude=2000.0)
    assert Advisory((3000.0,), (LOW, HIGH), filtered=False).conflict(wide, AHEAD) is not None
    assert Advisory((3000.0,), (LOW, HIGH), filtered=True).conflict(wide, AHEAD) is None


@given(a=st.floats(0.1, 1e5), b=st.floats(-1e5, 1e5), c=st.floats(-1e5, 1e5))
def test_the_roots_of_a_parabola_are_in_order(a, b, c):
    found = below_zero(a, b, c)
    assert found is None or found.enters <= found.leaves


def test_a_line_and_a_level_are_below_zero_on_one_side_or_nowhere():
    assert below_zero(0.0, 2.0, -4.0) == Interval(-math.inf, 2.0)
    assert below_zero(0.0, -2.0, 4.0) == Interval(2.0, math.inf)
    assert below_zero(0.0, 0.0, 1.0) is None
    assert beside(51.0, 0.0, 50.0) is None
