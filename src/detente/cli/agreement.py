"""`detente agreement`: what was promised to a peer, and what waits for a signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.agreements import AgreementView


class Terms(msgspec.Struct, frozen=True):
    """Terms to edit."""

    toml: str


class Document(msgspec.Struct, frozen=True):
    """What was done to which version. `hash` names it in every later message."""

    peer: str
    done: str
    hash: str


@click.group(cls=Noun)
def agreement() -> None:
    """What both parties signed: propose, sign, suspend, resume, end."""


@agreement.command(cls=Verb, example="detente agreement template --with South --out terms.toml")
@with_peer()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the terms here instead of printing them.",
)
def template(session: Session, peer: str, out: Path | None) -> None:
    """Print terms to edit, as commented TOML."""
    with session.open() as node:
        toml = node.agreements.template(peer)
    if out is not None:
        from detente.adapters.files import atomic_write

        atomic_write(out, toml.encode(), 0o644)
    session.show(Terms(toml), lambda shown: shown.print(toml if out is None else str(out), markup=False))


@agreement.command(cls=Verb, example="detente agreement propose terms.toml --with South")
@click.argument("terms", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="TERMS.toml")
@with_peer()
def propose(session: Session, terms: Path, peer: str) -> None:
    """Sign terms and propose them; they count once the peer has signed too."""
    try:
        text = terms.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{terms} can't be read: {error}") from None
    with session.open() as node:
        done = Document(peer, "proposed", node.agreements.propose(text, peer))
        hand_over(session, node, peer, lambda: done, _done)


@agreement.command(cls=Verb, example="detente agreement show --with South")
@with_peer(required=False)
def show(session: Session, peer: str) -> None:
    """Show agreements and proposals, and in plain words what each means for us."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        views = node.agreements.show(peer)
    session.show(views, lambda shown: _tell(shown, views))


@agreement.command(cls=Verb, example="detente agreement sign --with South")
@with_peer()
@click.option("--hash", "digest", default="", metavar="HASH", help="Which proposal, where several wait.")
def sign(session: Session, peer: str, digest: str) -> None:
    """Sign what the peer proposed: from then on it is in force."""
    with session.open() as node:
        catch_up(session, node, peer)
        done = Document(peer, "signed", node.agreements.sign(peer, digest))
        hand_over(session, node, peer, lambda: done, _done)


@agreement.command(
    cls=Verb, example='detente agreement reject --with South --reason "the budget is too large"'
)
@with_peer()
@click.option("--hash", "digest", default="", metavar="HASH", help="Which proposal, where several wait.")
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def reject(session: Session, peer: str, digest: str, reason: str) -> None:
    """Decline what the peer proposed."""
    with session.open() as node:
        catch_up(session, node, peer)
        done = Document(peer, "rejected", node.agreements.reject(peer, digest, reason))
        hand_over(session, node, peer, lambda: done, _done)


@agreement.command(
    cls=Verb, example='detente agreement suspend --with South --reason "a leak is looked into"'
)
@with_peer()
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def suspend(session: Session, peer: str, reason: str) -> None:
    """Suspend the agreement at once: nothing goes on under it until both resume."""
    with session.open() as node:
        done = Document(peer, "suspended", node.agreements.suspend(peer, reason))
        hand_over(session, node, peer, lambda: done, _done)


@agreement.command(cls=Verb, example="detente agreement resume --with South")
@with_peer()
def resume(session: Session, peer: str) -> None:
    """Propose to lift what is suspended; the peer signs it too."""
    with session.open() as node:
        done = Document(peer, "proposed to resume", node.agreements.resume(peer))
        hand_over(session, node, peer, lambda: done, _done)


@agreement.command(cls=Verb, example='detente agreement end --with South --reason "no longer needed"')
@with_peer()
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def end(session: Session, peer: str, reason: str) -> None:
    """Give notice: the agreement ends after the agreed days."""
    with session.open() as node:
        done = Document(peer, "notice given", node.agreements.end(peer, reason))
        hand_over(session, node, peer, lambda: done, _done)


def _done(shown: Console, done: Document) -> None:
    shown.print(f"{done.done}: {done.hash}", markup=False)


def _tell(shown: Console, views: list[AgreementView]) -> None:
    if not views:
        shown.print("No agreements yet: `detente agreement template --with PARTY`.")
    for view in views:
        since = f" since {view.since}" if view.since else ""
        ends = f", ends {view.ends}" if view.ends else ""
        shown.print(f"{view.peer}: agreement {view.name!r}, {view.state}{since}{ends}", markup=False)
        if view.hash:
            shown.print(f"  hash {view.hash}", markup=False)
        if view.suspended_by:
            shown.print(f"  suspended by {', '.join(view.suspended_by)}", markup=False)
        _list(shown, view.consequences)
        for proposal in view.proposals:
            following = "" if proposal.by == "ours" else "; `detente agreement sign` puts it in force"
            shown.print(f"  proposed by {proposal.by}: {proposal.hash}{following}", markup=False)
            _list(shown, proposal.changes or proposal.consequences)


def _list(shown: Console, sentences: Any) -> None:
    for sentence in sentences:
        shown.print(f"  - {sentence}", markup=False)


__all__ = ["agreement"]
