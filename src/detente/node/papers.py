"""Declarations and minutes with peers: drafted from a form, signed by both, read side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from detente.errors import Malformed, Misuse
from detente.node.amendments import content_of
from detente.node.documents import Documents
from detente.node.drafts import Drafts, names_of, ours_is_wrong
from detente.node.office import Office
from detente.node.ports import PeerRow, Transaction
from detente.node.shelves import ProposedView, VersionView
from detente.pact import declarations, meetings, sheets
from detente.pact.bilingual import explain
from detente.pact.document import Document, read_document, write_document
from detente.pact.joint import Content, changes
from detente.pact.kinds import KINDS
from detente.pact.paper_forms import TEMPLATES, read_form

Format = Literal["md", "html"]


class ParagraphView(msgspec.Struct, frozen=True):
    """A paragraph of a declaration, or a point or decision of a meeting (`kind`); `minutes` and `actions` are a meeting's."""

    name: str
    kind: str
    text: dict[str, str]
    minutes: dict[str, str]
    actions: list[str]


class PaperView(msgspec.Struct, frozen=True):
    """A declaration, or the minutes of a meeting. `shown` says which version stands here: in force, proposed or draft; `authentic` is a
    declaration's, `date`, `place` and `present` are a meeting's."""

    peer: str
    kind: str
    name: str
    title: str
    shown: str
    hash: str
    since: str
    languages: list[str]
    heading: dict[str, str]
    paragraphs: list[ParagraphView]
    authentic: str
    date: str
    place: str
    present: dict[str, list[str]]
    draft: list[str]
    proposals: list[ProposedView]
    history: list[VersionView]


class Papers:
    """The use cases of one kind of text that both sign: declarations, or minutes."""

    def __init__(self, office: Office, documents: Documents, drafts: Drafts, kind: str) -> None:
        self._office, self._documents, self._drafts, self._kind = office, documents, drafts, kind

    def template(self) -> str:
        """A form to edit, as commented TOML."""
        return TEMPLATES[self._kind]

    def draft(self, peer: str, form: str) -> PaperView:
        """Keeps what a form says as the draft. Nothing is sent. Raises Misuse, saying what is not in order."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
        ours = self._office.identity().party
        name, content = read_form(self._kind, form, ours, party)
        self._check(name, content, (ours, party))
        self._drafts.change(self._kind, name, party, lambda before, parties: content)
        self._drafts.note_name(self._kind, name, party)
        return self.show(party, name)[0]

    def drop(self, peer: str, name: str) -> None:
        """Forgets a draft."""
        self._drafts.drop(self._kind, name, peer)

    def propose(self, peer: str, name: str) -> str:
        """Signs the draft and proposes it. Returns its hash."""
        return self._drafts.propose(self._kind, name, peer)

    def sign(self, peer: str, hash: str = "") -> str:
        """Signs what the peer proposed of this kind: the only one, or the one of that hash. Returns its hash."""
        waiting = [
            proposal.hash
            for view in self._documents.show(self._kind, "", peer)
            for proposal in view.proposals
            if proposal.waits == "us" and proposal.hash.startswith(hash)
        ]
        if len(waiting) != 1:
            raise Misuse(
                f"{len(waiting) or 'no'} {self._kind} of the peer's waits for your signature; name one by --hash"
            )
        return self._documents.accept(peer, waiting[0])

    def show(self, peer: str = "", name: str = "") -> list[PaperView]:
        """Every document of this kind, or those with a peer or of a name: the version in force, else a proposal, else the draft."""
        with self._office.store.snapshot() as tx:
            peers = [self._office.peer(tx, peer)] if peer else tx.peers.all()
            found = [
                (row, each)
                for row in peers
                for each in self._drafts.names(tx, self._kind, row.party)
                if name in ("", each)
            ]
        views = [self._view(row, each) for row, each in found]
        return [view for view in views if view is not None]

    def export(self, peer: str, name: str, format: Format) -> str:
        """One document as Markdown or as a page to print (html), languages side by side."""
        if format not in ("md", "html"):
            raise Misuse("declarations and minutes are exported as md or html")
        views = self.show(peer, name)
        if not views:
            raise Misuse(f"there is no {self._kind} '{name}' with this peer")
        view = views[0]
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            content, _, _ = self._shown(tx, party, name)
            names = names_of(tx, self._office.identity().party, self._office.name(tx))
        note = f"{view.shown}{' since ' + view.since if view.since else ''} {view.hash}".strip()
        if self._kind == declarations.KIND:
            declaration = declarations.read_declaration(content or {})
            draw = sheets.declaration_html if format == "html" else sheets.declaration_markdown
            return draw(declaration, note)
        minutes = meetings.read_minutes(content or {}, (self._office.identity().party, party))
        write = sheets.minutes_html if format == "html" else sheets.minutes_markdown
        return write(minutes, names, note)

    # -- inside

    def _check(self, name: str, content: Content, parties: tuple[str, str]) -> None:
        """Raises Misuse where the peer's reader would refuse what we draft."""
        explain(content, declarations.Declaration if self._kind == declarations.KIND else meetings.Minutes)
        try:
            document: Document = read_document(
                write_document(self._kind, name, "", parties, "content", content)
            )
            KINDS[self._kind].read(document, self._office.clock.now())
        except (Malformed, ValueError) as problem:
            raise ours_is_wrong(Malformed(str(problem))) from None

    def _shown(self, tx: Transaction, party: str, name: str) -> tuple[Content | None, str, str]:
        """The content to show, what it is, and its hash."""
        head = self._drafts.head(tx, self._kind, name, party)
        if head is not None:
            return content_of(head), "in force", head.hash
        rows = [r for r in tx.documents.find(kind=self._kind, party=party) if r.name == name]
        proposed = [r for r in rows if r.state == "proposed"]
        draft = self._drafts.content(tx, self._kind, name, party)
        if proposed:
            return content_of(proposed[-1]), "proposed", proposed[-1].hash
        if draft is not None:
            return draft, "draft", ""
        return (
            (content_of(rows[-1]), self._drafts.state(tx, rows[-1]), rows[-1].hash)
            if rows
            else (None, "", "")
        )

    def _view(self, row: PeerRow, name: str) -> PaperView | None:
        shelf = self._documents.show(self._kind, name, row.party)
        with self._office.store.snapshot() as tx:
            content, shown, digest = self._shown(tx, row.party, name)
            draft = self._drafts.content(tx, self._kind, name, row.party)
            head = self._drafts.head(tx, self._kind, name, row.party)
            names = names_of(tx, self._office.identity().party, self._office.name(tx))
        if content is None:
            return None
        said = changes(content_of(head) if head else None, draft) if draft is not None else []
        found = shelf[0] if shelf else None
        return PaperView(
            peer=row.name,
            kind=self._kind,
            name=name,
            shown=shown,
            hash=digest,
            since=found.since if found and shown == "in force" else "",
            draft=[str(each) for each in said],
            proposals=found.proposals if found else [],
            history=found.history if found else [],
            **self._read(content, (self._office.identity().party, row.party), names),
        )

    def _read(self, content: Content, parties: tuple[str, str], names: Mapping[str, str]) -> dict[str, Any]:
        """The members of a view that come from the content."""
        if self._kind == declarations.KIND:
            declaration = declarations.read_declaration(content)
            paragraphs = [ParagraphView(p, "paragraph", e.text, {}, []) for p, e in declaration.paragraphs()]
            own: dict[str, Any] = {"authentic": declaration.authentic, "date": "", "place": "", "present": {}}
            head: declarations.Declaration | meetings.Minutes = declaration
        else:
            minutes = meetings.read_minutes(content, parties)
            paragraphs = [
                ParagraphView(p, e.kind, e.text, e.minutes, list(e.actions)) for p, e in minutes.points()
            ]
            present = {names.get(party, party): list(there) for party, there in minutes.present.items()}
            own = {"authentic": "", "date": minutes.date, "place": minutes.place, "present": present}
            head = minutes
        languages, title = list(head.languages), head.title
        return {
            "title": title,
            "languages": languages,
            "heading": head.heading,
            "paragraphs": paragraphs,
            **own,
        }


__all__ = ["PaperView", "Papers", "ParagraphView"]
