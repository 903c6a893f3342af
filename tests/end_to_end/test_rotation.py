"""New keys over real TLS: the peer is told under the certificate that it knows, and then knows the new one."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from detente.assembly import create_node, peer_listener, renew_pins
from detente.errors import Unavailable


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_rotation_reaches_the_peer_over_tls_and_the_old_key_can_be_revoked(tmp_path: Path) -> None:
    ports = _port(), _port()
    north = create_node(tmp_path / "north", "North", f"https://127.0.0.1:{ports[0]}", "a passphrase")
    south = create_node(tmp_path / "south", "South", f"https://127.0.0.1:{ports[1]}", "a passphrase")
    with north, south:
        invitations = north.pairings.invite(), south.pairings.invite()
        north.pairings.accept(invitations[1], south.office.identity().party)
        south.pairings.accept(invitations[0], north.office.identity().party)
        with (
            peer_listener(north, "127.0.0.1", ports[0]) as (_, _, ours),
            peer_listener(south, "127.0.0.1", ports[1]) as (_, _, theirs),
        ):
            north.deliver("South")
            south.deliver("North")
            old = north.office.identity().key_id
            new = north.pairings.rotate()
            renew_pins(north, ours)
            with contextlib.suppress(
                Unavailable
            ):  # told at the first exchange; the second waits for their new pins
                north.deliver("South")
            renew_pins(south, theirs)
            assert south.office.ring().keys_of(north.office.identity().party).key_id == new
            south.countersign("North")
            north.pairings.revoke(old, "retired")
            north.deliver("South")
            renew_pins(south, theirs)
            north.countersign("South")
            kept = north.pairings.keys()
            assert [state for _, _, state in kept] == ["revoked", "in use"]
