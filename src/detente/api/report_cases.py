"""Reports over REST: rows of the table of use cases. A page comes as its bytes, in base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.errors import Misuse
from detente.node.node import Node
from detente.node.reports import Intake, NamedView, ReportLine, ReportView, parse_span

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class NoReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page to take in: `data` its bytes in base64, `file` what it was called."""

    file: str
    data: str
    source: str = ""
    grade: str = "F6"
    marking: str = "TLP:AMBER"


class WhichReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report by its id, or by the beginning of it."""

    report: str


class DecidingName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's decision on a name: a new record with `grounds`, an existing `record`, or dismissed."""

    report: str
    number: int
    accept: bool
    by: str
    grounds: list[str] = []
    record: str = ""
    schema: str = ""


class RedactingSpans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Spans "A:B" of a report's text, to be taken out of what leaves."""

    report: str
    spans: list[str]
    everywhere: bool = False
    anew: bool = False


class ReleasingReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report, and the record of ours with whose releases to a peer it goes along."""

    report: str
    peer: str
    record: str
    source: bool = False


class ErasingReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report to erase, and on what request."""

    report: str
    request: str


class ErasedReport(msgspec.Struct, frozen=True):
    """The id of what was erased."""

    id: str


def _add(node: Node, r: NewReport) -> ReportView:
    try:
        data = base64.b64decode(r.data, validate=True)
    except (binascii.Error, ValueError):
        raise Misuse("`data` is the page's bytes in base64") from None
    return node.reports.add(data, Intake(r.file, r.source, r.grade, r.marking))


def _decide(node: Node, r: DecidingName) -> NamedView:
    if r.accept:
        return node.reports.accept(
            r.report, r.number, r.by, grounds=r.grounds, record=r.record, schema=r.schema
        )
    return node.reports.dismiss(r.report, r.number, r.by)


def _redact(node: Node, r: RedactingSpans) -> ReportView:
    spans = [parse_span(span) for span in r.spans]
    return node.reports.redact(r.report, spans, everywhere=r.everywhere, anew=r.anew)


REPORT_CASES: tuple[Row, ...] = (
    (
        "reports", "list", "GET", NoReport, list[ReportLine], lambda n, r: n.reports.listed(),
        "The reports that were taken in, the newest first.",
    ),
    ("reports", "add", "POST", NewReport, ReportView, _add, "Reads a page and keeps it as a report."),
    (
        "reports", "show", "GET", WhichReport, ReportView, lambda n, r: n.reports.show(r.report),
        "One report, with what would leave of it.",
    ),
    (
        "reports", "candidates", "GET", WhichReport, list[NamedView], lambda n, r: n.reports.candidates(r.report),
        "The names that a report proposes, and what was decided of them.",
    ),
    ("reports", "decide", "POST", DecidingName, NamedView, _decide, "A person accepts or dismisses a name."),
    ("reports", "redact", "POST", RedactingSpans, ReportView, _redact, "Takes spans out of what leaves of a report."),
    (
        "reports", "release", "POST", ReleasingReport, ReportView,
        lambda n, r: n.reports.release(r.report, r.peer, r.record, source=r.source),
        "Puts a report to a record: it goes along with each release of that record to the peer.",
    ),
    (
        "reports", "hold", "POST", ReleasingReport, ReportView,
        lambda n, r: n.reports.hold_back(r.report, r.peer, r.record), "Takes a report back from a record.",
    ),
    (
        "reports", "erase", "POST", ErasingReport, ErasedReport,
        lambda n, r: ErasedReport(n.reports.erase(r.report, r.request)), "Erases a report for good.",
    ),
)  # fmt: skip

__all__ = ["REPORT_CASES"]
