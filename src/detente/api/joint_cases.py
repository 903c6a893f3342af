"""The rows of the table for joint documents of every kind: the same as `detente joint`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.node.documents import Crossed
from detente.node.node import Node
from detente.node.shelves import AtView, DocumentView
from detente.pact.history import span

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class WhenInForce(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day in UTC (2026-05-01) or an instant, and a peer or "" for all."""

    when: str
    peer: str = ""


class WhichDocuments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Joint documents of a kind, a name, a peer; "" is any."""

    kind: str = ""
    name: str = ""
    peer: str = ""


class WithContent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next version of a joint document with a peer."""

    kind: str
    name: str
    peer: str
    content: dict[str, Any]


class AnsweringProposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal ("" where one waits); a reason that the peer is told; `only`: entries to sign and not the rest."""

    peer: str
    hash: str = ""
    reason: str = ""
    only: list[str] = []


class Countering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal to reject, and what to propose in its place."""

    peer: str
    content: dict[str, Any]
    hash: str = ""
    reason: str = ""


class OfDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One joint document with a peer, and a reason that it is told; `effective`: a day or an instant, "" is now."""

    kind: str
    name: str
    peer: str
    reason: str = ""
    effective: str = ""


class VersionHash(msgspec.Struct, frozen=True):
    """The hash of a version or a statement, by which every later message names it."""

    value: str


class Changed(msgspec.Struct, frozen=True):
    """What would change, in words."""

    lines: list[str]


def _at(node: Node, r: WhenInForce) -> list[AtView]:
    return node.documents.at(*span(r.when), peer=r.peer)


def _accept(node: Node, r: AnsweringProposal) -> VersionHash:
    if r.only:
        return VersionHash(node.documents.accept_part(r.peer, r.hash, r.only, r.reason))
    return VersionHash(node.documents.accept(r.peer, r.hash))


def _revoke(node: Node, r: OfDocument) -> VersionHash:
    effective = span(r.effective)[0] if r.effective else None
    return VersionHash(node.documents.revoke(r.kind, r.name, r.peer, r.reason, effective))


JOINT_CASES: tuple[Row, ...] = (
    ("joint", "at", "GET", WhenInForce, list[AtView], _at, "What was in force on a day; agreements too."),
    (
        "joint", "show", "GET", WhichDocuments, list[DocumentView],
        lambda n, r: n.documents.show(r.kind, r.name, r.peer),
        "What is in force, what waits and what it would change, and every version there was.",
    ),
    ("joint", "diff", "POST", WithContent, Changed,
        lambda n, r: Changed(n.documents.diff(r.kind, r.name, r.content, r.peer)), "What content would change; nothing is sent."),
    (
        "joint", "propose", "POST", WithContent, VersionHash,
        lambda n, r: VersionHash(n.documents.propose(r.kind, r.name, r.content, r.peer)),
        "Signs content as the next version and proposes it.",
    ),
    (
        "joint", "accept", "POST", AnsweringProposal, VersionHash, _accept,
        "Signs what the peer proposed; with `only` a part of it, which the peer signs, or not.",
    ),
    (
        "joint", "counter", "POST", Countering, VersionHash,
        lambda n, r: VersionHash(n.documents.counter(r.peer, r.hash, r.content, r.reason)),
        "Rejects what the peer proposed and proposes this in its place.",
    ),
    (
        "joint", "reject", "POST", AnsweringProposal, VersionHash,
        lambda n, r: VersionHash(n.documents.reject(r.peer, r.hash, r.reason)), "Declines what the peer proposed.",
    ),
    (
        "joint", "withdraw", "POST", AnsweringProposal, VersionHash,
        lambda n, r: VersionHash(n.documents.withdraw(r.peer, r.hash)), "Takes back a proposal of ours.",
    ),
    (
        "joint", "merge", "POST", OfDocument, Crossed, lambda n, r: n.documents.merge(r.peer, r.kind, r.name),
        "Brings two proposals that crossed together, or lists the values on which they collide.",
    ),
    ("joint", "revoke", "POST", OfDocument, VersionHash, _revoke, "Says that a document no longer binds us."),
)  # fmt: skip

__all__ = ["JOINT_CASES"]
