"""Declarations and minutes as people write them: TOML, in the order in which they are read out.

name = "common-purpose"            [heading]  [[paragraph]]            a declaration
date = "2026-12-01", place = "…"   [heading]  [[point]]  [[decision]]  minutes
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from detente.errors import Misuse
from detente.pact import declarations, meetings

MAX_FORM: Final = 1 << 19

Formed = tuple[str, dict[str, Any]]
"""A document's name, and its content."""

_DECLARATION: Final = """\
# A declaration in two or more languages, signed by both. Each text stands in all of them.
name = "common-purpose"       # which declaration; a later version keeps the name
title = "Common purpose"      # how lists call it
authentic = "equally"         # or the language that prevails where they differ, such as "en"

[heading]
en = "Joint declaration"
ru = "Совместное заявление"

[[paragraph]]
en = "The Parties consider the groups on their joint list to be terrorist groups."
ru = "Стороны считают террористическими группы, включённые в их совместный перечень."

[[paragraph]]
en = "They agree on a roadmap and review it every quarter."
ru = "Они согласовывают дорожную карту и пересматривают её ежеквартально."
"""
_MINUTES: Final = """\
# Minutes of a meeting, signed by both. Before it: the agenda, as points without minutes.
name = "meeting-2026-12-01"   # which meeting; a later version keeps the name
title = "First meeting"
date = "2026-12-01"
place = "Geneva"

[heading]
en = "First meeting"
ru = "Первая встреча"

[present]                     # empty before the meeting
ours = ["A. Able"]
theirs = ["Б. Быстрова"]

[[point]]
text = { en = "The joint list", ru = "Совместный перечень" }
minutes = { en = "Both sides showed theirs.", ru = "Обе стороны показали свои." }
actions = ["joint-list"]      # of the roadmap

[[decision]]
name = "begin-in-january"
text = { en = "Matching begins in January.", ru = "Сопоставление начинается в январе." }
"""

TEMPLATES: Final[Mapping[str, str]] = {declarations.KIND: _DECLARATION, meetings.KIND: _MINUTES}
"""What to edit, by kind."""


class _Shape(msgspec.Struct, forbid_unknown_fields=True):
    """Part of a form: what is not known is a slip of the pen."""


class _Declaration(_Shape):
    name: str
    title: str
    heading: dict[str, str]
    paragraph: list[dict[str, str]]
    authentic: str = declarations.EQUALLY


class _Present(_Shape):
    ours: list[str] = []
    theirs: list[str] = []


class _Point(_Shape):
    text: dict[str, str]
    name: str = ""
    minutes: dict[str, str] = {}
    actions: list[str] = []


class _Minutes(_Shape):
    name: str
    title: str
    date: str
    heading: dict[str, str]
    place: str = ""
    present: _Present = msgspec.field(default_factory=_Present)
    point: list[_Point] = []
    decision: list[_Point] = []


def read_form(kind: str, text: str, ours: str, theirs: str) -> Formed:
    """Name and content of a declaration or of minutes. Raises Misuse, saying what is not in order.

    >>> read_form("declaration", TEMPLATES["declaration"], "1" * 64, "2" * 64)[0]
    'common-purpose'
    """
    if len(text) > MAX_FORM:
        raise Misuse(f"a form of {len(text)} characters; at most {MAX_FORM} are read")
    try:
        value = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise Misuse(f"this is no TOML: {problem}") from None
    forms: Mapping[str, Callable[[dict[str, Any], str, str], Formed]] = {
        declarations.KIND: _declaration,
        meetings.KIND: _minutes,
    }
    try:
        return forms[kind](value, ours, theirs)
    except msgspec.ValidationError as problem:
        raise Misuse(f"this is not a form of {kind}: {problem}") from None


def _declaration(value: dict[str, Any], ours: str, theirs: str) -> Formed:
    form = msgspec.convert(value, _Declaration)
    entries = {f"p{number}": {"text": text} for number, text in enumerate(form.paragraph, 1)}
    return form.name, {
        "title": form.title,
        "languages": list(form.heading),
        "authentic": form.authentic,
        "heading": form.heading,
        "entries": entries,
    }


def _minutes(value: dict[str, Any], ours: str, theirs: str) -> Formed:
    form = msgspec.convert(value, _Minutes)
    entries: dict[str, Any] = {}
    for number, (kind, point) in enumerate(
        [*(("point", each) for each in form.point), *(("decision", each) for each in form.decision)], 1
    ):
        slug = point.name or f"{kind}-{number}"
        if slug in entries:
            raise Misuse(f"two points are named '{slug}'")
        entries[slug] = {
            "kind": kind,
            "number": number,
            "text": point.text,
            "minutes": point.minutes,
            "actions": point.actions,
        }
    return form.name, {
        "title": form.title,
        "languages": list(form.heading),
        "heading": form.heading,
        "date": form.date,
        "place": form.place,
        "present": {ours: form.present.ours, theirs: form.present.theirs},
        "entries": entries,
    }
