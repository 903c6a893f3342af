"""The joint list as FollowTheMoney JSON lines: an Organization a group, and a Sanction for each word and each list behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from detente.adapters.exports.edition import Edition, earliest, others, said, title
from detente.pact.joint_list import Entry, NameKind, Word

_PROPERTIES: Final[dict[NameKind, str]] = {
    "name": "alias",
    "alias": "alias",
    "former": "previousName",
    "weak": "weakAlias",
}
_LISTED: Final = ["crime.terror"]


def write(edition: Edition) -> str:
    """One entity a line, each with the members that FollowTheMoney's `Organization` and `Sanction` have."""
    return "".join(
        json.dumps(entity, ensure_ascii=False, sort_keys=True) + "\n" for entity in _entities(edition)
    )


def _entities(edition: Edition) -> Iterator[dict[str, Any]]:
    for slug, entry in edition.entries():
        group = f"detente-{edition.uuid('organization', slug)}"
        yield _organization(edition, slug, entry, group)
        for party, name, word in said(entry, edition):
            yield _sanction(edition, group, party, name, word)


def _organization(edition: Edition, slug: str, entry: Entry, ident: str) -> dict[str, Any]:
    properties: dict[str, list[str]] = {"name": [title(slug, entry)]}
    for name in others(slug, entry):
        properties.setdefault(_PROPERTIES[name.kind], []).append(name.text)
    if any(word.status == "listed" for word in entry.words.values()):
        properties["topics"] = _LISTED
    # `grounds` and `marking` are what `detente load` reads beside the schema's own members.
    grounds = [f"{name}: {word.grounds}"[:1000] for _, name, word in said(entry, edition) if word.grounds]
    found = {"id": ident, "schema": "Organization", "properties": properties, "marking": edition.marking}
    return found | ({"grounds": grounds} if grounds else {})


def _sanction(edition: Edition, group: str, party: str, name: str, word: Word) -> dict[str, Any]:
    properties: dict[str, list[str]] = {
        "entity": [group],
        "authority": [name],
        "status": [word.status],
        "reason": [text for text in (word.reason, word.grounds) if text],
        "provisions": [word.legal_basis, *(source.legal_basis for source in word.sources)],
        "program": [source.list for source in word.sources],
        "authorityId": [source.reference for source in word.sources],
        "listingDate": [word.since or earliest(Entry({party: word}))],
        "recordId": [edition.hash],
    }
    cleaned = {key: list(dict.fromkeys(text for text in texts if text)) for key, texts in properties.items()}
    return {
        "id": f"detente-{edition.uuid('sanction', group, party)}",
        "schema": "Sanction",
        "properties": {key: texts for key, texts in cleaned.items() if texts},
    }


__all__ = ["write"]
