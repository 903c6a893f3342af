"""What the journal says, as typed facts: the one place where entry bodies of documents, budgets and swaps get
their shapes.

Ceremonies write these bodies (`body_of`) and folds read them (`read`), so that balance, budget and standing
rest on nothing but the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import msgspec

from detente.errors import Malformed
from detente.journal.entries import parse_entry
from detente.wire.instant import Instant

Side = Literal["ours", "theirs"]
Ground = Literal["key", "schema", "marking", "repeated", "held", "opening", "content"]

PROVABLE: Final[frozenset[Ground]] = frozenset({"key", "schema", "marking", "repeated", "held", "opening"})
"""Grounds of a dispute that evidence shows to anyone; "content" is the one that rests on a person's word."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A journal entry's body. Every member is written, so that one fact has one text."""


class Proposed(Body, frozen=True):
    document: str
    name: str
    base: str
    by: str  # party id


class Accepted(Body, frozen=True):
    by: str
    message: str  # id of the message that carried the signature


class InForce(Body, frozen=True):
    document: str
    name: str
    base: str
    since: Instant  # when the second signature was made, as its acceptance says: the same in both journals


class Rejected(Body, frozen=True):
    by: str
    reason: str
    withdrawn: bool = False


class Superseded(Body, frozen=True):
    next: str


class Suspended(Body, frozen=True):
    name: str
    by: str
    statement: str
    reason: str


class Resumed(Body, frozen=True):
    name: str
    lifts: tuple[str, ...]  # statements of suspension
    statement: str


class Ended(Body, frozen=True):
    name: str
    by: str
    effective: Instant
    statement: str


class ItemPrepared(Body, frozen=True):
    """Subject of this and of the next seven: the item id, which is the hash of the item statement."""

    swap: str
    agreement: str
    finding: str
    number: int
    marking: str
    leaf: str  # salted commitment to the record in our journal


class ItemSent(Body, frozen=True):
    swap: str


class ItemOpened(Body, frozen=True):
    swap: str
    agreement: str
    finding: str
    number: int


class ItemReceived(Body, frozen=True):
    swap: str
    agreement: str
    finding: str
    number: int
    marking: str
    plaintext: str  # hash under the item key: says nothing to who lacks the key
    message: str  # id of the message that carried the key


class ItemReceipt(Body, frozen=True):
    receipt: Literal["seen", "stored"]
    by: Side
    message: str  # "" for ours: the outbox has it


class ItemVoid(Body, frozen=True):
    swap: str
    reason: str


class ItemDisputed(Body, frozen=True):
    by: Side
    ground: Ground
    message: str


class ItemSettled(Body, frozen=True):
    """People agreed, and both signed, what a disputed item counts for."""

    counts: bool
    message: str


class RecallRequested(Body, frozen=True):
    by: Side
    until: Instant
    message: str


class RecallAttested(Body, frozen=True):
    by: Side
    method: str  # "" where erasure was refused
    refused: str  # the reason, "" where it was erased
    message: str


class ConsentGiven(Body, frozen=True):
    """Subject: the item. Its giver (`by`) lets it be passed on to the party `to`."""

    by: Side
    to: str
    message: str


class Noticed(Body, frozen=True):
    """Subject and `message`: the id of the message of theirs, the notice or its acknowledgement."""

    by: Side
    message: str


Told = Literal["accepted", "declined", "nothing", "part", "full"]
"""What an answerer says of a request (spec/requests): taken on, turned down, nothing held, answered in part or
in full."""


class RequestAsked(Body, frozen=True):
    """Subject of this and of the next three: the request's id. `asked` and `until` are its own words."""

    by: Side
    topic: str
    asked: Instant
    until: Instant
    marking: str
    most: int
    returns: int
    via: str
    message: str


class RequestTold(Body, frozen=True):
    by: Side
    answer: Told
    at: Instant
    reason: str
    message: str


class RequestRated(Body, frozen=True):
    by: Side
    useful: bool
    message: str


class RequestTransfer(Body, frozen=True):
    """The asker (`by`) said whether the party `to` may be shown the request."""

    by: Side
    to: str
    named: bool
    yes: bool
    message: str


class RunStarted(msgspec.Struct, frozen=True):
    """Read, not written, here: what a run's statement says of who is who."""

    statement: dict[str, Any]


class RunCharged(msgspec.Struct, frozen=True):
    topic: str
    agreement: str
    round: int
    first: int
    second: int


class RunFinished(msgspec.Struct, frozen=True):
    count: int  # findings
    counts: dict[str, Any]


BODIES: Final[Mapping[str, type[msgspec.Struct]]] = MappingProxyType(
    {
        "document.proposed": Proposed,
        "document.accepted": Accepted,
        "document.in_force": InForce,
        "document.rejected": Rejected,
        "document.superseded": Superseded,
        "document.suspended": Suspended,
        "document.resumed": Resumed,
        "document.ended": Ended,
        "item.prepared": ItemPrepared,
        "item.sent": ItemSent,
        "item.opened": ItemOpened,
        "item.received": ItemReceived,
        "item.receipt": ItemReceipt,
        "item.void": ItemVoid,
        "item.disputed": ItemDisputed,
        "item.settled": ItemSettled,
        "recall.requested": RecallRequested,
        "recall.attested": RecallAttested,
        "consent.given": ConsentGiven,
        "notice": Noticed,
        "run.started": RunStarted,
        "run.charged": RunCharged,
        "run.finished": RunFinished,
        "request.asked": RequestAsked,
        "request.told": RequestTold,
        "request.rated": RequestRated,
        "request.transfer": RequestTransfer,
    }
)
KIND_OF: Final = MappingProxyType({shape: kind for kind, shape in BODIES.items()})

_B = TypeVar("_B", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry of our journal that concerns the pact. `body` is one of the shapes above."""

    index: int
    kind: str
    subject: str
    party: str
    at: Instant
    body: msgspec.Struct

    def __repr__(self) -> str:
        return f"Fact({self.index}, {self.kind}, {self.subject[:12]})"


def read_fact(index: int, party: str, data: bytes) -> Fact | None:
    """The fact in a leaf's preimage, None where the entry is of a kind that the pact does not rest on. Raises
    Malformed.

    >>> read_fact(row.index, row.party, row.data)  # doctest: +SKIP
    Fact(7, item.opened, 3f2a77b1c9d0)
    """
    entry = parse_entry(data)
    shape = BODIES.get(entry.kind)
    if shape is None:
        return None
    return Fact(index, entry.kind, entry.subject, party, entry.at, _typed(entry.body, shape))


def _typed(body: Mapping[str, Any], shape: type[_B]) -> _B:
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError:
        raise Malformed("a journal entry whose body is not what its kind has") from None


def body_of(body: msgspec.Struct) -> dict[str, Any]:
    """The body as canonical JSON takes it, for an `Append`."""
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return value
