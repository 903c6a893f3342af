"""Joint documents as people read them: what is in force, what waits and what it would change, and how it came about."""

from __future__ import annotations

import msgspec

from detente.node.amendments import Amendments, content_of
from detente.node.crossings import Crossings
from detente.node.ports import PeerRow, Transaction
from detente.pact.document import Version
from detente.pact.facts import Fact, Rejected
from detente.pact.history import Period, periods
from detente.pact.joint import Content, changes, plain, taken
from detente.wire.instant import Instant, rfc3339


class ProposedView(msgspec.Struct, frozen=True):
    """A version that one side has signed. `crosses`: the other side has proposed another on the same base.

    `takes` and `leaves` are entries, where it takes a proposal of the other side in part; `waits` for whom.
    """

    hash: str
    by: str
    at: str
    changes: list[str]
    crosses: bool
    waits: str
    reason: str
    takes: list[str]
    leaves: list[str]


class VersionView(msgspec.Struct, frozen=True):
    """One version there was. `since` and `until` say when it was in force, "" where it was not or still is."""

    hash: str
    base: str
    by: str
    state: str
    at: str
    since: str
    until: str
    reason: str


class DocumentView(msgspec.Struct, frozen=True):
    """One joint document with one peer. `content` is what is in force, or None; `merging` what waits to be sent."""

    peer: str
    kind: str
    name: str
    title: str
    state: str
    hash: str
    since: str
    until: str
    content: dict[str, object] | None
    proposals: list[ProposedView]
    merging: str
    history: list[VersionView]


class AtView(msgspec.Struct, frozen=True):
    """One version that was in force: from `since` on, until before `until` ("" where nothing has ended it)."""

    peer: str
    kind: str
    name: str
    title: str
    hash: str
    since: str
    until: str


class Shelves:
    """Reads journal and store for people; changes nothing."""

    def __init__(self, amendments: Amendments, crossings: Crossings) -> None:
        self._amendments, self._crossings = amendments, crossings

    def view(self, tx: Transaction, peer: PeerRow, kind: str, name: str) -> DocumentView:
        """Everything about one document."""
        facts = self._amendments.facts(tx, peer.party)
        shelf = self._amendments.shelf(tx, peer.party, kind, name)
        terms = {each.hash: each for each in periods(facts)}
        head = shelf.head
        binding = head is not None and head.state in ("in_force", "suspended")
        content = self._content(tx, shelf.base) if shelf.base else None
        latest = shelf.versions[-1] if shelf.versions else None
        shown = content if content is not None else self._content(tx, latest.hash) if latest else None
        return DocumentView(
            peer.name, kind, name, _title(shown), head.state if head else "proposed" if shelf.proposals else "none",
            head.hash if head else "", _since(terms, shelf.base), _until(terms, shelf.base),
            dict(content) if content is not None and binding else None,
            [self._proposed(tx, peer, each, facts) for each in shelf.proposals],
            self._merging(tx, peer.party, kind, name),
            [self._version(tx, peer, each, facts, terms) for each in shelf.versions],
        )  # fmt: skip

    def at(self, tx: Transaction, peer: PeerRow, begin: Instant, end: Instant) -> list[AtView]:
        """Versions in force at some instant from `begin` on and before `end`."""
        found = []
        for period in periods(self._amendments.facts(tx, peer.party)):
            period = self._expiring(tx, period)
            if period.meets(begin, end):
                title = _title(self._content(tx, period.hash))
                found.append(
                    AtView(
                        peer.name, period.kind, period.name, title, period.hash, rfc3339(period.since),
                        "" if period.until is None else rfc3339(period.until),
                    )
                )  # fmt: skip
        return found

    def _expiring(self, tx: Transaction, period: Period) -> Period:
        """An agreement is over when its terms say, whatever follows."""
        if period.kind != "agreement":
            return period
        expires = self._amendments.terms_of(tx, period.hash).expires
        until = expires if period.until is None else min(expires, period.until)
        return Period(period.kind, period.name, period.hash, period.base, period.since, until)

    def _proposed(self, tx: Transaction, peer: PeerRow, version: Version, facts: list[Fact]) -> ProposedView:
        ours = self._amendments.office.identity().party
        row = tx.documents.get(version.hash)
        content = self._content(tx, version.hash)
        base = self._content(tx, version.base) if version.base else None
        said = [str(each) for each in changes(base, content)] if content is not None else []
        rivals = [
            each
            for each in tx.documents.find(kind=version.kind, party=peer.party)
            if each.base == version.base and each.name == version.name and each.proposed_by != version.by
        ]
        takes = [found for each in rivals if content is not None
                 and each.state == "rejected" and (found := taken(base, content_of(each), content)) is not None]  # fmt: skip
        part = takes[-1] if takes else None
        return ProposedView(
            version.hash, "ours" if version.by == ours else peer.name, rfc3339(row.at) if row else "", said,
            any(each.state == "proposed" for each in rivals), peer.name if version.by == ours else "us",
            _reason(facts, [each.hash for each in rivals]), list(part.entries) if part else [],
            list(part.left) if part else [],
        )  # fmt: skip

    def _version(
        self, tx: Transaction, peer: PeerRow, version: Version, facts: list[Fact], terms: dict[str, Period]
    ) -> VersionView:
        ours = self._amendments.office.identity().party
        row = tx.documents.get(version.hash)
        return VersionView(
            version.hash, version.base, "ours" if version.by == ours else peer.name, version.state,
            rfc3339(row.at) if row else "", _since(terms, version.hash), _until(terms, version.hash),
            _reason(facts, [version.hash]),
        )  # fmt: skip

    def _merging(self, tx: Transaction, party: str, kind: str, name: str) -> str:
        for queued in self._crossings.queued(tx, party):
            if (queued.kind, queued.name) == (kind, name):
                return f"not sent: {queued.failed}" if queued.failed else "waits until ours is withdrawn"
        return ""

    @staticmethod
    def _content(tx: Transaction, digest: str) -> Content | None:
        row = tx.documents.get(digest)
        return content_of(row) if row is not None else None


def _title(content: Content | None) -> str:
    title = (content or {}).get("title", (content or {}).get("name", ""))
    return plain(title) if isinstance(title, str) else ""


def _since(terms: dict[str, Period], digest: str) -> str:
    return rfc3339(terms[digest].since) if digest in terms else ""


def _until(terms: dict[str, Period], digest: str) -> str:
    until = terms[digest].until if digest in terms else None
    return "" if until is None else rfc3339(until)


def _reason(facts: list[Fact], digests: list[str]) -> str:
    """The last reason that was given for rejecting one of these versions."""
    said = [fact.body.reason for fact in facts if isinstance(fact.body, Rejected) and fact.subject in digests]
    return plain(said[-1]) if said else ""


__all__ = ["AtView", "DocumentView", "ProposedView", "Shelves", "VersionView"]
