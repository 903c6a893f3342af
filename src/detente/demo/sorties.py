"""A day of invented sorties of two services over one region, with conflicts planted in it. Seeded; nothing here is real.

>>> day = Sorties(seed=7, tomorrow=1_795_392_000_000)
>>> len(day.plans("a")), len(day.plans("b")), len(day.planted)
(60, 60, 5)
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from detente.topics.airspace.corridor import corridor
from detente.topics.airspace.intent import Intent
from detente.topics.airspace.volume import Volume4D

Side = Literal["a", "b"]

WEST, SOUTH_EDGE, EAST, NORTH_EDGE = 35.5, 32.5, 41.5, 36.8  # the region, in degrees
LEG_MINUTES: Final = 12
HALF_WIDTH_M: Final = 2_000.0
BANDS: Final = tuple(
    range(1_500, 10_500, 1_500)
)  # metres: what the two services have agreed on keeps most of them apart
BAND_M: Final = 450
MINUTE: Final = 60_000


@dataclass
class Sorties:
    """Both services' plans of one day. `tomorrow` is its beginning in milliseconds since the epoch; `planted` names the pairs that were made to conflict."""

    seed: int
    tomorrow: int
    size: int = 60
    conflicts: int = 5
    planted: tuple[tuple[str, str], ...] = ()
    _plans: dict[Side, list[Intent]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        ours = [self._sortie(dice, f"N{number:03}", "a") for number in range(self.size)]
        theirs = [self._sortie(dice, f"S{number:03}", "b") for number in range(self.size - self.conflicts)]
        met = dice.sample(ours, self.conflicts)
        crossing = [
            _across(dice, plan, f"S{self.size - self.conflicts + i:03}") for i, plan in enumerate(met)
        ]
        self.planted = tuple((plan.id, other.id) for plan, other in zip(met, crossing, strict=True))
        self._plans = {"a": ours, "b": [*theirs, *crossing]}

    def plans(self, side: Side) -> list[Intent]:
        """One service's plans."""
        return self._plans[side]

    def _sortie(self, dice: random.Random, id: str, side: Side) -> Intent:
        """Three legs from one point of the region towards another, each a volume of its own time."""
        start = (dice.uniform(WEST, EAST), dice.uniform(SOUTH_EDGE, NORTH_EDGE))
        end = (dice.uniform(WEST, EAST), dice.uniform(SOUTH_EDGE, NORTH_EDGE))
        # even bands are north's, odd ones south's: the plans of such services do not meet by chance very often
        floor = dice.choice(BANDS[::2] if side == "a" else BANDS[1::2])
        minute = dice.randrange(5 * 60, 20 * 60)
        points = [
            (start[0] + (end[0] - start[0]) * k / 6, start[1] + (end[1] - start[1]) * k / 6) for k in range(4)
        ]
        return Intent(id, tuple(self._legs(points, floor, minute)), priority=dice.randrange(3))

    def _legs(self, points: list[tuple[float, float]], floor_m: int, minute: int) -> Iterator[Volume4D]:
        for number, (here, there) in enumerate(pairwise(points)):
            begin = self.tomorrow + (minute + number * LEG_MINUTES) * MINUTE
            yield Volume4D(
                corridor([here, there], HALF_WIDTH_M).shape,
                floor_m * 1000,
                (floor_m + BAND_M) * 1000,
                begin,
                begin + LEG_MINUTES * MINUTE,
            )


def _across(dice: random.Random, plan: Intent, id: str) -> Intent:
    """A sortie that crosses the middle leg of another at its altitude and time."""
    leg = plan.volumes[1]
    middle = leg.outline.centroid
    reach = dice.uniform(0.15, 0.3)
    line = [(middle.x - reach, middle.y + reach / 2), (middle.x + reach, middle.y - reach / 2)]
    crossing = Volume4D(
        corridor(line, HALF_WIDTH_M).shape, leg.lower_mm + 100_000, leg.upper_mm + 100_000, leg.start, leg.end
    )
    return Intent(id, (crossing,), priority=dice.randrange(3))


__all__ = ["Side", "Sorties"]
