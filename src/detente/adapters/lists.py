"""Published lists of groups, and lists of one's own: which list a file is, on which law it stands, and its entries as listings.

The file's form is told by `formats`; this module adds what a designation needs beside the names: date, legal basis, grounds, status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from detente.adapters.formats import Row, read_rows
from detente.errors import Misuse
from detente.topics.designations.listing import OWN, STATUSES, Listing, Name, NameKind, Status

MOST_LISTINGS: Final = 20_000
MOST_NAMES: Final = 200
LONGEST_NAME: Final = 300
LONGEST_TEXT: Final = 2_000
_HEAD: Final = 1 << 14
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_DAY: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_YEAR_OR_MONTH: Final = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_PUBLISHED: Final = re.compile(rb'dateGenerated="([0-9]{4}-[0-9]{2}-[0-9]{2})')
_GALAXY: Final = re.compile(rb'"type"\s*:\s*"([a-z0-9-]{1,40})"')

_ORGANISATIONS: Final = frozenset({"Organization", "Company", "PublicBody", "LegalEntity"})
_NAMES: Final[tuple[tuple[NameKind, str], ...]] = (
    ("name", "name"),
    ("alias", "alias"),
    ("former", "previousName"),
    ("weak", "weakAlias"),
)
_NUMBERS: Final = (
    "registrationNumber", "ogrnCode", "innCode", "taxNumber", "vatCode", "leiCode", "imoNumber", "swiftBic", "dunsCode",
)  # fmt: skip

# The committees of the Security Council by the list's UN_LIST_TYPE, and OFAC's programmes, with the acts that they rest on.
_RESOLUTIONS: Final = {
    "Al-Qaida": "1267 (1999), 1989 (2011) and 2253 (2015)",
    "CAR": "2127 (2013)",
    "DPRK": "1718 (2006)",
    "DRC": "1533 (2004)",
    "Haiti": "2653 (2022)",
    "Iran": "2231 (2015)",
    "Iraq": "1518 (2003)",
    "Libya": "1970 (2011)",
    "Somalia": "751 (1992)",
    "South Sudan": "2206 (2015)",
    "Sudan": "1591 (2005)",
    "Taliban": "1988 (2011)",
    "Yemen": "2140 (2014)",
}
_PROGRAMMES: Final = {
    "FTO": "Immigration and Nationality Act, section 219",
    "SDGT": "Executive Order 13224",
    "SDT": "Executive Order 12947",
    "SDNT": "Executive Order 12978",
    "SDNTK": "Foreign Narcotics Kingpin Designation Act",
    "NPWMD": "Executive Order 13382",
}
_CANADA: Final = "Criminal Code (R.S.C. 1985, c. C-46), section 83.05"


@dataclass(frozen=True, slots=True)
class ListFile:
    """One list as it was read. `left_out` counts what is no group, by kind; `refused` are lines that could not be read, with reasons."""

    source: str
    as_of: str  # ISO 8601 day on which the list stood so, "" where the file does not say
    listings: tuple[Listing, ...]
    left_out: Mapping[str, int]
    refused: tuple[tuple[int, str], ...]


def read_list(
    path: Path,
    *,
    source: str = "",
    legal_basis: str = "",
    as_of: str = "",
    programs: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
) -> ListFile:
    """The groups on a list: the UN's XML, OFAC's CSV, a MISP galaxy, STIX, FollowTheMoney, or a table of one's own.

    `source` names the list where the file does not say ("own" for a table); `legal_basis` is for entries that carry none; `programs` keeps
    only entries under one of these. Columns of a table: name, alias, previousName, weakAlias, country, status (listed, considered, not-listed,
    objects), reason, grounds, legalBasis, listingDate, review. Raises Misuse where the file as a whole can't be read.
    """
    found_source, found_day = _told(path)
    slug = source or found_source
    if not _SLUG.fullmatch(slug):
        raise Misuse(f"{slug!r} can't name a list: take small letters, digits and hyphens, such as 'un'")
    listings: list[Listing] = []
    left_out: dict[str, int] = {}
    refused: list[tuple[int, str]] = []
    for row in read_rows(path, mapping, schema="Organization"):
        if not isinstance(row, Row):
            refused.append((row.line, row.reason))
            continue
        reason = _left_out(row.row, programs)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        try:
            listings.append(_listing(row.row, slug, legal_basis))
        except Misuse as problem:
            refused.append((row.line, str(problem)))
        if len(listings) > MOST_LISTINGS:
            raise Misuse(f"{path} has more than {MOST_LISTINGS} groups: choose some with --program")
    return ListFile(
        slug, _day(as_of, "the list's date") or found_day, _once(listings, refused), left_out, tuple(refused)
    )


def _told(path: Path) -> tuple[str, str]:
    """(slug, day) that the file itself tells: by its beginning."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(0, 2)
            file.seek(max(file.tell() - _HEAD, 0))
            tail = file.read(_HEAD)
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None
    if b"<CONSOLIDATED_LIST" in head:
        published = _PUBLISHED.search(head)
        return "un", published[1].decode() if published else ""
    if re.match(rb'\d{1,9},"', head):
        return "ofac", ""
    if head.lstrip().startswith(b"{") and b'"values"' in head:
        named = _GALAXY.findall(head) + _GALAXY.findall(tail)
        return (named[-1].decode() if named else "misp"), ""
    return OWN, ""


def _left_out(row: Mapping[str, Any], programs: Sequence[str]) -> str:
    if row.get("schema") not in _ORGANISATIONS:
        return str(row.get("schema"))[:40]
    held = set(_texts(row, "program"))
    return "" if not programs or held & set(programs) else "another programme"


def _listing(row: Mapping[str, Any], source: str, legal_basis: str) -> Listing:
    names = tuple(Name(_short(text, LONGEST_NAME), kind) for kind, key in _NAMES for text in _texts(row, key))
    names = tuple(dict.fromkeys(name for name in names if name.text))
    if not names:
        raise Misuse("a group without a name: give it one under `name`")
    if len(names) > MOST_NAMES:
        raise Misuse(f"a group with more than {MOST_NAMES} names: split it, or leave some out")
    grounds = row.get("grounds") or _texts(row, "notes")
    return Listing(
        source=source,
        reference=_first(row, "authorityId") or str(row.get("id", ""))[:120],
        names=names,
        status=status_of(_first(row, "status") or "listed"),
        reason=_first(row, "reason"),
        grounds=_short(" ".join([grounds] if isinstance(grounds, str) else grounds), LONGEST_TEXT),
        legal_basis=_first(row, "legalBasis") or _basis(row) or legal_basis,
        since=_day(_first(row, "listingDate"), "listingDate"),
        review=_day(_first(row, "review"), "review"),
        countries=tuple(country.lower()[:2] for country in _texts(row, "country")),
        numbers=tuple((key, number) for key in _NUMBERS for number in _texts(row, key)),
    )


def status_of(text: str) -> Status:
    """A status as people write it. Raises Misuse.

    >>> status_of("Not listed")
    'not-listed'
    """
    wanted = "-".join(text.lower().replace("_", " ").split())
    for status in STATUSES:
        if wanted == status:
            return status
    raise Misuse(f"a status is {', '.join(STATUSES[:-1])} or {STATUSES[-1]}, not {text[:40]!r}")


def _basis(row: Mapping[str, Any]) -> str:
    """The acts under which a known list has the entry, by its programmes."""
    ident = str(row.get("id", ""))
    programs = _texts(row, "program")
    if ident.startswith("un-"):
        return "; ".join(
            f"Security Council resolutions {_RESOLUTIONS[p]}" for p in programs if p in _RESOLUTIONS
        )
    if ident.startswith("ofac-"):
        return "; ".join(_PROGRAMMES.get(p, f"OFAC programme {p}") for p in programs)
    if ident.startswith("misp-") and _texts(row, "listingDate"):
        return _CANADA
    return ""


def _day(text: str, what: str) -> str:
    if text and not (_DAY.fullmatch(text) or _YEAR_OR_MONTH.fullmatch(text)):
        raise Misuse(f"{what} is no day: write it as 2026-11-22")
    return text


def _texts(row: Mapping[str, Any], key: str) -> list[str]:
    properties = row.get("properties")
    values = properties.get(key, []) if isinstance(properties, Mapping) else []
    listed = [values] if isinstance(values, str) else values
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def _first(row: Mapping[str, Any], key: str) -> str:
    return _short(next(iter(_texts(row, key)), ""), LONGEST_TEXT)


def _short(text: str, longest: int) -> str:
    """One line without control characters, cut where it is too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def _once(listings: Iterable[Listing], refused: list[tuple[int, str]]) -> tuple[Listing, ...]:
    """Each reference once: a list's second entry under one reference is told, not merged."""
    found: dict[str, Listing] = {}
    for listing in listings:
        if listing.reference in found and found[listing.reference] != listing:
            refused.append((0, f"the reference {listing.reference} stands twice: the first entry is kept"))
        found.setdefault(listing.reference, listing)
    return tuple(found.values())


__all__ = ["ListFile", "read_list", "status_of"]
