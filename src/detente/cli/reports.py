"""`detente reports`: pages become reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import by_person, person, with_peer
from detente.cli.verb import Noun, Session, Verb, table
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.reports import ReportView

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)


class NamedView(msgspec.Struct, frozen=True):
    """A name in the text, "person" or "group"; `candidates` are ids of the alias table's entries, and of our own records where there is a node."""

    text: str
    kind: str
    candidates: list[str]


class ReadView(msgspec.Struct, frozen=True):
    """What a page says. `aliases`: sets of names that stand for one; `disputed`: statements that would join what the alias table tells apart."""

    title: str
    published: str | None
    language: str
    text: str
    named: list[NamedView]
    aliases: list[list[str]]
    disputed: list[list[str]]
    source: str
    grade: str
    sha256: str


@click.group(cls=Noun)
def reports() -> None:
    """Reports: what pages say, whom they name, and what of it we release."""


@reports.command(
    cls=Verb,
    node=False,
    example="detente reports read page.txt --json\ndetente reports read statement.pdf --source 'the ministry' --grade B2",
)
@click.argument("file", type=_FILE)
@click.option("--source", default="", metavar="NAME", help="Whose page it is.")
@click.option(
    "--grade", default="F6", show_default=True, help="Admiralty grade of the source and of what it says."
)
def read(session: Session, file: Path, source: str, grade: str) -> None:
    """Read a page: its text without the furniture, title, date, language, and whom it names. Needs no node, keeps nothing.

    FILE is text copied from a browser, HTML or PDF, in English, French, Russian or Arabic. Names are proposals: no record comes of them without a person.
    """
    from detente.adapters.pages import read_page
    from detente.pact.marking import parse_grade
    from detente.topics.reports.report import read as read_report

    checked = parse_grade(grade)
    original = read_page(file)
    report = read_report(original.page)
    view = ReadView(
        report.title,
        report.published,
        report.language,
        report.text,
        [NamedView(named.text, named.kind, named.candidates) for named in report.named],
        report.aliases,
        report.disputed,
        source,
        checked,
        original.sha256,
    )
    session.show(view, lambda shown: _tell_read(shown, view))


def _tell_read(shown: Console, view: ReadView) -> None:
    for label, value in (("title", view.title), ("published", view.published), ("language", view.language)):
        shown.print(f"{label}: {value or '-'}", markup=False)
    shown.print()
    shown.print(view.text or "(no text)", markup=False)
    shown.print()
    for named in view.named:
        shown.print(f"{named.kind:7} {named.text}  {' '.join(named.candidates)}".rstrip(), markup=False)
    for names in view.aliases:
        shown.print(f"one:     {' = '.join(names)}", markup=False)
    for names in view.disputed:
        shown.print(f"disputed: {' = '.join(names)} (the alias table tells them apart)", markup=False)


@reports.command(
    cls=Verb,
    example="detente reports add page.html --source 'the ministry' --grade B2 --marking TLP:AMBER\n"
    "detente reports add copied.txt --source 'a newspaper' --grade C3 --json",
)
@click.argument("file", type=_FILE)
@click.option(
    "--source", required=True, metavar="NAME", help="Whose page it is. It leaves only with --with-source."
)
@click.option(
    "--grade", default="F6", show_default=True, help="Admiralty grade of the source and of what it says."
)
@click.option(
    "--marking", default="TLP:AMBER", show_default=True, metavar="LABELS", help="How it may be handled."
)
def add(session: Session, file: Path, source: str, grade: str, marking: str) -> None:
    """Read a page and keep it as a report, with the names that it proposes. The file itself is not kept: its hash is."""
    from detente.adapters.pages import read_bytes
    from detente.node.reports import Intake

    data = read_bytes(file)
    with session.open() as node:
        view = node.reports.add(data, Intake(file.name, source, grade, marking))
    session.show(view, lambda shown: _tell_report(shown, view))


@reports.command(cls=Verb, name="list", example="detente reports list --json")
def list_(session: Session) -> None:
    """List the reports, the newest first, and how many names in each wait for a person."""
    with session.open() as node:
        lines = node.reports.listed()
    columns = ("report", "published", "language", "grade", "marking", "undecided", "title")
    rows = [
        (_short(x.id), x.published, x.language, x.grade, x.marking, x.undecided, _cut(x.title)) for x in lines
    ]
    session.show(
        lines, lambda shown: table(shown, columns, rows, "No reports; `detente reports add` takes one in.")
    )


@reports.command(cls=Verb, example="detente reports show 3f2a9c81")
@click.argument("report")
def show(session: Session, report: str) -> None:
    """Show a report, the text that would leave of it, and with which records it goes or went to whom."""
    with session.open() as node:
        view = node.reports.show(report)
    session.show(view, lambda shown: _tell_report(shown, view))


@reports.command(
    cls=Verb,
    example="detente reports candidates 3f2a9c81\n"
    'detente reports candidates 3f2a9c81 --accept 2 --grounds "case 12/2026"\n'
    "detente reports candidates 3f2a9c81 --accept 3 --record p-117\n"
    "detente reports candidates 3f2a9c81 --dismiss 1",
)
@click.argument("report")
@click.option(
    "--accept",
    type=click.IntRange(min=1),
    metavar="N",
    help="Accept name N: as a record of its own, or as --record.",
)
@click.option("--dismiss", type=click.IntRange(min=1), metavar="N", help="Dismiss name N.")
@click.option("--grounds", multiple=True, metavar="TEXT", help="Why we hold the new record. Repeatable.")
@click.option("--record", default="", metavar="ID", help="The record of ours that the name stands for.")
@click.option(
    "--schema", default="", metavar="SCHEMA", help="Of the new record; else Person or Organization."
)
@by_person
def candidates(
    session: Session,
    report: str,
    accept: int | None,
    dismiss: int | None,
    grounds: tuple[str, ...],
    record: str,
    schema: str,
    by: str | None,
) -> None:
    """Show the people and groups that a report names, and decide on one: no name becomes a record otherwise."""
    if accept is not None and dismiss is not None:
        raise Misuse("accept or dismiss one name at a time")
    with session.open() as node:
        if accept is not None:
            node.reports.accept(report, accept, person(by), grounds=grounds, record=record, schema=schema)
        if dismiss is not None:
            node.reports.dismiss(report, dismiss, person(by))
        found = node.reports.candidates(report)
    columns = ("number", "kind", "name", "may be", "decision", "record", "by")
    rows = [(x.number, x.kind, x.text, ", ".join(x.candidates), x.decision, x.record, x.by) for x in found]
    session.show(found, lambda shown: table(shown, columns, rows, "The report names nobody."))


@reports.command(
    cls=Verb,
    example="detente reports redact 3f2a9c81 --span 120:134\n"
    "detente reports redact 3f2a9c81 --span 120:134 --span 300:312 --everywhere\n"
    "detente reports redact 3f2a9c81 --anew",
)
@click.argument("report")
@click.option(
    "--span", "spans", multiple=True, metavar="A:B",
    help="Characters of the text as `show --json` gives it: the first, and the one after the last. Repeatable.",
)  # fmt: skip
@click.option("--everywhere", is_flag=True, help="Also where the same words stand again.")
@click.option("--anew", is_flag=True, help="In place of earlier redactions; alone it lifts them all.")
def redact(session: Session, report: str, spans: tuple[str, ...], everywhere: bool, anew: bool) -> None:
    """Take spans of the text out of what leaves. Drafts that carry the report follow, and need approval again."""
    from detente.node.reports import parse_span

    wanted = [parse_span(span) for span in spans]
    if not wanted and not anew:
        raise Misuse("say what to take out: --span A:B; or lift what was, with --anew")
    with session.open() as node:
        view = node.reports.redact(report, wanted, everywhere=everywhere, anew=anew)
    session.show(view, lambda shown: _tell_report(shown, view))


@reports.command(cls=Verb, example="detente reports release 3f2a9c81 --with South --record p-117")
@click.argument("report")
@with_peer()
@click.option(
    "--record", required=True, metavar="ID", help="The record of ours with whose releases it goes along."
)
@click.option("--with-source", is_flag=True, help="Tell the peer whose page it was.")
def release(session: Session, report: str, peer: str, record: str, with_source: bool) -> None:
    """Put a report to a record: its redacted text goes along with each release of that record to the peer, in swaps and in answers.

    What leaves is text under a header written anew, never the file. A draft that there is takes it up, and needs approval again:
    `detente swap approve`. Needs an agreement with `attachments = true`.
    """
    with session.open() as node:
        view = node.reports.release(report, peer, record, source=with_source)
    session.show(view, lambda shown: _tell_report(shown, view))


@reports.command(cls=Verb, example="detente reports hold 3f2a9c81 --with South --record p-117")
@click.argument("report")
@with_peer()
@click.option("--record", required=True, metavar="ID", help="The record that it went along with.")
def hold(session: Session, report: str, peer: str, record: str) -> None:
    """Take a report back from a record: it goes along no more."""
    with session.open() as node:
        view = node.reports.hold_back(report, peer, record)
    session.show(view, lambda shown: _tell_report(shown, view))


@reports.command(cls=Verb, example='detente reports erase 3f2a9c81 --request "the court asked"')
@click.argument("report")
@click.option("--request", required=True, metavar="TEXT", help="On what request; the journal says so.")
def erase(session: Session, report: str, request: str) -> None:
    """Erase a report for good. What has left already is recalled with `detente recall`."""
    with session.open() as node:
        ident = node.reports.erase(report, request)
    session.show({"erased": ident}, lambda shown: shown.print(f"{ident} is erased.", markup=False))


def _tell_report(shown: Console, view: ReportView) -> None:
    head = (
        ("report", _short(view.id)), ("title", view.title), ("published", view.published), ("language", view.language), ("source", view.source),
        ("handling", f"{view.grade} {view.marking}"), ("file", f"{view.file} ({view.kind}, {view.size} bytes, SHA-256 {view.sha256})"),
    )  # fmt: skip
    for label, value in head:
        shown.print(f"{label}: {value or '-'}", markup=False)
    shown.print()
    shown.print(view.leaves, markup=False)
    shown.print()
    undecided = sum(not named.decision for named in view.named)
    shown.print(
        f"{len(view.named)} names, {undecided} undecided: `detente reports candidates {_short(view.id)}`",
        markup=False,
    )
    for words in view.remains:
        shown.print(
            f"redacted, and still there elsewhere: {words!r}; --everywhere takes it out", markup=False
        )
    for gone in view.released:
        shown.print(f"with record {gone.record} to {gone.peer}: {gone.state}", markup=False)


def _short(report: str) -> str:
    return report.removeprefix("report:")[:12]


def _cut(title: str, most: int = 60) -> str:
    return title if len(title) <= most else title[: most - 1] + "…"


__all__ = ["reports"]
