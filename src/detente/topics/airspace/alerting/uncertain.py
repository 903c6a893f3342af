"""Well clear when the states are uncertain: in conflict as soon as some state within the errors is.

At time t the relative position is known to within `across + t·speed_across` (so the volume widens as time goes), and the
relative velocity to within `speed_across`. After Narkawicz, Muñoz and Dutle, "Sensor Uncertainty Mitigation and Dynamic
Well Clear Volumes in DAIDALUS" (DASC 2018). The end of the interval is exact; its beginning is bounded from the safe side
by moving the traffic nearer along and across the relative velocity at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from detente.topics.airspace.alerting.interval import Interval, below_zero
from detente.topics.airspace.alerting.state import Relative
from detente.topics.airspace.alerting.wellclear import WellClear

_FROM_NOW = Interval(0.0, math.inf)


@dataclass(frozen=True, slots=True)
class UncertainWellClear:
    """The well-clear volume (modified tau) for every state that the errors allow."""

    nominal: WellClear

    def conflict(self, pair: Relative, until: float) -> Interval | None:
        """When some allowed state is not well clear between now and `until` seconds."""
        if pair.errors.none:
            return self.nominal.conflict(pair, until)
        across = self._across(pair)
        ahead = across.within(Interval(0.0, until)) if across else None
        return ahead.within(self._level(pair)) if ahead else None

    def tau(self, pair: Relative) -> float | None:
        """Modified tau of the state as it is said to be."""
        return self.nominal.tau(pair)

    def _across(self, pair: Relative) -> Interval | None:
        errors = pair.errors
        inside = widening(pair, self.nominal.dthr + errors.across, errors.speed_across)
        if inside is None:
            return None
        soon = self._soon(pair)
        return inside if soon is None else Interval(min(inside.enters, soon), inside.leaves)

    def _soon(self, pair: Relative) -> float | None:
        """When modified tau of the worst state first is at most TTHR; None if that is never."""
        errors = pair.errors
        if (
            pair.closing >= 0
        ):  # they part, unless the error of the velocity outweighs it: then straight at each other
            closing = errors.speed_across - (pair.closing / pair.range if pair.range else 0.0)
            return self._entry(pair.range - errors.across, closing, 0.0, 0.0) if closing > 0 else None
        speed = math.sqrt(pair.speed_squared)
        along = -pair.closing / speed - errors.across  # to where they are nearest, at the least
        aside = abs(pair.s.x * pair.v.y - pair.s.y * pair.v.x) / speed - errors.across
        return self._entry(along, speed + errors.speed_across, aside, errors.speed_across)

    def _entry(self, along: float, speed: float, aside: float, shrinking: float) -> float | None:
        """The first t >= 0 with y² + x² - TTHR·speed·y <= DTHR², for y = along - speed·t, x = max(0, aside - shrinking·t)."""
        volume = self.nominal
        ahead = volume.tthr * speed
        a, b = speed * speed, speed * (ahead - 2 * along)
        c = along * along - ahead * along - volume.dthr * volume.dthr
        if aside <= 0:
            return _first(0.0, math.inf, below_zero(a, b, c))
        gone = aside / shrinking if shrinking > 0 else math.inf
        still = below_zero(a + shrinking * shrinking, b - 2 * aside * shrinking, c + aside * aside)
        before = _first(0.0, gone, still)
        return before if before is not None else _first(gone, math.inf, below_zero(a, b, c))

    def _level(self, pair: Relative) -> Interval | None:
        """When some allowed state is within ZTHR of the other's altitude, or will be at one altitude within TCOA."""
        errors, z, speed = pair.errors, pair.s.z, pair.v.z
        toward = z * speed < 0 or errors.speed_up > abs(speed) or abs(z) <= errors.up
        reach = self.nominal.tcoa * (abs(speed) + errors.speed_up) if toward else 0.0
        entering = _band(z, speed, max(self.nominal.zthr, reach) + errors.up, errors.speed_up)
        leaving = _band(z, speed, self.nominal.zthr + errors.up, errors.speed_up)
        if entering is None:
            return None
        return Interval(entering.enters, max(entering.enters, leaving.leaves if leaving else entering.leaves))


def widening(pair: Relative, distance: float, growth: float) -> Interval | None:
    """When they are within `distance + growth·t` metres of each other, from now on.

    >>> from detente.topics.airspace.alerting.state import Vector
    >>> widening(Relative(Vector(-100.0, 0.0, 0.0), Vector(9.0, 0.0, 0.0), 0.0, 0.0), 50.0, 1.0)
    Interval(enters=5.0, leaves=18.75)
    """
    a = pair.speed_squared - growth * growth
    b = 2 * (pair.closing - distance * growth)
    c = pair.range * pair.range - distance * distance
    if a > 0:
        return _FROM_NOW.within(below_zero(a, b, c))
    if c <= 0:  # inside, and the volume grows at least as fast as they part
        return _FROM_NOW
    outside = below_zero(-a, -b, -c)
    return Interval(max(0.0, outside.leaves), math.inf) if outside else _FROM_NOW


def _band(z: float, speed: float, height: float, growth: float) -> Interval | None:
    """When |z + t·speed| <= height + growth·t, from now on."""
    above, below = below_zero(0.0, speed - growth, z - height), below_zero(0.0, -speed - growth, -z - height)
    if above is None or below is None:
        return None
    both = above.within(below)
    return _FROM_NOW.within(both) if both else None


def _first(start: float, end: float, found: Interval | None) -> float | None:
    """The first instant of `found` between `start` and `end`."""
    both = Interval(start, end).within(found) if start <= end else None
    return both.enters if both and both.enters < math.inf else None


__all__ = ["UncertainWellClear", "widening"]
