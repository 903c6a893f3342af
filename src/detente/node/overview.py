"""What waits for people, how each peer stands, and one finding side by side: what the console opens with."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from detente.node.agreements import Agreements
from detente.node.items import ItemBook
from detente.node.office import Office
from detente.node.ports import PeerRow, Transaction
from detente.node.runs import FindingView, Opening, Runs
from detente.pact.agreement import consequences, parse_terms
from detente.pact.ledger import Ledger
from detente.pact.policy import Standing, read_release, spent
from detente.pact.requests import requests
from detente.pact.terms import require_sound, to_json
from detente.topics.names.romanise import latin, script
from detente.wire.instant import Instant, rfc3339

RECEIPT_HOURS = 24  # a receipt that took longer is overdue
SKEW_MS = 60_000  # clocks further apart than this are worth an alarm
HOUR_MS = 3_600_000


class Waiting(msgspec.Struct, frozen=True):
    """Something that waits for a person: findings to judge, drafts to approve, offers, proposals, recalls, disputes, consents,
    requests to answer and to pass on."""

    kind: str
    peer: str
    count: int
    subject: str = ""


class BudgetView(msgspec.Struct, frozen=True):
    """What is left of the tokens that we, and they, may query in the period."""

    topic: str
    ours_left: int
    theirs_left: int
    total: int
    period_days: int


class PeerStanding(msgspec.Struct, frozen=True):
    """How a peer stands with us. `heads` is none, behind or agree: how far each cosigned the other's journal; `moves` the balance over time."""

    party: str
    name: str
    status: str
    agreement: str
    state: str
    ends: str
    suspended_by: list[str]
    heads: str
    our_entries_cosigned: int
    their_entries_cosigned: int
    countersigned: str
    receipts_overdue: int
    recalls_overdue: int
    clock_skew_ms: int
    given: int
    received: int
    balance: int
    limit: int
    swapping_suspended: bool
    moves: list[tuple[str, int]]
    budgets: list[BudgetView]
    evidence: int
    alarms: list[str]


class Overview(msgspec.Struct, frozen=True):
    """Our node at a glance."""

    party: str
    name: str
    entries: int
    read_only: bool
    records: dict[str, int]
    waiting: list[Waiting]
    peers: list[PeerStanding]


class RunView(msgspec.Struct, frozen=True):
    """A run, under way or over. `what`, `done` and `total` say how far it is; `outcome` is open, done, refused or aborted."""

    run: str
    peer: str
    outcome: str
    reason: str
    began: str
    ended: str
    what: str
    done: int
    total: int
    strong: int
    possible: int
    counts: dict[str, int]


class FindingCount(msgspec.Struct, frozen=True):
    """How many findings have this status and grade."""

    status: str
    grade: str
    count: int


class Comparison(msgspec.Struct, frozen=True):
    """One finding side by side. `theirs` is what a swap brought, else empty: nothing of their record is known before; `agreed` are the kinds
    of details that both hold equal; `latin` romanises names of ours and theirs."""

    finding: FindingView
    run: str
    found: str
    schema: str
    grounds: list[str]
    marking: str
    origin: str
    agreed: list[str]
    theirs: dict[str, list[str]]
    their_grounds: list[str]
    their_marking: str
    their_item: str
    our_item: str
    our_item_state: str
    latin: dict[str, str]


class _Ended(msgspec.Struct, frozen=True):
    what: str = ""
    reason: str = ""
    done: int = 0
    total: int = 0


class Outlook:
    """The room that looks at the others'."""

    def __init__(self, office: Office, agreements: Agreements, runs: Runs, book: ItemBook) -> None:
        self._office, self._agreements, self._runs, self._book = office, agreements, runs, book

    def overview(self) -> Overview:
        """What waits, and how each peer stands."""
        office = self._office
        with office.store.snapshot() as tx:
            peers = tx.peers.all()
            return Overview(
                office.identity().party,
                office.name(tx),
                tx.journal.size(),
                bool(tx.settings.get("read_only")),
                dict(tx.records.count()),
                [waiting for peer in peers for waiting in self._waiting(tx, peer)],
                [self._standing(tx, peer) for peer in peers],
            )

    def runs(self, peer: str = "", limit: int = 20) -> list[RunView]:
        """Runs, newest first, those under way with their progress."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party if peer else ""
            rows = sorted(tx.ceremonies.find(kind="matching", party=party), key=lambda row: -row.began)
            return [self._run(tx, row.id) for row in rows[:limit]]

    def count(self, peer: str = "") -> list[FindingCount]:
        """How many findings there are of each status and grade."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party if peer else ""
            found = tx.findings.count(party=party)
        return [FindingCount(status, grade, number) for (status, grade), number in sorted(found.items())]

    def compare(self, id: str) -> Comparison:
        """One finding side by side, within what each may see."""
        view = self._runs.finding(id)
        with self._office.store.snapshot() as tx:
            row = tx.findings.get(view.id)
            record = tx.records.get(view.record)
            items = tx.items.find(finding=view.id)
        assert row is not None
        came = next((i for i in items if i.direction == "received"), None)
        gave = next((i for i in items if i.direction == "given" and i.state != "void"), None)
        release = read_release(came.plaintext) if came is not None and came.plaintext else None
        theirs = {k: list(v) for k, v in release.properties.items()} if release else {}
        opening = msgspec.msgpack.decode(row.opening, type=Opening)
        kinds = {kind for kind, _ in opening.agreed} | {kind for kind, _ in opening.tokens}
        names = [
            n for each in (view.ours, theirs) for k, values in each.items() if "ame" in k for n in values
        ]
        names += [n for each in (view.ours, theirs) for n in each.get("alias", ())]
        return Comparison(
            view, row.run, rfc3339(row.found), record.schema if record else "", list(record.grounds) if record else [],
            record.marking if record else "", record.origin if record else "", sorted(kinds), theirs,
            list(release.grounds) if release else [], release.marking if release else "",
            came.id if came else "", gave.id if gave else "", gave.state if gave else "",
            {n: romanised(n) for n in names if script(n) not in ("latin", "other")},
        )  # fmt: skip

    def plaintext(self, item: str) -> str:
        """Exactly what leaves with a draft, or what came: the canonical JSON of its release. "" once it was erased."""
        with self._office.store.snapshot() as tx:
            return self._book.item(tx, item).plaintext.decode()

    def terms(self, peer: str) -> str:
        """The terms in force with a peer as JSON, or those of the template where there are none: where a new version begins."""
        with self._office.store.snapshot() as tx:
            found = self._agreements.standing(tx, self._office.peer(tx, peer).party)
        terms = found.terms or parse_terms(self._agreements.template(peer))
        return msgspec.json.encode(to_json(terms)).decode()

    def explain(self, toml: str) -> list[str]:
        """What terms mean for us, one sentence a term, before anybody signs them. Raises Misuse with the line that is wrong."""
        terms = parse_terms(toml)
        require_sound(terms)
        return consequences(terms, self._office.identity().party)

    # -- inside

    def _waiting(self, tx: Transaction, peer: PeerRow) -> Iterator[Waiting]:
        counts = tx.findings.count(party=peer.party)
        items = tx.items.find(party=peer.party)
        taken = {i.finding for i in items if i.direction == "given" and i.state != "void"}
        confirmed = sum(n for (status, _), n in counts.items() if status == "confirmed")
        numbers = {
            "findings": sum(n for (status, _), n in counts.items() if status == "open"),
            "prepare": max(0, confirmed - len(taken)),
            "approve": sum(i.direction == "given" and i.state == "prepared" for i in items),
            "received": sum(i.direction == "received" and i.state == "received" for i in items),
        }
        yield from (Waiting(kind, peer.name, number) for kind, number in numbers.items() if number)
        for row in tx.ceremonies.find(status="open", party=peer.party):
            ask = msgspec.json.decode(row.summary).get("ask")
            if ask is None:
                continue
            kind = {"swap": "offer", "stored": ""}.get(ask["question"], ask["question"])
            if row.kind == "amendment":
                agreed = ask["subject"].get("document") in ("agreement", "suspend", "resume", "end")
                kind = "sign" if agreed else "document"
            if kind:
                subject = next(
                    (ask["subject"][n] for n in ("hash", "item", "request") if n in ask["subject"]), row.id
                )
                yield Waiting(kind, peer.name, 1, str(subject))
        for request in requests(self._agreements.facts(tx, peer.party)).values():
            if request.by == "theirs" and request.state in ("open", "accepted"):
                yield Waiting("request", peer.name, 1, request.id)

    def _standing(self, tx: Transaction, peer: PeerRow) -> PeerStanding:
        now, us = self._office.clock.now(), self._office.identity().party
        found = self._agreements.standing(tx, peer.party)
        ours, theirs = tx.checkpoints.latest(us, peer.party), tx.checkpoints.latest(peer.party, us)
        ledger = self._book.ledger(tx, peer.party, found.terms) if found.terms else None
        overdue = sum(x.at < now - RECEIPT_HOURS * HOUR_MS for x in ledger.claims) if ledger else 0
        late = sum(bool(x.overdue and x.overdue < now) for x in ledger.lines) if ledger else 0
        evidence = sum(1 for _ in tx.journal.find(kind="evidence", party=peer.party))
        heads = "none" if ours is None or theirs is None else "agree"
        newest = max((e.index for e in tx.journal.find(party=peer.party)), default=-1)
        if ours is not None and ours.size < newest:
            heads = "behind" if heads == "agree" else heads
        names = {us: "ours", peer.party: peer.name}
        return PeerStanding(
            party=peer.party,
            name=peer.name,
            status=peer.status,
            agreement=found.name if found.hash else "",
            state=found.state,
            ends=rfc3339(found.ends) if found.ends is not None else "",
            suspended_by=[names.get(p, p) for p in found.suspended_by],
            heads=heads,
            our_entries_cosigned=ours.size if ours else 0,
            their_entries_cosigned=theirs.size if theirs else 0,
            countersigned=rfc3339(max(ours.at, theirs.at)) if ours and theirs else "",
            receipts_overdue=overdue,
            recalls_overdue=late,
            clock_skew_ms=peer.skew_ms,
            given=ledger.given if ledger else 0,
            received=ledger.received if ledger else 0,
            balance=ledger.balance if ledger else 0,
            limit=found.terms.swap.imbalance_limit if found.terms else 0,
            swapping_suspended=bool(ledger and ledger.suspended),
            moves=_moves(ledger),
            budgets=self._budgets(tx, peer.party, found, now),
            evidence=evidence,
            alarms=_alarms(found, evidence, overdue, late, abs(peer.skew_ms) > SKEW_MS, ledger),
        )

    def _budgets(self, tx: Transaction, party: str, found: Standing, now: Instant) -> list[BudgetView]:
        if found.terms is None:
            return []
        facts, us = self._agreements.facts(tx, party), self._office.identity().party
        views = []
        for topic in found.terms.topics:
            used = spent(facts, topic, us, now)
            views.append(
                BudgetView(
                    topic.name,
                    topic.budget - used.ours,
                    topic.budget - used.theirs,
                    topic.budget,
                    topic.period_days,
                )
            )
        return views

    def _run(self, tx: Transaction, id: str) -> RunView:
        row = tx.ceremonies.get(id)
        assert row is not None
        peer = tx.peers.get(row.party)
        said = msgspec.json.decode(row.summary, type=_Ended)
        kept = tx.settings.get(f"run.{id}")
        found = tx.findings.count(run=id)
        grades = {g: sum(n for (_, grade), n in found.items() if grade == g) for g in ("strong", "possible")}
        counts = msgspec.json.decode(kept, type=dict[str, int]) if kept else {}
        return RunView(
            id, peer.name if peer else row.party, row.status, said.reason, rfc3339(row.began),
            rfc3339(row.ended) if row.ended else "", said.what, said.done, said.total, grades["strong"], grades["possible"],
            counts,
        )  # fmt: skip


def romanised(name: str) -> str:
    """A name in Latin letters, word by word.

    >>> romanised("Пётр Сафронов")
    'Petr Safronov'
    """
    return " ".join(latin(word).title() for word in name.split())


def _moves(ledger: Ledger | None) -> list[tuple[str, int]]:
    """The balance after each item that counts, oldest first."""
    balance, moves = 0, []
    for line in sorted(ledger.lines if ledger else (), key=lambda x: x.at):
        if line.counts:
            balance += 1 if line.direction == "given" else -1
            moves.append((rfc3339(line.at), balance))
    return moves


def _alarms(
    found: Standing, evidence: int, overdue: int, late: int, skewed: bool, ledger: Ledger | None
) -> list[str]:
    raised = {
        "suspended": found.state == "suspended",
        "ended": found.state in ("ended", "expired"),
        "evidence": evidence > 0,
        "receipts": overdue > 0,
        "recalls": late > 0,
        "clock": skewed,
        "disputes": bool(ledger and ledger.suspended),
    }
    return [name for name, holds in raised.items() if holds]


__all__ = [
    "Comparison",
    "FindingCount",
    "Outlook",
    "Overview",
    "PeerStanding",
    "RunView",
    "Waiting",
    "romanised",
]
