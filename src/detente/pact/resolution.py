"""How two parties settle a conflict in the air: the content of a joint document of the kind `resolution`. spec/tokens-airspace, section 8."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Malformed
from detente.pact.document import Document
from detente.pact.joint import Content
from detente.wire.instant import Instant

KIND: Final = "resolution"
PREFIX: Final = "conflict-"
_Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Sentence = Annotated[str, Meta(min_length=1, max_length=2000)]
Measure = Literal["time", "level", "route", "priority", "visual"]
CHECKED: Final = frozenset({"time", "level", "route"})
"""Measures that change a plan: whoever proposes one has had the changed plan compared privately before."""


class _Conflict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Hash
    words: _Sentence


class _Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`moves` is the party whose aircraft moves; `checked` the run in which its changed plan met no other, "" where none is changed."""

    measure: Measure
    moves: _Hash
    words: _Sentence
    reason: Annotated[str, Meta(max_length=2000)]
    checked: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


class _Entries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    conflict: _Conflict
    way: _Way


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What both sign: which conflict, and what is done about it by whom."""

    title: _Sentence
    entries: _Entries

    @property
    def conflict(self) -> str:
        return self.entries.conflict.id

    @property
    def way(self) -> _Way:
        return self.entries.way


def content(
    conflict: str, words: str, measure: Measure, moves: str, way: str, reason: str, checked: str
) -> Content:
    """The content of a resolution.

    >>> made = content("0" * 64, "Both at noon.", "time", "1" * 64, "North leaves 20 minutes later.", "", "2" * 64)
    >>> read(made).way.measure
    'time'
    """
    return {
        "title": f"Settling conflict {conflict[:12]}",
        "entries": {
            "conflict": {"id": conflict, "words": words},
            "way": {"measure": measure, "moves": moves, "words": way, "reason": reason, "checked": checked},
        },
    }


def read(value: Mapping[str, Any]) -> Resolution:
    """The resolution in a document's content. Raises Malformed."""
    try:
        found = msgspec.convert(value, Resolution)
    except msgspec.ValidationError:
        raise Malformed("a resolution that is not what spec/tokens-airspace says") from None
    if (found.way.measure in CHECKED) != bool(found.way.checked):
        raise Malformed(
            "a resolution that changes a plan names the run in which the change was compared, and no other does"
        )
    if found.way.measure == "visual" and not found.way.reason:
        raise Malformed("a conflict that is accepted needs a reason")
    return found


def name_of(conflict: str) -> str:
    """The name of the document that settles a conflict."""
    return f"{PREFIX}{conflict[:24]}"


def reader(document: Document, now: Instant) -> None:
    """Returns if the content is a resolution of the conflict that the document is named after, by one of its parties; raises Malformed."""
    found = read(document.content)
    if document.name != name_of(found.conflict) or found.way.moves not in document.parties:
        raise Malformed(
            "a resolution under another conflict's name, or that moves a third party", document.payload
        )


__all__ = ["CHECKED", "KIND", "Measure", "Resolution", "content", "name_of", "read", "reader"]
