"""How uncertain a pair's relative state is, from what each sensor says of its own (sensor uncertainty mitigation).

Each aircraft's deviation is that of the worst direction, and both add up: the errors of two sensors need not be
independent. The horizontal speed's z-score rises as the aircraft come near, as DAIDALUS has it.
"""

from __future__ import annotations

import math

from detente.topics.airspace.alerting.alerter import ZScores
from detente.topics.airspace.alerting.state import Aircraft, Errors, Relative


def errors_between(ownship: Aircraft, traffic: Aircraft, pair: Relative, scores: ZScores) -> Errors:
    """The relative state's errors: z-scores times the deviations of both."""
    both = (ownship.deviations, traffic.deviations)
    across = scores.across * sum(_worst(d.east, d.north, d.east_north) for d in both)
    return Errors(
        across=across,
        up=scores.up * sum(d.up for d in both),
        speed_across=_speed_score(scores, pair.range - across)
        * sum(_worst(d.speed_east, d.speed_north, d.speed_east_north) for d in both),
        speed_up=scores.speed_up * sum(d.speed_up for d in both),
    )


def _worst(east: float, north: float, east_north: float) -> float:
    """The deviation along the longer axis of the ellipse. `east_north` is the root of the covariance, with its sign."""
    covariance = math.copysign(east_north * east_north, east_north)
    middle, half = (east * east + north * north) / 2, (east * east - north * north) / 2
    return math.sqrt(max(0.0, middle + math.hypot(half, covariance)))


def _speed_score(scores: ZScores, distance: float) -> float:
    apart = max(0.0, distance)
    if apart >= scores.distance:
        return scores.speed_far
    return scores.speed_near - (scores.speed_near - scores.speed_far) * apart / scores.distance


__all__ = ["errors_between"]
