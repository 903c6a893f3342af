"""People who use the console: their accounts, their sessions, and their looks at records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy import Row as Found

from detente.adapters.sql import tables
from detente.adapters.sql.rows import matching, replace, values_of
from detente.node.ports import AccountRow, LookRow, SessionRow


class SqlAccounts:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: AccountRow) -> None:
        """Inserts or replaces by name."""
        replace(self._connection, tables.accounts, values_of(row), "name")

    def get(self, name: str) -> AccountRow | None:
        table = tables.accounts
        found = self._connection.execute(select(table).where(table.c.name == name)).first()
        return None if found is None else _account(found)

    def all(self) -> Sequence[AccountRow]:
        """By name."""
        query = select(tables.accounts).order_by(tables.accounts.c.name)
        return [_account(found) for found in self._connection.execute(query)]


def _account(found: Found[Any]) -> AccountRow:
    return AccountRow(**{**found._mapping, "roles": tuple(msgspec.json.decode(found.roles))})


class SqlSessions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: SessionRow) -> None:
        """Inserts or replaces by id."""
        replace(self._connection, tables.sessions, values_of(row), "id")

    def get(self, id: str) -> SessionRow | None:
        table = tables.sessions
        found = self._connection.execute(select(table).where(table.c.id == id)).first()
        return None if found is None else SessionRow(**found._mapping)

    def erase(self, *, id: str = "", account: str = "", seen_before: int = 0) -> int:
        """Erases those that meet all that is given; returns how many. Nothing given erases nothing."""
        table = tables.sessions
        met = [table.c.id == id] if id else []
        met += [table.c.account == account] if account else []
        met += [table.c.seen < seen_before] if seen_before else []
        return self._connection.execute(delete(table).where(*met)).rowcount if met else 0


class SqlLooks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: LookRow) -> None:
        self._connection.execute(insert(tables.looks), values_of(row))

    def last(self) -> LookRow | None:
        return next(iter(self.find(limit=1)), None)

    def find(
        self, *, account: str = "", subject: str = "", limit: int = 0, offset: int = 0
    ) -> Sequence[LookRow]:
        """Newest first; `limit` 0: all of them."""
        table = tables.looks
        query = matching(select(table), table, account=account, subject=subject)
        query = query.order_by(table.c.position.desc()).offset(offset)
        if limit:
            query = query.limit(limit)
        return [
            LookRow(**{name: value for name, value in found._mapping.items() if name != "position"})
            for found in self._connection.execute(query)
        ]
