"""`detente courier`: the same conversations by files on a stick, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from detente.cli.talk import with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse

_STICK: Any = click.Path(path_type=Path, exists=True, file_okay=False)
CAP = (1 << 30) + (1 << 26)  # bytes of one packet: what the peer listener takes, and a little


class Carried(msgspec.Struct, frozen=True):
    """One packet: for whom or from whom, in which file."""

    peer: str
    file: str
    bytes: int


@click.group(cls=Noun)
def courier() -> None:
    """Carry messages as files: out to a stick, in from a stick."""


@courier.command(cls=Verb, example="detente courier out /media/stick")
@click.argument("directory", type=_STICK, metavar="DIR")
@with_peer(required=False)
def out(session: Session, directory: Path, peer: str) -> None:
    """Write what waits for peers as sealed packets, one a peer."""
    from detente.adapters.files import write_bundles

    carried = []
    with session.open() as node:
        with node.office.store.snapshot() as tx:
            peers = [node.office.peer(tx, peer)] if peer else list(tx.peers.all())
        for row in peers:
            node.pump(row.party)  # what people approved begins here too, where no network does it
            packet = node.post.carry_out(row.party)
            if packet is not None:
                (path,) = write_bundles(directory, [(f"to-{row.party[:32]}", packet)])
                carried.append(Carried(row.name, str(path), len(packet)))
    text = (
        "\n".join(f"{c.file}: {c.bytes} bytes for {c.peer}" for c in carried) or "Nothing waits for anybody."
    )
    session.show(carried, lambda shown: shown.print(text, markup=False))


@courier.command("in", cls=Verb, example="detente courier in /media/stick\ndetente courier out /media/stick")
@click.argument("directory", type=_STICK, metavar="DIR")
def in_(session: Session, directory: Path) -> None:
    """Take the packets for us from a stick, in order. Packets for others are passed over; taken twice, one changes nothing."""
    from detente.adapters.files import read_bundles

    carried = []
    with session.open() as node:
        with node.office.store.snapshot() as tx:
            names = {row.party: row.name for row in tx.peers.all()}
        ours = f"to-{node.office.identity().party[:32]}"
        found = ((name, packet) for name, packet in read_bundles(directory, CAP))
        for name, packet in found:
            if name == ours:
                sender = node.post.carry_in(packet)
                carried.append(Carried(names.get(sender, sender), name, len(packet)))
    if not carried:
        raise Misuse(f"{directory} holds no packet for this node")
    text = (
        "\n".join(f"{c.bytes} bytes from {c.peer}" for c in carried)
        + "\nNext: `detente courier out` carries the answers."
    )
    session.show(carried, lambda shown: shown.print(text, markup=False))


__all__ = ["Carried", "courier"]
