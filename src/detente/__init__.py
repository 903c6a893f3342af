"""Détente: two organisations that do not trust each other find what both know, and give on both sides.

This is the public interface; everything else may change. What is named here is imported when it is first used.

>>> import detente
>>> with detente.open_node("north") as node:  # doctest: +SKIP
...     report = node.match("people", "Southern Service")
>>> detente.rehearse("people", ours, theirs).pairs  # doctest: +SKIP
(('a-17', 'b-3'),)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from detente.errors import (
    BadSignature,
    DetenteError,
    Equivocation,
    Expired,
    FailedCheck,
    Malformed,
    Misuse,
    NotAgreed,
    OutOfTurn,
    Overdrawn,
    PeerFault,
    Refused,
    TooRevealing,
    Unavailable,
)

if TYPE_CHECKING:
    from detente.assembly import create_node, open_node
    from detente.node.node import Node
    from detente.node.rehearsal import Rehearsal
    from detente.topics.topic import Record

_WHERE = {
    "Node": "detente.node.node",
    "Record": "detente.topics.topic",
    "Rehearsal": "detente.node.rehearsal",
    "create_node": "detente.assembly",
    "open_node": "detente.assembly",
}


def rehearse(
    topic: str,
    ours: Iterable[Record | Mapping[str, object]],
    theirs: Iterable[Record | Mapping[str, object]],
    *,
    engine: str = "dh",
    buckets: int = 64,
    audit: int = 32,
) -> Rehearsal:
    """Matches two lists of ours by the whole protocol, in memory: what would we find? It needs no grounds and can release nothing.

    Each list holds Records or rows of FollowTheMoney JSON ({"id", "schema", "properties"}). Raises Misuse for a row that the topic does not
    take, or an unknown topic or engine.

    >>> row = {"id": "1", "schema": "Person", "properties": {"name": ["Shamil Basayev"], "birthDate": ["1965-01-14"]}}
    >>> rehearse("people", [row], [row]).pairs  # doctest: +SKIP
    (('1', '1'),)
    """
    assembly, rehearsal = import_module("detente.assembly"), import_module("detente.node.rehearsal")
    system = import_module("detente.adapters.system")
    topics, engines = assembly.topics(), assembly.engines()
    if topic not in topics or engine not in engines:
        raise Misuse(
            f"there are the topics {', '.join(sorted(topics))} and the engines {', '.join(sorted(engines))}"
        )
    meaning = topics[topic]
    lists = [
        [meaning.parse(row) if isinstance(row, Mapping) else row for row in rows] for rows in (ours, theirs)
    ]
    found: Rehearsal = rehearsal.rehearse(
        meaning, engines[engine], *lists, entropy=system.SystemEntropy().draw(32), now=system.SystemClock().now(),
        buckets=buckets, audit=audit,
    )  # fmt: skip
    return found


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'detente' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "BadSignature",
    "DetenteError",
    "Equivocation",
    "Expired",
    "FailedCheck",
    "Malformed",
    "Misuse",
    "Node",
    "NotAgreed",
    "OutOfTurn",
    "Overdrawn",
    "PeerFault",
    "Record",
    "Refused",
    "Rehearsal",
    "TooRevealing",
    "Unavailable",
    "create_node",
    "open_node",
    "rehearse",
]
