"""Operational intents and constraints as ASTM F3548-21 writes them in JSON: a reference and details, alone, in a list, or as a peer answers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detente.adapters.formats.airspace.plan import (
    Broken,
    Drawing,
    Drawn,
    Source,
    number_in,
    priority_of,
    span,
    state_of,
)
from detente.adapters.formats.document import load
from detente.errors import Misuse
from detente.topics.airspace.datum import band_mm, datum_named
from detente.topics.airspace.intent import MOST_VOLUMES
from detente.topics.airspace.outline import Outline, circle, outline
from detente.topics.airspace.volume import Volume4D

MEMBERS = ("operational_intent", "operational_intents", "constraint", "constraints", "reference", "details")
_UNITS = {"M": "m", "FT": "ft"}


def read(source: Source) -> Drawing:
    """The volumes of all intents and constraints, in order. Raises Misuse if the file holds none."""
    found = list(_entities(load(source.path)))
    if not found:
        raise Misuse(f"{source.path} holds no operational intent with a reference and details")
    number = 0
    for kind, entity in found:
        for drawn in _drawn(kind, entity, number):
            number += 1
            yield drawn


def volume_of(extent: object) -> tuple[Volume4D, Outline]:
    """A Volume4D in the standard's JSON. Raises Misuse with the reason."""
    members = _mapping(extent, "a volume")
    volume = _mapping(members.get("volume"), "a volume's volume")
    place = outline_of(volume)
    lower, upper, datum = altitudes_of(volume)
    start, end = (_mapping(members.get(name), name).get("value") for name in ("time_start", "time_end"))
    return Volume4D(place.shape, lower, upper, *span(start, end), datum_named(datum)), place


def outline_of(volume: Mapping[str, Any]) -> Outline:
    """An outline_polygon or an outline_circle. Raises Misuse."""
    if volume.get("outline_polygon"):
        vertices = _mapping(volume["outline_polygon"], "outline_polygon").get("vertices")
        if not isinstance(vertices, list):
            raise Misuse("an outline_polygon has a list of vertices")
        return outline([[[_place(vertex) for vertex in vertices]]])
    if volume.get("outline_circle"):
        round_ = _mapping(volume["outline_circle"], "outline_circle")
        radius = _mapping(round_.get("radius"), "radius")
        if radius.get("units") != "M":
            raise Misuse("a radius is in metres: its units are M")
        return circle(*_place(round_.get("center")), number_in(radius, "value"))
    raise Misuse("a volume needs an outline_polygon or an outline_circle")


def altitudes_of(volume: Mapping[str, Any]) -> tuple[int, int, object]:
    """Lower and upper altitude in millimetres, and what they are measured from, as it stands there. Raises Misuse."""
    both = [_mapping(volume.get(name), name) for name in ("altitude_lower", "altitude_upper")]
    units, datums = ([altitude.get(name) for altitude in both] for name in ("units", "reference"))
    if units[0] != units[1] or units[0] not in _UNITS or datums[0] != datums[1]:
        raise Misuse("both altitudes are in the same units (M or FT) and above the same reference")
    lower, upper = (number_in(altitude, "value") for altitude in both)
    return *band_mm(lower, upper, _UNITS[units[0]]), datums[0]


def _entities(document: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """("intent" or "constraint", what has a reference and details) of all that a document holds."""
    if isinstance(document, list):
        for one in document:
            yield from _entities(one)
    elif isinstance(document, Mapping):
        for name in MEMBERS[:4]:
            for one in _listed(document.get(name)):
                if isinstance(one, Mapping):
                    yield name.rstrip("s").removeprefix("operational_"), one
        if "reference" in document and "details" in document:
            details = document["details"]
            closed = isinstance(details, Mapping) and "type" in details
            yield "constraint" if closed else "intent", document


def _drawn(kind: str, entity: Mapping[str, Any], before: int) -> Drawing:
    number, id = before + 1, ""
    try:
        reference = _mapping(entity.get("reference"), "reference")
        details = _mapping(entity.get("details"), "details")
        if not isinstance(reference.get("id"), str) or not reference["id"]:
            raise Misuse("an intent whose reference has no id")
        id = reference["id"]
        closed = (str(details.get("type") or "closed") if kind == "constraint" else "")[:100]
        state, priority = (
            state_of(reference.get("state") if not closed else None),
            priority_of(details.get("priority")),
        )
        extents = [(False, one) for one in _listed(details.get("volumes"))]
        extents += [(True, one) for one in _listed(details.get("off_nominal_volumes"))]
        if not 0 < len(extents) <= MOST_VOLUMES:
            raise Misuse(f"an intent has from 1 to {MOST_VOLUMES} volumes")
        for number, (off, extent) in enumerate(extents, before + 1):
            volume, place = volume_of(extent)
            yield Drawn(number, id, volume, state, priority, off, place.repairs, closed)
    except Misuse as error:
        yield Broken(number, str(error), id)


def _place(vertex: object) -> tuple[float, float]:
    members = _mapping(vertex, "a vertex")
    return number_in(members, "lng"), number_in(members, "lat")


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Misuse(f"{what} is missing, or is no object")
    return value


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
