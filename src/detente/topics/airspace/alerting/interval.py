"""Intervals of time, and when straight motion is within a distance: what every volume is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """From `enters` to `leaves`, both included, in seconds from now. Never empty: none is None."""

    enters: float
    leaves: float

    def within(self, other: Interval | None) -> Interval | None:
        """What both have, or None."""
        if other is None:
            return None
        enters, leaves = max(self.enters, other.enters), min(self.leaves, other.leaves)
        return Interval(enters, leaves) if enters <= leaves else None


ALWAYS = Interval(-math.inf, math.inf)


def below_zero(a: float, b: float, c: float) -> Interval | None:
    """When a·t² + b·t + c <= 0, for a >= 0.

    >>> below_zero(1.0, 0.0, -4.0)
    Interval(enters=-2.0, leaves=2.0)
    """
    if a <= 0:
        return _line_below_zero(b, c)
    discriminant = b * b - 4 * a * c
    if discriminant < 0:
        return None
    # the root that does not cancel first; the other from their product
    half = -0.5 * (b + math.copysign(math.sqrt(discriminant), b))
    roots = (half / a, c / half) if half else (0.0, 0.0)
    return Interval(min(roots), max(roots))


def _line_below_zero(b: float, c: float) -> Interval | None:
    if b == 0:
        return ALWAYS if c <= 0 else None
    return Interval(-math.inf, -c / b) if b > 0 else Interval(-c / b, math.inf)


def beside(z: float, speed: float, distance: float) -> Interval | None:
    """When |z + t·speed| <= distance.

    >>> beside(100.0, -10.0, 50.0)
    Interval(enters=5.0, leaves=15.0)
    """
    if speed == 0:
        return ALWAYS if abs(z) <= distance else None
    return Interval(
        (-math.copysign(distance, speed) - z) / speed, (math.copysign(distance, speed) - z) / speed
    )


__all__ = ["ALWAYS", "Interval", "below_zero", "beside"]
