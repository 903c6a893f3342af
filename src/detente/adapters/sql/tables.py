"""The tables of a node's store, in portable types: bytes, text, integers. Instants are Unix milliseconds.

A change here is a new file in migrations/versions, and `SCHEMA` names the newest one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = "0003"  # the newest revision in migrations/versions

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _bytes(name: str, **options: Any) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, **options)


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, BigInteger, nullable=False, **options)


def _instant_or_never(name: str) -> Column[int | None]:
    return Column(name, BigInteger, nullable=True)


settings = Table("settings", metadata, _text("name", primary_key=True), _bytes("value"))

peers = Table(
    "peers",
    metadata,
    _text("party", primary_key=True),
    _text("name"),
    _text("address"),
    _bytes("invitation"),
    _bytes("keys"),
    _number("paired_at"),
    _text("status"),
    _number("skew_ms"),
)

entries = Table(
    "journal_entries",
    metadata,
    _number("index", primary_key=True, autoincrement=False),
    _text("kind"),
    _text("subject"),
    _text("party"),
    _number("at"),
    _bytes("data"),
    Index(None, "kind", "index"),
    Index(None, "subject", "index"),
    Index(None, "party", "index"),
)

nodes = Table(
    "journal_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    _number("index", primary_key=True, autoincrement=False),
    _bytes("hash"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _text("origin", primary_key=True),
    _text("cosigner", primary_key=True),
    _number("size", primary_key=True, autoincrement=False),
    _bytes("root"),
    _bytes("note"),
    _number("at"),
)

ceremonies = Table(
    "ceremonies",
    metadata,
    _text("id", primary_key=True),
    _text("kind"),
    _text("party"),
    _text("role"),
    _text("agreement"),
    _text("status"),
    _bytes("setup"),
    _bytes("seed"),
    _text("software"),
    _number("began"),
    _instant_or_never("ended"),
    _number("inputs"),
    _number("heard"),
    _number("sent"),
    _bytes("summary"),
    Index(None, "status", "kind"),
)

inputs = Table(
    "ceremony_inputs",
    metadata,
    _text("ceremony", primary_key=True),
    _number("position", primary_key=True, autoincrement=False),
    # NULL for a decision: NULLs are distinct, so the constraint binds peers' messages alone.
    Column("message", Text, nullable=True),
    _bytes("raw"),
    _text("parts"),
    _number("at"),
    UniqueConstraint("message"),
)

blobs = Table("blobs", metadata, _text("sha256", primary_key=True), _bytes("data"))

blob_owners = Table(
    "blob_owners",
    metadata,
    _text("ceremony", primary_key=True),
    Column("sha256", Text, ForeignKey("blobs.sha256"), primary_key=True, nullable=False, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("position", Integer, primary_key=True),
    _text("message"),
    _text("party"),
    _text("ceremony"),
    _number("sequence"),
    _bytes("raw"),
    _text("parts"),
    _number("at"),
    UniqueConstraint("party", "message"),
)

letters = Table(
    "letters",
    metadata,
    Column("position", Integer, primary_key=True),
    _text("message"),
    _text("party"),
    _text("ceremony"),
    _bytes("raw"),
    _number("at"),
    UniqueConstraint("party", "message"),
)

outbox_parts = Table(
    "outbox_parts",
    metadata,
    Column("position", Integer, ForeignKey("outbox.position", ondelete="CASCADE"), primary_key=True),
    Column("sha256", Text, ForeignKey("blobs.sha256"), primary_key=True, nullable=False, index=True),
)

records = Table(
    "records",
    metadata,
    _text("id", primary_key=True),
    _text("topic"),
    _text("schema"),
    _text("content"),
    _bytes("salt"),
    _number("entry"),
    _text("grounds"),
    _text("marking"),
    _text("grade"),
    _text("origin"),
    _number("loaded"),
    _number("erased"),  # 1: a tombstone
    _bytes("sealed"),
    Index(None, "topic", "id"),
)

# Keys live in small tables of their own: shredding one overwrites a page, however large what it sealed.
record_keys = Table(
    "record_keys",
    metadata,
    Column("id", Text, ForeignKey("records.id"), primary_key=True, nullable=False),
    _bytes("key"),
)

findings = Table(
    "findings",
    metadata,
    _text("id", primary_key=True),
    _text("run"),
    _text("party"),
    _text("topic"),
    _text("record"),
    _text("theirs"),
    _number("score"),
    _text("grade"),
    _bytes("because"),
    _text("status"),
    _number("found"),
    _bytes("opening"),
    _text("note"),
    _text("decided_by"),
    _instant_or_never("decided"),
    Index(None, "run"),
    Index(None, "party", "status"),
    Index(None, "score", "id"),
    # the queue: its order, and what it is narrowed by, without reading the rows
    Index("ix_findings_queue", "score", "id", "status", "party", "grade", "run"),
)

# How many findings there are: a hundred thousand are not counted anew for each page.
tallies = Table(
    "finding_tallies",
    metadata,
    _text("party", primary_key=True),
    _text("run", primary_key=True),
    _text("status", primary_key=True),
    _text("grade", primary_key=True),
    _number("count"),
)

documents = Table(
    "documents",
    metadata,
    Column("position", Integer, primary_key=True),
    _text("hash"),
    _text("kind"),
    _text("name"),
    _text("party"),
    _text("base"),
    _bytes("envelope"),
    _text("state"),
    _text("proposed_by"),
    _number("at"),
    _instant_or_never("since"),
    UniqueConstraint("hash"),
    Index(None, "kind", "party"),
)

items = Table(
    "items",
    metadata,
    _text("id", primary_key=True),
    _text("swap"),
    _text("finding"),
    _text("party"),
    _text("direction"),
    _number("number"),
    _text("state"),
    _text("marking"),
    _bytes("statement"),
    _text("record"),
    _number("at"),
    _number("erased"),  # 1: the plaintext was shredded and stays so
    _bytes("sealed"),
    # 1, or NULL once void: NULLs are distinct, so a void item does not hold the place of the next one.
    Column("live", Integer, nullable=True),
    UniqueConstraint("finding", "direction", "record", "live"),
    Index(None, "swap", "number"),
    Index(None, "party", "state"),
)

item_keys = Table(
    "item_keys",
    metadata,
    Column("id", Text, ForeignKey("items.id"), primary_key=True, nullable=False),
    _bytes("key"),
)

accounts = Table(
    "accounts",
    metadata,
    _text("name", primary_key=True),
    _text("roles"),
    _text("state"),
    _text("password"),
    _bytes("secret"),
    _number("step"),
    _text("code"),
    _number("code_until"),
    _number("failures"),
    _number("not_before"),
    _number("created"),
    _text("made_by"),
    _number("signed_in"),
)

sessions = Table(
    "sessions",
    metadata,
    _text("id", primary_key=True),
    _text("account"),
    _text("stage"),
    _text("csrf"),
    _number("began"),
    _number("seen"),
    _text("purpose"),
    Index(None, "account"),
)

looks = Table(
    "looks",
    metadata,
    Column("position", Integer, primary_key=True),
    _text("account"),
    _number("at"),
    _text("kind"),
    _text("subject"),
    _text("purpose"),
    _bytes("chain"),
    Index(None, "account", "position"),
    Index(None, "subject", "position"),
)
