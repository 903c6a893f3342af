"""What a row calls a record: its first name, and the same in Latin letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from detente.node.items import ItemView
from detente.node.overview import romanised
from detente.node.runs import FindingView
from detente.topics.names.romanise import script

NAMES: Final = (
    "name", "alias", "weakAlias", "previousName", "firstName", "secondName", "middleName", "lastName", "fatherName",
    "motherName",
)  # fmt: skip
ORDER: Final = (
    *NAMES, "birthDate", "birthPlace", "gender", "nationality", "citizenship", "country", "passportNumber", "idNumber",
    "innCode", "taxNumber",
)  # fmt: skip


def heading(found: FindingView) -> tuple[str, str]:
    """Our record's first name, and the same in Latin letters where it is in another script.

    >>> heading(finding)  # doctest: +SKIP
    ('Пётр Сафронов', 'Pyotr Safronov')
    """
    name = _first(found.ours)
    return name, romanised(name) if script(name) not in ("latin", "other") else ""


def item_name(item: ItemView) -> str:
    """An item's first name, "" once it was erased."""
    return _first(item.content)


def ordered(properties: Mapping[str, Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """Fields in the order in which people read them: names, birth, where from, then the rest by name."""
    rank = {name: place for place, name in enumerate(ORDER)}
    return sorted(properties.items(), key=lambda field: (rank.get(field[0], len(ORDER)), field[0]))


def _first(properties: Mapping[str, Sequence[str]]) -> str:
    return next(iter(properties.get("name", ()) or properties.get("lastName", ()) or ("",)))


__all__ = ["NAMES", "ORDER", "heading", "item_name", "ordered"]
