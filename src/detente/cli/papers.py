"""`detente declarations` and `detente meetings`: texts in several languages that both sides sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detente.cli.joint import Done
from detente.cli.roadmap import give
from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse
from detente.pact.joint import plain

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.node import Node
    from detente.node.papers import Papers, PaperView

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT: Any = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Noun)
def declarations() -> None:
    """Joint declarations: one text in two or more languages, signed by both; actions of the roadmap descend from it."""


@click.group(cls=Noun)
def meetings() -> None:
    """Meetings: agenda, minutes and decisions, signed by both."""


def _room(noun: str, node: Node) -> Papers:
    return node.declarations if noun == "declarations" else node.meetings


def _add_verbs(group: click.Group, example: str) -> None:
    """Both nouns have the same verbs: what they write differs, and what is done with it does not."""
    noun = str(group.name)

    @group.command(cls=Verb, node=False, example=f"detente {noun} template > {example}.toml")
    def template(session: Session) -> None:
        """Print a form to edit, as commented TOML. Needs no node."""
        from detente.pact.paper_forms import TEMPLATES

        give(session, TEMPLATES["declaration" if noun == "declarations" else "minutes"], None)

    @group.command(cls=Verb, example=f"detente {noun} draft {example}.toml --with South")
    @click.argument("form", type=_FILE, metavar="FILE.toml")
    @with_peer()
    def draft(session: Session, form: Path, peer: str) -> None:
        """Check a form and keep it as the draft. Nothing is sent before it is proposed."""
        try:
            text = form.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Misuse(f"{form} can't be read: {error}") from None
        with session.open() as node:
            view = _room(noun, node).draft(peer, text)
        session.show(view, lambda shown: _tell(shown, [view]))

    @group.command(cls=Verb, example=f"detente {noun} drop {example} --with South")
    @click.argument("name")
    @with_peer()
    def drop(session: Session, name: str, peer: str) -> None:
        """Forget a draft; what is in force stays."""
        with session.open() as node:
            _room(noun, node).drop(peer, name)
        done = Done(peer, "the draft is forgotten", "")
        session.show(done, lambda shown: shown.print(done.done))

    @group.command(cls=Verb, example=f"detente {noun} propose {example} --with South")
    @click.argument("name")
    @with_peer()
    def propose(session: Session, name: str, peer: str) -> None:
        """Sign the draft and propose it; it counts once the peer has signed too."""
        with session.open() as node:
            done = Done(peer, "proposed", _room(noun, node).propose(peer, name))
            hand_over(session, node, peer, lambda: done, _done)

    @group.command(cls=Verb, example=f"detente {noun} sign --with South")
    @with_peer()
    @click.option("--hash", "digest", default="", metavar="HASH", help="Which proposal, where several wait.")
    def sign(session: Session, peer: str, digest: str) -> None:
        """Sign what the peer proposed, in all its languages. `detente joint reject` and `counter` answer otherwise."""
        with session.open() as node:
            catch_up(session, node, peer)
            done = Done(peer, "signed", _room(noun, node).sign(peer, digest))
            hand_over(session, node, peer, lambda: done, _done)

    @group.command(
        cls=Verb, example=f"detente {noun} show --with South\ndetente {noun} show {example} --json"
    )
    @click.argument("name", default="", metavar="[NAME]")
    @with_peer(required=False)
    def show(session: Session, name: str, peer: str) -> None:
        """Show what is in force, proposed or drafted, languages side by side."""
        with session.open() as node:
            if peer:
                catch_up(session, node, peer)
            views = _room(noun, node).show(peer, name)
        session.show(views, lambda shown: _tell(shown, views))

    @group.command(
        cls=Verb, example=f"detente {noun} export {example} --with South --format html --out {example}.html"
    )
    @click.argument("name")
    @with_peer()
    @click.option(
        "--format",
        "form",
        type=click.Choice(["md", "html"]),
        required=True,
        help="Markdown, or a page to print.",
    )
    @click.option("--out", type=_OUT, metavar="FILE", help="Where to write it; else standard output.")
    def export(session: Session, name: str, peer: str, form: Any, out: Path | None) -> None:
        """Write one as Markdown or as a page to print, each language in its own direction."""
        with session.open() as node:
            text = _room(noun, node).export(peer, name, form)
        give(session, text, out)


def _done(shown: Console, done: Done) -> None:
    shown.print(f"{done.done}: {done.hash}", markup=False)


def _tell(shown: Console, views: Sequence[PaperView]) -> None:
    if not views:
        shown.print("Nothing yet.")
    for view in views:
        since = f" since {view.since}" if view.since else ""
        shown.print(
            f"{view.peer}: {view.kind} {view.name!r} {plain(view.title)}, {view.shown}{since}", markup=False
        )
        if view.hash:
            shown.print(f"  hash {view.hash}", markup=False)
        if view.date:
            there = "; ".join(f"{name}: {', '.join(names) or '-'}" for name, names in view.present.items())
            shown.print(f"  {view.date}, {plain(view.place)}; {plain(there)}", markup=False)
        for language, words in view.heading.items():
            shown.print(f"  {language}  {plain(words)}", markup=False)
        for paragraph in view.paragraphs:
            mark = f"{paragraph.name} ({paragraph.kind})" if view.kind == "minutes" else paragraph.name
            for texts in (paragraph.text, paragraph.minutes):
                for language, words in texts.items():
                    shown.print(f"  {mark}  {language}  {plain(words)}", markup=False)
            if paragraph.actions:
                shown.print(f"  {mark}  -> {', '.join(paragraph.actions)}", markup=False)
        if view.authentic:
            shown.print(f"  authentic: {view.authentic}", markup=False)
        for sentence in view.draft:
            shown.print(f"  draft: {sentence}", markup=False)
        for proposal in view.proposals:
            shown.print(
                f"  proposed by {plain(proposal.by)}: {proposal.hash}; waits for {proposal.waits}",
                markup=False,
            )


_add_verbs(declarations, "common-purpose")
_add_verbs(meetings, "meeting-2026-12-01")

__all__ = ["declarations", "meetings"]
