"""`detente airspace alert`: an encounter told second by second, without a node."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
import msgspec

from detente.cli.verb import Session, Verb
from detente.errors import Misuse

if TYPE_CHECKING:
    from detente.topics.airspace.alerting.alerter import Configuration
    from detente.topics.airspace.alerting.encounter import Row

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT: Any = click.Path(path_type=Path, dir_okay=False)
_VOLUMES = ("cd3d", "do365b", "tcas")


class AlertLine(msgspec.Struct, frozen=True):
    """One traffic at one time. Times in seconds, null where not within the look-ahead; distances in metres."""

    time: float
    ownship: str
    traffic: str
    alerter: int
    level: int
    enters: tuple[float | None, ...]
    range: float
    height: float
    closure: float
    climb: float
    miss: float
    miss_up: float
    nearest: float
    passing: float
    coaltitude: float | None
    taumod: float | None


class Told(msgspec.Struct, frozen=True):
    """What `--out` wrote."""

    file: str
    rows: int
    alerts: int
    gravest: int


@click.command(
    cls=Verb,
    node=False,
    example=(
        "detente airspace alert encounter.daa --volume do365b\n"
        "detente airspace alert encounter.daa --config DO_365B.conf --out alerts.csv"
    ),
)
@click.argument("encounter", type=_FILE, metavar="FILE.daa")
@click.option(
    "--volume",
    type=click.Choice(_VOLUMES),
    help="A volume from a published standard; cd3d if neither is given.",
)
@click.option(
    "--config", type=_FILE, metavar="FILE.conf", help="A configuration of DAIDALUS version 2, read whole."
)
@click.option(
    "--ownship", default="", metavar="NAME", help="Whose alerts; else the first aircraft of the file."
)
@click.option("--out", type=_OUT, metavar="FILE", help="Write the rows there.")
def alert(
    session: Session, encounter: Path, volume: str | None, config: Path | None, ownship: str, out: Path | None
) -> None:
    """Alert levels and times to violation, a row for each time and pair, as CSV (or JSON with --json)."""
    from detente.adapters.formats import daa
    from detente.topics.airspace.alerting.encounter import in_moments, rows

    configuration = _configuration(session, volume, config)
    with _open(encounter) as lines:
        read = daa.read(lines)
    for note in read.notes:
        session.note(f"note: {encounter.name}: {note}")
    moments = in_moments(read.states, ownship)
    told = list(rows(moments, configuration))
    if not told:
        session.note("note: no time has both the ownship and traffic: no rows")
    if out is None:
        _write(session, told, configuration)
        return
    try:
        with out.open("w", encoding="utf-8", newline="\n") as file:
            _write_to(file, session.json, told, configuration)
    except OSError as error:
        raise Misuse(f"{out} can't be written: {error.strerror}") from None
    levels = [row.verdict.level for row in told]
    summary = Told(str(out), len(told), sum(1 for level in levels if level), max(levels, default=0))
    session.show(
        summary,
        lambda shown: shown.print(
            f"{summary.file}: {summary.rows} rows, {summary.alerts} with an alert, gravest level {summary.gravest}",
            markup=False,
        ),
    )


def _configuration(session: Session, volume: str | None, config: Path | None) -> Configuration:
    from detente.adapters.formats import daa_conf
    from detente.topics.airspace.alerting.standards import configuration

    if volume and config:
        raise Misuse("--volume and --config say the same thing: give one of them")
    if config is None:
        return configuration(volume or _VOLUMES[0])
    with _open(config) as lines:
        read = daa_conf.read(lines)
    for note in read.notes:
        session.note(f"note: {config.name}: {note}")
    return read.configuration


def _open(path: Path) -> TextIO:
    # what is no UTF-8 becomes a character that no number and no key has
    return path.open(encoding="utf-8", errors="replace", newline=None)


def _write(session: Session, told: list[Row], configuration: Configuration) -> None:
    _write_to(sys.stdout, session.json, told, configuration)


def _write_to(file: TextIO, as_json: bool, told: list[Row], configuration: Configuration) -> None:
    from detente.adapters.formats import alerts_csv

    if as_json:
        file.write(msgspec.json.encode(_structs(told)).decode() + "\n")
        return
    for line in alerts_csv.lines(told, configuration):
        file.write(line + "\n")


def _structs(told: Iterable[Row]) -> list[AlertLine]:
    return [
        AlertLine(
            row.time, row.ownship, row.traffic, row.verdict.alerter, row.verdict.level, row.verdict.enters, row.range,
            row.height, row.closure, row.climb, row.miss, row.miss_up, row.nearest, row.passing, row.level, row.tau,
        )
        for row in told
    ]  # fmt: skip


__all__ = ["alert"]
