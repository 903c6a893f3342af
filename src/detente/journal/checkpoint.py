"""Checkpoints (c2sp.org/tlog-checkpoint) and cosignatures (c2sp.org/tlog-cosignature, Ed25519 and ML-DSA-44).

A party signs the head of its own journal; its peer, having checked that the journal only grew, cosigns it
with both its keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from detente.errors import BadSignature, Malformed
from detente.journal.merkle import EMPTY_ROOT, HASH_BYTES
from detente.journal.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    Note,
    NoteKey,
    NoteLine,
    check_ed25519_note,
    parse_note,
    verify_line,
    write_note,
)
from detente.wire.canonical import decode_base64, encode_base64
from detente.wire.instant import Instant
from detente.wire.keys import CheckpointSigner, KeyRing, PublicKeys, verify_ed25519, verify_mldsa44

MAX_SIZE = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_PARTY = re.compile(r"[0-9a-f]{64}")


def origin_of(party: str) -> str:
    """The name of a party's journal, and of its checkpoint keys: "detente/" and the party id."""
    if not _PARTY.fullmatch(party):
        raise ValueError("a party id is 64 lower-case hex digits")
    return f"detente/{party}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A journal's head: whose it is, how many entries, and the 32-byte root over them.

    >>> print(Checkpoint("detente/" + 64 * "0", 0, EMPTY_ROOT).text(), end="")
    detente/0000000000000000000000000000000000000000000000000000000000000000
    0
    47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """tlog-checkpoint, "Note text": three lines. We write no extension lines and accept none."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A head whose signature was verified.

    `cosigned_at`: seconds since the epoch, None where no cosigner was asked for.
    """

    checkpoint: Checkpoint
    raw: bytes
    cosigned_at: int | None = None


def parse_checkpoint(text: str) -> Checkpoint:
    """The head in a note's text.

    Raises Malformed: wrong line count, size not decimal, root not 32 bytes, an empty tree with a root.
    """
    rows = text.split("\n")
    if len(rows) != 4 or rows[3] or not rows[0]:
        raise Malformed("a checkpoint has three lines")
    if not _SIZE.fullmatch(rows[1]) or int(rows[1]) > MAX_SIZE:
        raise Malformed("a checkpoint's size is a decimal number")
    root = decode_base64(rows[2])
    if len(root) != HASH_BYTES or (int(rows[1]) == 0) != (root == EMPTY_ROOT):
        raise Malformed("a checkpoint's root is the SHA-256 head of a tree of its size")
    return Checkpoint(rows[0], int(rows[1]), root)


def sign_checkpoint(checkpoint: Checkpoint, signer: CheckpointSigner, keys: PublicKeys) -> bytes:
    """The signed note of our own head: one Ed25519 line. `keys` are the signer's public ones."""
    key = NoteKey(origin_of(signer.party), ED25519, keys.checkpoint_ed25519)
    if checkpoint.origin != key.name:
        raise ValueError("a party signs its own journal's checkpoints")
    text = checkpoint.text()
    return write_note(text, [NoteLine(key.name, key.id, signer.sign_checkpoint_ed25519(text.encode()))])


def cosign(signed: SignedCheckpoint, signer: CheckpointSigner, keys: PublicKeys, now: Instant) -> bytes:
    """The note with our two cosignatures: "as of `now`, the largest consistent head that we have seen".

    Call it only after `PeerHead.update` has accepted this checkpoint. ML-DSA signatures differ from call to
    call: keep the result and resend it, never cosign again.
    """
    name, seconds = origin_of(signer.party), now // 1000
    note = parse_note(signed.raw)
    classic = NoteKey(name, ED25519_COSIGNATURE, keys.checkpoint_ed25519)
    lattice = NoteKey(name, MLDSA44_COSIGNATURE, keys.checkpoint_mldsa44)
    stamp = seconds.to_bytes(8, "big")
    added = (
        NoteLine(
            name, classic.id, stamp + signer.sign_checkpoint_ed25519(ed25519_message(note.text, seconds))
        ),
        NoteLine(
            name,
            lattice.id,
            stamp + signer.sign_checkpoint_mldsa44(mldsa44_message(name, seconds, signed.checkpoint)),
        ),
    )
    others = [
        line for line in note.lines if (line.name, line.key_id) not in {(name, line.key_id) for line in added}
    ]
    return write_note(note.text, [*others, *added])


def ed25519_message(text: str, seconds: int) -> bytes:
    """tlog-cosignature, "Ed25519 signed message"."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def mldsa44_message(cosigner: str, seconds: int, checkpoint: Checkpoint, start: int = 0) -> bytes:
    """tlog-cosignature, "ML-DSA-44 signed message": `cosigned_message`.

    Of a whole checkpoint `start` is 0, and we sign no other.
    """
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    if not (0 < len(name) < 256 and 0 < len(origin) < 256):
        raise ValueError("names in a cosignature have 1 to 255 bytes")
    return b"".join(
        (
            b"subtree/v1\n\x00",
            bytes([len(name)]),
            name,
            seconds.to_bytes(8, "big"),
            bytes([len(origin)]),
            origin,
            start.to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def open_checkpoint(
    raw: bytes, keys: KeyRing, *, party: str, cosigner: str | None = None, at: Instant | None = None
) -> SignedCheckpoint:
    """A party's head, once its signature has verified, and where `cosigner` is given both its cosignatures.

    `at` chooses keys in force at that instant; None takes the present ones. Raises Malformed or BadSignature.

    >>> open_checkpoint(raw, keys, party=theirs, cosigner=ours).checkpoint.size  # doctest: +SKIP
    1042
    """
    note = parse_note(raw)
    name = origin_of(party)
    key = NoteKey(name, ED25519, keys.keys_of(party, at).checkpoint_ed25519)
    verify_line(note, key, check_ed25519_note)
    checkpoint = parse_checkpoint(note.text)  # only now is the text looked at
    if checkpoint.origin != name:
        raise BadSignature("a checkpoint of another journal than its signer's")
    if cosigner is None:
        return SignedCheckpoint(checkpoint, raw)
    return SignedCheckpoint(
        checkpoint, raw, _cosigned(note, checkpoint, cosigner, keys.keys_of(cosigner, at))
    )


def _cosigned(note: Note, checkpoint: Checkpoint, cosigner: str, keys: PublicKeys) -> int:
    name = origin_of(cosigner)

    def classic(key: bytes, text: str, signature: bytes) -> None:
        verify_ed25519(key, signature[8:], ed25519_message(text, _seconds(signature)))

    def lattice(key: bytes, _: str, signature: bytes) -> None:
        verify_mldsa44(key, signature[8:], mldsa44_message(name, _seconds(signature), checkpoint))

    first = verify_line(note, NoteKey(name, ED25519_COSIGNATURE, keys.checkpoint_ed25519), classic)
    second = verify_line(note, NoteKey(name, MLDSA44_COSIGNATURE, keys.checkpoint_mldsa44), lattice)
    if first.signature[:8] != second.signature[:8]:
        raise BadSignature("two cosignatures of one party that name different times")
    return _seconds(first.signature)


def _seconds(signature: bytes) -> int:
    seconds = int.from_bytes(signature[:8], "big")
    if len(signature) <= 8 or seconds > MAX_SIZE:
        raise BadSignature("a cosignature without a time")
    return seconds
