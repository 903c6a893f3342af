"""Setting up: invitations and fingerprints, agreements and what each term means, files of records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from detente.api.failure import failure
from detente.errors import DetenteError, Misuse, PeerFault
from detente.web.pages import load
from detente.web.terms import Form, form_of, toml_of
from detente.web.visit import Page, Visit
from detente.wire.fingerprint import fingerprint_words

GROUPS = 4  # the sixteen words are compared four at a time
INVITATION_BYTES = 1 << 16


def peers(visit: Visit) -> Response:
    """Who is known, our fingerprint, and the two forms of pairing."""
    ours = fingerprint_words(visit.console.node.office.identity().party)
    return visit.page("peers.html", known=visit.call("peers", "list"), words=_fours(ours))


def invite(visit: Visit) -> Response:
    """Our invitation, as a file to hand over."""
    text = visit.call("peers", "invite").value
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in visit.console.organisation)[:40]
    headers = {"content-disposition": f'attachment; filename="{name}.invitation"'}
    return Response(text, headers=headers, media_type="application/octet-stream")


def read(visit: Visit) -> Response:
    """What an invitation says, and the words that two people compare by voice."""
    upload = visit.uploads.get("file")
    raw = upload.file.read(INVITATION_BYTES + 1) if upload else visit.form.get("invitation", "").encode()
    if len(raw) > INVITATION_BYTES:
        raise Misuse("an invitation is a small file: this one is not an invitation")
    try:
        text = raw.decode().strip("\r\n")
        found = visit.call("peers", "read", invitation=text)
    except (UnicodeDecodeError, PeerFault):
        raise Misuse(
            "this file is no invitation: ask the other party for the file that its console saved"
        ) from None
    return visit.page(
        "compare.html", found=found, invitation=text, theirs=_fours(found.words), ours=_fours(found.our_words)
    )  # fmt: skip


def accept(visit: Visit) -> Response:
    """Pins the keys, where a person ticked each group of words as heard from the other party."""
    if len(visit.lists.get("heard", ())) != GROUPS:
        raise Misuse("compare all sixteen words with the other party by voice, and tick each group")
    visit.call(
        "peers", "accept", invitation=visit.form.get("invitation", ""), fingerprint=visit.form.get("fingerprint", "")
    )  # fmt: skip
    return visit.go("/peers", "paired")


def agreements(visit: Visit) -> Response:
    """Every agreement, what it means for us, and what waits for a signature."""
    overview = visit.console.overview()
    views = visit.call("agreement", "show")
    paired = [p for p in overview.peers if p.status == "paired"]
    return visit.page("agreements.html", overview=overview, views=views, paired=paired)


def act(visit: Visit) -> Response:
    """Sign, decline, suspend, resume, end."""
    what, peer = visit.shown["act"], visit.form.get("peer", "")
    reason, digest = visit.form.get("reason", "").strip()[:1000], visit.form.get("hash", "")
    said = {
        "sign": "signed",
        "reject": "rejected",
        "suspend": "suspended",
        "resume": "resumed",
        "end": "ended",
    }
    match what:
        case "sign":
            visit.call("agreement", "sign", peer=peer, hash=digest)
        case "reject":
            visit.call("agreement", "reject", peer=peer, hash=digest, reason=reason)
        case "suspend" | "end":
            visit.call("agreement", what, peer=peer, reason=reason)
        case "resume":
            visit.call("agreement", "resume", peer=peer)
        case _:
            return visit.go("/agreements")
    return visit.go("/agreements", said[what])


def draft(visit: Visit) -> Response:
    """The form of an agreement, beginning with the terms in force or the template's."""
    peer = visit.query.get("peer", "")
    if not peer:
        return visit.go("/agreements")
    terms = json.loads(visit.call("agreement", "terms", peer=peer).value)
    form = form_of(terms)
    return visit.page(
        "terms.html", peer=peer, form=form, terms=json.dumps(terms), topics=_topics(visit), **_meaning(visit, terms, {}, {})
    )  # fmt: skip


def preview(visit: Visit) -> Response:
    """What the form means so far; nothing is proposed."""
    terms = _base(visit)
    return visit.page("_meaning.html", **_meaning(visit, terms, visit.form, visit.lists))


def propose(visit: Visit) -> Response:
    """Signs the form's terms and proposes them."""
    peer = visit.form.get("peer", "")
    toml = toml_of(Form.read(_base(visit), visit.form, visit.lists))
    visit.call("agreement", "propose", peer=peer, toml=toml)
    return visit.go("/agreements", "proposed")


def _base(visit: Visit) -> dict[str, Any]:
    """The terms that the form began with: never taken from the form itself."""
    terms: dict[str, Any] = json.loads(
        visit.call("agreement", "terms", peer=visit.form.get("peer", "")).value
    )
    return terms


def _meaning(
    visit: Visit, terms: Mapping[str, Any], form: Mapping[str, str], lists: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    try:
        written = Form.read(terms, form, lists) if form else terms
        return {"meaning": visit.call("agreement", "explain", toml=toml_of(written)).lines, "wrong": None}
    except DetenteError as error:
        return {"meaning": [], "wrong": failure(error)}


def _topics(visit: Visit) -> list[str]:
    return sorted(visit.console.node.office.topics)


def _fours(words: list[str] | tuple[str, ...]) -> list[str]:
    size = len(words) // GROUPS
    return [" ".join(words[i : i + size]) for i in range(0, len(words), size)]


PAGES = (
    Page("/peers", peers),
    Page("/peers/invitation", invite, "POST"),
    Page("/peers/read", read, "POST"),
    Page("/peers/accept", accept, "POST"),
    Page("/agreements", agreements),
    Page("/agreements/do/{act}", act, "POST"),
    Page("/agreements/new", draft),
    Page("/agreements/preview", preview, "POST"),
    Page("/agreements/propose", propose, "POST"),
    *load.PAGES,
)
