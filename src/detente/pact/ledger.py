"""The ledger: who gave what, as a fold over our journal. Nothing else is the balance.

An item counts from the moment its key moved, unless a provable dispute stands, both sides settled otherwise,
or its giver took it back. Disputes that rest on a person's word change no number; they spend an allowance
(spec/exchange, "Balance").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from detente.errors import NotAgreed, Overdrawn
from detente.pact.facts import (
    PROVABLE,
    Fact,
    Ground,
    ItemDisputed,
    ItemOpened,
    ItemReceipt,
    ItemReceived,
    ItemSettled,
    RecallAttested,
    RecallRequested,
    Side,
)
from detente.pact.terms import DAY_MS, Terms
from detente.wire.instant import Instant

Direction = Literal["given", "received"]
Status = Literal["open", "accepted", "disputed", "void", "recalled", "erased"]


@dataclass(frozen=True, slots=True)
class Line:
    """One item whose key moved. `proof` are the journal entries that it rests on, in order; `ground` that of
    the dispute, if any.

    `receipted` says whether its receiver signed `stored`; without it a given item is our claim alone and
    shown as such.
    """

    item: str
    finding: str
    swap: str
    direction: Direction
    at: Instant
    until: Instant  # when it may be disputed at the latest, by the agreement under which it moved
    proof: tuple[int, ...]
    receipted: bool = False
    ground: Ground | None = None
    settled: bool | None = None
    recalled: bool = False
    erased: bool = False
    overdue: Instant | None = None  # until when a recall that is not answered had to be
    accepted: bool = False  # the deadline passed without a dispute

    @property
    def counts(self) -> bool:
        """Whether it is in the balance."""
        if self.settled is not None:
            return self.settled and not self.recalled
        return not self.recalled and self.ground not in PROVABLE

    @property
    def status(self) -> Status:
        if self.erased:
            return "erased"
        if self.recalled:
            return "recalled"
        if not self.counts:
            return "void"
        if self.ground is not None and self.settled is None:
            return "disputed"
        return "accepted" if self.accepted or self.settled else "open"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What stands between us and one peer. `balance` is given minus received: above zero they owe us.

    `ours_left` and `theirs_left` are the disputes without proof that each may still raise.
    """

    lines: tuple[Line, ...]
    given: int
    received: int
    ours_left: int
    theirs_left: int
    suspended: bool

    @property
    def balance(self) -> int:
        return self.given - self.received

    @property
    def claims(self) -> tuple[Line, ...]:
        """What we gave and hold no receipt for."""
        return tuple(line for line in self.lines if line.direction == "given" and not line.receipted)


@dataclass(slots=True)
class _Fold:
    lines: dict[str, Line] = field(default_factory=dict)
    used: dict[Side, list[str]] = field(default_factory=lambda: {"ours": [], "theirs": []})


def ledger(
    facts: Iterable[Fact],
    terms: Terms,
    now: Instant,
    *,
    agreements: Collection[str] | None = None,
    terms_of: Callable[[str], Terms] | None = None,
) -> Ledger:
    """The ledger with one peer: facts are of that peer, in journal order. `agreements` limits it to versions
    of one agreement; `terms_of` gives the terms of a version: an item may be disputed as long as those under
    which it moved allow, `terms` where no versions are told apart.

    >>> ledger([], terms, now).balance  # doctest: +SKIP
    0
    """
    fold = _Fold()
    for fact in facts:
        _take(fold, fact, terms_of or (lambda _: terms), agreements)
    lines = tuple(
        replace(line, accepted=line.ground is None and now > line.until) for line in fold.lines.values()
    )
    # a dispute that people settled is no longer spent
    used = {
        side: sum(fold.lines[item].settled is None for item in items) for side, items in fold.used.items()
    }
    allowance = terms.disputes.allowance
    return Ledger(
        lines,
        sum(line.counts for line in lines if line.direction == "given"),
        sum(line.counts for line in lines if line.direction == "received"),
        max(allowance - used["ours"], 0),
        max(allowance - used["theirs"], 0),
        any(count and count >= allowance for count in used.values()),
    )


def _take(
    fold: _Fold, fact: Fact, terms_of: Callable[[str], Terms], agreements: Collection[str] | None
) -> None:
    body, lines = fact.body, fold.lines
    if isinstance(body, ItemOpened | ItemReceived):
        # an item is one line however often it is told of: a replay changes nothing
        if fact.subject not in lines and (agreements is None or body.agreement in agreements):
            direction: Direction = "given" if isinstance(body, ItemOpened) else "received"
            until = fact.at + terms_of(body.agreement).disputes.deadline_days * DAY_MS
            lines[fact.subject] = Line(
                fact.subject, body.finding, body.swap, direction, fact.at, until, (fact.index,)
            )
        return
    line = lines.get(fact.subject)
    if line is None:
        return
    told = _told(fold, line, fact)
    if told is not line:
        lines[fact.subject] = replace(told, proof=(*line.proof, fact.index))


def _told(fold: _Fold, line: Line, fact: Fact) -> Line:
    """The line after one more fact about it; the same object where the fact changes nothing."""
    receiver: Side = "theirs" if line.direction == "given" else "ours"
    giver: Side = "ours" if receiver == "theirs" else "theirs"
    match fact.body:
        case ItemReceipt(receipt="stored", by=by) if by == receiver and not line.receipted:
            return replace(line, receipted=True)
        case ItemDisputed(by=by, ground=ground) if by == receiver and line.ground is None:
            # no answer by the deadline was acceptance
            if fact.at > line.until:
                return line
            if ground not in PROVABLE:
                fold.used[by].append(line.item)
            return replace(line, ground=ground)
        case ItemSettled(counts=counts) if line.ground is not None:
            return replace(line, settled=counts)
        case RecallRequested(by=by, until=until) if by == giver and not line.recalled:
            return replace(line, recalled=True, overdue=until)
        case RecallAttested(by=by, refused="") if by == receiver and line.recalled and not line.erased:
            return replace(line, erased=True, overdue=None)
        case _:
            return line


def may_release(found: Ledger, terms: Terms, *, more: int = 1) -> None:
    """Returns where `more` further items may be given now. Raises Overdrawn past the agreed imbalance,
    NotAgreed while disputes suspend swapping."""
    if found.suspended:
        raise NotAgreed(
            "the allowance of disputes without proof is used up; settle them with `detente swap settle` "
            "before swapping on"
        )
    if found.balance + more > terms.swap.imbalance_limit:
        raise Overdrawn(
            f"you gave {found.balance} more than you got, and {terms.swap.imbalance_limit} is agreed: wait "
            f"until the other side has given"
        )
