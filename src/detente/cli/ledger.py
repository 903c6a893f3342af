"""`detente ledger` and `detente recall`: the balance with a peer, and taking back what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from detente.cli.talk import catch_up, hand_over, party_of, with_peer
from detente.cli.verb import Noun, Session, Verb, table, tell

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.swaps import LedgerView


@click.command(cls=Verb, example="detente ledger --with South")
@with_peer(required=False)
def ledger(session: Session, peer: str) -> None:
    """Show what was given and received: a fold over the journal."""
    with session.open() as node:
        peers = [peer] if peer else [each.party for each in node.pairings.peers()]
        for each in peers:
            catch_up(session, node, each)
        views = [node.swaps.ledger(each) for each in peers]
    session.show(views[0] if peer else views, lambda shown: _tell(shown, views))


def _tell(shown: Console, views: list[LedgerView]) -> None:
    for view in views:
        shown.print(
            f"{view.peer}: {view.given} given, {view.received} received, balance {view.balance:+} (limit {view.limit}); "
            f"disputes left {view.disputes_left}, theirs {view.their_disputes_left}{'; suspended' if view.suspended else ''}",
            markup=False,
        )
        columns = ("at", "item", "direction", "status", "counts", "journal entries")
        rows = [
            (
                x.at,
                x.item[:12],
                x.direction,
                x.status,
                "yes" if x.counts else "no",
                ", ".join(map(str, x.proof)),
            )
            for x in view.lines
        ]
        if rows:
            table(shown, columns, rows, "")
    if not views:
        shown.print("No peers, no balance.")


@click.group(cls=Noun, default="request")
def recall() -> None:
    """Ask a peer to erase an item that we gave (`detente recall ITEM`), or attest that we erased one of theirs."""


@recall.command(cls=Verb, example='detente recall 77c01b --reason "the source withdrew it"')
@click.argument("item")
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def request(session: Session, item: str, reason: str) -> None:
    """Ask the peer to erase an item that we gave: a signed request. `detente recall ITEM` is the same."""
    with session.open() as node:
        view = node.letters.recall(item, reason)
        hand_over(session, node, party_of(node, view.id), lambda: view, tell)


@recall.command(cls=Verb, example='detente recall attest 77c01b --method "key shredded"')
@click.argument("item")
@click.option(
    "--method", default="key shredded", show_default=True, metavar="TEXT", help="How it was erased."
)
def attest(session: Session, item: str, method: str) -> None:
    """Erase an item that the peer recalled, and sign that we did."""
    with session.open() as node:
        catch_up(session, node, party_of(node, item))
        view = node.letters.attest(item, method)
        hand_over(session, node, party_of(node, view.id), lambda: view, tell)


@recall.command(
    cls=Verb, example='detente recall refuse 77c01b --with South --reason "a court ordered us to keep it"'
)
@click.argument("item")
@with_peer()
@click.option("--reason", required=True, metavar="TEXT", help="The peer is told, and its journal keeps it.")
def refuse(session: Session, item: str, peer: str, reason: str) -> None:
    """Answer a recall with why the item is not erased: signed, and on both journals."""
    with session.open() as node:
        catch_up(session, node, peer)
        node.letters.refuse_recall(item, reason)
        hand_over(session, node, peer, lambda: node.swaps.status(peer).items, tell)


__all__ = ["ledger", "recall"]
