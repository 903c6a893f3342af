"""Exchange: swaps, and letters about what was swapped. spec/exchange.

One kind of ceremony: the first message says whether it is a swap (`offer`, ceremonies/swapping), a letter (`recall`, `dispute`, `settle`, `consent`,
`notice`; ceremonies/correspondence) or an inquiry (`ask`, `tell`, `transfer`, `rate`; ceremonies/inquiry).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from detente.ceremonies.ceremony import Ceremony, Step
from detente.ceremonies.correspondence import (
    Act,
    KnownItem,
    Letter,
    LetterResult,
    LetterSetup,
    answer,
    attest,
    refuse_recall,
)
from detente.ceremonies.held import HeldProof
from detente.ceremonies.inquiry import Inquiry, InquiryResult, InquirySetup, KnownRequest
from detente.ceremonies.items import content_hash, plaintext_hash
from detente.ceremonies.offers import (
    Expected,
    OurItem,
    SwapResult,
    SwapSetup,
    decline,
    is_hex,
    stop,
    stored,
    take,
)
from detente.ceremonies.swapping import Swap
from detente.errors import FailedCheck, Misuse
from detente.journal.merkle import verify_inclusion
from detente.topics.topic import Topic
from detente.wire.messages import Instant


class ExchangeSetup(msgspec.Struct, frozen=True):
    """What an exchange needs: exactly one of `swap`, `letter` and `inquiry`. `agreement` is the hash that its messages name."""

    ours: str
    theirs: str
    agreement: str
    swap: SwapSetup | None = None
    letter: LetterSetup | None = None
    inquiry: InquirySetup | None = None


@dataclass(frozen=True, slots=True)
class ExchangeKind:
    """How exchanges are made. `topics` let a swap check releases against what was matched."""

    topics: Mapping[str, Topic] = field(default_factory=dict)
    name: ClassVar[str] = "exchange"
    Setup: ClassVar[type[ExchangeSetup]] = ExchangeSetup

    def begin(self, setup: ExchangeSetup, entropy: bytes, now: Instant) -> Step:
        """Offers a swap, writes a letter or an inquiry. Raises Overdrawn, Refused or Misuse before anything is sent."""
        if setup.inquiry is not None:
            return Inquiry.open(setup.ours, setup.theirs, setup.inquiry, now)
        if setup.swap is not None:
            topic = self.topics.get(setup.swap.topic)
            return Swap.open(setup.ours, setup.theirs, setup.agreement, setup.swap, topic, entropy)
        return Letter.open(setup.ours, setup.theirs, _letter(setup), now)

    def answer(self, setup: ExchangeSetup, entropy: bytes, now: Instant) -> Ceremony:
        """Waits for the peer's first message."""
        if setup.inquiry is not None:
            return Inquiry.wait(setup.ours, setup.theirs, setup.inquiry)
        if setup.swap is not None:
            topic = self.topics.get(setup.swap.topic)
            return Swap.await_offer(setup.ours, setup.theirs, setup.agreement, setup.swap, topic, entropy)
        return Letter.wait(setup.ours, setup.theirs, _letter(setup))


def _letter(setup: ExchangeSetup) -> LetterSetup:
    if setup.letter is None:
        raise Misuse("an exchange is a swap, a letter or an inquiry")
    return setup.letter


def verify_stored(receipt: Mapping[str, object], proof: list[bytes], size: int, root: bytes) -> None:
    """Returns if what a receipt says was journalled is under a head that its signer signed; raises FailedCheck.

    `receipt` is a line of a `stored` message, `proof` the inclusion proof of its entry in the tree of that head (`size`, `root`). A receipt for what was
    never stored has no such proof.
    """
    index, leaf, then = receipt.get("index"), receipt.get("leaf"), receipt.get("size")
    if type(index) is not int or type(then) is not int or not is_hex(leaf, 32) or size < then:
        raise FailedCheck()
    verify_inclusion(index, size, bytes.fromhex(str(leaf)), proof, root)


__all__ = [
    "Act",
    "ExchangeKind",
    "ExchangeSetup",
    "Expected",
    "HeldProof",
    "Inquiry",
    "InquiryResult",
    "InquirySetup",
    "KnownItem",
    "KnownRequest",
    "Letter",
    "LetterResult",
    "LetterSetup",
    "OurItem",
    "Swap",
    "SwapResult",
    "SwapSetup",
    "answer",
    "attest",
    "content_hash",
    "decline",
    "plaintext_hash",
    "refuse_recall",
    "stop",
    "stored",
    "take",
    "verify_stored",
]
