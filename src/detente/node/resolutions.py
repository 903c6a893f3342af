"""Settling a conflict in the air: a change is compared privately before it is proposed, both sign it, and then it becomes the plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from detente.errors import Misuse, Refused
from detente.node.airspace import TOPIC, Airspace, ConflictView
from detente.node.airspace_runs import PROPOSAL, probe_of, probed
from detente.node.amendments import content_of
from detente.node.documents import Documents
from detente.node.holdings import Defaults, Holdings, SourceRow, decode_record
from detente.node.office import Office
from detente.node.runs import MatchReport
from detente.pact import resolution
from detente.topics.airspace.intent import Intent
from detente.topics.airspace.topic import intent_of, record_of
from detente.topics.airspace.volume import Volume4D

MINUTE = 60_000
COMPARED = "proposal"  # the property that marks a plan that is only compared

Compare = Callable[[Sequence[str]], MatchReport]
"""Runs the comparison of these records of ours with the peer's plans: charged like any run."""


class Proposed(msgspec.Struct, frozen=True):
    """What came of a proposal: the hash that waits for the peer's signature, or "" where the changed plan meets others too."""

    conflict: str
    hash: str
    words: str
    run: str
    meets: int


class Resolutions:
    """The use cases of settling."""

    def __init__(self, office: Office, airspace: Airspace, holdings: Holdings, documents: Documents) -> None:
        self._office, self._airspace, self._holdings, self._documents = office, airspace, holdings, documents

    def change(
        self,
        conflict: str,
        peer: str,
        compare: Compare,
        *,
        minutes: int = 0,
        metres: int = 0,
        route: Intent | None = None,
        reason: str = "",
    ) -> Proposed:
        """Proposes to move our plan: in time, in level, or to another route, one of the three. It is compared first; only one that meets
        none of the peer's plans is proposed. Raises Misuse, and what a run raises: Overdrawn where the budget is used up."""
        found = self._open(conflict)
        if sum((minutes != 0, metres != 0, route is not None)) != 1:
            raise Misuse("change one thing: the time, the level or the route")
        plan = self._airspace.plan(found.plan)
        measure: resolution.Measure
        if minutes:
            measure, words = (
                "time",
                f"{self._who()} flies {abs(minutes)} minutes {'later' if minutes > 0 else 'earlier'}.",
            )
            changed = _moved(
                plan, lambda v: replace(v, start=v.start + minutes * MINUTE, end=v.end + minutes * MINUTE)
            )
        elif metres:
            measure, words = (
                "level",
                f"{self._who()} flies {abs(metres)} m {'higher' if metres > 0 else 'lower'}.",
            )
            changed = _moved(
                plan,
                lambda v: replace(
                    v, lower_mm=v.lower_mm + metres * 1000, upper_mm=v.upper_mm + metres * 1000
                ),
            )
        else:
            assert route is not None
            measure, words, changed = "route", f"{self._who()} flies another route.", route
        changed.check_horizon(self._office.clock.now())
        record = self._draft(found, changed)
        report = compare([record])
        with self._office.store.snapshot() as tx:
            run, meets = probe_of(tx, report.run)
        if report.outcome != "done" or meets:
            return Proposed(found.id, "", words, run, meets)
        return self._propose(found, peer, measure, words, reason, run, record)

    def accept_as_it_is(self, conflict: str, peer: str, reason: str) -> Proposed:
        """Proposes to fly both plans as they are, under visual rules and with a reason. Nothing is compared."""
        if not reason.strip():
            raise Misuse("a conflict that is accepted needs a reason: --reason TEXT")
        found = self._open(conflict)
        return self._propose(
            found, peer, "visual", "Both fly as planned, under visual flight rules.", reason, "", ""
        )

    def give_way(self, conflict: str, peer: str, *, ours: bool, reason: str = "") -> Proposed:
        """Proposes whose aircraft gives way: ours or the peer's."""
        found = self._open(conflict)
        with self._office.store.snapshot() as tx:
            party = self._office.identity().party if ours else self._office.peer(tx, peer).party
            name = self._office.name(tx) if ours else self._office.peer(tx, peer).name
        return self._propose(found, peer, "priority", f"{name} gives way.", reason, "", "", moves=party)

    def sign(self, conflict: str, peer: str) -> str:
        """Signs what the peer proposes for a conflict. Returns its hash. Refused where the run that it names did not end, or its change met
        a plan of ours: then nothing was compared that way."""
        found = self._airspace.conflict(conflict)
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            rows = [
                row
                for row in tx.documents.find(kind=resolution.KIND, party=party, state="proposed")
                if row.name == resolution.name_of(found.id)
            ]
            if not rows:
                raise Misuse(
                    "the peer has proposed nothing for this conflict; `detente airspace settle` proposes"
                )
            way = resolution.read(content_of(rows[-1])).way
            if way.checked and probed(tx, party, way.checked) != 0:
                raise Refused(
                    "the change that is proposed was not compared with your plans, or met one; ask the peer to compare it again"
                )
        return self._documents.accept(peer, rows[-1].hash)

    def apply(self) -> list[str]:
        """Makes plans of what both have signed; their ids. Done before anything that looks at plans or conflicts."""
        done = []
        with self._office.store.snapshot() as tx:
            signed = {document.name for document in tx.documents.find(kind=resolution.KIND, state="in_force")}
            waiting = [row for row in tx.records.select(TOPIC) if row.id.startswith(PROPOSAL)]
            settled = [
                (row, decode_record(row))
                for row in waiting
                if (tx.settings.get(_settles(row.id)) or b"?").decode() in signed
            ]
        for row, record in settled:
            plan = intent_of(record)
            id = row.id.removeprefix(PROPOSAL).partition("/")[2]
            self._airspace.add([replace(plan, id=id)], "resolution")
            self._holdings.erase(row.id, "resolution in force")
            done.append(id)
        return done

    # -- inside

    def _who(self) -> str:
        with self._office.store.snapshot() as tx:
            return self._office.name(tx)

    def _open(self, conflict: str) -> ConflictView:
        found = self._airspace.conflict(conflict)
        if found.state == "settled":
            raise Refused("this conflict is settled: both have signed how; `detente joint show` has the text")
        if found.state == "over":
            raise Refused("this conflict is over; there is nothing left to settle")
        return found

    def _draft(self, found: ConflictView, changed: Intent) -> str:
        """Files the changed plan as one that is only compared. Returns the record's id."""
        number = self._office.entropy.draw(4).hex()
        ident = f"{PROPOSAL}{number}/{found.plan}"
        record = record_of(replace(changed, id=ident))
        properties = {**{name: list(values) for name, values in record.properties.items()}, COMPARED: ["1"]}
        report = self._holdings.load(
            [SourceRow(1, {"id": ident, "schema": record.schema, "properties": properties})],
            "proposal",
            Defaults((TOPIC,)),
        )
        if report.refused:
            raise Misuse(report.refused[0].reason)
        return ident

    def _propose(
        self,
        found: ConflictView,
        peer: str,
        measure: resolution.Measure,
        words: str,
        reason: str,
        run: str,
        record: str,
        moves: str = "",
    ) -> Proposed:
        ours = moves or self._office.identity().party
        content = resolution.content(found.id, found.words, measure, ours, words, reason, run)
        name = resolution.name_of(found.id)
        digest = self._documents.propose(resolution.KIND, name, content, peer)
        if record:
            with self._office.store.transaction() as tx:
                tx.settings.put(_settles(record), name.encode())
        return Proposed(found.id, digest, words, run, 0)


def _settles(record: str) -> str:
    """The setting that says which resolution makes a compared plan the plan."""
    return f"settles.{record}"


def _moved(plan: Intent, move: Callable[[Volume4D], Volume4D]) -> Intent:
    return replace(plan, volumes=tuple(move(volume) for volume in plan.volumes))


__all__ = ["Compare", "Proposed", "Resolutions"]
