"""What is vendored is what it says it is; pictures and roles."""

import hashlib
import re
from pathlib import Path

import h3
import pytest

import detente.web
from detente.api.usecases import USE_CASES
from detente.node.accounts import ROLES
from detente.node.airspace import ConflictView, PlanView
from detente.web.airmap import area, extent, profile
from detente.web.chart import balance, waterfall
from detente.web.guard import inside
from detente.web.roles import CHANGES, READS, may

STATIC = Path(detente.web.__file__).parent / "static"
OURS = {"console.css", "console.js", "mark.svg", "icons.svg", "VENDORED.md"}


def test_each_vendored_file_is_listed_with_its_hash_and_licence():
    listed = dict(
        re.findall(r"^\| ([\w.-]+) \|.*\| ([0-9a-f]{64}) \|$", (STATIC / "VENDORED.md").read_text(), re.M)
    )
    others = {path.name for path in STATIC.iterdir() if path.is_file()} - OURS
    assert {name for name in others if not name.startswith("airspace")} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


def test_our_own_files_fetch_nothing_and_run_no_text_as_code():
    for name in ("console.css", "console.js"):
        text = (STATIC / name).read_text()
        assert not re.search(r"https?://|@import|\beval\b|new Function|innerHTML", text)


def test_every_role_names_a_role_and_every_row_a_use_case():
    table = {(case.noun, case.verb): case.method for case in USE_CASES}
    for rows, method in ((READS, "GET"), (CHANGES, "POST")):
        for key, roles in rows.items():
            assert table.get(key) == method, key
            assert roles <= set(ROLES)


@pytest.mark.parametrize("case", USE_CASES, ids=lambda c: f"{c.noun} {c.verb}")
def test_an_auditor_may_change_nothing_and_a_controller_see_no_person(case):
    assert not (case.method == "POST" and may(["auditor"], case.noun, case.verb, "POST"))
    if case.noun in ("findings", "swap", "records"):
        assert not may(["controller"], case.noun, case.verb, case.method)


def test_nobody_may_do_what_the_table_does_not_name():
    assert not any(may([role], "nothing", "known", "POST") for role in ROLES)
    assert not may([], "node", "overview", "GET")


@pytest.mark.parametrize(
    "moves",
    [[], [("2026-11-22T19:42:13.123Z", 1)], [("2026-11-22T19:42:13.123Z", n % 5) for n in range(5000)]],
)
def test_a_balance_is_drawn_whatever_its_length(moves):
    drawn = balance(moves, 3, '"><script>')
    assert drawn.startswith("<svg")
    assert len(drawn) < 20_000
    assert "<script>" not in drawn


def test_a_waterfall_ends_in_the_sum():
    rows = waterfall([("a", 10.0), ("b", -2.5)], "sum")
    assert [bits for _, bits, _ in rows] == [10.0, -2.5, 7.5]
    assert all("style" not in bar for _, _, bar in rows)
    assert waterfall([], "sum")[0][1] == 0


@pytest.mark.parametrize(
    "path", ["//evil", "https://evil", "/\\evil", "javascript:x", "", "/a\nb", "/" + "x" * 600, "/<b>"]
)
def test_a_way_back_leads_nowhere_else(path):
    assert inside(path) == "/"


def test_conflicts_are_drawn_where_and_when_they_are_and_their_words_are_escaped():
    cell = h3.latlng_to_cell(33.9, 35.5, 7)
    when = ("2026-11-23T10:00:00.000Z", "2026-11-23T10:30:00.000Z")
    conflict = ConflictView("c", "South", "p", "open", "<b>now</b>", *when, 100.0, 900.0, (33.9, 35.5), (cell, "no cell"), 0, 0, when[0], 30, "")  # fmt: skip
    plan = PlanView("<i>p</i>", "Accepted", 0, "v", 1, *when, 0.0, 1200.0, "WGS84")
    for drawn in (area([conflict], "Map"), profile([plan], [conflict], "Heights")):
        assert drawn.startswith("<svg")
        assert "<b>" not in drawn
        assert "<i>" not in drawn
        assert f'data-from="{extent([plan], [conflict])[0]}"' in drawn
    assert area([], "Map") == profile([], [], "Heights") == ""
