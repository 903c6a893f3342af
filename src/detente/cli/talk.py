"""What commands that need the peer share: send what is due now, and say so where nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from detente.errors import Misuse, Unavailable

if TYPE_CHECKING:
    from rich.console import Console

    from detente.cli.verb import Session
    from detente.node.node import Node

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def with_peer(required: bool = True) -> Callable[[F], F]:
    """The option `--with PARTY`: the peer's name, its party id, or the beginning of it."""
    text = "The peer: its name, party id, or at least six digits of it."
    return click.option(
        "--with", "peer", required=required, default=None if required else "", metavar="PARTY", help=text
    )


def by_person(command: F) -> F:
    """The option `--by NAME`: the person who answers for a decision."""
    return click.option("--by", metavar="NAME", help="Who decides; else the login name.")(command)


def person(by: str | None) -> str:
    """Who decides: as given, else the login name."""
    import getpass

    return by or getpass.getuser()


def hand_over(
    session: Session, node: Node, peer: str, value: Callable[[], T], people: Callable[[Console, T], None]
) -> None:
    """Sends what was done here and shows what came of it. Raises Unavailable, with the result shown, where the peer can't be reached now.

    `value` is asked after the sending, so that it tells what the peer's answers changed.
    """
    problem = None
    try:
        node.deliver(peer)
    except Unavailable as error:
        problem = error
    shown = value()
    session.show(shown, lambda console: people(console, shown))
    if problem is not None:
        raise Unavailable(
            f"{problem}. What you did is stored and stays in the outbox: `detente serve` or the next command with "
            "this peer sends it, or carry it with `detente courier out`"
        )


def party_of(node: Node, item: str) -> str:
    """With whom an item is swapped. Raises Misuse where there is no single such item."""
    with node.office.store.snapshot() as tx:
        found = [row for row in tx.items.find() if row.id.startswith(item)]
    if len({row.party for row in found}) != 1:
        raise Misuse(f"no single item begins with {item}; `detente swap status` lists them")
    return found[0].party


def catch_up(session: Session, node: Node, peer: str) -> None:
    """Fetches what the peer has for us before looking; goes on with what is here where it does not answer."""
    try:
        node.deliver(peer)
    except Unavailable as problem:
        session.note(f"what follows is as of our last contact: {problem}")


def tell_peers(session: Session, node: Node) -> None:
    """Sends what waits for any peer; says who does not answer."""
    with node.office.store.snapshot() as tx:
        waiting = list(tx.outbox.parties())
    for party in waiting:
        try:
            node.deliver(party)
        except Unavailable as problem:
            session.note(f"will be sent later: {problem}")


__all__ = ["by_person", "catch_up", "hand_over", "party_of", "person", "tell_peers", "with_peer"]
