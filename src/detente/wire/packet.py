"""Packets: what one exchange between two nodes carries, over HTTPS or by courier: a signed hello, then bundles.

    "detente packet 1\\n"
    4 bytes length of the hello envelope, then the envelope
    4 bytes count of bundles, then for each: 8 bytes length, the bundle

The hello names sender and recipient, its instant (so that both clocks are on record), the messages that the sender has stored (only then does the
other side forget them), and the recipient's newest head that the sender cosigned, so that a node that was restored from a backup learns it at once.
Lengths are big-endian and capped before anything is allocated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detente.errors import BadSignature, Malformed
from detente.wire.canonical import canonical
from detente.wire.envelope import MAX_ENVELOPE, open_envelope, payload_type, seal
from detente.wire.instant import Instant, parse_rfc3339, rfc3339
from detente.wire.keys import EnvelopeSigner, KeyRing

HELLO = payload_type("hello")
MAGIC = b"detente packet 1\n"
MAX_BUNDLES = 256
MAX_ACKS = 4096
MAX_SEEN = 1024
_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks to whom, when by their clock, which of our messages they have stored, and our newest signed head that they hold ("": none)."""

    sender: str
    recipient: str
    at: Instant
    stored: tuple[str, ...]
    seen: str = ""


def seal_hello(hello: Hello, signer: EnvelopeSigner) -> bytes:
    body = {
        "at": rfc3339(hello.at),
        "recipient": hello.recipient,
        "seen": hello.seen,
        "sender": hello.sender,
        "stored": sorted(hello.stored)[:MAX_ACKS],
    }
    return seal(HELLO, canonical(body), signer)


def open_hello(raw: bytes, keys: KeyRing, *, recipient: str, at: Instant) -> Hello:
    """The hello in an envelope, verified and addressed to us. Raises BadSignature or Malformed."""
    envelope = open_envelope(raw, HELLO, keys, at=at)
    body: Any = envelope.body
    if not isinstance(body, dict) or set(body) != {"at", "recipient", "seen", "sender", "stored"}:
        raise Malformed("a hello with the wrong members")
    stored, seen = body["stored"], body["seen"]
    if not isinstance(seen, str) or len(seen) > MAX_SEEN:
        raise Malformed("a hello with a head that is too long")
    if not isinstance(stored, list) or len(stored) > MAX_ACKS:
        raise Malformed("a hello that acknowledges too much")
    if not all(isinstance(s, str) and _HEX64.fullmatch(s) for s in stored) or not isinstance(body["at"], str):
        raise Malformed("a hello with members of the wrong form")
    if envelope.signers != {body["sender"]}:
        raise BadSignature("a hello is signed by its sender alone")
    if body["recipient"] != recipient:
        raise Malformed("a hello addressed to another party")
    return Hello(body["sender"], recipient, parse_rfc3339(body["at"]), tuple(stored), seen)


def pack_packet(hello: bytes, bundles: Sequence[bytes]) -> bytes:
    """The bytes of one exchange.

    >>> unpack_packet(pack_packet(b"{}", [b"one", b"two"]), max_bundle=64)
    (b'{}', [b'one', b'two'])
    """
    pieces = [MAGIC, len(hello).to_bytes(4, "big"), hello, len(bundles).to_bytes(4, "big")]
    for bundle in bundles:
        pieces += [len(bundle).to_bytes(8, "big"), bundle]
    return b"".join(pieces)


def unpack_packet(data: bytes, *, max_bundle: int) -> tuple[bytes, list[bytes]]:
    """Hello and bundles, unverified. Raises Malformed."""
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise Malformed("not a packet")
    hello = reader.take(reader.number(4, MAX_ENVELOPE))
    bundles = [reader.take(reader.number(8, max_bundle)) for _ in range(reader.number(4, MAX_BUNDLES))]
    if reader.left():
        raise Malformed("bytes after the end of a packet")
    return hello, bundles


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise Malformed("a packet that is cut short")
        self._at += size
        return bytes(piece)

    def number(self, width: int, cap: int) -> int:
        value = int.from_bytes(self.take(width), "big")
        if value > cap:
            raise Malformed("a length in a packet over its cap")
        return value

    def left(self) -> int:
        return len(self._data) - self._at
