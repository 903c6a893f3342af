"""Vectors of spec/requests: wordings, ids, places of answers, which answer may follow which, and the matrix of a story."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from detente.pact.facts import Fact, RequestAsked, RequestRated, RequestTold, Told
from detente.pact.requests import Wording, matrix, may_tell, request_id, slots
from detente.wire.instant import parse_rfc3339

ASKER, ANSWERER = "1" * 64, "2" * 64
STATES = ("open", "accepted", "part", "full", "nothing", "declined")
BODY = {
    "asked": "2026-11-23T09:00:00.000Z",
    "until": "2026-12-01T23:59:59.999Z",
    "topic": "people",
    "marking": "TLP:AMBER PAP:GREEN",
    "most": 3,
    "returns": 1,
    "via": "",
}


def make(old: Any) -> dict[str, Any]:
    return {
        "spec": "spec/requests.md",
        "asker": ASKER,
        "answerer": ANSWERER,
        "requests": [request("Жанна", ""), request("Olga", "3" * 64)],
        "answers": [
            {"state": state, "answer": answer, "allowed": may_tell(state, answer)}  # type: ignore[arg-type]
            for state in STATES
            for answer in get_args(Told)
        ],
        "matrix": story(),
    }


def request(name: str, via: str) -> dict[str, Any]:
    wording = Wording(
        "person",
        "Person",
        {"name": (name,)},
        "Do you know this person?",
        "a case of ours",
        "one of ours",
        "7" * 32,
    ).encode()
    body = {**BODY, "via": via}
    ident = request_id(ASKER, ANSWERER, body, wording)
    return {
        "wording": wording.decode(),
        "body": {"request": ident, **body},
        "slots": list(slots(ident, BODY["most"])),
    }


def story() -> dict[str, Any]:
    """Three requests of the asker's: answered in time and useful, answered late, and open after its day."""
    asked, until = (parse_rfc3339(BODY[name]) for name in ("asked", "until"))
    facts: list[Fact] = []

    def said(kind: str, subject: str, body: msgspec.Struct) -> None:
        facts.append(Fact(len(facts), kind, subject, "", asked, body))

    for subject in ("a" * 64, "b" * 64, "c" * 64):
        said(
            "request.asked", subject, RequestAsked("ours", "people", asked, until, "TLP:AMBER", 3, 1, "", "")
        )
    said("request.told", "a" * 64, RequestTold("theirs", "part", until, "", ""))
    said("request.told", "b" * 64, RequestTold("theirs", "nothing", until + 1, "", ""))
    said("request.rated", "a" * 64, RequestRated("ours", True, ""))
    (cell,) = matrix(facts, until + 1)
    entries = [{"kind": f.kind, "subject": f.subject, "body": msgspec.to_builtins(f.body)} for f in facts]
    return {"now": until + 1, "entries": entries, "month": cell.month, "ours": [
        cell.ours.asked, cell.ours.answered, cell.ours.useful, cell.ours.late, cell.ours.declined, cell.ours.given
    ]}  # fmt: skip
