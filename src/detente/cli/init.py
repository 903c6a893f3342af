"""`detente init`: a new node."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
import msgspec

from detente.cli.verb import Session, Verb
from detente.errors import Misuse


class Created(msgspec.Struct, frozen=True):
    """A node that was made. `words` is our fingerprint: read it to peers by voice."""

    node: str
    name: str
    party: str
    words: str
    address: str
    passphrase_file: str


@click.command(
    cls=Verb, example='detente init --party "Northern Service" --address https://north.example:8443'
)
@click.option("--party", "name", required=True, metavar="NAME", help="What peers call this organisation.")
@click.option(
    "--address",
    default="",
    metavar="URL",
    help="Where peers reach this node, https://host:port; none where only a courier goes.",
)
def init(session: Session, name: str, address: str) -> None:
    """Make a new node: keys, an encrypted store, a journal.

    The store is encrypted under DETENTE_PASSPHRASE or --passphrase-file; without either a passphrase is drawn and kept in the node's folder.
    """
    from detente.adapters.sql import PASSPHRASE_VARIABLE, read_passphrase
    from detente.assembly import DATABASE, PASSPHRASE, create_node
    from detente.wire.fingerprint import fingerprint_words

    place = session.node_path
    if (place / DATABASE).exists():
        raise Misuse(f"there is a node in {place} already; choose another folder with --node")
    kept = ""
    if session.passphrase_file is not None:
        passphrase = read_passphrase(session.passphrase_file, os.environ)
    elif os.environ.get(PASSPHRASE_VARIABLE):
        passphrase = os.environ[PASSPHRASE_VARIABLE]
    elif (place / PASSPHRASE).exists():
        passphrase = read_passphrase(place / PASSPHRASE, os.environ)
    else:
        passphrase = _draw(place / PASSPHRASE)
        kept = str(place / PASSPHRASE)
        session.note(
            f"warning: {kept} opens the store and lies beside it: whoever copies the folder has both. Move it to "
            f"another disk and give --passphrase-file, or set {PASSPHRASE_VARIABLE}."
        )
    with create_node(place, name, address, passphrase) as node:
        party = node.office.identity().party
    made = Created(str(place), name, party, " ".join(fingerprint_words(party)), address, kept)
    session.show(
        made,
        lambda shown: shown.print(
            f"{name} has a node in {place}.\nparty id     {party}\nfingerprint  {made.words}\n"
            "Next: `detente invite`, and send the file to your peer.",
            markup=False,
        ),
    )


def _draw(path: Path) -> str:
    passphrase = secrets.token_urlsafe(32)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            out.write(passphrase + "\n")
    except OSError as error:
        raise Misuse(
            f"{path} can't be written ({error.strerror}): choose another folder with --node"
        ) from None
    return passphrase


__all__ = ["Created", "init"]
