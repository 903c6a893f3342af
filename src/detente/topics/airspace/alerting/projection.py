"""From the sphere to the plane, for two aircraft: an orthographic projection with the ownship in its middle.

The earth is a sphere on which a minute of arc is a nautical mile, as in ACCoRD. A velocity is the mean over the next ten
seconds of the great circle that it starts: a straight track over the sphere is no straight line on the plane.
"""

from __future__ import annotations

import math

from detente.errors import Misuse
from detente.topics.airspace.alerting.state import (
    EXACT,
    Aircraft,
    Errors,
    Flat,
    Geodetic,
    Relative,
    Vector,
)

EARTH_RADIUS = 1852.0 * 60 * 180 / math.pi
"""Metres."""

AHEAD = 10.0
"""Seconds of great circle that make a velocity on the plane."""


def onto_plane(place: Geodetic, middle: Geodetic) -> tuple[float, float]:
    """Metres east and north of `middle`, as seen from straight above it.

    >>> x, y = onto_plane(Geodetic(0.0, 0.1), Geodetic(0.0, 0.0))
    >>> round(x), round(y)
    (11112, 0)
    """
    return _onto(*_radians(place), *_radians(middle))


def velocity_on_plane(place: Geodetic, velocity: Vector, middle: Geodetic) -> Vector:
    """The velocity of what starts at `place` with `velocity` over the sphere, on the plane around `middle`."""
    at, around = _radians(place), _radians(middle)
    x, y = _onto(*at, *around)
    then_x, then_y = _onto(*_along(*at, velocity, AHEAD), *around)
    return Vector((then_x - x) / AHEAD, (then_y - y) / AHEAD, velocity.z)


def relative(ownship: Aircraft, traffic: Aircraft, errors: Errors = EXACT) -> Relative:
    """The pair on a plane, both moved by the wind that the ownship measures. Raises Misuse where one is on a plane already.

    Velocities are taken through the air, so that the wind turns with neither's meridian.
    """
    wind = ownship.wind
    ours, theirs = ownship.velocity - wind, traffic.velocity - wind
    climb = ownship.altitude - traffic.altitude
    if isinstance(ownship.place, Geodetic) and isinstance(traffic.place, Geodetic):
        middle = ownship.place
        x, y = onto_plane(traffic.place, middle)
        v = velocity_on_plane(middle, ours, middle) - velocity_on_plane(traffic.place, theirs, middle)
        return Relative(Vector(-x, -y, climb), v, ownship.altitude, ownship.velocity.z, errors)
    if isinstance(ownship.place, Flat) and isinstance(traffic.place, Flat):
        s = Vector(ownship.place.x - traffic.place.x, ownship.place.y - traffic.place.y, climb)
        return Relative(s, ours - theirs, ownship.altitude, ownship.velocity.z, errors)
    raise Misuse(
        "one aircraft is given by latitude and longitude, the other on a plane: give both in one way"
    )


def _radians(place: Geodetic) -> tuple[float, float]:
    return math.radians(place.latitude), math.radians(place.longitude)


def _onto(latitude: float, longitude: float, latitude0: float, longitude0: float) -> tuple[float, float]:
    turn = longitude - longitude0
    x = math.cos(latitude) * math.sin(turn)
    y = math.cos(latitude0) * math.sin(latitude) - math.sin(latitude0) * math.cos(latitude) * math.cos(turn)
    up = math.sin(latitude0) * math.sin(latitude) + math.cos(latitude0) * math.cos(latitude) * math.cos(turn)
    # seen from above, the far side would lie on top of the near one: it is unrolled beyond the rim
    if up < 0:
        rim = math.hypot(x, y)
        x, y = (x / rim * (1 - up), y / rim * (1 - up)) if rim > 0 else (1 - up, 0.0)
    return EARTH_RADIUS * x, EARTH_RADIUS * y


def _along(latitude: float, longitude: float, velocity: Vector, seconds: float) -> tuple[float, float]:
    """Where the great circle that starts with `velocity` is after `seconds`."""
    arc = math.hypot(velocity.x, velocity.y) * seconds / EARTH_RADIUS
    track = math.atan2(velocity.x, velocity.y)
    sine = math.sin(latitude) * math.cos(arc) + math.cos(latitude) * math.sin(arc) * math.cos(track)
    reached = math.asin(max(-1.0, min(1.0, sine)))
    turned = math.atan2(
        math.sin(track) * math.sin(arc) * math.cos(latitude),
        math.cos(arc) - math.sin(latitude) * math.sin(reached),
    )
    return reached, longitude + turned


__all__ = ["AHEAD", "EARTH_RADIUS", "onto_plane", "relative", "velocity_on_plane"]
