"""Amendment: how a joint document comes into force, is countered, withdrawn and revoked, and how an agreement is
suspended, resumed and ended. spec/amendment.

    proposer  propose    the document, signed once
    other     accept     the same document, signed twice         -> in force on both sides
              reject     with a reason
              counter    another document instead, signed once   -> the roles change
    proposer  withdraw   -> other: withdrawn                      (an answer already under way wins)

    anyone    suspend | end | revoke   a statement of one side    -> other: noted

A joint document is one payload in one envelope with two signatures. People sign: a proposal arrives in the
setup signed by us, an acceptance or a counter-proposal in the decision. `TABLE` is the whole protocol; what it
does not list is out of turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Literal

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Effect, Finish, Incoming, Json, Send, Step
from detente.ceremonies.proposals import (
    MAX_COUNTERS,
    MAX_REASON,
    Amended,
    AmendmentSetup,
    Setup,
    Slot,
    accept,
    counter,
    reject,
    slot_of,
    withdraw,
)
from detente.ceremonies.statements import declared
from detente.ceremonies.versions import (
    OPEN,
    Reader,
    open_document,
    read_terms,
    require_proposable,
    require_signable,
    slot_for,
)
from detente.errors import Equivocation, Malformed, Misuse, OutOfTurn, Refused
from detente.pact.document import Document
from detente.pact.facts import (
    KIND_OF,
    Accepted,
    Body,
    InForce,
    Proposed,
    Rejected,
    Resumed,
    Superseded,
    body_of,
)
from detente.pact.unilateral import (
    MAX_SKEW,
    STATEMENTS,
    UNILATERAL,
    Resumption,
    content_of,
    write_end,
    write_resumption,
    write_revocation,
    write_suspension,
)
from detente.wire.canonical import decode_base64, encode_base64
from detente.wire.envelope import join_signatures
from detente.wire.messages import Instant, parse_rfc3339, rfc3339

Phase = Literal["idle", "proposed", "considering", "withdrawing", "told", "over"]


# --- the ceremony


@dataclass(frozen=True, slots=True)
class AmendmentKind:
    """How amendments are made. `readers` checks the
    content of each kind of joint document that this node
    knows."""

    readers: Mapping[str, Reader] = field(default_factory=dict)
    name: ClassVar[str] = "amendment"
    Setup: ClassVar[type[AmendmentSetup]] = AmendmentSetup

    def begin(self, setup: AmendmentSetup, entropy: bytes, now: Instant) -> Step:
        """Proposes, suspends, revokes or gives notice. Raises Refused where it may not be, before anything is
        sent."""
        idle = self._idle(setup)
        document = open_document(setup, setup.envelope, now, by=setup.ours, fault=Misuse)
        if document.kind in UNILATERAL:
            return idle.declare(document, now)
        slot = slot_for(setup, document)
        require_signable(document, slot, idle.readers, setup.ours, now)
        if slot.open:
            raise Refused(OPEN)
        if slot.theirs == document.hash:
            raise Refused("the peer has proposed exactly that; accept it")
        moved = replace(idle, phase="proposed", document=document, envelope=setup.envelope, proposed_at=now)
        return moved, [
            moved.proposed(setup.ours),
            Send("propose", {"document": document.hash}, {"document": setup.envelope}),
        ]

    def answer(self, setup: AmendmentSetup, entropy: bytes, now: Instant) -> Amendment:
        """Waits for what the peer proposes or declares."""
        return self._idle(setup)

    def _idle(self, setup: AmendmentSetup) -> Amendment:
        return Amendment(setup, {"agreement": read_terms, **self.readers})


@dataclass(frozen=True, slots=True)
class Amendment:
    """One document under way between two parties. Immutable.

    `countered` is the peer's proposal that ours stands in place of, `counters` how many there were,
    `proposed_at` when ours was made.
    """

    kind: ClassVar[str] = "amendment"

    setup: AmendmentSetup
    readers: Mapping[str, Reader]
    phase: Phase = "idle"
    document: Document | None = None
    envelope: bytes = b""
    countered: str = ""
    counters: int = 0
    proposed_at: Instant = 0

    def __repr__(self) -> str:
        return f"Amendment({self.phase}, {self.document!r})"

    def receive(self, message: Incoming, now: Instant) -> Step:
        handler = TABLE.get((self.phase, message.step))
        if handler is None:
            raise OutOfTurn(f"'{message.step}' where an amendment is {self.phase}", message.raw)
        return handler(self, message, now)

    def decide(self, decision: Decision, now: Instant) -> Step:
        handler = DECISIONS.get((self.phase, decision.what))
        if handler is None:
            raise Misuse(f"nothing to '{decision.what}' here: the amendment is {self.phase}")
        return handler(self, decision, now)

    # -- proposing

    def proposed(self, by: str) -> Append:
        document = self.the_document
        return _append(document.hash, Proposed(document.kind, document.name, document.base, by))

    @property
    def the_document(self) -> Document:
        if self.document is None:
            raise Misuse("no document is under way")
        return self.document

    def on_propose(self, message: Incoming, now: Instant) -> Step:
        envelope = _the_part(message)
        document = open_document(self.setup, envelope, now, by=self.setup.theirs, evidence=message.raw)
        if document.kind in UNILATERAL or message.body.get("document") != document.hash:
            raise Malformed("a proposal that is not what its message says", message.raw)
        slot = slot_for(self.setup, document)
        require_proposable(document, slot, self.readers, now)
        if slot.theirs == document.hash:
            raise Refused("that is proposed already, and waits for an answer")
        if slot.theirs:  # spec/amendment, clause 4
            first = (slot.said,) if slot.said else ()
            raise Equivocation("a second proposal on a version whose first is open", *first, message.raw)
        moved = replace(self, phase="considering", document=document, envelope=envelope)
        if slot.open == document.hash and slot.signed:
            return moved._met(slot.signed, now)
        return moved, [moved.proposed(self.setup.theirs), moved._asked(crosses=slot.open)]

    def _asked(self, **more: Json) -> Ask:
        document = self.the_document
        subject: dict[str, Json] = {
            "document": document.kind,
            "name": document.name,
            "hash": document.hash,
            "base": document.base,
            "by": self.setup.theirs,
            "envelope": encode_base64(self.envelope),
        }
        return Ask("answer", {**subject, **more})

    def _met(self, ours: bytes, now: Instant) -> Step:
        """The peer proposes what our people have signed and proposed themselves: both signatures are there."""
        signed = replace(self, envelope=join_signatures(ours, self.envelope))
        return signed._accepting([self.proposed(self.setup.theirs)], now)

    # -- answering

    def on_answer(self, decision: Decision, now: Instant) -> Step:
        answer = {"accept": self._accept, "reject": self._reject, "counter": self._counter}.get(
            str(decision.body.get("answer"))
        )
        if answer is None:
            raise Misuse("the answer to a proposal is accept, reject or counter")
        return answer(decision, now)

    def _reject(self, decision: Decision, now: Instant) -> Step:
        reason = str(decision.body.get("reason", ""))[:MAX_REASON]
        gone = _append(self.the_document.hash, Rejected(self.setup.ours, reason))
        return self._closed("rejected", [gone, Send("reject", {"reason": reason})], reason)

    def _accept(self, decision: Decision, now: Instant) -> Step:
        document = self.the_document
        # what was in order when it arrived may have been overtaken while a person thought about it
        require_signable(document, _slot_in(decision), self.readers, self.setup.ours, now)
        envelope = decode_base64(decision.body.get("envelope"))
        if open_document(self.setup, envelope, now, fault=Misuse).payload != document.payload:
            raise Misuse("the signed document is not the one that was proposed")
        return replace(self, envelope=envelope)._accepting([], now)

    def _accepting(self, before: list[Effect], now: Instant) -> Step:
        document = self.the_document
        said = {"document": document.hash, "at": rfc3339(now)}
        accepted: list[Effect] = [
            _append(document.hash, Accepted(self.setup.ours, "")),
            Send("accept", said, {"document": self.envelope}),
        ]
        return self._in_force([*before, *accepted], by=self.setup.theirs, since=now)

    def _counter(self, decision: Decision, now: Instant) -> Step:
        """Rejects theirs and proposes ours: one input, so nothing can come between (spec/amendment, clause 5)."""
        theirs, envelope = self.the_document, decode_base64(decision.body.get("envelope"))
        document = open_document(self.setup, envelope, now, by=self.setup.ours, fault=Misuse)
        if not _answers(document, theirs):
            raise Misuse("a counter-proposal is another version of the same document, on the same base")
        if self.counters >= MAX_COUNTERS:
            raise Misuse("this conversation bears no more counter-proposals; reject it and propose anew")
        slot = _slot_in(decision)
        require_signable(document, slot, self.readers, self.setup.ours, now)
        if slot.open:
            raise Refused(OPEN)
        reason = str(decision.body.get("reason", ""))[:MAX_REASON]
        moved = replace(
            self, phase="proposed", document=document, envelope=envelope, countered=theirs.hash,
            counters=self.counters + 1, proposed_at=now,
        )  # fmt: skip
        said: dict[str, Json] = {"document": document.hash, "instead": theirs.hash, "reason": reason}
        return moved, [
            _append(theirs.hash, Rejected(self.setup.ours, reason)),
            moved.proposed(self.setup.ours),
            Send("counter", said, {"document": envelope}),
        ]

    def on_counter(self, message: Incoming, now: Instant) -> Step:
        ours, envelope = self.the_document, _the_part(message, "instead", "reason")
        document = open_document(self.setup, envelope, now, by=self.setup.theirs, evidence=message.raw)
        if message.body.get("document") != document.hash or not _answers(document, ours):
            raise Malformed("a counter-proposal that is no other version of the same document", message.raw)
        if message.body.get("instead") != ours.hash:
            raise OutOfTurn("a counter-proposal to another document than the one proposed", message.raw)
        if self.counters >= MAX_COUNTERS:
            raise Refused("this conversation bears no more counter-proposals; propose anew")
        reason = _text(message, "reason")
        self.readers[document.kind](document, now)
        moved = replace(
            self, phase="considering", document=document, envelope=envelope, counters=self.counters + 1
        )
        return moved, [
            _append(ours.hash, Rejected(self.setup.theirs, reason)),
            moved.proposed(self.setup.theirs),
            moved._asked(crosses="", instead=ours.hash, reason=reason),
        ]

    def on_accept(self, message: Incoming, now: Instant) -> Step:
        document = self.the_document
        envelope = _the_part(message, "at")
        found = open_document(self.setup, envelope, now, evidence=message.raw)
        if found.payload != document.payload or message.body.get("document") != document.hash:
            # an acceptance of something else, an earlier version perhaps, is no acceptance of this
            raise OutOfTurn("an acceptance of another document than the one proposed", message.raw)
        since = parse_rfc3339(_text(message, "at"))
        if not self.proposed_at - MAX_SKEW <= since <= now + MAX_SKEW:  # spec/amendment, clause 7
            raise Malformed("an acceptance dated before its proposal, or ahead", message.raw)
        signed = replace(self, envelope=envelope)
        return signed._in_force(
            [_append(document.hash, Accepted(self.setup.theirs, message.id))], by=self.setup.ours, since=since
        )

    def _in_force(self, before: list[Effect], *, by: str, since: Instant) -> Step:
        document = self.the_document
        if document.kind == "resume":
            lifts = tuple(content_of(document, Resumption).lifts)
            resumed = _append(document.base, Resumed(document.name, lifts, document.hash))
            return self._closed("resumed", [*before, resumed], by=by)
        body = InForce(document.kind, document.name, document.base, since)
        effects = [*before, _append(document.hash, body)]
        if document.base:
            effects.append(_append(document.base, Superseded(document.hash)))
        return self._closed("in_force", effects, by=by, effective=since)

    def on_reject(self, message: Incoming, now: Instant) -> Step:
        if set(message.body) != {"reason"} or message.parts:
            raise Malformed("a rejection says its reason and nothing else", message.raw)
        reason = _text(message, "reason")
        return self._closed(
            "rejected", [_append(self.the_document.hash, Rejected(self.setup.theirs, reason))], reason
        )

    # -- withdrawing

    def on_withdrawal(self, decision: Decision, now: Instant) -> Step:
        # our signature stays live until the peer has acknowledged: its acceptance may be under way
        return replace(self, phase="withdrawing"), [Send("withdraw", {"document": self.the_document.hash})]

    def on_late_withdraw(self, message: Incoming, now: Instant) -> Step:
        """They took back what our counter-proposal has rejected: the two crossed."""
        if not self.countered or dict(message.body) != {"document": self.countered} or message.parts:
            raise OutOfTurn("a withdrawal of what was not proposed", message.raw)
        return replace(self, countered=""), []

    def on_withdraw(self, message: Incoming, now: Instant) -> Step:
        document = self.the_document
        if dict(message.body) != {"document": document.hash} or message.parts:
            raise Malformed("a withdrawal of another document", message.raw)
        gone = _append(document.hash, Rejected(self.setup.theirs, "", withdrawn=True))
        return self._closed(
            "withdrawn", [gone, Send("withdrawn", {"document": document.hash})], by=self.setup.theirs
        )

    def on_withdrawn(self, message: Incoming, now: Instant) -> Step:
        document = self.the_document
        if dict(message.body) != {"document": document.hash} or message.parts:
            raise Malformed("the acknowledgement of another withdrawal", message.raw)
        gone = _append(document.hash, Rejected(self.setup.ours, "", withdrawn=True))
        return self._closed("withdrawn", [gone], by=self.setup.ours)

    # -- one side's word

    def declare(self, document: Document, now: Instant) -> Step:
        """Suspends, revokes or gives notice; it holds whether or not the peer answers."""
        slot = slot_for(self.setup, document)
        body = declared(document, slot, self.setup.ours, now)
        if (
            slot.state == "ended" or document.base in slot.past
        ):  # the peer's may have crossed ours; ours may not
            raise Refused(f"the {slot.kind} '{document.name}' has ended already")
        moved = replace(self, phase="told", document=document, envelope=self.setup.envelope)
        told = Send(document.kind, {"document": document.hash}, {"document": self.setup.envelope})
        return moved, [_append(document.base, body), told]

    def on_declared(self, message: Incoming, now: Instant) -> Step:
        envelope = _the_part(message)
        document = open_document(self.setup, envelope, now, by=self.setup.theirs, evidence=message.raw)
        if document.kind != message.step or message.body.get("document") != document.hash:
            raise Malformed("a statement that is not what its message says", message.raw)
        body = declared(document, slot_for(self.setup, document), self.setup.theirs, now)
        moved = replace(self, document=document, envelope=envelope)
        return moved._told(
            [_append(document.base, body), Send("noted", {"document": document.hash})], self.setup.theirs
        )

    def on_noted(self, message: Incoming, now: Instant) -> Step:
        if dict(message.body) != {"document": self.the_document.hash} or message.parts:
            raise Malformed("an acknowledgement of another statement", message.raw)
        return self._told([], self.setup.ours)

    def _told(self, effects: list[Effect], by: str) -> Step:
        said = self.the_document.content
        effective = parse_rfc3339(said["effective"]) if "effective" in said else None
        outcome = _OUTCOME[self.the_document.kind]
        return self._closed(outcome, effects, str(said.get("reason", "")), by=by, effective=effective)

    def _closed(
        self,
        outcome: Any,
        effects: list[Effect],
        reason: str = "",
        *,
        by: str = "",
        effective: Instant | None = None,
    ) -> Step:
        document = self.the_document
        by = by or (self.setup.theirs if self.phase == "considering" else self.setup.ours)
        result = Amended(
            outcome,
            document.kind,
            document.name,
            document.hash,
            document.base,
            by,
            self.envelope,
            reason,
            effective,
        )
        return replace(self, phase="over"), [*effects, Finish("done", result)]


_OUTCOME: Final = {"suspend": "suspended", "end": "ended", "revoke": "revoked"}

TABLE: Final[Mapping[tuple[Phase, str], Callable[[Amendment, Incoming, Instant], Step]]] = {
    ("idle", "propose"): Amendment.on_propose,
    ("idle", "suspend"): Amendment.on_declared,
    ("idle", "end"): Amendment.on_declared,
    ("idle", "revoke"): Amendment.on_declared,
    ("proposed", "accept"): Amendment.on_accept,
    ("proposed", "reject"): Amendment.on_reject,
    ("proposed", "counter"): Amendment.on_counter,
    ("proposed", "withdraw"): Amendment.on_late_withdraw,
    ("considering", "withdraw"): Amendment.on_withdraw,
    ("withdrawing", "withdrawn"): Amendment.on_withdrawn,
    # sent before our withdrawal arrived: an acceptance is final
    ("withdrawing", "accept"): Amendment.on_accept,
    ("withdrawing", "reject"): Amendment.on_reject,
    ("withdrawing", "counter"): Amendment.on_counter,
    ("withdrawing", "withdraw"): Amendment.on_late_withdraw,
    ("told", "noted"): Amendment.on_noted,
}
DECISIONS: Final[Mapping[tuple[Phase, str], Callable[[Amendment, Decision, Instant], Step]]] = {
    ("considering", "answer"): Amendment.on_answer,
    ("proposed", "withdraw"): Amendment.on_withdrawal,
}


def _append(subject: str, body: Body) -> Append:
    return Append(KIND_OF[type(body)], subject, body_of(body))


def _answers(document: Document, other: Document) -> bool:
    """Whether one is another version of the same document on the same base; statements have none."""
    place = (document.kind, document.name, document.base)
    return (
        document.kind not in STATEMENTS
        and place == (other.kind, other.name, other.base)
        and document.hash != other.hash
    )


def _slot_in(decision: Decision) -> Slot:
    return msgspec.convert(decision.body.get("slot"), Slot)


def _the_part(message: Incoming, *more: str) -> bytes:
    if set(message.parts) != {"document"} or set(message.body) != {"document", *more}:
        raise Malformed("a message that carries one document and its hash carries nothing else", message.raw)
    return message.parts["document"]


def _text(message: Incoming, name: str) -> str:
    text = message.body.get(name)
    if not isinstance(text, str) or len(text) > MAX_REASON:
        raise Malformed(f"'{name}' is a text of at most {MAX_REASON} characters", message.raw)
    return text


__all__ = [
    "DECISIONS",
    "TABLE",
    "Amended",
    "Amendment",
    "AmendmentKind",
    "AmendmentSetup",
    "Setup",
    "Slot",
    "accept",
    "counter",
    "reject",
    "slot_of",
    "withdraw",
    "write_end",
    "write_resumption",
    "write_revocation",
    "write_suspension",
]
