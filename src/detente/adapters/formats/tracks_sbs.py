"""SBS-1 BaseStation text: a message a line, as receivers of Mode S and ADS-B send them on port 30003.

A position (message 2 or 3) makes a track; velocity and ground flag come from the aircraft's other messages, if they are not
too old. Altitudes are pressure altitudes. The clock is the receiver's own, and the format does not say its offset from UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from detente.adapters.formats.rows import Problem
from detente.errors import Misuse
from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum
from detente.wire.instant import Instant

FOOT, KNOT, FEET_A_MINUTE = 0.3048, 1852 / 3600, 0.3048 / 60
MEMORY_MS = 10_000
"""How long a velocity stands for the positions after it."""

MOST_AIRCRAFT = 50_000
_FIELDS = 22
_KINDS = (b"MSG,", b"SEL,", b"ID,", b"AIR,", b"STA,", b"CLK,")
_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_message(start: bytes) -> bool:
    """Whether a file that begins so is one of these."""
    return start.startswith(_KINDS)


@dataclass(frozen=True, slots=True)
class _Known:
    """What an aircraft said in messages without a position."""

    velocity: Vector | None = None
    at: Instant = 0
    on_ground: bool = False


def read(lines: Iterable[str], source: str, *, utc_offset_minutes: int = 0) -> Iterator[Track | Problem]:
    """A track for each position, in order; a Problem for a line that is none of the format's.

    >>> line = "MSG,3,1,1,4CA2B6,1,2026/11/22,19:42:13.123,2026/11/22,19:42:13.200,,37000,,,51.45,-1.02,,,0,0,0,0"
    >>> [track.time for track in read([line], "roof")]
    [1795376533123]
    """
    if abs(utc_offset_minutes) > 14 * 60:
        raise Misuse("a clock is at most 14 hours from UTC")
    offset = timedelta(minutes=utc_offset_minutes)
    known: dict[str, _Known] = {}
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line.split(",")]
        if cells == [""] or cells[0] in ("SEL", "ID", "AIR", "STA", "CLK"):
            continue  # what the receiver's user did, and its own state
        try:
            track = _message(cells, source, offset, known)
        except Misuse as error:
            yield Problem(number, str(error))
            continue
        if track is not None:
            yield track


def _message(cells: Sequence[str], source: str, offset: timedelta, known: dict[str, _Known]) -> Track | None:
    """The track that a message makes, if it has a position; else what it says is kept for the next one."""
    if cells[0] != "MSG" or len(cells) != _FIELDS or cells[1] not in "12345678" or len(cells[1]) != 1:
        raise Misuse("this is no BaseStation message of 22 fields")
    if not _HEX.fullmatch(cells[4]):
        raise Misuse("the aircraft's address is not of six hexadecimal digits")
    id, at = cells[4].lower(), _instant(cells[6], cells[7], offset)
    before = known.get(id, _Known())
    now = _Known(
        *((velocity, at) if (velocity := _velocity(cells)) else (before.velocity, before.at)),
        on_ground=before.on_ground if cells[21] == "" else cells[21] not in ("0", "false"),
    )
    if id not in known and len(known) >= MOST_AIRCRAFT:
        raise Misuse(f"more than {MOST_AIRCRAFT} aircraft in one feed: this address is one too many")
    known[id] = now
    if cells[1] not in "23":
        return None
    latitude, longitude = _number(cells[14], "latitude"), _number(cells[15], "longitude")
    if latitude is None or longitude is None:
        return None  # a position message before the receiver could decode where
    altitude = _number(cells[11], "altitude")
    return Track(
        id=id,
        source=source,
        place=Geodetic(latitude, longitude),
        altitude=None if altitude is None else altitude * FOOT,
        datum=None if altitude is None else Datum.FL,
        velocity=now.velocity if abs(at - now.at) <= MEMORY_MS else None,
        time=at,
        on_ground=now.on_ground,
    )


def _velocity(cells: Sequence[str]) -> Vector | None:
    speed, track = _number(cells[12], "ground speed"), _number(cells[13], "track")
    if speed is None or track is None:
        return None
    climb = _number(cells[16], "vertical rate") or 0.0
    turn = math.radians(track)
    return Vector(speed * KNOT * math.sin(turn), speed * KNOT * math.cos(turn), climb * FEET_A_MINUTE)


def _instant(day: str, clock: str, offset: timedelta) -> Instant:
    for form in ("%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S"):
        try:
            local = datetime.strptime(f"{day} {clock}", form).replace(tzinfo=UTC)
            return (local - _EPOCH - offset) // timedelta(milliseconds=1)
        except (ValueError, OverflowError):
            continue
    raise Misuse("the time of generation is not like 2026/11/22 and 19:42:13.123")


def _number(cell: str, what: str) -> float | None:
    """The number of a cell, None where it is empty."""
    if cell == "":
        return None
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        value = math.nan
    if not abs(value) < 1e9:
        raise Misuse(f"the {what} is no number")
    return value


__all__ = ["MEMORY_MS", "is_message", "read"]
