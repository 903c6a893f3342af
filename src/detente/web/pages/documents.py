"""What both sign together: the joint list, roadmaps, declarations, minutes; each with its versions, and proposals answered in place."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from detente.api.failure import failure
from detente.errors import DetenteError, Misuse
from detente.node.groupviews import JointView
from detente.web.visit import Page, Visit

STATES = ("both", "ours", "theirs", "disputed", "neither")
STATUSES = ("planned", "under-way", "done", "dropped")
SHOWN = 500


def show(visit: Visit) -> Response:
    """Every joint document but the agreement, with what waits for a signature."""
    found = [view for view in visit.call("joint", "show") if view.kind != "agreement"]
    overview = visit.console.overview()
    names = {overview.party: overview.name, **{p.party: p.name for p in overview.peers}}

    def named(change: str) -> str:
        """A change in words, with the parties' names in the place of their ids."""
        for party, name in names.items():
            change = change.replace(party, name)
        return change

    return visit.page("documents.html", documents=found, named=named)


def act(visit: Visit) -> Response:
    """Sign, decline or take back a proposal."""
    what, form = visit.shown["act"], visit.form
    given = {
        "peer": form.get("peer", ""),
        "hash": form.get("hash", ""),
        "reason": form.get("reason", "")[:1000],
    }
    if what not in ("accept", "reject", "withdraw"):
        return visit.go("/documents")
    visit.call("joint", what, **given)
    return visit.go("/documents", {"accept": "signed", "reject": "rejected"}.get(what, "withdrawn"))


def joint(visit: Visit) -> Response:
    """The joint list with a peer: both parties' words on each group."""
    peer, names = _peer(visit)
    view: JointView | None = None
    problem = None
    if peer:
        try:
            view = visit.call("groups", "show", peer=peer)
        except DetenteError as error:
            problem = failure(error)
    state, text = visit.query.get("state", ""), visit.query.get("text", "").strip().casefold()[:100]
    groups = view.groups if view else []
    groups = [g for g in groups if not state or g.state == state]
    groups = [g for g in groups if not text or any(text in name.text.casefold() for name in g.names)]
    return visit.page(
        "joint.html", peer=peer, peers=names, view=view, problem=problem, groups=groups[:SHOWN], total=len(groups),
        state=state, text=text, states=STATES,
    )  # fmt: skip


def propose_joint(visit: Visit) -> Response:
    """Signs our words as the next version of the joint list and proposes it."""
    visit.call("groups", "propose", peer=visit.form.get("peer", ""))
    return visit.go(f"/joint?peer={quote(visit.form.get('peer', ''))}", "proposed")


def roadmap(visit: Visit) -> Response:
    """A roadmap: its timeline, actions and decisions, what the draft would change."""
    peer, names = _peer(visit)
    view, problem = None, None
    if peer:
        try:
            view = visit.call("roadmap", "show", peer=peer, name=visit.query.get("name", "main"))
        except DetenteError as error:
            problem = failure(error)
    return visit.page(
        "roadmap.html", peer=peer, peers=names, view=view, problem=problem, statuses=STATUSES, spoken=visit.speaks.code
    )  # fmt: skip


def picture(visit: Visit) -> Response:
    """The timeline as an image."""
    peer, name = visit.query.get("peer", ""), visit.query.get("name", "main")
    drawn = visit.call("roadmap", "export", peer=peer, format="svg", name=name).value
    return Response(drawn, media_type="image/svg+xml")


def change_roadmap(visit: Visit) -> Response:
    """Begins a roadmap, adds or changes an action in the draft, or proposes the draft."""
    form, what = visit.form, visit.shown["act"]
    peer, name = form.get("peer", ""), form.get("name", "main")
    texts = {code: form[f"text.{code}"].strip() for code in ("en", "fr", "ru") if form.get(f"text.{code}", "").strip()}  # fmt: skip
    match what:
        case "start":
            visit.call("roadmap", "start", peer=peer, heading=texts, name=name)
        case "add" | "set":
            fields = {key: form[key].strip() for key in ("ours", "theirs", "start", "due", "status") if form.get(key, "").strip()}  # fmt: skip
            if texts:
                fields["text"] = texts  # type: ignore[assignment]  # one field is a mapping
            visit.call("roadmap", what, peer=peer, action=form.get("action", ""), form=fields, name=name)
        case "drop" | "propose":
            visit.call("roadmap", what, peer=peer, name=name)
        case _:
            raise Misuse("there is nothing of that name to do with a roadmap")
    said = {"propose": "proposed"}.get(what, "decided")
    return visit.go(f"/roadmap?peer={quote(peer)}&name={quote(name)}", said)


def _peer(visit: Visit) -> tuple[str, list[str]]:
    overview = visit.console.overview()
    names = [p.name for p in overview.peers]
    wanted = visit.query.get("peer", "")
    return (wanted if wanted in names else next(iter(names), "")), names


PAGES = (
    Page("/documents", show),
    Page("/documents/do/{act}", act, "POST"),
    Page("/joint", joint),
    Page("/joint/propose", propose_joint, "POST"),
    Page("/roadmap", roadmap),
    Page("/roadmap/picture.svg", picture),
    Page("/roadmap/do/{act}", change_roadmap, "POST"),
)
