"""What a volume is, and the simplest: a cylinder around each aircraft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from detente.topics.airspace.alerting.interval import Interval, below_zero, beside
from detente.topics.airspace.alerting.state import Relative


class Volume(Protocol):
    """A set of relative states that two aircraft ought not to be in."""

    def conflict(self, pair: Relative, until: float) -> Interval | None:
        """When the pair is in the volume between now and `until` seconds, if neither manoeuvres; None if not at all."""
        ...

    def tau(self, pair: Relative) -> float | None:
        """The volume's own time variable, where it has one and it has a value."""
        ...


def near(pair: Relative, distance: float) -> Interval | None:
    """When they are within `distance` metres of each other horizontally."""
    c = pair.s.x * pair.s.x + pair.s.y * pair.s.y - distance * distance
    return below_zero(pair.speed_squared, 2 * pair.closing, c)


@dataclass(frozen=True, slots=True)
class Cylinder:
    """Nearer than `distance` and less than `height` above or below, in metres: loss of separation (CD3D).

    Its edge does not belong to it, so what only touches it is no conflict.

    >>> from detente.topics.airspace.alerting.state import Vector
    >>> pair = Relative(Vector(-10000.0, 0.0, 0.0), Vector(100.0, 0.0, 0.0), 0.0, 0.0)
    >>> Cylinder(1000.0, 300.0).conflict(pair, 180.0)
    Interval(enters=90.0, leaves=110.0)
    """

    distance: float
    height: float

    def conflict(self, pair: Relative, until: float) -> Interval | None:
        """When the pair has lost separation between now and `until` seconds."""
        if _never_inside(pair, self):
            return None
        across, beside_each = near(pair, self.distance), beside(pair.s.z, pair.v.z, self.height)
        together = across.within(beside_each) if across else None
        if together is None or not together.enters < min(together.leaves, until) or together.leaves <= 0:
            return None
        return together.within(Interval(0.0, until))

    def tau(self, pair: Relative) -> float | None:
        """None: a cylinder has no time variable."""
        return None


def _never_inside(pair: Relative, volume: Cylinder) -> bool:
    """Whether they keep exactly on the edge or outside it because nothing moves in that direction."""
    across = pair.speed_squared == 0 and pair.range >= volume.distance
    return across or (pair.v.z == 0 and abs(pair.s.z) >= volume.height)


__all__ = ["Cylinder", "Volume", "near"]
