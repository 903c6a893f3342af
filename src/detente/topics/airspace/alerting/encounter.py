"""An encounter told row by row: for each time and each traffic the alert level, the times to it, and the geometry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Configuration, Verdict, verdict
from detente.topics.airspace.alerting.hysteresis import Held
from detente.topics.airspace.alerting.projection import relative
from detente.topics.airspace.alerting.state import Aircraft, Relative, level_off, nearest
from detente.topics.airspace.alerting.uncertainty import errors_between


@dataclass(frozen=True, slots=True)
class Moment:
    """All states of one time. The first aircraft of the encounter is the ownship."""

    time: float
    ownship: Aircraft
    traffic: tuple[Aircraft, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one traffic at one time. Metres, metres a second, seconds.

    `miss` and `miss_up` are the least separations within the look-ahead; `nearest` is when they are nearest, `passing`
    how near they are then; `level` is when they are at one altitude; `tau` the corrective volume's, where it has one.
    """

    time: float
    ownship: str
    traffic: str
    verdict: Verdict
    range: float
    height: float
    closure: float
    climb: float
    miss: float
    miss_up: float
    nearest: float
    passing: float
    level: float | None
    tau: float | None


def rows(moments: Iterable[Moment], configuration: Configuration) -> Iterator[Row]:
    """One row for each time and traffic, in the moments' order. Raises Misuse where a pair is not in one frame."""
    held: dict[str, Held] = {}
    for moment in moments:
        for traffic in moment.traffic:
            pair = _pair(moment.ownship, traffic, configuration)
            alerter = configuration.alerter_for(moment.ownship, traffic)
            before = held.get(traffic.name, Held())
            told, held[traffic.name] = verdict(configuration, alerter, pair, before, moment.time)
            yield _row(moment, traffic, pair, told, configuration)


def in_moments(states: Sequence[Aircraft], ownship: str = "") -> list[Moment]:
    """States in a file's order, by their times; the ownship is the first unless it is named. Times without it are left out.

    Of two states of one aircraft at one time the later one counts. Raises Misuse where no aircraft has that name.
    """
    if not states:
        return []
    ours = ownship or states[0].name
    if all(state.name != ours for state in states):
        raise Misuse(f"no aircraft in the file is called {ours[:64]!r}")
    by_time: dict[float, dict[str, Aircraft]] = {}
    for state in states:
        by_time.setdefault(state.time, {})[state.name] = state
    return [
        Moment(time, at[ours], tuple(state for name, state in at.items() if name != ours))
        for time, at in sorted(by_time.items())
        if ours in at
    ]


def _pair(ownship: Aircraft, traffic: Aircraft, configuration: Configuration) -> Relative:
    exact = relative(ownship, traffic)
    return replace(exact, errors=errors_between(ownship, traffic, exact, configuration.scores))


def _row(
    moment: Moment, traffic: Aircraft, pair: Relative, told: Verdict, configuration: Configuration
) -> Row:
    ahead, until = nearest(pair), configuration.lookahead
    level = level_off(pair)
    down = until if pair.s.z * pair.v.z < 0 else 0.0
    well_clear = configuration.well_clear(told.alerter) if told.alerter else None
    return Row(
        time=moment.time,
        ownship=moment.ownship.name,
        traffic=traffic.name,
        verdict=told,
        range=pair.range,
        height=abs(pair.s.z),
        closure=pair.speed_squared**0.5,
        climb=abs(pair.v.z),
        miss=pair.after(min(ahead, until)).range,
        miss_up=0.0 if level is not None and level <= until else abs(pair.after(down).s.z),
        nearest=ahead,
        passing=pair.after(ahead).range,
        level=level,
        tau=well_clear.tau(pair) if well_clear else None,
    )


__all__ = ["Moment", "Row", "in_moments", "rows"]
