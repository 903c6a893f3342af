"""Brings a database's tables to the newest revision in versions/, whichever version made them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from detente.adapters.sql.tables import SCHEMA
from detente.errors import Misuse


def upgrade(engine: Engine) -> None:
    """Runs the migrations that a database lacks, in one transaction; if several processes try, one does.

    Raises Misuse where a newer version of the software wrote it.
    """
    with engine.connect().execution_options(reads_only=True) as connection, connection.begin():
        if _revision(connection) == SCHEMA:  # the common case: alembic is not even imported
            return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise Misuse(
                "a newer version of detente wrote this database: upgrade detente, then try again"
            ) from None


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
