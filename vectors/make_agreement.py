"""Vectors of spec/agreement: terms, their statement and hash, the statements about them, which records take part."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.errors import Malformed
from detente.pact.agreement import (
    Admitted,
    agreement_hash,
    in_scope,
    parse_terms,
    read_agreement,
    statement,
    template,
)
from detente.pact.unilateral import write_end, write_resumption, write_suspension
from detente.pact.document import write_document
from detente.pact.terms import DAY_MS, PartyTerms, Scope, Terms, to_json
from detente.topics.topic import Record
from detente.wire.envelope import DOCUMENT, statement_id

NORTH, SOUTH, EAST = (digit * 64 for digit in "abc")
NOW = 1_795_376_533_123


def make(old: Any) -> dict[str, Any]:
    form = template(
        PartyTerms(NORTH, "Northern Service"), PartyTerms(SOUTH, "Southern Service"), NOW + 365 * DAY_MS
    )
    terms = parse_terms(form)
    first, later = statement(terms), statement(msgspec.structs.replace(terms, retention_days=30), "d" * 64)
    suspension = write_suspension(
        "main", agreement_hash(first), (NORTH, SOUTH), NORTH, NOW, "00" * 16, "under review"
    )
    lifted = statement_id(DOCUMENT, suspension)
    about = {
        "suspend": suspension,
        "end": write_end("main", agreement_hash(first), (NORTH, SOUTH), NORTH, NOW, NOW + 30 * DAY_MS),
        "resume": write_resumption("main", agreement_hash(first), (NORTH, SOUTH), (lifted,)),
    }
    return {
        "spec": "spec/agreement.md",
        "form": form,
        "agreements": [{"payload": p.decode(), "hash": agreement_hash(p)} for p in (first, later)],
        "statements": {
            n: {"payload": p.decode(), "hash": statement_id(DOCUMENT, p)} for n, p in about.items()
        },
        "refused": [{"payload": p.decode(), "why": why} for why, p in refused(terms)],
        "records": [record(terms, **each) for each in RECORDS],
    }


def refused(terms: Terms) -> list[tuple[str, bytes]]:
    value = to_json(terms)
    changes: dict[str, dict[str, Any]] = {
        "a member that is not named": {"extra": 1},
        "out of range": {"retention_days": 0},
        "buckets not a power of two": {"topics": [{**value["topics"][0], "buckets": 63}]},
        "peer inspection without dh": {"topics": [{**value["topics"][0], "engine": "rr22"}]},
        "TLP:RED": {"markings": {**value["markings"], "tlp": ["TLP:RED"]}},
        "another name than the head": {"name": "other"},
    }
    made = [
        (w, write_document("agreement", "main", "", (NORTH, SOUTH), "terms", {**value, **c}))
        for w, c in changes.items()
    ]
    short = {name: part for name, part in value.items() if name != "continues_when_suspended"}
    made.append(
        ("a member left out", write_document("agreement", "main", "", (NORTH, SOUTH), "terms", short))
    )
    made.append(
        (
            "other parties than the head",
            write_document("agreement", "main", "", (NORTH, EAST), "terms", value),
        )
    )
    for why, payload in made:
        try:
            read_agreement(payload)
        except Malformed:
            continue
        raise AssertionError(why)
    return made


RECORDS: list[dict[str, Any]] = [
    {"grounds": ["UN listing QDi.001"]},
    {"grounds": []},
    {"grounds": ["Russian-speaking"]},
    {"grounds": ["говорит по-русски"]},
    {"grounds": ["IS"], "scope": {"groups": ["is"]}},
    {"grounds": ["member of ISAF"], "scope": {"groups": ["IS"]}},
    {"grounds": ["court order"], "scope": {"languages": ["ru"]}, "spoken": ["rus"]},
    {"grounds": ["court order"], "scope": {"languages": ["ru"]}, "spoken": ["fra"]},
    {"grounds": ["court order"], "scope": {"languages": ["ru"]}},
    {"grounds": ["court order"], "scope": {"grounds": ["listing"]}},
    {"grounds": ["court order"], "marking": "TLP:WHITE"},
    {"grounds": ["court order"], "marking": "TLP:AMBER SECRET"},
    {"grounds": ["court order"], "marking": "TLP:AMBER+STRICT"},
    {"grounds": ["court order"], "origin": f"party:{EAST}"},
    {"grounds": ["court order"], "origin": f"party:{SOUTH}"},
]


def record(terms: Terms, **case: Any) -> dict[str, Any]:
    scope = Scope(**{name: tuple(words) for name, words in case.get("scope", {}).items()})
    topic = msgspec.structs.replace(terms.topics[0], scope=scope)
    properties = {"spokenLanguage": tuple(case["spoken"])} if "spoken" in case else {}
    found = in_scope(
        terms,
        topic,
        Record(
            "r",
            "Person",
            properties,
            tuple(case["grounds"]),
            case.get("marking", "TLP:AMBER"),
            "B2",
            case.get("origin", ""),
        ),
        peer=SOUTH,
        now=NOW,
    )
    return {
        **case,
        "takes_part": isinstance(found, Admitted),
        "why": "" if isinstance(found, Admitted) else found.reason,
    }
