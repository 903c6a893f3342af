"""Declarations and minutes: what they may say."""

from __future__ import annotations

from typing import Any

import pytest

from detente.errors import Malformed
from detente.pact import declarations, meetings
from detente.pact.declarations import read_declaration
from detente.pact.document import Document, read_document, write_document
from detente.pact.meetings import read_minutes
from support.roadmaps import OURS, PARTIES, THEIRS, declaration, minutes, point, text


def document(kind: str, content: dict[str, Any]) -> Document:
    return read_document(write_document(kind, "main", "", PARTIES, "content", content))


def test_a_declaration_stands_in_all_its_languages_in_the_order_of_its_paragraphs() -> None:
    words = [f"paragraph {n}" for n in range(1, 13)]
    content = declaration(*words)
    declarations.reader(document("declaration", content), 0)
    assert [p.text["en"] for _, p in read_declaration(content).paragraphs()] == words


@pytest.mark.parametrize("authentic", ["equally", "en", "ru"])
def test_all_languages_are_equally_authentic_or_one_prevails(authentic: str) -> None:
    assert read_declaration(declaration("a", authentic=authentic)).authentic == authentic


@pytest.mark.parametrize(
    "content",
    [
        declaration("a", authentic="fr"),
        declaration("a", authentic=""),
        declaration("a", languages=["en"], heading={"en": "x"}, entries={"p1": {"text": {"en": "x"}}}),
        declaration("a", entries={"p1": {"text": {"en": "one language only"}}}),
        declaration("a", entries={"p01": {"text": text("x")}}),
        declaration("a", entries={"p1\n": {"text": text("x")}}),
        declaration("a", entries={"preamble": {"text": text("x")}}),
        declaration("a", heading={"en": "Declaration"}),
        declaration("a\u202eb"),
        declaration("a", signed="yes"),
    ],
)
def test_a_declaration_that_the_spec_does_not_allow_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        declarations.reader(document("declaration", content), 0)


def test_a_declaration_that_declares_nothing_is_refused() -> None:
    with pytest.raises(Malformed, match="without a paragraph"):
        declarations.reader(document("declaration", declaration()), 0)


def test_minutes_begin_as_an_agenda_and_end_with_decisions_in_order() -> None:
    agenda = minutes({"list": point(2), "dates": point(1)}, present={OURS: [], THEIRS: []})
    meetings.reader(document("minutes", agenda), 0)
    assert [slug for slug, _ in read_minutes(agenda, PARTIES).points()] == ["dates", "list"]
    held = minutes(
        {
            "list": point(1, minutes=text("both showed theirs")),
            "d1": point(2, "decision", actions=["joint-list"]),
        }
    )
    assert [slug for slug, _ in read_minutes(held, PARTIES).decisions()] == ["d1"]


@pytest.mark.parametrize(
    "content",
    [
        minutes({}, date="2026-13-01"),
        minutes({}, present={OURS: ["A"]}),
        minutes({}, present={OURS: ["A"], "3" * 64: ["a third"]}),
        minutes({}, present={OURS: ["A\x00"], THEIRS: []}),
        minutes({"d": point(1, "decision", minutes=text("x"))}),
        minutes({"d": point(1, minutes={"en": "one language only"})}),
        minutes({"d": point(0)}),
        minutes({"d": point(True)}),  # type: ignore[arg-type]  # a peer may write anything
        minutes({"d": point(1, "vote")}),
    ],
)
def test_minutes_that_the_spec_does_not_allow_are_refused(content: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        meetings.reader(document("minutes", content), 0)
