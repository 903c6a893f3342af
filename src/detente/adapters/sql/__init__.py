"""The node's store on SQLAlchemy Core; the embedded default is SQLite, encrypted."""

from detente.adapters.sql.connect import PASSPHRASE_VARIABLE, open_store, read_passphrase
from detente.adapters.sql.store import SqlStore, SqlTransaction

__all__ = ["PASSPHRASE_VARIABLE", "SqlStore", "SqlTransaction", "open_store", "read_passphrase"]
