"""A party's id as words that two people can read to each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detente.errors import Misuse
from detente.wire.words import EVEN, ODD

FINGERPRINT_BITS = 128
_HEX = re.compile(r"[0-9a-f]{64}")


def fingerprint_words(party: str | bytes) -> tuple[str, ...]:
    """Sixteen words: the first 128 bits of a party id (64 hex digits or the 32 bytes).

    Finding another key with the same words takes about 2^128 trials: a second preimage, not a collision, for
    the words were not the forger's to choose.

    >>> fingerprint_words("00" * 32)[:4]
    ('aardvark', 'adroitness', 'aardvark', 'adroitness')
    """
    if isinstance(party, str):
        if not _HEX.fullmatch(party):
            raise Misuse("a party id is 64 lower-case hex digits")
        party = bytes.fromhex(party)
    if len(party) != 32:
        raise Misuse("a party id is 32 bytes")
    return tuple(
        (ODD if place % 2 else EVEN)[byte] for place, byte in enumerate(party[: FINGERPRINT_BITS // 8])
    )


def same_fingerprint(party: str, spoken: str | Sequence[str]) -> None:
    """Returns if what a person typed, sixteen words or the whole hex id, names this party; else Misuse."""
    words = tuple(spoken.lower().split() if isinstance(spoken, str) else (word.lower() for word in spoken))
    if words not in (fingerprint_words(party), (party,)):
        raise Misuse(
            "the fingerprint is not that of this invitation: "
            "compare it with the other party by voice, then try again"
        )
