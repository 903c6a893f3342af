"""What a ceremony is: a conversation of two parties as a pure, deterministic fold.

A ceremony is immutable. `receive` takes the peer's next message, `decide` a person's (or the node's own) decision; both return the next state
and effects. Same setup, entropy, inputs and instants give the same bytes, so a node resumes after a crash by replaying the stored inputs, and a
reply that was stored before it was sent is resent verbatim (spec/matching, crash rule).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from detente.errors import DetenteError
from detente.psi.engine import Role
from detente.wire.messages import Instant

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A peer's message as a ceremony sees it: signature, recipient, sequence and part hashes are already verified.

    `id` is the SHA-256 hex of the signed envelope `raw`; `raw` is what evidence keeps.
    """

    step: str
    body: Mapping[str, Json]
    parts: Mapping[str, bytes]
    id: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Incoming({self.step}, {len(self.parts)} parts)"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person, or the node for its operator, decided: an answer to an `Ask`, or an order such as suspend."""

    what: str
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Send:
    """Send one message to the peer. Bulk goes in `parts`: the envelope signs their hashes."""

    step: str
    body: Mapping[str, Json]
    parts: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Append:
    """Append one journal entry. `kind` is one of journal/entries; `body` commits, it does not contain records."""

    kind: str
    subject: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person. The ceremony waits for a `Decision` whose `what` equals `question`."""

    question: str
    subject: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Progress:
    """For people who wait: `done` of `total` steps, in words."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The conversation is over. `result` is what the node stores; `fault` says why it did not end well."""

    outcome: Literal["done", "refused", "aborted"]
    result: Any = None
    fault: DetenteError | None = None


Effect = Send | Append | Ask | Progress | Finish
Step = tuple["Ceremony", Sequence[Effect]]


class Ceremony(Protocol):
    kind: ClassVar[str]

    def receive(self, message: Incoming, now: Instant) -> Step:
        """The peer's next message. Raises PeerFault (the run is aborted, evidence kept) or Refused (the peer is told why)."""

    def decide(self, decision: Decision, now: Instant) -> Step:
        """A person's decision. Raises Misuse where none is awaited."""


class Kind(Protocol):
    """How the driver makes a ceremony of one kind. `Setup` is a msgspec Struct: all that the ceremony needs to know, stored as it is."""

    @property
    def name(self) -> str: ...
    @property
    def Setup(self) -> type[msgspec.Struct]: ...
    def begin(self, setup: Any, entropy: bytes, now: Instant) -> Step:
        """The first party: its first effects hold a Send."""

    def answer(self, setup: Any, entropy: bytes, now: Instant) -> Ceremony:
        """The second party, before the first message is received."""


__all__ = [
    "Append",
    "Ask",
    "Ceremony",
    "Decision",
    "Effect",
    "Finish",
    "Incoming",
    "Json",
    "Kind",
    "Progress",
    "Role",
    "Send",
    "Step",
]
