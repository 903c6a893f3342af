"""Alerts between two sides' tracks, from states in the clear: who will be too near whom, and when.

Both sides are told the same: a pair is looked at on the plane that is level half-way between both, and no figure depends
on which side asks. Tracks are carried on to `now` along their great circles. Altitudes of different datums are never
compared: such a pair, or one of which an altitude is unknown, counts as level, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detente import kernel
from detente.errors import Misuse, Refused
from detente.topics.airspace.alerting.projection import AHEAD, EARTH_RADIUS
from detente.topics.airspace.alerting.state import MOTIONLESS
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import TimeVariable, WellClear
from detente.topics.airspace.tracks import LIMITS, Mark, Track
from detente.topics.airspace.volume import Datum
from detente.wire.instant import Instant

Floats = NDArray[np.float64]

LOOKAHEAD = 180.0
CARRIED_ON = 60.0
"""Seconds: a track is carried on by no more than this. Where it is after that nobody knows; it is marked stale long before."""

MOST_TRACKS = 20_000
MOST_ALERTS = 100_000

_FOUND = np.dtype([("ours", "<u4"), ("theirs", "<u4"), ("enters", "<f8"), ("leaves", "<f8")])


@dataclass(frozen=True, slots=True)
class Alert:
    """A pair that is in the volume, or will be. Seconds from `at`, metres; heights None where they cannot be compared.

    `range` and `height` are the separations now, `miss` and `miss_height` those at the nearest point, `nearest` when that is.
    """

    ours: str
    theirs: str
    at: Instant
    enters: float
    leaves: float
    range: float = field(repr=False)
    height: float | None = field(repr=False)
    nearest: float
    miss: float = field(repr=False)
    miss_height: float | None = field(repr=False)
    our_marks: frozenset[Mark] = frozenset()
    their_marks: frozenset[Mark] = frozenset()

    @property
    def level_is_assumed(self) -> bool:
        """Whether the altitudes could not be compared, so that the pair counts as level."""
        return self.height is None


def alerts(
    ours: Sequence[Track],
    theirs: Sequence[Track],
    volume: Cylinder | WellClear,
    now: Instant,
    lookahead: float = LOOKAHEAD,
) -> list[Alert]:
    """Every pair of one of ours and one of theirs that is in the volume within `lookahead` seconds, the soonest first.

    Aircraft on the ground count like others. Raises Misuse for a volume without a fast search (well clear by another
    variable than modified tau) and Refused for more tracks or alerts than can be shown to anybody.
    """
    if max(len(ours), len(theirs)) > MOST_TRACKS:
        raise Refused(f"at most {MOST_TRACKS} tracks a side are compared at once: compare a part of the sky")
    shape = _shape(volume)
    one, other = _columns(ours, now), _columns(theirs, now)
    our_marks, their_marks = ([_marks(track, now) for track in tracks] for tracks in (ours, theirs))
    found: list[Alert] = []
    for mine, yours, comparable in _groups(one.datums, other.datums):
        a, b = one.rows(mine, comparable), other.rows(yours, comparable)
        pairs = _search(a, b, shape, lookahead, MOST_ALERTS - len(found))
        which = mine[pairs["ours"]].tolist(), yours[pairs["theirs"]].tolist()
        when = pairs["enters"].tolist(), pairs["leaves"].tolist()
        for i, j, enters, leaves, apart, high, nearest, miss, miss_high in zip(
            *which, *when, *_figures(a, b, pairs, comparable), strict=True
        ):
            found.append(
                Alert(
                    ours[i].id, theirs[j].id, now, enters, leaves, apart, high, nearest, miss, miss_high,
                    our_marks[i], their_marks[j],
                )
            )  # fmt: skip
    return sorted(found, key=lambda alert: (alert.enters, alert.nearest, alert.ours, alert.theirs))


@dataclass(frozen=True, slots=True)
class _Shape:
    distance: float
    height: float
    soon: float
    level: float
    open: bool


def _shape(volume: Cylinder | WellClear) -> _Shape:
    if isinstance(volume, Cylinder):
        return _Shape(volume.distance, volume.height, 0.0, 0.0, True)
    if volume.variable is not TimeVariable.TAUMOD:
        raise Misuse("live alerts know the cylinder and well clear by modified tau: choose one of them")
    return _Shape(volume.dthr, volume.zthr, volume.tthr, volume.tcoa, False)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Tracks as the kernel takes them: place and velocity around the earth's centre, altitude, climb."""

    values: Floats
    datums: NDArray[np.int64]  # 0: no altitude

    def rows(self, which: NDArray[np.int64], comparable: bool) -> Floats:
        chosen = self.values[which]
        if not comparable:
            chosen[:, 6:] = 0.0
        return np.ascontiguousarray(chosen)


_DATUMS: dict[Datum | None, int] = {None: 0, **{datum: number for number, datum in enumerate(Datum, 1)}}


def _columns(tracks: Sequence[Track], now: Instant) -> _Columns:
    still = (0.0, 0.0, 0.0)
    said = np.array(
        [
            (t.place.latitude, t.place.longitude, t.altitude or 0.0, t.time,
             *((t.velocity.x, t.velocity.y, t.velocity.z) if t.velocity else still))
            for t in tracks
        ],
        dtype=np.float64,
    ).reshape(len(tracks), 7)  # fmt: skip
    datums = np.array([_DATUMS[t.datum] for t in tracks], dtype=np.int64)
    age = np.clip((now - said[:, 3]) / 1000, 0.0, CARRIED_ON)
    up, forward, speed = _around(np.radians(said[:, 0]), np.radians(said[:, 1]), said[:, 4], said[:, 5])
    place = _along(up, forward, speed * age / EARTH_RADIUS)
    then = _along(up, forward, speed * (age + AHEAD) / EARTH_RADIUS)
    values = np.empty((len(tracks), 8), dtype="<f8")
    values[:, :3] = EARTH_RADIUS * place
    values[:, 3:6] = EARTH_RADIUS / AHEAD * (then - place)
    values[:, 6] = said[:, 2] + age * said[:, 6]
    values[:, 7] = said[:, 6]
    return _Columns(values, datums)


def _around(
    latitude: Floats, longitude: Floats, east: Floats, north: Floats
) -> tuple[Floats, Floats, Floats]:
    """Unit vectors from the earth's centre up to each place and forward along its track, and its speed over the ground."""
    sin_lat, cos_lat, sin_lon, cos_lon = (
        np.sin(latitude),
        np.cos(latitude),
        np.sin(longitude),
        np.cos(longitude),
    )
    speed = np.hypot(east, north)
    moving = np.where(speed > 0, speed, 1.0)
    e, n = east / moving, north / moving
    up = np.stack((cos_lat * cos_lon, cos_lat * sin_lon, sin_lat), axis=1)
    forward = np.stack(
        (-sin_lon * e - sin_lat * cos_lon * n, cos_lon * e - sin_lat * sin_lon * n, cos_lat * n), axis=1
    )
    return up, forward, speed


def _along(up: Floats, forward: Floats, arc: Floats) -> Floats:
    return up * np.cos(arc)[:, None] + forward * np.sin(arc)[:, None]


def _groups(
    ours: NDArray[np.int64], theirs: NDArray[np.int64]
) -> Iterable[tuple[NDArray[np.int64], NDArray[np.int64], bool]]:
    """Which of ours are compared with which of theirs at once, and whether their altitudes can be."""
    for datum in np.unique(ours):
        mine = np.flatnonzero(ours == datum)
        same = (theirs == datum) & (datum != 0)
        for yours, comparable in ((np.flatnonzero(same), True), (np.flatnonzero(~same), False)):
            if len(yours):
                yield mine, yours, comparable


def _search(a: Floats, b: Floats, shape: _Shape, lookahead: float, most: int) -> NDArray[np.void]:
    try:
        rows = kernel.airspace_conflicts(
            a.tobytes(), b.tobytes(), distance=shape.distance, height=shape.height, soon=shape.soon,
            level=shape.level, ahead=lookahead, open=shape.open, most=most,
        )  # fmt: skip
    except ValueError as error:
        if "more pairs" in str(error):
            raise Refused(
                f"more than {MOST_ALERTS} pairs are in conflict: narrow the volume or the look-ahead"
            ) from None
        raise Misuse(str(error)) from None
    return np.frombuffer(rows, dtype=_FOUND)


def _figures(
    a: Floats, b: Floats, pairs: NDArray[np.void], comparable: bool
) -> tuple[Sequence[float], Sequence[float | None], Sequence[float], Sequence[float], Sequence[float | None]]:
    """Range and height now, when they are nearest, and both then, a column each; no heights where they can't be compared."""
    one, other = a[pairs["ours"]], b[pairs["theirs"]]
    s, v, middle = one[:, :3] - other[:, :3], one[:, 3:6] - other[:, 3:6], one[:, :3] + other[:, :3]
    level = v - middle * (np.sum(v * middle, axis=1) / np.sum(middle * middle, axis=1))[:, None]
    speed = np.sum(level * level, axis=1)
    moving = speed > MOTIONLESS
    ahead = np.maximum(0.0, -np.sum(s * level, axis=1) / np.where(moving, speed, 1.0))
    nearest = np.where(moving, ahead, 0.0)
    apart, passing = np.linalg.norm(s, axis=1), np.linalg.norm(s + nearest[:, None] * level, axis=1)
    unknown: list[float | None] = [None] * len(pairs)
    if not comparable:
        return apart.tolist(), unknown, nearest.tolist(), passing.tolist(), unknown
    z, climb = one[:, 6] - other[:, 6], one[:, 7] - other[:, 7]
    high, then = np.abs(z), np.abs(z + nearest * climb)
    return apart.tolist(), high.tolist(), nearest.tolist(), passing.tolist(), then.tolist()


def _marks(track: Track, now: Instant) -> frozenset[Mark]:
    """The track's marks, and those that its time alone gives it."""
    if now - track.time > LIMITS.stale_ms:
        return track.marks | {Mark.STALE}
    if track.time - now > LIMITS.early_ms:
        return track.marks | {Mark.EARLY}
    return track.marks


__all__ = ["CARRIED_ON", "LOOKAHEAD", "MOST_ALERTS", "MOST_TRACKS", "Alert", "alerts"]
