"""The joint list in the formats in which others read it: STIX 2.1, FollowTheMoney, CSV, and a sheet to print.

A format is a module with `write(edition) -> str`, and a line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from detente.adapters.exports import ftm, sheet, stix, table
from detente.adapters.exports.edition import Edition

FORMATS: Mapping[str, Callable[[Edition], str]] = MappingProxyType(
    {
        "stix": stix.write,
        "ftm": ftm.write,
        "csv": table.write,
        "html": sheet.write,
    }
)
"""By name; what `write` gives is UTF-8 text."""

__all__ = ["FORMATS", "Edition"]
