"""Notices: a position is never finer than agreed and always holds what was meant; whether a warning was in time has one answer."""

from __future__ import annotations

import json
import math
import os
import random
from typing import Any

import msgspec
import pytest

from detente.errors import Malformed, Misuse
from detente.pact.airspace import AirspaceTerms, LayerTerms
from detente.pact.notice_words import LANGUAGES, words
from detente.pact.notices import (
    DEGREE,
    OFF_NOMINAL,
    Notice,
    NoticeTerms,
    Readback,
    compare_readback,
    is_safety,
    judge,
    outward,
    read_form,
    require_coarse,
    write_form,
)
from detente.wire.instant import parse_rfc3339, rfc3339

EVENT = "2026-11-23T10:00:00.000Z"
TEN = parse_rfc3339(EVENT)
MINUTE = 60_000
ROUNDS = 100_000 if os.environ.get("DETENTE_SOAK") else 2_000
TERMS = NoticeTerms()


def notice(**changes: Any) -> Notice:
    made = Notice("distress", "", EVENT, None, 900, 1500, "WGS84", ("altitude",), "")
    return msgspec.structs.replace(made, **changes)


def positions() -> list[tuple[int, int, int, int]]:
    dice = random.Random(7)
    edges = [-90, 90, -60, 60, 75, 82, 86, 88, 89.999999, 0, -180, 180, 179.999999]
    found = []
    for _ in range(ROUNDS):
        lat = (
            dice.choice([e for e in edges if abs(e) <= 90]) if dice.random() < 0.2 else dice.uniform(-90, 90)
        )
        lon = dice.choice(edges) if dice.random() < 0.3 else dice.uniform(-180, 180)
        radius = dice.choice([0, 0, 1, 100, 5_000, 80_000, 3_000_000])
        found.append(
            (round(lat * DEGREE), round(lon * DEGREE), radius, dice.choice([1, 37, 1000, 5000, 1_000_000]))
        )
    return found


def test_a_box_holds_what_was_meant_is_on_the_grid_and_no_cell_is_finer_than_agreed() -> None:
    for lat, lon, radius, precision in positions():
        box = outward(lat, lon, radius, precision)
        south, west, north, east = box
        where = (lat, lon, radius, precision, box)
        assert south <= lat <= north, where
        assert any(west <= lon + turn <= east for turn in (0, 360 * DEGREE)), where
        require_coarse(notice(box=box), NoticeTerms(precision_m=precision), "WGS84")
        if abs(south) < 90 * DEGREE and abs(north) < 90 * DEGREE:
            assert (north - south) * 110_574 >= precision * DEGREE, where
            at = math.radians(max(abs(south), abs(north)) / DEGREE)
            a_degree = 111_320 * math.cos(at)
            assert (east - west) / DEGREE * a_degree >= precision * 0.98, where
            if radius:
                assert (north - south) * 110_574 >= 2 * radius * DEGREE, where


def test_two_positions_of_one_cell_give_one_box() -> None:
    south, west, north, east = outward(33_510_000, 36_270_000, 0, 5000)
    for lat, lon in ((south, west), (north - 1, east - 1), (south + 9, east - 9)):
        assert outward(lat, lon, 0, 5000) == (south, west, north, east)


@pytest.mark.parametrize(
    "changes",
    [
        {"box": (33_507_279, 36_237_258, 33_507_280, 36_237_259)},
        {"box": (33_552_498, 36_237_258, 33_507_279, 36_327_696)},
        {"box": (33_507_279, 36_327_696, 33_552_498, 36_237_258)},
        {"box": (33_507_279, 36_237_258, 33_507_279, 36_327_696)},
        {"lower_m": 901},
        {"datum": "AMSL"},
    ],
)
def test_what_is_finer_than_agreed_is_seen(changes: dict[str, Any]) -> None:
    require_coarse(notice(box=(33_507_279, 36_237_258, 33_552_498, 36_327_696)), TERMS, "WGS84")
    with pytest.raises(Malformed):
        require_coarse(notice(**changes), TERMS, "WGS84")


def test_in_time_is_what_was_received_by_then_even_if_the_clocks_differ_by_all_of_their_bound() -> None:
    planned = notice(what="planned-activity")
    due = TEN - 60 * MINUTE
    assert judge(planned, 0, due - 5000, TERMS, 5000).answer == "in time"
    assert judge(planned, 0, due - 4999, TERMS, 5000).answer == "late"
    assert judge(notice(), TEN, TEN + 55_000, TERMS, 5000).answer == "in time"
    assert judge(notice(), TEN, TEN + 55_001, TERMS, 5000).answer == "late"
    assert judge(notice(what="free-text"), 0, TEN - 5000, TERMS, 5000).answer == "in time"
    assert judge(notice(), TEN, None, TERMS, 5000).answer == "not received"
    assert judge(notice(event=""), TEN, TEN + 1, TERMS, 5000).answer == "received"


def test_a_receipt_dated_back_does_not_make_a_late_warning_timely() -> None:
    planned = notice(what="planned-activity")
    verdict = judge(planned, TEN, TEN - 120 * MINUTE, TERMS, 5000)
    assert (verdict.answer, verdict.clocks_apart) == ("late", True)


@pytest.mark.parametrize(
    "change",
    [
        {"what": "attack"}, {"event": "noon"}, {"event": "2026-13-01T00:00:00.000Z"}, {"box": [0, 0, 1]}, {"box": [0.5, 0, 1, 1]}, {"lower_m": None},
        {"lower_m": 1500}, {"upper_m": 10**6}, {"readback": ["altitude", "altitude"]}, {"readback": ["position"]}, {"text": "x" * 2001},
        {"spare": ""}, {"form": "airspace-notice/2"}, {"datum": "QNH"}, {"box": [True, 0, 1, 1]},
    ],
)  # fmt: skip
def test_a_form_that_the_specification_does_not_give_is_malformed(change: dict[str, Any]) -> None:
    good = json.loads(write_form(notice()))
    text = json.dumps({**good, **change}, sort_keys=True, separators=(",", ":"))
    if "airspace-notice/1" not in text:
        assert read_form(text) is None
        return
    with pytest.raises(Malformed):
        read_form(text)


def test_huge_deep_and_loosely_written_forms_are_malformed() -> None:
    good = write_form(notice())
    for text in (
        good + " ",
        good.replace(",", ", ", 1),
        good[:-1] + ',"z":' + "[" * 3000,
        good[:-1] + ',"z":"' + "x" * 9000 + '"}',
    ):
        assert is_safety(text)
        with pytest.raises(Malformed):
            read_form(text)


def test_a_plain_text_is_no_form() -> None:
    for text in ("", "{", "exercise at noon", '{"form":"other"}', 'see "form":"airspace-notice/1"'):
        assert read_form(text) is None
        assert not is_safety(text)
    assert not is_safety(None)


def test_what_is_written_reads_back_the_same() -> None:
    for form in (notice(), notice(text="Осторожно\n☂"), Readback("0" * 64, "desk", {"about": "x"})):
        assert read_form(write_form(form)) == form
    for wrong in (notice(text="\ud800"), notice(readback=("position",)), Readback("0" * 64, "desk", {})):
        with pytest.raises(Misuse):
            write_form(wrong)


def test_read_back_forgives_case_spaces_and_dashes_and_nothing_else() -> None:
    asked = notice(about="SORTIE-7", readback=("about", "event", "altitude"))
    good = {"about": " sortie-7", "event": "10:00", "altitude": "900–1500 M wgs84"}
    assert all(each.same for each in compare_readback(asked, good))
    for field, said in (
        ("about", "SORTIE-1"),
        ("event", "01:00"),
        ("event", "22:00"),
        ("event", "1"),
        ("altitude", "900-1500"),
        ("altitude", ""),
    ):
        fields = {each.field: each.same for each in compare_readback(asked, {**good, field: said})}
        assert [name for name, same in fields.items() if not same] == [field]


def test_a_field_that_was_not_said_cannot_be_read_back_right() -> None:
    (altitude, position) = sorted(
        compare_readback(notice(), {"position": "here"}), key=lambda each: each.field
    )
    assert not altitude.same
    assert not position.same


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_has_words_in_every_language(language: str) -> None:
    for what in (*sorted(OFF_NOMINAL), "planned-activity", "free-text", "test-call"):
        said = words(notice(what=what, about="A1", text="no"), language)
        assert "900-1500" in said
        assert "A1" in said
    with pytest.raises(Misuse):
        words(notice(), "de")


def test_terms_without_notices_keep_their_text() -> None:
    terms = AirspaceTerms((LayerTerms(4, 600_000, 1_200_000),), 0, 0, 0, 5000, "WGS84", 144_000, 10, 60)
    assert b"notices" not in msgspec.json.encode(terms)
    assert terms.fixed_notices == NoticeTerms()
    fixed = msgspec.structs.replace(terms, notices=NoticeTerms(call_minutes=60))
    assert msgspec.json.decode(msgspec.json.encode(fixed), type=AirspaceTerms) == fixed


def test_an_event_at_the_edge_of_the_calendar_has_a_verdict() -> None:
    for event in (rfc3339(0), "9999-12-31T23:59:59.999Z"):
        for what in ("planned-activity", "distress", "free-text"):
            assert judge(notice(what=what, event=event), 0, 1, TERMS, 5000).answer in ("in time", "late")
