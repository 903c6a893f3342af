"""The Store port over SQLAlchemy: one writer at a time, consistent views beside it, errors in our words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from detente.adapters.sql.conversation import SqlBlobs, SqlCeremonies, SqlLetters, SqlOutbox
from detente.adapters.sql.evidence import SqlCheckpoints, SqlJournal, SqlPeers, SqlSettings
from detente.adapters.sql.holdings import SqlDocuments, SqlFindings, SqlItems, SqlRecords
from detente.adapters.sql.people import SqlAccounts, SqlLooks, SqlSessions
from detente.errors import Misuse, Unavailable
from detente.node import ports

PATIENCE_SECONDS = 30


class SqlTransaction:
    """All or nothing. Its parts are of no use after the `with` block that opened it."""

    def __init__(self, connection: Connection, draw: Callable[[int], bytes]) -> None:
        self.shredded = False
        self.settings: ports.Settings = SqlSettings(connection)
        self.peers: ports.Peers = SqlPeers(connection)
        self.journal: ports.Journal = SqlJournal(connection)
        self.checkpoints: ports.Checkpoints = SqlCheckpoints(connection)
        self.ceremonies: ports.Ceremonies = SqlCeremonies(connection)
        self.outbox: ports.Outbox = SqlOutbox(connection)
        self.letters: ports.Letters = SqlLetters(connection)
        self.blobs: ports.Blobs = SqlBlobs(connection)
        self.records: ports.Records = SqlRecords(connection, draw, self._note_shredding)
        self.findings: ports.Findings = SqlFindings(connection)
        self.documents: ports.Documents = SqlDocuments(connection)
        self.items: ports.Items = SqlItems(connection, draw, self._note_shredding)
        self.accounts: ports.Accounts = SqlAccounts(connection)
        self.sessions: ports.Sessions = SqlSessions(connection)
        self.looks: ports.Looks = SqlLooks(connection)

    def _note_shredding(self) -> None:
        self.shredded = True


class SqlStore:
    """A store that several threads and processes may open at once; `open_store` in connect.py makes one.

    `draw(n)` yields n fresh random bytes. `scrub` is called after a commit that erased something, and after
    later ones until it returns True.

    >>> with store.transaction() as transaction:  # doctest: +SKIP
    ...     transaction.settings.put("party", b"...")
    """

    def __init__(self, engine: Engine, draw: Callable[[int], bytes], scrub: Callable[[], bool]) -> None:
        self._engine = engine
        self._draw = draw
        self._scrub = scrub
        self._unscrubbed = False
        # Threads of one process queue here, in turn; the database itself makes processes wait.
        self._turn = threading.Lock()
        self._writer = 0

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Reads and writes, all or nothing: committed where the block ends well, undone where it raises.

        Raises Unavailable where no turn came within 30 s, Misuse where this thread has a transaction open.
        """
        if self._writer == threading.get_ident():
            raise Misuse("this thread has a transaction open already: use that one")
        if not self._turn.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable(
                f"the store is busy: another thread has been writing for {PATIENCE_SECONDS} s, try again"
            )
        self._writer = threading.get_ident()
        try:
            with _our_words(), self._engine.connect() as connection, connection.begin():
                transaction = SqlTransaction(connection, self._draw)
                yield transaction
            if transaction.shredded or self._unscrubbed:
                self._unscrubbed = not self._scrub()
        finally:
            self._writer = 0
            self._turn.release()

    @contextmanager
    def snapshot(self) -> Iterator[SqlTransaction]:
        """A consistent view for reading, beside any writer; writing through it raises Misuse."""
        with (
            _our_words(),
            self._engine.connect().execution_options(reads_only=True) as connection,
            connection.begin(),
        ):
            yield SqlTransaction(connection, self._draw)

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def _our_words() -> Iterator[None]:
    try:
        yield
    except PoolTimeout:
        raise Unavailable(
            f"the store is busy: no connection became free within {PATIENCE_SECONDS} s, try again"
        ) from None
    except DBAPIError as error:
        said = str(error.orig)
        if "locked" in said or "busy" in said:
            raise Unavailable(
                f"the store is busy: another process has been writing for {PATIENCE_SECONDS} s, try again"
            ) from None
        if "readonly" in said:
            raise Misuse(
                "a snapshot is for reading (or the file may not be written): use a transaction"
            ) from None
        if "full" in said or "disk I/O" in said or "malformed" in said:
            raise Unavailable(
                f"the store can't be written or read ({said}): see to the disk, then try again"
            ) from None
        raise
