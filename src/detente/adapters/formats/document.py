"""JSON files that are one value (STIX, MISP): read whole, within a cap, and asked for no more than they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from detente.adapters.formats.rows import DOCUMENT_BYTES
from detente.errors import Misuse
from detente.pact.marking import PAP, TLP, parse_grade, parse_marking


def load(path: Path) -> Any:
    """The value. Raises Misuse where the file is too large or not JSON."""
    if path.stat().st_size > DOCUMENT_BYTES:
        raise Misuse(
            f"{path} is larger than {DOCUMENT_BYTES} bytes: split it, since a JSON document is read whole"
        )
    try:
        return msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise Misuse(f"{path} is not JSON in UTF-8, or is nested too deeply: export it again") from None


def objects(value: Any, *names: str) -> Sequence[Mapping[str, Any]]:
    """The objects in a list, or in the list under the first of these names that there is; nothing where it is no list."""
    if names:
        value = next((value[name] for name in names if isinstance(value, Mapping) and name in value), None)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(value: Mapping[str, Any], name: str) -> str:
    """A member that is a text or a number; "" where it is neither."""
    found = value.get(name)
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def texts(value: Mapping[str, Any], name: str) -> list[str]:
    """A member that is a text or a list of texts."""
    found = value.get(name)
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str)]


def strictest(labels: Iterable[str]) -> str:
    """One marking for something that carries several labels: the strictest TLP and the strictest PAP; "" for none.

    Raises Misuse for a label that is not understood: what carries one goes nowhere.

    >>> strictest(["tlp:green", "TLP:AMBER", "PAP:GREEN"])
    'TLP:AMBER PAP:GREEN'
    """
    tlp, pap = "", ""
    for label in labels:
        if label.upper().startswith("PAP:"):
            pap = max(pap, parse_marking(f"TLP:CLEAR {label}").pap, key=("", *PAP).index)
        else:
            tlp = max(tlp, parse_marking(label).tlp, key=("", *TLP).index)
    # A PAP label says nothing of sharing, so what carries it alone is marked with the strictest there is.
    return f"{tlp or TLP[-1]} {pap}".rstrip() if tlp or pap else ""


def admiralty(reliability: str, credibility: str) -> str:
    """An Admiralty grade of which one half may be unknown; "" where both are. Raises Misuse for what is no grade."""
    return parse_grade((reliability or "F") + (credibility or "6")) if reliability or credibility else ""
