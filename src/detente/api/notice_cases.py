"""The rows of the table for notices, the hotline and incident reports: the same as `detente airspace notice`, `hotline` and `incident`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.node.incidents import IncidentView
from detente.node.node import Node
from detente.node.notices import HotlineView, NoticeForm, NoticeView
from detente.pact.incident import Track
from detente.pact.notices import Field

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class NoTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class AtPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer: its name, its party id or the beginning of it."""

    peer: str


class AtAnyPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer, or "" for all."""

    peer: str = ""


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to tell a peer."""

    peer: str
    notice: NoticeForm


class WhichNotice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice by its id, or by at least six digits of it."""

    id: str


class ReadingBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice of the peer's, its fields as they were understood, and who read them back."""

    id: str
    fields: dict[Field, str]
    by: str


class IncidentForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report as TOML, as `template` gives it, and the files of ours that are attached: name, size, SHA-256."""

    peer: str
    toml: str
    tracks: list[Track] = []


class OfIncident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report with a peer, by name."""

    peer: str
    name: str


class OfIncidents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Reports with a peer, or of a name; "" is any."""

    peer: str = ""
    name: str = ""


class SigningIncident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report to sign; with files of ours it goes back with them attached."""

    peer: str
    name: str
    tracks: list[Track] = []


class ReportText(msgspec.Struct, frozen=True):
    """A text, or the hash of what was signed."""

    value: str


NOTICE_CASES: tuple[Row, ...] = (
    ("notice", "send", "POST", Telling, NoticeView, lambda n, r: n.notices.send(r.peer, r.notice),
     "Tells a peer what went wrong or is planned; positions are rounded outward to what is agreed."),
    ("notice", "list", "GET", AtAnyPeer, list[NoticeView], lambda n, r: n.notices.listed(r.peer),
     "Notices, newest first, each with whether it was given in time."),
    ("notice", "show", "GET", WhichNotice, NoticeView, lambda n, r: n.notices.show(r.id), "One notice, with both clocks."),
    ("notice", "readback", "POST", ReadingBack, NoticeView, lambda n, r: n.notices.read_back(r.id, r.fields, r.by),
     "A person reads a notice of the peer's back; both see where it differs."),
    ("hotline", "log", "GET", AtAnyPeer, list[HotlineView], lambda n, r: n.notices.hotline(r.peer),
     "What was said on the line, and which test calls were missed."),
    ("hotline", "test", "POST", AtPeer, NoticeView, lambda n, r: n.notices.call(r.peer), "Makes a test call."),
    ("incident", "template", "GET", NoTerms, ReportText, lambda n, r: ReportText(n.incidents.template()), "A form to edit, as TOML."),
    ("incident", "draft", "POST", IncidentForm, IncidentView, lambda n, r: n.incidents.draft(r.peer, r.toml, r.tracks),
     "Keeps a report as the draft; nothing is sent."),
    ("incident", "propose", "POST", OfIncident, ReportText, lambda n, r: ReportText(n.incidents.propose(r.peer, r.name)),
     "Signs the draft and proposes it; gives its hash."),
    ("incident", "sign", "POST", SigningIncident, ReportText, lambda n, r: ReportText(n.incidents.sign(r.peer, r.name, r.tracks)),
     "Signs what the peer proposed, or sends it back with our tracks; gives the hash."),
    ("incident", "show", "GET", OfIncidents, list[IncidentView], lambda n, r: n.incidents.show(r.peer, r.name),
     "What is in force, proposed or drafted, and what each side attached."),
    ("incident", "export", "GET", OfIncident, ReportText, lambda n, r: ReportText(n.incidents.export(r.peer, r.name)),
     "One report as Markdown, languages side by side."),
)  # fmt: skip

__all__ = ["NOTICE_CASES"]
