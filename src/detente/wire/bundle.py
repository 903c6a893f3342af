"""Bundles: an envelope and its bulk parts as one run of bytes: an HTTPS body, or a courier's file.

    "detente bundle 1\\n"
    4 bytes  length of the envelope, then the envelope
    2 bytes  count of parts, then for each, sorted by name:
             1 byte length of the name, the name, 8 bytes length of the data, the data

Lengths are big-endian. Nothing follows. A reader caps every length before it allocates, and the envelope
comes first so that its signature can be checked before a byte of bulk is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from detente.errors import Malformed, Misuse
from detente.wire.envelope import MAX_ENVELOPE
from detente.wire.messages import MAX_PARTS, Part

MAGIC = b"detente bundle 1\n"
_NAME = re.compile(rb"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class EnvelopeRead:
    """The whole envelope, unverified. Open it, then tell the reader what to `expect`."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class PartBegun:
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class PartData:
    """The next bytes of the part begun last."""

    data: bytes


@dataclass(frozen=True, slots=True)
class BundleEnded:
    """Every part was read to its end."""


Event: TypeAlias = EnvelopeRead | PartBegun | PartData | BundleEnded


def pack_bundle(raw: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The bundle of an envelope and its parts. Raises Misuse for names or counts that no reader accepts."""
    return b"".join(iterate_bundle(raw, parts))


def iterate_bundle(raw: bytes, parts: Mapping[str, bytes]) -> Iterator[bytes]:
    """The same bundle in pieces, for a sender that does not want a second copy of the bulk."""
    if len(parts) > MAX_PARTS or len(raw) > MAX_ENVELOPE:
        raise Misuse(f"a bundle holds an envelope of at most {MAX_ENVELOPE} bytes and {MAX_PARTS} parts")
    yield MAGIC + len(raw).to_bytes(4, "big") + raw + len(parts).to_bytes(2, "big")
    for name in sorted(parts):
        label = name.encode("ascii", "replace")
        if not _NAME.fullmatch(label):
            raise Misuse("parts have short lower-case names")
        yield bytes([len(label)]) + label + len(parts[name]).to_bytes(8, "big")
        yield parts[name]


def unpack_bundle(
    data: bytes, *, max_envelope: int = MAX_ENVELOPE, max_parts: int = MAX_PARTS, max_part: int
) -> tuple[bytes, dict[str, bytes]]:
    """The envelope and the parts of a whole bundle, unverified: `open_message` and `check_parts` come next.

    Raises Malformed.

    >>> unpack_bundle(pack_bundle(b"{}", {"bulk": b"abc"}), max_part=1024)
    (b'{}', {'bulk': b'abc'})
    """
    reader = BundleReader(max_envelope=max_envelope, max_parts=max_parts, max_part=max_part)
    raw, parts, name, ended = b"", dict[str, bytearray](), "", False
    for event in reader.feed(data):
        match event:
            case EnvelopeRead():
                raw = event.raw
            case PartBegun():
                name = event.name
                parts[name] = bytearray()
            case PartData():
                parts[name] += event.data
            case BundleEnded():
                ended = True
    if not ended:
        raise Malformed("a bundle that is cut short")
    return raw, {name: bytes(data) for name, data in parts.items()}


class BundleReader:
    """Reads a bundle as it arrives: bytes in, events out, at most one envelope of memory.

    The parser is done after BundleEnded.

    Every length is compared with its cap when it is read. After `expect`, each part must be the next one that
    the signed message lists, at its signed size; hashes are the caller's, who sees the data.

    >>> list(BundleReader(max_part=8).feed(pack_bundle(b"{}", {})))
    [EnvelopeRead(raw=b'{}'), BundleEnded()]
    """

    def __init__(
        self, *, max_envelope: int = MAX_ENVELOPE, max_parts: int = MAX_PARTS, max_part: int
    ) -> None:
        self._max_envelope, self._max_parts, self._max_part = max_envelope, max_parts, max_part
        self._expected: tuple[Part, ...] | None = None
        self._buffer = bytearray()
        self._need = len(MAGIC) + 4
        self._step: Callable[[bytes], Event | None] | None = self._on_head
        self._parts = self._parts_done = self._part_left = 0
        self._name = b""

    def expect(self, parts: Sequence[Part]) -> None:
        """From now on only these parts are let through.

        Call it on EnvelopeRead, once the message has been opened.
        """
        self._expected = tuple(parts)

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that these further bytes complete.

        Raises Malformed; the reader is of no use after that.
        """
        view = memoryview(data)
        while self._step is not None:
            if self._part_left:
                if not view:
                    return
                piece, view = bytes(view[: self._part_left]), view[self._part_left :]
                self._part_left -= len(piece)
                yield PartData(piece)
                continue
            missing = self._need - len(self._buffer)
            self._buffer += view[:missing]
            view = view[missing:]
            if len(self._buffer) < self._need:
                return
            taken = bytes(self._buffer)
            self._buffer.clear()
            event = self._step(taken)
            if event is not None:
                yield event
        if view:
            raise Malformed("bytes after the end of a bundle")

    def close(self) -> None:
        """To be called when the bytes have ended. Raises Malformed if the bundle has not."""
        if self._step is not None:
            raise Malformed("a bundle that is cut short")

    def _then(self, step: Callable[[bytes], Event | None], need: int) -> None:
        self._step, self._need = step, need

    def _on_head(self, taken: bytes) -> None:
        size = int.from_bytes(taken[len(MAGIC) :], "big")
        if not taken.startswith(MAGIC):
            raise Malformed("not a bundle of this protocol")
        if size > self._max_envelope:
            raise Malformed(f"a bundle whose envelope is over {self._max_envelope} bytes")
        self._then(self._on_envelope, size)

    def _on_envelope(self, taken: bytes) -> Event:
        self._then(self._on_count, 2)
        return EnvelopeRead(taken)

    def _on_count(self, taken: bytes) -> Event | None:
        self._parts = int.from_bytes(taken, "big")
        if self._parts > self._max_parts:
            raise Malformed(f"a bundle with more than {self._max_parts} parts")
        if self._expected is not None and self._parts != len(self._expected):
            raise Malformed("a bundle with other parts than its message lists")
        return self._next_part()

    def _next_part(self) -> Event | None:
        if self._parts_done == self._parts:
            self._step = None
            return BundleEnded()
        self._then(self._on_name_length, 1)
        return None

    def _on_name_length(self, taken: bytes) -> None:
        self._then(self._on_part, taken[0] + 8)

    def _on_part(self, taken: bytes) -> Event:
        name, size = taken[:-8], int.from_bytes(taken[-8:], "big")
        if not _NAME.fullmatch(name) or name <= self._name:
            raise Malformed("a bundle's parts have short lower-case names, sorted, each once")
        if size > self._max_part:
            raise Malformed(f"a bundle with a part over {self._max_part} bytes")
        label = name.decode("ascii")
        if self._expected is not None:
            part = self._expected[self._parts_done]
            if (part.name, part.size) != (label, size):
                raise Malformed("a bundle with other parts than its message lists")
        self._name, self._part_left = name, size
        self._parts_done += 1
        self._then(self._after_part, 0)
        return PartBegun(label, size)

    def _after_part(self, _: bytes) -> Event | None:
        return self._next_part()
