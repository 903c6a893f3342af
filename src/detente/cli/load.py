"""`detente load`: files become records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.reading import parse_map, source_rows
from detente.cli.verb import Session, Verb
from detente.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.holdings import LoadReport

SHOWN = 20


@click.command(
    cls=Verb,
    example=(
        'detente load people.ftm.json --grounds "case 12/2026" --marking TLP:AMBER --grade B2\n'
        "detente load list.csv --map name=FullName --map birthDate=Born --grounds listed"
    ),
)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE...",
)
@click.option(
    "--grounds", multiple=True, metavar="TEXT", help="Why we hold them, for rows that carry none. Repeatable."
)
@click.option("--marking", default="TLP:AMBER", show_default=True, help="For rows that carry none.")
@click.option("--grade", default="F6", show_default=True, help="Admiralty grade, for rows that carry none.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="PROPERTY=COLUMN",
    help="For CSV: which column holds a property. Repeatable.",
)
@click.option("--schema", default="Person", show_default=True, help="For CSV rows that name none.")
def load(
    session: Session,
    files: tuple[Path, ...],
    grounds: tuple[str, ...],
    marking: str,
    grade: str,
    maps: tuple[str, ...],
    schema: str,
) -> None:
    """Load records from files; each is known by what is in it.

    FollowTheMoney JSON lines, CSV or XLSX with a header, STIX 2.1, MISP events and galaxies, the UN's consolidated list (XML), OFAC's SDN (CSV).

    Says what was added, what changed, and which rows were refused and why. The same file again changes nothing. A record without grounds is never
    matched.
    """
    from detente.node.holdings import Defaults

    mapping = parse_map(maps)
    with session.open() as node:
        defaults = Defaults(grounds, marking, grade)
        reports = [
            node.holdings.load(source_rows(file, mapping, schema), file.name, defaults) for file in files
        ]
    session.show(reports, lambda shown: _tell(shown, reports))
    if not any(report.added + report.changed + report.unchanged for report in reports):
        raise Refused("no row was loaded: see the reasons above")


def _tell(shown: Console, reports: list[LoadReport]) -> None:
    for report in reports:
        shown.print(
            f"{report.file}: {report.added} added, {report.changed} changed, {report.unchanged} unchanged, {len(report.refused)} refused",
            markup=False,
        )
        for refused in report.refused[:SHOWN]:
            shown.print(f"  line {refused.line}: {refused.reason}", markup=False)
        if len(report.refused) > SHOWN:
            shown.print(f"  ... and {len(report.refused) - SHOWN} more; --json lists them all")


__all__ = ["load"]
