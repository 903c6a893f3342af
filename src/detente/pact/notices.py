"""Notices between two sides whose aircraft share the air: what went wrong, what is planned, test calls, and what is read back. spec/notices.

    {"about":"SORTIE-7","box":[33462060,36146820,33507279,36237258],"datum":"WGS84","event":"2026-11-23T10:00:00.000Z","form":"airspace-notice/1",
     "lower_m":900,"readback":["event"],"text":"","upper_m":1500,"what":"lost-link"}

A notice is the text of a signed letter, so its receipt is signed too. Nothing here reads a clock: both instants come from the two signatures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Malformed, Misuse
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.instant import Instant, parse_rfc3339

MINUTE_MS: Final = 60_000
MAX_FORM: Final = 9_000  # characters of a letter's text
DEGREE: Final = 1_000_000  # positions are millionths of a degree
_METRES_A_DEGREE: Final = 110_574  # of latitude, at the equator, where it is shortest
_WIDTHS: Final = ((60, 2), (75, 4), (82, 8), (86, 16), (88, 32))
"""Up to which latitude a cell is how many steps of latitude wide: never narrower than it is high on the ground."""

What = Literal[
    "nonconforming", "contingent", "lost-link", "distress", "planned-activity", "free-text", "test-call"
]
Field = Literal["what", "about", "event", "position", "altitude", "text"]
FIELDS: Final[tuple[Field, ...]] = ("what", "about", "event", "position", "altitude", "text")
OFF_NOMINAL: Final[frozenset[str]] = frozenset({"nonconforming", "contingent", "lost-link", "distress"})
NOTICE: Final = "airspace-notice/1"
READBACK: Final = "airspace-readback/1"

_Metres = Annotated[int, Meta(ge=-10_000, le=100_000)]
_Micro = Annotated[int, Meta(ge=-180 * DEGREE, le=541 * DEGREE)]
_About = Annotated[str, Meta(max_length=200)]
_Words = Annotated[str, Meta(max_length=2000)]
_Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class NoticeTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agreement fixes for notices: how fine a position may be, how early a warning, how often a test call (0: no schedule)."""

    precision_m: Annotated[int, Meta(ge=1, le=1_000_000)] = 5_000
    altitude_m: Annotated[int, Meta(ge=1, le=20_000)] = 300
    warn_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 60  # before a planned activity begins
    tell_seconds: Annotated[int, Meta(ge=1, le=86_400)] = 60  # after what is off nominal began
    call_minutes: Annotated[int, Meta(ge=0, le=44_640)] = 0


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice as it stands in a letter. `box` is south, west, north, east; `event` when it begins or began, "" where there is no such instant."""

    what: What
    about: _About  # a plan or conflict by its id, "" for none
    event: Annotated[str, Meta(max_length=24)]
    box: tuple[_Micro, _Micro, _Micro, _Micro] | None
    lower_m: _Metres | None
    upper_m: _Metres | None
    datum: Literal["WGS84", "AMSL", "FL"]
    readback: Annotated[tuple[Field, ...], Meta(max_length=6)]
    text: _Words
    form: Literal["airspace-notice/1"] = "airspace-notice/1"

    def __repr__(self) -> str:  # where an aircraft is never enters a log
        return f"Notice({self.what})"


class Readback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person of the other side read back of a notice, field by field."""

    notice: _Hash
    by: Annotated[str, Meta(min_length=1, max_length=200)]
    fields: Annotated[dict[Field, Annotated[str, Meta(max_length=2000)]], Meta(min_length=1, max_length=6)]
    form: Literal["airspace-readback/1"] = "airspace-readback/1"

    def __repr__(self) -> str:
        return f"Readback({self.notice[:12]})"


# --- as text


def write_form(form: Notice | Readback) -> str:
    """The text of a letter. Raises Misuse for what a reader would refuse.

    >>> write_form(Readback("0" * 64, "duty officer", {"event": "10:00"})).startswith('{"by":"duty officer"')
    True
    """
    try:
        text = canonical(msgspec.json.decode(msgspec.json.encode(form))).decode()
        read_form(text)
    except (Malformed, ValueError, UnicodeEncodeError) as problem:
        raise Misuse(f"this cannot be sent: {problem}") from None
    return text


def read_form(text: str) -> Notice | Readback | None:
    """The form in a letter's text; None where it is a plain text. Raises Malformed for a form that is not what spec/notices says."""
    if not _claims(text):
        return None
    if len(text) > MAX_FORM:
        raise Malformed(f"a notice of more than {MAX_FORM} characters")
    value = parse_canonical(text.encode())
    shape: type[Notice] | type[Readback] = Readback if value.get("form") == READBACK else Notice
    if set(value) != set(shape.__struct_fields__):
        raise Malformed("a notice that leaves out a member, or has one too many")
    try:
        found: Notice | Readback = msgspec.convert(value, shape)
    except msgspec.ValidationError:
        raise Malformed("a notice that is not what spec/notices says") from None
    if isinstance(found, Notice):
        _check(found)
    return found


def is_safety(text: object) -> bool:
    """Whether a letter's text claims to be one of these forms: it goes on as `safety` does while an agreement is suspended."""
    return isinstance(text, str) and _claims(text)


def _claims(text: str) -> bool:
    return text.startswith("{") and (f'"form":"{NOTICE}"' in text or f'"form":"{READBACK}"' in text)


def _check(notice: Notice) -> None:
    if notice.event:
        parse_rfc3339(notice.event)
    if (notice.lower_m is None) != (notice.upper_m is None):
        raise Malformed("a band of altitude with one end")
    if notice.lower_m is not None and notice.upper_m is not None and notice.lower_m >= notice.upper_m:
        raise Malformed("a band of altitude whose lower end is not below its upper one")
    if len(set(notice.readback)) != len(notice.readback) or not set(notice.readback) <= set(values(notice)):
        raise Malformed("a notice that asks to read back what it does not say")


# --- how fine


def latitude_step(precision_m: int) -> int:
    """Millionths of a degree that are at least so many metres, at every latitude.

    >>> latitude_step(5000)
    45219
    """
    return -(-precision_m * DEGREE // _METRES_A_DEGREE)


def outward(lat: int, lon: int, radius_m: int, precision_m: int) -> tuple[int, int, int, int]:
    """The box of whole cells that holds a circle: south, west, north, east. All in millionths of a degree; integers, so that it is one box everywhere.

    >>> outward(33_500_000, 36_200_000, 0, 5000)
    (33462060, 36146820, 33507279, 36237258)
    """
    step, reach = latitude_step(precision_m), latitude_step(radius_m) if radius_m else 0
    south = min(lat - reach, 90 * DEGREE - 1) // step * step
    north = ((lat + reach) // step + 1) * step
    south, north = max(-90 * DEGREE, south), min(90 * DEGREE, north)
    times = _times(south, north)
    if not times or 2 * (reach + step) * times >= 360 * DEGREE:
        return (south, -180 * DEGREE, north, 180 * DEGREE)
    west = lon - reach * times
    west += 360 * DEGREE if west < -180 * DEGREE else 0
    east, wide = west + 2 * reach * times, step * times
    first = (west + 180 * DEGREE) // wide
    last = max(-(-(east + 180 * DEGREE) // wide), first + 1)
    return (south, first * wide - 180 * DEGREE, north, last * wide - 180 * DEGREE)


def require_coarse(notice: Notice, terms: NoticeTerms, datum: str) -> None:
    """Returns where a notice is no finer than agreed: edges on the grid, altitudes on steps above the agreed datum. Raises Malformed."""
    if notice.box is not None:
        south, west, north, east = notice.box
        step, pole = latitude_step(terms.precision_m), 90 * DEGREE
        times = _times(south, north)
        wide = step * times if times else 360 * DEGREE
        on_grid = (
            -pole <= south < north <= pole
            and west < east <= west + 360 * DEGREE + wide
            and all(edge % step == 0 or abs(edge) == pole for edge in (south, north))
            and (
                (west, east) == (-180 * DEGREE, 180 * DEGREE)
                or all((edge + 180 * DEGREE) % wide == 0 for edge in (west, east))
            )
        )
        if not on_grid:
            raise Malformed("a position that is finer than was agreed, or off its grid")
    steps = terms.altitude_m
    if notice.lower_m is not None and notice.upper_m is not None and (
        notice.datum != datum or notice.lower_m % steps or notice.upper_m % steps
    ):  # fmt: skip
        raise Malformed("an altitude that is finer than was agreed, or above another datum")


def band(lower_m: float, upper_m: float, step_m: int) -> tuple[int, int]:
    """A band of altitude, outward to whole steps.

    >>> band(1010, 1490, 300)
    (900, 1500)
    """
    low, high = int(lower_m // step_m) * step_m, -int(-upper_m // step_m) * step_m
    return (low, max(high, low + step_m))


def _times(south: int, north: int) -> int:
    """How many steps of latitude a cell of these rows is wide; 0: they reach round the pole."""
    highest = max(abs(south), abs(north))
    return next((times for latitude, times in _WIDTHS if highest <= latitude * DEGREE), 0)


# --- reading back


def values(notice: Notice) -> dict[Field, str]:
    """What a notice says, field by field, as people read it back.

    >>> list(values(Notice("distress", "", "", None, 0, 900, "WGS84", (), "")))
    ['what', 'altitude']
    """
    said: dict[Field, str] = {"what": notice.what}
    if notice.about:
        said["about"] = notice.about
    if notice.event:
        said["event"] = notice.event
    if notice.box is not None:
        said["position"] = place(notice.box)
    if notice.lower_m is not None:
        said["altitude"] = f"{notice.lower_m}-{notice.upper_m} m {notice.datum}"
    if notice.text:
        said["text"] = notice.text
    return said


def place(box: tuple[int, int, int, int]) -> str:
    """A box in words that are the same in every language: south west – north east.

    >>> place((33_462_060, 36_146_820, 33_507_279, 36_237_258))
    '33.4621N 36.1468E - 33.5073N 36.2373E'
    """
    south, west, north, east = box
    return f"{_degrees(south, 'NS')} {_degrees(west, 'EW')} - {_degrees(north, 'NS')} {_degrees(east, 'EW')}"


def _degrees(micro: int, letters: str) -> str:
    turned = micro - 360 * DEGREE if micro > 180 * DEGREE else micro
    return f"{abs(turned) / DEGREE:.4f}{letters[turned < 0]}"


@dataclass(frozen=True, slots=True)
class ReadField:
    """One field: what was meant, what was read back ("" where it was left out), and whether that is the same."""

    field: Field
    meant: str
    said: str
    same: bool


def compare_readback(notice: Notice, said: Mapping[Field, str]) -> tuple[ReadField, ...]:
    """Each field that was to be read back, and any other that was. Same on both sides: nothing but the two signed texts counts.

    >>> [r.same for r in compare_readback(Notice("distress", "A1", "", None, 0, 900, "WGS84", ("about", "altitude"), ""), {"about": "a1 "})]
    [True, False]
    """
    meant = values(notice)
    asked = [field for field in FIELDS if field in notice.readback or field in said]
    return tuple(
        ReadField(
            field, meant.get(field, ""), said.get(field, ""), _same(field, meant.get(field, ""), said.get(field, ""))
        )
        for field in asked
    )  # fmt: skip


def _same(field: Field, meant: str, said: str) -> bool:
    if not meant or not said:
        return False
    if field == "event" and re.fullmatch(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", said.strip()):
        return meant[11:].startswith(said.strip())  # on a telephone one says the hour, in UTC
    return _plain(meant) == _plain(said)


def _plain(text: str) -> str:
    """Without spaces, case, and the dashes people type for one another."""
    return re.sub(r"\s+", "", text.casefold()).translate({0x2010: "-", 0x2013: "-", 0x2212: "-"})


# --- in time?


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a warning was given in time. `due` is by when it had to be received (None: nothing fixes that); `margin_ms` what was left then,
    with the clocks' bound taken off; `clocks_apart`: the two stamps contradict the bound."""

    answer: Literal["in time", "late", "not received", "received"]
    due: Instant | None
    margin_ms: int | None
    clocks_apart: bool


def judge(
    notice: Notice, sent: Instant, received: Instant | None, terms: NoticeTerms, skew_ms: int
) -> Verdict:
    """The one answer, from what both signed. In time is what was received by then even if the clocks differ by all of their bound.

    `sent` is by the sender's clock, `received` by the receiver's, None before its receipt.

    >>> warning = Notice("planned-activity", "", "2026-11-23T10:00:00.000Z", None, None, None, "WGS84", (), "")
    >>> nine = parse_rfc3339("2026-11-23T09:00:00.000Z")
    >>> judge(warning, nine - 5000, nine - 5000, NoticeTerms(), 5000).answer, judge(warning, nine - 5000, nine - 4999, NoticeTerms(), 5000).answer
    ('in time', 'late')
    """
    due = due_by(notice, terms)
    if received is None:
        return Verdict("not received", due, None, False)
    apart = sent > received + skew_ms
    if due is None:
        return Verdict("received", None, None, apart)
    margin = due - max(sent, received) - skew_ms  # nothing is received before it is sent
    return Verdict("in time" if margin >= 0 else "late", due, margin, apart)


def due_by(notice: Notice, terms: NoticeTerms) -> Instant | None:
    """By when a notice has to be received: so long before what is planned, so soon after what is off nominal."""
    if not notice.event:
        return None
    event = parse_rfc3339(notice.event)
    if notice.what in OFF_NOMINAL:
        return event + terms.tell_seconds * 1000
    return max(0, event - (terms.warn_minutes * MINUTE_MS if notice.what == "planned-activity" else 0))


__all__ = [
    "DEGREE",
    "FIELDS",
    "NOTICE",
    "OFF_NOMINAL",
    "READBACK",
    "Field",
    "Notice",
    "NoticeTerms",
    "ReadField",
    "Readback",
    "Verdict",
    "What",
    "band",
    "compare_readback",
    "due_by",
    "is_safety",
    "judge",
    "latitude_step",
    "outward",
    "place",
    "read_form",
    "require_coarse",
    "values",
    "write_form",
]
