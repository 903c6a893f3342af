"""What a check found, as a map (SVG or PNG) and as GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import shapely

from detente.adapters.exports.airspace.png import png
from detente.adapters.exports.airspace.scene import MOST_DRAWN, Area, Scene, scene
from detente.adapters.exports.airspace.svg import svg
from detente.errors import Misuse
from detente.topics.airspace.check import Clash
from detente.topics.airspace.intent import Constraint, Intent
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D
from detente.topics.airspace.where import where
from detente.wire.instant import rfc3339

__all__ = ["Area", "Plan", "Scene", "png", "scene", "svg", "write_geojson", "write_picture"]

Plan: TypeAlias = Intent | Constraint
_LISTED = 30


def write_picture(
    path: Path, plans: Sequence[Plan], clashes: Sequence[Clash], separation: Separation
) -> None:
    """A map of plans and where they conflict: PNG if the name ends so, else SVG. Raises Misuse, OSError."""
    drawn = _scene(plans, clashes, separation)
    match path.suffix.lower():
        case ".png":
            path.write_bytes(png(drawn))
        case ".svg":
            path.write_text(svg(drawn), encoding="utf-8", newline="\n")
        case _:
            raise Misuse("a picture's name ends in .svg or .png")


def write_geojson(
    path: Path, plans: Sequence[Plan], clashes: Sequence[Clash], separation: Separation
) -> None:
    """The plans' volumes as features ("kind": plan or constraint), and where they conflict ("kind": conflict). Raises OSError."""
    features: list[dict[str, Any]] = [
        _feature(volume.outline, {"kind": _kind(plan), "id": plan.id, "volume": part} | _bounds(volume))
        for plan in plans
        for part, volume in enumerate(plan.volumes)
    ]
    by_id = {plan.id: plan for plan in plans}
    for number, clash in enumerate(clashes, 1):
        how = clash.how
        told = {
            "kind": "conflict",
            "number": number,
            "one": clash.one,
            "other": clash.other,
            "horizontal_m": how.horizontal_mm / 1000,
            "altitude_lower_m": how.lower_mm / 1000,
            "altitude_upper_m": how.upper_mm / 1000,
            "time_start": rfc3339(how.start),
            "time_end": rfc3339(how.end),
        }
        features.append(_feature(_ground(by_id, clash, separation), told))
    path.write_bytes(msgspec.json.encode({"type": "FeatureCollection", "features": features}) + b"\n")


def _scene(plans: Sequence[Plan], clashes: Sequence[Clash], separation: Separation) -> Scene:
    by_id = {plan.id: plan for plan in plans}
    involved = {id for clash in clashes for id in (clash.one, clash.other)}
    areas = list(
        islice(
            (_area(plan, volume, plan.id in involved) for plan in plans for volume in plan.volumes),
            MOST_DRAWN,
        )
    )
    numbered, words = [], []
    for number, clash in enumerate(clashes[:MOST_DRAWN], 1):
        how = clash.how
        title = (
            f"{number}: {clash.one} and {clash.other}, {how.lower_mm / 1000:.0f} to {how.upper_mm / 1000:.0f} m,"
            f" {rfc3339(how.start)[:16]}Z to {rfc3339(how.end)[:16]}Z"
        )
        if (ground := _ground(by_id, clash, separation)) is not None:
            numbered.append(Area("conflict", ground, title))
        words.append(title)
    left = [f"... and {len(words) - _LISTED} more"] if len(words) > _LISTED else []
    head = f"{len(plans)} plans, {len(clashes)} conflicts"
    foot = "Holds plans: handle it as you handle them. Land and borders: Natural Earth, 1:50 million, thinned; not for navigation."
    return scene(areas, numbered, [head, *words[:_LISTED], *left, foot])


def _area(plan: Plan, volume: Volume4D, clashes: bool) -> Area:
    title = f"{plan.id}, {volume.lower_mm / 1000:.0f} to {volume.upper_mm / 1000:.0f} m {volume.datum.value}"
    return Area(
        "closed" if isinstance(plan, Constraint) else "clash" if clashes else "plan", volume.outline, title
    )


def _ground(by_id: dict[str, Plan], clash: Clash, separation: Separation) -> shapely.Geometry | None:
    one, other = (
        _volumes(by_id[id])[part] for id, part in zip((clash.one, clash.other), clash.volumes, strict=True)
    )
    return where(one, other, separation)


def _volumes(plan: Plan) -> tuple[Volume4D, ...]:
    return plan.everywhere if isinstance(plan, Intent) else plan.volumes


def _kind(plan: Plan) -> str:
    return "plan" if isinstance(plan, Intent) else "constraint"


def _bounds(volume: Volume4D) -> dict[str, Any]:
    return {
        "altitude_lower_m": volume.lower_mm / 1000,
        "altitude_upper_m": volume.upper_mm / 1000,
        "altitude_datum": volume.datum.value,
        "time_start": rfc3339(volume.start),
        "time_end": rfc3339(volume.end),
    }


def _feature(shape: shapely.Geometry | None, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = None if shape is None else msgspec.Raw(shapely.to_geojson(shape).encode())
    return {"type": "Feature", "geometry": geometry, "properties": properties}
