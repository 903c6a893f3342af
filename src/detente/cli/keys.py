"""`detente keys`: new keys for old ones, and keys that no longer count."""

from __future__ import annotations

import click
import msgspec

from detente.cli.talk import tell_peers
from detente.cli.verb import Noun, Session, Verb, table


class Key(msgspec.Struct, frozen=True):
    """One of our keys. `state` is in use, retired or revoked."""

    key: str
    since: str
    state: str


class Changed(msgspec.Struct, frozen=True):
    """A key whose standing changed."""

    key: str
    state: str


@click.group(cls=Noun)
def keys() -> None:
    """Our keys: rotate, revoke, list."""


@keys.command(cls=Verb, example="detente keys rotate")
def rotate(session: Session) -> None:
    """Take new keys, signed by the old ones; every peer is told. Our party id stays."""
    with session.open() as node:
        key = node.pairings.rotate()
        tell_peers(session, node)
    done = Changed(key, "in use")
    session.show(
        done,
        lambda shown: shown.print(f"new key {key}; the old one counts for seven more days", markup=False),
    )


@keys.command(cls=Verb, example="detente keys revoke 5b1e09 --reason lost")
@click.argument("key", metavar="KEY_ID")
@click.option(
    "--reason",
    type=click.Choice(["compromised", "lost", "retired"]),
    default="compromised",
    show_default=True,
)
def revoke(session: Session, key: str, reason: str) -> None:
    """Say that a key of ours no longer counts; every peer is told. Rotate first if it is the one in use."""
    with session.open() as node:
        node.pairings.revoke(key, reason)
        tell_peers(session, node)
    done = Changed(key, "revoked")
    session.show(done, lambda shown: shown.print(f"revoked: {key}", markup=False))


@keys.command("list", cls=Verb, example="detente keys list")
def list_(session: Session) -> None:
    """List our keys, oldest first."""
    with session.open() as node:
        kept = node.pairings.keys()
    found = [Key(*each) for each in kept]
    rows = [(each.key, each.since, each.state) for each in found]
    session.show(found, lambda shown: table(shown, ("key", "since", "state"), rows, "No keys."))


__all__ = ["keys"]
