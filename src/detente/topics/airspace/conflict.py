"""The exact check: whether two volumes are nearer to each other than was agreed, in all of plane, height and time.

Separated by less than agreed is a conflict; by exactly what was agreed is none. With a separation of 0 volumes conflict that
overlap, and those that only touch (an edge, an altitude, an instant) do not. Distance is the shortest over the WGS84 ellipsoid
between any two points of the outlines, whose edges are straight in longitude and latitude, rounded to a millimetre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detente.errors import Misuse
from detente.topics.airspace.distance import apart_mm
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D
from detente.wire.instant import Instant

__all__ = ["Conflict", "apart_mm", "conflict", "conflicts"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """How near two volumes come: gaps between them, 0 where they overlap. `start` to `end`: when either must be elsewhere.

    Millimetres and milliseconds. The same whichever volume is named first.
    """

    horizontal_mm: int
    vertical_mm: int
    time_ms: int
    lower_mm: int
    upper_mm: int
    start: Instant
    end: Instant


def conflict(a: Volume4D, b: Volume4D, separation: Separation) -> Conflict | None:
    """How two volumes conflict, or None. Symmetric and deterministic. Raises Misuse for altitudes above different datums.

    >>> from detente.topics.airspace.outline import outline
    >>> box = outline([[[(0, 0), (0, 1), (1, 1), (1, 0)]]]).shape
    >>> noon, one = Volume4D(box, 0, 1000, 0, 60_000), Volume4D(box, 0, 1000, 60_000, 120_000)
    >>> conflict(noon, one, Separation()) is None
    True
    >>> conflict(noon, one, Separation(skew_ms=1)).time_ms
    0
    """
    if a.datum is not b.datum:
        raise Misuse(
            f"altitudes above {a.datum.value} and above {b.datum.value} can't be compared: convert one of them first"
        )
    time = max(a.start, b.start) - min(a.end, b.end)
    height = max(a.lower_mm, b.lower_mm) - min(a.upper_mm, b.upper_mm)
    if time >= separation.clock_ms or height >= separation.vertical_mm:
        return None
    apart = apart_mm(a.outline, b.outline, separation.horizontal_mm)
    if apart is None:
        return None
    return Conflict(
        apart,
        max(height, 0),
        max(time, 0),
        min(max(a.lower_mm, b.lower_mm), min(a.upper_mm, b.upper_mm)),
        max(max(a.lower_mm, b.lower_mm), min(a.upper_mm, b.upper_mm)),
        min(max(a.start, b.start), min(a.end, b.end)),
        max(max(a.start, b.start), min(a.end, b.end)),
    )


def conflicts(
    ours: Sequence[Volume4D], theirs: Sequence[Volume4D], separation: Separation
) -> list[tuple[int, int]]:
    """(index of ours, index of theirs) of every conflicting pair, by the exact check alone; for few volumes."""
    return [
        (i, j)
        for i, one in enumerate(ours)
        for j, other in enumerate(theirs)
        if conflict(one, other, separation) is not None
    ]
