"""`detente groups`: lists by file, without a node."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from detente.cli.root import detente

DATA = os.environ.get("DETENTE_DATA", "")
OURS = "id,name,alias,listingDate\n1,Al-Qaida in Iraq,Islamic State;ISIS,2004-10-18\n2,Order of the Teapot,,2020-01-01\n"
THEIRS = "id,name,alias,status,reason\n1,ИГИЛ,État islamique;Daesh,listed,\n2,Order of the Teapot,,objects,they only pour\n"


@pytest.fixture
def lists(tmp_path: Path) -> tuple[str, str]:
    for name, text in (("ours.csv", OURS), ("theirs.csv", THEIRS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / "ours.csv"), str(tmp_path / "theirs.csv")


def run(*argv: str, code: int = 0):
    shown = CliRunner().invoke(detente, ["groups", *argv])
    assert shown.exit_code == code, shown.output
    return shown


def test_two_files_are_brought_together_without_a_node(lists):
    found = json.loads(run("reconcile", *lists, "--json").stdout)
    [matched] = found["both"]
    assert (matched["group"], matched["how"]) == ("isil", "alias table")
    assert (matched["ours"], matched["theirs"]) == ("Al-Qaida in Iraq", "ИГИЛ")
    assert [left["name"] for left in found["disputed"]] == ["Order of the Teapot"]
    assert (found["only_ours"], found["only_theirs"]) == ([], [])
    assert [each["source"] for each in found["ours"]] == ["own"]


def test_people_see_what_matched_by_which_alias_and_what_was_left(lists):
    shown = run("reconcile", *lists).stdout
    for wanted in ("isil", "ИГИЛ", "alias table", "disputed (1): Order of the Teapot", "1 on both"):
        assert wanted in shown


@pytest.mark.parametrize("format_", ["stix", "ftm", "csv", "html"])
def test_the_joint_list_is_exported_without_a_node(lists, tmp_path, format_):
    out = tmp_path / "out"
    run("reconcile", *lists, "--export", format_, "--out", str(out), "--names", "North", "South")
    assert "North" in out.read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--export", "csv"], "give both"),
        (["--out", "x"], "give both"),
        (["--export", "csv", "--out", "x", "--names", "A", "A"], "two names"),
        (["--export", "csv", "--out", "x", "--marking", "SECRET"], "TLP"),
    ],
)
def test_what_contradicts_itself_is_misuse(lists, tmp_path, monkeypatch, more, reason):
    monkeypatch.chdir(tmp_path)
    assert reason in run("reconcile", *lists, *more, code=2).stderr
    assert not (tmp_path / "x").exists()


def test_two_lists_of_one_name_on_a_side_are_misuse(lists):
    assert "join them" in run("reconcile", *lists, "--ours", lists[1], code=2).stderr


def test_a_file_that_is_no_list_is_misuse(lists, tmp_path):
    (tmp_path / "bad.xml").write_text("<!DOCTYPE x><x/>")
    assert "next" in run("reconcile", lists[0], str(tmp_path / "bad.xml"), code=2).stderr


@pytest.mark.skipif(not DATA, reason="DETENTE_DATA names no directory with the public lists")
def test_the_public_excerpts_reconcile_with_a_table_of_what_matched():
    place = Path(DATA) / "lists"
    argv = ["reconcile", str(place / "un_consolidated.xml"), str(place / "ofac_sdn.csv")]
    found = json.loads(
        run(*argv, "--ours", str(place / "misp_galaxy_terrorist-groups.json"), "--json").stdout
    )
    assert {each["source"] for each in found["ours"]} == {"un", "canada-listed-terrorist-entities"}
    assert len(found["both"]) >= 110
    assert {"isil", "shabaab", "hizballah"} <= {each["group"] for each in found["both"]}
    assert found["ours"][0]["as_of"] == "2026-02-27"
    assert found["theirs"][0]["left_out"] == {"Person": 200, "Airplane": 132, "Vessel": 4}


def test_names_that_look_like_markup_are_shown_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text('id,name\n1,"[/] [red]Teapot Front[/red]"\n', encoding="utf-8")
    assert "[/] [red]Teapot Front[/red]" in run("reconcile", *[str(tmp_path / "a.csv")] * 2).stdout
