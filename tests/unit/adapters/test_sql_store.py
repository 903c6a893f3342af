"""What is SQLite's and SQLCipher's alone; what every store must do is in tests/conformance/test_store.py."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlcipher3 import dbapi2

from detente.adapters.sql import PASSPHRASE_VARIABLE, connect, open_store, read_passphrase
from detente.adapters.sql.store import SqlStore
from detente.adapters.sql.tables import SCHEMA, metadata
from detente.errors import Misuse, Unavailable
from detente.node.ports import RecordRow

PASSPHRASE = "it's a 'quoted' one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    open_store(tmp_path / "store.db", PASSPHRASE, create=True).close()
    return tmp_path / "store.db"


def _raw(path: Path) -> dbapi2.Connection:
    connection = dbapi2.connect(str(path), isolation_level=None)
    quoted = PASSPHRASE.replace("'", "''")
    connection.execute(f"PRAGMA key = '{quoted}'")
    return connection


def test_a_wrong_passphrase_is_told_in_a_sentence(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Misuse, match="does not open") as told:
        open_store(path, "another")
    assert "another" not in str(told.value)
    assert capfd.readouterr().err == ""


def test_a_file_that_is_no_database_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("dear peer, " * 1000)
    with pytest.raises(Misuse, match="not a node's database"):
        open_store(path, PASSPHRASE, create=True)
    assert path.read_text().startswith("dear peer")


def test_a_missing_database_is_made_only_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="detente init"):
        open_store(tmp_path / "none.db", PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [(3, 51, 2), (3, 45, 0), (2, 99, 99)])
def test_an_sqlite_with_the_wal_reset_bug_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...]
) -> None:
    monkeypatch.setattr(connect.dbapi2, "sqlite_version_info", version)
    with pytest.raises(Unavailable, match=r"WAL-reset.*3\.51\.3"):
        open_store(path, PASSPHRASE)


def test_the_files_are_for_their_owner_alone(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    with store.transaction() as t:
        t.settings.put("a", b"1")
    files = sorted(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


def test_every_connection_is_durable_and_overwrites_what_it_deletes(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    pragmas = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}
    pragmas |= {"busy_timeout": 30_000, "query_only": 0, "temp_store": 2}
    with store.snapshot(), store._engine.connect() as second:
        found = {name: second.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
    assert found == pragmas
    store.close()


def _record() -> RecordRow:
    return RecordRow("r1", "people", "Person", b"Zenobia" * 100, "c", b"s", 0, (), "TLP:RED", "A1", "file", 1)


def test_erasing_deletes_the_key_and_empties_the_log(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    with store.transaction() as t:
        t.records.put([_record()])
    log = path.with_name("store.db-wal")
    assert log.stat().st_size > 0
    raw = _raw(path)
    assert raw.execute("SELECT length(key) FROM record_keys").fetchall() == [(32,)]
    assert b"Zenobia" not in raw.execute("SELECT sealed FROM records").fetchone()[0]
    with store.transaction() as t:
        t.records.erase("r1")
    assert log.stat().st_size == 0
    assert raw.execute("SELECT count(*) FROM record_keys").fetchone() == (0,)
    assert raw.execute("SELECT sealed FROM records").fetchone() == (b"",)
    store.close()


def test_a_log_that_a_reader_needed_is_emptied_by_a_later_commit(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    with store.transaction() as t:
        t.records.put([_record()])
    log = path.with_name("store.db-wal")
    with store.snapshot() as reader:
        with store.transaction() as t:
            t.records.erase("r1")
        assert log.stat().st_size > 0
        assert reader.records.get("r1") == _record()
    with store.transaction() as t:
        t.settings.put("a", b"1")
    assert log.stat().st_size == 0
    store.close()


def test_a_changed_record_takes_a_fresh_key(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    raw = _raw(path)
    keys = []
    for _ in range(2):
        with store.transaction() as t:
            t.records.put([_record()])
        keys += raw.execute("SELECT key FROM record_keys").fetchall()
    assert len(keys) == 2
    assert keys[0] != keys[1]
    store.close()


def test_a_body_moved_to_another_record_does_not_open(path: Path) -> None:
    store = open_store(path, PASSPHRASE)
    other = "UPDATE records SET id = 'r2'", "UPDATE record_keys SET id = 'r2'"
    with store.transaction() as t:
        t.records.put([_record()])
    raw = _raw(path)
    for statement in other:
        raw.execute(statement)
    with store.snapshot() as t, pytest.raises(Unavailable, match="damaged"):
        t.records.get("r2")
    store.close()


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from detente.adapters.sql import migrations

    engine = create_engine(f"sqlite:///{tmp_path / 'plain.db'}")
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA]


def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    _raw(path).execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Misuse, match="newer version"):
        open_store(path, PASSPHRASE)


def test_a_full_disk_is_the_stores_fault_and_not_a_bug(path: Path) -> None:
    store: SqlStore = open_store(path, PASSPHRASE)
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(Unavailable, match="disk"), store.transaction() as t:
        t.settings.put("a", bytes(100_000))
    with store.snapshot() as t:
        assert t.settings.get("a") is None
    store.close()


def test_the_passphrase_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse \n")
    file.chmod(0o600)
    assert read_passphrase(file, {}) == "correct horse "
    assert read_passphrase(None, {PASSPHRASE_VARIABLE: "staple"}) == "staple"
    file.chmod(0o604)
    with pytest.raises(Misuse, match="chmod 600"):
        read_passphrase(file, {})
    file.chmod(0o600)
    file.write_text("\n")
    with pytest.raises(Misuse, match="empty"):
        read_passphrase(file, {})
    for missing in (None, tmp_path / "none"):
        with pytest.raises(Misuse):
            read_passphrase(missing, {})
    for passphrase in ("", "nul\0"):
        with pytest.raises(Misuse):
            open_store(tmp_path / "store.db", passphrase, create=True)
