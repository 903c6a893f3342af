"""Letters: one request and one answer about items that were given, and notices. spec/exchange, "Letters".

    recall    giver: erase this item            -> attest: erased, how and when; or refused, why
    dispute   receiver: this item is not in order -> noted, once checked: provable grounds by looking, others against the allowance
    settle    either: it counts, or it does not  -> settled, once a person of the other side agrees
    consent   either: may this item go to a third -> consented, for that item and that party; or declined
    notice    either: something to know           -> noted

Each is a signed message and so is its answer; both journals hold the hash. Who must decide is asked; what needs no decision is answered at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from detente.ceremonies.ceremony import Append, Ask, Decision, Effect, Finish, Incoming, Send, Step
from detente.ceremonies.held import HeldProof, read_held, verify_held
from detente.ceremonies.run import Head
from detente.errors import Expired, FailedCheck, Malformed, Misuse, OutOfTurn, Overdrawn, PeerFault, Refused
from detente.pact.facts import (
    KIND_OF,
    PROVABLE,
    Body,
    ConsentGiven,
    Ground,
    ItemDisputed,
    ItemSettled,
    Noticed,
    RecallAttested,
    RecallRequested,
    Side,
    body_of,
)
from detente.pact.policy import misfit, read_release
from detente.pact.terms import DAY_MS, HOUR_MS, Terms
from detente.wire.messages import Instant, parse_rfc3339, rfc3339

MAX_TEXT: Final = 10_000

Act = Literal["recall", "dispute", "settle", "consent", "notice"]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]


class KnownItem(msgspec.Struct, frozen=True):
    """An item that a letter is about, as this node holds it. `at` is when its key moved; `plaintext` is b"" once it was erased."""

    item: str
    direction: Literal["given", "received"]
    at: Instant
    topic: str
    marking: str
    plaintext: bytes = b""
    disputed: bool = False
    recalled: bool = False


class LetterSetup(msgspec.Struct, frozen=True):
    """What a letter needs. `act` "" for who answers: the message says it.

    `item` is None for notices, and for items that are not known here. `left` are the disputes without proof that their raiser may still raise, `to` the
    party that a consent is asked for, `counts` the settlement proposed. With the ground "held" goes `held`; who checks it needs `heads`, those of the
    other's journal that it cosigned before the item's key moved.
    """

    act: Act | Literal[""]
    terms: Terms
    item: KnownItem | None = None
    left: int = 0
    text: str = ""
    ground: Ground = "content"
    counts: bool = True
    to: str = ""
    held: HeldProof | None = None
    heads: tuple[Head, ...] = ()


class Recall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item: Hash
    until: str
    reason: Text


class Attest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`method` says how it was erased, `at` when; or `refused` says why not."""

    item: Hash
    at: str
    method: Text
    refused: Text


class Dispute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item: Hash
    ground: Ground
    reason: Text


class Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item: Hash
    counts: bool


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    item: Hash
    to: Hash
    purpose: Text


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    at: str
    text: Text


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Yes or no to a settlement or a consent; `to` the message that it answers."""

    to: Hash
    yes: bool
    reason: Text


class Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Received and journalled; with it both clocks are on record."""

    to: Hash
    at: str


SHAPES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "recall": Recall,
    "attest": Attest,
    "dispute": Dispute,
    "settle": Settle,
    "consent": Consent,
    "notice": Notice,
    "answer": Answer,
    "noted": Noted,
}
ANSWERS: Final[Mapping[str, str]] = {
    "recall": "attest",
    "dispute": "noted",
    "settle": "answer",
    "consent": "answer",
    "notice": "noted",
}


@dataclass(frozen=True, slots=True)
class LetterResult:
    """What came of a letter. `request` and `answer` are bodies as they were signed; `message` is the id of the peer's one."""

    act: str
    item: str
    by: Side
    request: msgspec.Struct
    answer: msgspec.Struct
    message: str


# --- decisions


def attest(method: str, at: Instant) -> Decision:
    """We erased it: how and when."""
    return Decision("recall", {"method": method, "at": rfc3339(at), "refused": ""})


def refuse_recall(reason: str, at: Instant) -> Decision:
    """We did not erase it; a law that forbids it, perhaps."""
    return Decision("recall", {"method": "", "at": rfc3339(at), "refused": reason})


def answer(act: Literal["settle", "consent"], yes: bool, reason: str = "") -> Decision:
    """Yes or no to a settlement or a consent."""
    return Decision(act, {"yes": yes, "reason": reason})


# --- the ceremony


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter under way. Immutable."""

    kind: ClassVar[str] = "exchange"

    ours: str
    theirs: str
    setup: LetterSetup
    phase: Literal["idle", "sent", "deciding", "over"] = "idle"
    act: str = ""
    request: msgspec.Struct | None = None
    message: str = ""  # id of theirs

    def __repr__(self) -> str:
        return f"Letter({self.act or 'none'}, {self.phase})"

    @classmethod
    def open(cls, ours: str, theirs: str, setup: LetterSetup, now: Instant) -> Step:
        """Writes the letter. Raises Misuse or Refused where it may not be written."""
        if not setup.act:
            raise Misuse("a letter says what it is for")
        request = _written(setup, now)
        letter = cls(ours, theirs, setup, "sent", setup.act, request)
        before: list[Effect] = []
        if isinstance(request, Recall):
            # counts from the moment it was asked for, answered or not
            before = [_append(request.item, RecallRequested("ours", parse_rfc3339(request.until), ""))]
        parts = {"proof": msgspec.msgpack.encode(setup.held)} if _is_held(request) else {}
        return letter, [*before, Send(setup.act, body_of(request), parts)]

    @classmethod
    def wait(cls, ours: str, theirs: str, setup: LetterSetup) -> Letter:
        """Waits for the peer's."""
        return cls(ours, theirs, setup)

    def receive(self, message: Incoming, now: Instant) -> Step:
        if self.phase == "idle" and message.step in ANSWERS:
            return self._on_request(message, now)
        if self.phase == "sent" and message.step == ANSWERS[self.act]:
            return self._on_reply(message)
        raise OutOfTurn(f"'{message.step}' where a letter is {self.phase}", message.raw)

    def decide(self, decision: Decision, now: Instant) -> Step:
        if self.phase != "deciding" or decision.what != self.act:
            raise Misuse(f"nothing to decide with '{decision.what}' here")
        body = decision.body
        reply: msgspec.Struct
        if isinstance(self.request, Recall):
            reply = _own(Attest, {"item": self.request.item, **body})
            effects: list[Effect] = [_append(self.request.item, _attested("ours", reply, ""))]
        else:
            reply = _own(Answer, {"to": self.message, **body})
            effects = self._answered(reply, "ours", self.message)
        return self._over(reply, "theirs", [*effects, Send(ANSWERS[self.act], body_of(reply))])

    # -- who answers

    def _on_request(self, message: Incoming, now: Instant) -> Step:
        request = _read(message, message.step)
        heard = replace(self, act=message.step, request=request, message=message.id)
        match request:
            case Notice():
                noted = Noted(message.id, rfc3339(now))
                entry = _append(message.id, Noticed("theirs", message.id))
                return heard._over(noted, "theirs", [entry, Send("noted", body_of(noted))])
            case Dispute():
                return heard._on_dispute(request, message, now)
            case Recall():
                item = heard._about(request.item, "received")
                entry = _append(
                    item.item, RecallRequested("theirs", parse_rfc3339(request.until), message.id)
                )
                return replace(heard, phase="deciding"), [entry, Ask("recall", body_of(request))]
            case Settle():
                if not heard._about(request.item, None).disputed:
                    raise Refused("that item is not disputed; there is nothing to settle")
            case Consent():
                heard._about(request.item, "given")
                if self.setup.terms.swap.onward == "never":
                    raise Refused("the agreement lets nothing be passed on")
        return replace(heard, phase="deciding"), [Ask(heard.act, body_of(request))]

    def _on_dispute(self, request: Dispute, message: Incoming, now: Instant) -> Step:
        item = self._about(request.item, "given")
        _require_disputable(item, self.setup.terms, now)
        if request.ground == "held":
            self._check_held(item, message)
        elif request.ground in PROVABLE:
            _require_shown(item, self.setup.terms, request.ground)
        elif self.setup.left < 1:
            raise Overdrawn("the allowance of disputes without proof is used up; settle the open ones first")
        noted = Noted(message.id, rfc3339(now))
        entry = _append(item.item, ItemDisputed("theirs", request.ground, message.id))
        return self._over(noted, "theirs", [entry, Send("noted", body_of(noted))])

    def _check_held(self, item: KnownItem, message: Incoming) -> None:
        heads = self.setup.heads
        if not heads or not item.plaintext:
            raise Refused("no head of yours was cosigned here before that item; dispute its content instead")
        try:
            verify_held(read_held(message.parts["proof"]), read_release(item.plaintext), heads)
        except FailedCheck:
            raise FailedCheck(message.raw) from None

    def _about(self, item: str, direction: str | None) -> KnownItem:
        known = self.setup.item
        if known is None or known.item != item or direction not in (None, known.direction):
            raise Refused("that item is not known here as one that you may write about")
        return known

    # -- who asked

    def _on_reply(self, message: Incoming) -> Step:
        reply, request = _read(message, message.step), self.request
        effects: list[Effect] = []
        match (request, reply):
            case (Recall(), Attest()):
                if reply.item != request.item or bool(reply.method) == bool(reply.refused):
                    raise Malformed(
                        "an attestation of another item, or that says neither yes nor no", message.raw
                    )
                effects = [_append(request.item, _attested("theirs", reply, message.id))]
            case (Dispute(), Noted()):
                effects = [_append(request.item, ItemDisputed("ours", request.ground, message.id))]
            case (Notice(), Noted()):
                effects = [_append(message.id, Noticed("ours", message.id))]
            case (_, Answer()):
                effects = self._answered(reply, "theirs", message.id)
        return replace(self, message=message.id)._over(reply, "ours", effects)

    # -- both

    def _answered(self, reply: msgspec.Struct, by: Side, message: str) -> list[Effect]:
        """What a yes to a settlement or a consent means; `by` is who said it."""
        request = self.request
        if not isinstance(reply, Answer) or not reply.yes:
            return []
        if isinstance(request, Settle):
            return [_append(request.item, ItemSettled(request.counts, message))]
        if isinstance(request, Consent):
            return [_append(request.item, ConsentGiven(by, request.to, message))]
        return []

    def _over(self, reply: msgspec.Struct, by: Side, effects: list[Effect]) -> Step:
        request = self.request
        if request is None:
            raise Misuse("no letter is under way")
        item = str(getattr(request, "item", ""))
        result = LetterResult(self.act, item, by, request, reply, self.message)
        return replace(self, phase="over"), [*effects, Finish("done", result)]


# --- what a letter says


def _written(setup: LetterSetup, now: Instant) -> msgspec.Struct:
    if setup.act == "notice":
        return _own(Notice, {"at": rfc3339(now), "text": setup.text})
    item = setup.item
    if item is None:
        raise Misuse("a letter of this kind is about an item; name it")
    match setup.act:
        case "recall":
            _require_direction(item, "given", "recall")
            until = rfc3339(now + setup.terms.recall_hours * HOUR_MS)
            return _own(Recall, {"item": item.item, "until": until, "reason": setup.text})
        case "dispute":
            _require_direction(item, "received", "dispute")
            _require_disputable(item, setup.terms, now)
            if setup.ground == "held":
                if setup.held is None:
                    raise Misuse("to show that it was held before, open the record; or dispute the content")
            elif setup.ground in PROVABLE:
                _require_shown(item, setup.terms, setup.ground)
            elif setup.left < 1:
                raise Overdrawn(
                    "your allowance of disputes without proof is used up; settle the open ones first"
                )
            return _own(Dispute, {"item": item.item, "ground": setup.ground, "reason": setup.text})
        case "settle":
            return _own(Settle, {"item": item.item, "counts": setup.counts})
        case _:
            _require_direction(item, "received", "ask to pass on")
            return _own(Consent, {"item": item.item, "to": setup.to, "purpose": setup.text})


def _require_direction(item: KnownItem, direction: str, verb: str) -> None:
    if item.direction != direction:
        raise Misuse(f"you can {verb} only what you {'gave' if direction == 'given' else 'received'}")


def _require_disputable(item: KnownItem, terms: Terms, now: Instant) -> None:
    if item.disputed:
        raise Refused("that item is disputed already")
    if now > item.at + terms.disputes.deadline_days * DAY_MS:
        raise Expired(
            f"an item is disputed within {terms.disputes.deadline_days} days; no answer by then was acceptance"
        )


def _require_shown(item: KnownItem, terms: Terms, ground: Ground) -> None:
    """A provable ground must show in the item itself, on both sides alike. Raises Refused where it does not."""
    if not item.plaintext:
        raise Refused("the item was erased; what it held can no longer be shown")
    found: Ground | None
    try:
        found = misfit(read_release(item.plaintext), terms, terms.topic(item.topic), item.marking)
    except PeerFault:
        found = "schema"
    if found != ground:
        raise Refused(f"the ground '{ground}' does not show in the item; dispute its content instead")


_T = TypeVar("_T", bound=msgspec.Struct)


def _own(shape: type[_T], body: Mapping[str, Any]) -> _T:
    try:
        return msgspec.convert(dict(body), shape)
    except msgspec.ValidationError as problem:
        raise Misuse(f"this letter cannot be sent: {problem}") from None


def _read(message: Incoming, step: str) -> msgspec.Struct:
    try:
        found = msgspec.convert(dict(message.body), SHAPES[step])
    except msgspec.ValidationError:
        raise Malformed(f"a letter '{step}' that is not what the spec says", message.raw) from None
    if set(message.parts) != ({"proof"} if _is_held(found) else set()):
        raise Malformed("a letter with other parts than it should have", message.raw)
    for name in ("at", "until"):
        if hasattr(found, name):
            parse_rfc3339(getattr(found, name))
    return found


def _is_held(letter: msgspec.Struct) -> bool:
    return isinstance(letter, Dispute) and letter.ground == "held"


def _attested(by: Side, reply: msgspec.Struct, message: str) -> RecallAttested:
    if not isinstance(reply, Attest) or bool(reply.method) == bool(reply.refused):
        raise Misuse("a recall is answered with how it was erased, or with why it was not")
    return RecallAttested(by, reply.method, reply.refused, message)


def _append(subject: str, body: Body) -> Append:
    return Append(KIND_OF[type(body)], subject, body_of(body))
