"""The last head of the peer's journal that we hold: it moves forward or it raises (python-tuf's way)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detente.errors import BadSignature, Equivocation, FailedCheck, Malformed, Unavailable
from detente.journal.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, origin_of
from detente.journal.merkle import EMPTY_ROOT, HASH_BYTES, MAX_PROOF, HashAt, root_at, verify_consistency
from detente.wire.canonical import decode_base64
from detente.wire.instant import Instant
from detente.wire.keys import KeyPeriod, KeyRing


@dataclass(frozen=True, slots=True)
class PeerHead:
    """What we know of a peer's journal.

    Immutable: `update` returns the next head, which is then ours to cosign.

    >>> head = PeerHead.start(theirs, keys).update(note, proof)  # doctest: +SKIP
    """

    party: str
    keys: KeyRing
    checkpoint: Checkpoint
    raw: bytes = b""

    @classmethod
    def start(cls, party: str, keys: KeyRing) -> PeerHead:
        """Before the first checkpoint: the empty journal, of which every journal is a continuation."""
        return cls(party, keys, Checkpoint(origin_of(party), 0, EMPTY_ROOT))

    @classmethod
    def resume(cls, party: str, keys: KeyRing, raw: bytes) -> PeerHead:
        """The head as we stored it.

        Raises BadSignature or Malformed if what was stored is not what was verified.

        Any key that was ever the party's will do, for this head was accepted in its time: a rotation or a
        revocation since then does not make us forget what we have seen.
        """
        for period in reversed(keys.periods.get(party, ())):
            ring = KeyRing({party: (KeyPeriod(period.keys),)})
            try:
                return cls(party, keys, open_checkpoint(raw, ring, party=party).checkpoint, raw)
            except BadSignature:
                continue
        raise BadSignature("a stored head that no key of that party signed")

    def with_keys(self, keys: KeyRing) -> PeerHead:
        """The same head, read with other keys from now on: after a rotation or a revocation."""
        return replace(self, keys=keys)

    def update(self, raw: bytes, proof: Sequence[bytes], *, at: Instant | None = None) -> PeerHead:
        """The head after a checkpoint that continues the one we hold, as the consistency proof shows.

        Raises BadSignature or Malformed for a note that is not the peer's head, Equivocation for one that
        takes anything back: the evidence is the note we held, the new one, and the proof if it was the proof
        that failed. Of these, two heads of one size with different roots convict their signer alone; a
        smaller head or a failed proof does so together with the signed message that presented it.
        """
        signed = open_checkpoint(raw, self.keys, party=self.party, at=at)
        held, new = self.checkpoint, signed.checkpoint
        if new.size < held.size:
            raise Equivocation(
                "their journal was rolled back: fewer entries than we have seen", self.raw, raw
            )
        if new.size == held.size and new.root != held.root:
            raise Equivocation("their journal was forked: two heads of one size", self.raw, raw)
        try:
            verify_consistency(held.size, new.size, held.root, new.root, proof)
        except FailedCheck:
            raise Equivocation(
                "their journal was forked: it does not continue the one that we have seen",
                self.raw,
                raw,
                b"".join(proof),
            ) from None
        return replace(self, checkpoint=new, raw=raw)

    @property
    def signed(self) -> SignedCheckpoint:
        """The head to be cosigned."""
        return SignedCheckpoint(self.checkpoint, self.raw)


def check_restored(size: int, hash_at: HashAt, cosigned: SignedCheckpoint) -> None:
    """Returns if our journal continues the head that a peer has cosigned; else Unavailable: read only.

    To be asked after every start. A restored backup is behind: it may write again once it has replayed up to
    that head. A journal of another root at that size is another journal, and no replay helps it.
    """
    head = cosigned.checkpoint
    if size < head.size:
        raise Unavailable(
            f"this journal holds {size} entries, a peer has cosigned {head.size}: "
            "it was restored from a backup; nothing is written until the missing entries are replayed"
        )
    if root_at(head.size, hash_at) != head.root:
        raise Unavailable(
            "this journal is not the one that a peer has cosigned: restore the right backup; "
            "nothing is written before that"
        )


def parse_proof(hashes: Sequence[object]) -> tuple[bytes, ...]:
    """The hashes of a proof as it stands in a message: at most 64 base64 strings of 32 bytes.

    Raises Malformed.
    """
    if len(hashes) > MAX_PROOF:
        raise Malformed(f"a proof has at most {MAX_PROOF} hashes")
    proof = tuple(decode_base64(each) for each in hashes)
    if any(len(each) != HASH_BYTES for each in proof):
        raise Malformed("a proof is made of 32-byte hashes")
    return proof
