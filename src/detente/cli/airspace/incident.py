"""`detente airspace incident`: reports that both sign, with both sides' tracks attached by hash."""

from __future__ import annotations

from collections.abc import Iterator
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

    from detente.node.incidents import IncidentView
    from detente.pact.incident import Track

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT: Any = click.Path(path_type=Path, dir_okay=False)
_tracks = click.option(
    "--tracks",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="A file of ours to attach by its hash; it stays here: keep it. Repeatable.",
)


@click.group(cls=Noun)
def incident() -> None:
    """Reports on incidents: one text in two or more languages, signed by both."""


@incident.command(cls=Verb, node=False, example="detente airspace incident template > incident.toml")
def template(session: Session) -> None:
    """Print a form to edit, as commented TOML. Needs no node."""
    from detente.pact.incident import TEMPLATE

    give(session, TEMPLATE, None)


@incident.command(
    cls=Verb, example="detente airspace incident draft incident.toml --with South --tracks radar.csv"
)
@click.argument("form", type=_FILE, metavar="FILE.toml")
@with_peer()
@_tracks
def draft(session: Session, form: Path, peer: str, tracks: tuple[Path, ...]) -> None:
    """Check a form and keep it as the draft, with tracks of ours. Nothing is sent before it is proposed."""
    try:
        text = form.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{form} can't be read: {error}") from None
    with session.open() as node:
        view = node.incidents.draft(peer, text, _attached(tracks))
    session.show(view, lambda shown: _tell(shown, [view]))


@incident.command(cls=Verb, example="detente airspace incident propose incident-2026-11-23 --with South")
@click.argument("name")
@with_peer()
def propose(session: Session, name: str, peer: str) -> None:
    """Sign the draft and propose it; it counts once the peer has signed too."""
    with session.open() as node:
        done = Done(peer, "proposed", node.incidents.propose(peer, name))
        hand_over(session, node, peer, lambda: done, _done)


@incident.command(
    cls=Verb, example="detente airspace incident sign incident-2026-11-23 --with South --tracks radar.csv"
)
@click.argument("name")
@with_peer()
@_tracks
def sign(session: Session, name: str, peer: str, tracks: tuple[Path, ...]) -> None:
    """Sign what the peer proposed. With tracks of ours it goes back with them attached, and the peer signs last."""
    with session.open() as node:
        catch_up(session, node, peer)
        what = "proposed with our tracks" if tracks else "signed"
        done = Done(peer, what, node.incidents.sign(peer, name, _attached(tracks)))
        hand_over(session, node, peer, lambda: done, _done)


@incident.command(cls=Verb, example="detente airspace incident show --with South")
@click.argument("name", default="", metavar="[NAME]")
@with_peer(required=False)
def show(session: Session, name: str, peer: str) -> None:
    """Show what is in force, proposed or drafted, and which files each side attached."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        views = node.incidents.show(peer, name)
    session.show(views, lambda shown: _tell(shown, views))


@incident.command(
    cls=Verb, example="detente airspace incident export incident-2026-11-23 --with South --out incident.md"
)
@click.argument("name")
@with_peer()
@click.option("--out", type=_OUT, metavar="FILE", help="Where to write it; else standard output.")
def export(session: Session, name: str, peer: str, out: Path | None) -> None:
    """Write one as Markdown, languages side by side."""
    with session.open() as node:
        text = node.incidents.export(peer, name)
    give(session, text, out)


def _attached(paths: tuple[Path, ...]) -> list[Track]:
    from detente.node.incidents import track

    try:
        return [track(path.name, _pieces(path)) for path in paths]
    except OSError as error:
        raise Misuse(f"a file of tracks can't be read: {error}") from None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def _done(shown: Console, done: Done) -> None:
    shown.print(f"{done.done}: {done.hash}", markup=False)


def _tell(shown: Console, views: list[IncidentView]) -> None:
    for view in views:
        shown.print(
            f"{plain(view.peer)}: {plain(view.name)!r} {plain(view.title)}, {view.shown} {view.hash}; agreement {view.agreement_state}",
            markup=False,
        )
        shown.print(f"  {view.begin} to {view.end}", markup=False)
        for texts in (view.heading, view.place, *view.paragraphs):
            for language, words in texts.items():
                shown.print(f"  {language}  {plain(words)}", markup=False)
        for track in view.tracks:
            shown.print(
                f"  tracks of {plain(track.party)}: {plain(track.file)}, {track.bytes} bytes, sha256 {track.sha256}",
                markup=False,
            )
        for proposal in view.proposals:
            shown.print(
                f"  proposed by {plain(proposal.by)}: {proposal.hash}; waits for {proposal.waits}",
                markup=False,
            )
    if not views:
        shown.print("No reports.")


__all__ = ["incident"]
