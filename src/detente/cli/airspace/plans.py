"""`detente airspace plan`: our plans, filed on this node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.airspace.reading import FILE, plans_of, reading_options
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.airspace import PlanView
    from detente.topics.airspace.intent import Intent

SHOWN = 20


class Filed(msgspec.Struct, frozen=True):
    """What came of files of plans. `refused` says which stayed out and why."""

    added: int
    changed: int
    unchanged: int
    refused: list[str]


class Plans(msgspec.Struct, frozen=True):
    """Our plans, by beginning."""

    plans: list[Any]


@click.group(cls=Noun)
def plan() -> None:
    """File our plans, list, show and withdraw them. Nothing of it leaves this node."""


@plan.command(
    cls=Verb,
    example="detente airspace plan add sorties.geojson\ndetente airspace plan add plans.fpl --fixes points.csv --datum WGS84",
)
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@reading_options
def add(session: Session, files: tuple[Path, ...], **reading: Any) -> None:
    """File plans: GeoJSON, F3548 JSON, ICAO flight plans or tracks.

    A plan that is filed again under its id with other content is a new version.
    """
    plans = [intent for one in plans_of(session, files, **reading) for intent in intents_of(one)]
    with session.open() as node:
        report = node.airspace.add(plans, ", ".join(path.name for path in files))
    filed = Filed(report.added, report.changed, report.unchanged, [row.reason for row in report.refused])
    session.show(filed, lambda shown: _tell_filed(shown, filed))
    if filed.refused and not filed.added + filed.changed + filed.unchanged:
        raise Misuse("no plan was filed; correct the file")


def intents_of(plans: Any) -> list[Intent]:
    """The plans of a file; what an authority closes is kept clear like one."""
    from detente.topics.airspace.intent import Intent

    return [*plans.intents, *(Intent(closed.id, closed.volumes) for closed in plans.constraints)]


@plan.command(name="list", cls=Verb, example="detente airspace plan list --json")
def list_plans(session: Session) -> None:
    """List our plans, by beginning."""
    with session.open() as node:
        node.resolutions.apply()
        plans = Plans(list(node.airspace.plans()))
    session.show(plans, lambda shown: _tell(shown, plans.plans))


@plan.command(cls=Verb, example="detente airspace plan show SORTIE-7")
@click.argument("id", metavar="ID")
def show(session: Session, id: str) -> None:
    """Show one plan of ours."""
    with session.open() as node:
        node.resolutions.apply()
        [view] = [view for view in node.airspace.plans() if view.id == node.airspace.plan(id).id]
    session.show(view, lambda shown: _tell(shown, [view]))


@plan.command(cls=Verb, example="detente airspace plan withdraw SORTIE-7")
@click.argument("id", metavar="ID")
def withdraw(session: Session, id: str) -> None:
    """End a plan: it takes part in no further comparison. What was told of it stays told."""
    with session.open() as node:
        view = node.airspace.withdraw(id)
    session.show(view, lambda shown: _tell(shown, [view]))


def _tell_filed(shown: Console, filed: Filed) -> None:
    for reason in filed.refused[:SHOWN]:
        shown.print(f"not filed: {reason}", markup=False)
    shown.print(
        f"{filed.added} plans filed, {filed.changed} new versions, {filed.unchanged} unchanged, {len(filed.refused)} not filed."
    )


def _tell(shown: Console, plans: list[PlanView]) -> None:
    for view in plans:
        shown.print(
            f"{view.id}  {view.state}  priority {view.priority}  {view.start} to {view.end}  {view.lower_m:.0f} to {view.upper_m:.0f} m {view.datum}  "
            f"version {view.version[:12]}",
            markup=False,
        )
    if not plans:
        shown.print("No plan is filed; `detente airspace plan add FILE` files some.")
