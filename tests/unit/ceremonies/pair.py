"""Two sides of a ceremony in one process: every message is sealed and opened as on the wire, every entry
encoded as in a journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from detente.ceremonies.ceremony import Append, Ask, Ceremony, Decision, Effect, Finish, Incoming, Send
from detente.journal.entries import Entry
from detente.pact.facts import Fact, read_fact
from detente.wire.envelope import add_signature, seal
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing
from detente.wire.messages import Message, open_message, part_of, seal_message

NOW = 1_800_000_000_000
NORTH, SOUTH, EAST = (generate_identity(bytes([n]) * 32) for n in (1, 2, 3))
RING = KeyRing().with_party(NORTH.public).with_party(SOUTH.public).with_party(EAST.public)


@dataclass
class Side:
    """One party: its ceremony, and what the ceremony made it do."""

    identity: Identity
    peer: str
    kind: str
    ceremony: str
    now: int = NOW
    state: Ceremony | None = None
    outbox: list[Incoming] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    asked: list[Ask] = field(default_factory=list)
    finish: Finish | None = None
    sent: int = 0
    agreement: str = ""
    steps: list[str] = field(default_factory=list)  # of what was sent

    def take(self, step: tuple[Ceremony, Any]) -> None:
        self.state, effects = step
        for effect in effects:
            self.apply(effect)

    def apply(self, effect: Effect) -> None:
        match effect:
            case Send():
                self.outbox.append(self.sealed(effect))
                self.steps.append(effect.step)
            case Append(kind, subject, body):
                entry = Entry(kind, self.now, subject, body, f"{len(self.entries):032x}")
                self.entries.append(entry)
                fact = read_fact(len(self.entries) - 1, self.peer, entry.encode())
                if fact is not None:
                    self.facts.append(fact)
            case Ask():
                self.asked.append(effect)
            case Finish():
                assert self.finish is None
                self.finish = effect

    def sealed(self, send: Send, ceremony: str = "") -> Incoming:
        parts = tuple(part_of(name, send.parts[name]) for name in sorted(send.parts))
        message = Message(
            sender=self.identity.party,
            recipient=self.peer,
            ceremony=ceremony or self.ceremony,
            kind=self.kind,
            step=send.step,
            sequence=self.sent,
            sent=self.now,
            agreement=self.agreement,
            body=dict(send.body),
            parts=parts,
        )
        self.sent += 1
        raw = seal_message(message, self.identity)
        opened = open_message(raw, RING, recipient=self.peer, max_part=1 << 30)
        return Incoming(send.step, opened.message.body, dict(send.parts), opened.id, raw)

    def receive(self, message: Incoming) -> None:
        assert self.state is not None
        self.take(self.state.receive(message, self.now))

    def decide(self, decision: Decision) -> None:
        assert self.state is not None
        self.take(self.state.decide(decision, self.now))

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]


@dataclass
class Pair:
    """Both sides. `pump` carries messages to and fro until none is left."""

    first: Side
    second: Side

    def pump(self, limit: int = 10_000) -> int:
        """Delivers up to `limit` messages, the first side's first; returns how many were delivered."""
        delivered = 0
        while delivered < limit and (self.first.outbox or self.second.outbox):
            sender, other = (self.first, self.second) if self.first.outbox else (self.second, self.first)
            other.receive(sender.outbox.pop(0))
            delivered += 1
        return delivered


def pair(kind: str, ceremony: str = "c" * 32, first: Identity = NORTH, second: Identity = SOUTH) -> Pair:
    return Pair(Side(first, second.party, kind, ceremony), Side(second, first.party, kind, ceremony))


def changed(
    message: Incoming,
    *,
    sender: Side,
    body: Mapping[str, Any] | None = None,
    parts: Mapping[str, bytes] | None = None,
    step: str = "",
) -> Incoming:
    """What a dishonest sender would have sent instead: other content, properly signed by it."""
    sender.sent -= 1
    return sender.sealed(
        Send(step or message.step, {**message.body, **(body or {})}, {**message.parts, **(parts or {})})
    )


def sign_both(payload_type: str, payload: bytes, *who: Identity) -> bytes:
    raw = seal(payload_type, payload, who[0])
    for other in who[1:]:
        raw = add_signature(raw, other)
    return raw
