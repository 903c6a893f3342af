"""Messages: what one party tells another within a ceremony.

One statement kind; a message's id is the hash of its envelope.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import msgspec

from detente.errors import BadSignature, Malformed, Misuse, Refused
from detente.wire.canonical import MAX_DEPTH, MAX_INTEGER, canonical
from detente.wire.envelope import MESSAGE, open_envelope, seal
from detente.wire.instant import LATEST, Instant, parse_rfc3339, rfc3339
from detente.wire.keys import EnvelopeSigner, KeyRing

__all__ = [
    "LATEST",
    "MAX_PARTS",
    "VERSIONS",
    "Instant",
    "Kind",
    "Message",
    "Part",
    "ReceivedMessage",
    "check_parts",
    "negotiate",
    "open_message",
    "parse_rfc3339",
    "part_of",
    "rfc3339",
    "seal_message",
]

VERSIONS: tuple[int, ...] = (1,)
"""The protocol versions that this code speaks, best last."""

MAX_PARTS = 64
Kind = Literal["matching", "exchange", "amendment", "pairing", "countersigning"]

_HEX32 = re.compile(r"[0-9a-f]{32}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_STEP = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_PART = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_T = TypeVar("_T")


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bulk bytes that travel beside a message, and their signed hash. `sha256` is hex, `size` in bytes."""

    name: str
    sha256: str
    size: int


def part_of(name: str, data: bytes) -> Part:
    """The description of a part, for a message's `parts`."""
    return Part(name, hashlib.sha256(data).hexdigest(), len(data))


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a party says at one step of a ceremony.

    Its id is not in it: it is the SHA-256 of the sealed envelope.

    `ceremony` is 32 hex digits drawn by whoever began it; `sequence` counts this sender's messages in it from
    0; `agreement` is the statement hash of the agreement it happens under, or "" where there is none yet.
    """

    sender: str
    recipient: str
    ceremony: str
    kind: Kind
    step: str
    sequence: int
    sent: Instant
    agreement: str = ""
    body: dict[str, Any] = msgspec.field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    version: int = VERSIONS[-1]

    def body_as(self, shape: type[_T]) -> _T:
        """The body as a typed value (a msgspec struct or frozen dataclass), strictly. Raises Malformed."""
        try:
            return msgspec.convert(self.body, shape, strict=True)
        except msgspec.ValidationError:
            raise Malformed(
                f"the body of a {self.kind} message is not what its step {self.step!r} has"
            ) from None

    def __repr__(self) -> str:  # bodies may hold records
        return f"Message({self.kind}/{self.step} #{self.sequence} of {self.ceremony[:8]})"


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message as it stands in the payload: `sent` as text, every member there."""

    agreement: str
    body: dict[str, Any]
    ceremony: str
    kind: Kind
    parts: tuple[Part, ...]
    recipient: str
    sender: str
    sent: str
    sequence: int
    step: str
    version: int


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message whose envelope was verified. `id` names it for dropping repeats; `raw` is what to keep."""

    message: Message
    id: str
    raw: bytes


def seal_message(message: Message, signer: EnvelopeSigner) -> bytes:
    """The envelope of a message of ours.

    Raises Misuse if it is not a message that `open_message` would accept.

    >>> raw = seal_message(message, identity)  # doctest: +SKIP
    """
    if message.sender != signer.party:
        raise Misuse("a message is signed by its sender")
    try:
        _check(message, max_part=MAX_INTEGER)
        payload = canonical(
            {**msgspec.to_builtins(message), "sent": rfc3339(message.sent)}, max_depth=MAX_DEPTH
        )
        return seal(MESSAGE, payload, signer)
    except (Malformed, ValueError) as problem:
        raise Misuse(f"this message cannot be sent: {problem}") from problem


def open_message(
    raw: bytes,
    keys: KeyRing,
    *,
    recipient: str,
    max_part: int,
    at: Instant | None = None,
) -> ReceivedMessage:
    """The message in an envelope, once its signature has verified and it is addressed to us.

    `max_part` caps the declared size of each part in bytes. Raises BadSignature, Malformed, or Refused for
    another protocol version. The parts themselves are checked by `check_parts`.

    >>> open_message(raw, keys, recipient=us, max_part=1 << 26).message.step  # doctest: +SKIP
    'begin'
    """
    envelope = open_envelope(raw, MESSAGE, keys, at=at)
    _check_version(envelope.body)
    try:
        sealed = msgspec.convert(envelope.body, _Sealed, strict=True)
    except msgspec.ValidationError:
        raise Malformed("not a message: its members are not those of spec/envelope") from None
    message = Message(
        **{name: getattr(sealed, name) for name in _Sealed.__struct_fields__ if name != "sent"},
        sent=parse_rfc3339(sealed.sent),
    )
    _check(message, max_part=max_part)
    if envelope.signers != {message.sender}:
        raise BadSignature("a message is signed by its sender alone")
    if message.recipient != recipient:
        raise Malformed("a message addressed to another party")
    return ReceivedMessage(message, envelope.id, raw)


def check_parts(message: Message, parts: Mapping[str, bytes]) -> None:
    """Returns if these are exactly the parts that the message lists; raises Malformed if not.

    One missing, one spare, one altered: each is refused.
    """
    if parts.keys() != {part.name for part in message.parts}:
        raise Malformed("other parts than the message lists")
    for part in message.parts:
        data = parts[part.name]
        if len(data) != part.size or hashlib.sha256(data).hexdigest() != part.sha256:
            raise Malformed("a part that is not the one the message lists")


def negotiate(ours: Sequence[int], theirs: Sequence[int]) -> int:
    """The highest protocol version that both speak. Raises Refused, naming both lists, if there is none.

    Both lists are in the signed invitations, so whoever strips versions on the way is found out
    (spec/envelope).

    >>> negotiate((1, 2), (1, 2, 3))
    2
    """
    both = set(ours) & set(theirs)
    if not both:
        raise Refused(
            f"no common protocol version: we speak {_listed(ours)}, they speak {_listed(theirs)}; "
            "upgrade the older node"
        )
    return max(both)


def _listed(versions: Sequence[int]) -> str:
    return ", ".join(str(version) for version in sorted(versions)[-8:]) or "none"


def _check_version(body: Any) -> None:
    """First of all checks on the content: a message of another version may have other members."""
    version = body.get("version") if isinstance(body, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise Malformed("a message that does not say its protocol version")
    if version not in VERSIONS:
        raise Refused(
            f"a message in protocol version {version}; this node speaks {_listed(VERSIONS)}: "
            "upgrade the older node"
        )


def _check(message: Message, *, max_part: int) -> None:
    """What types do not say. Raises Malformed."""
    if message.version not in VERSIONS or message.kind not in get_args(Kind):
        raise Malformed("not a message of this protocol")
    if not (_HEX64.fullmatch(message.sender) and _HEX64.fullmatch(message.recipient)):
        raise Malformed("a party id is 64 lower-case hex digits")
    if message.sender == message.recipient:
        raise Malformed("a message to oneself")
    if not (_HEX32.fullmatch(message.ceremony) and _STEP.fullmatch(message.step)):
        raise Malformed("a ceremony id is 32 lower-case hex digits, a step a short lower-case name")
    if message.agreement and not _HEX64.fullmatch(message.agreement):
        raise Malformed("an agreement is named by 64 lower-case hex digits")
    if not 0 <= message.sequence <= MAX_INTEGER:
        raise Malformed("a sequence number counts from 0")
    if len(message.parts) > MAX_PARTS:
        raise Malformed(f"a message has at most {MAX_PARTS} parts")
    names = [part.name for part in message.parts]
    if names != sorted(set(names)) or not all(_PART.fullmatch(name) for name in names):
        raise Malformed("parts have short lower-case names, sorted, each once")
    for part in message.parts:
        if not 0 <= part.size <= max_part or not _HEX64.fullmatch(part.sha256):
            raise Malformed("a part with a size or hash that is not allowed")
