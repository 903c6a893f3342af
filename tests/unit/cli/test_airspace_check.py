"""`detente airspace check` at the command line, and the map that it draws."""

import json
import struct
import xml.etree.ElementTree as ET
import zlib

import pytest
from click.testing import CliRunner

from detente.cli.root import detente


def feature(id, west, low=1000, geometry=None, **more):
    ring = [[west, 33], [west + 0.1, 33], [west + 0.1, 33.1], [west, 33.1], [west, 33]]
    return {
        "type": "Feature",
        "geometry": geometry or {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "id": id,
            "altitude_lower_m": low,
            "altitude_upper_m": low + 500,
            "altitude_datum": "WGS84",
            "time_start": "2026-11-22T10:00:00Z",
            "time_end": "2026-11-22T11:00:00Z",
        }
        | more,
    }


@pytest.fixture
def file(tmp_path):
    def written(*features, name="plans.geojson"):
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path

    return written


def run(*argv, code=0):
    ended = CliRunner().invoke(detente, ["airspace", "check", *map(str, argv)])
    assert ended.exit_code == code, ended.output
    return ended


def test_conflicts_are_told_with_how_near_they_come(file):
    path = file(feature("a", 35), feature("b", 35.05), feature("c", 35.2), feature("d", 35, low=1500))
    told = json.loads(run(path, "--json").stdout)
    assert [(line["one"], line["other"]) for line in told["conflicts"]] == [("a", "b")]
    assert (told["plans"], told["volumes"], told["unread"]) == (4, 4, 0)
    civil = json.loads(run(path, "--separation-m", 9260, "--separation-ft", 1000, "--json").stdout)
    pairs = {(line["one"], line["other"]): line for line in civil["conflicts"]}
    assert set(pairs) == {("a", "b"), ("a", "d"), ("b", "c"), ("b", "d")}
    assert 4600 < pairs["b", "c"]["horizontal_m"] < 4700
    assert "conflicts" in run(path).stdout


def test_what_could_not_be_read_is_told_and_counted(file):
    ended = run(file(feature("a", 35), feature("b", 35, altitude_datum="AGL")))
    assert "1 could not be read and were NOT checked" in ended.stdout
    assert "terrain" in ended.stderr


def test_a_bad_input_ends_with_a_sentence(file, tmp_path):
    one = file(feature("a", 35))
    run(one, one, code=2)
    run(one, "--separation-m", "nan", code=2)
    run(one, "--separation-m", "-1", code=2)
    run(one, "--beside-m", "0", code=2)
    run(one, "--picture", tmp_path / "x.jpg", code=2)
    run(one, "--picture", tmp_path / "no" / "x.svg", code=3)
    run(file(feature("a", 35, altitude_datum="AGL"), name="none"), code=2)
    run(one, file(feature("b", 35, altitude_datum="FL"), name="levels"), code=2)
    run(code=2)


def test_the_map_is_well_formed_and_holds_names_as_text(file, tmp_path):
    path = file(feature("a <&> b", 35), feature("b é", 35.05), feature("zone", 35.3, constraint="no-fly"))
    run(path, "--picture", tmp_path / "c.svg", "--geojson", tmp_path / "c.geojson", "--separation-m", 1000)
    root = ET.parse(tmp_path / "c.svg").getroot()
    titles = {element.text for element in root.iter() if element.tag.endswith("title")}
    assert any("a <&> b" in title for title in titles)
    assert not [element for element in root.iter() if element.tag.endswith(("script", "image", "a"))]
    drawn = json.loads((tmp_path / "c.geojson").read_text())
    kinds = [one["properties"]["kind"] for one in drawn["features"]]
    assert sorted(kinds) == ["conflict", "constraint", "plan", "plan"]
    assert drawn["features"][-1]["geometry"]["type"] == "Polygon"


@pytest.mark.parametrize("west", [35.0, 179.95, -100.0])
def test_the_map_as_png_shows_where_the_conflict_is(file, tmp_path, west):
    ring = [[west, 33], [west + 0.1, 33], [west + 0.1, 33.1], [west, 33.1]]
    near = {"type": "Polygon", "coordinates": [[[x - 360 if x > 180 else x, y] for x, y in ring]]}
    run(file(feature("a", 0, geometry=near), feature("b", 0, geometry=near)), "--picture", tmp_path / "c.png")
    raw = (tmp_path / "c.png").read_bytes()
    assert raw.startswith(b"\x89PNG\r\n\x1a\n")
    wide, tall = struct.unpack(">II", raw[16:24])
    size = struct.unpack(">I", raw[33:37])[0]
    rows = zlib.decompress(raw[41 : 41 + size])
    assert len(rows) == tall * (1 + 3 * wide)
    at = (tall // 2 + 60) * (1 + 3 * wide) + 1 + 3 * (wide // 2)
    red, green, blue = rows[at : at + 3]
    assert red > 150 > green
    assert red > blue


def test_nothing_to_draw_is_drawn_too(file, tmp_path):
    run(file(feature("a", 35)), "--picture", tmp_path / "c.png", "--geojson", tmp_path / "c.geojson")
    assert len(json.loads((tmp_path / "c.geojson").read_text())["features"]) == 1
