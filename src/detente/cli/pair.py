"""`detente invite`, `accept`, `peers`: two nodes learn each other's keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import tell_peers
from detente.cli.verb import Session, Verb, table
from detente.errors import Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.pairings import PeerView

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
MAX_INVITATION = 1 << 20


class Invited(msgspec.Struct, frozen=True):
    """An invitation that was written. `words` is our fingerprint."""

    file: str
    party: str
    words: str


@click.command(cls=Verb, example="detente invite --out north.invitation")
@click.option(
    "--address",
    default=None,
    metavar="URL",
    help="Where peers reach us, https://host:port; else as given to `init`.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="The file to write; else NAME.invitation."
)
def invite(session: Session, address: str | None, out: Path | None) -> None:
    """Write our signed invitation: one file for any peer.

    Send it by any way; then read the words to each other by another way, by voice.
    """
    from detente.adapters.files import atomic_write
    from detente.wire.fingerprint import fingerprint_words

    with session.open() as node:
        raw = node.pairings.invite(address)
        party = node.office.identity().party
        with node.office.store.snapshot() as tx:
            name = node.office.name(tx)
    path = out or Path(f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or party[:12]}.invitation")
    atomic_write(path, raw, 0o644)
    made = Invited(str(path), party, " ".join(fingerprint_words(party)))
    session.show(made, lambda shown: shown.print(f"{path}\nfingerprint  {made.words}", markup=False))


@click.command(
    cls=Verb,
    example='detente accept south.invitation\ndetente accept south.invitation --fingerprint "aardvark adroitness ..."',
)
@click.argument("file", type=_FILE)
@click.option(
    "--fingerprint",
    metavar="WORDS",
    help="The peer's sixteen words or its party id, as they told you: nothing is asked.",
)
def accept(session: Session, file: Path, fingerprint: str | None) -> None:
    """Pair with the party whose invitation this is.

    Shows both fingerprints as words, and asks whether the other party reads the same.
    """
    raw = _read(file)
    with session.open() as node:
        view = node.pairings.read(raw)
        if fingerprint is None:
            if session.json:
                raise Misuse(
                    "with --json nobody can be asked: give --fingerprint with the words that the peer read to you"
                )
            session.note(
                f"invitation of  {view.name}, {view.address or 'by courier only'}, valid until {view.expires}"
            )
            session.note(f"their words    {_words(view.words)}")
            session.note(f"our words      {_words(view.our_words)}")
            click.confirm(
                f"Has {view.name} read you their words, by voice, and are they these?", abort=True, err=True
            )
            fingerprint = _words(view.words)
        peer = node.pairings.accept(raw, fingerprint)
        tell_peers(session, node)
        peer = next(each for each in node.pairings.peers() if each.party == peer.party)
    session.show(peer, lambda shown: _accepted(shown, peer))


@click.command(cls=Verb, example="detente peers --json")
def peers(session: Session) -> None:
    """List the parties that this node is paired with."""
    with session.open() as node:
        found = node.pairings.peers()
    session.show(found, lambda shown: _tell(shown, found))


def _accepted(shown: Console, peer: PeerView) -> None:
    if peer.status == "paired":
        shown.print(
            f"Paired with {peer.name}. Next: `detente agreement template --with {peer.party[:12]}`",
            markup=False,
        )
    else:
        shown.print(
            f"{peer.name} is accepted here; paired once they have accepted us too and both nodes talked.",
            markup=False,
        )


def _tell(shown: Console, found: list[PeerView]) -> None:
    rows = [(peer.name, peer.status, peer.address or "courier", peer.party[:16]) for peer in found]
    table(
        shown,
        ("peer", "status", "address", "party id"),
        rows,
        "No peers yet: `detente invite`, `detente accept FILE`.",
    )


def _words(words: Any) -> str:
    return words if isinstance(words, str) else " ".join(words)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            raw = source.read(MAX_INVITATION + 1)
    except OSError as error:
        raise Misuse(f"{file} can't be read: {error.strerror}") from None
    if len(raw) > MAX_INVITATION:
        raise Misuse(f"{file} is too large for an invitation")
    return raw


__all__ = ["Invited", "accept", "invite", "peers"]
