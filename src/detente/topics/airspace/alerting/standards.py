"""Configurations that come with the program, written from the published standards.

- `cd3d`: loss of separation, 5 NM and 1000 ft, 180 s ahead, as in civil practice.
- `do365b`: RTCA DO-365B's hazard zones for cooperative traffic, in the terminal area, and for traffic that does not
  cooperate: preventive, corrective and warning alerts, two of the last four seconds, kept four seconds.
- `tcas`: TCAS II version 7.1, traffic and resolution advisories (FAA, "Introduction to TCAS II version 7.1", table 2).
"""

from __future__ import annotations

from collections.abc import Callable

from detente.errors import Misuse
from detente.topics.airspace.alerting.alerter import Alerter, Configuration, Level, Region
from detente.topics.airspace.alerting.hysteresis import Damping
from detente.topics.airspace.alerting.tcas import Advisory, Sensitivity
from detente.topics.airspace.alerting.volume import Cylinder
from detente.topics.airspace.alerting.wellclear import WellClear

FOOT = 0.3048
MILE = 1852.0

LOSS_OF_SEPARATION = Cylinder(5 * MILE, 1000 * FOOT)
"""Civil separation: 5 NM and 1000 ft."""

WELL_CLEAR = WellClear(0.66 * MILE, 450 * FOOT, 35.0, 0.0)
"""DO-365's well clear for cooperative traffic en route."""


def cd3d() -> Configuration:
    """One alerter of one level: within 5 NM and 1000 ft, told 180 s ahead."""
    level = Level(Region.NEAR, LOSS_OF_SEPARATION, ahead=180.0, early=180.0)
    return Configuration((Alerter("CD3D", (level,)),), lookahead=180.0)


def do365b() -> Configuration:
    """Three alerters (cooperative, terminal area, not cooperative) of three levels each; each traffic says which."""
    return Configuration(
        (
            _hazard_zone(
                "cooperative", 0.66 * MILE, 35.0, 700 * FOOT, (55.0, 55.0, 25.0), (75.0, 75.0, 55.0)
            ),
            _hazard_zone("terminal", 1500 * FOOT, 0.0, 450 * FOOT, (45.0, 45.0, 45.0), (75.0, 75.0, 75.0)),
            _hazard_zone(
                "non-cooperative", 2200 * FOOT, 0.0, 450 * FOOT, (55.0, 55.0, 25.0), (110.0, 110.0, 90.0)
            ),
        ),
        lookahead=180.0,
        by_ownship=False,
        damping=Damping(memory=5.0, persistence=4.0, m=2, n=4),
        corrective=Region.MID,
    )


def tcas() -> Configuration:
    """One alerter of two levels, told when they are due: 1 a traffic advisory, 2 a resolution advisory."""
    floors = tuple(feet * FOOT for feet in (0, 1000, 2350, 5000, 10000, 20000, 42000))
    traffic = _table(
        (0, 20, 25, 30, 40, 45, 48, 48), (0, 0.30, 0.33, 0.48, 0.75, 1.0, 1.3, 1.3),
        (0, 850, 850, 850, 850, 850, 850, 1200), (0,) * 8,
    )  # fmt: skip
    resolution = _table(
        (0, 0, 15, 20, 25, 30, 35, 35), (0, 0, 0.20, 0.35, 0.55, 0.80, 1.1, 1.1),
        (0, 0, 600, 600, 600, 600, 700, 800), (0, 0, 1215, 2126, 3342, 4861, 6683, 6683),
    )  # fmt: skip
    levels = (
        Level(Region.NONE, Advisory(floors, traffic, filtered=False), ahead=0.0, early=0.0),
        Level(Region.NEAR, Advisory(floors, resolution, filtered=True), ahead=0.0, early=0.0),
    )
    return Configuration((Alerter("TCAS II", levels),), lookahead=60.0)


VOLUMES: dict[str, Callable[[], Configuration]] = {"cd3d": cd3d, "do365b": do365b, "tcas": tcas}


def configuration(name: str) -> Configuration:
    """The configuration of that name. Raises Misuse.

    >>> configuration("cd3d").lookahead
    180.0
    """
    if name not in VOLUMES:
        raise Misuse(f"there is no volume {name[:40]!r}: choose {', '.join(VOLUMES)}")
    return VOLUMES[name]()


def _hazard_zone(
    name: str,
    distance: float,
    tau: float,
    preventive_height: float,
    ahead: tuple[float, float, float],
    early: tuple[float, float, float],
) -> Alerter:
    regions = (Region.NONE, Region.MID, Region.NEAR)
    heights = (preventive_height, 450 * FOOT, 450 * FOOT)
    return Alerter(
        name,
        tuple(
            Level(region, WellClear(distance, height, tau, 0.0), told, kept)
            for region, height, told, kept in zip(regions, heights, ahead, early, strict=True)
        ),
    )


def _table(
    taus: tuple[float, ...], miles: tuple[float, ...], heights: tuple[float, ...], misses: tuple[float, ...]
) -> tuple[Sensitivity, ...]:
    """Sensitivity levels 1 to 8: tau in seconds, DMOD in miles, altitude and miss distance in feet."""
    return tuple(
        Sensitivity(tau, tau, dmod * MILE, zthr * FOOT, hmd * FOOT)
        for tau, dmod, zthr, hmd in zip(taus, miles, heights, misses, strict=True)
    )


__all__ = ["LOSS_OF_SEPARATION", "VOLUMES", "WELL_CLEAR", "cd3d", "configuration", "do365b", "tcas"]
