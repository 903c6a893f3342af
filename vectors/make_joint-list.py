"""Vectors of spec/joint-list: contents that are joint lists and that are not, whose word is whose, what two words come to, which groups a
ground names."""

from __future__ import annotations

import copy
from typing import Any

from detente.errors import Malformed, Refused
from detente.pact.joint_list import Name, Reading, Source, Word, own_word, read_joint_list, with_words
from detente.topics.designations.grounds import GroupNames, only_unlisted
from detente.topics.designations.listing import STATUSES
from detente.topics.designations.reconciling import state_of

OURS, THEIRS = "a" * 64, "b" * 64
NAMES = {"teapot": ["Order of the Teapot", "Kettle"], "isil": ["Islamic State"]}
GROUNDS = (
    "member of ISIS since 2014", "IS member", "he is a member", "ISIL Khorasan", "воевал на стороне Талибана",
    "combattant de l'État islamique", "عضو في داعش", "put the kettle on", "Kettle", "ORDER OF THE TEAPOT", "case 12/2026",
)  # fmt: skip
RECORDS = (["Hamas"], ["Hamas", "case 12/2026"], ["Hamas, with ISIS"], ["Hamas", "Kettle"], ["Kettle"], [])


def word(status: Any, **said: Any) -> Word:
    fields: dict[str, Any] = {
        "reason": "",
        "grounds": "",
        "legal_basis": "",
        "since": "",
        "review": "",
        "sources": (),
        "reads": (),
    }
    return Word(status=status, names=(Name("Order of the Teapot", "en", "name"),), **(fields | said))


def make(old: Any) -> dict[str, Any]:
    ours = word(
        "listed", since="2020-02-29", review="2027-06", sources=(Source("un", "QDe.999", "1267 (1999)", "2020"),),
        reads=(Reading("Kettle", ""),),
    )  # fmt: skip
    base = with_words(
        with_words(None, "Groups", OURS, {"teapot": ours}),
        "",
        THEIRS,
        {"teapot": word("objects", reason="they pour")},
    )
    names = GroupNames(NAMES)
    return {
        "spec": "spec/joint-list.md",
        "parties": [OURS, THEIRS],
        "accepted": [with_words(None, "Groups", OURS, {}), base],
        "refused": [{"why": why, "content": content} for why, content in refused(base)],
        "own_word": [proposal(base, why, content) for why, content in proposals(base)],
        "states": [[a, b, state_of(a, b)] for a in (*STATUSES, None) for b in (*STATUSES, None)],
        "names": NAMES,
        "grounds": [{"text": text, "groups": sorted(names.named(text))} for text in GROUNDS],
        "listed": ["isil"],
        "unlisted": [
            {"grounds": grounds, "groups": list(only_unlisted(grounds, names, {"isil"}))}
            for grounds in RECORDS
        ],
    }


def changed(content: Any, path: tuple[str, ...], value: Any) -> Any:
    whole = copy.deepcopy(content)
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return whole


def refused(base: Any) -> list[tuple[str, Any]]:
    theirs = ("entries", "teapot", "words", THEIRS)
    found = [
        ("no title", changed(base, ("title",), "")),
        ("a member that is not named", changed(base, (*theirs, "more"), 1)),
        ("an unknown status", changed(base, (*theirs, "status"), "banned")),
        (
            "the word of a third party",
            changed(base, ("entries", "teapot", "words", "c" * 64), base["entries"]["teapot"]["words"][OURS]),
        ),
        ("nobody's word", changed(base, ("entries", "teapot", "words"), {})),
        ("a slug that is none", changed(base, ("entries", "Tea Pot"), base["entries"]["teapot"])),
        ("a text that reorders what follows", changed(base, (*theirs, "reason"), "a\u202eb")),
        ("a day that is not in the calendar", changed(base, (*theirs, "since"), "2021-02-29")),
        (
            "a name twice",
            changed(base, (*theirs, "names"), base["entries"]["teapot"]["words"][OURS]["names"] * 2),
        ),
    ]
    for why, content in found:
        try:
            read_joint_list(content, (OURS, THEIRS))
        except Malformed:
            continue
        raise ValueError(f"accepted: {why}")
    return found


def proposals(base: Any) -> list[tuple[str, Any]]:
    theirs = ("entries", "teapot", "words", THEIRS)
    return [
        ("its own status", changed(base, ("entries", "teapot", "words", OURS, "status"), "considered")),
        ("the other's status", changed(base, (*theirs, "status"), "listed")),
        ("the other's reason", changed(base, (*theirs, "reason"), "")),
        ("the other's word taken away", with_words(base, "", THEIRS, {})),
        ("its own word taken away", with_words(base, "", OURS, {})),
        (
            "a new group in the other's name",
            changed(
                base, ("entries", "samovar"), {"words": {THEIRS: base["entries"]["teapot"]["words"][THEIRS]}}
            ),
        ),
    ]


def proposal(base: Any, why: str, content: Any) -> dict[str, Any]:
    """Proposed by OURS on `base`; what THEIRS has itself signed on it is nothing, then this very content."""
    said = []
    for signed in ([], [content]):
        try:
            own_word(base, content, OURS, signed)
            said.append("taken")
        except Refused:
            said.append("refused")
    return {"why": why, "content": content, "said_nothing": said[0], "said_this": said[1]}
