"""Units as encounter files and configurations write them, to SI: metres, seconds, radians; degrees stay where asked."""

from __future__ import annotations

import math

from detente.errors import Misuse

_LENGTH = {"m": 1.0, "km": 1000.0, "nmi": 1852.0, "nm": 1852.0, "ft": 0.3048}
_TIME = {"s": 1.0, "sec": 1.0, "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0, "ms": 0.001}
_SPEED = {
    "m/s": 1.0, "mps": 1.0, "knot": 1852.0 / 3600, "knots": 1852.0 / 3600, "kn": 1852.0 / 3600,
    "kts": 1852.0 / 3600, "kt": 1852.0 / 3600, "fpm": 0.3048 / 60, "ft/min": 0.3048 / 60, "nmi/s": 1852.0,
    "km/h": 1 / 3.6, "kph": 1 / 3.6, "ft/s": 0.3048, "nmi/h": 1852.0 / 3600,
}  # fmt: skip
_ANGLE = {"deg": math.pi / 180, "degree": math.pi / 180, "degrees": math.pi / 180, "rad": 1.0}
_TURN = {"deg/s": math.pi / 180, "rad/s": 1.0}
_ACCELERATION = {"m/s^2": 1.0, "g": 9.80665, "knot/s": 1852.0 / 3600}
_NOTHING = {"": 1.0, "none": 1.0, "unitless": 1.0, "unspecified": 1.0, "-": 1.0}

KINDS = {
    "length": _LENGTH, "time": _TIME, "speed": _SPEED, "angle": _ANGLE, "turn": _TURN,
    "acceleration": _ACCELERATION, "nothing": _NOTHING,
}  # fmt: skip


def factor(kind: str, unit: str) -> float:
    """What a value in `unit` is multiplied with to be SI. Raises Misuse for a unit that is not of this kind.

    >>> factor("length", "[ft]")
    0.3048
    """
    name = unit.strip().strip("[]").strip().lower()
    known = KINDS[kind]
    if name in known:
        return known[name]
    if kind != "nothing" and name in _NOTHING:
        return 1.0
    raise Misuse(f"{name[:20]!r} is no unit of {kind}: use one of {', '.join(known)}")


__all__ = ["KINDS", "factor"]
