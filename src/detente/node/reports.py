"""Reports: taken in from pages, proposed names decided by people, redacted by span, released along with records in swaps and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from detente.ceremonies.items import content_hash
from detente.errors import Misuse, Refused
from detente.node.agreements import Agreements
from detente.node.enclosures import (
    REDACTED,
    SCHEMA,
    TOPIC,
    Enclosed,
    KeptReport,
    Proposed,
    attachment,
    enclosed,
    hidden_words,
    kept_report,
    merged,
    original_mark,
    queue_name,
    queued,
    redacted,
    require_may_go,
)
from detente.node.holdings import Defaults, Holdings, SourceRow, decode_record
from detente.node.items import ItemBook, kept
from detente.node.office import Office
from detente.node.ports import ItemRow, RecordRow, Transaction
from detente.pact.marking import parse_grade, parse_marking
from detente.pact.policy import read_release
from detente.pact.terms import Terms
from detente.topics.names.romanise import normal
from detente.topics.reports.report import Report, read
from detente.topics.topic import Pair, Prepared, Record, Topic
from detente.wire.canonical import canonical
from detente.wire.instant import rfc3339

_MOST_TEXT = 400_000  # characters: what fits into a release, with its header
_RECORDS = {"person": ("people", "Person"), "group": ("groups", "Organization")}
_SHOWN = 8  # records of ours proposed for a name


class Intake(msgspec.Struct, frozen=True):
    """What a page is called, whose it is and how it is handled."""

    file: str
    source: str = ""
    grade: str = "F6"
    marking: str = "TLP:AMBER"


class ReportLine(msgspec.Struct, frozen=True):
    """A report in a list. `undecided` names wait for a person."""

    id: str
    title: str
    published: str
    language: str
    source: str
    grade: str
    marking: str
    undecided: int
    added: str


class NamedView(msgspec.Struct, frozen=True):
    """A name that a report proposes. `number` names it; `candidates` are ids of alias entries and of our records."""

    number: int
    text: str
    kind: str
    candidates: list[str]
    decision: str
    record: str
    by: str


class GoneView(msgspec.Struct, frozen=True):
    """With which record a report goes, or went, to whom. `state` "waiting" until the record's release is drafted, then the item's."""

    peer: str
    record: str
    state: str


class ReportView(msgspec.Struct, frozen=True):
    """A report as a person sees it. `leaves` is the text that would leave; `remains` what was redacted and stands elsewhere in it still."""

    id: str
    title: str
    published: str
    language: str
    source: str
    grade: str
    marking: str
    file: str
    kind: str
    size: int
    sha256: str
    added: str
    text: str
    redactions: list[tuple[int, int]]
    leaves: str
    remains: list[str]
    named: list[NamedView]
    aliases: list[list[str]]
    disputed: list[list[str]]
    released: list[GoneView]


class Reports:
    """The use cases of reports. No name in one becomes a record without a person, and nothing of one leaves without a person's approval."""

    def __init__(self, office: Office, agreements: Agreements, holdings: Holdings, book: ItemBook) -> None:
        self._office, self._agreements, self._holdings, self._book = office, agreements, holdings, book

    # -- taking in

    def add(self, data: bytes, intake: Intake) -> ReportView:
        """Reads a file's page and keeps it as a report; the same file again changes nothing. Raises Misuse for what is no page, has no text, or too much."""
        marking, grade = str(parse_marking(intake.marking)), parse_grade(intake.grade)
        original = self._office.pages.read(data, intake.file)
        ident = f"report:{original.sha256[:16]}"
        with self._office.store.snapshot() as tx:
            if known := tx.records.get(ident):
                _require_kept(known)
                return self._view(tx, known)
            report = read(original.page)
            if not report.text:
                raise Misuse(f"{intake.file} has no text that a report could hold")
            if len(report.text) > _MOST_TEXT:
                raise Misuse(
                    f"{intake.file} is longer than {_MOST_TEXT} characters: add the part that you need"
                )
            named = self._named(tx, report)
        body = KeptReport(
            ident, SCHEMA, _properties(report, intake.file, original.sha256), report.title, report.published or "", report.language,
            report.text, named, report.aliases, report.disputed, intake.source, intake.file, original.sha256, original.kind, original.size,
            self._office.entropy.draw(32).hex(),
        )  # fmt: skip
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            if known := tx.records.get(ident):
                _require_kept(known)
                return self._view(tx, known)
            row = RecordRow(
                ident, TOPIC, SCHEMA, b"", "", self._office.entropy.draw(32), 0, (f"report from {intake.source or intake.file}",), marking, grade,
                f"file:{intake.file}", self._office.clock.now(),
            )  # fmt: skip
            return self._view(tx, self._keep(tx, row, body))

    def listed(self) -> list[ReportLine]:
        """All reports, the newest first."""
        with self._office.store.snapshot() as tx:
            rows = sorted(tx.records.select(TOPIC), key=lambda row: (-row.loaded, row.id))
            return [_line(row) for row in rows]

    def show(self, report: str) -> ReportView:
        """One report by its id or the beginning of it, with what would leave of it."""
        with self._office.store.snapshot() as tx:
            return self._view(tx, self._row(tx, report))

    def erase(self, report: str, request: str) -> str:
        """Shreds a report; the journal says on what request. Drafts that carry it must be withdrawn first. Returns its id."""
        with self._office.store.snapshot() as tx:
            row = self._row(tx, report)
            gone = self._gone(tx, kept_report(row))
            if any(each.state in ("prepared", "approved", "sent") for each in gone):
                raise Refused("a draft carries this report: withdraw it first, `detente swap withdraw`")
        self._holdings.erase(row.id, request)
        return row.id

    # -- names

    def candidates(self, report: str) -> list[NamedView]:
        """The names that a report proposes, and what was decided of them."""
        with self._office.store.snapshot() as tx:
            return _names(kept_report(self._row(tx, report)))

    def accept(
        self,
        report: str,
        number: int,
        by: str,
        *,
        grounds: Sequence[str] = (),
        record: str = "",
        schema: str = "",
    ) -> NamedView:
        """A person accepts a name: as a record of its own, loaded with these grounds, or as `record`, one that we hold. Raises Misuse."""
        if not by.strip():
            raise Misuse("say who decides: --by NAME")
        with self._office.store.snapshot() as tx:
            row = self._row(tx, report)
            body = kept_report(row)
            proposed = _proposed(body, number)
            if record and (held := tx.records.get(record)) is not None and held.topic == TOPIC:
                raise Misuse("a report is no record that a name can stand for")
            if record and (held is None or not held.body):
                raise Misuse(f"no record {record} is held here")
        if not record:
            if not any(ground.strip() for ground in grounds):
                raise Misuse("a record has grounds: --grounds TEXT; or name one that we hold: --record ID")
            record = self._load(row, body, proposed, grounds, schema)
        return self._decide(report, number, "accepted", record, by)

    def dismiss(self, report: str, number: int, by: str) -> NamedView:
        """A person says that a name is nobody's whom we hold or want to hold."""
        if not by.strip():
            raise Misuse("say who decides: --by NAME")
        return self._decide(report, number, "dismissed", "", by)

    # -- leaving

    def redact(
        self, report: str, spans: Sequence[tuple[int, int]], *, everywhere: bool = False, anew: bool = False
    ) -> ReportView:
        """Takes spans of the text (characters, end exclusive) out of what leaves; `everywhere` also where the same words stand again, `anew` in
        place of earlier redactions. Drafts that carry the report follow, and need approval again. Raises Misuse for a span outside the text."""
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            row = self._row(tx, report)
            body = kept_report(row)
            for start, end in spans:
                if not 0 <= start < end <= len(body.text):
                    raise Misuse(
                        f"the span {start}:{end} is not within the text, which has {len(body.text)} characters"
                    )
            wanted = [*([] if anew else body.redactions), *spans]
            if everywhere:
                wanted += [
                    place for start, end in spans for place in _places(body.text, body.text[start:end])
                ]
            changed = self._keep(tx, row, msgspec.structs.replace(body, redactions=merged(wanted)))
            self._follow(tx, changed)
            return self._view(tx, changed)

    def release(self, report: str, peer: str, record: str, *, source: bool = False) -> ReportView:
        """Puts a report to a record of ours: what of it may leave goes along with each release of that record to the peer, in swaps and in
        answers. A draft there is takes it up, and needs approval again. Raises NotAgreed, TooRevealing, Misuse."""
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            row = self._row(tx, report)
            party = self._office.peer(tx, peer).party
            held = tx.records.get(record)
            if held is None or not held.body or held.topic == TOPIC:
                raise Misuse(f"no record {record} is held here that a report could go along with")
            _, terms = self._agreements.in_force(tx, party, "swap")
            require_may_go(terms, row)
            attachment(row, party, source)
            others = [each for each in queued(tx, party, record) if each.report != row.id]
            tx.settings.put(
                queue_name(party, record), msgspec.json.encode([*others, Enclosed(row.id, source)])
            )
            self._enclose_again(tx, terms, party, record)
            along = sorted({*kept_report(row).along, (party, record)})
            return self._view(tx, self._keep(tx, row, msgspec.structs.replace(kept_report(row), along=along)))

    def hold_back(self, report: str, peer: str, record: str) -> ReportView:
        """Takes a report back from a record: it goes along no more, and drafts follow."""
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            row = self._row(tx, report)
            party = self._office.peer(tx, peer).party
            left = [each for each in queued(tx, party, record) if each.report != row.id]
            tx.settings.put(queue_name(party, record), msgspec.json.encode(left))
            self._enclose_again(tx, self._book.terms(tx, party), party, record)
            along = [pair for pair in kept_report(row).along if pair != (party, record)]
            return self._view(tx, self._keep(tx, row, msgspec.structs.replace(kept_report(row), along=along)))

    # -- inside: rows

    def _row(self, tx: Transaction, report: str) -> RecordRow:
        """A report by its id, or the beginning of it with or without "report:"."""
        near = [
            row
            for row in tx.records.select(TOPIC)
            if row.id == report
            or (
                len(report) >= 6 and row.id.removeprefix("report:").startswith(report.removeprefix("report:"))
            )
        ]
        if len(near) != 1:
            raise Misuse(f"no single report {report}; `detente reports list` shows them")
        return near[0]

    def _keep(self, tx: Transaction, row: RecordRow, body: KeptReport) -> RecordRow:
        """Stores a report's body anew, with a journal entry that commits to it."""
        encoded = msgspec.json.encode(body)
        handled = {"grounds": list(row.grounds), "marking": row.marking, "grade": row.grade}
        content = hashlib.sha256(canonical(handled) + encoded).hexdigest()
        changed = msgspec.structs.replace(
            row, body=encoded, content=content, salt=self._office.entropy.draw(32)
        )
        self._holdings.keep(tx, changed)
        stored = tx.records.get(row.id)
        assert stored is not None
        return stored

    def _decide(self, report: str, number: int, decision: str, record: str, by: str) -> NamedView:
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            row = self._row(tx, report)
            body = kept_report(row)
            decided = msgspec.structs.replace(
                _proposed(body, number), decision=decision, record=record, by=by
            )
            named = [decided if at == number else each for at, each in enumerate(body.named, 1)]
            body = msgspec.structs.replace(body, named=named)
            self._keep(tx, row, body)
        return _names(body)[number - 1]

    def _load(
        self, row: RecordRow, body: KeptReport, proposed: Proposed, grounds: Sequence[str], schema: str
    ) -> str:
        """A record of a name, with its other names in the report; handled as the report is."""
        names = next((list(names) for names in body.aliases if proposed.text in names), [])
        others = [name for name in names if name != proposed.text]
        ident = f"{row.id}:{hashlib.sha256(normal(proposed.text).encode()).hexdigest()[:12]}"
        data: dict[str, object] = {
            "id": ident,
            "schema": schema or _RECORDS[proposed.kind][1],
            "properties": {"name": [proposed.text], **({"alias": others} if others else {})},
        }
        defaults = Defaults((*grounds,), row.marking, row.grade)
        done = self._holdings.load([SourceRow(1, data)], row.id, defaults)
        if done.refused:
            raise Misuse(f"the name makes no record: {done.refused[0].reason}")
        return ident

    # -- inside: names

    def _named(self, tx: Transaction, report: Report) -> list[Proposed]:
        """The names of a report, each with the records of ours that it may be, by the topics' own scores."""
        found: dict[int, list[tuple[int, str]]] = {}
        for kind, (name, schema) in _RECORDS.items():
            topic = self._office.topics.get(name)
            if topic is not None:
                asked = {at: named.text for at, named in enumerate(report.named) if named.kind == kind}
                for at, hits in _own(tx, topic, schema, asked, report.aliases).items():
                    found[at] = hits
        return [
            Proposed(
                named.text,
                named.kind,
                [*named.candidates, *(ident for _, ident in sorted(found.get(at, []))[:_SHOWN])],
            )
            for at, named in enumerate(report.named)
        ]

    # -- inside: drafts

    def _follow(self, tx: Transaction, row: RecordRow) -> None:
        """Drafts that carry a report carry it as it is now."""
        for party, record in kept_report(row).along:
            self._enclose_again(tx, self._book.terms(tx, party), party, record)

    @staticmethod
    def _drafts(tx: Transaction, party: str) -> list[ItemRow]:
        return [
            draft
            for state in ("prepared", "approved")
            for draft in tx.items.find(party=party, direction="given", state=state)
        ]

    def _enclose_again(self, tx: Transaction, terms: Terms, party: str, record: str) -> None:
        """Drafts of a record with what goes along now; a draft that changed waits for approval again."""
        for draft in self._drafts(tx, party):
            if draft.record != record:
                continue
            held = tx.records.get(record)
            if held is None:
                continue
            plain = msgspec.structs.replace(
                read_release(draft.plaintext), marking=held.marking, attachments=()
            )
            release = enclosed(tx, terms, party, record, plain)
            if release.encode() == draft.plaintext:
                continue
            known = msgspec.structs.replace(kept(draft), approved_by=[], content=content_hash(release))
            tx.items.put(
                msgspec.structs.replace(
                    draft, state="prepared", marking=release.marking, plaintext=release.encode(), statement=msgspec.json.encode(known)
                )
            )  # fmt: skip

    # -- inside: views

    def _gone(self, tx: Transaction, body: KeptReport) -> list[GoneView]:
        """With which records the report goes, or went, to whom."""
        found: dict[tuple[str, str], GoneView] = {}
        for peer in tx.peers.all():
            for party, record in body.along:
                if party == peer.party:
                    found[party, record] = GoneView(peer.name, record, "waiting")
            mark = original_mark(body, peer.party)
            for item in tx.items.find(party=peer.party, direction="given"):
                carried = read_release(item.plaintext).attachments if item.plaintext else ()
                if item.state != "void" and any(each.sha256 == mark for each in carried):
                    found[peer.party, item.record] = GoneView(peer.name, item.record, item.state)
        return list(found.values())

    def _view(self, tx: Transaction, row: RecordRow) -> ReportView:
        body = kept_report(row)
        leaves = redacted(body.text, body.redactions)
        told = f"{body.title}\n{leaves}".replace(REDACTED, " ").casefold()
        remains = [words for words in hidden_words(body) if words.casefold() in told]
        return ReportView(
            row.id, body.title, body.published, body.language, body.source, row.grade, row.marking, body.file, body.kind, body.size, body.sha256,
            rfc3339(row.loaded), body.text, body.redactions, leaves, remains, _names(body), body.aliases, body.disputed,
            self._gone(tx, body),
        )  # fmt: skip


def _require_kept(row: RecordRow) -> None:
    if not row.body:
        raise Misuse("this page was added before, and its report was erased: it is not added again")


def parse_span(text: str) -> tuple[int, int]:
    """A span as people write it, "120:134": the first character and the one after the last. Raises Misuse.

    >>> parse_span("120:134")
    (120, 134)
    """
    first, colon, last = text.partition(":")
    if not (
        colon and first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and len(text) < 20
    ):
        raise Misuse(f"a span is written A:B, two numbers of characters, not {text!r}")
    return int(first), int(last)


def _line(row: RecordRow) -> ReportLine:
    body = kept_report(row)
    undecided = sum(not each.decision for each in body.named)
    return ReportLine(
        row.id,
        body.title,
        body.published,
        body.language,
        body.source,
        row.grade,
        row.marking,
        undecided,
        rfc3339(row.loaded),
    )


def _names(body: KeptReport) -> list[NamedView]:
    return [
        NamedView(at, each.text, each.kind, each.candidates, each.decision, each.record, each.by)
        for at, each in enumerate(body.named, 1)
    ]


def _proposed(body: KeptReport, number: int) -> Proposed:
    if not 1 <= number <= len(body.named):
        raise Misuse(f"the report proposes {len(body.named)} names; there is no number {number}")
    return body.named[number - 1]


def _properties(report: Report, file: str, sha256: str) -> dict[str, list[str]]:
    """FollowTheMoney's properties of an Article."""
    told = {
        "title": report.title,
        "publishedAt": report.published or "",
        "language": report.language,
        "bodyText": report.text,
        "contentHash": sha256,
        "fileName": file,
    }
    return {name: [value] for name, value in told.items() if value}


def _places(text: str, words: str) -> list[tuple[int, int]]:
    """Every place where words stand in a text."""
    found, at = [], text.find(words)
    while at >= 0:
        found.append((at, at + len(words)))
        at = text.find(words, at + 1)
    return found


def _own(
    tx: Transaction, topic: Topic, schema: str, asked: dict[int, str], aliases: Sequence[Sequence[str]]
) -> dict[int, list[tuple[int, str]]]:
    """For each name the records of ours that it may be: (minus the score, id). One pass over the topic's records."""
    prepared: dict[int, Prepared] = {}
    for at, text in asked.items():
        names = next((list(names) for names in aliases if text in names), [text])
        (prepared[at],) = topic.prepare(
            [Record("name", schema, {"name": tuple(dict.fromkeys([text, *names]))})]
        )
    wanted = {token for each in prepared.values() for token in each.tokens}
    found: dict[int, list[tuple[int, str]]] = {}
    for row in tx.records.select(topic.name) if wanted else ():
        (ours,) = topic.prepare([decode_record(row)])
        if wanted.isdisjoint(ours.tokens):
            continue
        for at, each in prepared.items():
            shared = set(ours.tokens) & set(each.tokens)
            if shared:
                agreed = tuple(sorted(set(ours.values) & set(each.values)))
                said = topic.judge(Pair(tuple(sorted(shared)), each.profile, ours.profile, agreed, True))
                if said.grade is not None:
                    found.setdefault(at, []).append((-said.score, row.id))
    return found
