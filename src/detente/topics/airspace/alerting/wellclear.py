"""Well clear: too near, or soon to be (Muñoz et al., "A Family of Well-Clear Boundary Models", AIAA 2014; RTCA DO-365).

Two aircraft are not well clear while, horizontally, they are within DTHR, or will pass within DTHR and the time variable
is from 0 to TTHR; and, vertically, they are within ZTHR, or will be at one altitude within TCOA.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from detente.topics.airspace.alerting.interval import ALWAYS, Interval, below_zero, beside
from detente.topics.airspace.alerting.state import Relative
from detente.topics.airspace.alerting.volume import near


class TimeVariable(Enum):
    """What "soon" is measured by."""

    TAUMOD = "modified tau: (DTHR² - s²) / s·v"
    TCPA = "time to the closest point of approach"
    TEP = "time to entering DTHR"


@dataclass(frozen=True, slots=True)
class WellClear:
    """The well-clear volume: `dthr` and `zthr` in metres, `tthr` and `tcoa` in seconds."""

    dthr: float
    zthr: float
    tthr: float
    tcoa: float
    variable: TimeVariable = TimeVariable.TAUMOD

    def conflict(self, pair: Relative, until: float) -> Interval | None:
        """When the pair is not well clear between now and `until` seconds."""
        across = self.across(pair)
        if across is None:
            return None
        # a pair that shares no instant with the look-ahead is settled before the costlier vertical part
        ahead = across.within(Interval(0.0, until))
        return ahead.within(level_with(pair.s.z, pair.v.z, self.zthr, self.tcoa)) if ahead else None

    def tau(self, pair: Relative) -> float | None:
        """Modified tau in seconds while they come nearer and are outside DTHR, whatever the variable."""
        if pair.closing >= 0:
            return None
        tau = (self.dthr * self.dthr - pair.range * pair.range) / pair.closing
        return tau if tau >= 0 else None

    def across(self, pair: Relative) -> Interval | None:
        """When the pair is not well clear horizontally, however far ahead or past."""
        inside = near(pair, self.dthr)
        if inside is None or inside == ALWAYS:
            return inside
        return Interval(_ENTRIES[self.variable](self, pair, inside), inside.leaves)


def level_with(z: float, speed: float, height: float, soon: float) -> Interval | None:
    """When they are within `height` of each other's altitude, or will be at one altitude within `soon` seconds."""
    if speed == 0:
        return ALWAYS if abs(z) <= height else None
    reach = max(height, soon * abs(speed))
    leaves = beside(z, speed, height)
    return None if leaves is None else Interval((-math.copysign(reach, speed) - z) / speed, leaves.leaves)


def _taumod_entry(volume: WellClear, pair: Relative, inside: Interval) -> float:
    # tau <= TTHR while closing: s² + TTHR s·v - DTHR² <= 0, with s and v moved on by t
    speed, closing = pair.speed_squared, pair.closing
    c = pair.range * pair.range + volume.tthr * closing - volume.dthr * volume.dthr
    soon = below_zero(speed, 2 * closing + volume.tthr * speed, c)
    return inside.enters if soon is None else min(soon.enters, inside.enters)


def _tcpa_entry(volume: WellClear, pair: Relative, inside: Interval) -> float:
    return min(-pair.closing / pair.speed_squared - volume.tthr, inside.enters)


def _tep_entry(volume: WellClear, pair: Relative, inside: Interval) -> float:
    return inside.enters - volume.tthr


_ENTRIES: dict[TimeVariable, Callable[[WellClear, Relative, Interval], float]] = {
    TimeVariable.TAUMOD: _taumod_entry,
    TimeVariable.TCPA: _tcpa_entry,
    TimeVariable.TEP: _tep_entry,
}

__all__ = ["TimeVariable", "WellClear", "level_with"]
