"""Vectors of spec/amendment: an agreement proposed and accepted, with envelopes; acceptances that are refused; how
contents change, merge and are taken in part."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.pact.agreement import agreement_hash, parse_terms, statement, template
from detente.pact.document import read_document, write_document
from detente.pact.joint import Merged, changes, merge, part
from detente.pact.terms import DAY_MS, PartyTerms
from detente.pact.unilateral import write_revocation
from detente.wire.envelope import AGREEMENT, DOCUMENT, add_signature, seal
from detente.wire.identity import generate_identity
from detente.wire.instant import rfc3339

NOW = 1_795_376_533_123
BASE: dict[str, Any] = {
    "title": "Groups",
    "entries": {
        "isil": {"name": "Islamic State", "status": {"n": "listed", "s": "considered"}},
        "rsrs": {"name": "Riyadus", "aliases": ["RSRS"]},
    },
}
ISIL = BASE["entries"]["isil"]


def edited(**entries: Any) -> dict[str, Any]:
    """The base with these entries; None leaves one out."""
    kept = {**BASE["entries"], **entries}
    return {**BASE, "entries": {slug: entry for slug, entry in kept.items() if entry is not None}}


MERGES: tuple[tuple[str, Any, Any, Any], ...] = (
    (
        "each its own status",
        BASE,
        edited(isil={**ISIL, "status": {"n": "objects", "s": "considered"}}),
        edited(isil={**ISIL, "status": {"n": "listed", "s": "listed"}}),
    ),
    ("an entry each", BASE, edited(hts={"name": "HTS"}), edited(pkk={"name": "PKK"})),
    ("one entry, different members", BASE, edited(hts={"name": "HTS"}), edited(hts={"since": "2017"})),
    (
        "one name, two readings",
        BASE,
        edited(isil={**ISIL, "name": "Daesh"}),
        edited(isil={**ISIL, "name": "ISIL"}),
    ),
    ("removed and changed", BASE, edited(rsrs=None), edited(rsrs={"name": "Riyadus", "aliases": []})),
    (
        "lists are values",
        BASE,
        edited(rsrs={"name": "R", "aliases": ["a"]}),
        edited(rsrs={"name": "R", "aliases": ["b"]}),
    ),
    ("true is not one", {"n": 0}, {"n": 1}, {"n": True}),
    ("two first versions", None, {"title": "L", "entries": {"a": {}}}, {"title": "L", "entries": {"b": {}}}),
    ("both the same", BASE, edited(hts={}), edited(hts={})),
)


def _merge(why: str, base: Any, ours: Any, theirs: Any) -> dict[str, Any]:
    found = merge(base, ours, theirs)
    said = {"why": why, "base": base, "ours": ours, "theirs": theirs}
    if isinstance(found, Merged):
        return {
            **said,
            "merged": found.content,
            "changes": [str(each) for each in changes(base, found.content)],
        }
    return {**said, "conflicts": [{"path": list(each.path), "in_words": str(each)} for each in found.found]}


def make(old: Any) -> dict[str, Any]:
    north, south, east = (generate_identity(bytes([n]) * 32) for n in (1, 2, 3))
    terms = parse_terms(
        template(PartyTerms(north.party, "N"), PartyTerms(south.party, "S"), NOW + 365 * DAY_MS)
    )
    payload = statement(terms)
    other = statement(msgspec.structs.replace(terms, retention_days=10))
    proposal = seal(AGREEMENT, payload, north)
    accepted = add_signature(proposal, south)
    return {
        "spec": "spec/amendment.md",
        "at": NOW,
        "parties": {"proposer": north.party, "other": south.party},
        "keys": {each.party: each.public.to_json() for each in (north, south, east)},
        "hash": agreement_hash(payload),
        "instant": rfc3339(NOW),
        "propose": proposal.decode(),
        "accept": accepted.decode(),
        "refused": {
            "stripped signature": seal(AGREEMENT, payload, south).decode(),
            "the proposal sent back": proposal.decode(),
            "changed terms": add_signature(seal(AGREEMENT, other, north), south).decode(),
            "a third signature": add_signature(accepted, east).decode(),
            "a third party in place of the other": add_signature(proposal, east).decode(),
        },
        "merges": [_merge(*each) for each in MERGES],
        "part": {
            "base": BASE, "proposed": (proposed := edited(rsrs=None, hts={"name": "HTS"}, pkk={"name": "PKK"})),
            "entries": ["hts", "rsrs"], "gives": part(BASE, proposed, ["hts", "rsrs"]),
        },
        "documents": _documents(north, south),
    }  # fmt: skip


def _documents(north: Any, south: Any) -> dict[str, Any]:
    """A proposal, the counter-proposal to it with its message's body, and the revocation of what came of that."""
    parties = sorted((north.party, south.party))
    first = write_document("resolution", "main", "", parties, "content", BASE)
    second = write_document("resolution", "main", "", parties, "content", edited(rsrs=None))
    instead, digest = read_document(first).hash, read_document(second).hash
    pair = (parties[0], parties[1])
    revoked = write_revocation("resolution", "main", digest, pair, north.party, NOW, NOW + DAY_MS, "over")
    return {
        "propose": {"body": {"document": instead}, "document": seal(DOCUMENT, first, north).decode()},
        "counter": {
            "body": {"document": digest, "instead": instead, "reason": "not yet"},
            "document": seal(DOCUMENT, second, south).decode(),
        },
        "accept": {
            "body": {"document": digest, "at": rfc3339(NOW)},
            "document": add_signature(seal(DOCUMENT, second, south), north).decode(),
        },
        "revoke": {
            "body": {"document": read_document(revoked).hash}, "document": seal(DOCUMENT, revoked, north).decode()
        },
    }  # fmt: skip
