"""What a row calls a record: its first name, and the same in Latin letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detente.node.items import ItemView
from detente.node.overview import romanised
from detente.node.runs import FindingView
from detente.topics.names.romanise import script


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


def _first(properties: Mapping[str, Sequence[str]]) -> str:
    return next(iter(properties.get("name", ()) or properties.get("lastName", ()) or ("",)))


__all__ = ["heading", "item_name"]
