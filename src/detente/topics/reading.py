"""Rows of FollowTheMoney JSON as records: checked at the edge, so that nothing behind it meets a surprise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from detente.errors import Misuse
from detente.topics.topic import Record

MOST_VALUES = 256  # values of one property
LONGEST = 1024  # characters of one value


def record(row: Mapping[str, object], schemata: Collection[str], topic: str) -> Record:
    """The record of one row: `id`, `schema`, `properties`; grounds, marking, grade and origin where the row has them.

    Values are stripped, empty ones dropped. Raises Misuse with the reason, without the data.

    >>> record({"id": "1", "schema": "Person", "properties": {"name": "Ada "}}, {"Person"}, "people").properties["name"]
    ('Ada',)
    """
    ident, schema, properties = row.get("id"), row.get("schema"), row.get("properties")
    if not isinstance(ident, str) or not ident.strip():
        raise Misuse("a record needs an id: give each row an `id` text")
    if schema not in schemata:
        raise Misuse(f"the {topic} topic takes rows of the schema {' or '.join(sorted(schemata))}")
    if not isinstance(properties, Mapping):
        raise Misuse("a record needs `properties`: an object of lists of texts")
    return Record(
        id=ident,
        schema=str(schema),
        properties=MappingProxyType(
            {str(key): _texts(str(key), values) for key, values in properties.items()}
        ),
        grounds=_texts("grounds", row.get("grounds", ())),
        **{key: str(row[key]) for key in ("marking", "grade", "origin") if isinstance(row.get(key), str)},
    )


def _texts(key: str, values: object) -> tuple[str, ...]:
    listed = (values,) if isinstance(values, str) else values
    if not isinstance(listed, (list, tuple)) or not all(isinstance(value, str) for value in listed):
        raise Misuse(f"property {key[:40]!r} must be a list of texts")
    if len(listed) > MOST_VALUES or any(len(value) > LONGEST for value in listed):
        raise Misuse(
            f"property {key[:40]!r} has more than {MOST_VALUES} values or one of more than {LONGEST} characters"
        )
    return tuple(value.strip() for value in listed if value.strip())
