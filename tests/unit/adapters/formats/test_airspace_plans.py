"""Plans as files have them: what is read, what is mended, what is refused, and that half a plan is none."""

import json
import re
import struct

import pytest
import shapely

from detente.adapters.formats.airspace import Margins, read_fixes, read_geoid, read_plans
from detente.errors import Misuse
from detente.topics.airspace.intent import State
from detente.topics.airspace.volume import Datum
from detente.wire.instant import parse_rfc3339

RING = [[35, 33], [36, 33], [36, 34], [35, 34], [35, 33]]
HELD = {
    "id": "A1",
    "altitude_lower_m": 100,
    "altitude_upper_m": 200.5,
    "altitude_datum": "WGS84",
    "time_start": "2026-11-22T10:00:00Z",
    "time_end": "2026-11-22T13:00:00+02:00",
}
FIXES = """\
name,lat,lon,airway,sequence
OLBA,33.82,35.49,,
LCLK,34.875,33.62,,
KAD,33.81,35.48,UM688,1
NIKAS,35.19,35.72,UM688,3
MID,34.5,35.6,UM688,2
"""
FPL = """\
(FPL-MEA261/A1234-IS
-A320/M-SDE2FGHIRWY/LB1
-OLBA1000
-{route}
-LCLK0045 LCPH
-PBN/A1 {day} REG/ODMRO)
"""


def feature(geometry=None, **changed):
    properties = {name: value for name, value in (HELD | changed).items() if value is not ...}
    return {
        "type": "Feature",
        "geometry": geometry or {"type": "Polygon", "coordinates": [RING]},
        "properties": properties,
    }


@pytest.fixture
def read(tmp_path):
    def reading(content, **options):
        path = tmp_path / "plans"
        if not isinstance(content, (str, bytes)):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_plans(path, **options)

    return reading


@pytest.fixture
def fixes(tmp_path):
    (tmp_path / "fixes.csv").write_text(FIXES)
    return read_fixes(tmp_path / "fixes.csv")


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_a_feature_becomes_an_intent_rounded_outward(read):
    plans = read(collection(feature()))
    assert (plans.problems, plans.notes, plans.constraints) == ((), (), ())
    (intent,) = plans.intents
    (volume,) = intent.volumes
    assert (intent.id, intent.state, volume.lower_mm, volume.upper_mm) == (
        "A1",
        State.ACCEPTED,
        100_000,
        200_500,
    )
    assert volume.start == parse_rfc3339("2026-11-22T10:00:00.000Z")
    assert volume.end == parse_rfc3339("2026-11-22T11:00:00.000Z")
    assert volume.outline.area == 1


def test_features_of_one_id_are_one_plan_and_a_broken_one_leaves_none_of_it(read):
    later = feature(time_start="2026-11-22T11:00:00Z", time_end="2026-11-22T12:00:00Z")
    assert len(read(collection(feature(), later)).intents[0].volumes) == 2
    plans = read(collection(feature(), feature(altitude_datum="AGL"), feature(id="B")))
    assert [intent.id for intent in plans.intents] == ["B"]
    assert [problem.line for problem in plans.problems] == [1, 2]


def test_circles_lines_feet_levels_states_and_constraints_are_read(read):
    point = feature({"type": "Point", "coordinates": [35, 33]}, id="c", radius_m=1000, constraint="hospital")
    line = feature(
        {"type": "LineString", "coordinates": [[35, 33], [36, 34]]}, id="l", width_m=2000, state="activated"
    )
    level = feature(
        id="f",
        altitude_lower_m=...,
        altitude_upper_m=...,
        altitude_lower_fl=100,
        altitude_upper_fl=120,
        altitude_datum="FL",
    )
    plans = read(collection(point, line, level, feature(id=7, priority=3)))
    assert [(one.id, one.kind) for one in plans.constraints] == [("c", "hospital")]
    assert [(one.id, one.state.value, one.priority) for one in plans.intents] == [
        ("l", "Activated", 0),
        ("f", "Accepted", 0),
        ("7", "Accepted", 3),
    ]
    assert plans.intents[1].volumes[0].datum is Datum.FL
    assert plans.intents[1].volumes[0].lower_mm == 3_048_000


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"altitude_datum": ...}, "WGS84"),
        ({"altitude_datum": "AGL"}, "terrain"),
        ({"altitude_upper_m": 100}, "below its upper"),
        ({"altitude_upper_m": None}, "must be a number"),
        ({"altitude_upper_m": "1e999"}, "finite"),
        ({"altitude_upper_m": True}, "must be a number"),
        ({"time_end": "2026-11-22T10:00:00Z"}, "before it ends"),
        ({"time_end": "2026-11-22T11:00:00"}, "offset"),
        ({"time_end": "tomorrow"}, "written like"),
        ({"time_end": 5}, "written like"),
        ({"time_end": "9999-12-31T23:59:59-01:00"}, "9998|written like"),
        ({"id": ...}, "without an id"),
        ({"id": "  "}, "without an id"),
        ({"id": "a\u0000b"}, "printable"),
        ({"state": "Flying"}, "a state is one of"),
        ({"priority": 1.5}, "priority"),
        ({"constraint": 5}, "constraint"),
    ],
)
def test_a_feature_that_is_no_volume_is_a_problem_with_its_reason(read, changed, reason):
    plans = read(collection(feature(id="ok"), feature(**changed)))
    assert [intent.id for intent in plans.intents] == ["ok"]
    (problem,) = plans.problems
    assert problem.line == 2
    assert re.search(reason, problem.reason), problem.reason


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon", "coordinates": [[[35, 33], [36, "x"], [36, 34]]]},
        {"type": "Polygon", "coordinates": [[[35, 33], [36], [36, 34]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1]]]},
        {"type": "Polygon", "coordinates": [[[10**308 * 10, 0], [1, 1], [1, 0]]]},
        {"type": "MultiPolygon", "coordinates": [5]},
        {"type": "Point", "coordinates": [35, 33]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Polygon"},
        "Polygon",
        [],
    ],
)
def test_a_shape_that_is_none_is_a_problem(read, geometry):
    plans = read(collection({**feature(), "geometry": geometry}))
    assert not plans.intents
    assert len(plans.problems) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1",
        b"\xff\xfe",
        "hello",
        "<kml/>",
        '{"type":"FeatureCollection"}',
        "[" * 5000,
    ],
)
def test_a_file_in_no_format_is_refused_as_a_whole(read, content):
    with pytest.raises(Misuse):
        read(content)


def test_what_was_mended_is_told_with_its_place(read):
    over = {"type": "Polygon", "coordinates": [[[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]]}
    plans = read(collection(feature(), feature(over, id="B")))
    assert {note.line for note in plans.notes} == {2}
    assert "antimeridian" in plans.notes[0].reason


def extent(**changed):
    volume = {
        "outline_circle": {"center": {"lng": 35, "lat": 33}, "radius": {"value": 1000, "units": "M"}},
        "altitude_lower": {"value": 0, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": 400, "reference": "W84", "units": "FT"} | {"units": "M"},
    }
    times = {name: {"value": HELD[name], "format": "RFC3339"} for name in ("time_start", "time_end")}
    return {"volume": {name: value for name, value in (volume | changed).items() if value is not ...}} | times


def intent(*extents, id="u1", **details):
    return {"reference": {"id": id, "state": "Activated"}, "details": {"volumes": list(extents), **details}}


def test_f3548_is_read_in_each_of_its_envelopes(read):
    corners = [{"lng": 35, "lat": 33}, {"lng": 35.1, "lat": 33}, {"lng": 35, "lat": 33.1}]
    polygon = extent(outline_circle=..., outline_polygon={"vertices": corners})
    for document in (
        intent(extent(), polygon, priority=5),
        [intent(extent(), polygon, priority=5)],
        {"operational_intent": intent(extent(), polygon, priority=5)},
        {"operational_intents": [intent(extent(), polygon, priority=5)]},
    ):
        (made,) = read(document).intents
        assert (made.id, made.state, made.priority, len(made.volumes)) == ("u1", State.ACTIVATED, 5, 2)
    zone = {"reference": {"id": "z"}, "details": {"type": "closed", "volumes": [polygon]}}
    assert [one.kind for one in read({"constraint": zone}).constraints] == ["closed"]
    off = {
        "reference": {"id": "x", "state": "Contingent"},
        "details": {"volumes": [], "off_nominal_volumes": [extent()]},
    }
    assert len(read(off).intents[0].off_nominal) == 1


@pytest.mark.parametrize(
    "broken",
    [
        intent(),
        intent(extent(), id=None),
        intent(extent(altitude_lower=...)),
        intent(extent(altitude_lower={"value": 0, "reference": "SFC", "units": "M"})),
        intent(extent(altitude_lower={"value": 0, "reference": "W84", "units": "FT"})),
        intent(extent(outline_circle={"center": {"lng": 35}, "radius": {"value": 5, "units": "M"}})),
        intent(
            extent(outline_circle={"center": {"lng": 35, "lat": 5}, "radius": {"value": 5, "units": "FT"}})
        ),
        intent(extent(outline_circle=...)),
        intent(5),
        intent({"volume": extent()["volume"]}),
        {"reference": 5, "details": []},
        intent(extent(), off_nominal_volumes=[extent()]),
    ],
)
def test_an_intent_that_is_none_is_a_problem(read, broken):
    plans = read(broken)
    assert (plans.intents, len(plans.problems)) == ((), 1)


def flight(route="N0450F330 KAD1A KAD UM688 NIKAS/N0460F350 DCT 3450N03430E", day="DOF/261122"):
    return FPL.format(route=route, day=day)


def test_a_filed_plan_becomes_corridors_that_follow_its_airways_and_levels(read, fixes):
    plans = read("ZCZC\n" + flight(), fixes=fixes)
    (made,) = plans.intents
    assert made.id == "MEA261-20261122-1000"
    assert [note.reason for note in plans.notes] == [
        "KAD1A, a departure or arrival route, was drawn as a straight line"
    ]
    volumes = made.volumes
    assert all(volume.datum is Datum.FL for volume in volumes)
    assert max(volume.upper_mm for volume in volumes) == 35_000 * 304.8 + 304_800
    assert volumes[0].start == parse_rfc3339("2026-11-22T09:55:00.000Z")
    assert (
        parse_rfc3339("2026-11-22T10:50:00.000Z")
        <= volumes[-1].end
        <= parse_rfc3339("2026-11-22T10:53:00.000Z")
    )
    on_the_way = [(35.48, 33.81), (35.6, 34.5), (35.72, 35.19), (34.5, 34.833), (33.62, 34.875)]
    assert all(any(shapely.intersects_xy(v.outline, *place) for v in volumes) for place in on_the_way)


def test_a_long_level_part_does_not_reach_down_to_the_ground(read, fixes):
    far = FIXES + "AAA,33.82,45,,\nBBB,33.82,50,,\nCCC,33.82,65,,\n"
    table = read_far(far, fixes)
    text = flight("N0450A200 AAA DCT BBB").replace("LCLK0045", "CCC9").replace("CCC9", "LCLK0600")
    volumes = read(text, fixes=table, margins=Margins(5000, 300, 0)).intents[0].volumes
    low = min(volumes, key=lambda volume: -volume.lower_mm)
    assert (low.lower_mm, low.upper_mm, low.datum) == (6_096_000 - 300_000, 6_096_000 + 300_000, Datum.AMSL)


def read_far(text, fixes):
    from detente.adapters.formats.airspace.fixes import Fixes

    rows = [line.split(",") for line in text.splitlines()[1:]]
    return Fixes({row[0]: (float(row[2]), float(row[1])) for row in rows}, fixes.airways)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (flight(day=""), "DOF"),
        (flight(day="DOF/261399"), "calendar"),
        (flight("N0450VFR KAD"), "visual rules"),
        (flight("N0450F330 KAD VFR"), "visual rules"),
        (flight("N0450F330 NOWHERE DCT KAD"), "not in the fix table"),
        (flight("N0450F330 KAD UL999 NIKAS"), "UL999"),
        (flight("N0450F330 KAD DCT KAD180040 DCT NIKAS"), "magnetic"),
        (flight("N0450F330 KAD/N0450A100 NIKAS"), "different datums"),
        (flight("N0450F330 C/KAD/M082F290PLUS NIKAS"), "upper level"),
        (flight("KAD NIKAS"), "speed and level"),
        (flight("N0000F330 KAD"), "speed of zero"),
        (flight("N0450F330 KAD UM688"), "leaves"),
        (flight("N0450F330 STAY1/0030 KAD"), "STAY"),
        (flight().replace("OLBA1000", "ZZZZ1000"), "ZZZZ is not in the fix table"),
        (flight().replace("OLBA1000", "OLBA2500"), "calendar"),
        (flight().replace("LCLK0045", "LCLK0000"), "no time"),
        ("(FPL-X)", "items 7"),
        ("(FPL-X-Y)(CNL-MEA262-OLBA1000-LCLK)", "items 7"),
    ],
)
def test_a_route_that_would_have_to_be_guessed_is_a_problem(read, fixes, message, reason):
    plans = read(message, fixes=fixes)
    assert plans.intents == ()
    assert any(reason in problem.reason for problem in plans.problems), plans.problems


def test_changes_and_cancellations_are_not_passed_over(read, fixes):
    plans = read(flight() + "(DLA-MEA261-OLBA1100-LCLK)", fixes=fixes)
    assert [problem.reason[:13] for problem in plans.problems] == ["a DLA message"]


TRACK = """\
id,time,lat,lon,altitude_ft,altitude_datum
A,2026-11-22T10:00:00Z,33,35,10000,AMSL
A,2026-11-22T10:06:30Z,33.5,35.5,11000,AMSL
A,2026-11-22T10:01:00Z,33.1,35.1,10500,AMSL
A,2026-11-22T11:06:30Z,33.9,35.9,11000,AMSL
"""


def test_a_track_becomes_volumes_that_hold_it_in_order_and_gaps_are_told(read):
    plans = read(TRACK, margins=Margins(1000, 100, 60_000))
    (made,) = plans.intents
    assert [note.line for note in plans.notes] == [5]
    assert "60 minutes" in plans.notes[0].reason
    for place, at, feet in (((35.1, 33.1), "10:01:00", 10_500), ((35.9, 33.9), "11:06:30", 11_000)):
        instant, height = parse_rfc3339(f"2026-11-22T{at}.000Z"), feet * 304.8
        assert any(
            shapely.intersects_xy(v.outline, *place)
            and v.start < instant < v.end
            and v.lower_mm < height < v.upper_mm
            for v in made.volumes
        )


@pytest.mark.parametrize(
    "row",
    [
        "A,2026-11-22T10:02:00Z,91,35,1,AMSL",
        "A,x,33,35,1,AMSL",
        "A,5,33,35,,AMSL",
        "A,5,33,35,1,",
        "A,5,33,35,1,WGS84",
        "A",
    ],
)
def test_a_point_that_is_none_leaves_no_half_track(read, row):
    plans = read(TRACK + row + "\n")
    assert plans.intents == ()
    assert plans.problems


def test_a_fix_table_with_two_places_of_one_name_is_refused(tmp_path):
    for text in (
        "name,lat,lon\nA,1,2\nA,1,3\n",
        "name,lat,lon\nA,95,2\n",
        "name,lat\nA,1\n",
        "",
        "name,lat,lon\n,1,2\n",
    ):
        (tmp_path / "f").write_text(text)
        with pytest.raises(Misuse):
            read_fixes(tmp_path / "f")


def pgm(path, rows=19, columns=36, cut=0):
    """A geoid of GeographicLib's layout whose height is 10 times the row, 90 N first."""
    head = f"P5\n# Geoid file in PGM format\n# Offset -100\n# Scale 0.5\n{columns} {rows}\n65535\n".encode()
    data = b"".join(struct.pack(">H", 20 * row) * columns for row in range(rows))
    path.write_bytes(head + data[: len(data) - cut])


def test_geoids_are_read_as_geographiclib_and_as_tables_write_them(read, tmp_path):
    pgm(tmp_path / "g.pgm")
    geoid = read_geoid(tmp_path / "g.pgm")
    plans = read(collection(feature(altitude_datum="AMSL")), datum=Datum.WGS84, geoid=geoid)
    (volume,) = plans.intents[0].volumes  # 33 to 34 N: rows 5 (40 N) and 6 (30 N), -50 and -40 m
    assert (volume.lower_mm, volume.upper_mm, volume.datum) == (50_000, 160_500, Datum.WGS84)
    rows = [f"{lat},{lon},{lat - lon}" for lat in (32, 33, 34, 35) for lon in (34, 35, 36, 37)]
    (tmp_path / "g.csv").write_text("\n".join(["lat,lon,undulation_m", *rows]))
    plans = read(
        collection(feature(altitude_datum="AMSL")), datum=Datum.WGS84, geoid=read_geoid(tmp_path / "g.csv")
    )
    (volume,) = plans.intents[0].volumes
    assert (volume.lower_mm, volume.upper_mm) == (97_000, 199_500)


def test_a_geoid_that_is_cut_off_or_irregular_is_refused(tmp_path):
    pgm(tmp_path / "g", cut=2)
    with pytest.raises(Misuse, match="cut off"):
        read_geoid(tmp_path / "g")
    for text in ("P5\n1 1\n255\n", "lat,lon\n1,2\n", "lat,lon,undulation_m\n1,2,3\n", "lat,lon,undulation_m\n1,2,x\n",
                 "lat,lon,undulation_m\n1,1,1\n1,2,1\n2,1,1\n2,2,1\n4,1,1\n4,2,1\n"):  # fmt: skip
        (tmp_path / "g").write_text(text)
        with pytest.raises(Misuse):
            read_geoid(tmp_path / "g")


def test_without_a_geoid_heights_above_the_sea_are_a_problem_where_another_datum_is_wanted(read):
    plans = read(collection(feature(altitude_datum="MSL"), feature(id="B")), datum=Datum.WGS84)
    assert [intent.id for intent in plans.intents] == ["B"]
    assert "--geoid" in plans.problems[0].reason
    assert read(collection(feature(altitude_datum="MSL"))).intents[0].volumes[0].datum is Datum.AMSL
