"""`detente swap`: confirmed findings, item for item, on both sides."""

from __future__ import annotations

import click

from detente.cli.talk import by_person, catch_up, hand_over, person, with_peer
from detente.cli.verb import Noun, Session, Verb, tell


@click.group(cls=Noun)
def swap() -> None:
    """Give on both sides: prepare, approve, accept, dispute, status."""


@swap.command(
    cls=Verb, example="detente swap prepare --with South\ndetente swap prepare 3f2a9c 81d0e4 --with South"
)
@click.argument("findings", nargs=-1, metavar="[FINDING...]")
@with_peer()
def prepare(session: Session, findings: tuple[str, ...], peer: str) -> None:
    """Prepare one release for each confirmed finding, or for those named. Nothing leaves before a person approves."""
    with session.open() as node:
        view = node.swaps.prepare(peer, findings)
        hand_over(session, node, peer, view, lambda shown: tell(shown, view))


@swap.command(cls=Verb, example='detente swap approve --with South --by "A. Officer"')
@click.argument("items", nargs=-1, metavar="[ITEM...]")
@with_peer()
@by_person
def approve(session: Session, items: tuple[str, ...], peer: str, by: str | None) -> None:
    """Approve prepared releases, all or those named: they are exchanged item for item."""
    with session.open() as node:
        node.swaps.approve(peer, person(by), items)
        catch_up(session, node, peer)
        view = node.swaps.status(peer)
    session.show(view, lambda shown: tell(shown, view))


@swap.command(cls=Verb, example="detente swap status --with South")
@with_peer()
def status(session: Session, peer: str) -> None:
    """Show where each item stands."""
    with session.open() as node:
        catch_up(session, node, peer)
        view = node.swaps.status(peer)
    session.show(view, lambda shown: tell(shown, view))


@swap.command(cls=Verb, example="detente swap accept 77c01b")
@click.argument("item")
def accept(session: Session, item: str) -> None:
    """Accept an item that we received."""
    with session.open() as node:
        view = node.swaps.accept(item)
    session.show(view, lambda shown: tell(shown, view))


@swap.command(cls=Verb, example='detente swap dispute 77c01b --ground already-held --reason "ours since May"')
@click.argument("item")
@click.option(
    "--ground", required=True, metavar="GROUND", help="On what ground; the agreement says which are provable."
)
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def dispute(session: Session, item: str, ground: str, reason: str) -> None:
    """Dispute an item that we received."""
    with session.open() as node:
        view = node.swaps.dispute(item, ground, reason)
    session.show(view, lambda shown: tell(shown, view))


__all__ = ["swap"]
