"""Encounter files and configurations of alerting, well and badly written."""

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.adapters.formats import daa, daa_conf
from detente.adapters.formats.alerts_csv import lines, number
from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Region
from detente.topics.airspace.alerting.encounter import in_moments, rows
from detente.topics.airspace.alerting.state import Flat, Geodetic
from detente.topics.airspace.alerting.tcas import Advisory
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import WellClear

GLOBE = """\
# an invented encounter
NAME lat lon alt trk gs vs time
[none] [deg] [deg] [ft] [deg] [knot] [fpm] [s]
N, 10.0, 20.0, 10000, 90, 360, 600, 0
S, 10.0, 21.0, 9000, 270, 180, 0, 0
"""
PLANE = (
    "NAME, sx, sy, sz, vx, vy, vz, time\n[none],[m],[km],[m],[m/s],[m/s],[m/s],[s]\nN,1,2,3,4,5,6,00:01:30\n"
)


def read(text):
    return daa.read(text.splitlines())


def test_a_globe_encounter_is_read_in_si():
    first = read(GLOBE).states[0]
    assert first.place == Geodetic(pytest.approx(10.0), pytest.approx(20.0))
    assert first.altitude == pytest.approx(3048.0)
    assert (first.velocity.x, first.velocity.z) == (pytest.approx(185.2), pytest.approx(3.048))
    assert first.velocity.y == pytest.approx(0.0, abs=1e-9)


def test_a_plane_encounter_is_read_by_its_units_and_a_clock_as_seconds():
    (first,) = read(PLANE).states
    assert (first.place, first.altitude, first.time) == (Flat(1.0, 2000.0), 3.0, 90.0)


def test_units_may_be_left_out():
    assert read(GLOBE.replace("[none] [deg] [deg] [ft] [deg] [knot] [fpm] [s]\n", "")) == read(GLOBE)


def test_heading_and_airspeed_beside_the_track_are_the_wind():
    (only,) = read("NAME sx sy sz trk gs vs heading airspeed time\nA 0 0 0 0 100 0 0 80 0").states
    assert only.wind.y == pytest.approx(20 * 1852 / 3600)
    (still,) = read("NAME sx sy sz heading airspeed vs time\nA 0 0 0 0 80 0 0").states
    assert (still.wind.x, still.wind.y) == (0.0, 0.0)


def test_columns_and_parameters_that_are_not_read_are_noted():
    found = read("wind = 3 [knot]\nNAME sx sy sz vx vy vz time squawk\nA 0 0 0 0 0 0 0 7000")
    assert len(found.notes) == 2
    assert "squawk" in found.notes[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no line of column names"),
        ("# nothing but a comment\n", "no line of column names"),
        ("NAME lat lon alt\n", "starts with a line such as"),
        (GLOBE.replace("[ft]", "[parsec]"), "no unit of length"),
        (GLOBE + "N, 10\n", "has 2 cells under 8 columns"),
        (GLOBE + "N, ten, 20, 1, 1, 1, 1, 1\n", "line 6, column lat: no number"),
        (GLOBE + "N, nan, 20, 1, 1, 1, 1, 1\n", "no number"),
        (GLOBE + "N, inf, 20, 1, 1, 1, 1, 1\n", "no number"),
        (GLOBE + "N, ١٢, 20, 1, 1, 1, 1, 1\n", "no number"),
        (GLOBE + "N, 1_0, 20, 1, 1, 1, 1, 1\n", "no number"),
        (GLOBE + "N, 1e300, 20, 1, 1, 1, 1, 1\n", "no number"),
        (GLOBE + "N, 91, 20, 1, 1, 1, 1, 1\n", "a latitude is from -90 to 90"),
        (GLOBE + "N, 1, 20, 1, 1, 1, 1, 1:2:3:4\n", "no number"),
        (GLOBE + "N" * 65 + ", 1, 20, 1, 1, 1, 1, 1\n", "at most 64 characters"),
        (GLOBE + "N\x1b[2J, 1, 20, 1, 1, 1, 1, 1\n", "all printable"),
        (GLOBE + "N" * 5000, "it is no state"),
        ("NAME sx sy sz vx vy vz time alerter\nA 0 0 0 0 0 0 0 1.5", "whole number"),
        ("NAME sx sy sz vx vy vz time sz_std\nA 0 0 0 0 0 0 0 -1", "not below zero"),
        ("NAME sx sx sy sz vx vy vz time\nA 0 0 0 0 0 0 0 0", "twice"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(text, says):
    with pytest.raises(Misuse, match=says):
        read(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text("NAMElatonksgvzy[]ft,;\n\t 0123456789.-=#", max_size=300))
def test_any_text_is_read_or_refused(text):
    for tried in (text, "NAME sx sy sz vx vy vz time\n" + text):
        with suppress(Misuse):
            assert all(math.isfinite(state.altitude) for state in daa.read(tried.split("\n")).states)


# -- configurations

CONF = """\
# one alerter
lookahead_time = 120 [s]
hysteresis_time = 5.0 [s]
persistence_time = 4.0 [s]
alerting_m = 2
alerting_n = 4
ownship_centric_alerting = false
corrective_region = MID
turn_rate = 3.0 [deg/s]
recovery_hdir = true
alerters = One
One_alert_1_region = MID
One_alert_1_alerting_time = 55.0 [s]
One_alert_1_early_alerting_time = 75.0 [s]
One_alert_1_spread_hs = 0.0 [knot]
One_alert_1_detector = det_1
One_det_1_WCV_DTHR = 0.66 [nmi]
One_det_1_WCV_ZTHR = 450 [ft]
One_det_1_WCV_TTHR = 35 [s]
One_det_1_WCV_TCOA = 0 [s]
One_load_core_detection_det_1 = gov.nasa.larcfm.ACCoRD.WCV_TAUMOD
"""


def conf(text):
    return daa_conf.read(text.splitlines())


def test_a_configuration_is_read_whole():
    found = conf(CONF)
    made = found.configuration
    assert found.notes == []
    assert (made.lookahead, made.by_ownship, made.corrective) == (120.0, False, Region.MID)
    assert (made.damping.m, made.damping.n, made.damping.memory, made.damping.persistence) == (2, 4, 5.0, 4.0)
    (level,) = made.alerters[0].levels
    assert (level.ahead, level.early, level.region) == (55.0, 75.0, Region.MID)
    assert level.volume == WellClear(pytest.approx(1222.32), pytest.approx(137.16), 35.0, 0.0)


def test_keys_are_known_in_any_case_and_the_last_of_two_counts():
    found = conf(CONF.replace("lookahead_time", "LookAhead_Time") + "lookahead_time = 90 [s]\n")
    assert found.configuration.lookahead == 90.0
    assert found.notes == ["lookahead_time is given twice: the last one counts"]


def test_a_key_that_nobody_knows_is_ignored_with_a_note():
    assert conf(CONF + "colour = blue\n").notes == ["colour is not a key of version 2: ignored"]


def test_more_of_fewer_is_noted():
    assert conf(CONF.replace("alerting_n = 4", "alerting_n = 1")).notes == [
        "alerting_m is more than alerting_n: the M-of-N rule is off"
    ]


def test_a_value_without_a_unit_is_si_and_noted():
    found = conf(CONF.replace("0.66 [nmi]", "1000"))
    assert found.configuration.alerters[0].levels[0].volume.dthr == 1000.0
    assert found.notes == ["One_det_1_WCV_DTHR has no unit: read as SI"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("alerters = One", "alerters = ", "one to 100 alerters"),
        ("alerters = One", "alerters = One, one", "none twice"),
        ("alerters = One", "alerters = Two", "has no levels"),
        ("alerters = One\n", "", "lacks alerters"),
        ("spread_hs = 0.0", "spread_hs = 10.0", "not offered"),
        ("WCV_TAUMOD\n", "WCV_MAGIC\n", "is not offered; there are"),
        ("region = MID\nOne", "region = RED\nOne", "is no region"),
        ("120 [s]", "120 [ft]", "no unit of time"),
        ("120 [s]", "soon", "no number"),
        ("120 [s]", "nan [s]", "out of range"),
        ("120 [s]", "0 [s]", "out of range"),
        ("120 [s]", "-5 [s]", "out of range"),
        ("alerting_m = 2", "alerting_m = 2.5", "whole number"),
        ("alerting_m = 2", "alerting_m = 1e11", "whole number"),
        ("ownship_centric_alerting = false", "ownship_centric_alerting = maybe", "true or false"),
        ("turn_rate = 3.0 [deg/s]", "turn_rate = 3.0 [s]", "no unit of turn"),
        ("One_det_1_WCV_TCOA = 0 [s]\n", "", "lacks One_det_1_WCV_TCOA"),
        ("recovery_hdir = true", "dta_logic = 1", "terminal areas"),
        ("# one alerter", "alerters", "is not written like"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(old, new, says):
    assert old in CONF
    with pytest.raises(Misuse, match=says):
        conf(CONF.replace(old, new, 1))


def test_a_cylinder_and_a_tcas_table_are_read():
    cylinder = CONF.replace("WCV_DTHR", "D").replace("WCV_ZTHR", "H").replace("WCV_TAUMOD", "CDCylinder")
    assert conf(cylinder).configuration.alerters[0].levels[0].volume == Cylinder(
        pytest.approx(1222.32), pytest.approx(137.16)
    )
    table = "".join(
        f"One_det_1_TCAS_{key}_{n} = {n}\n" for key in ("TAU", "TCOA", "DMOD", "ZTHR", "HMD") for n in (1, 2)
    )
    text = CONF.replace("WCV_TAUMOD", "TCAS3D") + table + "One_det_1_TCAS_level_1 = 1000 [ft]\n"
    volume = conf(text).configuration.alerters[0].levels[0].volume
    assert isinstance(volume, Advisory)
    assert (volume.floors, len(volume.levels), volume.filtered) == ((304.8,), 2, False)


@settings(max_examples=200, deadline=None)
@given(st.text("alertersOne_det1=WCV. [ft]s\n#0123456789", max_size=200))
def test_any_text_configures_or_is_refused(text):
    for tried in (text, CONF + text):
        with suppress(Misuse):
            daa_conf.read(tried.split("\n"))


# -- rows


def test_rows_have_daidalus_columns_units_and_figures():
    made = conf(CONF).configuration
    written = list(lines(rows(in_moments(read(PLANE_PAIR).states), made), made))
    assert written[0] == (
        " Time, Ownship, Traffic, Alerter, Alert Level, Time to Volume of Alert(1), Horizontal Separation, "
        "Vertical Separation, Horizontal Closure Rate, Vertical Closure Rate, Projected HMD, Projected VMD, "
        "Projected TCPA, Projected DCPA, Projected TCOA, Projected TAUMOD (WCV*)"
    )
    assert written[1] == "[s],,,,, [s], [nmi], [ft], [knot], [fpm], [nmi], [ft], [s], [nmi], [s], [s]"
    # 10 NM apart, closing at 360 knots = 0.1 NM/s; s² - 3.5 s - 0.66² = 0 at s = 3.620321 NM
    assert written[2] == (
        "0.0, N, S, 1, 0, 63.796792, 10.0, 100.0, 360.0, 60.0, 0.0, 0.0, 100.0, 0.0, 100.0, 99.5644"
    )


PLANE_PAIR = """\
NAME sx sy sz vx vy vz time
[none] [nmi] [nmi] [ft] [knot] [knot] [fpm] [s]
N 0 0 10000 180 0 -60 0
S 10 0 9900 -180 0 0 0
"""


def test_figures_have_one_to_six_decimals():
    assert [number(value) for value in (0.0, -1e-9, 12.5, 1 / 3, 1e6)] == [
        "0.0", "0.0", "12.5", "0.333333", "1000000.0",
    ]  # fmt: skip
