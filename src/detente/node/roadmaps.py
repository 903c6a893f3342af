"""Roadmaps with peers: actions drafted at home, signed by both, and what of them presses today."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from detente.errors import Malformed, Misuse
from detente.node.amendments import content_of
from detente.node.documents import Documents
from detente.node.drafts import Drafts, names_of, ours_is_wrong
from detente.node.office import Office
from detente.node.ports import PeerRow, Transaction
from detente.pact import declarations, meetings
from detente.pact.bilingual import explain
from detente.pact.joint import Content, changes, plain
from detente.pact.roadmap import KIND, Action, Roadmap, Source, Standing, Status, read_roadmap, survey
from detente.pact.sheets import roadmap_csv, roadmap_markdown
from detente.pact.timeline import timeline

Format = Literal["svg", "csv", "md"]

_FROM = re.compile(r"([0-9a-f]{6,64}|[a-z][a-z0-9-]{0,39})[#:](p[1-9][0-9]{0,2})")


class ActionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to write into an action; None leaves it as it is. `evidence` is added by name, and taken out where the link is ""; `source` is
    "DECLARATION:p2", by its name or the beginning of its hash, or "" for none."""

    text: dict[str, str] | None = None
    ours: str | None = None
    theirs: str | None = None
    start: str | None = None
    due: str | None = None
    after: list[str] | None = None
    status: Status | None = None
    evidence: dict[str, tuple[str, str]] = {}  # name -> words, link
    source: str | None = None


class EvidenceView(msgspec.Struct, frozen=True):
    name: str
    text: str
    link: str


class SourceView(msgspec.Struct, frozen=True):
    """The paragraph from which an action descends. `state` is that of the version named, "not known here" where it is not."""

    document: str
    name: str
    paragraph: str
    state: str
    text: dict[str, str]


class ActionView(msgspec.Struct, frozen=True):
    """One action today: `state` is its status, or overdue, or blocked; `late` in days."""

    slug: str
    peer: str
    roadmap: str
    text: dict[str, str]
    ours: str
    theirs: str
    start: str
    due: str
    status: str
    state: str
    late: int
    after: list[str]
    blocked_by: list[str]
    behind: list[str]
    evidence: list[EvidenceView]
    source: SourceView | None


class DecisionView(msgspec.Struct, frozen=True):
    """What a meeting decided, as both signed it. `minutes` names the document and its hash."""

    slug: str
    text: dict[str, str]
    date: str
    minutes: str
    hash: str
    actions: list[str]


class RoadmapView(msgspec.Struct, frozen=True):
    """A roadmap with a peer: what is in force, what the draft would change in words, and what was decided."""

    peer: str
    name: str
    title: str
    heading: dict[str, str]
    hash: str
    state: str
    today: str
    actions: list[ActionView]
    decisions: list[DecisionView]
    draft: list[str]
    proposals: list[str]


class Roadmaps:
    """The use cases of roadmaps, on top of joint documents."""

    def __init__(self, office: Office, documents: Documents, drafts: Drafts) -> None:
        self._office, self._documents, self._drafts = office, documents, drafts

    # -- drafting

    def start(
        self, peer: str, heading: Mapping[str, str], name: str = "main", title: str = ""
    ) -> RoadmapView:
        """Begins a roadmap, or renames one: its heading says in which languages all of it stands."""

        def edit(before: Content | None, parties: tuple[str, str]) -> Content:
            entries = before["entries"] if before else {}
            languages = list(heading)
            shown = title or next(iter(heading.values()), "")
            return {"title": shown, "languages": languages, "heading": dict(heading), "entries": entries}

        return self._edit(peer, name, edit)

    def add(self, peer: str, slug: str, form: ActionForm, name: str = "main") -> RoadmapView:
        """Adds an action to the draft. Raises Misuse for one that is there, or that is not in order."""

        source = self._source(peer, form.source)

        def edit(before: Content | None, parties: tuple[str, str]) -> Content:
            if before is None:
                raise Misuse("there is no roadmap yet; `detente roadmap start` begins one")
            if slug in before["entries"]:
                raise Misuse(f"there is an action '{slug}' already; `detente roadmap set` changes it")
            ours, theirs = parties
            new: dict[str, Any] = {
                "text": {}, "owners": {ours: "", theirs: ""}, "start": "", "due": "", "after": [], "status": "planned",
                "evidence": {}, "source": None,
            }  # fmt: skip
            return _with(before, slug, _filled(new, form, parties, source))

        return self._edit(peer, name, edit)

    def set(self, peer: str, slug: str, form: ActionForm, name: str = "main") -> RoadmapView:
        """Changes an action in the draft: what the form says and nothing else."""

        source = self._source(peer, form.source)

        def edit(before: Content | None, parties: tuple[str, str]) -> Content:
            return _with(before or {}, slug, _filled(_action(before, slug), form, parties, source))

        return self._edit(peer, name, edit)

    def remove(self, peer: str, slug: str, name: str = "main") -> RoadmapView:
        """Takes an action out of the draft."""

        def edit(before: Content | None, parties: tuple[str, str]) -> Content:
            _action(before, slug)
            whole = dict(before or {})
            whole["entries"] = {each: action for each, action in whole["entries"].items() if each != slug}
            return whole

        return self._edit(peer, name, edit)

    def drop(self, peer: str, name: str = "main") -> RoadmapView:
        """Forgets the draft."""
        self._drafts.drop(KIND, name, peer)
        return self.show(peer, name)

    def propose(self, peer: str, name: str = "main") -> str:
        """Signs the draft and proposes it. Returns its hash."""
        return self._drafts.propose(KIND, name, peer)

    # -- looking

    def show(self, peer: str, name: str = "main") -> RoadmapView:
        """A roadmap as it stands today. Misuse where there is none."""
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            found = self._view(tx, row, name)
        return msgspec.structs.replace(found, proposals=self._proposals(row.party, name))

    def pressing(self, peer: str = "") -> list[ActionView]:
        """What somebody must look at, in every roadmap in force: overdue, blocked, or due before what it waits for. The most overdue first."""
        with self._office.store.snapshot() as tx:
            peers = [self._office.peer(tx, peer)] if peer else tx.peers.all()
            found = [
                action
                for row in peers
                for name in self._drafts.names(tx, KIND, row.party)
                if self._drafts.head(tx, KIND, name, row.party) is not None
                for action in self._view(tx, row, name).actions
            ]
        found = [each for each in found if each.late or each.blocked_by or each.behind]
        return sorted(found, key=lambda each: (-each.late, each.due, each.slug))

    def export(self, peer: str, format: Format, name: str = "main") -> str:
        """The roadmap in force, or the draft where none is, as a picture (svg), a table (csv) or a page (md)."""
        drawers: dict[str, Callable[..., str]] = {
            "svg": timeline, "csv": roadmap_csv, "md": roadmap_markdown,
        }  # fmt: skip
        if format not in drawers:
            raise Misuse("a roadmap is exported as svg, csv or md")
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            roadmap, _ = self._roadmap(tx, row.party, name)
            names = names_of(tx, self._office.identity().party, self._office.name(tx))
        return drawers[format](roadmap, self._drafts.today(), names)

    # -- inside

    def _edit(
        self, peer: str, name: str, edit: Callable[[Content | None, tuple[str, str]], Content]
    ) -> RoadmapView:
        def checked(before: Content | None, parties: tuple[str, str]) -> Content:
            content = edit(before, parties)
            explain(content, Roadmap)
            try:
                read_roadmap(content, parties)
            except Malformed as problem:
                raise ours_is_wrong(problem) from None
            return content

        self._drafts.change(KIND, name, peer, checked)
        self._drafts.note_name(KIND, name, peer)
        return self.show(peer, name)

    def _source(self, peer: str, written: str | None) -> dict[str, str] | None:
        """The paragraph that "DECLARATION:p2" names: of a declaration in force by its name, or of any version by its hash."""
        if not written:
            return None
        match = _FROM.fullmatch(written)
        if match is None:
            raise Misuse("an action descends from a paragraph: write DECLARATION:p2, by its name or its hash")
        wanted, paragraph = match.groups()
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            rows = tx.documents.find(kind=declarations.KIND, party=party)
            head = self._drafts.head(tx, declarations.KIND, wanted, party)
            found = [head] if head else [r for r in rows if len(wanted) >= 6 and r.hash.startswith(wanted)]
            if len(found) != 1:
                raise Misuse(
                    f"no single declaration {wanted} with this peer; `detente declarations show` lists them"
                )
            if paragraph not in content_of(found[0])["entries"]:
                raise Misuse(f"the declaration has no paragraph {paragraph}")
        return {"document": found[0].hash, "paragraph": paragraph}

    def _roadmap(self, tx: Transaction, party: str, name: str) -> tuple[Roadmap, str]:
        """The roadmap to show, and the hash of the version in force, "" where there is none and the draft is shown."""
        head = self._drafts.head(tx, KIND, name, party)
        content = content_of(head) if head else self._drafts.content(tx, KIND, name, party)
        if content is None:
            raise Misuse(f"there is no roadmap '{name}' with this peer; `detente roadmap start` begins one")
        return read_roadmap(content, (self._office.identity().party, party)), head.hash if head else ""

    def _view(self, tx: Transaction, row: PeerRow, name: str) -> RoadmapView:
        roadmap, digest = self._roadmap(tx, row.party, name)
        draft = self._drafts.content(tx, KIND, name, row.party)
        head = self._drafts.head(tx, KIND, name, row.party)
        said = changes(content_of(head) if head else None, draft) if draft else []
        today = self._drafts.today()
        actions = [self._action(tx, row, name, each) for each in survey(roadmap, today)]
        return RoadmapView(
            row.name, name, roadmap.title, roadmap.heading, digest, "in force" if digest else "draft",
            today.isoformat(), actions, self._decisions(tx, row.party), [str(each) for each in said], [],
        )  # fmt: skip

    def _action(self, tx: Transaction, row: PeerRow, name: str, standing: Standing) -> ActionView:
        action: Action = standing.action
        evidence = [EvidenceView(each, e.text, e.link) for each, e in sorted(action.evidence.items())]
        return ActionView(
            standing.slug, row.name, name, action.text, action.owners[self._office.identity().party],
            action.owners[row.party], action.start, action.due, action.status, standing.state, standing.late,
            list(action.after), list(standing.blocked_by), list(standing.behind), evidence,
            self._source_view(tx, action.source) if action.source else None,
        )  # fmt: skip

    def _source_view(self, tx: Transaction, source: Source) -> SourceView:
        row = tx.documents.get(source.document)
        if row is None or row.kind != declarations.KIND:
            return SourceView(source.document, "", source.paragraph, "not known here", {})
        entries = declarations.read_declaration(content_of(row)).entries
        paragraph = entries.get(source.paragraph)
        text = paragraph.text if paragraph else {}
        return SourceView(row.hash, row.name, source.paragraph, self._drafts.state(tx, row), text)

    def _decisions(self, tx: Transaction, party: str) -> list[DecisionView]:
        """What both signed as decided, oldest meeting first."""
        parties = (self._office.identity().party, party)
        names = self._drafts.names(tx, meetings.KIND, party)
        rows = [row for name in names if (row := self._drafts.head(tx, meetings.KIND, name, party))]
        held = [(meetings.read_minutes(content_of(row), parties), row) for row in rows]
        return [
            DecisionView(slug, point.text, minutes.date, row.name, row.hash, list(point.actions))
            for minutes, row in sorted(held, key=lambda each: (each[0].date, each[1].name))
            for slug, point in minutes.decisions()
        ]

    def _proposals(self, party: str, name: str) -> list[str]:
        """What waits for a signature, in sentences."""
        return [
            f"{proposal.hash[:12]} by {plain(proposal.by)}, waits for {proposal.waits}: {'; '.join(proposal.changes)}"
            for view in self._documents.show(KIND, name, party)
            for proposal in view.proposals
        ]


def _action(content: Content | None, slug: str) -> Mapping[str, Any]:
    found = (content or {}).get("entries", {}).get(slug)
    if found is None:
        raise Misuse(f"there is no action '{slug}'; `detente roadmap show` lists them")
    action: Mapping[str, Any] = found
    return action


def _filled(
    action: Mapping[str, Any], form: ActionForm, parties: tuple[str, str], source: Mapping[str, str] | None
) -> dict[str, Any]:
    """An action with what the form says."""
    ours, theirs = parties
    new = dict(action)
    for member in ("start", "due", "after", "status"):
        value = getattr(form, member)
        if value is not None:
            new[member] = value
    new["text"] = {**new["text"], **(form.text or {})}
    new["owners"] = dict(new["owners"])
    for party, owner in ((ours, form.ours), (theirs, form.theirs)):
        if owner is not None:
            new["owners"][party] = owner
    evidence = dict(new["evidence"])
    for named, (words, link) in form.evidence.items():
        evidence.pop(named, None)
        if link:
            evidence[named] = {"text": words, "link": link}
    new["evidence"] = evidence
    if form.source is not None:
        new["source"] = source
    return new


def _with(content: Content, slug: str, action: Mapping[str, Any]) -> Content:
    return {**content, "entries": {**content["entries"], slug: dict(action)}}


__all__ = ["ActionForm", "ActionView", "DecisionView", "RoadmapView", "Roadmaps"]
