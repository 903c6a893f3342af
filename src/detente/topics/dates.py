"""Dates of birth at the precisions that lists give them: day, month, year; 1 January stands for a year alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detente.topics.topic import Value

_DATE = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Birth:
    """All dates of birth of one record: full days as (year, month, day), and the years of all dates."""

    days: tuple[tuple[int, int, int], ...]
    months: tuple[tuple[int, int], ...]
    years: tuple[int, ...]

    @property
    def precision(self) -> int:
        """0 unknown, 1 year, 2 month, 3 day."""
        return 3 if self.days else 2 if self.months else 1 if self.years else 0

    def windows(self) -> list[str]:
        """Two windows a year: years that differ by at most one share one."""
        return list(dict.fromkeys(f"{y}-{y + 1}" for year in self.years[:3] for y in (year - 1, year)))

    def values(self) -> list[Value]:
        out: dict[Value, None] = {}
        for year, month, day in self.days[:4]:
            out[Value("birth day", f"{year:04}-{month:02}-{day:02}")] = None
            if day <= 12 and day != month:
                low, high = sorted((month, day))
                out[Value("birth day or swapped", f"{year:04} {low:02} {high:02}")] = None
            out[Value("birth month and day", f"{month:02}-{day:02}")] = None
        for year, month in self.months[:4]:
            out[Value("birth month", f"{year:04}-{month:02}")] = None
        for year in self.years[:4]:
            out[Value("birth year", f"{year:04}")] = None
        for window in self.windows()[:8]:
            out[Value("birth years", window)] = None
        return list(out)


def birth(dates: Sequence[str]) -> Birth:
    """Reads ISO dates; what is not one is passed over."""
    days: dict[tuple[int, int, int], None] = {}
    months: dict[tuple[int, int], None] = {}
    years: dict[int, None] = {}
    for text in dates:
        found = _DATE.match(text.strip())
        if not found:
            continue
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
        years[year] = None
        if (month, day) == (1, 1) or not 1 <= month <= 12:
            continue
        months[year, month] = None
        if 1 <= day <= 31:
            days[year, month, day] = None
    return Birth(tuple(days), tuple(months), tuple(years))
