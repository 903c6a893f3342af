"""Alert levels of two sides' tracks, step after step: which pair has which level now, held as the configuration says.

What `live.alerts` finds for each level's volume becomes a level with the alerting times, the early alerting times and the
hysteresis of encounter alerting. A watch is a value; `step` yields the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Alerter, Configuration, Level
from detente.topics.airspace.alerting.hysteresis import Held
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import WellClear
from detente.topics.airspace.live import Alert, alerts
from detente.topics.airspace.tracks import Track
from detente.wire.instant import Instant

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Warned:
    """A pair with a level. `alert` is the gravest volume's that is entered within the look-ahead, None where none is any more."""

    ours: str
    theirs: str
    level: int
    alert: Alert | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Watches all pairs by the first alerter of a configuration, whose volumes are cylinders or well clear by modified tau.

    >>> from detente.topics.airspace.alerting.standards import do365b
    >>> watch, warned = Watch(do365b()).step([], [], now=0)
    >>> warned
    []
    """

    configuration: Configuration
    _held: Mapping[Pair, Held] = field(default_factory=dict, repr=False)

    def step(
        self, ours: Sequence[Track], theirs: Sequence[Track], now: Instant
    ) -> tuple[Watch, list[Warned]]:
        """The next watch, and every pair that has a level, the gravest and soonest first. Raises as `live.alerts` does."""
        alerter, damping, time = self.configuration.alerters[0], self.configuration.damping, now / 1000
        found = [_entries(level, ours, theirs, now, self.configuration.lookahead) for level in alerter.levels]
        held: dict[Pair, Held] = {}
        warned: list[Warned] = []
        seen = dict.fromkeys(pair for entries in found for pair in entries)
        for pair in [*seen, *(pair for pair in self._held if pair not in seen)]:
            before = self._held.get(pair, Held()).recalled(damping, time)
            after = before.told(
                damping, _level(alerter, [entries.get(pair) for entries in found], before.level), time
            )
            if after.level or any(after.found) or pair in seen:
                held[pair] = after
            if after.level:
                gravest = next((entries[pair] for entries in reversed(found) if pair in entries), None)
                warned.append(Warned(*pair, after.level, gravest))
        return Watch(self.configuration, held), sorted(warned, key=_gravity)


def _entries(
    level: Level, ours: Sequence[Track], theirs: Sequence[Track], now: Instant, lookahead: float
) -> dict[Pair, Alert]:
    """The alerts of one level's volume by pair; of a pair that is there twice, by two sources, the soonest."""
    if not isinstance(level.volume, Cylinder | WellClear):
        raise Misuse(
            "a watch knows cylinders and well clear by modified tau: choose a configuration of those"
        )
    by_pair: dict[Pair, Alert] = {}
    for alert in alerts(ours, theirs, level.volume, now, max(lookahead, level.early)):
        by_pair.setdefault((alert.ours, alert.theirs), alert)
    return by_pair


def _level(alerter: Alerter, found: Sequence[Alert | None], told: int) -> int:
    """The gravest level whose volume is entered soon enough."""
    for number in range(len(alerter.levels), 0, -1):
        level, alert = alerter.levels[number - 1], found[number - 1]
        if alert is not None and alert.enters <= (level.early if number <= told else level.ahead):
            return number
    return 0


def _gravity(warned: Warned) -> tuple[int, float, str, str]:
    enters = warned.alert.enters if warned.alert else 0.0
    return -warned.level, enters, warned.ours, warned.theirs


__all__ = ["Warned", "Watch"]
