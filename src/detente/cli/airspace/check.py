"""`detente airspace check`: one's own plans against each other, without a node."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.airspace.reading import FILE, plans_of, reading_options, separation_of, separation_options
from detente.cli.verb import Session, Verb
from detente.errors import Misuse, Unavailable

if TYPE_CHECKING:
    from rich.console import Console

    from detente.topics.airspace.check import Clash
    from detente.topics.airspace.intent import Constraint, Intent
    from detente.topics.airspace.separation import Separation

SHOWN = 20
_OUT: Any = click.Path(path_type=Path, dir_okay=False)


class ClashLine(msgspec.Struct, frozen=True):
    """Two plans that conflict: how far apart they come (0: they overlap), in which band and span they must not both be."""

    one: str
    other: str
    horizontal_m: float
    vertical_m: float
    time_s: float
    altitude_lower_m: float
    altitude_upper_m: float
    altitude_datum: str
    time_start: str
    time_end: str


class Checked(msgspec.Struct, frozen=True):
    """What a check of plans found. `unread`: plans or features that were left out."""

    plans: int
    volumes: int
    unread: int
    conflicts: list[ClashLine]
    seconds: float


@click.command(
    cls=Verb,
    node=False,
    example=(
        "detente airspace check sorties.geojson closed.json --separation-m 9260 --separation-ft 1000 --separation-s 180\n"
        "detente airspace check plans.fpl --fixes points.csv --picture check.svg --geojson check.geojson --json"
    ),
)
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="FILE...")
@separation_options
@reading_options
@click.option(
    "--picture",
    type=_OUT,
    metavar="OUT.svg",
    help="Draw the plans and their conflicts on a map (SVG or PNG).",
)
@click.option(
    "--geojson", type=_OUT, metavar="OUT.geojson", help="Write the plans and their conflicts as GeoJSON."
)
def check(
    session: Session,
    files: tuple[Path, ...],
    separation_m: float,
    separation_ft: float,
    separation_s: float,
    skew_s: float,
    picture: Path | None,
    geojson: Path | None,
    **reading: Any,
) -> None:
    """Which of our own plans conflict with each other?

    FILE is GeoJSON, F3548 JSON, ICAO flight plans (FPL) or tracks as CSV. Nothing leaves this machine. Plans that could not be read
    are told on standard error and were not checked.
    """
    from detente.topics.airspace.check import check as run

    began = time.monotonic()
    separation = separation_of(separation_m, separation_ft, separation_s, skew_s)
    read = plans_of(session, files, **reading)
    plans: list[Intent | Constraint] = []
    for one in read:
        plans += [*one.intents, *one.constraints]
    _check_ids(plans)
    clashes = run(plans, separation)
    lines = [_line(clash, plans) for clash in clashes]
    volumes = sum(len(plan.volumes) for plan in plans)
    checked = Checked(
        len(plans), volumes, sum(len(one.problems) for one in read), lines, round(time.monotonic() - began, 2)
    )
    if geojson is not None or picture is not None:
        _draw(plans, clashes, separation, geojson, picture)
    session.show(checked, lambda shown: _tell(shown, checked))


def _check_ids(plans: Sequence[Intent | Constraint]) -> None:
    seen: set[str] = set()
    for plan in plans:
        if plan.id in seen:
            raise Misuse(f"two files hold a plan with the id {plan.id}: give each its own")
        seen.add(plan.id)


def _line(clash: Clash, plans: Sequence[Intent | Constraint]) -> ClashLine:
    from detente.wire.instant import rfc3339

    how = clash.how
    return ClashLine(
        clash.one, clash.other, how.horizontal_mm / 1000, how.vertical_mm / 1000, how.time_ms / 1000, how.lower_mm / 1000,
        how.upper_mm / 1000, plans[0].volumes[0].datum.value, rfc3339(how.start), rfc3339(how.end),
    )  # fmt: skip


def _draw(
    plans: Sequence[Intent | Constraint],
    clashes: Sequence[Clash],
    separation: Separation,
    geojson: Path | None,
    picture: Path | None,
) -> None:
    from detente.adapters.exports.airspace import write_geojson, write_picture

    try:
        if geojson is not None:
            write_geojson(geojson, plans, clashes, separation)
        if picture is not None:
            write_picture(picture, plans, clashes, separation)
    except OSError as error:
        raise Unavailable(f"the picture could not be written: {error.strerror}") from None


def _tell(shown: Console, checked: Checked) -> None:
    for line in checked.conflicts[:SHOWN]:
        apart = f"{line.horizontal_m:.0f} m apart" if line.horizontal_m else "over the same ground"
        shown.print(
            f"{line.one}  and  {line.other}  {apart}, {line.altitude_lower_m:.0f} to {line.altitude_upper_m:.0f} m {line.altitude_datum},"
            f" {line.time_start} to {line.time_end}",
            markup=False,
        )
    if len(checked.conflicts) > SHOWN:
        shown.print(f"... and {len(checked.conflicts) - SHOWN} more; --json tells them all")
    shown.print(
        f"{checked.plans} plans with {checked.volumes} volumes: {len(checked.conflicts)} conflicts, in {checked.seconds:.1f} s."
    )
    if checked.unread:
        shown.print(f"{checked.unread} could not be read and were NOT checked; standard error says why.")


__all__ = ["check"]
