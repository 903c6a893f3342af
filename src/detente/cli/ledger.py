"""`detente ledger` and `detente recall`: the balance with a peer, and taking back what was given."""

from __future__ import annotations

import click

from detente.cli.talk import catch_up, with_peer
from detente.cli.verb import Noun, Session, Verb, tell


@click.command(cls=Verb, example="detente ledger --with South")
@with_peer(required=False)
def ledger(session: Session, peer: str) -> None:
    """Show what was given and received: a fold over the journal."""
    with session.open() as node:
        peers = [peer] if peer else [each.party for each in node.pairings.peers()]
        for each in peers:
            catch_up(session, node, each)
        views = [node.swaps.ledger(each) for each in peers]
    session.show(views[0] if peer else views, lambda shown: tell(shown, views))


@click.group(cls=Noun, default="request")
def recall() -> None:
    """Ask a peer to erase an item that we gave (`detente recall ITEM`), or attest that we erased one of theirs."""


@recall.command(cls=Verb, example='detente recall 77c01b --reason "the source withdrew it"')
@click.argument("item")
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def request(session: Session, item: str, reason: str) -> None:
    """Ask the peer to erase an item that we gave: a signed request. `detente recall ITEM` is the same."""
    with session.open() as node:
        view = node.swaps.recall(item, reason)
    session.show(view, lambda shown: tell(shown, view))


@recall.command(cls=Verb, example='detente recall attest 77c01b --method "key shredded"')
@click.argument("item")
@click.option(
    "--method", default="key shredded", show_default=True, metavar="TEXT", help="How it was erased."
)
def attest(session: Session, item: str, method: str) -> None:
    """Erase an item that the peer recalled, and sign that we did."""
    with session.open() as node:
        view = node.swaps.attest(item, method)
    session.show(view, lambda shown: tell(shown, view))


__all__ = ["ledger", "recall"]
