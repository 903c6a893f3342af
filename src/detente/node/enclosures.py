"""Reports as the node keeps them, and what of one goes along with a release: redacted text under a header that we write anew.

A report is kept like a record (topic "reports"): sealed under a key of its own, committed to in the journal, erased by its key. Its original stays where it
was; what is kept of it is its hash. What leaves is never a file: characters that were read, less the spans a person took out.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec

from detente.errors import Misuse, NotAgreed, TooRevealing
from detente.node.ports import RecordRow, Transaction
from detente.pact.agreement import marking_allowed
from detente.pact.marking import Marking, parse_marking
from detente.pact.policy import MAX_RELEASE, Attachment, Release
from detente.pact.terms import Terms

TOPIC = "reports"
SCHEMA = "Article"
REDACTED = "[redacted]"  # of one length, whatever it stands for
_TITLE, _TEXT, _MOST = (
    500,
    1 << 19,
    16,
)  # what an attachment holds at most, and a release of them (spec/exchange)


class Proposed(msgspec.Struct, frozen=True):
    """A person or group that the text names. `decision` "", "accepted" (it stands for `record`) or "dismissed"."""

    text: str
    kind: str
    candidates: list[str] = []
    decision: str = ""
    record: str = ""
    by: str = ""


class KeptReport(msgspec.Struct, frozen=True):
    """A report's body. `salt` keeps what stands for the original from being tried against guesses; `redactions` are spans of `text`."""

    id: str
    schema: str
    properties: dict[str, list[str]]
    title: str
    published: str
    language: str
    text: str
    named: list[Proposed]
    aliases: list[list[str]]
    disputed: list[list[str]]
    source: str
    file: str
    sha256: str
    kind: str
    size: int
    salt: str
    redactions: list[tuple[int, int]] = []
    along: list[tuple[str, str]] = []  # (party, record) whose releases it goes along with

    def __repr__(self) -> str:  # reports never enter logs
        return f"KeptReport({self.id})"


class Enclosed(msgspec.Struct, frozen=True):
    """Which report goes along with each release of a record to a party. `source`: its source is told."""

    report: str
    source: bool = False


def kept_report(row: RecordRow) -> KeptReport:
    """The report in a row."""
    return msgspec.json.decode(row.body, type=KeptReport)


def redacted(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with each span replaced by one mark; spans that touch are one.

    >>> redacted("Anna told Ivan of it", [(0, 4), (10, 14)])
    '[redacted] told [redacted] of it'
    """
    out, at = [], 0
    for start, end in merged(spans):
        out += [text[at:start], REDACTED]
        at = end
    return "".join([*out, text[at:]])


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that overlap or touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((start, end))
    return out


def hidden_words(report: KeptReport) -> list[str]:
    """What the redactions took out, each once, the longest first."""
    taken = {report.text[start:end].strip() for start, end in merged(report.redactions)}
    return sorted((words for words in taken if words), key=lambda words: (-len(words), words))


def attachment(row: RecordRow, party: str, with_source: bool) -> Attachment:
    """What of a report goes to a party: title, header and redacted text, and what stands for the original.

    The header is ours, member by member. The hash of the original would let whoever has the redacted text try words in the gaps: what goes is an HMAC
    under a salt of the report, other for each party, which we can open later.
    """
    report = kept_report(row)
    title, source = report.title, report.source
    for words in hidden_words(report):
        title, source = title.replace(words, REDACTED), source.replace(words, REDACTED)
    header = {
        "Title": title,
        "Published": report.published,
        "Language": report.language,
        "Source": source if with_source else "",
        "Grade": row.grade,
        "Marking": row.marking,
    }
    lines = [f"{name}: {value}" for name, value in header.items() if value]
    text = "\n".join(lines) + "\n\n" + redacted(report.text, report.redactions)
    if len(text) > _TEXT:
        raise Misuse(
            f"report {report.id} is longer than {_TEXT} characters: redact what it is not needed for"
        )
    return Attachment(title[:_TITLE], original_mark(report, party), text)


def original_mark(report: KeptReport, party: str) -> str:
    """What stands for the original towards a party, in hex."""
    key = bytes.fromhex(report.salt)
    return hmac.new(key, f"detente/original/1 {party} {report.sha256}".encode(), hashlib.sha256).hexdigest()


def queue_name(party: str, record: str) -> str:
    """Where it is noted which reports go along with a record."""
    return f"enclosed.{party}.{record}"


def queued(tx: Transaction, party: str, record: str) -> list[Enclosed]:
    """The reports that go along with each release of a record to a party."""
    kept = tx.settings.get(queue_name(party, record))
    return msgspec.json.decode(kept, type=list[Enclosed]) if kept else []


def enclosed(tx: Transaction, terms: Terms, party: str, record: str, release: Release) -> Release:
    """A release with the reports that a person put to its record, under the strictest of their markings.

    Raises NotAgreed where no reports may go along, TooRevealing for a marking that may not leave.
    """
    rows = [(tx.records.get(each.report), each.source) for each in queued(tx, party, record)]
    found = [(row, source) for row, source in rows if row is not None and row.body]
    if not found:
        return msgspec.structs.replace(release, attachments=())
    marking = parse_marking(release.marking)
    for row, _ in found:
        require_may_go(terms, row)
        marking = _stricter(marking, parse_marking(row.marking))
    if len(found) > _MOST:
        raise Misuse(f"at most {_MOST} reports go along with one release")
    parts = tuple(attachment(row, party, source) for row, source in found)
    whole = msgspec.structs.replace(release, attachments=parts, marking=str(marking))
    if len(whole.encode()) > MAX_RELEASE:
        raise Misuse("the reports of this release are too long together: send some with another record")
    return whole


def require_may_go(terms: Terms, row: RecordRow) -> None:
    """Raises NotAgreed where no reports may go along, TooRevealing where this one is marked higher than was agreed."""
    way = "hold it back with `detente reports hold`"
    if not terms.swap.attachments:
        raise NotAgreed(
            f"the agreement lets no report texts go along: agree on `attachments = true`, or {way}"
        )
    marking = parse_marking(row.marking)
    if not marking_allowed(terms, marking):
        raise TooRevealing(f"a report marked {marking} may not be released under this agreement: {way}")


def _stricter(one: Marking, two: Marking) -> Marking:
    """The labels of both that let fewer people see and do less."""
    first, second = Marking(one.tlp), Marking(two.tlp)
    tlp = second.tlp if first.weaker_than(second) else first.tlp
    pap = two.pap if Marking(tlp, one.pap).weaker_than(Marking(tlp, two.pap)) else one.pap
    return Marking(tlp, pap)
