"""Files of plans, as commands read them: what can't be read is told on standard error with its place, and nothing is passed over silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from detente.cli.verb import Session
from detente.errors import Misuse

if TYPE_CHECKING:
    from detente.adapters.formats.airspace import Plans
    from detente.topics.airspace.separation import Separation

PROBLEMS_SHOWN = 20
FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
PLAIN: dict[str, Any] = {
    "datum": None, "geoid": None, "fixes": None, "beside_m": 9260.0, "above_m": 304.8, "around_s": 300.0,
}  # fmt: skip
"""What `plans_of` takes where a command has no `reading_options`."""
F = TypeVar("F", bound=Callable[..., Any])


def reading_options(command: F) -> F:
    """--datum, --geoid, --fixes and the margins: what reading plans may need."""
    for option in reversed(
        (
            click.option(
                "--datum",
                type=click.Choice(("WGS84", "AMSL", "FL")),
                help="Convert all altitudes to this datum, or refuse what can't be.",
            ),
            click.option(
                "--geoid",
                type=FILE,
                help="A geoid grid (GeographicLib's PGM, or CSV lat, lon, undulation_m): heights above sea level need it.",
            ),
            click.option(
                "--fixes",
                type=FILE,
                help="Points that flight plans name: CSV name, lat, lon[, airway, sequence].",
            ),
            click.option(
                "--beside-m",
                type=float,
                default=9260.0,
                show_default=True,
                help="Half width of routes and tracks.",
            ),
            click.option(
                "--above-m",
                type=float,
                default=304.8,
                show_default=True,
                help="Air above and below routes and tracks.",
            ),
            click.option(
                "--around-s",
                type=float,
                default=300.0,
                show_default=True,
                help="Seconds before and after on routes and tracks.",
            ),
        )
    ):
        command = option(command)
    return command


def separation_options(command: F) -> F:
    """--separation-m, --separation-ft, --separation-s and --skew-s."""
    for option in reversed(
        (
            click.option(
                "--separation-m", type=float, default=0.0, help="Metres that plans must keep between them."
            ),
            click.option(
                "--separation-ft", type=float, default=0.0, help="Feet that they must keep in height."
            ),
            click.option(
                "--separation-s", type=float, default=0.0, help="Seconds that they must keep in time."
            ),
            click.option("--skew-s", type=float, default=0.0, help="Seconds by which clocks may differ."),
        )
    ):
        command = option(command)
    return command


def plans_of(
    session: Session,
    paths: Sequence[Path],
    *,
    datum: str | None,
    geoid: Path | None,
    fixes: Path | None,
    beside_m: float,
    above_m: float,
    around_s: float,
) -> list[Plans]:
    """The plans of each file. Problems and notes go to standard error. Raises Misuse where a file holds none."""
    from detente.adapters.formats.airspace import Margins, read_fixes, read_geoid, read_plans
    from detente.topics.airspace.volume import Datum

    if not all(value == value and abs(value) < 1e9 for value in (beside_m, above_m, around_s)):
        raise Misuse("margins are numbers of metres and seconds")
    margins = Margins(beside_m, above_m, round(around_s * 1000))
    grid = read_geoid(geoid) if geoid else None
    table = read_fixes(fixes) if fixes else None
    made = []
    for path in paths:
        plans = read_plans(
            path, datum=Datum(datum) if datum else None, geoid=grid, fixes=table, margins=margins
        )
        lines = [*plans.problems, *plans.notes]
        for line in lines[:PROBLEMS_SHOWN]:
            session.note(f"{path}, {line.line}: {line.reason}")
        if len(lines) > PROBLEMS_SHOWN:
            session.note(
                f"{path}: {len(plans.problems)} could not be read, {len(plans.notes)} were mended; {PROBLEMS_SHOWN} are shown"
            )
        if not plans.intents and not plans.constraints:
            raise Misuse(f"{path} holds no plan that can be read")
        made.append(plans)
    return made


def separation_of(
    separation_m: float, separation_ft: float, separation_s: float, skew_s: float
) -> Separation:
    """The separation of the options: horizontal in metres, vertical in feet. Raises Misuse."""
    from detente.topics.airspace.separation import Separation

    if not all(
        value == value and abs(value) < 1e9 for value in (separation_m, separation_ft, separation_s, skew_s)
    ):
        raise Misuse("a separation is a number of metres, feet or seconds")
    return Separation(
        round(separation_m * 1000),
        round(separation_ft * 304.8),
        round(separation_s * 1000),
        round(skew_s * 1000),
    )
