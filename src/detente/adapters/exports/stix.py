"""The joint list as a STIX 2.1 bundle: an intrusion set a group, an opinion a party and group, one TLP 2.0 marking on all.

Source: STIX 2.1 (OASIS standard): 2.9 (ids), intrusion set, opinion, 7.1 (language content), 7.2 (markings). The ids of TLP 2.0 are those of
OASIS's common objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from detente.adapters.exports.edition import Edition, others, said, title
from detente.adapters.formats.stix import TLP_2_EXTENSION
from detente.pact.joint_list import Entry, Status, Word
from detente.pact.marking import parse_marking
from detente.wire.instant import rfc3339

_TLP: Final = {
    "TLP:CLEAR": "94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "e828b379-4e03-4974-9ac4-e53a884c97c1",
}
_TLP_SINCE: Final = "2022-10-01T00:00:00.000Z"
# What the opinion is about: that the group is rightly on the list.
_OPINIONS: Final[dict[Status, str]] = {
    "listed": "strongly-agree",
    "considered": "neutral",
    "not-listed": "disagree",
    "objects": "strongly-disagree",
}


def write(edition: Edition) -> str:
    """The bundle as JSON. Ids and times are the same whenever and by whomever one version is exported.

    An opinion is on whether the group is rightly listed: listed is strongly-agree, considered neutral, not listed disagree, objects
    strongly-disagree.
    """
    marking = _marking(edition)
    objects = [*_extension(), marking, *_parties(edition), *_groups(edition)]
    marked = [
        each if each["type"] in _UNMARKED else {**each, "object_marking_refs": [marking["id"]]}
        for each in objects
    ]
    bundle = {"type": "bundle", "id": f"bundle--{edition.uuid('bundle', edition.hash)}", "objects": marked}
    return json.dumps(bundle, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


_UNMARKED: Final = frozenset({"marking-definition", "extension-definition"})


def _extension() -> Iterator[dict[str, Any]]:
    """OASIS's own definition of the extension that TLP 2.0 is."""
    yield {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": TLP_2_EXTENSION,
        "created_by_ref": "identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01",
        "created": _TLP_SINCE,
        "modified": _TLP_SINCE,
        "name": "TLP 2.0",
        "description": "This defines TLP 2.0 as a STIX extension",
        "schema": "https://github.com/oasis-open/cti-stix-common-objects/tree/master/extension-definition-specifications/tlp-2.0",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }


def _marking(edition: Edition) -> dict[str, Any]:
    label = parse_marking(edition.marking).tlp
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{_TLP[label]}",
        "created": _TLP_SINCE,
        "name": label,
        "extensions": {
            TLP_2_EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": label.removeprefix("TLP:").lower(),
            }
        },
    }


def _common(edition: Edition, kind: str, *what: str) -> dict[str, Any]:
    since = rfc3339(edition.since)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{edition.uuid(kind, *what)}",
        "created": since,
        "modified": since,
    }


def _parties(edition: Edition) -> Iterator[dict[str, Any]]:
    for party, name in edition.parties:
        yield _common(edition, "identity", party) | {"name": name, "identity_class": "organization"}


def _groups(edition: Edition) -> Iterator[dict[str, Any]]:
    for slug, entry in edition.entries():
        group = _group(edition, slug, entry)
        yield group
        for party, name, word in said(entry, edition):
            yield _opinion(edition, slug, group["id"], party, name, word)
        yield from _languages(edition, slug, group, entry)


def _group(edition: Edition, slug: str, entry: Entry) -> dict[str, Any]:
    aliases = [name.text for name in others(slug, entry)]
    grounds = [f"{name}: {word.grounds}" for _, name, word in said(entry, edition) if word.grounds]
    found = _common(edition, "intrusion-set", slug) | {"name": title(slug, entry)}
    if aliases:
        found["aliases"] = aliases
    if grounds:
        found["description"] = "\n\n".join(grounds)
    references = [reference for _, name, word in said(entry, edition) for reference in _sources(name, word)]
    if references:
        found["external_references"] = references
    return found


def _sources(party: str, word: Word) -> Iterator[dict[str, str]]:
    for source in word.sources:
        said_of = [
            f"a list that {party} follows",
            source.legal_basis,
            f"since {source.since}" if source.since else "",
        ]
        yield {
            "source_name": source.list,
            "external_id": source.reference,
            "description": "; ".join(part for part in said_of if part),
        }


def _opinion(edition: Edition, slug: str, group: str, party: str, name: str, word: Word) -> dict[str, Any]:
    lines = [
        f"{name}: {word.status.replace('-', ' ')}",
        word.reason,
        f"legal basis: {word.legal_basis}" if word.legal_basis else "",
        f"since {word.since}" if word.since else "",
        f"to be reviewed on {word.review}" if word.review else "",
        *(
            f"{name} reads the name {r.name} as another group ({r.group or 'not on this list'})"
            for r in word.reads
        ),
    ]
    return _common(edition, "opinion", slug, party) | {
        "created_by_ref": f"identity--{edition.uuid('identity', party)}",
        "authors": [name],
        "object_refs": [group],
        "opinion": _OPINIONS[word.status],
        "explanation": "; ".join(line for line in lines if line),
    }


def _languages(edition: Edition, slug: str, group: dict[str, Any], entry: Entry) -> Iterator[dict[str, Any]]:
    """The names whose language is known, by language."""
    by: dict[str, list[str]] = {}
    for name in entry.names:
        if not name.language.startswith("und"):
            by.setdefault(name.language, []).append(name.text)
    contents: dict[str, dict[str, Any]] = {
        tag: {"name": names[0]} | ({"aliases": names[1:]} if names[1:] else {})
        for tag, names in sorted(by.items())
    }
    if contents:
        yield _common(edition, "language-content", slug) | {
            "object_ref": group["id"],
            "object_modified": group["modified"],
            "contents": contents,
        }


__all__ = ["write"]
