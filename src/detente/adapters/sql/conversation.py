"""What a conversation needs while it runs: ceremonies with their inputs, messages to send, bulk parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from detente.adapters.sql import tables
from detente.adapters.sql.rows import matching, parts_of, replace, values_of
from detente.errors import Misuse, Unavailable
from detente.node.ports import CeremonyRow, InputRow, LetterRow, OutgoingRow


class SqlCeremonies:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: CeremonyRow) -> None:
        """Inserts or replaces. One that is no longer open keeps no setup, seed, or content of its inputs.

        The inputs' message ids stay: a peer's late repeat must still be known as one.
        """
        values = values_of(row)
        if row.status != "open":
            values |= {"setup": b"", "seed": b""}
            erased = update(tables.inputs).where(tables.inputs.c.ceremony == row.id)
            self._connection.execute(erased.values(raw=b"", parts="{}"))
        replace(self._connection, tables.ceremonies, values, "id")

    def get(self, id: str) -> CeremonyRow | None:
        table = tables.ceremonies
        found = self._connection.execute(select(table).where(table.c.id == id)).first()
        return None if found is None else CeremonyRow(**found._mapping)

    def find(self, *, status: str = "", kind: str = "", party: str = "") -> Sequence[CeremonyRow]:
        """Oldest first."""
        table = tables.ceremonies
        query = matching(select(table), table, status=status, kind=kind, party=party)
        found = self._connection.execute(query.order_by(table.c.began, table.c.id))
        return [CeremonyRow(**row._mapping) for row in found]

    def add_input(self, row: InputRow) -> bool:
        """False where this message is an input already. Raises Unavailable where the position is taken."""
        table = tables.inputs
        known = select(1).where(table.c.message == row.message)
        if row.message and self._connection.execute(known).first() is not None:
            return False
        taken = select(1).where(table.c.ceremony == row.ceremony, table.c.position == row.position)
        if self._connection.execute(taken).first() is not None:
            raise Unavailable(
                "another input of this ceremony took the same position first: read its state again and retry"
            )
        self._connection.execute(insert(table), values_of(row) | {"message": row.message or None})
        return True

    def inputs(self, ceremony: str, since: int = 0) -> Sequence[InputRow]:
        """In order of position, from `since` on. Those of an ended ceremony are empty."""
        table = tables.inputs
        query = select(table).where(table.c.ceremony == ceremony, table.c.position >= since)
        return [
            InputRow(
                ceremony=row.ceremony,
                position=row.position,
                message=row.message or "",
                raw=row.raw,
                parts=parts_of(row.parts),
                at=row.at,
            )
            for row in self._connection.execute(query.order_by(table.c.position))
        ]


class SqlOutbox:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: OutgoingRow) -> None:
        """Stores a message to send; again changes nothing. Raises Misuse where a part is not stored yet."""
        table = tables.outbox
        known = select(1).where(table.c.party == row.party, table.c.message == row.message)
        if self._connection.execute(known).first() is not None:
            return
        wanted = set(row.parts.values())
        held = select(func.count()).select_from(tables.blobs).where(tables.blobs.c.sha256.in_(wanted))
        if wanted and self._connection.execute(held).scalar() != len(wanted):
            raise Misuse("a message names a part that is not stored: put its blobs before the message")
        (position,) = self._connection.execute(insert(table), values_of(row)).inserted_primary_key or (None,)
        if wanted:
            parts = [{"position": position, "sha256": sha256} for sha256 in sorted(wanted)]
            self._connection.execute(insert(tables.outbox_parts), parts)

    def pending(self, party: str) -> Sequence[OutgoingRow]:
        """Not yet acknowledged, in the order in which they were put."""
        table = tables.outbox
        query = select(table).where(table.c.party == party).order_by(table.c.position)
        return [
            OutgoingRow(
                message=row.message,
                party=row.party,
                ceremony=row.ceremony,
                sequence=row.sequence,
                raw=row.raw,
                parts=parts_of(row.parts),
                at=row.at,
            )
            for row in self._connection.execute(query)
        ]

    def acknowledge(self, party: str, messages: Iterable[str]) -> None:
        """Forgets messages of this party and the parts that nothing else needs; passes over unknown ones."""
        table = tables.outbox
        for message in messages:
            mine = select(table.c.position).where(table.c.party == party, table.c.message == message)
            position = self._connection.execute(mine).scalar()
            if position is None:
                continue
            parts = tables.outbox_parts
            of_message = select(parts.c.sha256).where(parts.c.position == position)
            freed = self._connection.execute(of_message).scalars().all()
            self._connection.execute(delete(parts).where(parts.c.position == position))
            self._connection.execute(delete(table).where(table.c.position == position))
            _forget_unneeded(self._connection, freed)

    def parties(self) -> Sequence[str]:
        """Parties with something pending, sorted."""
        query = select(tables.outbox.c.party).distinct().order_by(tables.outbox.c.party)
        return self._connection.execute(query).scalars().all()


class SqlLetters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: LetterRow) -> None:
        """Keeps a message, sent or received; again changes nothing."""
        table = tables.letters
        known = select(1).where(table.c.party == row.party, table.c.message == row.message)
        if self._connection.execute(known).first() is None:
            self._connection.execute(insert(table), values_of(row))

    def find(self, party: str) -> Iterator[LetterRow]:
        """Those with a party, oldest first."""
        table = tables.letters
        query = select(table).where(table.c.party == party).order_by(table.c.position)
        for row in self._connection.execute(query):
            yield LetterRow(row.message, row.party, row.ceremony, row.raw, row.at)


class SqlBlobs:
    """Bulk parts by their hash, each owned by every ceremony that put it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, ceremony: str, data: bytes) -> str:
        """Stores bytes, owned by a ceremony; returns their SHA-256 hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self._connection.execute(select(1).where(tables.blobs.c.sha256 == sha256)).first() is None:
            self._connection.execute(insert(tables.blobs), {"sha256": sha256, "data": data})
        replace(
            self._connection,
            tables.blob_owners,
            {"ceremony": ceremony, "sha256": sha256},
            "ceremony",
            "sha256",
        )
        return sha256

    def get(self, sha256: str) -> bytes:
        """Raises Misuse where no such blob is stored."""
        data: bytes | None = self._connection.execute(
            select(tables.blobs.c.data).where(tables.blobs.c.sha256 == sha256)
        ).scalar()
        if data is None:
            raise Misuse("a part is not stored here (any more): its ceremony has ended or never began")
        return data

    def erase(self, ceremony: str) -> None:
        """Erases what only this ceremony owns; what a pending message needs goes once it is acknowledged."""
        owners = tables.blob_owners
        owned = select(owners.c.sha256).where(owners.c.ceremony == ceremony)
        freed = self._connection.execute(owned).scalars().all()
        self._connection.execute(delete(owners).where(owners.c.ceremony == ceremony))
        _forget_unneeded(self._connection, freed)


def _forget_unneeded(connection: Connection, hashes: Sequence[str]) -> None:
    owned = exists().where(tables.blob_owners.c.sha256 == tables.blobs.c.sha256)
    pending = exists().where(tables.outbox_parts.c.sha256 == tables.blobs.c.sha256)
    for sha256 in hashes:
        connection.execute(delete(tables.blobs).where(tables.blobs.c.sha256 == sha256, ~owned, ~pending))
