"""Airspace: our plans, what conflicts with a peer's, and how a conflict is settled by both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from detente.errors import DetenteError, Misuse
from detente.node.agreements import Agreements
from detente.node.airspace_runs import PROPOSAL, Clash
from detente.node.holdings import Defaults, Holdings, LoadReport, SourceRow, decode_record
from detente.node.office import Office
from detente.node.ports import FindingRow, Transaction
from detente.pact.resolution import name_of
from detente.topics.airspace.intent import Intent, State
from detente.topics.airspace.topic import intent_of, record_of
from detente.wire.instant import Instant, rfc3339

TOPIC = "airspace"
PREFIX = "plan:"
MINUTE = 60_000


class PlanView(msgspec.Struct, frozen=True):
    """One plan of ours. Times as RFC 3339, altitudes in metres above `datum`."""

    id: str
    state: str
    priority: int
    version: str
    volumes: int
    start: str
    end: str
    lower_m: float
    upper_m: float
    datum: str


class ConflictView(msgspec.Struct, frozen=True):
    """A conflict, in the same words on both sides but for whose plan is ours. `state` is open, settled, overdue or over.

    `settle_by` is when it must be settled; `minutes_left` until then (negative: late). `near` is the middle of its first cell.
    """

    id: str
    peer: str
    plan: str
    state: str
    words: str
    start: str
    end: str
    lower_m: float
    upper_m: float
    near: tuple[float, float]
    columns: tuple[str, ...]
    our_priority: int
    their_priority: int
    settle_by: str
    minutes_left: int
    resolution: str


class Airspace:
    """The use cases of planned airspace; runs over it are those of the runs room."""

    def __init__(self, office: Office, agreements: Agreements, holdings: Holdings) -> None:
        self._office, self._agreements, self._holdings = office, agreements, holdings

    # -- our plans

    def add(self, intents: Iterable[Intent], file: str) -> LoadReport:
        """Files plans, each under its id; a plan that is filed again with other content is a new version. One journal entry a batch."""
        now = self._office.clock.now()
        rows = []
        for line, intent in enumerate(intents, 1):
            try:
                intent.check_horizon(now)
                rows.append(_row(line, intent))
            except DetenteError as problem:
                rows.append(SourceRow(line, {}, f"{intent.id}: {problem}"))
        return self._holdings.load(rows, file, Defaults((TOPIC,)))

    def plans(self) -> list[PlanView]:
        """Our plans, by beginning."""
        with self._office.store.snapshot() as tx:
            views = [
                _view(intent_of(decode_record(row)))
                for row in tx.records.select(TOPIC)
                if not row.id.startswith(PROPOSAL)
            ]
        return sorted(views, key=lambda view: (view.start, view.id))

    def plan(self, id: str) -> Intent:
        """One plan of ours. Raises Misuse where there is none of that id."""
        with self._office.store.snapshot() as tx:
            row = tx.records.get(PREFIX + id)
        if row is None:
            raise Misuse(f"no plan {id}; `detente airspace plan list` shows them")
        return _plain(intent_of(decode_record(row)))

    def withdraw(self, id: str) -> PlanView:
        """Ends a plan: it takes part in no further run. What was told of it stays told."""
        plan = self.plan(id)
        ended = Intent(plan.id, plan.volumes, State.ENDED, plan.priority)
        self._holdings.load([_row(1, ended)], "withdrawn", Defaults((TOPIC,)))
        return _view(ended)

    # -- conflicts

    def conflicts(self, peer: str = "") -> list[ConflictView]:
        """Conflicts with peers, the most urgent first."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party if peer else ""
            rows = [row for row in tx.findings.find(party=party) if row.topic == TOPIC]
            views = [self._conflict(tx, row) for row in rows]
        return sorted(
            views, key=lambda view: (view.state not in ("overdue", "open"), view.settle_by, view.id)
        )

    def conflict(self, id: str) -> ConflictView:
        """One conflict by its id, or by the beginning of it."""
        with self._office.store.snapshot() as tx:
            return self._conflict(tx, self._one(tx, id))

    def overdue(self) -> list[ConflictView]:
        """Conflicts that are not settled though it is time: what alarms the duty desk. Each is journalled once (`alarm`)."""
        self.alarm()
        return [view for view in self.conflicts() if view.state == "overdue"]

    def alarm(self) -> list[ConflictView]:
        """The conflicts that have become overdue since the last look; each is journalled, and told once."""
        late = [view for view in self.conflicts() if view.state == "overdue"]
        with self._office.store.snapshot() as tx:
            fresh = [view for view in late if tx.settings.get(f"alarm.{view.id}") is None]
        if not fresh:
            return []
        with self._office.store.transaction() as tx:
            fresh = [view for view in fresh if tx.settings.get(f"alarm.{view.id}") is None]
            for view in fresh:
                row = self._one(tx, view.id)
                self._office.journal(
                    tx, "conflict.overdue", view.id, row.party, {"settle_by": view.settle_by}
                )
                tx.settings.put(f"alarm.{view.id}", b"1")
        return fresh

    # -- inside

    def _one(self, tx: Transaction, id: str) -> FindingRow:
        row = tx.findings.get(id)
        if row is not None and row.topic == TOPIC:
            return row
        near = [f for f in tx.findings.find() if f.topic == TOPIC and len(id) >= 6 and f.id.startswith(id)]
        if len(near) != 1:
            raise Misuse(f"no conflict {id}; `detente airspace conflicts` shows them")
        return near[0]

    def _conflict(self, tx: Transaction, row: FindingRow) -> ConflictView:
        from detente.topics.airspace.boxes import middle

        kept, now = msgspec.msgpack.decode(row.opening, type=Clash), self._office.clock.now()
        by = self._settle_by(tx, row, kept)
        settled = self._resolution(tx, row)
        late = now >= by
        state = "settled" if settled else "over" if now >= kept.end else "overdue" if late else "open"
        peer = tx.peers.get(row.party)
        lat, lon = middle(int(kept.columns[0], 16))
        return ConflictView(
            row.id, peer.name if peer else row.party, row.record.removeprefix(PREFIX), state, words(row.id, kept),
            rfc3339(kept.start), rfc3339(kept.end), kept.lower / 1000, kept.upper / 1000, (round(lat, 4), round(lon, 4)), kept.columns,
            kept.our_profile.get("priority", 0), kept.their_profile.get("priority", 0), rfc3339(by), (by - now) // MINUTE, settled,
        )  # fmt: skip

    def _settle_by(self, tx: Transaction, row: FindingRow, kept: Clash) -> Instant:
        """So many minutes before it begins as were agreed when it was found: the same on both sides."""
        terms = self._agreements.terms_of(tx, kept.agreement).topic(TOPIC).space
        return max(0, kept.start - (terms.settle_minutes if terms else 0) * MINUTE)

    def _resolution(self, tx: Transaction, row: FindingRow) -> str:
        """The hash of the resolution that both signed and that is in force; "" where there is none."""
        name = name_of(row.id)
        for document in tx.documents.find(kind="resolution", party=row.party, state="in_force"):
            if document.name == name:
                return document.hash
        return ""


def words(id: str, kept: Clash) -> str:
    """A conflict in words that are the same on both sides."""
    from detente.topics.airspace.boxes import middle

    lat, lon = middle(int(kept.columns[0], 16))
    return (
        f"Conflict {id[:12]}: both have a plan from {rfc3339(kept.start)} to {rfc3339(kept.end)} between {kept.lower / 1000:.0f} and "
        f"{kept.upper / 1000:.0f} m near {abs(lat):.2f} {'N' if lat >= 0 else 'S'} {abs(lon):.2f} {'E' if lon >= 0 else 'W'}."
    )


def _row(line: int, intent: Intent) -> SourceRow:
    record = record_of(intent)
    properties = {name: list(values) for name, values in record.properties.items()}
    return SourceRow(line, {"id": PREFIX + record.id, "schema": record.schema, "properties": properties})


def _plain(intent: Intent) -> Intent:
    return Intent(intent.id.removeprefix(PREFIX), intent.volumes, intent.state, intent.priority)


def _view(intent: Intent) -> PlanView:
    volumes: Sequence[object] = intent.volumes
    first = intent.volumes[0]
    return PlanView(
        intent.id.removeprefix(PREFIX), intent.state.value, intent.priority, _plain(intent).version, len(volumes),
        rfc3339(min(v.start for v in intent.volumes)), rfc3339(max(v.end for v in intent.volumes)),
        min(v.lower_mm for v in intent.volumes) / 1000, max(v.upper_mm for v in intent.volumes) / 1000, first.datum.value,
    )  # fmt: skip


__all__ = ["Airspace", "ConflictView", "PlanView", "words"]
