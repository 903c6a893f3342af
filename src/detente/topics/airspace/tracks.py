"""Tracks: where an aircraft was said to be, by whom, when, and what is odd about it. They stay at home.

A feed is somebody's word: a track that is stale, or that cannot be true, is marked and kept, never dropped. Whoever sees
an alert sees the marks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from detente.errors import Misuse
from detente.topics.airspace.alerting.projection import EARTH_RADIUS
from detente.topics.airspace.alerting.state import Geodetic, Vector
from detente.topics.airspace.volume import Datum
from detente.wire.instant import LATEST, Instant

NAME_CHARACTERS = 64


class Mark(Enum):
    """What is odd about a track, in words for people."""

    STALE = "not heard of for too long"
    EARLY = "from the future of our clock"
    TIME_BACK = "its time went back"
    TELEPORT = "it moved farther than it can fly"
    TOO_FAST = "it says that it flies faster than it can"
    TOO_STEEP = "it says that it climbs or sinks faster than it can"
    TWO_PLACES = "another source has the same aircraft elsewhere"
    NO_VELOCITY = "it does not say how it moves"
    NO_ALTITUDE = "it does not say how high it is"


@dataclass(frozen=True, slots=True)
class Track:
    """One aircraft by one source, at `time`. Metres and metres a second; `altitude` and `datum` are both None where unknown.

    `id` is as the feed has it, such as an ICAO address in hexadecimal. Raises Misuse for a place off the earth, an
    altitude without a datum, and numbers that are none.
    """

    id: str
    source: str
    place: Geodetic
    altitude: float | None
    datum: Datum | None
    velocity: Vector | None
    time: Instant
    on_ground: bool = False
    marks: frozenset[Mark] = frozenset()

    def __post_init__(self) -> None:
        if not 1 <= len(self.id) <= NAME_CHARACTERS or len(self.source) > NAME_CHARACTERS:
            raise Misuse(f"a track's id has 1 to {NAME_CHARACTERS} characters, its source at most as many")
        if not (self.id.isprintable() and self.source.isprintable()):
            raise Misuse("a track's id and source are printable: no control characters")
        place = self.place
        if not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):  # NaN is refused too
            raise Misuse("a track's latitude is from -90 to 90, its longitude from -180 to 180 degrees")
        if (self.altitude is None) != (self.datum is None):
            raise Misuse("a track's altitude comes with its datum: say WGS84, AMSL or FL")
        v = self.velocity
        numbers = (self.altitude or 0.0, *((v.x, v.y, v.z) if v else ()))
        if not all(math.isfinite(n) and abs(n) < 1e6 for n in numbers) or not 0 <= self.time <= LATEST:
            raise Misuse("a track's altitude, velocity or time is out of range")

    def __repr__(self) -> str:  # tracks never enter logs
        return "Track()"

    @property
    def key(self) -> tuple[str, str]:
        """Which aircraft, by which source."""
        return self.id, self.source

    def marked(self, *marks: Mark) -> Track:
        """This track with more marks."""
        return self if self.marks.issuperset(marks) else replace(self, marks=self.marks | set(marks))


Tracks: TypeAlias = tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a track can be: metres a second, milliseconds, metres. The defaults hold for all that flies and is not a rocket."""

    stale_ms: int = 15_000
    early_ms: int = 5_000
    speed: float = 1_000.0
    climb: float = 300.0
    slack: float = 2_000.0  # what positions of two reports may be off together
    sticky_ms: int = 60_000  # how long an impossible report marks those after it


LIMITS = Limits()

_STICKY = frozenset({Mark.TIME_BACK, Mark.TELEPORT})


@dataclass(frozen=True, slots=True)
class _Followed:
    track: Track
    heard: Instant
    odd: tuple[tuple[Mark, Instant], ...] = ()  # since when it is marked


@dataclass(frozen=True, slots=True)
class Picture:
    """All that feeds have told so far: for each aircraft and source the latest track. A value; `heard` yields the next.

    >>> here = Geodetic(10.0, 20.0)
    >>> picture = Picture().heard([Track("a", "x", here, 3000.0, Datum.AMSL, Vector(100.0, 0.0, 0.0), 1000)], now=1000)
    >>> [sorted(mark.name for mark in track.marks) for track in picture.tracks(now=60_000)]
    [['STALE']]
    """

    limits: Limits = LIMITS
    _followed: tuple[_Followed, ...] = ()

    def heard(self, reports: Iterable[Track], now: Instant) -> Picture:
        """The picture after these reports, in the order in which they came."""
        followed = {each.track.key: each for each in self._followed}
        for report in reports:
            followed[report.key] = _next(followed.get(report.key), report, now, self.limits)
        return replace(self, _followed=tuple(followed.values()))

    def replayed(self, reports: Iterable[Track]) -> Picture:
        """The picture after reports of the past, each taken as heard when it was made."""
        followed = {each.track.key: each for each in self._followed}
        for report in reports:
            followed[report.key] = _next(followed.get(report.key), report, report.time, self.limits)
        return replace(self, _followed=tuple(followed.values()))

    def forgotten(self, before: Instant) -> Picture:
        """The picture without what was last heard of before that instant."""
        return replace(self, _followed=tuple(each for each in self._followed if each.heard >= before))

    def tracks(self, now: Instant) -> Tracks:
        """Every track with its marks as of `now`, in order of id and source."""
        judged = {each.track.key: _judged(each, now, self.limits) for each in self._followed}
        for one, other in _elsewhere(judged.values(), self.limits):
            judged[one] = judged[one].marked(Mark.TWO_PLACES)
            judged[other] = judged[other].marked(Mark.TWO_PLACES)
        return tuple(judged[key] for key in sorted(judged))


def _next(before: _Followed | None, report: Track, now: Instant, limits: Limits) -> _Followed:
    """What is known after a report: the later state, and what the two of them show to be odd."""
    if before is None:
        return _Followed(report, now)
    odd = {mark: since for mark, since in before.odd if now - since <= limits.sticky_ms}
    if report.time < before.track.time:
        odd[Mark.TIME_BACK] = now
        # one report from the future must not shut out all that come after it
        believed = report if before.track.time - now > limits.early_ms else before.track
        return _Followed(believed, now, tuple(odd.items()))
    if not _reachable(before.track, report, limits):
        odd[Mark.TELEPORT] = now
    return _Followed(report, now, tuple(odd.items()))


def _judged(followed: _Followed, now: Instant, limits: Limits) -> Track:
    track, velocity = followed.track, followed.track.velocity
    odd = [mark for mark, since in followed.odd if now - since <= limits.sticky_ms]
    checks = (
        (Mark.STALE, now - track.time > limits.stale_ms),
        (Mark.EARLY, track.time - now > limits.early_ms),
        (Mark.TOO_FAST, velocity is not None and math.hypot(velocity.x, velocity.y) > limits.speed),
        (Mark.TOO_STEEP, velocity is not None and abs(velocity.z) > limits.climb),
        (Mark.NO_VELOCITY, velocity is None),
        (Mark.NO_ALTITUDE, track.altitude is None),
    )
    return track.marked(*odd, *(mark for mark, holds in checks if holds))


def _elsewhere(tracks: Iterable[Track], limits: Limits) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Pairs of tracks of one id that cannot be one aircraft."""
    by_id: dict[str, list[Track]] = {}
    for track in tracks:
        by_id.setdefault(track.id, []).append(track)
    for same in by_id.values():
        for place, one in enumerate(same):
            for other in same[place + 1 :]:
                if not _reachable(one, other, limits):
                    yield one.key, other.key


def _reachable(one: Track, other: Track, limits: Limits) -> bool:
    """Whether one aircraft can have made both reports."""
    seconds = abs(other.time - one.time) / 1000
    if distance(one.place, other.place) > limits.slack + limits.speed * seconds:
        return False
    if one.altitude is None or other.altitude is None or one.datum is not other.datum:
        return True
    return abs(one.altitude - other.altitude) <= limits.slack + limits.climb * seconds


def distance(one: Geodetic, other: Geodetic) -> float:
    """Metres between two places, along the sphere.

    >>> round(distance(Geodetic(0.0, 179.5), Geodetic(0.0, -179.5)))
    111120
    """
    latitude, turned = (
        math.radians(other.latitude - one.latitude),
        math.radians(other.longitude - one.longitude),
    )
    meet = math.cos(math.radians(one.latitude)) * math.cos(math.radians(other.latitude))
    half = math.sin(latitude / 2) ** 2 + meet * math.sin(turned / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(half)))


__all__ = ["LIMITS", "NAME_CHARACTERS", "Limits", "Mark", "Picture", "Track", "Tracks", "distance"]
