"""Small roadmaps, declarations and minutes between two parties, for tests."""

from __future__ import annotations

from typing import Any

OURS, THEIRS = "1" * 64, "2" * 64
PARTIES = (OURS, THEIRS)


def text(words: str) -> dict[str, str]:
    return {"en": words, "ru": f"по-русски: {words}"}


def action(due: str = "2026-12-31", **changes: Any) -> dict[str, Any]:
    good = {
        "text": text("meet"),
        "owners": {OURS: "Desk A", THEIRS: "Отдел 4"},
        "start": "",
        "due": due,
        "after": [],
        "status": "planned",
        "evidence": {},
        "source": None,
    }
    return {**good, **changes}


def roadmap(entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    good = {"title": "Roadmap", "languages": ["en", "ru"], "heading": text("Roadmap"), "entries": entries}
    return {**good, **changes}


def declaration(*paragraphs: str, **changes: Any) -> dict[str, Any]:
    entries = {f"p{number}": {"text": text(words)} for number, words in enumerate(paragraphs, 1)}
    good = {
        "title": "Declaration",
        "languages": ["en", "ru"],
        "authentic": "equally",
        "heading": text("Declaration"),
        "entries": entries,
    }
    return {**good, **changes}


def minutes(entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    good = {
        "title": "First meeting",
        "languages": ["en", "ru"],
        "heading": text("First meeting"),
        "date": "2026-12-01",
        "place": "Geneva",
        "present": {OURS: ["A. Able"], THEIRS: ["Б. Быстрова"]},
        "entries": entries,
    }
    return {**good, **changes}


def point(number: int, kind: str = "point", **changes: Any) -> dict[str, Any]:
    good = {"kind": kind, "number": number, "text": text("the list"), "minutes": {}, "actions": []}
    return {**good, **changes}
