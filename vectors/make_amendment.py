"""Vectors of spec/amendment: an agreement proposed and accepted, with envelopes; and acceptances that are refused."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.pact.agreement import agreement_hash, parse_terms, statement, template
from detente.pact.terms import DAY_MS, PartyTerms
from detente.wire.envelope import AGREEMENT, add_signature, seal
from detente.wire.identity import generate_identity

NOW = 1_795_376_533_123


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
        "propose": proposal.decode(),
        "accept": accepted.decode(),
        "refused": {
            "stripped signature": seal(AGREEMENT, payload, south).decode(),
            "the proposal sent back": proposal.decode(),
            "changed terms": add_signature(seal(AGREEMENT, other, north), south).decode(),
            "a third signature": add_signature(accepted, east).decode(),
            "a third party in place of the other": add_signature(proposal, east).decode(),
        },
    }
