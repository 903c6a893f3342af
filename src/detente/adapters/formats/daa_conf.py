"""Configurations of DAIDALUS version 2 (.conf): one `key = value [unit]` a line, read whole.

A key that nobody knows is ignored with a note, as DAIDALUS does. A key that would change alerts in a way that is not
offered here is refused. Keys of manoeuvre guidance are checked and have no effect: alerts do not depend on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detente.adapters.formats.units import factor
from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Alerter, Configuration, Level, Region, ZScores
from detente.topics.airspace.alerting.hysteresis import Damping
from detente.topics.airspace.alerting.tcas import Advisory, Sensitivity
from detente.topics.airspace.alerting.uncertain import UncertainWellClear
from detente.topics.airspace.alerting.volume import Cylinder, Volume
from detente.topics.airspace.alerting.wellclear import TimeVariable, WellClear

LINES = 20_000
LINE_CHARACTERS = 4096
ALERTERS = 100
LEVELS = 20

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)\s*=\s*(.*)")
_VALUE = re.compile(r"(\S+?)\s*(?:\[([^\]]*)\])?")

# guidance: checked, without effect on alerts. Key -> kind
_GUIDANCE = {
    **dict.fromkeys(
        ("left_hdir", "right_hdir", "step_hdir", "bank_angle", "persistence_preferred_hdir", "contour_thr"), "angle"
    ),
    **dict.fromkeys(
        ("min_airspeed", "max_airspeed", "min_hs", "max_hs", "min_vs", "max_vs", "below_relative_hs", "above_relative_hs",
         "below_relative_vs", "above_relative_vs", "step_hs", "step_vs", "vertical_rate", "persistence_preferred_hs",
         "persistence_preferred_vs"), "speed",
    ),
    **dict.fromkeys(
        ("min_alt", "max_alt", "below_relative_alt", "above_relative_alt", "step_alt", "min_horizontal_recovery",
         "min_vertical_recovery", "horizontal_nmac", "vertical_nmac", "persistence_preferred_alt", "dta_radius",
         "dta_height"), "length",
    ),
    **dict.fromkeys(("horizontal_accel", "vertical_accel"), "acceleration"),
    "turn_rate": "turn",
    "recovery_stability_time": "time",
    **dict.fromkeys(("dta_latitude", "dta_longitude"), "angle"),
    **dict.fromkeys(("ca_factor", "dta_alerter", "hdir_bands_below_min_as"), "nothing"),
}  # fmt: skip
_GUIDANCE_TRUTHS = frozenset(
    {"recovery_hdir", "recovery_hs", "recovery_vs", "recovery_alt", "ca_bands", "bands_persistence", "conflict_crit",
     "recovery_crit", "bands_add_time_to_maneuver"}
)  # fmt: skip
_SPREADS = {"spread_hdir": "angle", "spread_hs": "speed", "spread_vs": "speed", "spread_alt": "length"}


@dataclass(frozen=True, slots=True)
class Read:
    """What a file configures, and what was ignored in it, in sentences."""

    configuration: Configuration
    notes: list[str]


def read(lines: Iterable[str]) -> Read:
    """The configuration that the lines of a .conf file hold. Raises Misuse with the key that is wrong."""
    notes: list[str] = []
    keys = _Keys(_pairs(lines, notes), notes)
    alerters = _alerters(keys)
    configuration = Configuration(
        alerters=alerters,
        lookahead=keys.number("lookahead_time", "time", 180.0, positive=True),
        by_ownship=keys.truth("ownship_centric_alerting", True),
        damping=Damping(
            keys.number("hysteresis_time", "time", 0.0),
            keys.number("persistence_time", "time", 0.0),
            keys.whole("alerting_m", 0),
            keys.whole("alerting_n", 0),
        ),
        corrective=_region(keys.text("corrective_region", "NEAR")),
        scores=_scores(keys),
    )
    if configuration.damping.m > configuration.damping.n:
        notes.append("alerting_m is more than alerting_n: the M-of-N rule is off")
    _guidance(keys)
    keys.close()
    return Read(configuration, notes)


def _pairs(lines: Iterable[str], notes: list[str]) -> dict[str, tuple[str, str]]:
    """Lower-case key -> (the key as written, its value). Of a key given twice the last counts."""
    found: dict[str, tuple[str, str]] = {}
    for number, text in enumerate(lines, 1):
        if number > LINES or len(text) > LINE_CHARACTERS:
            raise Misuse(
                f"line {number} is beyond what a configuration has: see to it that it is a .conf file"
            )
        bare = text.strip("\ufeff \t\r\n")
        if not bare or bare.startswith("#"):
            continue
        match = _LINE.fullmatch(bare)
        if match is None:
            raise Misuse(f"line {number} is not written like `lookahead_time = 180 [s]`")
        key = match[1].lower()
        if key in found:
            notes.append(f"{match[1]} is given twice: the last one counts")
        found[key] = (match[1], match[2].strip())
    return found


class _Keys:
    """The file's keys, each read once; what is left at the end nobody knows."""

    def __init__(self, pairs: dict[str, tuple[str, str]], notes: list[str]) -> None:
        self._pairs = pairs
        self._notes = notes
        self._read: set[str] = set()

    def has(self, key: str) -> bool:
        return key.lower() in self._pairs

    def text(self, key: str, default: str | None = None) -> str:
        self._read.add(key.lower())
        if key.lower() in self._pairs:
            return self._pairs[key.lower()][1]
        if default is None:
            raise Misuse(f"the configuration lacks {key}")
        return default

    def number(
        self,
        key: str,
        kind: str,
        default: float | None = None,
        *,
        positive: bool = False,
        signed: bool = False,
    ) -> float:
        """SI. A value without a unit is SI already, which a note tells."""
        if default is not None and not self.has(key):
            return default
        match = _VALUE.fullmatch(self.text(key))
        try:
            value = float(match[1]) if match else float("nan")
            by = factor(kind, match[2] or "") if match else 1.0
        except ValueError:
            raise Misuse(f"{key} is no number with a unit, such as 180 [s]") from None
        except Misuse as error:
            raise Misuse(f"{key}: {error}") from None
        if not abs(value) < 1e12 or (value < 0 and not signed) or (value <= 0 and positive):
            raise Misuse(f"{key} is out of range")
        if kind != "nothing" and match and not match[2] and value:
            self._notes.append(f"{key} has no unit: read as SI")
        return value * by

    def whole(self, key: str, default: int) -> int:
        value = self.number(key, "nothing", float(default))
        if value != int(value) or value > 1000:
            raise Misuse(f"{key} is a whole number from 0 to 1000")
        return int(value)

    def truth(self, key: str, default: bool) -> bool:
        value = self.text(key, "true" if default else "false").lower()
        if value not in ("true", "false", "t", "f", "yes", "no", "1", "0"):
            raise Misuse(f"{key} is true or false")
        return value in ("true", "t", "yes", "1")

    def close(self) -> None:
        """Notes what nobody asked for."""
        for key, (written, _) in self._pairs.items():
            if key not in self._read:
                self._notes.append(f"{written} is not a key of version 2: ignored")


def _alerters(keys: _Keys) -> tuple[Alerter, ...]:
    names = [name for name in re.split(r"[,\s]+", keys.text("alerters")) if name]
    if not 1 <= len(names) <= ALERTERS or len({name.lower() for name in names}) != len(names):
        raise Misuse(f"alerters names one to {ALERTERS} alerters, none twice")
    return tuple(Alerter(name, _levels(keys, name)) for name in names)


def _levels(keys: _Keys, alerter: str) -> tuple[Level, ...]:
    levels: list[Level] = []
    while keys.has(f"{alerter}_alert_{len(levels) + 1}_detector") and len(levels) < LEVELS:
        prefix = f"{alerter}_alert_{len(levels) + 1}"
        for spread, kind in _SPREADS.items():
            if keys.number(f"{prefix}_{spread}", kind, 0.0):
                raise Misuse(
                    f"{prefix}_{spread}: alerts over a spread of manoeuvres are not offered; set it to 0"
                )
        ahead = keys.number(f"{prefix}_alerting_time", "time")
        levels.append(
            Level(
                _region(keys.text(f"{prefix}_region", "NONE")),
                _volume(keys, alerter, keys.text(f"{prefix}_detector")),
                ahead,
                max(ahead, keys.number(f"{prefix}_early_alerting_time", "time", ahead)),
            )
        )
    if not levels:
        raise Misuse(f"alerter {alerter} has no levels: {alerter}_alert_1_detector is missing")
    return tuple(levels)


def _region(text: str) -> Region:
    try:
        return Region[text.upper()]
    except KeyError:
        raise Misuse(f"{text[:20]!r} is no region: NONE, FAR, MID or NEAR") from None


def _scores(keys: _Keys) -> ZScores:
    return ZScores(
        across=keys.number("h_pos_z_score", "nothing", 0.0),
        up=keys.number("v_pos_z_score", "nothing", 0.0),
        speed_far=keys.number("h_vel_z_score_min", "nothing", 0.0),
        speed_near=keys.number("h_vel_z_score_max", "nothing", 0.0),
        distance=keys.number("h_vel_z_distance", "length", 0.0),
        speed_up=keys.number("v_vel_z_score", "nothing", 0.0),
    )


def _guidance(keys: _Keys) -> None:
    if keys.number("dta_logic", "nothing", 0.0, signed=True):
        raise Misuse("dta_logic: the logic of terminal areas is not offered; set it to 0")
    for key, kind in _GUIDANCE.items():
        keys.number(key, kind, 0.0, signed=True)
    for key in _GUIDANCE_TRUTHS:
        keys.truth(key, False)


def _volume(keys: _Keys, alerter: str, detector: str) -> Volume:
    name = keys.text(f"{alerter}_load_core_detection_{detector}")
    build = _VOLUMES.get(name.rsplit(".", 1)[-1])
    if build is None:
        raise Misuse(f"{alerter}: {name[:60]!r} is not offered; there are {', '.join(_VOLUMES)}")
    return build(keys, f"{alerter}_{detector}_")


def _cylinder(keys: _Keys, prefix: str) -> Cylinder:
    return Cylinder(
        keys.number(f"{prefix}D", "length", positive=True), keys.number(f"{prefix}H", "length", positive=True)
    )


def _well_clear(variable: TimeVariable) -> Callable[[_Keys, str], WellClear]:
    def build(keys: _Keys, prefix: str) -> WellClear:
        return WellClear(
            keys.number(f"{prefix}WCV_DTHR", "length"),
            keys.number(f"{prefix}WCV_ZTHR", "length"),
            keys.number(f"{prefix}WCV_TTHR", "time"),
            keys.number(f"{prefix}WCV_TCOA", "time"),
            variable,
        )

    return build


def _uncertain(keys: _Keys, prefix: str) -> UncertainWellClear:
    return UncertainWellClear(_well_clear(TimeVariable.TAUMOD)(keys, prefix))


def _advisory(keys: _Keys, prefix: str) -> Advisory:
    table = f"{prefix}TCAS_"
    floors: list[float] = []
    while keys.has(f"{table}level_{len(floors) + 1}"):
        floors.append(keys.number(f"{table}level_{len(floors) + 1}", "length", signed=True))
    if floors != sorted(floors) or not floors:
        raise Misuse(f"{table}level_1, _2, ... are altitudes that rise")
    # the last floor has a sensitivity level below it and one above
    levels = tuple(
        Sensitivity(
            tau=keys.number(f"{table}TAU_{number}", "time"),
            tcoa=keys.number(f"{table}TCOA_{number}", "time"),
            dmod=keys.number(f"{table}DMOD_{number}", "length"),
            zthr=keys.number(f"{table}ZTHR_{number}", "length"),
            hmd=keys.number(f"{table}HMD_{number}", "length"),
        )
        for number in range(1, len(floors) + 2)
    )
    return Advisory(tuple(floors), levels, keys.truth(f"{table}HMDFilter", False))


_VOLUMES: dict[str, Callable[[_Keys, str], Volume]] = {
    "CDCylinder": _cylinder,
    "CD3D": _cylinder,
    "WCV_TAUMOD": _well_clear(TimeVariable.TAUMOD),
    "WCV_TCPA": _well_clear(TimeVariable.TCPA),
    "WCV_TEP": _well_clear(TimeVariable.TEP),
    "WCV_TAUMOD_SUM": _uncertain,
    "TCAS3D": _advisory,
}

__all__ = ["Read", "read"]
