"""`detente airspace tracks`: what feeds say, what is odd about it, and who comes too near whom; in the clear, without a node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.verb import Session, Verb, table
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.topics.airspace.alerting.volume import Cylinder
    from detente.topics.airspace.alerting.wellclear import WellClear
    from detente.topics.airspace.tracks import Track

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
PROBLEMS_SHOWN = 20


class TrackLine(msgspec.Struct, frozen=True):
    """One track: its last state as the feed has it. `age` in seconds, altitude in metres above `datum`."""

    id: str
    source: str
    age: float
    latitude: float
    longitude: float
    altitude: float | None
    datum: str | None
    marks: list[str]


class AlertLine(msgspec.Struct, frozen=True):
    """A pair that comes too near, in `enters` seconds. Metres; heights null where the altitudes cannot be compared."""

    ours: str
    theirs: str
    enters: float
    leaves: float
    range: float
    height: float | None
    nearest: float
    miss: float
    miss_height: float | None
    marks: list[str]


class Seen(msgspec.Struct, frozen=True):
    """What the feeds show at one instant."""

    at: str
    ours: list[TrackLine]
    theirs: list[TrackLine]
    alerts: list[AlertLine]
    problems: int


@click.command(
    cls=Verb,
    node=False,
    example=(
        "detente airspace tracks roof.sbs\n"
        "detente airspace tracks ours.csv theirs.json --volume wellclear --at 2026-11-22T19:45:00Z"
    ),
)
@click.argument("ours", type=_FILE, metavar="OURS")
@click.argument("theirs", type=_FILE, metavar="THEIRS", required=False)
@click.option("--volume", type=click.Choice(("cd3d", "wellclear")), default="cd3d", show_default=True)
@click.option("--ahead", type=click.FloatRange(0, 3600), default=180.0, show_default=True, metavar="SECONDS")
@click.option(
    "--at", "at", default="", metavar="TIME", help="RFC 3339 with its offset; else the last report's time."
)
@click.option(
    "--utc-offset", type=click.IntRange(-840, 840), default=0, metavar="MINUTES",
    help="How far an SBS-1 receiver's clock is ahead of UTC.",
)  # fmt: skip
def tracks(
    session: Session, ours: Path, theirs: Path | None, volume: str, ahead: float, at: str, utc_offset: int
) -> None:
    """Show the tracks of feeds (SBS-1, OpenSky JSON, CSV) with what is odd about them, and alerts between OURS and THEIRS."""
    from detente.adapters.formats.airspace.plan import moment_us
    from detente.topics.airspace.live import alerts
    from detente.topics.airspace.tracks import Picture
    from detente.wire.instant import rfc3339

    ours_read, ours_bad = _reports(session, ours, utc_offset)
    theirs_read, theirs_bad = _reports(session, theirs, utc_offset) if theirs else ([], 0)
    reports = ours_read + theirs_read
    if not reports:
        raise Misuse("the feeds hold no track: see to it that they are SBS-1, OpenSky's JSON or CSV")
    now = moment_us(at) // 1000 if at else max(report.time for report in reports)
    one, other = (
        Picture().replayed(report for report in side if not at or report.time <= now).tracks(now)
        for side in (ours_read, theirs_read)
    )
    found = alerts(one, other, _volume(volume), now, ahead)
    seen = Seen(
        rfc3339(now),
        [_line(track, now) for track in one],
        [_line(track, now) for track in other],
        [
            AlertLine(
                a.ours, a.theirs, a.enters, a.leaves, a.range, a.height, a.nearest, a.miss, a.miss_height,
                sorted(mark.value for mark in a.our_marks | a.their_marks),
            )
            for a in found
        ],
        ours_bad + theirs_bad,
    )  # fmt: skip
    session.show(seen, lambda shown: _tell(shown, seen, theirs is not None))


def _reports(session: Session, path: Path, utc_offset: int) -> tuple[list[Track], int]:
    """A feed's reports; what is none is told on standard error with its place."""
    from detente.adapters.formats.rows import Problem
    from detente.adapters.formats.tracks import read_tracks

    reports, bad = [], 0
    for report in read_tracks(path, utc_offset_minutes=utc_offset):
        if not isinstance(report, Problem):
            reports.append(report)
            continue
        bad += 1
        if bad <= PROBLEMS_SHOWN:
            session.note(f"{path.name}:{report.line}: {report.reason}")
    if bad > PROBLEMS_SHOWN:
        session.note(f"{path.name}: {bad - PROBLEMS_SHOWN} more that are no tracks")
    return reports, bad


def _volume(name: str) -> Cylinder | WellClear:
    from detente.topics.airspace.alerting.standards import LOSS_OF_SEPARATION, WELL_CLEAR

    return LOSS_OF_SEPARATION if name == "cd3d" else WELL_CLEAR


def _line(track: Track, now: int) -> TrackLine:
    return TrackLine(
        track.id, track.source, (now - track.time) / 1000, track.place.latitude, track.place.longitude, track.altitude,
        track.datum.value if track.datum else None, sorted(mark.value for mark in track.marks),
    )  # fmt: skip


def _tell(shown: Console, seen: Seen, compared: bool) -> None:
    from rich.markup import escape

    shown.print(f"at {seen.at}", markup=False)
    rows = [
        (side, escape(t.id), escape(t.source), f"{t.age:.0f} s", "?" if t.altitude is None else f"{t.altitude:.0f} m {t.datum}",
         "; ".join(t.marks) or "-")
        for side, lines in (("ours", seen.ours), ("theirs", seen.theirs))
        for t in lines
    ]  # fmt: skip
    table(shown, ("side", "track", "source", "age", "altitude", "odd"), rows, "No tracks.")
    if compared:
        alerts = [
            (escape(a.ours), escape(a.theirs), f"{a.enters:.0f} s", f"{a.range / 1852:.2f} NM",
             "cannot be compared" if a.height is None else f"{a.height / 0.3048:.0f} ft", "; ".join(a.marks) or "-")
            for a in seen.alerts
        ]  # fmt: skip
        table(shown, ("ours", "theirs", "in", "apart", "height", "odd"), alerts, "Nobody comes too near.")


__all__ = ["tracks"]
