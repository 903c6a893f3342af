"""One process of a node at a time talks to a peer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from detente.adapters.turns import FileTurns

PEER = "0" * 64
OTHER = "1" * 64


def test_a_turn_that_is_held_is_not_had_twice_and_other_peers_have_their_own(tmp_path: Path) -> None:
    turns = FileTurns(tmp_path)
    with turns.hold(PEER, 0) as first, turns.hold(PEER, 0.1) as second, turns.hold(OTHER, 0) as another:
        assert (first, second, another) == (True, False, True)
    with turns.hold(PEER, 0) as again:
        assert again


def test_a_turn_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    turns = FileTurns(tmp_path)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with turns.hold(PEER, 0):
            os.write(writer, b"held")
            signal.pause()
    assert os.read(reader, 4) == b"held"
    with turns.hold(PEER, 0) as ours:
        assert not ours
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with turns.hold(PEER, 5) as ours:
        assert ours
