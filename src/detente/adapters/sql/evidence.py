"""What a node must be able to show later: settings, peers, the journal with its tree, checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, insert, select

from detente.adapters.sql import tables
from detente.adapters.sql.rows import CHUNK, matching, replace, values_of
from detente.errors import Equivocation, Misuse
from detente.journal.merkle import Frontier, leaf_hash
from detente.node.ports import CheckpointRow, EntryRow, PeerRow


class SqlSettings:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes | None:
        table = tables.settings
        return self._connection.execute(select(table.c.value).where(table.c.name == name)).scalar()

    def put(self, name: str, value: bytes) -> None:
        replace(self._connection, tables.settings, {"name": name, "value": value}, "name")


class SqlPeers:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: PeerRow) -> None:
        replace(self._connection, tables.peers, values_of(row), "party")

    def get(self, party: str) -> PeerRow | None:
        found = self._connection.execute(select(tables.peers).where(tables.peers.c.party == party)).first()
        return None if found is None else PeerRow(**found._mapping)

    def all(self) -> Sequence[PeerRow]:
        """In the order in which they were paired."""
        query = select(tables.peers).order_by(tables.peers.c.paired_at, tables.peers.c.party)
        return [PeerRow(**found._mapping) for found in self._connection.execute(query)]


class SqlJournal:
    """The journal's leaves and the nodes of its RFC 9162 tree.

    Node (level, index) covers the 2^level leaves from index * 2^level on; it is stored once its children are.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # Within a transaction nobody else appends, so what the tree's right edge is, is read once.
        self._frontier: Frontier | None = None

    def append(self, kind: str, subject: str, party: str, at: int, data: bytes) -> int:
        """Appends a leaf, stores the tree nodes that it completes, returns its index."""
        frontier = self._frontier or Frontier.load(self.size(), self.hash_at)
        index = frontier.size
        row = {"index": index, "kind": kind, "subject": subject, "party": party, "at": at, "data": data}
        self._connection.execute(insert(tables.entries), row)
        self._frontier, completed = frontier.append(leaf_hash(data))
        nodes = [{"level": node.level, "index": node.index, "hash": node.hash} for node in completed]
        self._connection.execute(insert(tables.nodes), nodes)
        return index

    def size(self) -> int:
        if self._frontier is not None:
            return self._frontier.size
        newest = self._connection.execute(select(func.max(tables.entries.c.index))).scalar()
        return 0 if newest is None else newest + 1

    def entry(self, index: int) -> EntryRow:
        """Raises Misuse where the journal has no such entry."""
        table = tables.entries
        found = self._connection.execute(select(table).where(table.c.index == index)).first()
        if found is None:
            raise Misuse(f"the journal has no entry {index}: it holds {self.size()}")
        return EntryRow(**found._mapping)

    def find(
        self, *, kind: str = "", subject: str = "", party: str | None = None, since: int = 0
    ) -> Iterator[EntryRow]:
        """In order of index, up to the size when reading began. `party` None: any; "": of no peer."""
        table = tables.entries
        end = self.size()
        query = (
            matching(select(table), table, kind=kind, subject=subject).order_by(table.c.index).limit(CHUNK)
        )
        if party is not None:
            query = query.where(table.c.party == party)
        while True:
            # No cursor stays open between chunks, so the caller may append while it reads.
            held = self._connection.execute(query.where(table.c.index >= since, table.c.index < end)).all()
            for found in held:
                yield EntryRow(**found._mapping)
            if len(held) < CHUNK:
                return
            since = held[-1]._mapping["index"] + 1

    def hash_at(self, level: int, index: int) -> bytes:
        """The hash of one complete node, 32 bytes. Raises Misuse where the journal is too short for it."""
        table = tables.nodes
        query = select(table.c.hash).where(table.c.level == level, table.c.index == index)
        digest: bytes | None = self._connection.execute(query).scalar()
        if digest is None:
            raise Misuse(
                f"the journal's tree has no complete node ({level}, {index}): it holds {self.size()} leaves"
            )
        return digest


class SqlCheckpoints:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, row: CheckpointRow) -> None:
        """Stores a signed tree head. Raises Equivocation where one of its size has another root."""
        table = tables.checkpoints
        same = (table.c.origin == row.origin, table.c.cosigner == row.cosigner, table.c.size == row.size)
        known = self._connection.execute(select(table.c.root, table.c.note).where(*same)).first()
        if known is not None and known.root != row.root:
            message = f"two tree heads of size {row.size} with different roots: the journal was forked"
            raise Equivocation(message, known.note, row.note)
        replace(self._connection, table, values_of(row), "origin", "cosigner", "size")

    def latest(self, origin: str, cosigner: str = "") -> CheckpointRow | None:
        """The largest one that this cosigner signed ("": the origin alone)."""
        table = tables.checkpoints
        query = select(table).where(table.c.origin == origin, table.c.cosigner == cosigner)
        found = self._connection.execute(query.order_by(table.c.size.desc()).limit(1)).first()
        return None if found is None else CheckpointRow(**found._mapping)

    def all(self, origin: str) -> Sequence[CheckpointRow]:
        """By size, then cosigner."""
        table = tables.checkpoints
        query = select(table).where(table.c.origin == origin).order_by(table.c.size, table.c.cosigner)
        return [CheckpointRow(**found._mapping) for found in self._connection.execute(query)]
