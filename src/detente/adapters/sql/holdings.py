"""What a party holds: its records, what matching found, the documents both signed, the items of swaps.

Bodies of records and plaintexts of items are sealed under keys of their own; erasing deletes key and body.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy import Row as Found
from sqlalchemy.exc import IntegrityError

from detente.adapters.sql import tables
from detente.adapters.sql.rows import CHUNK, chunks, matching, replace, values_of
from detente.adapters.sql.sealing import KEY_BYTES, seal, unseal
from detente.errors import Misuse, Refused
from detente.node.ports import DocumentRow, FindingRow, ItemRow, RecordRow

Draw = Callable[[int], bytes]


class SqlRecords:
    def __init__(self, connection: Connection, draw: Draw, shredded: Callable[[], None]) -> None:
        self._connection = connection
        self._draw = draw
        self._shredded = shredded

    def put(self, rows: Iterable[RecordRow]) -> None:
        """Inserts or replaces by id. Raises Refused where an id was erased before: it is not reused."""
        for held in chunks(rows):
            self._put({row.id: row for row in held})

    def _put(self, rows: Mapping[str, RecordRow]) -> None:
        table, keys = tables.records, tables.record_keys
        known = self._connection.execute(select(table.c.id, table.c.erased).where(table.c.id.in_(rows))).all()
        if any(row.erased for row in known):
            raise Refused(
                "a record with an erased record's id was offered: give it a new id, or leave it out"
            )
        known_ids = {row.id for row in known}
        fresh = self._draw(KEY_BYTES * len(rows))
        inserts, updates, new_keys = [], [], []
        for position, row in enumerate(rows.values()):
            key = fresh[position * KEY_BYTES : (position + 1) * KEY_BYTES]
            values = values_of(row) | {"erased": 0, "sealed": seal(key, f"records/{row.id}", row.body)}
            del values["body"]
            new_keys.append({"id": row.id, "key": key})
            if row.id in known_ids:
                updates.append({f"new_{name}": value for name, value in values.items()})
            else:
                inserts.append(values)
        if updates:
            columns: dict[Any, Any] = {
                column: bindparam(f"new_{column.name}") for column in table.c if column is not table.c.id
            }
            self._connection.execute(delete(keys).where(keys.c.id.in_(known_ids)))
            self._connection.execute(
                update(table).where(table.c.id == bindparam("new_id")).values(columns), updates
            )
        if inserts:
            self._connection.execute(insert(table), inserts)
        self._connection.execute(insert(keys), new_keys)

    def get(self, id: str) -> RecordRow | None:
        """None where the id was never used. A tombstone has an empty body, content, salt and grounds."""
        found = self._connection.execute(_records_with_keys().where(tables.records.c.id == id)).first()
        return None if found is None else _record(found)

    def select(self, topic: str, *, origin: str = "") -> Iterator[RecordRow]:
        """In order of id. Erased ones are left out. The caller may put and erase while it reads."""
        table = tables.records
        query = _records_with_keys().where(table.c.topic == topic, table.c.erased == 0)
        query = matching(query, table, origin=origin).order_by(table.c.id).limit(CHUNK)
        after: str | None = None
        while True:
            # By chunks after the last id, not by one cursor: nothing stays open if the caller stops half way.
            held = self._connection.execute(query if after is None else query.where(table.c.id > after)).all()
            for found in held:
                yield _record(found)
            if len(held) < CHUNK:
                return
            after = held[-1].id

    def erase(self, id: str) -> None:
        """Shreds the record's key and body; the row stays as a tombstone so that the id is not reused.

        Content hash, salt and grounds go too: the first two would confirm a guess of what the record said.
        Raises Misuse where there is no such record; erasing twice changes nothing.
        """
        table = tables.records
        self._connection.execute(delete(tables.record_keys).where(tables.record_keys.c.id == id))
        blank = {"erased": 1, "sealed": b"", "content": "", "salt": b"", "grounds": "[]"}
        if self._connection.execute(update(table).where(table.c.id == id).values(**blank)).rowcount == 0:
            raise Misuse("there is no such record to erase: check its id")
        self._shredded()

    def count(self) -> Mapping[str, int]:
        """How many records each topic has; erased ones are not counted."""
        table = tables.records
        query = select(table.c.topic, func.count()).where(table.c.erased == 0).group_by(table.c.topic)
        return {topic: number for topic, number in self._connection.execute(query.order_by(table.c.topic))}


def _records_with_keys() -> Any:
    table, keys = tables.records, tables.record_keys
    return select(table, keys.c.key).select_from(table.outerjoin(keys, keys.c.id == table.c.id))


def _record(found: Found[Any]) -> RecordRow:
    return RecordRow(
        id=found.id,
        topic=found.topic,
        schema=found.schema,
        body=b"" if found.erased else unseal(found.key, f"records/{found.id}", found.sealed),
        content=found.content,
        salt=found.salt,
        entry=found.entry,
        grounds=tuple(msgspec.json.decode(found.grounds)),
        marking=found.marking,
        grade=found.grade,
        origin=found.origin,
        loaded=found.loaded,
    )


class SqlFindings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, rows: Iterable[FindingRow]) -> None:
        """Inserts or replaces by id."""
        table = tables.findings
        kinds = (table.c.party, table.c.run, table.c.status, table.c.grade)
        for held in chunks(rows):
            by_id = {row.id: values_of(row) for row in held}
            before = self._connection.execute(select(*kinds).where(table.c.id.in_(by_id)))
            moved = Counter(
                (each["party"], each["run"], each["status"], each["grade"]) for each in by_id.values()
            )
            moved.subtract(tuple(row) for row in before)
            self._connection.execute(delete(table).where(table.c.id.in_(by_id)))
            self._connection.execute(insert(table), list(by_id.values()))
            self._tally(moved)

    def _tally(self, moved: Mapping[tuple[str, str, str, str], int]) -> None:
        table = tables.tallies
        for (party, run, status, grade), change in moved.items():
            key = {"party": party, "run": run, "status": status, "grade": grade}
            same = [table.c[name] == value for name, value in key.items()]
            known = self._connection.execute(select(table.c.count).where(*same)).scalar()
            if known is None:
                self._connection.execute(insert(table), {**key, "count": change})
            elif change:
                self._connection.execute(update(table).where(*same).values(count=known + change))

    def get(self, id: str) -> FindingRow | None:
        table = tables.findings
        found = self._connection.execute(select(table).where(table.c.id == id)).first()
        return None if found is None else FindingRow(**found._mapping)

    def find(
        self,
        *,
        party: str = "",
        status: str = "",
        grade: str = "",
        run: str = "",
        limit: int = 0,
        offset: int = 0,
    ) -> Sequence[FindingRow]:
        """Best score first, then id; `limit` 0: all of them."""
        table = tables.findings
        wanted = {"party": party, "status": status, "grade": grade, "run": run}
        if not limit and not offset:
            query = matching(select(table), table, **wanted).order_by(table.c.score.desc(), table.c.id)
            return [FindingRow(**found._mapping) for found in self._connection.execute(query)]
        # a page is found in the index of the queue alone (coalesce keeps the planner from another one, whose rows it would read and sort);
        # only the page's own rows, which are wide, are read
        page = select(table.c.id).order_by(table.c.score.desc(), table.c.id)
        for column, value in wanted.items():
            if value:
                page = page.where(func.coalesce(table.c[column], "") == value)
        ids = self._connection.execute(page.offset(offset).limit(limit or -1)).scalars().all()
        rows: dict[str, FindingRow] = {}
        for place in range(0, len(ids), CHUNK):
            query = select(table).where(table.c.id.in_(ids[place : place + CHUNK]))
            rows |= {found.id: FindingRow(**found._mapping) for found in self._connection.execute(query)}
        return [rows[id] for id in ids]

    def count(self, *, party: str = "", run: str = "") -> Mapping[tuple[str, str], int]:
        """How many there are of each (status, grade)."""
        table = tables.tallies
        summed = func.sum(table.c.count)
        query = matching(select(table.c.status, table.c.grade, summed), table, party=party, run=run)
        found = self._connection.execute(query.group_by(table.c.status, table.c.grade).having(summed > 0))
        return {(status, grade): number for status, grade, number in found}


class SqlDocuments:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: DocumentRow) -> None:
        """Inserts or replaces by hash; a replaced one keeps its place in time."""
        replace(self._connection, tables.documents, values_of(row), "hash")

    def get(self, hash: str) -> DocumentRow | None:
        table = tables.documents
        found = self._connection.execute(select(table).where(table.c.hash == hash)).first()
        return None if found is None else _document(found)

    def find(self, *, kind: str = "", party: str = "", state: str = "") -> Sequence[DocumentRow]:
        """Oldest first."""
        table = tables.documents
        query = matching(select(table), table, kind=kind, party=party, state=state)
        return [
            _document(row) for row in self._connection.execute(query.order_by(table.c.at, table.c.position))
        ]


def _document(found: Found[Any]) -> DocumentRow:
    return DocumentRow(**{name: value for name, value in found._mapping.items() if name != "position"})


class SqlItems:
    def __init__(self, connection: Connection, draw: Draw, shredded: Callable[[], None]) -> None:
        self._connection = connection
        self._draw = draw
        self._shredded = shredded

    def put(self, row: ItemRow) -> None:
        """Inserts or replaces by id. Raises Refused where the finding was released already (UNIQUE).

        Erased stays erased: putting a row read before the erasure brings no plaintext back.
        """
        table, keys = tables.items, tables.item_keys
        known = self._connection.execute(select(table.c.erased).where(table.c.id == row.id)).scalar()
        keep = bool(row.plaintext) and not known
        key = self._draw(KEY_BYTES) if keep else b""
        values = values_of(row) | {
            "erased": known or 0,
            "sealed": seal(key, f"items/{row.id}", row.plaintext) if keep else b"",
            "live": None if row.state == "void" else 1,
        }
        del values["plaintext"]
        try:
            replace(self._connection, table, values, "id")
        except IntegrityError:
            raise Refused("this finding was released already, and is not released twice") from None
        self._connection.execute(delete(keys).where(keys.c.id == row.id))
        if keep:
            self._connection.execute(insert(keys), {"id": row.id, "key": key})

    def get(self, id: str) -> ItemRow | None:
        found = self._connection.execute(_items_with_keys().where(tables.items.c.id == id)).first()
        return None if found is None else _item(found)

    def find(
        self, *, party: str = "", direction: str = "", state: str = "", finding: str = "", swap: str = ""
    ) -> Sequence[ItemRow]:
        """By swap, number, direction."""
        table = tables.items
        query = matching(
            _items_with_keys(),
            table,
            party=party,
            direction=direction,
            state=state,
            finding=finding,
            swap=swap,
        )
        query = query.order_by(table.c.swap, table.c.number, table.c.direction, table.c.id)
        return [_item(found) for found in self._connection.execute(query)]

    def erase(self, id: str) -> None:
        """Shreds the item's key and plaintext; statement and row stay. Raises Misuse where there is none."""
        table = tables.items
        self._connection.execute(delete(tables.item_keys).where(tables.item_keys.c.id == id))
        blank = update(table).where(table.c.id == id).values(erased=1, sealed=b"")
        if self._connection.execute(blank).rowcount == 0:
            raise Misuse("there is no such item to erase: check its id")
        self._shredded()


def _items_with_keys() -> Any:
    table, keys = tables.items, tables.item_keys
    return select(table, keys.c.key).select_from(table.outerjoin(keys, keys.c.id == table.c.id))


def _item(found: Found[Any]) -> ItemRow:
    return ItemRow(
        id=found.id,
        swap=found.swap,
        finding=found.finding,
        party=found.party,
        direction=found.direction,
        number=found.number,
        state=found.state,
        marking=found.marking,
        statement=found.statement,
        plaintext=b"" if found.key is None else unseal(found.key, f"items/{found.id}", found.sealed),
        record=found.record,
        at=found.at,
    )
