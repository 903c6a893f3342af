"""From volumes to alert levels: which volume, how long ahead, and which alerter for whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from detente.topics.airspace.alerting.hysteresis import UNDAMPED, Damping, Held
from detente.topics.airspace.alerting.state import Aircraft, Relative
from detente.topics.airspace.alerting.uncertain import UncertainWellClear
from detente.topics.airspace.alerting.volume import Volume
from detente.topics.airspace.alerting.wellclear import WellClear


class Region(Enum):
    """How grave a level is for guidance; alert levels do not depend on it."""

    NONE = 0
    FAR = 1
    MID = 2
    NEAR = 3


@dataclass(frozen=True, slots=True)
class Level:
    """One alert level: told when the volume is entered within `ahead` seconds; kept while it is within `early` seconds.

    `early` (the early alerting time) counts while the level, or a higher one, is already told and remembered.
    """

    region: Region
    volume: Volume
    ahead: float
    early: float

    def reached(self, pair: Relative, kept: bool) -> bool:
        """Whether the volume is entered soon enough."""
        return self.volume.conflict(pair, self.early if kept else self.ahead) is not None


@dataclass(frozen=True, slots=True)
class Alerter:
    """Levels 1, 2, ... of rising gravity, for one kind of traffic."""

    name: str
    levels: tuple[Level, ...]

    def level(self, pair: Relative, told: int) -> int:
        """The gravest level that is reached, 0 if none; `told` is the level that was told last."""
        for number in range(len(self.levels), 0, -1):
            if self.levels[number - 1].reached(pair, kept=number <= told):
                return number
        return 0


@dataclass(frozen=True, slots=True)
class ZScores:
    """How many standard deviations are allowed for.

    That of horizontal speed goes from `speed_far` (beyond `distance` metres) to `speed_near` (at no distance).
    """

    across: float = 0.0
    up: float = 0.0
    speed_far: float = 0.0
    speed_near: float = 0.0
    distance: float = 0.0
    speed_up: float = 0.0


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that alerting goes by: at least one alerter. `lookahead` in seconds is how far ahead volumes are searched.

    With `by_ownship` the ownship says which alerter counts, else each traffic does.
    """

    alerters: tuple[Alerter, ...]
    lookahead: float
    by_ownship: bool = True
    damping: Damping = UNDAMPED
    corrective: Region = Region.NEAR
    scores: ZScores = field(default_factory=ZScores)

    @property
    def levels(self) -> int:
        """The most levels that an alerter has."""
        return max(len(alerter.levels) for alerter in self.alerters)

    def alerter_for(self, ownship: Aircraft, traffic: Aircraft) -> int:
        """Which alerter counts for this pair, from 1; 0 where the aircraft asks for one that there is not."""
        asked = (ownship if self.by_ownship else traffic).alerter
        return asked if 1 <= asked <= len(self.alerters) else 0

    def well_clear(self, alerter: int) -> WellClear | None:
        """The well-clear volume of the corrective region's level, if it is one."""
        found = [
            level.volume for level in self.alerters[alerter - 1].levels if level.region is self.corrective
        ]
        volume = found[0] if found else None
        nominal = volume.nominal if isinstance(volume, UncertainWellClear) else volume
        return nominal if isinstance(nominal, WellClear) else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is told of a pair: its level, and when each level's volume is entered, in seconds, None if not in the look-ahead."""

    alerter: int
    level: int
    enters: tuple[float | None, ...]


def verdict(
    configuration: Configuration, alerter: int, pair: Relative, held: Held, time: float
) -> tuple[Verdict, Held]:
    """What to tell of `pair` at `time`, and what to remember. `held` is what the pair's last verdict gave."""
    if alerter == 0:
        return Verdict(0, 0, ()), Held()
    chosen, damping = configuration.alerters[alerter - 1], configuration.damping
    known = held.recalled(damping, time)
    now = known.told(damping, chosen.level(pair, known.level), time)
    found = (level.volume.conflict(pair, configuration.lookahead) for level in chosen.levels)
    return Verdict(alerter, now.level, tuple(when.enters if when else None for when in found)), now


__all__ = ["Alerter", "Configuration", "Level", "Region", "Verdict", "ZScores", "verdict"]
