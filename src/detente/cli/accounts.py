"""`detente accounts`: the people who may use the console, and a way back in for one who lost the second factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from detente.cli.verb import Noun, Session, Verb, table

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.accounts import AccountView

# as node/accounts has them, which is not imported for a --help
ROLES = ("analyst", "releaser", "controller", "administrator", "auditor")


@click.group(cls=Noun)
def accounts() -> None:
    """Say who may use the console."""


@accounts.command("list", cls=Verb, example="detente accounts list")
def list_accounts(session: Session) -> None:
    """List the people who may use the console, with their roles."""
    with session.open() as node:
        found = node.accounts.everyone()
    session.show(found, lambda shown: _tell(shown, found))


@accounts.command(cls=Verb, example="detente accounts code j.moreau --role administrator --role analyst")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="Repeatable; else those that it has."
)
def code(session: Session, name: str, roles: tuple[str, ...]) -> None:
    """Make an account, or give one a new beginning: prints the one-time code that its person enrols with.

    Password and second factor of an account that exists are void at once, and its sessions end. This is the way back in for an administrator who
    lost the second factor.
    """
    with session.open() as node:
        known = {each.name: each.roles for each in node.accounts.everyone()}
        made = node.accounts.invite(name, roles or known.get(name, []), "terminal")
    session.show(
        made,
        lambda shown: shown.print(f"one-time code for {name}, until {made.until}: {made.code}", markup=False),
    )


@accounts.command(cls=Verb, example="detente accounts close j.moreau")
@click.argument("name")
def close(session: Session, name: str) -> None:
    """Close an account: its sessions end at once. Its name stays taken, for the journal's sake."""
    with session.open() as node:
        closed = node.accounts.close(name, "terminal")
    session.show(closed, lambda shown: _tell(shown, [closed]))


def _tell(shown: Console, found: list[AccountView]) -> None:
    rows = [(each.name, each.state, ", ".join(each.roles), each.signed_in or "-") for each in found]
    table(
        shown,
        ("name", "state", "roles", "last signed in"),
        rows,
        "Nobody may use the console yet: `detente serve` prints a code.",
    )


__all__ = ["accounts"]
