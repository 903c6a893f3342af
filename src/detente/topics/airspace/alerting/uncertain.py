"""Well clear when the states are uncertain: in conflict as soon as some state within the errors is.

At time t the relative position is known to within `across + t·speed_across` (so the volume widens as time goes), and the
relative velocity to within `speed_across`. After Narkawicz, Muñoz and Dutle, "Sensor Uncertainty Mitigation and Dynamic
Well Clear Volumes in DAIDALUS" (DASC 2018). The end of the interval is exact; its beginning is that of a state at least as
bad as any that is allowed: as near, as fast and as straight at each other as the errors allow at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from detente.topics.airspace.alerting.interval import Interval, below_zero
from detente.topics.airspace.alerting.state import Relative, Vector
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
        """Out of it when even the farthest allowed state is; into it when the worst one is."""
        errors = pair.errors
        inside = widening(pair, self.nominal.dthr + errors.across, errors.speed_across)
        worst = worst_of(pair)
        if inside is None or worst is None:
            return inside
        soon = self.nominal.across(worst)
        return inside if soon is None else Interval(min(inside.enters, soon.enters), inside.leaves)

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


def worst_of(pair: Relative) -> Relative | None:
    """As near, as fast and as straight at each other as the errors allow at once; None where they may be at one place.

    >>> from detente.topics.airspace.alerting.state import Errors, Vector
    >>> worst = worst_of(Relative(Vector(-100.0, 0, 0), Vector(9.0, 0, 0), 0.0, 0.0, Errors(10.0, 0.0, 1.0, 0.0)))
    >>> worst.s.x, worst.v.x
    (-90.0, 10.0)
    """
    errors, speed = pair.errors, math.sqrt(pair.speed_squared)
    if errors.across >= pair.range:
        return None
    turned = math.asin(errors.across / pair.range)
    turned += math.asin(errors.speed_across / speed) if errors.speed_across < speed else math.pi
    off = math.atan2(
        abs(pair.s.x * pair.v.y - pair.s.y * pair.v.x), -pair.closing
    )  # 0: straight at each other
    angle, near, fast = max(0.0, off - turned), pair.range - errors.across, speed + errors.speed_across
    place = Vector(-near * math.cos(angle), near * math.sin(angle), pair.s.z)
    return replace(pair, s=place, v=Vector(fast, 0.0, pair.v.z))


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


__all__ = ["UncertainWellClear", "widening", "worst_of"]
