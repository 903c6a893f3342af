"""Volumes as GeoJSON features (RFC 7946): a polygon with "id", "altitude_lower_m", "altitude_upper_m", "altitude_datum", "time_start", "time_end".

Also read: points with "radius_m" (circles), lines with "width_m" (corridors that wide), altitudes in feet or flight levels ("altitude_lower_ft",
"altitude_lower_fl"), "state", "priority" and "off_nominal"; "constraint" with its kind for air that is closed. Features of one id are volumes of one intent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from detente.topics.airspace.corridor import corridor
from detente.topics.airspace.datum import band_mm, datum_named
from detente.topics.airspace.outline import Outline, circle, outline
from detente.topics.airspace.volume import Volume4D

MOST_FEATURES = 1_000_000


def read(source: Source) -> Drawing:
    """The features of a collection, or of a single one, in order. Raises Misuse if the file is no GeoJSON."""
    for number, feature in enumerate(_features(load(source.path)), 1):
        try:
            yield drawn(number, feature)
        except Misuse as error:
            yield Broken(number, str(error), _id_or_none(feature))


def drawn(number: int, feature: object) -> Drawn:
    """One feature. Raises Misuse with the reason."""
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        raise Misuse("not a GeoJSON feature")
    found = feature.get("properties")
    properties: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    place = _place(feature.get("geometry"), properties)
    unit = next((unit for unit in ("m", "ft", "fl") if f"altitude_lower_{unit}" in properties), "m")
    lower, upper = band_mm(
        number_in(properties, f"altitude_lower_{unit}"), number_in(properties, f"altitude_upper_{unit}"), unit
    )
    start, end = span(properties.get("time_start"), properties.get("time_end"))
    volume = Volume4D(place.shape, lower, upper, start, end, datum_named(properties.get("altitude_datum")))
    return Drawn(
        number,
        _id(feature, properties),
        volume,
        state_of(properties.get("state")),
        priority_of(properties.get("priority")),
        properties.get("off_nominal") is True,
        place.repairs,
        _closed(properties.get("constraint")),
    )


def _features(document: object) -> Sequence[object]:
    if isinstance(document, Mapping) and document.get("type") == "Feature":
        return [document]
    features = document.get("features") if isinstance(document, Mapping) else document
    if not isinstance(features, list):
        raise Misuse("not GeoJSON: a feature collection has a list of features")
    if len(features) > MOST_FEATURES:
        raise Misuse(f"a collection of more than {MOST_FEATURES} features: split the file")
    return features


def _closed(kind: object) -> str:
    """The kind of a constraint, "" for none. Raises Misuse."""
    if kind is None or kind is False:
        return ""
    if not isinstance(kind, str) or not 0 < len(kind) <= 100:
        raise Misuse("a constraint is named by its kind, for example no-fly")
    return kind


def _id_or_none(feature: object) -> str:
    """The id that a broken feature has, "" for none."""
    try:
        found = feature.get("properties") if isinstance(feature, Mapping) else None
        return (
            _id(feature, found if isinstance(found, Mapping) else {}) if isinstance(feature, Mapping) else ""
        )
    except Misuse:
        return ""


def _id(feature: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    for value in (properties.get("id"), feature.get("id")):
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    raise Misuse("a feature without an id: give it one that your side knows it by")


def _place(geometry: object, properties: Mapping[str, Any]) -> Outline:
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    given = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    if not isinstance(given, list):
        raise Misuse("a feature without coordinates")
    match kind:
        case "Polygon":
            return outline([[_corners(ring) for ring in given]])
        case "MultiPolygon":
            return outline([[_corners(ring) for ring in _listed(rings)] for rings in given])
        case "Point":
            lon, lat = _corners([given])[0]
            return circle(lon, lat, number_in(properties, "radius_m"))
        case "LineString":
            return corridor(_corners(given), number_in(properties, "width_m") / 2)
    raise Misuse(
        "a volume's geometry is a Polygon, a MultiPolygon, a Point with radius_m or a LineString with width_m"
    )


def _corners(ring: object) -> list[tuple[float, float]]:
    corners = []
    for corner in _listed(ring):
        numbers = _listed(corner)
        if len(numbers) < 2 or any(type(x) not in (int, float) for x in numbers[:2]):
            raise Misuse("a corner that is no pair of numbers: give longitude and latitude in degrees")
        if max(abs(numbers[0]), abs(numbers[1])) > 540:
            raise Misuse(
                "a corner that is not on the earth: longitude comes first, then latitude, both in degrees"
            )
        corners.append((float(numbers[0]), float(numbers[1])))
    return corners


def _listed(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Misuse("coordinates that are not nested as GeoJSON nests them")
    return value
