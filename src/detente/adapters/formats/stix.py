"""STIX 2.1 bundles: identities, threat actors and intrusion sets, with the TLP markings that they carry.

Source: STIX 2.1 (OASIS standard), 4.5, 4.17, 4.8, 7.2 and appendix A; the TLP 2.0 extension definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detente.adapters.formats.document import admiralty, load, objects, strictest, text, texts
from detente.adapters.formats.rows import Problem, Row, Rows, Source, entity
from detente.errors import Misuse

TLP_2_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"

# Markings with an id of their own, which a bundle may name without holding them: TLP 1.0 (7.2.1.4) and TLP 2.0.
_KNOWN = {
    "613f2e26-407d-48c7-9eca-b8e91df99dc9": "TLP:CLEAR",
    "34098fce-860f-48ae-8e50-ebd3cc5e41da": "TLP:GREEN",
    "f88d31f6-486f-44da-b317-01333bde0b82": "TLP:AMBER",
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "TLP:RED",
    "94868c89-83c2-464b-929b-a1a8aa3c8487": "TLP:CLEAR",
    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "TLP:GREEN",
    "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "TLP:AMBER",
    "939a9414-2ddd-4d32-a0cd-375ea402b003": "TLP:AMBER+STRICT",
    "e828b379-4e03-4974-9ac4-e53a884c97c1": "TLP:RED",
}
_CLASSES = {"individual": "Person", "group": "Organization", "organization": "Organization"}


def read(source: Source) -> Rows:
    """Objects of the three kinds; others in the bundle are passed over. `line` is the object's number in it."""
    bundle = load(source.path)
    markings = {text(one, "id"): one for one in _objects(bundle) if one.get("type") == "marking-definition"}
    for number, one in enumerate(_objects(bundle), 1):
        schema = _schema(one)
        if schema is None:
            continue
        try:
            yield Row(number, _row(one, schema, markings))
        except Misuse as problem:
            yield Problem(number, str(problem))


def _objects(bundle: Any) -> Sequence[Mapping[str, Any]]:
    return objects(bundle, "objects")


def _schema(one: Mapping[str, Any]) -> str | None:
    kind = one.get("type")
    if kind in ("threat-actor", "intrusion-set"):
        return "Person" if one.get("resource_level") == "individual" else "Organization"
    if kind != "identity":
        return None
    return _CLASSES.get(text(one, "identity_class"), "")


def _row(one: Mapping[str, Any], schema: str, markings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if not text(one, "id") or not text(one, "name").strip():
        raise Misuse("an object without an id or a name")
    if one.get("revoked") is True:
        raise Misuse("its author has revoked it")
    if not schema:
        raise Misuse("an identity that is neither a person nor an organisation: its identity_class says so")
    properties = {
        "name": [text(one, "name")],
        "alias": texts(one, "aliases"),
        "notes": [text(one, "description")],
        "sector": texts(one, "sectors"),
        "position": texts(one, "roles") if schema == "Person" and one.get("type") == "identity" else [],
    }
    marking = strictest(label for ref in _marking_refs(one) for label in _labels(ref, markings))
    grade = admiralty("", _credibility(one.get("confidence")))
    return entity(text(one, "id"), schema, properties, marking=marking, grade=grade)


def _marking_refs(one: Mapping[str, Any]) -> Iterator[str]:
    """The object's markings and, since a record is handled whole, those of its parts (7.2.3)."""
    yield from texts(one, "object_marking_refs")
    for part in objects(one, "granular_markings"):
        yield from texts(part, "marking_ref")


def _labels(ref: str, markings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    known = _KNOWN.get(ref.removeprefix("marking-definition--"))
    if known is not None:
        return [known]
    definition = markings.get(ref)
    if definition is None:
        raise Misuse("it is marked by a definition that the bundle does not hold: ask for a whole bundle")
    extensions = definition.get("extensions")
    extension = extensions.get(TLP_2_EXTENSION) if isinstance(extensions, Mapping) else None
    if isinstance(extension, Mapping):
        return [f"TLP:{text(extension, 'tlp_2_0')}"]
    held = definition.get("definition")
    if definition.get("definition_type") == "tlp":
        return [f"TLP:{text(held, 'tlp') if isinstance(held, Mapping) else ''}"]
    if definition.get("definition_type") == "statement":
        return []  # a copyright line or the like: it says nothing of who may see it
    raise Misuse("it is marked by a definition of an unknown kind: give it a TLP label")


def _credibility(confidence: object) -> str:
    """STIX 2.1, appendix A, "Admiralty Credibility"."""
    if not isinstance(confidence, int) or isinstance(confidence, bool) or not 0 <= confidence <= 100:
        return ""
    return str(5 - min(confidence, 99) // 20)
