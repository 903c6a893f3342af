"""The table of what an operator can do over REST: each use case with what it takes, what it gives and a sentence.

It is the same as the command line's, and there is no other interface behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from detente.api.airspace_cases import AIRSPACE_CASES
from detente.api.console_cases import CONSOLE_CASES
from detente.api.group_cases import GROUP_CASES
from detente.api.joint_cases import JOINT_CASES
from detente.api.notice_cases import NOTICE_CASES
from detente.api.report_cases import REPORT_CASES
from detente.api.request_cases import REQUEST_CASES
from detente.api.roadmap_cases import ROADMAP_CASES
from detente.errors import Misuse
from detente.node.agreements import AgreementView
from detente.node.holdings import Defaults, LoadReport, SourceRow
from detente.node.items import ItemView
from detente.node.letters import Letters, LetterView
from detente.node.node import Node
from detente.node.pairings import PeerView
from detente.node.runs import DryRun, FindingView, MatchReport
from detente.node.swaps import LedgerView, Swaps, SwapView
from detente.node.witness import EntryView, HeadView, Verified

Method = Literal["GET", "POST"]
MAX_ROWS = 100_000


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class OfPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer: its name, its party id or the beginning of it."""

    peer: str


class OfAnyPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer, or "" for all."""

    peer: str = ""


class WithReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer, and a reason that it is told."""

    peer: str
    reason: str = ""


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms in TOML to propose to a peer."""

    peer: str
    toml: str


class Signing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal of a peer: "" where one waits."""

    peer: str
    hash: str = ""
    reason: str = ""


class Loading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of FollowTheMoney JSON, and the handling of those that carry none. `file` says where they come from."""

    file: str
    rows: list[dict[str, Any]]
    grounds: list[str] = []
    marking: str = "TLP:AMBER"
    grade: str = "F6"


class Matching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic and a peer to match with."""

    topic: str
    peer: str


class WhichFindings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which findings; "" is any."""

    peer: str = ""
    status: str = ""
    grade: str = ""
    run: str = ""
    limit: int = 100
    offset: int = 0


class WhichFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding by id, or by the beginning of it."""

    id: str


class Deciding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's decision on a finding."""

    id: str
    status: Literal["confirmed", "dismissed", "parked", "open"]
    by: str
    note: str = ""


class OfItems(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Findings to prepare, or items to take back, by id; for preparing, none is all."""

    peer: str
    ids: list[str] = []


class Approving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items that a person approves; none is all. `exactly` says for an item which bytes are meant: refused where they changed since."""

    peer: str
    by: str
    ids: list[str] = []
    exactly: dict[str, str] = {}


class WhichItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item by id, or by the beginning of it; the peer is told the reason where there is something to tell."""

    item: str
    reason: str = ""


class Disputing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item and the ground on which it is disputed."""

    item: str
    ground: str
    reason: str = ""


class Settling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A disputed item, and whether it shall count."""

    item: str
    counts: bool


class AskingConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item that we received, the peer of ours that it should go on to, and what for."""

    item: str
    to: str
    purpose: str


class Answering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Yes or no to what a peer asks about an item."""

    peer: str
    act: Literal["settle", "consent"]
    item: str
    yes: bool
    reason: str = ""


class WhichEntries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which journal entries, the newest `limit` of them."""

    kind: str = ""
    subject: str = ""
    peer: str = ""
    limit: int = 50


class Text(msgspec.Struct, frozen=True):
    """A text, or the hash of what was done."""

    value: str


@dataclass(frozen=True, slots=True)
class UseCase:
    """One row of the table. The path is /api/v1/<noun>/<verb>; `gives` is a struct or a list of structs."""

    noun: str
    verb: str
    method: Method
    takes: type[msgspec.Struct]
    gives: Any
    run: Callable[[Node, Any], Any]
    doc: str


def _load(node: Node, request: Loading) -> LoadReport:
    if len(request.rows) > MAX_ROWS:
        raise Misuse(f"at most {MAX_ROWS} rows a request: send the file in parts")
    rows = (SourceRow(number, row) for number, row in enumerate(request.rows, 1))
    return node.holdings.load(
        rows, request.file, Defaults(tuple(request.grounds), request.marking, request.grade)
    )


def _rows() -> Iterator[UseCase]:
    yield UseCase(
        "peers",
        "list",
        "GET",
        Nothing,
        list[PeerView],
        lambda n, r: n.pairings.peers(),
        "The parties that this node accepted.",
    )
    yield from _agreement_rows()
    yield UseCase(
        "records", "load", "POST", Loading, LoadReport, _load, "Loads records; says what was refused and why."
    )
    yield from _matching_rows()
    yield from _swap_rows()
    yield from _journal_rows()
    more = (
        *AIRSPACE_CASES,
        *CONSOLE_CASES,
        *GROUP_CASES,
        *JOINT_CASES,
        *NOTICE_CASES,
        *REPORT_CASES,
        *REQUEST_CASES,
        *ROADMAP_CASES,
    )
    yield from (UseCase(*row) for row in more)


def _agreement_rows() -> Iterator[UseCase]:
    def row(
        verb: str, method: Method, takes: type[msgspec.Struct], run: Callable[[Node, Any], Any], doc: str
    ) -> UseCase:
        return UseCase("agreement", verb, method, takes, Text, lambda n, r: Text(run(n, r)), doc)

    yield row(
        "template", "GET", OfPeer, lambda n, r: n.agreements.template(r.peer), "Terms to edit, as TOML."
    )
    yield row(
        "propose",
        "POST",
        Proposal,
        lambda n, r: n.agreements.propose(r.toml, r.peer),
        "Signs and proposes terms; gives their hash.",
    )
    yield row(
        "sign",
        "POST",
        Signing,
        lambda n, r: n.agreements.sign(r.peer, r.hash),
        "Signs what the peer proposed; gives its hash.",
    )
    yield row(
        "reject",
        "POST",
        Signing,
        lambda n, r: n.agreements.reject(r.peer, r.hash, r.reason),
        "Declines what the peer proposed.",
    )
    yield row(
        "suspend",
        "POST",
        WithReason,
        lambda n, r: n.agreements.suspend(r.peer, r.reason),
        "Suspends the agreement at once.",
    )
    yield row(
        "resume", "POST", OfPeer, lambda n, r: n.agreements.resume(r.peer), "Proposes to lift a suspension."
    )
    yield row("end", "POST", WithReason, lambda n, r: n.agreements.end(r.peer, r.reason), "Gives notice.")
    doc = "Agreements and proposals, with what each means for us."
    yield UseCase(
        "agreement",
        "show",
        "GET",
        OfAnyPeer,
        list[AgreementView],
        lambda n, r: n.agreements.show(r.peer),
        doc,
    )


def _matching_rows() -> Iterator[UseCase]:
    def found(node: Node, r: WhichFindings) -> list[FindingView]:
        return node.runs.findings(r.peer, r.status, r.grade, r.run, r.limit, r.offset)

    def decided(node: Node, r: Deciding) -> FindingView:
        return node.runs.decide(r.id, r.status, r.by, r.note)

    doc = "Says in words who would learn what; nothing is sent or charged."
    yield UseCase("match", "plan", "GET", Matching, DryRun, lambda n, r: n.runs.plan(r.topic, r.peer), doc)
    doc = "Matches with a peer; answers when the run is over."
    yield UseCase("match", "run", "POST", Matching, MatchReport, lambda n, r: n.match(r.topic, r.peer), doc)
    yield UseCase(
        "findings", "list", "GET", WhichFindings, list[FindingView], found, "Findings, best score first."
    )
    yield UseCase(
        "findings",
        "show",
        "GET",
        WhichFinding,
        FindingView,
        lambda n, r: n.runs.finding(r.id),
        "One finding.",
    )
    yield UseCase(
        "findings",
        "decide",
        "POST",
        Deciding,
        FindingView,
        decided,
        "A person confirms, dismisses or parks a finding.",
    )


def _swap_rows() -> Iterator[UseCase]:
    def row(
        verb: str, takes: type[msgspec.Struct], gives: Any, run: Callable[[Swaps, Any], Any], doc: str
    ) -> UseCase:
        return UseCase("swap", verb, "POST", takes, gives, lambda n, r: run(n.swaps, r), doc)

    def letter(
        verb: str, takes: type[msgspec.Struct], gives: Any, run: Callable[[Letters, Any], Any], doc: str
    ) -> UseCase:
        return UseCase("swap", verb, "POST", takes, gives, lambda n, r: run(n.letters, r), doc)

    yield row(
        "prepare",
        OfItems,
        SwapView,
        lambda s, r: s.prepare(r.peer, r.ids),
        "Drafts releases for confirmed findings; nothing leaves.",
    )
    yield row(
        "approve",
        Approving,
        SwapView,
        lambda s, r: s.approve(r.peer, r.by, r.ids, r.exactly),
        "A person approves drafts: they are exchanged item for item.",
    )
    yield row(
        "withdraw",
        OfItems,
        SwapView,
        lambda s, r: s.withdraw(r.peer, r.ids),
        "Takes back drafts that have not left.",
    )
    yield letter("accept", WhichItem, ItemView, lambda s, r: s.accept(r.item), "Accepts what was received.")
    yield letter(
        "dispute",
        Disputing,
        ItemView,
        lambda s, r: s.dispute(r.item, r.ground, r.reason),
        "Disputes what was received.",
    )
    yield letter(
        "recall",
        WhichItem,
        ItemView,
        lambda s, r: s.recall(r.item, r.reason),
        "Asks the peer to erase what we gave.",
    )
    yield letter(
        "attest",
        WhichItem,
        ItemView,
        lambda s, r: s.attest(r.item),
        "Erases a recalled item and signs that it is erased.",
    )
    yield letter(
        "refuse-recall",
        WhichItem,
        ItemView,
        lambda s, r: s.refuse_recall(r.item, r.reason),
        "Answers a recall with why the item is not erased.",
    )
    yield letter(
        "settle",
        Settling,
        ItemView,
        lambda s, r: s.settle_dispute(r.item, r.counts),
        "Proposes what a disputed item counts for.",
    )
    yield letter(
        "ask-consent",
        AskingConsent,
        ItemView,
        lambda s, r: s.ask_consent(r.item, r.to, r.purpose),
        "Asks the giver of an item to let it go on to another peer.",
    )
    yield letter(
        "answer",
        Answering,
        ItemView,
        lambda s, r: s.answer_letter(r.peer, r.act, r.item, r.yes, r.reason),
        "Says yes or no to a settlement or a consent that waits.",
    )
    doc = "Recalls, settlements and consents that wait for our answer."
    yield UseCase(
        "swap", "letters", "GET", OfAnyPeer, list[LetterView], lambda n, r: n.letters.waiting(r.peer), doc
    )
    doc = "Where each item with a peer stands."
    yield UseCase("swap", "status", "GET", OfPeer, SwapView, lambda n, r: n.swaps.status(r.peer), doc)
    doc = "The balance with a peer, each line with its journal entries."
    yield UseCase("swap", "ledger", "GET", OfPeer, LedgerView, lambda n, r: n.swaps.ledger(r.peer), doc)


def _journal_rows() -> Iterator[UseCase]:
    def entries(node: Node, r: WhichEntries) -> list[EntryView]:
        return node.witness.show(kind=r.kind, subject=r.subject, peer=r.peer, limit=r.limit)

    yield UseCase(
        "journal", "show", "GET", WhichEntries, list[EntryView], entries, "Journal entries, oldest first."
    )
    doc = "Our journal's head and how far it is cosigned."
    yield UseCase("journal", "heads", "GET", Nothing, HeadView, lambda n, r: n.witness.heads(), doc)
    doc = "Recomputes the journal's tree from every entry."
    yield UseCase("journal", "verify", "GET", Nothing, Verified, lambda n, r: n.witness.verify(), doc)


USE_CASES: tuple[UseCase, ...] = tuple(_rows())

__all__ = ["USE_CASES", "UseCase"]
