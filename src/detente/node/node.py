"""A node: one organisation's installation. Its rooms are the use cases by subject; this is what the Python API hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from detente.ceremonies.ceremony import Progress
from detente.errors import Busy, Misuse, PeerFault, Refused, Unavailable
from detente.node.accounts import Accounts
from detente.node.agreements import Agreements
from detente.node.airspace import Airspace
from detente.node.amendments import Amendments
from detente.node.designations import Designations
from detente.node.documents import Documents
from detente.node.drafts import Drafts
from detente.node.driver import Driver
from detente.node.holdings import Holdings
from detente.node.incidents import Incidents
from detente.node.items import ItemBook
from detente.node.letters import Letters
from detente.node.notices import Notices
from detente.node.office import Office, Room
from detente.node.overview import Outlook
from detente.node.pairings import Pairings
from detente.node.papers import Papers
from detente.node.ports import PeerRow
from detente.node.post import Post
from detente.node.reports import Reports
from detente.node.requests import Requests
from detente.node.resolutions import Resolutions
from detente.node.roadmaps import Roadmaps
from detente.node.runs import MatchReport, Runs
from detente.node.swaps import Swaps
from detente.node.witness import Witness
from detente.pact import declarations, meetings

TURN_SECONDS = 600.0  # how long a command waits while another process of the node talks to the peer


@dataclass(frozen=True, slots=True)
class Node:
    """An open node. Close it, or use it as a context manager.

    >>> with open_node("north") as node:  # doctest: +SKIP
    ...     node.match("people", "Southern Service").strong
    251
    """

    office: Office
    driver: Driver
    post: Post
    pairings: Pairings
    agreements: Agreements
    documents: Documents
    designations: Designations
    roadmaps: Roadmaps
    declarations: Papers
    meetings: Papers
    holdings: Holdings
    airspace: Airspace
    resolutions: Resolutions
    runs: Runs
    swaps: Swaps
    letters: Letters
    notices: Notices
    incidents: Incidents
    requests: Requests
    reports: Reports
    witness: Witness
    accounts: Accounts
    outlook: Outlook

    @classmethod
    def assemble(cls, office: Office) -> Node:
        """Builds the rooms on an office and resumes what a crash left open."""
        driver = Driver(office.store, office.clock, office.entropy, office)
        amendments = Amendments(office)
        agreements, holdings = Agreements(office, amendments), Holdings(office)
        documents = Documents(amendments)
        designations = Designations(amendments, documents, holdings)
        book, runs = ItemBook(office, agreements), Runs(office, agreements, designations)
        letters = Letters(office, agreements, holdings, book)
        requests = Requests(office, agreements, book)
        drafts = Drafts(amendments, documents)
        airspace = Airspace(office, agreements, holdings)
        node = cls(
            office=office,
            driver=driver,
            post=Post(office.store, office.clock, driver, office),
            pairings=Pairings(office),
            agreements=agreements,
            documents=documents,
            designations=designations,
            roadmaps=Roadmaps(office, documents, drafts),
            declarations=Papers(office, documents, drafts, declarations.KIND),
            meetings=Papers(office, documents, drafts, meetings.KIND),
            holdings=holdings,
            airspace=airspace,
            resolutions=Resolutions(office, airspace, holdings, documents),
            runs=runs,
            swaps=Swaps(office, agreements, holdings, book, letters, requests),
            letters=letters,
            notices=Notices(office, agreements, letters),
            incidents=Incidents(office, agreements, documents, drafts),
            requests=requests,
            reports=Reports(office, agreements, holdings, book),
            witness=Witness(office, agreements),
            accounts=Accounts(office),
            outlook=Outlook(office, agreements, runs, book),
        )
        rooms: dict[str, Room] = {
            "pairing": node.pairings,
            "amendment": amendments,
            "matching": node.runs,
            "exchange": node.swaps,
            "countersigning": node.witness,
        }
        office.rooms.update(rooms)
        for room in rooms.values():
            room.driver = driver
        letters.driver = requests.driver = driver
        return node

    def resume(self) -> int:
        """Picks up open conversations after a start. Returns how many there are.

        A node whose journal is behind what a peer has cosigned was restored from a backup: it opens, and only reads.
        """
        try:
            self.witness.check_restored()
        except Unavailable as found:
            with self.office.store.transaction() as tx:
                self.driver.read_only(tx, str(found))
            return self.driver.resume()
        self.swaps.expire()
        self.pairings.retell()
        return self.driver.resume()

    # -- what several rooms do together

    def deliver(self, peer: str, wait_seconds: float = TURN_SECONDS) -> int:
        """Exchanges messages with a peer until neither has anything to say. Returns the packets sent.

        Raises Unavailable where the peer does not answer, and Busy where another process of this node talks to it all the while.
        """
        with self._turn(peer, wait_seconds) as row:
            return self._deliver(row)

    def pump(self, party: str) -> bool:
        """Begins what people ordered and what can be begun now; True where something was."""
        begun = [room.pump(party) for room in (self.documents, self.swaps, self.requests)]
        return any(begun)

    def countersign(self, peer: str) -> None:
        """Has both heads cosigned now. Raises Unavailable where the peer does not answer."""
        with self._turn(peer) as row:
            self._finish(self.witness.start(row.party), row)

    def match(
        self,
        topic: str,
        peer: str,
        on_progress: Callable[[Progress], None] = lambda _: None,
        only: Sequence[str] = (),
    ) -> MatchReport:
        """Matches with a peer, all records in scope or `only` some,
        from countersigned heads to findings. Raises Refused, Unavailable, or PeerFault with the evidence's path."""
        with self._turn(peer) as row:
            before = self.post.traffic
            if not self.witness.fresh(row.party):
                self._finish(self.witness.start(row.party), row)
            ceremony = self.runs.start(topic, row.party, only)
            self.driver.on_progress = lambda which, progress: (
                on_progress(progress) if which == ceremony else None
            )
            try:
                self._finish(ceremony, row)
            finally:
                self.driver.on_progress = lambda which, progress: None
            self._finish(self.witness.start(row.party), row)
            report = self.runs.report(ceremony)
            return msgspec.structs.replace(report, bytes=self.post.traffic - before)

    @contextmanager
    def _turn(self, peer: str, wait_seconds: float = TURN_SECONDS) -> Iterator[PeerRow]:
        """The peer, while no other process of this node talks to it."""
        with self.office.store.snapshot() as tx:
            row = self.office.peer(tx, peer)
        with self.office.turns.hold(row.party, wait_seconds) as ours:
            if not ours:
                raise Busy(f"another process of this node is talking to {row.name}; what waits goes with it")
            yield row

    def _deliver(self, row: PeerRow, until: Callable[[], bool] = lambda: False) -> int:
        sent = self.post.deliver(row, self.office.transport, until)
        # what people approved goes on when the peer can be reached; then what they said of it
        while self.pump(row.party):
            sent += self.post.deliver(row, self.office.transport)
        return sent

    def _finish(self, ceremony: str, row: PeerRow) -> None:
        """Delivers until a ceremony is over; says why where it did not end well."""
        self._deliver(row, until=lambda: self._over(ceremony))
        self.settle(ceremony)
        self._deliver(row)

    def _over(self, ceremony: str) -> bool:
        with self.office.store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
            return row is not None and row.status != "open"

    def settle(self, ceremony: str) -> None:
        """Raises what ended a ceremony badly: Refused, PeerFault (with its evidence), or Unavailable where it is still open."""
        with self.office.store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
            kept = tx.settings.get(f"evidence.{ceremony}")
        if row is None:
            raise Misuse(f"no conversation {ceremony}")
        reason = str(msgspec.json.decode(row.summary).get("reason", ""))
        if row.status == "open":
            raise Unavailable("the peer has not answered yet; the conversation goes on when it does")
        if kept is not None:
            fault = PeerFault(reason or "the peer broke the protocol")
            fault.path = kept.decode()
            raise fault
        if row.status != "done":
            raise Refused(reason or f"the conversation was {row.status}")

    def close(self) -> None:
        self.office.store.close()

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
