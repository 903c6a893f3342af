"""TCAS II's resolution advisory as a volume ("A TCAS-II Resolution Advisory Detection Algorithm", AIAA 2013).

An advisory is due while modified tau is at most TAU (or the range at most DMOD once they part), and the altitudes are
within ZTHR or will meet within TCOA; with the filter, only where the horizontal miss distance is at most HMD. The
thresholds go by the sensitivity level, which goes by the ownship's altitude.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

from detente.topics.airspace.alerting.interval import ALWAYS, Interval, below_zero
from detente.topics.airspace.alerting.state import Relative
from detente.topics.airspace.alerting.volume import near
from detente.topics.airspace.alerting.wellclear import level_with


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The thresholds of one sensitivity level: `tau`, `tcoa` in seconds; `dmod`, `zthr`, `hmd` in metres."""

    tau: float
    tcoa: float
    dmod: float
    zthr: float
    hmd: float


@dataclass(frozen=True, slots=True)
class Advisory:
    """TCAS II: `levels[i]` holds below `floors[i]` (metres, rising) and from the floor before; the last above all floors.

    `filtered` says whether encounters with a large miss distance are left out.
    """

    floors: tuple[float, ...]
    levels: tuple[Sensitivity, ...]
    filtered: bool

    def conflict(self, pair: Relative, until: float) -> Interval | None:
        """When an advisory is due between now and `until` seconds: from the first to the last instant of it."""
        found = [
            due
            for level, span in self._spans(pair, until)
            if (due := _due(level, pair, self.filtered)) and (due := due.within(span))
        ]
        return Interval(found[0].enters, max(due.leaves for due in found)) if found else None

    def tau(self, pair: Relative) -> float | None:
        """None: the column of modified tau is the well-clear volumes'."""
        return None

    def _at(self, altitude: float) -> int:
        return bisect_right(self.floors, altitude)

    def _spans(self, pair: Relative, until: float) -> list[tuple[Sensitivity, Interval]]:
        """Which level holds when, as the ownship climbs or descends through the floors."""
        if pair.climb == 0 or until <= 0:
            return [(self.levels[self._at(pair.altitude)], Interval(0.0, until))]
        crossings = sorted(
            t for floor in self.floors if 0 < (t := (floor - pair.altitude) / pair.climb) < until
        )
        edges = [0.0, *crossings, until]
        return [
            (self.levels[self._at(pair.altitude + pair.climb * (start + end) / 2)], Interval(start, end))
            for start, end in pairwise(edges)
        ]


def _due(level: Sensitivity, pair: Relative, filtered: bool) -> Interval | None:
    if filtered and not _passes_within(pair, level.hmd):
        return None
    across = _across(level, pair)
    return across.within(level_with(pair.s.z, pair.v.z, level.zthr, level.tcoa)) if across else None


def _passes_within(pair: Relative, distance: float) -> bool:
    """Whether the miss distance ahead of them, or the range once they part, is at most `distance`."""
    passing = near(pair, distance)
    return passing is not None and passing.leaves >= 0


def _across(level: Sensitivity, pair: Relative) -> Interval | None:
    speed, closing = pair.speed_squared, pair.closing
    inside = near(pair, level.dmod)
    if speed == 0:
        return inside
    c = pair.range * pair.range + level.tau * closing - level.dmod * level.dmod
    soon = below_zero(speed, 2 * closing + level.tau * speed, c)
    if inside is None or inside == ALWAYS:
        return (
            inside if soon is None else soon
        )  # they pass outside DMOD: tau rises again before they are nearest
    return inside if soon is None else Interval(min(soon.enters, inside.enters), inside.leaves)


__all__ = ["Advisory", "Sensitivity"]
