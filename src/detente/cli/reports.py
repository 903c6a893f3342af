"""`detente reports`: pages become reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.verb import Noun, Session, Verb

if TYPE_CHECKING:
    from rich.console import Console

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


__all__ = ["reports"]
