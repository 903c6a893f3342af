"""Incident reports with peers: drafted from a form, tracks attached by hash, signed by both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from detente.errors import Malformed, Misuse
from detente.node.agreements import Agreements
from detente.node.amendments import content_of
from detente.node.documents import Documents
from detente.node.drafts import Drafts, names_of, ours_is_wrong
from detente.node.office import Office
from detente.node.ports import PeerRow, Transaction
from detente.node.shelves import ProposedView
from detente.pact.bilingual import explain
from detente.pact.document import read_document, write_document
from detente.pact.incident import (
    KIND,
    TEMPLATE,
    Incident,
    Track,
    incident_markdown,
    read_form,
    read_incident,
    reader,
    with_tracks,
)
from detente.pact.joint import Content


class TrackView(msgspec.Struct, frozen=True):
    """A file that a party keeps."""

    party: str
    file: str
    bytes: int
    sha256: str


class IncidentView(msgspec.Struct, frozen=True):
    """A report: the version in force, else proposed, else the draft (`shown`). `agreement_state` is that of the agreement with the peer."""

    peer: str
    name: str
    title: str
    shown: str
    hash: str
    begin: str
    end: str
    languages: list[str]
    heading: dict[str, str]
    place: dict[str, str]
    paragraphs: list[dict[str, str]]
    conflict: str
    notices: list[str]
    tracks: list[TrackView]
    proposals: list[ProposedView]
    agreement_state: str


class Incidents:
    """The use cases of incident reports."""

    def __init__(self, office: Office, agreements: Agreements, documents: Documents, drafts: Drafts) -> None:
        self._office, self._agreements = office, agreements
        self._documents, self._drafts = documents, drafts

    def template(self) -> str:
        """A form to edit, as commented TOML."""
        return TEMPLATE

    def draft(self, peer: str, form: str, tracks: Sequence[Track] = ()) -> IncidentView:
        """Keeps what a form says as the draft, with our tracks; those of the peer stay as they are in force. Nothing is sent. Raises Misuse."""
        party = self._party(peer)
        ours = self._office.identity().party
        name, content = read_form(form, ours, party)

        def edit(before: Content | None, parties: tuple[str, str]) -> Content:
            kept = {**content, "tracks": before["tracks"]} if before else content
            return self._checked(name, with_tracks(kept, ours, tracks), parties)

        self._drafts.change(KIND, name, party, edit)
        self._drafts.note_name(KIND, name, party)
        return self.show(party, name)[0]

    def propose(self, peer: str, name: str) -> str:
        """Signs the draft and proposes it. Returns its hash."""
        return self._drafts.propose(KIND, name, peer)

    def sign(self, peer: str, name: str, tracks: Sequence[Track] = ()) -> str:
        """Signs what the peer proposed. With tracks of ours: proposes the same with them attached, which the peer then signs. Returns the hash."""
        party = self._party(peer)
        views = self._documents.show(KIND, name, party)
        waiting = [each.hash for view in views for each in view.proposals if each.waits == "us"]
        if len(waiting) != 1:
            raise Misuse(
                f"{len(waiting) or 'no'} proposals of the report '{name}' wait for your signature; `detente joint show` lists them"
            )
        if not tracks:
            return self._documents.accept(party, waiting[0])
        with self._office.store.snapshot() as tx:
            row = tx.documents.get(waiting[0])
            assert row is not None  # it waits
            content = with_tracks(content_of(row), self._office.identity().party, tracks)
        parties = (self._office.identity().party, party)
        return self._documents.counter(
            party, waiting[0], self._checked(name, content, parties), "the same, with our tracks attached"
        )

    def show(self, peer: str = "", name: str = "") -> list[IncidentView]:
        """Reports with a peer, or of a name; "" is all."""
        with self._office.store.snapshot() as tx:
            peers = [self._office.peer(tx, peer)] if peer else tx.peers.all()
            found = [
                (row, each)
                for row in peers
                for each in self._drafts.names(tx, KIND, row.party)
                if name in ("", each)
            ]
        return [view for row, each in found for view in self._views(row, each)]

    def export(self, peer: str, name: str) -> str:
        """One report as Markdown, languages side by side."""
        party = self._party(peer)
        with self._office.store.snapshot() as tx:
            content, shown, digest = self._shown(tx, party, name)
            names = names_of(tx, self._office.identity().party, self._office.name(tx))
        if content is None:
            raise Misuse(f"there is no incident report '{name}' with this peer")
        return incident_markdown(self._read(content, party), names, f"{shown} {digest}".strip())

    # -- inside

    def _party(self, peer: str) -> str:
        with self._office.store.snapshot() as tx:
            return self._office.peer(tx, peer).party

    def _read(self, content: Content, party: str) -> Incident:
        return read_incident(content, (self._office.identity().party, party))

    def _checked(self, name: str, content: Content, parties: tuple[str, str]) -> Content:
        """The content, once the peer's reader would take it. Raises Misuse."""
        explain(content, Incident)
        try:
            document = read_document(write_document(KIND, name, "", parties, "content", content))
            reader(document, self._office.clock.now())
        except (Malformed, ValueError) as problem:
            raise ours_is_wrong(Malformed(str(problem))) from None
        return content

    def _shown(self, tx: Transaction, party: str, name: str) -> tuple[Content | None, str, str]:
        """The content to show, what it is, and its hash."""
        head = self._drafts.head(tx, KIND, name, party)
        if head is not None:
            return content_of(head), "in force", head.hash
        rows = [r for r in tx.documents.find(kind=KIND, party=party, state="proposed") if r.name == name]
        if rows:
            return content_of(rows[-1]), "proposed", rows[-1].hash
        return self._drafts.content(tx, KIND, name, party), "draft", ""

    def _views(self, row: PeerRow, name: str) -> Iterable[IncidentView]:
        shelf = self._documents.show(KIND, name, row.party)
        with self._office.store.snapshot() as tx:
            content, shown, digest = self._shown(tx, row.party, name)
            names = names_of(tx, self._office.identity().party, self._office.name(tx))
            state = self._agreements.standing(tx, row.party).state
        if content is None:
            return
        found = self._read(content, row.party)
        tracks = [
            TrackView(names.get(party, party), track.file, track.bytes, track.sha256)
            for party, attached in sorted(found.tracks.items())
            for track in attached
        ]
        yield IncidentView(
            row.name, name, found.title, shown, digest, found.begin, found.end, list(found.languages), found.heading, found.place,
            [paragraph.text for _, paragraph in found.paragraphs()], found.conflict, list(found.notices), tracks,
            shelf[0].proposals if shelf else [], state,
        )  # fmt: skip


def track(file: str, pieces: Iterable[bytes]) -> Track:
    """What stands in a report for a file, read in pieces; the file itself stays where it is.

    >>> track("radar.csv", [b"t,lat", b",lon"]).bytes
    9
    """
    digest, size = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    return Track(file, size, digest.hexdigest())


__all__ = ["IncidentView", "Incidents", "TrackView", "track"]
