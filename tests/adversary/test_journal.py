"""A peer that shows another journal than before, and a node that was set back to an old one."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from detente.ceremonies.ceremony import Send
from detente.errors import DetenteError, PeerFault, Refused, Unavailable
from detente.journal.checkpoint import Checkpoint, origin_of, sign_checkpoint
from detente.wire.canonical import encode_base64
from support.dishonest import Court


def held(court: Court) -> tuple[int, bytes]:
    """South's head that north has cosigned last."""
    north, south = court.north.office.identity().party, court.south.office.identity().party
    with court.north.office.store.snapshot() as tx:
        row = tx.checkpoints.latest(south, north)
    assert row is not None
    return row.size, row.root


def show(court: Court, size: int, root: bytes, proof: list[str]) -> None:
    """South presents this head, well signed, as the continuation of the one that north holds."""
    identity = court.south.office.identity()
    note = sign_checkpoint(
        Checkpoint(origin_of(identity.party), size, root), identity, identity.public
    ).decode()
    since = held(court)[0]

    def other(send: Send) -> Send:
        return replace(send, body={**send.body, "note": note, "proof": proof, "since": since})

    court.cheat("head", other, kind="countersigning")


def test_two_heads_of_one_size_are_equivocation_that_anybody_can_check(court: Court) -> None:
    size, root = held(court)
    show(court, size, bytes(reversed(root)), [])
    with pytest.raises(PeerFault):
        court.north.countersign("south")
    court.convict("forked-heads", "Equivocation", kind="countersigning")
    assert held(court) == (size, root)


def test_a_head_with_fewer_entries_than_we_have_seen_is_equivocation(court: Court) -> None:
    size, root = held(court)
    show(court, size - 1, bytes(32), [])
    with pytest.raises(PeerFault):
        court.north.countersign("south")
    court.convict("rolled-back", "Equivocation", kind="countersigning")
    assert held(court) == (size, root)


def test_a_larger_journal_that_does_not_continue_the_one_we_have_seen_is_equivocation(court: Court) -> None:
    size, root = held(court)
    show(court, size + 1, bytes(32), [encode_base64(bytes(32))] * 4)
    with pytest.raises(Refused):
        court.south.countersign("north")
    court.convict("rolled-back", "Equivocation", kind="countersigning")
    assert held(court) == (size, root)


def test_a_head_that_another_key_signed_is_no_head(court: Court) -> None:
    size, _ = held(court)
    identity = court.north.office.identity()
    party = court.south.office.identity().party
    note = sign_checkpoint(
        Checkpoint(origin_of(identity.party), size + 1, bytes(32)), identity, identity.public
    )
    forged = note.decode().replace(identity.party, party)
    court.cheat("head", lambda send: replace(send, body={**send.body, "note": forged}), kind="countersigning")
    with pytest.raises(DetenteError):
        court.north.countersign("south")
    assert court.last("countersigning").status == "aborted"
    assert held(court)[0] == size


def test_a_node_set_back_to_an_old_journal_can_neither_be_witnessed_nor_match(court: Court) -> None:
    world = court.world
    old = world.directory / "old"
    court.south.office.store.close()
    shutil.copytree(world.directory / "south", old)
    world.open("south")
    assert court.north.match("people", "south").outcome == "done"
    court.south.office.store.close()
    shutil.rmtree(world.directory / "south")
    shutil.copytree(old, world.directory / "south")
    world.clock.time += 1000
    world.open("south")
    before = court.north.witness.heads()
    for act in (court.south.countersign, lambda peer: court.south.match("people", peer)):
        with pytest.raises((Unavailable, Refused)):
            act("north")
    assert held(court)[0] == before.peers[0][2]
