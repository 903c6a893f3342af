"""Evidence files: kept beside the database, in the clear, so that an auditor needs nothing but `detente-verify`."""

from __future__ import annotations

import os
from pathlib import Path


class FileVault:
    """Keeps each piece of evidence as one file, written once.

    >>> FileVault(Path("node/evidence")).keep("fork.jsonl", b"...")  # doctest: +SKIP
    'node/evidence/fork.jsonl'
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, name: str, data: bytes) -> str:
        """Writes one file durably, under another name where this one is taken; returns its path."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem, suffix = os.path.splitext(os.path.basename(name))
        for attempt in range(1000):
            path = self._directory / (f"{stem}-{attempt}{suffix}" if attempt else f"{stem}{suffix}")
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return str(path)
        raise FileExistsError(f"a thousand evidence files are called {name}: move some away")
