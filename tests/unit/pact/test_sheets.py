"""Pictures, tables and pages of roadmaps, declarations and minutes, read back by readers that know nothing of us."""

from __future__ import annotations

import csv
import io
from datetime import date
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from detente.pact.declarations import Declaration, read_declaration
from detente.pact.meetings import read_minutes
from detente.pact.roadmap import Roadmap, read_roadmap
from detente.pact.sheets import (
    declaration_html,
    declaration_markdown,
    minutes_html,
    minutes_markdown,
    roadmap_csv,
    roadmap_markdown,
)
from detente.pact.timeline import timeline
from support.roadmaps import OURS, PARTIES, THEIRS, action, declaration, minutes, point, roadmap, text

DAY = date(2026, 11, 23)
NAMES = {OURS: "North", THEIRS: "=South"}
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script> | [x](javascript:alert(1)) **b** & \"q\" 'a' =1+1"


def plan(**entries: Any) -> Roadmap:
    return read_roadmap(roadmap({slug.replace("_", "-"): each for slug, each in entries.items()}), PARTIES)


LATE = plan(
    joint_list=action("2026-11-01", start="2026-10-01", text=text("agree on the list")),
    match=action("2027-01-20", after=["joint-list"]),
)


class Elements(HTMLParser):
    """What a browser would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_timeline_is_well_formed_and_the_same_each_time() -> None:
    drawn = timeline(LATE, DAY, NAMES)
    root = ElementTree.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    assert drawn == timeline(LATE, DAY, dict(reversed(NAMES.items())))


def test_the_timeline_shows_each_action_in_every_language_and_what_is_late_or_blocked() -> None:
    root = ElementTree.fromstring(timeline(LATE, DAY, NAMES))
    words = [each.text or "" for each in root.iter(f"{SVG}text")]
    for wanted in ("agree on the list", "по-русски: agree on the list", "! 2026-11-01 +22 d", "∥ 2027-01-20"):
        assert wanted in words
    assert [each.get("class") for each in root.iter(f"{SVG}rect")] == ["overdue"]


def test_the_timeline_follows_the_reader_s_light_or_dark_setting_and_runs_nothing() -> None:
    hostile = plan(x=action(text=text(HOSTILE), owners={OURS: HOSTILE, THEIRS: ""}))
    drawn = timeline(hostile, DAY, {OURS: HOSTILE})
    root = ElementTree.fromstring(drawn)
    assert "prefers-color-scheme:dark" in drawn
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "style", "text", "path"}
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)


def test_what_is_written_from_the_right_is_drawn_from_the_right() -> None:
    words = {"en": "meet", "ar": "لقاء"}
    content = roadmap({"x": action(text=words)}, languages=["en", "ar"], heading=words)
    root = ElementTree.fromstring(timeline(read_roadmap(content, PARTIES), DAY, {}))
    found = [each for each in root.iter(f"{SVG}text") if each.text == "لقاء"]
    assert {each.get("direction") for each in found} == {"rtl"}


def test_words_of_any_length_are_cut_to_the_column() -> None:
    long = plan(
        x=action(text={"en": "a" * 20_000, "ru": "ы " * 9_999 + "ы"}, owners={OURS: "b" * 200, THEIRS: ""})
    )
    root = ElementTree.fromstring(timeline(long, DAY, NAMES))
    assert max(len(each.text or "") for each in root.iter(f"{SVG}text")) < 120


def test_no_day_of_the_calendar_breaks_the_timeline() -> None:
    edges = plan(first=action("0001-01-01"), last=action("9999-12-31", start="0001-01-01"))
    ElementTree.fromstring(timeline(edges, DAY, {}))
    ElementTree.fromstring(timeline(plan(), DAY, {}))


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=300))
def test_any_words_stay_words_in_a_picture_and_in_a_table(words: str) -> None:
    words = "a" + words.replace("\ufeff", "") + "z"
    found = plan(x=action(text=text(words)))
    root = ElementTree.fromstring(timeline(found, DAY, {}))
    assert len(list(root.iter(f"{SVG}path"))) > 0
    rows = list(csv.DictReader(io.StringIO(roadmap_csv(found, DAY, {}), newline="")))
    assert [row["text en"] for row in rows] == [words]


def test_the_csv_has_a_line_an_action_and_starts_no_formula() -> None:
    found = plan(
        x=action(text=text("=HYPERLINK(1)"), evidence={"a": {"text": "+1", "link": "https://a.example/"}}),
        y=action("2026-01-01", after=["x"]),
    )
    rows = list(csv.DictReader(io.StringIO(roadmap_csv(found, DAY, NAMES), newline="")))
    by_slug = {row["action"]: row for row in rows}
    assert set(by_slug) == {"x", "y"}
    assert by_slug["x"]["text en"] == "'=HYPERLINK(1)"
    assert by_slug["x"]["evidence"] == "'+1: https://a.example/"
    assert (by_slug["y"]["days late"], by_slug["y"]["blocked by"], by_slug["y"]["behind"]) == (
        "326",
        "x",
        "x",
    )
    assert "owner =South" in rows[0]


def _read(page: str) -> Elements:
    return Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(page))


def test_markdown_shows_what_was_written_and_makes_nothing_of_it() -> None:
    found = plan(x=action("2026-01-01", text=text(HOSTILE)))
    shown = _read(roadmap_markdown(found, DAY, NAMES))
    tags = {tag for tag, _ in shown.tags}
    assert tags == {"h1", "ul", "li", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert HOSTILE in shown.words
    assert [tag for tag, _ in shown.tags].count("td") == 7


def test_a_declaration_s_languages_stand_side_by_side_on_every_sheet() -> None:
    found: Declaration = read_declaration(declaration("We agree.", HOSTILE, authentic="ru"))
    for shown in (
        _read(declaration_markdown(found, "signed")),
        Elements(declaration_html(found, "signed")),
    ):
        assert [tag for tag, _ in shown.tags].count("tr") == 3
        assert HOSTILE in shown.words
        assert "the text in ru prevails" in shown.words
        assert not {tag for tag, _ in shown.tags} & {"script", "a", "img", "strong", "em"}


def test_a_page_says_the_language_and_direction_of_every_text() -> None:
    words = {"ar": "إعلان", "ru": "Заявление"}
    content = declaration(languages=["ar", "ru"], heading=words, entries={"p1": {"text": words}})
    page = Elements(declaration_html(read_declaration(content)))
    assert [(a["lang"], a["dir"]) for tag, a in page.tags if tag == "td" and a] == [
        ("ar", "rtl"),
        ("ru", "ltr"),
    ]


@pytest.mark.parametrize("draw", [minutes_markdown, minutes_html])
def test_minutes_show_who_was_there_and_what_was_decided(draw: Any) -> None:
    held = minutes(
        {
            "list": point(1, minutes=text(HOSTILE)),
            "d1": point(2, "decision", text=text("begin in January"), actions=["joint-list"]),
        }
    )
    page = draw(read_minutes(held, PARTIES), NAMES, "signed by both")
    shown = Elements(page) if draw is minutes_html else _read(page)
    for wanted in ("A. Able", "Б. Быстрова", "begin in January", "joint-list", HOSTILE, "signed by both"):
        assert wanted in shown.words
    assert not {tag for tag, _ in shown.tags} & {"script", "a", "img"}
