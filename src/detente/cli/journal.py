"""`detente journal`: the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from detente.cli.talk import with_peer
from detente.cli.verb import Noun, Session, Verb

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.witness import EntryView, Verified


class Exported(msgspec.Struct, frozen=True):
    """A bundle that was written, for `detente-verify`."""

    file: str
    bytes: int


@click.group(cls=Noun)
def journal() -> None:
    """The journal: verify, export, show."""


@journal.command(cls=Verb, example="detente journal verify")
def verify(session: Session) -> None:
    """Recompute the journal's tree from every entry and hold it against every cosigned head."""
    with session.open() as node:
        done = node.witness.verify()
    session.show(done, lambda shown: _tell_verified(shown, done))


@journal.command(
    cls=Verb, example="detente journal export --with South --out south.bundle\ndetente-verify south.bundle"
)
@with_peer()
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The bundle to write."
)
def export(session: Session, peer: str, out: Path) -> None:
    """Write what concerns one peer as a bundle that `detente-verify` checks alone. Entries about others are shown as hashes."""
    from detente.adapters.files import atomic_write

    with session.open() as node:
        data = node.witness.export(peer)
    atomic_write(out, data)
    done = Exported(str(out), len(data))
    session.show(
        done,
        lambda shown: shown.print(
            f"{done.file}: {done.bytes} bytes; check it with `detente-verify {done.file}`", markup=False
        ),
    )


@journal.command(cls=Verb, example="detente journal show --kind run.finished --with South")
@click.option("--kind", default="", metavar="KIND", help="Only entries of one kind, as run.finished.")
@click.option("--subject", default="", metavar="SUBJECT", help="Only entries of one subject.")
@with_peer(required=False)
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="The newest of them."
)
def show(session: Session, kind: str, subject: str, peer: str, limit: int) -> None:
    """Show entries, oldest first. They commit to records and contain none."""
    with session.open() as node:
        entries = node.witness.show(kind=kind, subject=subject, peer=peer, limit=limit)
    session.show(entries, lambda shown: _tell(shown, entries))


def _tell(shown: Console, entries: list[EntryView]) -> None:
    for entry in entries:
        who = f" with {entry.peer}" if entry.peer else ""
        shown.print(f"{entry.index:6}  {entry.at}  {entry.kind}  {entry.subject[:16]}{who}", markup=False)
    if not entries:
        shown.print("No such entries.")


def _tell_verified(shown: Console, done: Verified) -> None:
    shown.print(
        f"{done.entries} entries, tree head {done.root}: every entry is what was written.", markup=False
    )
    for party, size in done.cosigned.items():
        shown.print(f"  cosigned by {party[:16]} up to entry {size - 1}", markup=False)


__all__ = ["Exported", "journal"]
