"""Runs: say who would learn what, match with a peer, keep the findings, let people decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Finish, Kind
from detente.ceremonies.matching import Found, MatchingKind, MatchResult
from detente.ceremonies.refining import AirspaceResult
from detente.ceremonies.run import Head, RunRecord, RunSetup, RunTerms
from detente.errors import Malformed, Misuse, NotAgreed, Refused, Unavailable
from detente.journal.entries import parse_entry
from detente.node import airspace_runs
from detente.node.agreements import Agreements
from detente.node.designations import Designations
from detente.node.driver import Driver
from detente.node.holdings import batches, commitment_of, decode_record
from detente.node.office import Office
from detente.node.ports import CeremonyRow, FindingRow, RecordRow, Transaction
from detente.pact.agreement import Admitted, Refusal, in_scope
from detente.pact.policy import charge, spent
from detente.pact.terms import Terms, TopicTerms
from detente.psi.commitment import padded
from detente.topics.topic import Prepared, Topic
from detente.wire.messages import ReceivedMessage

UNLISTED = "its only grounds are groups that the peer does not list"
SMALL = 20_000  # tokens a side up to which the simple engine is the quicker one (bench/RESULTS.md)


class DryRun(msgspec.Struct, frozen=True):
    """Who would learn what, in plain sentences, before anything happens."""

    peer: str
    topic: str
    engine: str
    records: int
    left_out: dict[str, int]
    tokens: int
    budget_left: int
    sentences: list[str]


class MatchReport(msgspec.Struct, frozen=True):
    """What a run gave. `outcome` is done, refused or aborted; `reason` says why it did not end well."""

    run: str
    outcome: str
    reason: str
    strong: int
    possible: int
    counts: dict[str, int]
    bytes: int = 0  # sent and received by this process for it, countersigning included


class FindingView(msgspec.Struct, frozen=True):
    """A finding as a person sees it: our record, what agreed, how much each weighed (bits), what was decided."""

    id: str
    peer: str
    topic: str
    record: str
    score: float
    grade: str
    status: str
    because: list[tuple[str, float]]
    ours: dict[str, list[str]]
    note: str
    decided_by: str


class Opening(msgspec.Struct, frozen=True):
    """What lets a swap open the finding's values: kept with the finding, for our release and to check theirs."""

    sid: str
    handle: bytes
    our_values: bytes
    openings: list[tuple[str, str, int, bytes, bytes]]
    capacity: int
    their_values: bytes
    their_profile: dict[str, int]
    tokens: list[tuple[str, str]]
    agreed: list[tuple[str, str]]


class Runs:
    """The room of matching."""

    def __init__(self, office: Office, agreements: Agreements, designations: Designations) -> None:
        self._office, self._agreements, self._designations = office, agreements, designations
        self.driver: Driver | None = None

    # -- before and during a run

    def plan(self, topic: str, peer: str) -> DryRun:
        """The dry run: nothing is sent, nothing is charged. Raises what the run itself would raise."""
        office = self._office
        with office.store.snapshot() as tx:
            row = office.peer(tx, peer)
            _, terms = self._agreements.in_force(tx, row.party, "matching")
            agreed = terms.topic(topic)
            rows, left_out = self._admitted(tx, terms, agreed, row.party)
            tokens = self._tokens(agreed, rows)
            used = spent(
                self._agreements.facts(tx, row.party), agreed, office.identity().party, office.clock.now()
            )
            flags = self._flags(tx, agreed, row.party, rows)
        sentences = self._sentences(agreed, terms, row.name, len(rows), left_out)
        if agreed.space is not None:
            sentences = [
                *airspace_runs.sentences(agreed, row.name, len(rows), tokens),
                *sentences[2:3],
                sentences[-1],
            ]
        if flags:
            sentences.append(f"Of {len(flags)} of your records the findings will say that {UNLISTED}.")
        return DryRun(
            row.name,
            topic,
            self._engine(agreed, tokens),
            len(rows),
            left_out,
            tokens,
            agreed.budget - used.ours,
            sentences,
        )

    def start(self, topic: str, peer: str, only: Sequence[str] = ()) -> str:
        """Begins a run, of all records in scope or of these `only`;
        its proposal is in the outbox when this returns. The heads must be countersigned first. Returns the ceremony id."""
        office = self._office
        with office.store.snapshot() as tx:
            office.require_writable(tx)
            party = office.peer(tx, peer).party
            if any(c.kind == "matching" for c in tx.ceremonies.find(status="open", party=party)):
                raise Refused(
                    "a run with this peer is under way; wait for it, or end it with `detente match abort`"
                )
            agreement, terms = self._agreements.in_force(tx, party, "matching")
            setup = self._setup(tx, party, agreement, terms, topic, "", only)
            setup = self._budgeted(tx, party, terms.topic(topic), setup, None)
        return self._drive().begin("matching", party, setup, agreement)

    def report(self, ceremony: str) -> MatchReport:
        """What came of a run."""
        with self._office.store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
            if row is None:
                raise Misuse(f"no run {ceremony}")
            summary = msgspec.json.decode(row.summary)
            result = tx.settings.get(f"run.{ceremony}")
            found = tx.findings.find(run=ceremony)
        counts = msgspec.json.decode(result, type=dict[str, int]) if result else {}
        strong = sum(f.grade == "strong" for f in found)
        return MatchReport(
            ceremony, row.status, summary.get("reason", ""), strong, len(found) - strong, counts
        )

    # -- findings

    def findings(
        self,
        peer: str = "",
        status: str = "",
        grade: str = "",
        run: str = "",
        limit: int = 100,
        offset: int = 0,
    ) -> list[FindingView]:
        """Findings, best score first."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party if peer else ""
            rows = tx.findings.find(
                party=party, status=status, grade=grade, run=run, limit=limit, offset=offset
            )
            return [self._view(tx, row) for row in rows]

    def finding(self, id: str) -> FindingView:
        with self._office.store.snapshot() as tx:
            return self._view(tx, self._one(tx, id))

    def decide(self, id: str, status: str, by: str, note: str = "") -> FindingView:
        """A person confirms, dismisses or parks a finding; journalled with its id, not with the record."""
        (view,) = self.decide_all([id], status, by, note)
        return view

    def decide_all(self, ids: Sequence[str], status: str, by: str, note: str = "") -> list[FindingView]:
        """The same for several findings, all or none. Each is journalled."""
        if status not in ("confirmed", "dismissed", "parked", "open"):
            raise Misuse(f"a finding is confirmed, dismissed, parked or open, not {status}")
        if not by.strip():
            raise Misuse("say who decides: --by NAME")
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            now = self._office.clock.now()
            rows = [self._one(tx, id) for id in ids]
            for row in rows:
                if any(i.direction == "given" and i.state != "void" for i in tx.items.find(finding=row.id)):
                    raise Refused("an item was prepared for this finding; withdraw it before deciding anew")
                self._office.journal(tx, "finding.decided", row.id, row.party, {"status": status, "by": by})
            decided = [
                msgspec.structs.replace(row, status=status, note=note or row.note, decided_by=by, decided=now)
                for row in rows
            ]
            tx.findings.put(decided)
            return [self._view(tx, row) for row in decided]

    # -- the room: what the driver asks

    def kind(self) -> Kind:
        return MatchingKind(self._office.topics, self._office.engines)

    def admit(self, tx: Transaction, received: ReceivedMessage) -> RunSetup:
        """The setup with which a run that the peer proposes is met: the same terms, or a refusal."""
        message = received.message
        agreement, terms = self._agreements.in_force(tx, message.sender, "matching", message.agreement)
        statement = message.body.get("statement")
        proposed = statement.get("terms") if isinstance(statement, dict) else None
        sizes = statement.get("sizes") if isinstance(statement, dict) else None
        if not isinstance(proposed, dict) or not isinstance(sizes, dict):
            raise Malformed("a run proposal without a statement", received.raw)
        for run in tx.ceremonies.find(status="open", kind="matching", party=message.sender):
            # two proposals that crossed: the one of the smaller party id goes ahead, on both sides
            crossed = run.role == "first" and run.inputs == 0
            if not crossed or self._office.identity().party < message.sender:
                raise Refused("another run with you is under way here")
        topic, engine = str(proposed.get("topic")), str(proposed.get("engine"))
        setup = self._setup(tx, message.sender, agreement, terms, topic, engine)
        theirs = sizes.get("first")
        size = theirs if isinstance(theirs, int) else 0
        return self._budgeted(tx, message.sender, terms.topic(topic), setup, size)

    def permit(self, tx: Transaction, row: CeremonyRow) -> None:
        """Raises Refused where a run may not go on: its agreement was suspended, ended, superseded or has expired since."""
        self._agreements.in_force(tx, row.party, "matching", row.agreement)

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        """Stores findings when a run is done."""
        now = self._office.clock.now()
        if isinstance(effect, Finish) and isinstance(effect.result, AirspaceResult):
            airspace_runs.keep(tx, row, effect.result, now)
        if not isinstance(effect, Finish) or not isinstance(effect.result, MatchResult):
            return
        result = effect.result
        topic, capacity = self._terms_of(tx, result)
        agreed = self._agreements.terms_of(tx, row.agreement).topic(topic)
        records = [record for found in result.findings if (record := tx.records.get(found.record))]
        flags = self._flags(tx, agreed, row.party, records)
        rows = (self._finding(row, topic, capacity, result, found, now) for found in result.findings)
        tx.findings.put(msgspec.structs.replace(each, note=flags.get(each.record, "")) for each in rows)
        tx.settings.put(f"run.{row.id}", msgspec.json.encode(dict(result.counts)))

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """No row of this room follows single entries."""

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        return None

    # -- inside

    def _drive(self) -> Driver:
        if self.driver is None:
            raise Unavailable("this node is not driven")
        return self.driver

    def _topic(self, agreed: TopicTerms) -> Topic:
        topic = self._office.topics.get(agreed.name)
        if topic is None or topic.version != agreed.version:
            have = topic.version if topic else "none"
            raise NotAgreed(
                f"the agreement is for version {agreed.version} of {agreed.name} tokens; this node has {have}"
            )
        return topic

    def _tokens(self, agreed: TopicTerms, rows: Sequence[RecordRow]) -> int:
        """How many tokens of the first round so many records are: a fixed number each, or for airspace the cells that they take."""
        if agreed.space is not None:
            return airspace_runs.cells(
                agreed, [self._run_record(row, 0, 0, ready) for row, ready in self._ready(agreed, rows)]
            )
        return padded(len(rows)) * self._tokens_per_record(agreed)

    def _ready(self, agreed: TopicTerms, rows: Sequence[RecordRow]) -> list[tuple[RecordRow, Prepared]]:
        return list(zip(rows, self._topic(agreed).prepare([decode_record(row) for row in rows]), strict=True))

    @staticmethod
    def _run_record(row: RecordRow, batch: int, place: int, ready: Prepared) -> RunRecord:
        tokens = [(t.kind, t.value) for t in ready.tokens]
        return RunRecord(
            row.id, batch, place, tokens, [(v.kind, v.value) for v in ready.values], dict(ready.profile)
        )

    def _tokens_per_record(self, agreed: TopicTerms) -> int:
        return min(agreed.caps.tokens_per_record, self._topic(agreed).tokens_per_record)

    def _engine(self, agreed: TopicTerms, tokens: int) -> str:
        if agreed.engine != "auto":
            return agreed.engine
        small = airspace_runs.SMALL if agreed.space else SMALL
        return "rr22" if tokens > small and "rr22" in self._office.engines else "dh"

    def _run_terms(self, agreement: str, agreed: TopicTerms, engine: str) -> RunTerms:
        topic = self._topic(agreed)
        return RunTerms(
            agreement=agreement,
            topic=agreed.name,
            version=agreed.version,
            engine=engine,
            buckets=agreed.buckets,
            audit=agreed.audit,
            inspector=agreed.inspector,
            holders_per_token=agreed.caps.records_per_token,
            tokens_per_record=self._tokens_per_record(agreed),
            values_per_record=min(agreed.caps.values_per_record, topic.values_per_record),
            pairs_per_record=agreed.caps.pairs_per_record,
            tokens_limit=agreed.space.cells_limit
            if agreed.space
            else padded(agreed.max_records) * self._tokens_per_record(agreed),
            space=airspace_runs.space_of(agreed),
        )

    def _setup(
        self,
        tx: Transaction,
        party: str,
        agreement: str,
        terms: Terms,
        topic: str,
        engine: str,
        only: Sequence[str] = (),
    ) -> RunSetup:
        agreed = terms.topic(topic)
        head, theirs = self._heads(tx, party)
        rows, _ = self._admitted(tx, terms, agreed, party, only)
        rows = [row for row in rows if row.entry < head.size]
        if not rows and agreed.space is None:  # that a side has no plans is not told
            raise Misuse(
                "no record of this node is in the agreement's scope; `detente match --dry-run` says what was left out"
            )
        if len(rows) > agreed.max_records:
            raise Refused(
                f"{len(rows)} records are in scope; the agreement allows {agreed.max_records} a run"
            )
        if agreed.inspector not in ("peer", "none"):
            # saying so is better than a run whose agreed audit does not take place
            raise NotAgreed(
                "the agreement names a third party as inspector; this version audits by the peer or not at all: "
                'agree on inspector = "peer" or "none"'
            )
        numbered = dict(batches(tx, (row.entry for row in rows), head.size))
        place = {index: number for number, index in enumerate(numbered)}
        found = {index: _places(batch.commitments) for index, batch in numbered.items()}
        records = [
            self._run_record(row, place[row.entry], found[row.entry][commitment_of(row)], ready)
            for row, ready in self._ready(agreed, rows)
        ]
        size = (
            airspace_runs.cells(agreed, records)
            if agreed.space
            else padded(len(rows)) * self._tokens_per_record(agreed)
        )
        chosen = engine or self._engine(agreed, size)
        if agreed.engine not in ("auto", chosen) or chosen not in self._office.engines:
            raise NotAgreed(f"the engine {chosen} is not what the agreement names")
        ours = self._office.identity().party
        return RunSetup(
            ours,
            party,
            self._run_terms(agreement, agreed, chosen),
            head,
            theirs,
            records,
            list(numbered.values()),
        )

    def _heads(self, tx: Transaction, party: str) -> tuple[Head, Head]:
        """Our last head that they cosigned, and theirs that we cosigned: what a run's audit rests on."""
        ours = self._office.identity().party
        mine, other = tx.checkpoints.latest(ours, party), tx.checkpoints.latest(party, ours)
        if mine is None or other is None:
            raise Unavailable("the journals are not countersigned yet; try again when the peer is reachable")
        return Head(mine.size, mine.root.hex()), Head(other.size, other.root.hex())

    def _admitted(
        self, tx: Transaction, terms: Terms, agreed: TopicTerms, party: str, only: Sequence[str] = ()
    ) -> tuple[list[RecordRow], dict[str, int]]:
        """The records that the agreement admits, and how many stay out for which reason."""
        now = self._office.clock.now()
        rows: list[RecordRow] = []
        left_out: dict[str, int] = {}
        unlisted = self._designations.bound(tx, party)
        for row in tx.records.select(agreed.name):
            consented = self._agreements.consents(tx, party, row)
            found = in_scope(
                terms, agreed, decode_record(row), peer=party, now=now, loaded=row.loaded, consented=consented
            )
            if isinstance(found, Admitted) and agreed.unlisted == "refuse" and unlisted(found.grounds):
                found = Refusal("whose only grounds are groups that the peer does not list")
            if isinstance(found, Admitted):
                rows.append(row)
            else:
                left_out[found.reason] = left_out.get(found.reason, 0) + 1
        if agreed.space is not None:
            rows = airspace_runs.to_come(agreed, rows, left_out, now, only)
        elif only:
            rows = [row for row in rows if row.id in only]
        return rows, left_out

    def _flags(
        self, tx: Transaction, agreed: TopicTerms, party: str, rows: Iterable[RecordRow]
    ) -> dict[str, str]:
        """What the findings of these records must say, by record: where the agreement flags groups that the peer does not list."""
        if agreed.unlisted != "flag":
            return {}
        unlisted = self._designations.bound(tx, party)
        alone = ((row.id, unlisted(row.grounds)) for row in rows)
        return {id: f"{UNLISTED}: {', '.join(groups)}" for id, groups in alone if groups}

    def _budgeted(
        self, tx: Transaction, party: str, agreed: TopicTerms, setup: RunSetup, theirs: int | None
    ) -> RunSetup:
        """The setup with what is left of both budgets. Raises Overdrawn where they do not bear the first round; what the peer declares
        in its answer, and the second round, are held against them by the ceremony."""
        engine = self._office.engines[setup.terms.engine]
        declared = (
            airspace_runs.cells(agreed, setup.records)
            if agreed.space
            else padded(len(setup.records)) * setup.terms.tokens_per_record
        )
        if declared > setup.terms.tokens_limit:
            raise Refused(
                f"your plans take {declared} cells; the agreement allows {setup.terms.tokens_limit} a side in one run: match fewer at once"
            )
        ours = engine.charged(declared)
        theirs = ours if theirs is None else engine.charged(theirs)
        facts = self._agreements.facts(tx, party)
        now, us = self._office.clock.now(), self._office.identity().party
        charge(facts, agreed, us, ours=ours, theirs=theirs, now=now)
        used = spent(facts, agreed, us, now)
        return msgspec.structs.replace(
            setup, our_budget=agreed.budget - used.ours, their_budget=agreed.budget - used.theirs
        )

    def _sentences(
        self, agreed: TopicTerms, terms: Terms, peer: str, records: int, left_out: Mapping[str, int]
    ) -> list[str]:
        topic = self._topic(agreed)
        size = padded(records)
        out = sum(left_out.values())
        lines = [
            f"{peer} will learn that you bring at most {size:,} records of {topic.name} (the true number is hidden within 10 %), and {topic.discloses}.",
            "You will learn the same of theirs. Of records that only one side holds, the other learns nothing.",
            f"{records} of your records are in the agreement's scope; {out} stay out"
            + (
                ": " + ", ".join(f"{n} {reason}" for reason, n in sorted(left_out.items())) + "."
                if out
                else "."
            ),
            "Candidates that turn out to be different people also show which kinds of details agree between them.",
            f"Whoever stops while results are opened is ahead by at most one of {agreed.buckets} parts of the result.",
        ]
        if agreed.inspector == "peer" and agreed.audit:
            lines.append(
                f"{agreed.audit} of your tokens, drawn by lot, are opened to {peer} to show that you queried what you published; "
                "each is a hash, tied to a journal entry, and names nobody."
            )
        else:
            lines.append(
                "Without an audit by the peer, junk in their list is caught only where it meets a record of yours."
            )
        lines.append(
            f"The run is charged to both budgets in full when it begins. Nothing is released: a person decides on each finding ({terms.name})."
        )
        return lines

    def _finding(
        self, row: CeremonyRow, topic: str, capacity: int, result: MatchResult, found: Found, now: int
    ) -> FindingRow:
        opening = Opening(
            result.sid,
            found.handle,
            found.our_values,
            list(found.openings),
            capacity,
            found.their_values,
            dict(found.their_profile),
            [(t.kind, t.value) for t in found.tokens],
            [(v.kind, v.value) for v in found.agreed],
        )
        judgement = found.judgement
        because = msgspec.json.encode([(r.what, r.millibits) for r in judgement.because])
        assert judgement.grade is not None
        return FindingRow(
            found.id, row.id, row.party, topic, found.record, found.theirs.hex(), judgement.score, judgement.grade,
            because, "open", now, msgspec.msgpack.encode(opening),
        )  # fmt: skip

    def _terms_of(self, tx: Transaction, result: MatchResult) -> tuple[str, int]:
        """Topic of a run, and how many values a record commits to in it."""
        for entry in tx.journal.find(kind="run.started", subject=result.sid):
            terms = parse_entry(entry.data).body["statement"]["terms"]
            return str(terms["topic"]), max(1, int(terms["values_per_record"]))
        raise Misuse("the run was never journalled")

    def _one(self, tx: Transaction, id: str) -> FindingRow:
        row = tx.findings.get(id)
        if row is None:
            near = [f for f in tx.findings.find() if len(id) >= 6 and f.id.startswith(id)]
            if len(near) != 1:
                raise Misuse(f"no finding {id}; `detente findings list` shows them")
            row = near[0]
        return row

    def _view(self, tx: Transaction, row: FindingRow) -> FindingView:
        peer = tx.peers.get(row.party)
        record = tx.records.get(row.record)
        ours = {k: list(v) for k, v in decode_record(record).properties.items()} if record else {}
        because = [
            (what, bits / 1000) for what, bits in msgspec.json.decode(row.because, type=list[tuple[str, int]])
        ]
        return FindingView(
            row.id, peer.name if peer else row.party, row.topic, row.record, row.score / 1e6, row.grade, row.status,
            because, ours, row.note, row.decided_by,
        )  # fmt: skip


def _places(commitments: bytes) -> dict[bytes, int]:
    return {commitments[i : i + 32]: i // 32 for i in range(0, len(commitments), 32)}


__all__ = ["DryRun", "FindingView", "MatchReport", "Opening", "Runs"]
