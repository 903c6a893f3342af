"""Alerts as the columns in which DAIDALUS's alerting tool writes them: nautical miles, feet, knots, feet a minute, seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detente.topics.airspace.alerting.alerter import Configuration
from detente.topics.airspace.alerting.encounter import Row

MILE, FOOT = 1852.0, 0.3048
KNOT, FEET_A_MINUTE = MILE / 3600, FOOT / 60

_LEADING = ("Time", "Ownship", "Traffic", "Alerter", "Alert Level")
_GEOMETRY = (
    ("Horizontal Separation", "[nmi]"), ("Vertical Separation", "[ft]"), ("Horizontal Closure Rate", "[knot]"),
    ("Vertical Closure Rate", "[fpm]"), ("Projected HMD", "[nmi]"), ("Projected VMD", "[ft]"),
    ("Projected TCPA", "[s]"), ("Projected DCPA", "[nmi]"), ("Projected TCOA", "[s]"),
)  # fmt: skip
_TAU = ("Projected TAUMOD (WCV*)", "[s]")


def lines(rows: Iterable[Row], configuration: Configuration) -> Iterator[str]:
    """The names of the columns, their units, then a line for each row; none ends with a newline."""
    times = [(f"Time to Volume of Alert({number})", "[s]") for number in range(1, configuration.levels + 1)]
    well_clear = any(configuration.well_clear(number + 1) for number in range(len(configuration.alerters)))
    columns = [*times, *_GEOMETRY, *([_TAU] if well_clear else [])]
    yield " " + ", ".join([*_LEADING, *(name for name, _ in columns)])
    yield "[s],,,,, " + ", ".join(unit for _, unit in columns)
    for row in rows:
        yield ", ".join(_cells(row, configuration.levels))


def number(value: float) -> str:
    """Six decimals at most, one at least.

    >>> number(0.5), number(-0.0), number(1 / 3)
    ('0.5', '0.0', '0.333333')
    """
    text = f"{value:.6f}".rstrip("0")
    text = text + "0" if text.endswith(".") else text
    return "0.0" if text == "-0.0" else text


def _cells(row: Row, levels: int) -> list[str]:
    """A row's cells. The last is that of modified tau, even where the column has no name: so the tool writes it."""
    told = row.verdict
    enters = ["infty" if when is None else number(when) for when in told.enters]
    return [
        number(row.time), row.ownship, row.traffic, str(told.alerter), str(told.level),
        *enters, *[""] * (levels - len(enters)),
        number(row.range / MILE), number(row.height / FOOT), number(row.closure / KNOT),
        number(row.climb / FEET_A_MINUTE), number(row.miss / MILE), number(row.miss_up / FOOT),
        number(row.nearest), number(row.passing / MILE),
        "" if row.level is None else number(row.level), "" if row.tau is None else number(row.tau),
    ]  # fmt: skip


__all__ = ["lines", "number"]
