"""Inquiries: a request for information, what its answerer says of it, and what its asker makes of that. spec/requests.

    ask       asker: this question, by this day          -> noted, once it is in order
    tell      answerer: accepted, part, full, nothing, declined -> noted
    transfer  answerer: may this third party see it      -> answer, once a person of the asker decided
    rate      asker: useful or not                       -> noted

Each is a signed message and so is its answer. The records that answer a request do not go here: they are a swap
whose findings are the request's slots (spec/requests, clauses 5 to 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from detente.ceremonies.ceremony import Append, Ask, Decision, Effect, Finish, Incoming, Send, Step
from detente.ceremonies.correspondence import MAX_TEXT, Answer, Noted
from detente.errors import Malformed, Misuse, OutOfTurn, Refused
from detente.pact.facts import (
    KIND_OF,
    Body,
    RequestAsked,
    RequestRated,
    RequestTold,
    RequestTransfer,
    Side,
    Told,
    body_of,
)
from detente.pact.requests import (
    ANSWERED,
    MAX_SKEW,
    State,
    may_tell,
    read_wording,
    request_id,
    require_askable,
)
from detente.pact.requests import Ask as AskBody
from detente.pact.terms import Terms
from detente.wire.messages import Instant, parse_rfc3339, rfc3339

Act = Literal["ask", "tell", "transfer", "rate"]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Reason = Annotated[str, Meta(max_length=2000)]


class KnownRequest(msgspec.Struct, frozen=True):
    """A request that a message is about, as this node's journal tells it. `items` answer it and still count."""

    id: str
    by: Side
    asked: Instant
    state: State
    items: int = 0
    rated: bool = False


class InquirySetup(msgspec.Struct, frozen=True):
    """What an inquiry needs. `act` is "" for who answers: the message says it.

    `known` is None for a new request, and for one that is not known here. `ask` and `wording` are those of a request of ours.
    """

    act: Act | Literal[""]
    terms: Terms
    known: KnownRequest | None = None
    ask: AskBody | None = None
    wording: bytes = b""
    answer: Told = "accepted"
    useful: bool = True
    to: str = ""
    named: bool = False
    text: str = ""


class Tell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request: Hash
    answer: Told
    at: str
    reason: Reason


class Transfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`named`: whether the third party would be told who asked."""

    request: Hash
    to: Hash
    named: bool
    purpose: Text


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request: Hash
    useful: bool
    reason: Reason


SHAPES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "ask": AskBody,
    "tell": Tell,
    "transfer": Transfer,
    "rate": Rate,
    "answer": Answer,
    "noted": Noted,
}
ANSWERS: Final[Mapping[str, str]] = {"ask": "noted", "tell": "noted", "transfer": "answer", "rate": "noted"}


@dataclass(frozen=True, slots=True)
class InquiryResult:
    """What came of an inquiry. `body` is what was asked or told, `reply` how that was met; `by` says whose it was; `wording` is a
    request's, b"" for all else."""

    act: str
    request: str
    by: Side
    body: msgspec.Struct
    reply: msgspec.Struct
    wording: bytes = b""

    def __repr__(self) -> str:
        return f"InquiryResult({self.act}, {self.request[:12]})"


def consent(yes: bool, reason: str = "") -> Decision:
    """A person of the asker says whether the request may go to the third party."""
    return Decision("transfer", {"yes": yes, "reason": reason[:2000]})


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An inquiry under way. Immutable."""

    kind: ClassVar[str] = "exchange"

    ours: str
    theirs: str
    setup: InquirySetup
    phase: Literal["idle", "sent", "deciding", "over"] = "idle"
    act: str = ""
    body: msgspec.Struct | None = None
    wording: bytes = b""
    message: str = ""  # id of theirs

    def __repr__(self) -> str:
        return f"Inquiry({self.act or 'none'}, {self.phase})"

    @classmethod
    def open(cls, ours: str, theirs: str, setup: InquirySetup, now: Instant) -> Step:
        """Writes the message. Raises Misuse or Refused where it may not be written."""
        if not setup.act:
            raise Misuse("an inquiry says what it is for")
        inquiry = cls(ours, theirs, setup, "sent", setup.act, wording=setup.wording)
        body = inquiry._written(now)
        parts = {"wording": setup.wording} if isinstance(body, AskBody) else {}
        return replace(inquiry, body=body), [Send(setup.act, body_of(body), parts)]

    @classmethod
    def wait(cls, ours: str, theirs: str, setup: InquirySetup) -> Inquiry:
        """Waits for the peer's."""
        return cls(ours, theirs, setup)

    def receive(self, message: Incoming, now: Instant) -> Step:
        if self.phase == "idle" and message.step in ANSWERS:
            return self._on_told(message, now)
        if self.phase == "sent" and message.step == ANSWERS[self.act]:
            return self._on_reply(message)
        raise OutOfTurn(f"'{message.step}' where an inquiry is {self.phase}", message.raw)

    def decide(self, decision: Decision, now: Instant) -> Step:
        body = self.body
        if self.phase != "deciding" or decision.what != self.act or not isinstance(body, Transfer):
            raise Misuse(f"nothing to decide with '{decision.what}' here")
        reply = _own(Answer, {"to": self.message, **decision.body})
        entry = _append(body.request, RequestTransfer("ours", body.to, body.named, _yes(reply), self.message))
        return self._over(reply, "theirs", [entry, Send("answer", body_of(reply))])

    # -- who writes

    def _written(self, now: Instant) -> msgspec.Struct:
        setup = self.setup
        if setup.act == "ask":
            if setup.ask is None:
                raise Misuse("say what is asked")
            require_askable(setup.ask, _own_wording(setup.wording), setup.terms, now)
            if setup.ask.request != request_id(self.ours, self.theirs, body_of(setup.ask), setup.wording):
                raise Misuse("a request's id is the hash of what it says")
            return setup.ask
        known = setup.known
        if known is None:
            raise Misuse("say which request this is about; `detente requests list` shows them")
        if setup.act == "rate":
            _require_ratable(known, "ours")
            return _own(Rate, {"request": known.id, "useful": setup.useful, "reason": setup.text})
        if known.by == "ours":
            raise Misuse("you asked this; only who was asked can answer it or ask to pass it on")
        if setup.act == "tell":
            _require_tellable(known, setup.answer, setup.text)
            told = {"request": known.id, "answer": setup.answer, "at": rfc3339(now), "reason": setup.text}
            return _own(Tell, told)
        self._require_transferable(known, setup.to)
        asked = {"request": known.id, "to": setup.to, "named": setup.named, "purpose": setup.text}
        return _own(Transfer, asked)

    def _require_transferable(self, known: KnownRequest, to: str) -> None:
        if self.setup.terms.swap.onward == "never":
            raise Refused("the agreement lets nothing be passed on")
        if known.state in ("full", "nothing", "declined"):
            raise Refused(f"this request is over: {known.state}")
        if to in (self.ours, self.theirs):
            raise Refused("a request is transferred to a third party")

    # -- who is told

    def _on_told(self, message: Incoming, now: Instant) -> Step:
        body = _read(message)
        heard = replace(self, act=message.step, body=body, message=message.id)
        if isinstance(body, AskBody):
            return heard._on_ask(body, message, now)
        known = heard._about(body)
        match body:
            case Tell():
                if known.by != "ours":
                    raise Refused("who asks does not answer")
                _require_tellable(known, body.answer, body.reason)
                at = parse_rfc3339(body.at)
                if not known.asked - MAX_SKEW <= at <= now + MAX_SKEW:
                    raise Malformed("an answer dated before its request, or ahead of our clock", message.raw)
                entry = _append(known.id, RequestTold("theirs", body.answer, at, body.reason, message.id))
            case Rate():
                _require_ratable(known, "theirs")
                entry = _append(known.id, RequestRated("theirs", body.useful, message.id))
            case Transfer():
                if known.by != "ours":
                    raise Refused("a request is transferred by who was asked")
                heard._require_transferable(known, body.to)
                return replace(heard, phase="deciding"), [Ask("transfer", body_of(body))]
            case _:
                raise Malformed("an inquiry of an unknown shape", message.raw)
        return heard._noted(now, entry)

    def _on_ask(self, body: AskBody, message: Incoming, now: Instant) -> Step:
        wording = message.parts["wording"]
        if body.request != request_id(self.theirs, self.ours, body_of(body), wording):
            raise Malformed("a request whose id is not the hash of what it says", message.raw)
        if self.setup.known is not None:
            raise Refused("this request was made before; ask anew")
        require_askable(body, read_wording(wording), self.setup.terms, now)
        entry = _append(body.request, asked_fact("theirs", body, message.id))
        return replace(self, wording=wording)._noted(now, entry)

    def _about(self, body: msgspec.Struct) -> KnownRequest:
        known = self.setup.known
        if known is None or known.id != getattr(body, "request", ""):
            raise Refused("that request is not known here")
        return known

    def _noted(self, now: Instant, entry: Append) -> Step:
        noted = Noted(self.message, rfc3339(now))
        return self._over(noted, "theirs", [entry, Send("noted", body_of(noted))])

    # -- how ours was met

    def _on_reply(self, message: Incoming) -> Step:
        reply, body = _read(message), self.body
        entry: Append
        match body:
            case AskBody():
                entry = _append(body.request, asked_fact("ours", body, message.id))
            case Tell():
                at = parse_rfc3339(body.at)
                entry = _append(body.request, RequestTold("ours", body.answer, at, body.reason, message.id))
            case Rate():
                entry = _append(body.request, RequestRated("ours", body.useful, message.id))
            case Transfer():
                said = RequestTransfer("theirs", body.to, body.named, _yes(reply), message.id)
                entry = _append(body.request, said)
            case _:
                raise Misuse("no inquiry is under way")
        return replace(self, message=message.id)._over(reply, "ours", [entry])

    def _over(self, reply: msgspec.Struct, by: Side, effects: list[Effect]) -> Step:
        body = self.body
        if body is None:
            raise Misuse("no inquiry is under way")
        request = str(getattr(body, "request", ""))
        result = InquiryResult(self.act, request, by, body, reply, self.wording)
        return replace(self, phase="over"), [*effects, Finish("done", result)]


def asked_fact(by: Side, ask: AskBody, message: str) -> RequestAsked:
    """What the journal says of a request."""
    return RequestAsked(
        by, ask.topic, parse_rfc3339(ask.asked), parse_rfc3339(ask.until), ask.marking, ask.most, ask.returns,
        ask.via, message,
    )  # fmt: skip


def _require_tellable(known: KnownRequest, answer: Told, reason: str) -> None:
    if not may_tell(known.state, answer):
        raise Refused(f"'{answer}' cannot be said of a request that is {known.state}")
    if answer in ("declined", "part") and not reason.strip():
        raise Refused(f"who answers '{answer}' says why")


def _require_ratable(known: KnownRequest, by: Side) -> None:
    if known.by != by:
        raise Refused("an answer is rated by who asked")
    if known.rated:
        raise Refused("this answer was rated already")
    if known.state not in ANSWERED and not known.items:
        raise Refused("there is no answer to rate yet")


_T = TypeVar("_T", bound=msgspec.Struct)


def _own(shape: type[_T], body: Mapping[str, Any]) -> _T:
    try:
        return msgspec.convert(dict(body), shape)
    except msgspec.ValidationError as problem:
        raise Misuse(f"this cannot be sent: {problem}") from None


def _own_wording(wording: bytes) -> Any:
    try:
        return read_wording(wording)
    except Malformed as problem:
        raise Misuse(f"this cannot be asked: {problem}") from None


def _read(message: Incoming) -> msgspec.Struct:
    """The body of a message as its shape. Raises Malformed; instants and parts are checked as well."""
    try:
        found = msgspec.convert(dict(message.body), SHAPES[message.step])
    except msgspec.ValidationError:
        raise Malformed(f"an inquiry '{message.step}' that is not what the spec says", message.raw) from None
    if set(message.parts) != ({"wording"} if isinstance(found, AskBody) else set()):
        raise Malformed("an inquiry with other parts than it should have", message.raw)
    for name in ("at", "asked", "until"):
        if hasattr(found, name):
            parse_rfc3339(getattr(found, name))
    return found


def _yes(reply: msgspec.Struct) -> bool:
    return isinstance(reply, Answer) and reply.yes


def _append(subject: str, body: Body) -> Append:
    return Append(KIND_OF[type(body)], subject, body_of(body))
