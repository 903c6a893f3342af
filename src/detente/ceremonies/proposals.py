"""What an amendment starts from, may be told by people, and comes to. spec/amendment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from detente.ceremonies.ceremony import Decision
from detente.pact.document import Shelf
from detente.wire.canonical import encode_base64
from detente.wire.keys import KeyPeriod
from detente.wire.messages import Instant

MAX_REASON: Final = 2000
MAX_COUNTERS: Final = 32  # counter-proposals in one conversation


class Slot(msgspec.Struct, frozen=True):
    """Where one document (kind, name) with the peer stands: what a ceremony must know to judge the next
    version.

    `base` is the head's hash, `state` its state; `suspensions` the statements that hold, `notice_days` the
    agreed notice. `open` is a live proposal of ours and `signed` its envelope; `theirs` a live one of the
    peer's and `said` the signed message that brought it. `held`: the agreement is suspended. `past` are the
    versions that were in force before.
    """

    kind: str
    name: str
    base: str = ""
    state: str = "none"
    open: str = ""
    suspensions: tuple[str, ...] = ()
    notice_days: int = 0
    signed: bytes = b""
    theirs: str = ""
    said: bytes = b""
    held: bool = False
    past: tuple[str, ...] = ()


class AmendmentSetup(msgspec.Struct, frozen=True):
    """What an amendment needs. `envelope` is the document that we propose, or our suspension, revocation or
    notice, signed by us; b"" for who answers.

    `keys` are both parties' key periods (KeyRing.periods); `slots` are all documents with this peer; one that
    is not listed is new, and not to be begun while the agreement is `suspended`.
    """

    ours: str
    theirs: str
    keys: dict[str, tuple[KeyPeriod, ...]]
    slots: tuple[Slot, ...] = ()
    envelope: bytes = b""
    suspended: bool = False


Setup = AmendmentSetup


@dataclass(frozen=True, slots=True)
class Amended:
    """What came of it. `envelope` carries both signatures where the outcome needs both; `by` is who proposed,
    suspended, revoked or ended; `effective` from when it counts."""

    outcome: Literal["in_force", "rejected", "withdrawn", "suspended", "resumed", "ended", "revoked"]
    kind: str
    name: str
    hash: str
    base: str
    by: str
    envelope: bytes
    reason: str = ""
    effective: Instant | None = None


def slot_of(
    shelf: Shelf, kind: str, name: str, ours: str, *, suspensions: tuple[str, ...] = (), notice_days: int = 0
) -> Slot:
    """The slot that a shelf makes."""
    live = [version.hash for version in shelf.proposals if version.by == ours]
    theirs = [version.hash for version in shelf.proposals if version.by not in (ours, "")]
    state = shelf.head.state if shelf.head else "none"
    return Slot(
        kind,
        name,
        shelf.base,
        state,
        live[0] if live else "",
        suspensions,
        notice_days,
        theirs=theirs[0] if theirs else "",
        past=tuple(version.hash for version in shelf.versions if version.state == "superseded"),
    )


# --- decisions


def accept(envelope: bytes, slot: Slot) -> Decision:
    """A person signs: the envelope with both signatures, and where the document stands at that moment."""
    return Decision(
        "answer", {"answer": "accept", "envelope": encode_base64(envelope), "slot": msgspec.to_builtins(slot)}
    )


def reject(reason: str) -> Decision:
    """A person declines, with a reason that the peer is told."""
    return Decision("answer", {"answer": "reject", "reason": reason[:MAX_REASON]})


def counter(envelope: bytes, slot: Slot, reason: str) -> Decision:
    """A person declines and signs another version in its place, in one message."""
    return Decision(
        "answer",
        {
            "answer": "counter",
            "envelope": encode_base64(envelope),
            "slot": msgspec.to_builtins(slot),
            "reason": reason[:MAX_REASON],
        },
    )


def withdraw() -> Decision:
    """The proposer takes back what was not answered yet."""
    return Decision("withdraw")
