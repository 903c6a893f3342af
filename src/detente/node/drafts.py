"""Drafts of joint documents: what a party works on at home before it proposes it. A draft follows the version in force, and goes along when that changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from detente.errors import Malformed, Misuse, NotAgreed, Refused
from detente.node.amendments import Amendments, content_of
from detente.node.documents import Documents
from detente.node.ports import DocumentRow, Transaction
from detente.pact.joint import Conflicts, Content, merge


class _Kept(msgspec.Struct, frozen=True):
    base: str
    content: dict[str, Any]


class Drafts:
    """Keeps one draft for each document (kind, name) with each peer. Nothing of it leaves before it is proposed."""

    def __init__(self, amendments: Amendments, documents: Documents) -> None:
        self.office, self.documents, self._amendments = amendments.office, documents, amendments

    def content(self, tx: Transaction, kind: str, name: str, party: str) -> Content | None:
        """The draft, on the version in force now; None where there is none.

        Raises Refused with every value on which the draft and a version that came into force meanwhile collide.
        """
        data = tx.settings.get(_name(kind, name, party))
        if not data:
            return None
        kept = msgspec.json.decode(data, type=_Kept)
        head = self.head(tx, kind, name, party)
        if head is None or head.hash == kept.base:
            return kept.content
        found = merge(self._content(tx, kept.base), kept.content, content_of(head))
        if isinstance(found, Conflicts):
            raise Refused(
                "a version that came into force collides with your draft: "
                + "; ".join(str(each) for each in found.found)
                + "; drop the draft and begin it anew"
            )
        return found.content

    def change(
        self, kind: str, name: str, peer: str, edit: Callable[[Content | None, tuple[str, str]], Content]
    ) -> None:
        """Replaces the draft by what `edit` makes of it, or of the version in force where there is none; `edit` is given both party ids, ours
        first."""
        office = self.office
        with office.store.transaction() as tx:
            office.require_writable(tx)
            party = office.peer(tx, peer).party
            head = self.head(tx, kind, name, party)
            before = self.content(tx, kind, name, party)
            if before is None and head is not None:
                before = content_of(head)
            content = dict(edit(before, (office.identity().party, party)))
            kept = msgspec.json.encode(_Kept(head.hash if head else "", content))
            tx.settings.put(_name(kind, name, party), kept)

    def drop(self, kind: str, name: str, peer: str) -> None:
        """Forgets a draft. Misuse where there is none."""
        with self.office.store.transaction() as tx:
            party = self.office.peer(tx, peer).party
            if not tx.settings.get(_name(kind, name, party)):
                raise Misuse(f"there is no draft of the {kind} '{name}' with this peer")
            tx.settings.put(_name(kind, name, party), b"")

    def propose(self, kind: str, name: str, peer: str) -> str:
        """Signs the draft and proposes it; it is a draft no more. Returns the version's hash."""
        with self.office.store.snapshot() as tx:
            party = self.office.peer(tx, peer).party
            content = self.content(tx, kind, name, party)
        if content is None:
            raise Misuse(f"there is no draft of the {kind} '{name}' with this peer to propose")
        digest = self.documents.propose(kind, name, content, party)
        self.drop(kind, name, party)
        return digest

    def head(self, tx: Transaction, kind: str, name: str, party: str) -> DocumentRow | None:
        """The version in force now, by the journal: what was revoked is none."""
        head = self._amendments.shelf(tx, party, kind, name).head
        return tx.documents.get(head.hash) if head is not None and head.state == "in_force" else None

    def state(self, tx: Transaction, row: DocumentRow) -> str:
        """What became of a version, in a word or two."""
        shelf = self._amendments.shelf(tx, row.party, row.kind, row.name)
        found = next((each.state for each in shelf.versions if each.hash == row.hash), row.state)
        return found.replace("_", " ")

    def names(self, tx: Transaction, kind: str, party: str) -> list[str]:
        """The names of a kind's documents and drafts with a peer."""
        kept = tx.settings.get(f"drafts.{kind}.{party}")
        drafted = msgspec.json.decode(kept, type=list[str]) if kept else []
        return sorted({row.name for row in tx.documents.find(kind=kind, party=party)} | set(drafted))

    def note_name(self, kind: str, name: str, peer: str) -> None:
        """Remembers that there is, or was, a draft of this name."""
        with self.office.store.transaction() as tx:
            party = self.office.peer(tx, peer).party
            names = sorted({*self.names(tx, kind, party), name})
            tx.settings.put(f"drafts.{kind}.{party}", msgspec.json.encode(names))

    @staticmethod
    def _content(tx: Transaction, digest: str) -> Content | None:
        row = tx.documents.get(digest) if digest else None
        if digest and row is None:
            raise NotAgreed("the version that the draft follows is not here; drop the draft")
        return content_of(row) if row else None

    def today(self) -> date:
        """The day by the node's clock, in UTC."""
        return datetime.fromtimestamp(self.office.clock.now() / 1000, UTC).date()


def ours_is_wrong(problem: Malformed) -> Misuse:
    """What is malformed in our own draft is our mistake."""
    return Misuse(f"this cannot be proposed: {problem}")


def _name(kind: str, name: str, party: str) -> str:
    return f"draft.{kind}.{party}.{name}"


def names_of(tx: Transaction, ours: str, our_name: str) -> Mapping[str, str]:
    """What pictures and sheets call the parties."""
    return {ours: our_name, **{peer.party: peer.name for peer in tx.peers.all()}}
