"""Swaps between two sides in one process, for the tests of exchange and of exposure."""

from __future__ import annotations

import msgspec

from detente.ceremonies.ceremony import Ask
from detente.ceremonies.exchange import (
    ExchangeKind,
    ExchangeSetup,
    Expected,
    OurItem,
    SwapSetup,
    stored,
    take,
)
from detente.pact.agreement import agreement_hash, parse_terms, statement, template
from detente.pact.ledger import Ledger, ledger
from detente.pact.policy import Release
from detente.pact.terms import DAY_MS, PartyTerms, Terms

from .pair import NORTH, NOW, SOUTH, Pair, Side, pair

KIND = ExchangeKind()
TERMS = parse_terms(template(PartyTerms(NORTH.party, "N"), PartyTerms(SOUTH.party, "S"), NOW + 400 * DAY_MS))
AGREEMENT = agreement_hash(statement(TERMS))
SID = "5" * 64
SEEDS = {NORTH.party: b"\x11" * 32, SOUTH.party: b"\x22" * 32}


def finding(number: int) -> str:
    return f"{number:064x}"


def batched(batch: int, terms: Terms = TERMS) -> Terms:
    return msgspec.structs.replace(terms, swap=msgspec.structs.replace(terms.swap, batch=batch))


def release(text: str, **changes: object) -> Release:
    good = Release("Person", {"name": (text,)}, ("member of X",), "TLP:AMBER", "B2")
    return msgspec.structs.replace(good, **changes)


def item(number: int, who: str, **changes: object) -> OurItem:
    given = release(f"{who} {number}")
    good = OurItem(finding(number), given.encode(), "Person", "TLP:AMBER", f"{number:064x}", number)
    return msgspec.structs.replace(good, **changes)


def setup(
    side: Side, items: list[OurItem] | None = None, *, findings: int = 5, **changes: object
) -> ExchangeSetup:
    expected = tuple(Expected(finding(n)) for n in range(findings))
    about = {"sid": SID, "topic": "people", "terms": TERMS, "lead": 0, "expected": expected, **changes}
    swap = SwapSetup(items=tuple(items or ()), **about)  # type: ignore[arg-type]
    return ExchangeSetup(side.identity.party, side.peer, AGREEMENT, swap)


def store(side: Side) -> None:
    """What a node does between the durable commit and the receipt."""
    while side.asked and side.asked[-1].question == "stored":
        ask = side.asked.pop()
        lines = []
        for line in ask.subject["items"]:
            if not line["ground"]:
                index = next(
                    i
                    for i, e in enumerate(side.entries)
                    if (e.kind, e.subject) == ("item.received", line["item"])
                )
                lines.append((line["item"], side.entries[index].leaf().hex(), index, len(side.entries)))
        side.kept.extend(line["plaintext"] for line in ask.subject["items"] if not line["ground"])
        side.decide(stored(lines))


class Keeping(Side):
    """A side that keeps what it was given."""

    def __init__(self, base: Side) -> None:
        super().__init__(base.identity, base.peer, base.kind, base.ceremony)
        self.agreement = AGREEMENT
        self.kept: list[str] = []

    @property
    def ledger(self) -> Ledger:
        return ledger(self.facts, TERMS, self.now)


def begun(
    ours: list[OurItem],
    ceremony: str = "c" * 32,
    *,
    ours_more: dict | None = None,
    theirs_more: dict | None = None,
    kinds: tuple[ExchangeKind, ExchangeKind] = (KIND, KIND),
    seeds: dict[str, bytes] = SEEDS,
) -> Pair:
    """North has offered; the offer is in its outbox, and south waits."""
    base = pair("exchange", ceremony)
    two = Pair(Keeping(base.first), Keeping(base.second))
    both = two.first, two.second
    two.first.take(kinds[0].begin(setup(both[0], ours, **(ours_more or {})), seeds[NORTH.party], NOW))
    two.second.state = kinds[1].answer(setup(both[1], **(theirs_more or {})), seeds[SOUTH.party], NOW)
    return two


def step(two: Pair) -> bool:
    """Delivers one message and does what is asked; False where nothing is under way."""
    for sender, other in ((two.first, two.second), (two.second, two.first)):
        if sender.outbox:
            other.receive(sender.outbox.pop(0))
            store(other)
            return True
    return False


def decided(two: Pair, theirs: list[OurItem], lead: int = 0) -> Pair:
    """South's person takes the swap."""
    step(two)
    asked: Ask = two.second.asked.pop()
    assert asked.question == "swap"
    two.second.decide(take(theirs, lead))
    return two


def swap(count: int = 3, **more: object) -> Pair:
    """A whole swap of `count` items a side, done."""
    two = decided(
        begun([item(n, "north") for n in range(count)], **more),  # type: ignore[arg-type]
        [item(n, "south") for n in range(count)],
    )
    while step(two):
        pass
    return two
