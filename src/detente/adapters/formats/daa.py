"""Encounters as .daa files: a line of column names, a line of units, then one aircraft's state a line.

Positions are latitude, longitude and altitude, or x, y and z on a plane; velocities are track, ground speed and vertical
speed, or vx, vy and vz. Where heading and airspeed are given as well, the ownship's difference is the wind for all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detente.adapters.formats.units import factor
from detente.errors import Misuse
from detente.topics.airspace.alerting.state import Aircraft, Deviations, Flat, Geodetic, Place, Vector

LINE_CHARACTERS = 4096
STATES = 500_000
NAME_CHARACTERS = 64

# every name that a column may have, lower case -> (ours, kind, the unit where the file says none)
_COLUMNS = {
    **dict.fromkeys(("name", "aircraft", "id"), ("name", "", "")),
    **dict.fromkeys(("lat", "latitude"), ("lat", "angle", "deg")),
    **dict.fromkeys(("lon", "long", "longitude"), ("lon", "angle", "deg")),
    **dict.fromkeys(("alt", "altitude", "sz", "z"), ("alt", "length", "ft")),
    **dict.fromkeys(("sx", "x"), ("x", "length", "nmi")),
    **dict.fromkeys(("sy", "y"), ("y", "length", "nmi")),
    **dict.fromkeys(("trk", "track"), ("trk", "angle", "deg")),
    **dict.fromkeys(("gs", "groundspeed", "gspd"), ("gs", "speed", "knot")),
    "vx": ("vx", "speed", "knot"),
    "vy": ("vy", "speed", "knot"),
    **dict.fromkeys(("vs", "vz", "verticalspeed", "hdot"), ("vs", "speed", "fpm")),
    **dict.fromkeys(("heading", "hdg"), ("heading", "angle", "deg")),
    **dict.fromkeys(("airspeed", "tas"), ("airspeed", "speed", "knot")),
    **dict.fromkeys(("time", "tm", "clock", "st"), ("time", "time", "s")),
    "alerter": ("alerter", "nothing", ""),
    "s_ew_std": ("east", "length", "nmi"),
    "s_ns_std": ("north", "length", "nmi"),
    "s_en_std": ("east_north", "length", "nmi"),
    "sz_std": ("up", "length", "ft"),
    "v_ew_std": ("speed_east", "speed", "knot"),
    "v_ns_std": ("speed_north", "speed", "knot"),
    "v_en_std": ("speed_east_north", "speed", "knot"),
    "vz_std": ("speed_up", "speed", "fpm"),
}
_DEVIATIONS = (
    "east", "north", "east_north", "up", "speed_east", "speed_north", "speed_east_north", "speed_up",
)  # fmt: skip
_SPLIT = re.compile(r"[,;\s]+")
_SIGNED = frozenset({"east_north", "speed_east_north"})


@dataclass(frozen=True, slots=True)
class Encounter:
    """The states of a file in its order, and what was left out of it, in sentences."""

    states: list[Aircraft]
    notes: list[str]


def read(lines: Iterable[str]) -> Encounter:
    """The states that the lines of a .daa file hold. Raises Misuse with the line that is wrong.

    >>> read(["NAME sx sy sz vx vy vz time", "A, 0, 0, 1000, 0, 100, 0, 0"]).states[0].altitude
    304.8
    """
    notes: list[str] = []
    meaningful = _meaningful(lines, notes)
    try:
        line, header = next(meaningful)
    except StopIteration:
        raise Misuse("the file holds no line of column names: see to it that it is a .daa file") from None
    names = _names(line, header, notes)
    states: list[Aircraft] = []
    row: Callable[[int, Sequence[str]], Aircraft] | None = None
    for line, cells in meaningful:
        if row is None:
            units = _units(cells, len(names))
            row = _reader(line, names, units)
            if units is not None:
                continue
        if len(states) >= STATES:
            raise Misuse(f"the file holds more than {STATES} states: cut it into several")
        states.append(row(line, cells))
    return Encounter(states, notes)


def _meaningful(lines: Iterable[str], notes: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that are no comment and no parameter, split, with their numbers."""
    for number, text in enumerate(lines, 1):
        if len(text) > LINE_CHARACTERS:
            raise Misuse(f"line {number} has more than {LINE_CHARACTERS} characters: it is no state")
        bare = text.strip("\ufeff \t\r\n,;")
        if not bare or bare.startswith("#"):
            continue
        if "=" in bare:
            notes.append(f"line {number} sets a parameter: ignored, a configuration is a file of its own")
            continue
        yield number, _SPLIT.split(bare)


def _names(line: int, header: Sequence[str], notes: list[str]) -> list[str]:
    """Our name for each column, "" for one that is not read."""
    names = [_COLUMNS.get(name.lower(), ("", "", ""))[0] for name in header]
    unknown = [repr(name[:20]) for name, known in zip(header, names, strict=True) if not known]
    if unknown:
        notes.append(f"columns that are not read: {', '.join(unknown[:20])}")
    given = set(names)
    place = {"lat", "lon"} <= given or {"x", "y"} <= given
    motion = {"vx", "vy"} <= given or {"trk", "gs"} <= given or {"heading", "airspeed"} <= given
    if not (place and motion and {"name", "alt", "vs", "time"} <= given):
        raise Misuse(
            f"line {line} names no name, position, altitude, velocity, vertical speed or time: "
            "a .daa file starts with a line such as NAME lat lon alt trk gs vs time"
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise Misuse(f"line {line} names a column twice ({', '.join(sorted(twice))}): leave one out")
    return names


def _units(cells: Sequence[str], count: int) -> list[str] | None:
    """The units, where this line holds units: no cell after the first is a number."""
    if len(cells) != count or any(_number(cell) is not None for cell in cells):
        return None
    return [cell.strip("[]") for cell in cells]


def _reader(
    line: int, names: Sequence[str], units: Sequence[str] | None
) -> Callable[[int, Sequence[str]], Aircraft]:
    """What makes an aircraft of a line's cells."""
    defaults = {ours: (kind, unit) for ours, kind, unit in _COLUMNS.values()}
    factors: dict[str, float] = {}
    for place, name in enumerate(names):
        if not name or name == "name":
            continue
        kind, unit = defaults[name]
        try:
            said = units[place] if units is not None else unit
            factors[name] = factor(kind, unit if said.lower() in ("", "none", "unitless") else said)
        except Misuse as error:
            raise Misuse(f"line {line}, column {name}: {error}") from None

    def row(number: int, cells: Sequence[str]) -> Aircraft:
        if len(cells) != len(names):
            raise Misuse(f"line {number} has {len(cells)} cells under {len(names)} columns")
        text = dict(zip(names, cells, strict=True))
        values = {name: _value(number, name, text[name]) * by for name, by in factors.items()}
        return _aircraft(number, text["name"], values)

    return row


def _aircraft(line: int, name: str, values: Mapping[str, float]) -> Aircraft:
    if len(name) > NAME_CHARACTERS or not name.isprintable():
        raise Misuse(f"line {line}: a name has at most {NAME_CHARACTERS} characters, all printable")
    up = values["vs"]
    air = None
    if "airspeed" in values and "heading" in values:
        air = _polar(values["heading"], values["airspeed"], up)
    if "vx" in values and "vy" in values:
        ground = Vector(values["vx"], values["vy"], up)
    elif "trk" in values and "gs" in values:
        ground = _polar(values["trk"], values["gs"], up)
    else:
        assert air is not None  # _names saw to it
        ground = air
    alerter = values.get("alerter", 1.0)
    if alerter != int(alerter) or not 0 <= alerter <= 1000:
        raise Misuse(f"line {line}: an alerter is a whole number from 0 to 1000")
    deviations = Deviations(**{name: values.get(name, 0.0) for name in _DEVIATIONS})
    return Aircraft(
        name, values["time"], _place(line, values), values["alt"], ground, air, int(alerter), deviations
    )


def _place(line: int, values: Mapping[str, float]) -> Place:
    if "lat" not in values or "lon" not in values:
        return Flat(values["x"], values["y"])
    latitude, longitude = math.degrees(values["lat"]), math.degrees(values["lon"])
    if abs(latitude) > 90 or abs(longitude) > 360:
        raise Misuse(f"line {line}: a latitude is from -90 to 90, a longitude from -180 to 180 degrees")
    return Geodetic(latitude, longitude)


def _polar(track: float, speed: float, up: float) -> Vector:
    return Vector(speed * math.sin(track), speed * math.cos(track), up)


def _value(line: int, name: str, cell: str) -> float:
    value = _clock(cell) if name == "time" and ":" in cell else _number(cell)
    if value is None:
        raise Misuse(f"line {line}, column {name}: no number")
    if name in _DEVIATIONS and value < 0 and name not in _SIGNED:
        raise Misuse(f"line {line}, column {name}: a standard deviation is not below zero")
    return value


def _number(cell: str) -> float | None:
    try:
        value = float(cell) if cell.isascii() and "_" not in cell else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e15 else None


def _clock(cell: str) -> float | None:
    """Seconds of a time of day such as 12:30:01.5."""
    parts = [_number(part) for part in cell.split(":")]
    if not 2 <= len(parts) <= 3 or any(part is None or part < 0 for part in parts):
        return None
    total = 0.0
    for part in parts:
        total = total * 60 + (part or 0.0)
    return total


__all__ = ["Encounter", "read"]
