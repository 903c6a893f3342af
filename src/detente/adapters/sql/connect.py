"""Opens the embedded store: SQLite in WAL mode, encrypted by SQLCipher. SQLite's own words stay here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlcipher3 import dbapi2

from detente.adapters.sql.migrations import upgrade
from detente.adapters.sql.store import PATIENCE_SECONDS, SqlStore
from detente.errors import Misuse, Unavailable

# Below it two connections that checkpoint at once can lose committed pages (sqlite.org/wal.html#walresetbug).
OLDEST_SQLITE = (3, 51, 3)
PASSPHRASE_VARIABLE = "DETENTE_PASSPHRASE"


def open_store(
    path: Path, passphrase: str, *, create: bool = False, draw: Callable[[int], bytes] = os.urandom
) -> SqlStore:
    """Opens the node's database, brings its tables up to date, and returns the store. Several processes may.

    `create` makes a new one (readable by its owner alone) where there is none. `draw` yields the keys that
    seal bodies. Raises Misuse for a wrong passphrase or a missing file, Unavailable where the SQLite library
    is too old or the store busy.

    >>> store = open_store(Path("node/store.db"), "correct horse", create=True)  # doctest: +SKIP
    """
    _require_library(dbapi2.sqlite_version_info)
    if not passphrase or "\0" in passphrase:
        raise Misuse(f"the store needs a passphrase: set {PASSPHRASE_VARIABLE} or name a passphrase file")
    if not path.exists():
        if not create:
            raise Misuse(f"there is no node's database at {path}: run `detente init` first, or check --node")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # its -wal and -shm files take the same mode
    engine = _engine(path, passphrase)
    try:
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, draw, lambda: _truncate_log(engine))


def read_passphrase(file: Path | None, environ: Mapping[str, str]) -> str:
    """The passphrase from a file (its last line break left out) or, without one, from DETENTE_PASSPHRASE.

    Raises Misuse where there is neither, or where the file can be read by everybody.
    """
    if file is None:
        passphrase = environ.get(PASSPHRASE_VARIABLE, "")
        if not passphrase:
            raise Misuse(f"no passphrase: set {PASSPHRASE_VARIABLE}, or name a passphrase file")
        return passphrase
    try:
        if file.stat().st_mode & 0o007:
            raise Misuse(
                f"the passphrase file {file} is open to everybody on this machine: run `chmod 600 {file}`"
            )
        passphrase = file.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"the passphrase file {file} can't be read: {error}") from None
    if not passphrase:
        raise Misuse(f"the passphrase file {file} is empty: write the passphrase on its first line")
    return passphrase


def _require_library(version: tuple[int, ...]) -> None:
    if version < OLDEST_SQLITE:
        found, oldest = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SQLITE))
        raise Unavailable(
            f"SQLite {found} can lose committed data (its WAL-reset bug): "
            f"install a sqlcipher3 that carries {oldest} or newer"
        )


def _engine(path: Path, passphrase: str) -> Engine:
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: _connect(path, passphrase),
        # Deriving the key takes some 0.2 s a connection, so connections are kept.
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=56,
        pool_timeout=PATIENCE_SECONDS,
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _allow_writing)
    return engine


def _connect(path: Path, passphrase: str) -> Any:
    # isolation_level None: the driver begins and commits nothing by itself, so DDL is transactional too
    # (SQLAlchemy's documentation, "Serializable isolation / Savepoints / Transactional DDL").
    connection = dbapi2.connect(
        str(path), timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # A wrong passphrase is told in a sentence below, not by the library on standard error.
        connection.execute("PRAGMA cipher_log_level = NONE")
        quoted = passphrase.replace("'", "''")
        connection.execute(f"PRAGMA key = '{quoted}'")
        if connection.execute("PRAGMA cipher_version").fetchone() is None:
            raise Unavailable("this SQLite library can't encrypt: install the sqlcipher3 wheel")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except dbapi2.DatabaseError as error:
            if "not a database" not in str(error):
                raise
            raise Misuse(
                f"this passphrase does not open {path}, or it is not a node's database: "
                f"check {PASSPHRASE_VARIABLE} or the passphrase file"
            ) from None
        for pragma in (
            "synchronous = FULL",
            "secure_delete = ON",
            "foreign_keys = ON",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _write_ahead(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: Any) -> None:
    """WAL is a property of the file; turning it on wants the file alone, which no busy timeout waits for."""
    patience = time.monotonic() + PATIENCE_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except dbapi2.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("reads_only"):
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()  # the view is fixed by the first read
    else:
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE"
        )  # waits for its turn instead of failing at the first write


def _allow_writing(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.execute("PRAGMA query_only = OFF")


def _truncate_log(engine: Engine) -> bool:
    """Empties the write-ahead log, where pages from before an erasure may stand. False if in use."""
    raw = engine.raw_connection()
    try:
        raw.execute("PRAGMA busy_timeout = 200")
        busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except dbapi2.OperationalError:
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout = {PATIENCE_SECONDS * 1000}")
        raw.close()
