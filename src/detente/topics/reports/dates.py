"""Dates in words and figures of four languages, and which of a page's dates is the day it was published.

A date is told as it stands: with a time and a zone where the page gives them, never with ones it does not give (ISO 8601).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from detente.topics.names.romanise import normal
from detente.topics.reports import words
from detente.topics.reports.characters import digits

_FIRST, _LAST = 1990, 2100
_SEEN = 400  # characters of a line
_PM = re.compile(r"\A\s*(?:p\.?\s?m\b|مساء|م\b)")
_AM = re.compile(r"\A\s*(?:a\.?\s?m\b|صباحا|ص\b)")
_TIME = re.compile(
    r"(?<![\d:/.])(?P<h>[01]?\d|2[0-4])\s?(?:[:٫]|h(?=\s?\d\d(?!\d))|(?<=\d)\.(?=\d\d\s*(?:[ap]\.?m|gmt|utc|bst|i?st|ce?s?t|msk|мск|e[sd]?t)\b))\s?(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d)(?:[.,]\d{1,9})?)?(?![\d/:])"
    r"|(?<![\d:/.])(?P<h12>1[0-2]|0?[1-9])\s?(?=[ap]\.?m\b)"
    r"|(?<![\d:/.])(?P<hfr>[01]?\d|2[0-3])\s?h(?!\w)"
)
_OFFSET = re.compile(
    r"\A[\s(,]*(?:gmt|utc|мск|msk)?\s*(?P<sign>[+\u2212-])\s?(?P<h>\d{1,2})(?::?(?P<m>\d\d))?\b"
)
_PLAYER = re.compile(r"\d{1,2}:\d\d(?::\d\d)?\s*/\s*\d{1,2}:\d\d")
_DATELINE = re.compile(r"[^.!?]{0,60}?(?:\s[-\u2013\u2014]|\)|/)")  # MOSCOW, 19 November 2015 (Agency) -
_BETWEEN = re.compile(
    r"\A[\s,.|·•—–\-/()]*(?:(?:at|à|a|в|on|the|le|г|года|год|الساعة|عند|ساعة|time|heure|updated at|time of publication|الموافق)[\s.,:|-]*){0,3}\Z"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as a page tells it. `minute` of the day and `offset` (minutes east) are None where it tells none."""

    day: date
    minute: int | None = None
    second: int = 0
    offset: int | None = None

    def iso(self) -> str:
        """ISO 8601: the date alone, or with the time, or with the time and its offset.

        >>> Moment(date(2015, 11, 19), 1126, offset=180).iso()
        '2015-11-19T18:46:00+03:00'
        """
        if self.minute is None:
            return self.day.isoformat()
        told = f"{self.day.isoformat()}T{self.minute // 60:02d}:{self.minute % 60:02d}:{self.second:02d}"
        if self.offset is None:
            return told
        sign, minutes = ("-" if self.offset < 0 else "+"), abs(self.offset)
        return told + ("Z" if not minutes else f"{sign}{minutes // 60:02d}:{minutes % 60:02d}")


@dataclass(frozen=True, slots=True)
class Found:
    """A date in a line: from `start` to `end` of its `normal` form, its time included where it has one."""

    moment: Moment
    start: int
    end: int


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], ...]:
    names = "|".join(re.escape(name) for name in sorted(words.months(), key=len, reverse=True))
    month = rf"(?P<month>(?:{names}))\.?(?:\s?[/،(]\s?(?:{names})\)?)?"  # نوفمبر/تشرين الثاني: one month in two calendars' words
    year = r"(?P<year>(?:19|20)\d\d)"
    return tuple(
        re.compile(pattern)
        for pattern in (
            r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?(?P<sep>[-/.])\s?(?P<m>0?[1-9]|1[0-2])\s?(?P=sep)\s?(?P<d>0?[1-9]|[12]\d|3[01])(?!\d)",
            rf"(?<![\d.])(?P<d>0?[1-9]|[12]\d|3[01])\s?(?P<sep>[-/.])\s?(?P<m>0?[1-9]|[12]\d|3[01])\s?(?P=sep)\s?{year}(?!\d)",
            rf"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|-?е|-?го)?[\s,.-]*(?:of |de |من |day of )?\s*(?<!\w){month}(?!\w)"
            rf"[\s,.'’-]*(?:de |لعام |عام |سنة )?{year}(?!\d)",
            rf"(?<!\w){month}(?!\w)\s?(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d)[\s,.]*{year}(?!\d)",
            rf"(?<!\d){year}[\s,]*(?:г\.?|года)?\s*(?<!\w){month}(?!\w)[\s]*(?P<d>0?[1-9]|[12]\d|3[01])(?!\d)",
        )
    )


def find(line: str, month_first: bool = False) -> list[Found]:
    """The dates that a line tells in full (day, month and year), each with the time beside it.

    `month_first` reads 3/4/2026 as the fourth of March. Hijri and relative dates ("2 hours ago") are none.

    >>> [found.moment.iso() for found in find("19 Nov, 2015 18:46 GMT")]
    ['2015-11-19T18:46:00Z']
    """
    text = normal(digits(line))
    found: list[Found] = []
    for form in _forms():
        for match in form.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            day = _day(match, month_first)
            if day is not None:
                found.append(Found(Moment(day), match.start(), match.end()))
    found.sort(key=lambda each: each.start)
    return [
        _timed(text, each, found[at + 1].start if at + 1 < len(found) else len(text))
        for at, each in enumerate(found)
    ]


def _day(match: re.Match[str], month_first: bool) -> date | None:
    part = match.groupdict()
    year, day = int(part["year"]), int(part["d"])
    month = words.months()[part["month"]] if part.get("month") else int(part["m"])
    # 11/19/2015 can only be the month first; 3/4/2026 is what the page's other dates are
    if (
        not part.get("month")
        and not match.group().startswith(part["year"])
        and (month > 12 or (month_first and part["sep"] == "/" and day <= 12))
    ):
        day, month = month, day
    try:
        told = date(year, month, day)
    except ValueError:
        return None
    return told if _FIRST <= year <= _LAST else None


def _timed(text: str, found: Found, until: int) -> Found:
    """With the time that stands right after the date, else right before it."""
    for match in _TIME.finditer(text, found.end, until):
        if not _BETWEEN.match(_without_weekday(text[found.end : match.start()])) or _PLAYER.match(
            text, match.start()
        ):
            break
        moment, end = _with_time(found.moment, match, text)
        return Found(moment, found.start, end)
    if text[found.end : found.end + 1] == "t" and (joined := _TIME.match(text, found.end + 1)):
        moment, end = _with_time(found.moment, joined, text)
        return Found(moment, found.start, end)
    before = [m for m in _TIME.finditer(text, max(0, found.start - 60), found.start)]
    for match in before[-1:]:
        moment, end = _with_time(found.moment, match, text)
        rest = text[min(end, found.start) : found.start]
        if _BETWEEN.match(_without_weekday(rest)) and not _PLAYER.search(text[: found.start]):
            return Found(moment, match.start(), found.end)
    return found


def _without_weekday(text: str) -> str:
    return words.pattern("weekday").sub(" ", text)


def time_alone(line: str) -> tuple[int, int, int | None] | None:
    """(minute of the day, second, offset) of a line that holds a time and nothing else; None for any other, a player's among them.

    >>> time_alone("18:46 GMT"), time_alone("00:00 / 03:41")
    ((1126, 0, 0), None)
    """
    text = normal(digits(line).lower()).strip()
    match = _TIME.search(text)
    if match is None or _PLAYER.search(text) or not _BETWEEN.match(text[: match.start()]):
        return None
    moment, end = _with_time(Moment(date(2000, 1, 1)), match, text)
    if text[end:].strip(" .,)|") or moment.minute is None:
        return None
    return moment.minute, moment.second, moment.offset


def _with_time(moment: Moment, match: re.Match[str], text: str) -> tuple[Moment, int]:
    part = match.groupdict()
    hour = int(part["h"] or part["h12"] or part["hfr"])
    minute, second, end = int(part["m"] or 0), int(part["s"] or 0), match.end()
    for half, pattern in ((12, _PM), (0, _AM)):
        if hour <= 12 and (said := pattern.match(text[end:])):
            hour, end = hour % 12 + half, end + said.end()
            break
    if hour == 24:
        hour = 0
    offset, length = _offset(text[end:], moment.day)
    return Moment(moment.day, hour * 60 + minute, second, offset), end + length


def _offset(rest: str, day: date) -> tuple[int | None, int]:
    """The zone that stands at the start of `rest`, and how much of it that takes."""
    if match := _OFFSET.match(rest):
        minutes = int(match["h"]) * 60 + int(match["m"] or 0)
        if minutes <= 14 * 60 and (
            match["m"] or re.search("gmt|utc", match.group()) or match.group()[0] in "+-\u2212"
        ):
            return (minutes if match["sign"] == "+" else -minutes), match.end()
    lead = re.match(r"[\s(,.]*(?:по |at )?", rest)
    start = lead.end() if lead else 0
    for name in sorted(words.zones(), key=len, reverse=True):
        for at in (start, len(rest) - len(rest.lstrip(" (,."))):
            if rest.startswith(name, at) and not rest[at + len(name) : at + len(name) + 1].isalpha():
                return words.zones()[name], at + len(name)
    if match := re.match(r"[\s(,]*(?:heure de paris|paris time|heure de bruxelles)", rest):
        return (120 if _european_summer(day) else 60), match.end()
    if match := re.match(r"[\s(,]*(?:et|eastern time)\b", rest):
        return (-240 if _american_summer(day) else -300), match.end()
    if match := re.match(r"z\b", rest):
        return 0, match.end()
    return None, 0


def _sunday(year: int, month: int, which: int) -> date:
    """The `which`-th Sunday of a month; -1 the last."""
    days = [date(year, month, 1) + timedelta(n) for n in range(31)]
    return [day for day in days if day.month == month and day.weekday() == 6][which]


def _european_summer(day: date) -> bool:
    return _sunday(day.year, 3, -1) <= day < _sunday(day.year, 10, -1)


def _american_summer(day: date) -> bool:
    return _sunday(day.year, 3, 1) <= day < _sunday(day.year, 11, 0)


# --- which of them is the page's own


def published(lines: Sequence[str], title_at: int, body_at: int, body_end: int) -> Moment | None:
    """The day on which a page says it was published, or None where it does not say.

    `lines` of the whole page; the title stands in line `title_at` (-1: nowhere), the text in lines `body_at` to `body_end`.
    """
    month_first = _month_first(lines)
    lines = [normal(digits(line[:_SEEN])) for line in lines]
    best: tuple[float, Moment] | None = None
    for at, line in enumerate(lines):
        for found in find(line, month_first):
            moment = found.moment
            if moment.minute is None:
                moment = _next_line(lines, at, line, found, moment)
            score = _likely(lines, at, line, found, moment, title_at, body_at, body_end)
            if score > 0 and (best is None or score > best[0]):
                best = score, moment
    return best[1] if best else None


def _next_line(lines: Sequence[str], at: int, line: str, found: Found, moment: Moment) -> Moment:
    """With the time that the next line (or the one before) is, where the date ends its line."""
    if len(line) - found.end <= 3:
        after = next((text for text in lines[at + 1 : at + 3] if text), "")
        if told := time_alone(after):
            return Moment(moment.day, *told)
        before = next((text for text in reversed(lines[max(0, at - 1) : at]) if text), "")
        if found.start <= 3 and (told := time_alone(before)):
            return Moment(moment.day, *told)
    return moment


def _likely(
    lines: Sequence[str],
    at: int,
    line: str,
    found: Found,
    moment: Moment,
    title_at: int,
    body_at: int,
    body_end: int,
) -> float:
    """How likely a date is the page's own: by what stands before it, how much of its line it is, and where it is. Not above 0: it is not."""
    before = line[max(0, found.start - 40) : found.start]
    previous = lines[at - 1] if at and found.start <= 3 and len(lines[at - 1]) <= 30 else ""
    own = max((m.end() for m in words.pattern("published").finditer(before)), default=-1)
    other = max((m.end() for m in words.pattern("updated").finditer(before)), default=-1)
    if own < 0 and other < 0 and previous:
        own = 0 if words.pattern("published").search(previous) else -1
        other = 0 if words.pattern("updated").search(previous) else -1
    score = 1.0
    if own > other:
        score += 4
    elif other >= 0:
        score -= 2.5
    if "©" in line or "copyright" in line:
        score -= 3
    rest = re.sub(r"[\W\d_]+", "", line[: found.start] + line[found.end :])
    score += 2.0 if len(rest) <= 40 else -1.5
    if moment.minute is not None:
        score += 1.5
    inside = body_at <= at < body_end
    if inside and len(rest) > 40:
        # a day told in the text is the page's own only as the dateline that it begins with
        score += 1.0 if at == body_at and found.start < 60 and _DATELINE.match(line[found.end :]) else -3
    if at >= body_end and own < 0:
        score -= 2.5 if at > body_end + 2 else 0.5
    if title_at >= 0:
        score += max(0.0, 1.5 - 0.25 * abs(at - title_at))
    return score + (0.5 if at < body_at else 0.0) - at * 1e-4


def _month_first(lines: Sequence[str]) -> bool:
    """Whether the page writes the month before the day in figures: told by a date that can be read one way only, else by "PM"."""
    text = digits("\n".join(line[:_SEEN] for line in lines))
    for first, second in re.findall(r"(?<!\d)(\d{1,2})/(\d{1,2})/(?:19|20)\d\d", text):
        if int(second) > 12 >= int(first):
            return True
        if int(first) > 12:
            return False
    return bool(re.search(r"\d{1,2}/\d{1,2}/(?:19|20)\d\d,? (?:at )?\d{1,2}:\d\d\s?[AP]M", text))
