"""Levels that do not flicker: M of N, persistence, and how long a past level counts.

Times are seconds of the encounter's own clock. The state is a value: `told` yields the next one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damping:
    """How a level is held. `memory` and `persistence` in seconds; `m` of the last `n` levels must support what is told.

    `m` of 0, or more than `n`, switches the M-of-N rule off.
    """

    memory: float = 0.0
    persistence: float = 0.0
    m: int = 0
    n: int = 0


UNDAMPED = Damping()


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of one pair: the level told last and since when, and the levels found lately."""

    level: int = 0
    since: float = 0.0
    time: float | None = None
    found: tuple[int, ...] = ()

    def recalled(self, damping: Damping, time: float) -> Held:
        """This, or a blank where it is older than the memory or from a later time."""
        if self.time is None or not 0 < time - self.time <= damping.memory:
            return Held()
        return self

    def told(self, damping: Damping, level: int, time: float) -> Held:
        """What is told now that `level` was found at `time`. Call it on what `recalled` gave.

        The first level of a pair, or the first after a gap, is told at once: nothing is known that would speak against it.

        >>> damping = Damping(memory=5.0, m=2, n=4)
        >>> clear = Held().told(damping, 0, 0.0)
        >>> first = clear.told(damping, 2, 1.0)
        >>> first.level, first.told(damping, 2, 2.0).level, Held().told(damping, 2, 1.0).level
        (0, 2, 2)
        """
        lately = (level,) * damping.n if self.time is None else self.found
        found = (*lately, level)[-damping.n :] if damping.n else ()
        supported = _supported(damping, found, level)
        if supported < self.level and self.time is not None and time - self.since < damping.persistence:
            supported = self.level
        since = self.since if supported == self.level and self.time is not None else time
        return Held(supported, since, time, found)


def _supported(damping: Damping, found: tuple[int, ...], level: int) -> int:
    """The highest level that at least m of the last n levels reach."""
    if not 0 < damping.m <= damping.n:
        return level
    return sorted(found, reverse=True)[damping.m - 1]


__all__ = ["UNDAMPED", "Damping", "Held"]
