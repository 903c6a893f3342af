"""Incident reports: what happened, signed by both, with both sides' tracks attached by hash. spec/notices, "Incident reports".

    {title, languages, heading: {en, ru}, place: {en, ru}, begin, end, conflict, notices: [id],
     tracks: {party: [{file, bytes, sha256}]}, entries: {"p1": {text: {en, ru}}, …}}

The files stay with the side that attached them. Each side attaches its own, and nobody else's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from detente.errors import Malformed, Misuse, Refused
from detente.pact.bilingual import (
    Hash,
    Language,
    Shape,
    Texts,
    Title,
    in_order,
    require_distinct,
    require_languages,
    require_plain,
    shaped,
)
from detente.pact.document import Document
from detente.pact.joint import Content, same
from detente.wire.instant import Instant, parse_rfc3339

KIND: Final = "incident"
MAX_FORM: Final = 1 << 19
_PARAGRAPH: Final = re.compile(r"p[1-9][0-9]{0,2}")
_Instant = Annotated[str, Meta(max_length=24)]

TEMPLATE: Final = """\
# A report on an incident in the air, signed by both. Each text stands in all its languages.
name = "incident-2026-11-23"  # which incident; a later version keeps the name
title = "Near miss of 23 November 2026"
begin = "2026-11-23T10:00:00.000Z"
end = "2026-11-23T10:05:00.000Z"
conflict = ""                 # the id of the conflict that was told before, if any
notices = []                  # ids of the notices that were given

[heading]
en = "Report on the incident of 23 November 2026"
ru = "Отчёт об инциденте 23 ноября 2026 года"

[place]
en = "30 km east of the lake, between 900 and 1500 m"
ru = "30 км к востоку от озера, на высоте от 900 до 1500 м"

[[paragraph]]
en = "An aircraft of each side came nearer to the other than was agreed."
ru = "Воздушные суда сторон сблизились на расстояние меньше согласованного."
"""


class Track(Shape, frozen=True):
    """A file that a side keeps: its name there, its size and its SHA-256."""

    file: Title
    bytes: Annotated[int, Meta(ge=0, le=1 << 50)]
    sha256: Hash


class Paragraph(Shape, frozen=True):
    text: Texts


class Incident(Shape, frozen=True):
    """The content of a report. `tracks` are each party's own."""

    title: Title
    languages: Annotated[tuple[Language, ...], Meta(min_length=2, max_length=6)]
    heading: Texts
    place: Texts
    begin: _Instant
    end: _Instant
    conflict: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    notices: Annotated[tuple[Hash, ...], Meta(max_length=200)]
    tracks: Annotated[
        dict[Hash, Annotated[tuple[Track, ...], Meta(max_length=200)]], Meta(min_length=2, max_length=2)
    ]
    entries: Annotated[dict[str, Paragraph], Meta(min_length=1, max_length=200)]

    def paragraphs(self) -> Iterator[tuple[str, Paragraph]]:
        """Slugs and paragraphs in their order: p1, p2, … p10."""
        yield from sorted(self.entries.items(), key=lambda each: int(each[0][1:]))


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    title: str
    begin: str
    end: str
    heading: dict[str, str]
    place: dict[str, str]
    paragraph: list[dict[str, str]]
    conflict: str = ""
    notices: list[str] = []


def read_form(text: str, ours: str, theirs: str) -> tuple[str, dict[str, Any]]:
    """Name and content of a report that people wrote as TOML, without tracks yet. Raises Misuse.

    >>> read_form(TEMPLATE, "1" * 64, "2" * 64)[1]["languages"]
    ['en', 'ru']
    """
    if len(text) > MAX_FORM:
        raise Misuse(f"a form of {len(text)} characters; at most {MAX_FORM} are read")
    try:
        form = msgspec.convert(tomllib.loads(text), _Form)
    except (tomllib.TOMLDecodeError, RecursionError, msgspec.ValidationError) as problem:
        raise Misuse(f"this is no form of an incident report: {problem}") from None
    entries = {f"p{number}": {"text": words} for number, words in enumerate(form.paragraph, 1)}
    return form.name, {
        "title": form.title, "languages": list(form.heading), "heading": form.heading, "place": form.place, "begin": form.begin,
        "end": form.end, "conflict": form.conflict, "notices": form.notices, "tracks": {ours: [], theirs: []}, "entries": entries,
    }  # fmt: skip


def read_incident(content: Mapping[str, Any], parties: Sequence[str]) -> Incident:
    """The report in a document's content. Raises Malformed, saying what is not in order."""
    found = shaped(content, Incident, "an incident report")
    require_distinct(found.languages)
    require_plain(found.title, "the title")
    require_languages(found.heading, found.languages, "the heading")
    require_languages(found.place, found.languages, "the place")
    if parse_rfc3339(found.begin) > parse_rfc3339(found.end):
        raise Malformed("an incident that ends before it begins")
    if set(found.tracks) != set(parties):
        raise Malformed("an incident report has tracks for each of the two parties and for nobody else")
    for track in (track for tracks in found.tracks.values() for track in tracks):
        require_plain(track.file, "the name of a file")
    for slug, paragraph in found.entries.items():
        if not _PARAGRAPH.fullmatch(slug):
            raise Malformed("a paragraph is named p1, p2 and so on")
        require_languages(paragraph.text, found.languages, f"the paragraph {slug}")
    return found


def reader(document: Document, now: Instant) -> None:
    """Returns if a document's content is an incident report; raises Malformed."""
    read_incident(document.content, document.parties)


def own_word(base: Content | None, proposed: Content, by: str, said: Sequence[Content]) -> None:
    """Returns if `by` attaches no tracks but its own; raises Refused. What the other attached stands in `base` or in what it `said`.

    >>> own_word(None, {"tracks": {"ours": [], "theirs": [{"file": "a"}]}}, "ours", [])
    Traceback (most recent call last):
    detente.errors.Refused: only the other party attaches its tracks, or takes them out
    """
    new = _others(proposed, by)
    if not any(same(new, _others(each, by)) for each in (base or {}, *said)):
        raise Refused("only the other party attaches its tracks, or takes them out")


def _others(content: Content, by: str) -> dict[str, Any]:
    tracks = content.get("tracks")
    kept = tracks.items() if isinstance(tracks, Mapping) else ()
    return {party: attached for party, attached in kept if party != by and attached}


def with_tracks(content: Content, party: str, tracks: Sequence[Track]) -> dict[str, Any]:
    """The content with these tracks added to a party's own; the same file twice is one."""
    attached = dict(content["tracks"])
    fresh = {track.sha256: msgspec.to_builtins(track) for track in tracks}
    known = {each["sha256"] for each in attached[party]}
    attached[party] = [*attached[party], *(each for sha, each in fresh.items() if sha not in known)]
    return {**content, "tracks": attached}


def incident_markdown(incident: Incident, names: Mapping[str, str], note: str = "") -> str:
    """The report, languages side by side, with what each side attached."""
    languages = incident.languages
    rows = [("", incident.heading), ("place", incident.place)]
    rows += [(slug[1:], paragraph.text) for slug, paragraph in incident.paragraphs()]
    lines = [_row([mark, *(_cell(words) for _, words in in_order(texts, languages))]) for mark, texts in rows]
    lines.insert(1, _row(["---"] * (len(languages) + 1)))
    lines += ["", f"{incident.begin} to {incident.end}"]
    lines += [f"\nConflict `{incident.conflict}`"] if incident.conflict else []
    lines += [f"\nNotice `{each}`" for each in incident.notices]
    for party, tracks in sorted(incident.tracks.items()):
        lines.append(f"\nTracks of {_cell(names.get(party, party[:8]))}: {len(tracks) or 'none attached'}\n")
        lines += [f"- {_cell(track.file)}, {track.bytes} bytes, sha256 `{track.sha256}`" for track in tracks]
    return "\n".join([*lines, *(["", _cell(note)] if note else []), ""])


def _cell(words: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", words).replace("\n", "<br>")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


__all__ = [
    "KIND",
    "TEMPLATE",
    "Incident",
    "Track",
    "incident_markdown",
    "own_word",
    "read_form",
    "read_incident",
    "reader",
    "with_tracks",
]
