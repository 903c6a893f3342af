"""Amendment: how a joint document comes into force, and how an agreement is suspended, resumed and ended.
spec/amendment.

    proposer  propose    the document, signed once
    other     accept     the same document, signed twice         -> in force on both sides
              reject     with a reason
    proposer  withdraw   -> other: withdrawn                      (an acceptance already under way wins)

    anyone    suspend | end   a statement of one side, at once    -> other: noted

A joint document is one payload in one envelope with two signatures. People sign: a proposal arrives in the
setup signed by us, an acceptance in the decision. `TABLE` is the whole protocol; what it does not list is out
of turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, Literal

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Effect, Finish, Incoming, Json, Send, Step
from detente.ceremonies.proposals import (
    MAX_REASON,
    Amended,
    AmendmentSetup,
    Setup,
    Slot,
    accept,
    reject,
    slot_of,
    withdraw,
)
from detente.errors import BadSignature, Expired, Malformed, Misuse, NotAgreed, OutOfTurn, Refused
from detente.pact.agreement import read_agreement
from detente.pact.unilateral import (
    UNILATERAL,
    Notice,
    Resumption,
    Suspension,
    check_author,
    content_of,
    write_end,
    write_resumption,
    write_suspension,
)
from detente.pact.document import Document, document_type, read_document
from detente.pact.facts import (
    KIND_OF,
    Accepted,
    Body,
    Ended,
    InForce,
    Proposed,
    Rejected,
    Resumed,
    Superseded,
    Suspended,
    body_of,
)
from detente.pact.terms import DAY_MS
from detente.wire.canonical import decode_base64, encode_base64
from detente.wire.envelope import DOCUMENT, open_envelope
from detente.wire.keys import KeyRing
from detente.wire.messages import Instant, parse_rfc3339

Phase = Literal["idle", "proposed", "considering", "withdrawing", "told", "over"]
Reader = Callable[[Document, Instant], None]


def _read_terms(document: Document, now: Instant) -> None:
    _, terms = read_agreement(document.payload)
    if terms.expires <= now:
        raise Expired("the proposed agreement has expired already; propose one with a later expiry")


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
        """Proposes, suspends or gives notice. Raises Refused where it may not be, before anything is sent."""
        idle = self._idle(setup)
        document = idle.open_document(setup.envelope, now, by=setup.ours, fault=Misuse)
        if document.kind in UNILATERAL:
            return idle.declare(document, now)
        slot = idle.slot_of(document)
        idle.check(document, slot, now)
        if slot.open and slot.open != document.hash:
            raise Refused(
                "a proposal of yours on the same version is open; withdraw it first, or wait until it is "
                "rejected"
            )
        moved = replace(idle, phase="proposed", document=document, envelope=setup.envelope)
        return moved, [
            moved.proposed(setup.ours),
            Send("propose", {"document": document.hash}, {"document": setup.envelope}),
        ]

    def answer(self, setup: AmendmentSetup, entropy: bytes, now: Instant) -> Amendment:
        """Waits for what the peer proposes or declares."""
        return self._idle(setup)

    def _idle(self, setup: AmendmentSetup) -> Amendment:
        return Amendment(setup, {"agreement": _read_terms, **self.readers})


@dataclass(frozen=True, slots=True)
class Amendment:
    """One document under way between two parties. Immutable."""

    kind: ClassVar[str] = "amendment"

    setup: AmendmentSetup
    readers: Mapping[str, Reader]
    phase: Phase = "idle"
    document: Document | None = None
    envelope: bytes = b""

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

    # -- reading

    def open_document(
        self,
        raw: bytes,
        now: Instant,
        *,
        by: str = "",
        fault: type[Exception] | None = None,
        evidence: bytes = b"",
    ) -> Document:
        """The document in an envelope signed by `by` alone, or by both where `by` is "". Between these two
        parties, or refused."""
        required = {by} if by else {self.setup.ours, self.setup.theirs}
        for payload_type in (document_type("agreement"), DOCUMENT):
            try:
                opened = open_envelope(raw, payload_type, KeyRing(self.setup.keys), required=required, at=now)
            except Malformed:
                continue
            except BadSignature as problem:
                raise _blamed(problem, fault, evidence) from None
            document = read_document(opened.payload)
            if document.payload_type != payload_type:
                break
            if set(document.parties) != {self.setup.ours, self.setup.theirs}:
                raise _blamed(Malformed("a joint document of other parties", evidence), fault, evidence)
            return document
        raise _blamed(Malformed("no envelope of a joint document", evidence), fault, evidence)

    def slot_of(self, document: Document) -> Slot:
        kind = "agreement" if document.kind in ("suspend", "end", "resume") else document.kind
        for slot in self.setup.slots:
            if (slot.kind, slot.name) == (kind, document.name):
                return slot
        return Slot(kind, document.name)

    def check(self, document: Document, slot: Slot, now: Instant) -> None:
        """Raises Refused where both may not sign this now, Malformed where its content is not what its kind
        has."""
        if document.kind == "resume":
            lifts = content_of(document, Resumption).lifts
            if document.base != slot.base or not lifts or lifts != sorted(slot.suspensions):
                raise Refused(
                    "a resumption lifts exactly the suspensions that hold; look at `agreement show` and "
                    "propose it again"
                )
            return
        reader = self.readers.get(document.kind)
        if reader is None:
            raise Refused(f"this node knows no joint documents of the kind '{document.kind}'")
        reader(document, now)
        if slot.state == "suspended":
            raise NotAgreed(
                f"the {document.kind} '{document.name}' is suspended; resume it before it is amended"
            )
        if document.base != slot.base:
            raise Refused("it does not follow the version in force; propose it again on that one")

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
        document = self.open_document(_the_part(message), now, by=self.setup.theirs, evidence=message.raw)
        if document.kind in UNILATERAL or message.body.get("document") != document.hash:
            raise Malformed("a proposal that is not what its message says", message.raw)
        self.check(document, self.slot_of(document), now)
        envelope = message.parts["document"]
        moved = replace(self, phase="considering", document=document, envelope=envelope)
        subject: dict[str, Json] = {
            "document": document.kind,
            "name": document.name,
            "hash": document.hash,
            "base": document.base,
            "by": self.setup.theirs,
            "crosses": self.slot_of(document).open,
            "envelope": encode_base64(envelope),
        }
        return moved, [moved.proposed(self.setup.theirs), Ask("answer", subject)]

    def on_answer(self, decision: Decision, now: Instant) -> Step:
        document = self.the_document
        if decision.body.get("answer") == "reject":
            reason = str(decision.body.get("reason", ""))[:MAX_REASON]
            return self._closed(
                "rejected",
                [
                    _append(document.hash, Rejected(self.setup.ours, reason)),
                    Send("reject", {"reason": reason}),
                ],
                reason,
            )
        if decision.body.get("answer") != "accept":
            raise Misuse("the answer to a proposal is accept or reject")
        slot = msgspec.convert(decision.body.get("slot"), Slot)
        # what was in order when it arrived may have been overtaken while a person thought about it
        self.check(document, slot, now)
        if slot.open and slot.open != document.hash:
            raise Refused(
                "a proposal of yours on the same version is open; withdraw it first, or wait until it is "
                "rejected"
            )
        envelope = decode_base64(decision.body.get("envelope"))
        if self.open_document(envelope, now, fault=Misuse).payload != document.payload:
            raise Misuse("the signed document is not the one that was proposed")
        signed = replace(self, envelope=envelope)
        accepted = _append(document.hash, Accepted(self.setup.ours, ""))
        return signed._in_force(
            [accepted, Send("accept", {"document": document.hash}, {"document": envelope})],
            by=self.setup.theirs,
        )

    def on_accept(self, message: Incoming, now: Instant) -> Step:
        document = self.the_document
        envelope = _the_part(message)
        found = self.open_document(envelope, now, evidence=message.raw)
        if found.payload != document.payload or message.body.get("document") != document.hash:
            # an acceptance of something else, an earlier version perhaps, is no acceptance of this
            raise OutOfTurn("an acceptance of another document than the one proposed", message.raw)
        signed = replace(self, envelope=envelope)
        return signed._in_force(
            [_append(document.hash, Accepted(self.setup.theirs, message.id))], by=self.setup.ours
        )

    def _in_force(self, before: list[Effect], *, by: str) -> Step:
        document = self.the_document
        if document.kind == "resume":
            lifts = tuple(content_of(document, Resumption).lifts)
            resumed = _append(document.base, Resumed(document.name, lifts, document.hash))
            return self._closed("resumed", [*before, resumed], by=by)
        effects = [*before, _append(document.hash, InForce(document.kind, document.name, document.base))]
        if document.base:
            effects.append(_append(document.base, Superseded(document.hash)))
        return self._closed("in_force", effects, by=by)

    def on_reject(self, message: Incoming, now: Instant) -> Step:
        reason = _reason(message)
        return self._closed(
            "rejected", [_append(self.the_document.hash, Rejected(self.setup.theirs, reason))], reason
        )

    # -- withdrawing

    def on_withdrawal(self, decision: Decision, now: Instant) -> Step:
        # our signature stays live until the peer has acknowledged: its acceptance may be under way
        return replace(self, phase="withdrawing"), [Send("withdraw", {"document": self.the_document.hash})]

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
        """Suspends at once, or gives notice; it holds whether or not the peer answers."""
        effects, _ = self._declared(document, self.setup.ours, now)
        moved = replace(self, phase="told", document=document, envelope=self.setup.envelope)
        told = Send(document.kind, {"document": document.hash}, {"document": self.setup.envelope})
        return moved, [*effects, told]

    def on_declared(self, message: Incoming, now: Instant) -> Step:
        document = self.open_document(_the_part(message), now, by=self.setup.theirs, evidence=message.raw)
        if document.kind != message.step or message.body.get("document") != document.hash:
            raise Malformed("a statement that is not what its message says", message.raw)
        effects, effective = self._declared(document, self.setup.theirs, now)
        moved = replace(self, document=document, envelope=message.parts["document"])
        return moved._closed(
            _OUTCOME[document.kind],
            [*effects, Send("noted", {"document": document.hash})],
            str(document.content.get("reason", "")),
            by=self.setup.theirs,
            effective=effective,
        )

    def on_noted(self, message: Incoming, now: Instant) -> Step:
        document = self.the_document
        if message.body.get("document") != document.hash:
            raise Malformed("an acknowledgement of another statement", message.raw)
        effective = parse_rfc3339(document.content["effective"]) if document.kind == "end" else None
        return self._closed(_OUTCOME[document.kind], [], by=self.setup.ours, effective=effective)

    def _declared(self, document: Document, by: str, now: Instant) -> tuple[list[Effect], Instant | None]:
        slot = self.slot_of(document)
        if slot.state in ("none", "ended"):
            raise Refused(f"there is no agreement '{document.name}' to {document.kind}")
        if document.kind == "suspend":
            # of whichever version: a suspension holds for the agreement, so it is never refused for having
            # crossed an amendment
            said = content_of(document, Suspension)
            check_author(said, by, now, document)
            return [
                _append(document.base, Suspended(document.name, by, document.hash, said.reason[:MAX_REASON]))
            ], None
        notice = content_of(document, Notice)
        at = check_author(notice, by, now, document)
        effective = parse_rfc3339(notice.effective)
        if effective - at < slot.notice_days * DAY_MS:
            raise Refused(
                f"the agreement '{document.name}' ends with {slot.notice_days} days' notice; name a later day"
            )
        if document.base != slot.base:
            raise Refused("the notice names another version than the one in force; give it again")
        return [_append(document.base, Ended(document.name, by, effective, document.hash))], effective

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


_OUTCOME: Final = {"suspend": "suspended", "end": "ended"}

TABLE: Final[Mapping[tuple[Phase, str], Callable[[Amendment, Incoming, Instant], Step]]] = {
    ("idle", "propose"): Amendment.on_propose,
    ("idle", "suspend"): Amendment.on_declared,
    ("idle", "end"): Amendment.on_declared,
    ("proposed", "accept"): Amendment.on_accept,
    ("proposed", "reject"): Amendment.on_reject,
    ("considering", "withdraw"): Amendment.on_withdraw,
    ("withdrawing", "withdrawn"): Amendment.on_withdrawn,
    # sent before our withdrawal arrived: an acceptance is final
    ("withdrawing", "accept"): Amendment.on_accept,
    ("withdrawing", "reject"): Amendment.on_reject,
    ("told", "noted"): Amendment.on_noted,
}
DECISIONS: Final[Mapping[tuple[Phase, str], Callable[[Amendment, Decision, Instant], Step]]] = {
    ("considering", "answer"): Amendment.on_answer,
    ("proposed", "withdraw"): Amendment.on_withdrawal,
}


def _append(subject: str, body: Body) -> Append:
    return Append(KIND_OF[type(body)], subject, body_of(body))


def _the_part(message: Incoming) -> bytes:
    if set(message.parts) != {"document"} or set(message.body) != {"document"}:
        raise Malformed("a message that carries one document and its hash carries nothing else", message.raw)
    return message.parts["document"]


def _reason(message: Incoming) -> str:
    reason = message.body.get("reason")
    if (
        set(message.body) != {"reason"}
        or message.parts
        or not isinstance(reason, str)
        or len(reason) > MAX_REASON
    ):
        raise Malformed("a rejection says its reason and nothing else", message.raw)
    return reason


def _blamed(problem: Exception, fault: type[Exception] | None, evidence: bytes) -> Exception:
    """Our own envelopes are our own mistake; the peer's are kept as evidence."""
    if fault is not None:
        return fault(f"this document cannot be sent: {problem}")
    return type(problem)(str(problem), evidence)


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
    "reject",
    "slot_of",
    "withdraw",
    "write_end",
    "write_resumption",
    "write_suspension",
]
