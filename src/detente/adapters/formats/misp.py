"""MISP events (person and organization objects, threat actors) and galaxies.

Source: the MISP core format, the misp-objects templates "person" (version 8) and "organization" (version 3), the
taxonomies tlp, PAP and admiralty-scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from detente.adapters.formats.countries import country_code
from detente.adapters.formats.document import admiralty, load, objects, strictest, text, texts
from detente.adapters.formats.rows import Problem, Row, Rows, Source, entity
from detente.errors import Misuse

_ADMIRALTY = re.compile(r'admiralty-scale:(source-reliability|information-credibility)="([a-z1-6])"')
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BETWEEN_NAMES = re.compile(r"[;,](?![^()]*\))")
_EXPLAINED = re.compile(r"\s*\((?![A-Z][A-Za-z.&-]{1,7}\))[^()]*\)")
_SCHEMAS = {"person": "Person", "organization": "Organization"}
_PROPERTIES = {
    "full-name": "name",
    "name": "name",
    "alias": "alias",
    "first-name": "firstName",
    "middle-name": "middleName",
    "last-name": "lastName",
    "mothers-name": "motherName",
    "title": "title",
    "gender": "gender",
    "date-of-birth": "birthDate",
    "place-of-birth": "birthPlace",
    "nationality": "nationality",
    "passport-number": "passportNumber",
    "identity-card-number": "idNumber",
    "social-security-number": "idNumber",
    "phone-number": "phone",
    "e-mail": "email",
    "address": "address",
    "VAT": "taxNumber",
    "date-of-inception": "incorporationDate",
    "text": "notes",
}


def read_events(source: Source) -> Rows:
    """The persons, organisations and threat actors of an event, or of several; `line` counts them from 1."""
    number = 0
    for event in _events(load(source.path)):
        tags = _tags(event)
        for found in _entities(event):
            number += 1
            try:
                yield Row(number, _entity(found, tags))
            except Misuse as problem:
                yield Problem(number, str(problem))


def read_galaxy(source: Source) -> Rows:
    """The clusters of a galaxy as Organization; `line` is the cluster's number."""
    for number, cluster in enumerate(objects(load(source.path), "values"), 1):
        held = cluster.get("meta")
        meta: Mapping[str, Any] = held if isinstance(held, Mapping) else {}
        if not text(cluster, "value").strip() or not text(cluster, "uuid"):
            yield Problem(number, "a cluster without a value or a uuid")
            continue
        properties = {
            "name": [text(cluster, "value")],
            "alias": [*texts(meta, "synonyms"), *names_within(text(meta, "summary"))],
            "authorityId": texts(meta, "id") if "published" in meta else [],
            "listingDate": [day for day in texts(meta, "published") if _DAY.fullmatch(day)],
            "country": [country_code(name) for name in texts(meta, "country")],
            "notes": texts(meta, "content") or [text(cluster, "description")],
            "sourceUrl": texts(meta, "refs"),
        }
        yield Row(number, entity(f"misp-{text(cluster, 'uuid')}", "Organization", properties))


def names_within(sentence: str) -> list[str]:
    """The names in a sentence that lists other names, as Canada's list has it under "summary".

    What stands in brackets is kept where it is an abbreviation, else left out: there it explains.

    >>> names_within("Babbar Khalsa (BK), the Tigers (of old), and the Air Tigers.")
    ['Babbar Khalsa (BK)', 'the Tigers', 'the Air Tigers']
    """
    plain = _EXPLAINED.sub("", sentence).strip().rstrip(".")
    if plain.upper() in ("", "N/A", "NONE"):
        return []
    pieces = [_bare(piece) for piece in _BETWEEN_NAMES.split(plain) if piece.strip()]
    last = pieces.pop()
    first, joined, second = last.rpartition(" and ")
    if last.startswith("and "):
        return [*pieces, last.removeprefix("and ").strip()]
    # "for Preaching and Combat" is one name: of two, the second has more than a word, or is an abbreviation.
    two = joined and (" " in second.strip() or second.isupper())
    return [*pieces, *([first.strip(), second.strip()] if two else [last])]


def _bare(piece: str) -> str:
    bracketed = re.fullmatch(r"\(([^()]*)\)", piece.strip())
    return bracketed[1] if bracketed else piece.strip()


def _events(document: Any) -> Iterator[Mapping[str, Any]]:
    """An export is one {"Event": ...}, a list of them, or {"response": such a list}."""
    wrapped = objects(document) or objects(document, "response") or [document]
    for one in wrapped:
        event = one.get("Event") if isinstance(one, Mapping) else None
        if isinstance(event, Mapping):
            yield event


def _entities(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for found in objects(event, "Object"):
        if found.get("name") in _SCHEMAS and not found.get("deleted"):
            yield found
    for attribute in objects(event, "Attribute"):
        if attribute.get("type") == "threat-actor" and not attribute.get("deleted"):
            named = {"object_relation": "name", "value": text(attribute, "value")}
            yield {
                "name": "organization",
                "uuid": attribute.get("uuid"),
                "Attribute": [dict(attribute) | named],
            }


def _entity(found: Mapping[str, Any], event_tags: list[str]) -> dict[str, Any]:
    properties: dict[str, list[str]] = {}
    tags = [*event_tags, *_tags(found)]
    for attribute in objects(found, "Attribute"):
        name = _PROPERTIES.get(text(attribute, "object_relation"))
        if name is None or attribute.get("deleted"):
            continue
        tags += _tags(attribute)
        properties.setdefault(name, []).extend(_values(name, text(attribute, "value")))
    schema = _SCHEMAS[text(found, "name")]
    if schema == "Person" and "name" not in properties:
        parts = (properties.get(part, [""])[0] for part in ("firstName", "middleName", "lastName"))
        properties["name"] = [" ".join(parts)]
    row = entity(
        f"misp-{text(found, 'uuid')}", schema, properties, marking=_marking(tags), grade=_grade(tags)
    )
    if not text(found, "uuid") or not {"name", "alias"} & row["properties"].keys():
        raise Misuse("an object without a uuid or a name")
    return row


def _values(name: str, value: str) -> list[str]:
    if name == "nationality":
        return [country_code(value)]
    if name == "gender":
        return [value.lower()] if value.lower() in ("male", "female", "other") else []
    return [value]


def _tags(tagged: Mapping[str, Any]) -> list[str]:
    return [text(tag, "name") for tag in objects(tagged, "Tag")]


def _marking(tags: list[str]) -> str:
    return strictest(tag for tag in tags if tag.lower().startswith(("tlp:", "pap:")))


def _grade(tags: list[str]) -> str:
    found = {match[1]: match[2] for tag in tags if (match := _ADMIRALTY.fullmatch(tag))}
    return admiralty(found.get("source-reliability", ""), found.get("information-credibility", ""))
