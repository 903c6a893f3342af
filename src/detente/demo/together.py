"""The second half of the demo: one list of groups, a declaration and what descends from it, a question, a report, a day of sorties.

Each chapter uses both nodes through the same use cases as commands and the console do, over the same TLS.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from detente.demo.sorties import Sorties
from detente.node.node import Node
from detente.node.reports import Intake
from detente.node.request_book import RequestView
from detente.node.requests import Question
from detente.node.roadmaps import ActionForm
from detente.pact.paper_forms import TEMPLATES
from detente.topics.airspace.conflict import conflicts
from detente.topics.airspace.separation import Separation
from detente.topics.designations.listing import Listing, Name

DAY_MS = 86_400_000
PERSON = "demo policy"

OURS = (
    Listing("national", "1", (Name("Исламское государство", "name"), Name("ИГИЛ")), since="2014-12-29"),
    Listing("national", "2", (Name("Имарат Кавказ", "name"),), since="2010-02-08"),
    Listing("national", "3", (Name("Order of the Tin Whistle", "name"),), since="2021-05-01"),
)
THEIRS = (
    Listing("liste", "a", (Name("État islamique", "name"), Name("Daech")), since="2014-09-24"),
    Listing("liste", "b", (Name("Front al-Nosra", "name"),), since="2014-06-02"),
    Listing("liste", "c", (Name("Tin Whistle Order", "name"),), since="2022-01-10"),
)

PAGE = """\
facebooktwitterwhatsappcopylink
Court of appeal hears of a network in two countries
Court of appeal hears of a network in two countries
9 March 2026 14:05 GMT
READ MORE: what is known so far
The court of appeal heard on Monday how Anton Belousov had raised money for IS, formerly ISIS/ISIL, in two countries.
A witness whose name the court withheld said that the money had gone to Daesh [an Arabic acronym for IS] through a shop in the old town.
"Nobody asked where it came from," the prosecutor, Marie Delorme, told the court. The defence denied that there had been any such shop.
"""


class Together(msgspec.Struct, frozen=True):
    """What came of it. `sorties`: conflicts planted, found by the nodes, and found where both plans lie on one desk."""

    listed_by_both: int
    listed_by_one: int
    declaration: str
    actions: int
    request: str
    alias_sets: list[list[str]]
    planted: int
    conflicts: int
    on_one_desk: int
    seconds_airspace: float


class Chapters:
    """The chapters, on two nodes that have an agreement. `step` and `say` as the story's."""

    def __init__(
        self,
        north: tuple[str, Node],
        south: tuple[str, Node],
        step: Callable[[str, str], None],
        say: Callable[[str], None],
        seconds: Callable[[], float],
    ) -> None:
        (self.north_name, self.north), (self.south_name, self.south) = north, south
        self.step, self.say, self.seconds = step, say, seconds

    def tell(self, seed: int) -> Together:
        both, one = self._groups()
        declaration, actions = self._roadmap()
        request = self._request()
        aliases = self._report()
        began = self.seconds()
        planted, found, known = self._airspace(seed)
        return Together(
            both, one, declaration, actions, request, aliases, planted, found, known, self.seconds() - began
        )

    def _carry(self) -> None:
        self.north.deliver(self.south_name)
        self.south.deliver(self.north_name)

    def _groups(self) -> tuple[int, int]:
        self.step(
            "What both consider a terrorist group: each its own list, one joint list",
            f'detente --node north groups propose --with "{self.south_name}"',
        )
        self.north.designations.take_in("national", OURS)
        self.south.designations.take_in("liste", THEIRS)
        self.north.designations.propose(self.south_name)
        self._carry()
        self.south.designations.propose(self.north_name)
        self._carry()
        self.north.documents.accept(self.south_name)
        self._carry()
        groups = self.north.designations.show(self.south_name).groups
        for group in groups:
            self.say(f"{group.state}: {' = '.join(name.text for name in group.names[:5])}")
        both = sum(group.state == "both" for group in groups)
        return both, len(groups) - both

    def _roadmap(self) -> tuple[str, int]:
        self.step(
            "A declaration in two languages, and a roadmap that descends from it",
            f'detente --node south declarations sign --with "{self.north_name}"',
        )
        north, south = self.north, self.south
        north.declarations.draft(self.south_name, TEMPLATES["declaration"])
        north.declarations.propose(self.south_name, "common-purpose")
        self._carry()
        digest = south.declarations.sign(self.north_name)
        self._carry()
        today = datetime.fromtimestamp(north.office.clock.now() / 1000, UTC).date()
        north.roadmaps.start(self.south_name, {"en": "Roadmap", "ru": "Дорожная карта"})
        actions = (("list", "agree on the list", 30), ("match", "match every quarter", 90))
        for slug, words, days in actions:
            due = (today + timedelta(days=days)).isoformat()
            text = {"en": words, "ru": f"{words} (по-русски)"}
            form = ActionForm(text, "Desk 1", "Bureau 2", due=due, source="common-purpose:p1")
            north.roadmaps.add(self.south_name, slug, form)
        north.roadmaps.propose(self.south_name)
        self._carry()
        south.documents.accept(self.north_name)
        self._carry()
        for action in south.roadmaps.show(self.north_name).actions:
            self.say(f"{action.due}: {action.text['en']} ({action.ours}, {action.theirs})")
        return digest, len(actions)

    def _request(self) -> str:
        self.step(
            "A question, answered by a release that counts",
            "detente --node south requests answer ID --record RECORD --by NAME",
        )
        north, south = self.north, self.south
        record = next(f for f in south.runs.findings(status="confirmed", limit=10**6) if f.ours)
        until = north.office.clock.now() + 7 * DAY_MS
        asked = north.requests.ask(
            self.south_name,
            Question(
                topic="people",
                purpose="a case of ours",
                until=until,
                template="person",
                properties={"name": record.ours["name"][:1]},
                question="Do you know this person?",
            ),
        )
        self._carry()
        south.requests.answer(asked.id, [self._unreleased()], PERSON)
        view = self._answered(asked.id)
        self.say(f"{self.south_name} answered: {view.state}, {len(view.items)} item; the balance knows it.")
        return view.state

    def _answered(self, request: str) -> RequestView:
        """The request once its answer has arrived: the serving processes carry it as well, and whoever comes second waits."""
        for _ in range(100):
            self._carry()
            view = self.north.requests.show(request)
            if view.state != "open" and view.items:
                break
            time.sleep(0.1)
        return view

    def _unreleased(self) -> str:
        """A record of south's that was not given yet."""
        with self.south.office.store.snapshot() as tx:
            given = {f.record for f in tx.findings.find(status="confirmed")}
            rows = tx.records.select("people")
            return next(
                r.id
                for r in rows
                if r.id not in given and r.origin.startswith("file:") and r.marking == "TLP:AMBER"
            )

    def _report(self) -> list[list[str]]:
        self.step(
            "A page copied from a browser, read", "detente --node north reports add page.txt --source NAME"
        )
        report = self.north.reports.add(
            PAGE.encode(), Intake("page.txt", "a court reporter", "C3", "TLP:AMBER")
        )
        self.say(f"{report.published} {report.title}")
        for names in report.aliases:
            self.say(f"one group under several names: {', '.join(names)}")
        return [list(names) for names in report.aliases]

    def _airspace(self, seed: int) -> tuple[int, int, int]:
        self.step(
            "A day of sorties, compared without being shown",
            f'detente --node north airspace match --with "{self.south_name}"',
        )
        tomorrow = (self.north.office.clock.now() // DAY_MS + 1) * DAY_MS
        day = Sorties(seed, tomorrow)
        self.north.airspace.add(day.plans("a"), "north.geojson")
        self.south.airspace.add(day.plans("b"), "south.geojson")
        self.north.match("airspace", self.south_name)
        found = {(c.plan, c.id) for c in self.north.airspace.conflicts(self.south_name)}
        theirs = {c.id for c in self.south.airspace.conflicts(self.north_name)}
        for conflict in self.north.airspace.conflicts(self.south_name)[:3]:
            self.say(f"both are told: {conflict.words}")
        same = {id for _, id in found} == theirs
        known = on_one_desk(day)
        self.say(
            f"{len(day.planted)} conflicts planted, {len(known)} on one desk, {len(found)} found; the same on both sides: {same}."
        )
        return len(day.planted), len(found) if same else -1, len(known)


def on_one_desk(day: Sorties) -> set[tuple[str, str]]:
    """What whoever saw both plans would find: the exact check by itself."""
    separation = Separation(9_260_000, 304_800, 180_000, 5_000)
    return {
        (a.id, b.id)
        for a in day.plans("a")
        for b in day.plans("b")
        if conflicts(a.volumes, b.volumes, separation)
    }


__all__ = ["Chapters", "Together"]
