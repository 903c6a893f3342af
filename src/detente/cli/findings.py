"""`detente findings`: people look, and decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from detente.cli.talk import by_person, person, with_peer
from detente.cli.verb import Noun, Session, Verb, table

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.runs import FindingView


@click.group(cls=Noun)
def findings() -> None:
    """What runs found: list, show, confirm, dismiss, park."""


@findings.command("list", cls=Verb, example="detente findings list --with South --grade strong --status open")
@with_peer(required=False)
@click.option("--status", type=click.Choice(["open", "confirmed", "dismissed", "parked"]), help="Only these.")
@click.option("--grade", type=click.Choice(["strong", "possible"]), help="Only these.")
@click.option("--run", default="", metavar="RUN", help="Only those of one run.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
def list_(
    session: Session, peer: str, status: str | None, grade: str | None, run: str, limit: int, offset: int
) -> None:
    """List findings, best score first."""
    with session.open() as node:
        found = node.runs.findings(peer, status or "", grade or "", run, limit, offset)
    session.show(found, lambda shown: _tell(shown, found))


@findings.command(cls=Verb, example="detente findings show 3f2a9c")
@click.argument("finding", metavar="ID")
def show(session: Session, finding: str) -> None:
    """Show one finding: our record, what agreed and how much each weighs."""
    with session.open() as node:
        view = node.runs.finding(finding)
    session.show(view, lambda shown: _tell_one(shown, view))


def _decision(verb: str, status: str, summary: str) -> Callable[..., None]:
    @findings.command(
        verb,
        cls=Verb,
        help=summary,
        example=f'detente findings {verb} 3f2a9c --note "same passport" --by "A. Analyst"',
    )
    @click.argument("ids", nargs=-1, required=True, metavar="ID...")
    @click.option("--note", default="", metavar="TEXT", help="Why: kept here, never sent.")
    @by_person
    def decide(session: Session, ids: tuple[str, ...], note: str, by: str | None) -> None:
        who = person(by)
        with session.open() as node:
            views = [node.runs.decide(each, status, who, note) for each in ids]
        session.show(views, lambda shown: _tell(shown, views))

    return decide


confirm = _decision(
    "confirm", "confirmed", "Confirm findings: the same, says a person. Only then can a swap be prepared."
)
dismiss = _decision("dismiss", "dismissed", "Dismiss findings: not the same.")
park = _decision("park", "parked", "Park findings: decide later.")


def _tell(shown: Console, found: list[FindingView]) -> None:
    rows = [(f.id[:12], f"{f.score:.4f}", f.grade, f.status, f.peer, _name(f)) for f in found]
    table(shown, ("id", "score", "grade", "status", "peer", "our record"), rows, "No findings.")


def _tell_one(shown: Console, view: FindingView) -> None:
    shown.print(
        f"{view.id}\n{view.grade}, probability {view.score:.4f}, {view.status}, with {view.peer}",
        markup=False,
    )
    for what, bits in view.because:
        shown.print(f"  {bits:+7.1f} bits  {what}", markup=False)
    shown.print(f"our record {view.record}", markup=False)
    for name, values in view.ours.items():
        shown.print(f"  {name}: {'; '.join(values)}", markup=False)
    if view.decided_by:
        shown.print(f"decided by {view.decided_by}{': ' + view.note if view.note else ''}", markup=False)


def _name(view: FindingView) -> str:
    return next(iter(view.ours.get("name", ())), view.record)


__all__ = ["findings"]
