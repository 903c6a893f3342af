"""Signed notes (c2sp.org/signed-note): text, a blank line, and a line for each signature."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from detente.errors import BadSignature, Malformed
from detente.wire.canonical import decode_base64, encode_base64
from detente.wire.keys import verify_ed25519

MAX_NOTE = 64 * 1024
MAX_SIGNATURES = 16

# signed-note, "Signature types"
ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
MLDSA44_COSIGNATURE = 0x06

_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A key that may sign notes: name, signature type and raw public bytes.

    Name and `id` find its line in a note.
    """

    name: str
    algorithm: int
    key: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a key name is not empty and has neither spaces nor a plus")

    @property
    def id(self) -> bytes:
        """signed-note: SHA-256(name, newline, type, key), the first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.key).digest()[:4]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One signature as it stands in a note: nothing about it is verified."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was parsed.

    `text` ends with a newline; it counts only once a signature over it was verified.
    """

    text: str
    lines: tuple[NoteLine, ...]


def parse_note(raw: bytes) -> Note:
    """The text and the signature lines of a note of at most 64 KiB and 16 signatures. Raises Malformed.

    >>> parse_note("hello\\n\\n— example.com/key AAAAAAAA\\n".encode()).text
    'hello\\n'
    """
    if len(raw) > MAX_NOTE:
        raise Malformed("a note over 64 KiB")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("a note that is not UTF-8") from None
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or _CONTROL.search(whole):
        raise Malformed("not a signed note")
    rows = tail.removesuffix("\n").split("\n")
    if len(rows) > MAX_SIGNATURES:
        raise Malformed(f"a note with more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_line(row) for row in rows))


def _line(row: str) -> NoteLine:
    match = _LINE.fullmatch(row)
    if match is None:
        raise Malformed("a note with a signature line that is none")
    data = decode_base64(match[2])
    if len(data) < 5:
        raise Malformed("a note with a signature line that is none")
    return NoteLine(match[1], data[:4], data[4:])


def write_note(text: str, lines: Iterable[NoteLine]) -> bytes:
    """The bytes of a note. Raises ValueError for text that no note can hold."""
    rows = [f"— {line.name} {encode_base64(line.key_id + line.signature)}\n" for line in lines]
    if not rows or not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("a note is text that ends in a newline, and signatures")
    return f"{text}\n{''.join(rows)}".encode()


def verify_line(note: Note, key: NoteKey, check: Callable[[bytes, str, bytes], None]) -> NoteLine:
    """The one line that this key made, once `check(key bytes, note text, signature bytes)` has accepted it.

    Raises BadSignature if there is none, if there are two (signed-note has no use for a repeat), or if it
    does not verify. Lines of other keys are not looked at (signed-note: unknown signatures MUST be ignored).
    """
    mine = [line for line in note.lines if (line.name, line.key_id) == (key.name, key.id)]
    if len(mine) != 1:
        raise BadSignature("a note without the signature that it must have, or with two of them")
    check(key.key, note.text, mine[0].signature)
    return mine[0]


def check_ed25519_note(key: bytes, text: str, signature: bytes) -> None:
    """signed-note type 0x01: Ed25519 over the note text. Raises BadSignature."""
    verify_ed25519(key, signature, text.encode())
