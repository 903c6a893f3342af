"""What alerting reads: an aircraft's state with its uncertainty, and the relative state of two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Geodetic:
    """A place on the earth. Degrees; south and west are negative."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Flat:
    """A place on a plane whose origin the file does not say. Metres east and north."""

    x: float
    y: float


Place: TypeAlias = Geodetic | Flat


@dataclass(frozen=True, slots=True)
class Vector:
    """Metres, or metres a second: east, north, up."""

    x: float
    y: float
    z: float

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)


STILL = Vector(0.0, 0.0, 0.0)
MOTIONLESS = 1e-12
"""(m/s)² below which nothing moves: a micrometre a second. Equations in smaller speeds lose all their digits."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """Standard deviations of a state, as its sensor gives them.

    `east`, `north`, `up` in metres and metres a second; `east_north` is the root of the covariance of both, with its sign.
    """

    east: float = 0.0
    north: float = 0.0
    east_north: float = 0.0
    up: float = 0.0
    speed_east: float = 0.0
    speed_north: float = 0.0
    speed_east_north: float = 0.0
    speed_up: float = 0.0


CERTAIN = Deviations()


@dataclass(frozen=True, slots=True)
class Aircraft:
    """One aircraft at one time. `velocity` is over the ground, `air` through the air where it is known.

    `altitude` in metres above a surface that both aircraft of a pair share: alerting compares, it never converts.
    `alerter` is which of a configuration's alerters it asks for, from 1.
    """

    name: str
    time: float
    place: Place
    altitude: float
    velocity: Vector
    air: Vector | None = None
    alerter: int = 1
    deviations: Deviations = CERTAIN

    @property
    def wind(self) -> Vector:
        """What the air does to it: its velocity over the ground less that through the air."""
        return STILL if self.air is None else self.velocity - self.air


@dataclass(frozen=True, slots=True)
class Errors:
    """How far the relative state may be from what is said: metres and metres a second, none below zero."""

    across: float = 0.0
    up: float = 0.0
    speed_across: float = 0.0
    speed_up: float = 0.0

    @property
    def none(self) -> bool:
        """Whether nothing is uncertain."""
        return not (self.across or self.up or self.speed_across or self.speed_up)


EXACT = Errors()


@dataclass(frozen=True, slots=True)
class Relative:
    """The ownship as seen from the traffic, on a plane: position `s` and velocity `v`, ownship less traffic.

    `altitude` and `climb` are the ownship's own: TCAS's thresholds depend on them.
    """

    s: Vector
    v: Vector
    altitude: float
    climb: float
    errors: Errors = EXACT

    @property
    def range(self) -> float:
        """Horizontal separation in metres."""
        return math.hypot(self.s.x, self.s.y)

    @property
    def closing(self) -> float:
        """s·v, horizontally: below zero while they come nearer; 0 where neither moves against the other."""
        return self.s.x * self.v.x + self.s.y * self.v.y if self.speed_squared else 0.0

    @property
    def speed_squared(self) -> float:
        """v·v, horizontally; 0 where it is no motion at all."""
        squared = self.v.x * self.v.x + self.v.y * self.v.y
        return squared if squared > MOTIONLESS else 0.0

    def after(self, seconds: float) -> Relative:
        """The same pair that much later, if neither turns nor changes speed."""
        t, s, v = seconds, self.s, self.v
        moved = Vector(s.x + t * v.x, s.y + t * v.y, s.z + t * v.z)
        return Relative(moved, v, self.altitude + t * self.climb, self.climb, self.errors)


def nearest(pair: Relative) -> float:
    """When they are nearest horizontally, in seconds from now, never before now; 0 where neither moves against the other.

    >>> nearest(Relative(Vector(-100.0, 30.0, 0.0), Vector(10.0, 0.0, 0.0), 0.0, 0.0))
    10.0
    """
    speed = pair.speed_squared
    return max(0.0, -pair.closing / speed) if speed > 0 else 0.0


def level_off(pair: Relative) -> float | None:
    """When they are at one altitude, in seconds from now; None where they do not come nearer vertically."""
    return -pair.s.z / pair.v.z if pair.s.z * pair.v.z < 0 else None


__all__ = [
    "CERTAIN", "EXACT", "MOTIONLESS", "STILL", "Aircraft", "Deviations", "Errors", "Flat", "Geodetic", "Place", "Relative", "Vector",
    "level_off", "nearest",
]  # fmt: skip
