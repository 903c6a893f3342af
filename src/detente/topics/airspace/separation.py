"""How far apart is apart: the buffers that two parties agree on, and the bound on what their clocks differ."""

from __future__ import annotations

from dataclasses import dataclass

from detente.errors import Misuse

MOST_HORIZONTAL_MM = 200_000_000
"""200 km: beyond it the distance of two outlines would not be good to a centimetre."""

MOST_VERTICAL_MM = 100_000_000
MOST_TIME_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Separation:
    """What two volumes must keep between them: they conflict if they are nearer than this in all three ways at once.

    Horizontal and vertical in millimetres, time in milliseconds. `skew_ms` bounds how far the two parties' clocks may differ; it
    is added to the time. All zero: two volumes conflict if they overlap; volumes that only touch do not. Raises Misuse for what
    is negative or absurd.

    >>> Separation.civil().horizontal_mm
    9260000
    """

    horizontal_mm: int = 0
    vertical_mm: int = 0
    time_ms: int = 0
    skew_ms: int = 0

    def __post_init__(self) -> None:
        for what, value, most in (
            ("horizontal separation", self.horizontal_mm, MOST_HORIZONTAL_MM),
            ("vertical separation", self.vertical_mm, MOST_VERTICAL_MM),
            ("separation in time", self.time_ms, MOST_TIME_MS),
            ("bound on the clocks", self.skew_ms, MOST_TIME_MS),
        ):
            if type(value) is not int or not 0 <= value <= most:
                raise Misuse(f"the {what} must be an integer from 0 to {most}")

    @classmethod
    def civil(cls) -> Separation:
        """5 NM, 1000 ft and 180 s."""
        return cls(9_260_000, 304_800, 180_000)

    @property
    def clock_ms(self) -> int:
        """The separation in time with what the clocks may differ: two volumes must be this far apart on paper."""
        return self.time_ms + self.skew_ms
