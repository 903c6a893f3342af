"""Our records: loading them, journalling a salted commitment to each, choosing those that an agreement admits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from detente import kernel
from detente.ceremonies.run import Batch
from detente.errors import DetenteError, Misuse
from detente.journal.entries import commit
from detente.journal.merkle import inclusion_proof
from detente.node.office import Office
from detente.node.ports import RecordRow, Transaction
from detente.pact.marking import parse_grade, parse_marking
from detente.topics.topic import Record
from detente.wire.canonical import canonical

BATCH = 5_000  # records a journal entry and a transaction: a crash while loading loses at most the batch under way
SCHEMA_TOPIC = {
    "Person": "people",
    "LegalEntity": "groups",
    "Organization": "groups",
    "Company": "groups",
    "PublicBody": "groups",
    "OperationalIntent": "airspace",
}
HANDLING = ("grounds", "marking", "grade")


class Refused(msgspec.Struct, frozen=True):
    """One row that was not loaded."""

    line: int
    reason: str


class LoadReport(msgspec.Struct, frozen=True):
    """What came of a file. `refused` names each row that stayed out, with its line and the reason."""

    file: str
    added: int
    changed: int
    unchanged: int
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a file: FollowTheMoney JSON (id, schema, properties; grounds, marking, grade where the file carries them)."""

    line: int
    data: Mapping[str, object]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Handling for rows that carry none."""

    grounds: tuple[str, ...] = ()
    marking: str = "TLP:AMBER"
    grade: str = "F6"


class _Stored(msgspec.Struct):
    id: str
    schema: str
    properties: dict[str, list[str]]


class Holdings:
    def __init__(self, office: Office) -> None:
        self._office = office

    def load(self, rows: Iterable[SourceRow], file: str, defaults: Defaults) -> LoadReport:
        """Stores rows as records, each once: the same content again changes nothing. One journal entry a batch of 5,000."""
        _check_defaults(defaults)
        added = changed = unchanged = 0
        refused: list[Refused] = []
        batch: dict[str, tuple[str, Record]] = {}
        for row in rows:
            try:
                topic, record = self._record(row, file, defaults)
            except DetenteError as problem:
                refused.append(Refused(row.line, str(problem)))
                continue
            batch[record.id] = (topic, record)
            if len(batch) >= BATCH:
                counts = self._store(batch)
                added, changed, unchanged = added + counts[0], changed + counts[1], unchanged + counts[2]
                batch = {}
        counts = self._store(batch)
        return LoadReport(file, added + counts[0], changed + counts[1], unchanged + counts[2], refused)

    def count(self) -> Mapping[str, int]:
        """How many records of each topic."""
        with self._office.store.snapshot() as tx:
            return tx.records.count()

    def keep_received(self, tx: Transaction, topic: str, record: Record) -> None:
        """A record that a peer gave, in the transaction that receives it; `origin` names the peer."""
        body = encode_record(record)
        content = hashlib.sha256(canonical(_handled(record)) + body).hexdigest()
        self._journal(tx, [self._row(topic, record, body, content)])

    def keep(self, tx: Transaction, row: RecordRow) -> None:
        """Stores one row as it is, with a journal entry that commits to its content."""
        self._journal(tx, [row])

    def erase_received(self, tx: Transaction, party: str, item: str) -> None:
        """Shreds the record that came with an item; the journal says so."""
        ident = received_id(item)
        row = tx.records.get(ident)
        if row is not None and row.origin == f"party:{party}":
            tx.records.erase(ident)
            self._office.journal(tx, "record.erased", commitment_of(row).hex(), party, {"request": item})

    def erase(self, ident: str, request: str) -> None:
        """Shreds a record of our own; the journal says on what request. The id is never used again."""
        with self._office.store.transaction() as tx:
            row = tx.records.get(ident)
            if row is None:
                raise Misuse("no such record on this node")
            tx.records.erase(ident)
            self._office.journal(tx, "record.erased", commitment_of(row).hex(), "", {"request": request})

    def _record(self, row: SourceRow, file: str, defaults: Defaults) -> tuple[str, Record]:
        if row.problem:
            raise Misuse(row.problem)
        schema = row.data.get("schema")
        topic = SCHEMA_TOPIC.get(schema) if isinstance(schema, str) else None
        if topic is None or topic not in self._office.topics:
            raise Misuse(f"schema {schema!r} belongs to no topic of this node")
        parsed = self._office.topics[topic].parse(row.data)
        grounds = _texts(row.data.get("grounds")) or defaults.grounds
        if not any(g.strip() for g in grounds):
            raise Misuse(
                "no grounds: add a `grounds` column or give --grounds; without grounds a record is not matched"
            )
        marking, grade = row.data.get("marking") or defaults.marking, row.data.get("grade") or defaults.grade
        marking, grade = str(parse_marking(str(marking))), parse_grade(str(grade))
        return topic, Record(
            parsed.id, parsed.schema, parsed.properties, grounds, marking, grade, f"file:{file}"
        )

    def _store(self, batch: Mapping[str, tuple[str, Record]]) -> tuple[int, int, int]:
        if not batch:
            return 0, 0, 0
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            fresh: list[RecordRow] = []
            added = unchanged = 0
            for topic, record in batch.values():
                body = encode_record(record)
                content = hashlib.sha256(canonical(_handled(record)) + body).hexdigest()
                known = tx.records.get(record.id)
                if known is not None and known.content == content:
                    unchanged += 1
                    continue
                added += known is None
                fresh.append(self._row(topic, record, body, content))
            if fresh:
                self._journal(tx, fresh)
        return added, len(fresh) - added, unchanged

    def _row(self, topic: str, record: Record, body: bytes, content: str) -> RecordRow:
        office = self._office
        return RecordRow(
            record.id, topic, record.schema, body, content, office.entropy.draw(32), 0, record.grounds,
            record.marking, record.grade, record.origin, office.clock.now(),
        )  # fmt: skip

    def _journal(self, tx: Transaction, rows: Sequence[RecordRow]) -> None:
        """One records.loaded entry: how many, and the root over a salted commitment to each. The commitments are kept for audits."""
        commitments = b"".join(
            bytes.fromhex(commit("record", row.salt, row.content.encode())) for row in rows
        )
        root = kernel.merkle_root(commitments).hex()
        index = self._office.journal(tx, "records.loaded", root, "", {"count": len(rows), "root": root})
        tx.settings.put(f"batch.{index}", commitments)
        tx.records.put(msgspec.structs.replace(row, entry=index) for row in rows)


def received_id(item: str) -> str:
    """The id under which the record that came with an item is kept."""
    return f"received:{item[:32]}"


def encode_record(record: Record) -> bytes:
    """A record's body as it is stored and committed to: canonical FollowTheMoney JSON."""
    properties = {name: list(values) for name, values in record.properties.items()}
    return canonical({"id": record.id, "schema": record.schema, "properties": properties})


def decode_record(row: RecordRow) -> Record:
    """The record in a row, with its handling."""
    stored = msgspec.json.decode(row.body, type=_Stored)
    properties = {name: tuple(values) for name, values in stored.properties.items()}
    return Record(row.id, row.schema, properties, row.grounds, row.marking, row.grade, row.origin)


def commitment_of(row: RecordRow) -> bytes:
    """The salted commitment that the row's journal entry holds."""
    return bytes.fromhex(commit("record", row.salt, row.content.encode()))


def handling_of(row: RecordRow) -> bytes:
    """How the record is handled, as the commitment takes it: canonical JSON, before the body."""
    return canonical(_handled(decode_record(row)))


def batches(tx: Transaction, entries: Iterable[int], size: int) -> Iterator[tuple[int, Batch]]:
    """The records.loaded entries of these indices with their proofs under our head of `size` entries."""
    for index in sorted(set(entries)):
        row = tx.journal.entry(index)
        path = b"".join(inclusion_proof(index, size, tx.journal.hash_at))
        yield index, Batch(row.data, index, path, tx.settings.get(f"batch.{index}") or b"")


def _handled(record: Record) -> dict[str, object]:
    return {"grounds": list(record.grounds), "marking": record.marking, "grade": record.grade}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, (list, tuple)):
        return tuple(v for v in value if isinstance(v, str) and v.strip())
    return ()


def _check_defaults(defaults: Defaults) -> None:
    parse_marking(defaults.marking)
    parse_grade(defaults.grade)
