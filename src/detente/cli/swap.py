"""`detente swap`: confirmed findings, item for item, on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from detente.cli.talk import by_person, catch_up, hand_over, party_of, person, with_peer
from detente.cli.verb import Noun, Session, Verb, table, tell
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.swaps import SwapView


@click.group(cls=Noun)
def swap() -> None:
    """Give on both sides: prepare, approve, accept, dispute, settle, consent, status, withdraw, decline."""


@swap.command(
    cls=Verb, example="detente swap prepare --with South\ndetente swap prepare 3f2a9c 81d0e4 --with South"
)
@click.argument("findings", nargs=-1, metavar="[FINDING...]")
@with_peer()
def prepare(session: Session, findings: tuple[str, ...], peer: str) -> None:
    """Draft one release for each confirmed finding, or for those named, and show exactly what would leave.

    Nothing does before a person approves.
    """
    with session.open() as node:
        view = node.swaps.prepare(peer, findings)
    session.show(view, lambda shown: _tell(shown, view))


@swap.command(cls=Verb, example='detente swap approve --with South --by "A. Officer"')
@click.argument("items", nargs=-1, metavar="[ITEM...]")
@with_peer()
@by_person
def approve(session: Session, items: tuple[str, ...], peer: str, by: str | None) -> None:
    """Approve drafts, all or those named: from then on they are exchanged item for item."""
    with session.open() as node:
        node.swaps.approve(peer, person(by), items)
        hand_over(session, node, peer, lambda: node.swaps.status(peer), _tell)


@swap.command(cls=Verb, example="detente swap withdraw 77c01b --with South")
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@with_peer()
def withdraw(session: Session, items: tuple[str, ...], peer: str) -> None:
    """Take back drafts that have not left."""
    with session.open() as node:
        view = node.swaps.withdraw(peer, items)
    session.show(view, lambda shown: _tell(shown, view))


@swap.command(cls=Verb, example='detente swap decline --with South --reason "not before Monday"')
@with_peer()
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def decline(session: Session, peer: str, reason: str) -> None:
    """Decline the peer's offers that wait."""
    with session.open() as node:
        catch_up(session, node, peer)
        node.swaps.decline(peer, reason)
        hand_over(session, node, peer, lambda: node.swaps.status(peer), _tell)


@swap.command(cls=Verb, example="detente swap status --with South")
@with_peer()
def status(session: Session, peer: str) -> None:
    """Show where each item stands, and which offers of theirs wait for our approval."""
    with session.open() as node:
        catch_up(session, node, peer)
        view = node.swaps.status(peer)
    session.show(view, lambda shown: _tell(shown, view))


@swap.command(cls=Verb, example="detente swap accept 77c01b")
@click.argument("item")
def accept(session: Session, item: str) -> None:
    """Accept an item that we received: it can't be disputed any more."""
    with session.open() as node:
        view = node.letters.accept(item)
    session.show(view, lambda shown: tell(shown, view))


@swap.command(cls=Verb, example='detente swap dispute 77c01b --ground already-held --reason "ours since May"')
@click.argument("item")
@click.option(
    "--ground",
    required=True,
    metavar="GROUND",
    help="A provable one (already-held, key, schema, marking, repeated, opening), or content, which spends the agreed allowance.",
)
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def dispute(session: Session, item: str, ground: str, reason: str) -> None:
    """Dispute an item that we received."""
    with session.open() as node:
        view = node.letters.dispute(item, ground, reason)
        hand_over(session, node, party_of(node, view.id), lambda: view, tell)


@swap.command(
    cls=Verb,
    example="detente swap settle 77c01b --does-not-count --with South\ndetente swap settle 77c01b --agree --with South",
)
@click.argument("item")
@with_peer()
@click.option(
    "--counts/--does-not-count", "counts", default=None, help="Propose what the disputed item counts for."
)
@click.option("--agree/--disagree", "agree", default=None, help="Answer the peer's proposal.")
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def settle(
    session: Session, item: str, peer: str, counts: bool | None, agree: bool | None, reason: str
) -> None:
    """Settle a dispute: propose what the item counts for, or answer the peer's proposal."""
    if (counts is None) == (agree is None):
        raise Misuse("propose with --counts or --does-not-count, or answer with --agree or --disagree")
    with session.open() as node:
        catch_up(session, node, peer)
        if counts is not None:
            node.letters.settle_dispute(item, counts)
        else:
            node.letters.answer_letter(peer, "settle", item, bool(agree), reason)
        hand_over(session, node, peer, lambda: node.swaps.status(peer), _tell)


@swap.command(
    cls=Verb,
    example='detente swap consent 77c01b --with South --to East --purpose "their case 7"\n'
    "detente swap consent 77c01b --with South --grant",
)
@click.argument("item")
@with_peer()
@click.option(
    "--to", default="", metavar="PARTY", help="Ask the giver whether its item may go on to this peer of ours."
)
@click.option("--purpose", default="", metavar="TEXT", help="What for; the giver is told.")
@click.option(
    "--grant/--deny", "grant", default=None, help="Answer what the peer asks about an item that we gave."
)
@click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
def consent(
    session: Session, item: str, peer: str, to: str, purpose: str, grant: bool | None, reason: str
) -> None:
    """Ask the giver of an item to let it go on to another peer, or answer such a question."""
    if bool(to) == (grant is not None):
        raise Misuse("ask with --to PARTY, or answer with --grant or --deny")
    with session.open() as node:
        catch_up(session, node, peer)
        if to:
            node.letters.ask_consent(item, to, purpose)
        else:
            node.letters.answer_letter(peer, "consent", item, bool(grant), reason)
        hand_over(session, node, peer, lambda: node.swaps.status(peer), _tell)


@swap.command(cls=Verb, example="detente swap letters --with South")
@with_peer()
def letters(session: Session, peer: str) -> None:
    """Show the recalls, settlements and consents of the peer's that wait for our answer."""
    with session.open() as node:
        catch_up(session, node, peer)
        waiting = node.letters.waiting(peer)
    rows = [
        (x.act, x.item[:12], ", ".join(f"{k} {v}" for k, v in x.says.items() if k != "item")) for x in waiting
    ]
    session.show(
        waiting,
        lambda shown: table(shown, ("asks for", "item", "says"), rows, f"{peer} waits for no answer."),
    )


def _tell(shown: Console, view: SwapView) -> None:
    columns = ("item", "direction", "state", "marking", "content", "approved by")
    rows = [
        (_id(i.id), i.direction, i.state, i.marking, _name(i.content), ", ".join(i.approved_by))
        for i in view.items
    ]
    table(shown, columns, rows, f"No items with {view.peer}.")
    for offer in view.waiting:
        following = "`detente swap approve` answers it, `detente swap decline` refuses it"
        shown.print(f"{view.peer} offers: {offer}; {following}", markup=False)


def _id(item: str) -> str:
    return item.removeprefix("draft:")[:12]


def _name(content: Mapping[str, Sequence[str]]) -> str:
    return next(iter(content.get("name", ())), "") if content else "(erased)"


__all__ = ["swap"]
