"""Joint documents of every kind: proposed, countered, accepted whole or in part, merged, withdrawn, revoked; and what
was in force when. spec/amendment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from detente.ceremonies.amendment import write_revocation
from detente.ceremonies.versions import read_terms
from detente.errors import Malformed, Misuse, NotAgreed, Refused
from detente.node.amendments import Amendments, Waiting, content_of
from detente.node.crossings import Crossings
from detente.node.ports import PeerRow, Transaction
from detente.node.shelves import AtView, DocumentView, Shelves
from detente.pact.document import Shelf, Version, read_document, write_document
from detente.pact.joint import Conflicts, Content, changes, merge, part
from detente.pact.kinds import KINDS, READERS
from detente.pact.unilateral import STATEMENTS
from detente.wire.canonical import canonical
from detente.wire.instant import Instant


class Crossed(msgspec.Struct, frozen=True):
    """What came of merging: the hash of the version that holds both proposals, or why there is none."""

    hash: str
    changes: list[str]
    conflicts: list[str]


class Documents:
    """The use cases of joint documents; their conversations are the room of amendment's."""

    def __init__(self, amendments: Amendments) -> None:
        self._amendments, self._office = amendments, amendments.office
        self._crossings = Crossings(amendments)
        self._shelves = Shelves(amendments, self._crossings)

    # -- what is there

    def show(self, kind: str = "", name: str = "", peer: str = "") -> list[DocumentView]:
        """Every document, or those of a kind, name or peer: what is in force, what waits with its changes in words,
        and every version there was. Agreements are shown where they are asked for by kind."""
        with self._office.store.snapshot() as tx:
            return [
                self._shelves.view(tx, row, each_kind, each_name)
                for row in self._peers(tx, peer)
                for each_kind, each_name in self._names(tx, row.party)
                if (kind == each_kind or (not kind and each_kind != "agreement")) and name in ("", each_name)
            ]

    def at(self, begin: Instant, end: Instant | None = None, peer: str = "") -> list[AtView]:
        """What was in force at an instant, or at any instant from `begin` on and before `end`; agreements too."""
        with self._office.store.snapshot() as tx:
            until = begin + 1 if end is None else end
            return [view for row in self._peers(tx, peer) for view in self._shelves.at(tx, row, begin, until)]

    def current(self, kind: str, name: str, peer: str) -> Content | None:
        """The content that is in force now; None where there is none."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            head = self._amendments.shelf(tx, party, kind, name).head
            row = tx.documents.get(head.hash) if head and head.state == "in_force" else None
            return content_of(row) if row else None

    def diff(self, kind: str, name: str, content: Content, peer: str) -> list[str]:
        """What content would change of what is in force, in words. Nothing is sent. Raises Misuse for what no document
        can hold."""
        try:
            canonical(content)
        except ValueError as problem:
            raise Misuse(f"this is no content of a joint document: {problem}") from None
        return [each.sentence for each in changes(self.current(kind, name, peer), content)]

    # -- what people do

    def propose(self, kind: str, name: str, content: Content, peer: str) -> str:
        """Signs a version on the one in force and proposes it. Returns its hash. Raises Misuse for content that is not
        of its kind, Refused where a proposal of ours is open or the agreement is suspended."""
        if kind not in KINDS:
            raise Misuse(f"no joint documents of the kind '{kind}'; there are {', '.join(sorted(KINDS))}")
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            payload = self._payload(tx, party, kind, name, content)
        return self._amendments.begin(party, payload)

    def accept(self, peer: str, hash: str = "") -> str:
        """Signs what the peer proposed, whole. Returns its hash."""
        return self._amendments.accept(self._waiting(peer, hash))

    def accept_part(self, peer: str, hash: str, entries: Sequence[str], reason: str = "") -> str:
        """Signs these entries of what the peer proposed, and nothing else: a counter-proposal that it signs, or not.
        Returns the new hash. "." names the document's own members."""
        waiting = self._waiting(peer, hash)
        row, ask = waiting
        with self._office.store.snapshot() as tx:
            theirs = self._content(tx, ask["hash"])
            base = self._content(tx, ask["base"]) if ask["base"] else None
            content = part(base, theirs, entries)
            payload = self._payload(tx, row.party, ask["document"], ask["name"], content)
        return self._amendments.counter(waiting, payload, reason)

    def counter(self, peer: str, hash: str, content: Content, reason: str = "") -> str:
        """Rejects what the peer proposed and proposes this in its place. Returns the new hash."""
        waiting = self._waiting(peer, hash)
        row, ask = waiting
        with self._office.store.snapshot() as tx:
            payload = self._payload(tx, row.party, ask["document"], ask["name"], content)
        if read_document(payload).hash == ask["hash"]:
            raise Misuse("that is what the peer proposed; accept it")
        return self._amendments.counter(waiting, payload, reason)

    def reject(self, peer: str, hash: str = "", reason: str = "") -> str:
        """Declines what the peer proposed, with a reason that it is told."""
        return self._amendments.reject(self._waiting(peer, hash), reason)

    def withdraw(self, peer: str, hash: str = "") -> str:
        """Takes back a proposal of ours; it is gone once the peer has acknowledged that. Raises Refused where both have
        signed it: what is in force is amended or revoked, never withdrawn."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            live = self._ours(tx, party)
            found = [each for each in live if each.hash.startswith(hash)]
            agreed = [
                d for d in tx.documents.find(party=party) if hash and d.hash.startswith(hash) and d.since
            ]
            under_way = self._amendments.under_way(tx, party, found[0].hash) if len(found) == 1 else None
        if not found and agreed:
            raise Refused("both have signed that version: propose another, or `detente joint revoke` it")
        if not found:
            raise Misuse("no proposal of ours waits for an answer; `detente joint show` lists what there is")
        if len(found) > 1:
            raise Misuse(f"{len(found)} proposals of ours wait; name one by its hash")
        if under_way is None:
            raise Misuse("that proposal has no conversation any more; `detente joint show` tells its state")
        self._amendments.withdraw(under_way.id)
        return found[0].hash

    def revoke(
        self, kind: str, name: str, peer: str, reason: str = "", effective: Instant | None = None
    ) -> str:
        """Says that a document no longer binds us, from now or a later instant on; the peer is told. Returns the
        statement's hash."""
        now = self._office.clock.now()
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            head = self._amendments.shelf(tx, party, kind, name).head
        if kind == "agreement":
            raise Misuse("an agreement ends with notice: `detente agreement end`")
        if head is None or head.state != "in_force":
            raise NotAgreed(f"no {kind} '{name}' is in force with this peer")
        ours, pair = self._office.identity().party, self._amendments.pair(party)
        at = max(now, effective or now)
        payload = write_revocation(kind, name, head.hash, pair, ours, now, at, reason)
        return self._amendments.begin(party, payload)

    def merge(self, peer: str, kind: str, name: str) -> Crossed:
        """Brings two proposals that crossed together: ours is withdrawn and the union of both goes in its place, the
        same bytes whichever side merges. Where values conflict nothing is done, and each is listed."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            shelf = self._amendments.shelf(tx, party, kind, name)
            ours, theirs = self._crossing(shelf)
            base = self._content(tx, shelf.base) if shelf.base else None
            found = merge(base, self._content(tx, ours.hash), self._content(tx, theirs.hash))
            if isinstance(found, Conflicts):
                return Crossed("", [], [each.sentence for each in found.found])
            payload = self._payload(tx, party, kind, name, found.content)
        self._crossings.order(party, payload, ours.hash, theirs.hash)
        return Crossed(
            read_document(payload).hash, [each.sentence for each in changes(base, found.content)], []
        )

    def pump(self, peer: str) -> bool:
        """Sends what waited for the peer's acknowledgement; True where something was begun."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
        return self._crossings.pump(party)

    # -- inside

    def _payload(self, tx: Transaction, party: str, kind: str, name: str, content: Content) -> bytes:
        """The next version of a document, which this node itself can read. Raises Misuse."""
        shelf = self._amendments.shelf(tx, party, kind, name)
        pair, member = self._amendments.pair(party), "terms" if kind == "agreement" else "content"
        try:
            payload = write_document(kind, name, shelf.base, pair, member, content)
            document = read_document(payload)
            reader = read_terms if kind == "agreement" else READERS[kind]
            reader(document, self._office.clock.now())
        except (Malformed, ValueError) as problem:
            raise Misuse(f"this is no {kind}: {problem}") from None
        base = self._content(tx, shelf.base) if shelf.base else None
        if base is not None and canonical(base) == canonical(content) and shelf.head and _binds(shelf.head):
            raise Misuse("that is in force already, word for word")
        self._amendments.require_own_word(tx, party, document, self._office.identity().party)
        return payload

    @staticmethod
    def _content(tx: Transaction, digest: str) -> Content:
        row = tx.documents.get(digest)
        if row is None:
            raise NotAgreed("a version is named in the journal but its text is not here; restore a backup")
        return content_of(row)

    def _crossing(self, shelf: Shelf) -> tuple[Version, Version]:
        party = self._office.identity().party
        ours = [each for each in shelf.proposals if each.by == party]
        theirs = [each for each in shelf.proposals if each.by != party]
        if not ours or not theirs:
            raise Misuse("nothing to merge: merging takes a proposal of each side on the same version")
        return ours[0], theirs[0]

    def _ours(self, tx: Transaction, party: str) -> list[Version]:
        ours = self._office.identity().party
        return [
            version
            for kind, name in self._names(tx, party)
            for version in self._amendments.shelf(tx, party, kind, name).proposals
            if version.by == ours
        ]

    def _waiting(self, peer: str, digest: str) -> Waiting:
        """The peer's proposal that waits for us: the only one, or the one of that hash."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            waiting = self._amendments.waiting(tx, party)
        versions = [each for each in waiting if each[1]["document"] not in STATEMENTS]
        found = [each for each in versions if str(each[1]["hash"]).startswith(digest)]
        if not found:
            raise Misuse(
                "the peer has proposed nothing that waits here; `detente joint show` lists what there is"
            )
        if len(found) > 1:
            raise Misuse(f"{len(found)} proposals wait; name one by its hash")
        return found[0]

    @staticmethod
    def _names(tx: Transaction, party: str) -> Iterable[tuple[str, str]]:
        return sorted({(d.kind, d.name) for d in tx.documents.find(party=party)})

    def _peers(self, tx: Transaction, peer: str) -> list[PeerRow]:
        return [self._office.peer(tx, peer)] if peer else list(tx.peers.all())


def _binds(version: Version) -> bool:
    return version.state in ("in_force", "suspended")


__all__ = ["Crossed", "Documents"]
