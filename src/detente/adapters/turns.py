"""One process of a node at a time talks to a peer: a lock on a file, which the system drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STEP_SECONDS = 0.05


class FileTurns:
    """Turns as locks on files of a directory, one a peer.

    >>> with FileTurns(Path("node/turns")).hold(peer, 0) as ours:  # doctest: +SKIP
    ...     ours
    True
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @contextmanager
    def hold(self, party: str, wait_seconds: float) -> Iterator[bool]:
        """Holds the turn with a peer while the context lasts; yields False where another holds it all the time that we wait."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._directory / party, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield self._lock(handle, time.monotonic() + wait_seconds)
        finally:
            os.close(handle)  # and with it the lock

    @staticmethod
    def _lock(handle: int, deadline: float) -> bool:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(STEP_SECONDS)
