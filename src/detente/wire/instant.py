"""Instants: integers in code, RFC 3339 text on the wire. Nothing here reads a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from detente.errors import Malformed

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

LATEST: Instant = 253402300799999
"""The last instant that has a text form: 9999-12-31T23:59:59.999Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORM = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\.([0-9]{3})Z")


def rfc3339(instant: Instant) -> str:
    """The one text form of an instant: UTC, milliseconds, "Z". Raises ValueError outside 0..LATEST.

    >>> rfc3339(1795376533123)
    '2026-11-22T19:42:13.123Z'
    """
    if not 0 <= instant <= LATEST:
        raise ValueError("an instant lies between the years 1970 and 9999")
    seconds, milliseconds = divmod(instant, 1000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def parse_rfc3339(text: str) -> Instant:
    """The instant of exactly the form that `rfc3339` writes; no other offset, no other precision.

    Raises Malformed.

    >>> parse_rfc3339('2026-11-22T19:42:13.123Z')
    1795376533123
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise Malformed("an instant is written like 2026-11-22T19:42:13.123Z")
    try:
        whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:  # month 13, second 60
        raise Malformed("an instant that is not in the calendar") from None
    instant = (whole - _EPOCH) // timedelta(milliseconds=1) + int(match[2])
    if instant < 0:
        raise Malformed("an instant before 1970")
    return instant
