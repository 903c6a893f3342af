"""`detente airspace alert`, at the command line and against DAIDALUS's own rows."""

import csv
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from detente.adapters.formats import daa, daa_conf
from detente.adapters.formats.alerts_csv import lines
from detente.cli.root import detente
from detente.topics.airspace.alerting.encounter import in_moments, rows
from detente.topics.airspace.alerting.standards import configuration

ENCOUNTER = """\
NAME sx sy sz vx vy vz time
[none] [nmi] [nmi] [ft] [knot] [knot] [fpm] [s]
North 0 0 10000 180 0 0 0
South 10 0 10000 -180 0 0 0
North 0.05 0 10000 180 0 0 1
South 9.95 0 10000 -180 0 0 1
"""


@pytest.fixture
def encounter(tmp_path):
    path = tmp_path / "two.daa"
    path.write_text(ENCOUNTER, encoding="utf-8")
    return path


def run(*argv, code=0):
    ended = CliRunner().invoke(detente, ["airspace", "alert", *map(str, argv)])
    assert ended.exit_code == code, ended.output
    return ended


def test_an_encounter_is_told_as_csv_a_row_for_each_time_and_pair(encounter):
    written = run(encounter, "--volume", "cd3d").stdout.splitlines()
    assert written[0].startswith(
        " Time, Ownship, Traffic, Alerter, Alert Level, Time to Volume of Alert(1), "
    )
    assert [line.split(", ")[:6] for line in written[2:]] == [
        ["0.0", "North", "South", "1", "1", "50.0"],
        ["1.0", "North", "South", "1", "1", "49.0"],
    ]


def test_json_is_in_si_and_says_null_where_there_is_nothing(encounter):
    first, _ = json.loads(run(encounter, "--volume", "tcas", "--json").stdout)
    assert (first["level"], first["enters"], first["coaltitude"]) == (
        0,
        [pytest.approx(52.877855), None],
        None,
    )
    assert first["range"] == pytest.approx(18520)


def test_rows_go_to_a_file_and_the_summary_to_standard_output(encounter, tmp_path):
    out = tmp_path / "alerts.csv"
    told = json.loads(run(encounter, "--out", out, "--json").stdout)
    assert told == {"file": str(out), "rows": 2, "alerts": 2, "gravest": 1}
    assert len(json.loads(out.read_text())) == 2
    run(encounter, "--out", out)
    assert out.read_text() == run(encounter).stdout


def test_another_ownship_can_be_named(encounter):
    assert run(encounter, "--ownship", "South").stdout.splitlines()[2].startswith("0.0, South, North")


def test_a_configuration_is_read_with_notes_on_standard_error(encounter, tmp_path):
    conf = tmp_path / "one.conf"
    conf.write_text(
        "alerters = A\nA_alert_1_detector = d\nA_alert_1_alerting_time = 60 [s]\nA_d_D = 5 [nmi]\nA_d_H = 1000 [ft]\n"
        "A_load_core_detection_d = gov.nasa.larcfm.ACCoRD.CDCylinder\ncolour = blue\n"
    )
    ended = run(encounter, "--config", conf)
    assert ended.stderr == "note: one.conf: colour is not a key of version 2: ignored\n"
    assert ended.stdout.splitlines()[2].startswith("0.0, North, South, 1, 1, 50.0, ")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--volume", "acas"], "Invalid value"),
        (["--ownship", "West"], "no aircraft in the file is called"),
        (["--config", "/nonexistent.conf"], "does not exist"),
    ],
)
def test_a_bad_wish_is_misuse(encounter, argv, says):
    ended = CliRunner().invoke(detente, ["airspace", "alert", str(encounter), *argv])
    assert ended.exit_code == 2
    assert says in ended.output


def test_both_a_volume_and_a_configuration_are_misuse(encounter):
    ended = CliRunner().invoke(
        detente, ["airspace", "alert", str(encounter), "--volume", "cd3d", "--config", str(encounter)]
    )
    assert ended.exit_code == 2


def test_a_file_of_bytes_is_misuse_and_no_traceback(tmp_path):
    path = tmp_path / "noise.daa"
    path.write_bytes(bytes(range(256)) * 10)
    assert CliRunner().invoke(detente, ["airspace", "alert", str(path)]).exit_code == 2


# -- beside DAIDALUS

DATA = Path(os.environ.get("DETENTE_DATA", "/nonexistent")) / "airspace" / "daidalus"
EXPECTED = sorted(path.stem for path in (DATA / "expected").glob("*.csv")) if DATA.is_dir() else []
SHIPPED = {"CD3D": "cd3d", "DO_365B_no_SUM": "do365b", "TCAS3D": "tcas"}


def encounter_of(scenario):
    path = DATA / "Scenarios" / f"{scenario}.daa"
    with (path if path.exists() else DATA / f"{scenario}.daa").open(encoding="utf-8") as file:
        return in_moments(daa.read(file).states)


def cells(written):
    return [[cell.strip() for cell in row] for row in csv.reader(written)]


def agree(ours, theirs):
    """The same text, or numbers within two units of the last digit that is written."""
    try:
        return ours == theirs or abs(float(ours) - float(theirs)) <= 2.1e-6
    except ValueError:
        return False


@pytest.mark.skipif(not EXPECTED, reason="DETENTE_DATA names no folder with airspace/daidalus/expected")
@pytest.mark.parametrize("name", EXPECTED or ["none"])
def test_every_cell_of_every_row_is_that_of_daidalus(name):
    scenario, _, conf = name.partition("__")
    with (DATA / "Configurations" / f"{conf}.conf").open(encoding="utf-8") as file:
        read = daa_conf.read(file)
    assert read.notes == []
    expected = cells((DATA / "expected" / f"{name}.csv").read_text().splitlines())
    configurations = [read.configuration, *([configuration(SHIPPED[conf])] if conf in SHIPPED else [])]
    for each in configurations:
        ours = cells(lines(rows(encounter_of(scenario), each), each))
        assert len(ours) == len(expected)
        assert ours[:2] == expected[:2]
        wrong = [
            (mine, theirs)
            for mine, theirs in zip(ours, expected, strict=True)
            if len(mine) != len(theirs) or not all(map(agree, mine, theirs))
        ]
        assert wrong == []


@pytest.mark.skipif(not EXPECTED, reason="DETENTE_DATA names no folder with airspace/daidalus/expected")
def test_with_uncertain_sensors_every_cell_is_that_of_daidalus():
    with (DATA / "Configurations" / "DO_365B_SUM.conf").open(encoding="utf-8") as file:
        made = daa_conf.read(file).configuration
    expected = cells((DATA / "Regression" / "gold" / "DaidalusAlerting-sum.csv").read_text().splitlines())
    ours = cells(lines(rows(encounter_of("H1_SUM"), made), made))
    assert ours[:2] == expected[:2]
    for mine, theirs in zip(ours[2:], expected[2:], strict=True):
        assert all(map(agree, mine, theirs)), (mine, theirs)


@pytest.mark.skipif(not EXPECTED, reason="DETENTE_DATA names no folder with airspace/daidalus/expected")
@pytest.mark.parametrize("name", ["no_sum", "nom_a", "nom_b", "cd3d", "tcasii"])
def test_a_pair_that_is_seen_for_the_first_time_is_told_as_daidalus_does(name):
    text = (DATA / "Regression" / "gold" / f"DaidalusExample-{name}.out").read_text()
    written = text[text.index("# Daidalus Object") :]
    made = daa_conf.read(written[: written.index("\n###")].splitlines()).configuration
    states = [
        line for line in text.splitlines() if line.startswith(("NAME", "[none]", "ownship, ", "intruder, "))
    ]
    (row,) = rows(in_moments(daa.read(states).states), made)
    told = re.search(r"^Alert Level (\d) with", text, re.MULTILINE)
    times = re.findall(r"^Predicted Time to Violation of Alert.*: ([\d.]+) \[s\]", text, re.MULTILINE)
    assert row.verdict.level == (int(told[1]) if told else 0)
    assert [f"{when:.2f}" for when in row.verdict.enters if when is not None] == times
