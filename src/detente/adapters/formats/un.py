"""The United Nations Security Council's consolidated list, as its XML.

A document type declaration is refused, and with it every entity: neither "billion laughs" nor a file of ours gets in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from detente.adapters.formats.countries import country_code
from detente.adapters.formats.rows import Problem, Row, Rows, Source, entity
from detente.errors import Misuse

_DEPTH = 16
_TEXT = 1 << 20  # characters of text in one listing
_PIECE = 1 << 16
_YEARS = 5  # a wider span says too little to be a birth date
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    text: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    def all(self, *path: str) -> Iterator[_Element]:
        for child in self.children:
            if child.tag == path[0]:
                yield from child.all(*path[1:]) if path[1:] else (child,)

    def texts(self, *path: str) -> list[str]:
        return ["".join(found.text) for found in self.all(*path)]

    def first(self, *path: str) -> str:
        return next(iter(self.texts(*path)), "").strip()


class _Listings:
    """Keeps one INDIVIDUAL or ENTITY at a time, and hands it out whole."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._open: list[_Element] = []
        self._depth = 0
        self._held = 0
        self.done: list[_Element] = []
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise Misuse("the XML is nested deeper than a sanctions list: it is not one")
        if self._open or tag in ("INDIVIDUAL", "ENTITY"):
            element = _Element(tag, self._parser.CurrentLineNumber)
            if self._open:
                self._open[-1].children.append(element)
            self._open.append(element)

    def _end(self, _tag: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._held = 0
                self.done.append(element)

    def _text(self, text: str) -> None:
        if self._open:
            self._held += len(text)
            if self._held > _TEXT:
                raise Misuse(f"the listing at line {self._open[0].line} is longer than {_TEXT} characters")
            self._open[-1].text.append(text)

    def _doctype(self, *_declaration: object) -> None:
        raise Misuse("the XML declares a document type, which a sanctions list does not: it is not read")


def read(source: Source) -> Rows:
    """Individuals as Person, entities as Organization; `line` is where the listing begins."""
    with source.path.open("rb") as file:
        for element in _listings(file):
            if not any(text.strip() for text in element.texts("FIRST_NAME")):
                yield Problem(element.line, "a listing without a name")
            elif not element.first("DATAID"):
                yield Problem(element.line, "a listing without a DATAID")
            else:
                yield Row(element.line, _person(element) if element.tag == "INDIVIDUAL" else _entity(element))


def _listings(file: BinaryIO) -> Iterator[_Element]:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    listings = _Listings(parser)
    piece = b" "
    try:
        while piece:
            piece = file.read(_PIECE)
            parser.Parse(piece, not piece)
            ready, listings.done = listings.done, []
            yield from ready
    except expat.ExpatError as error:
        raise Misuse(f"the XML is broken at line {error.lineno}: download it again") from None


def _common(element: _Element, kind: str) -> dict[str, list[str]]:
    """What individuals and entities have alike; `kind` begins the names of their parts."""
    name = " ".join(element.first(f"{place}_NAME") for place in ("FIRST", "SECOND", "THIRD", "FOURTH"))
    found: dict[str, list[str]] = {"name": [name], "alias": element.texts("NAME_ORIGINAL_SCRIPT")}
    for alias in element.all(f"{kind}_ALIAS"):
        quality = alias.first("QUALITY").lower()
        rank = {"low": "weakAlias", "f.k.a.": "previousName"}.get(quality, "alias")
        found.setdefault(rank, []).append(alias.first("ALIAS_NAME"))
    for address in element.all(f"{kind}_ADDRESS"):
        lines = [address.first(part) for part in ("STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY")]
        found.setdefault("address", []).append(", ".join(line for line in lines if line))
        found.setdefault("country", []).append(country_code(address.first("COUNTRY")))
    found["program"] = element.texts("UN_LIST_TYPE")
    found["authorityId"] = element.texts("REFERENCE_NUMBER")
    found["listingDate"] = [
        day[0] for text in element.texts("LISTED_ON") if (day := _DATE.match(text.strip()))
    ]
    found["notes"] = element.texts("COMMENTS1")
    return found


def _entity(element: _Element) -> dict[str, object]:
    return entity(f"un-{element.first('DATAID')}", "Organization", _common(element, "ENTITY"))


def _person(element: _Element) -> dict[str, object]:
    found = _common(element, "INDIVIDUAL")
    found["title"] = element.texts("TITLE", "VALUE")
    found["position"] = element.texts("DESIGNATION", "VALUE")
    found["gender"] = [text.lower() for text in element.texts("GENDER")]
    found["nationality"] = [country_code(text) for text in element.texts("NATIONALITY", "VALUE")]
    found["birthDate"] = [day for born in element.all("INDIVIDUAL_DATE_OF_BIRTH") for day in _dates(born)]
    for place in element.all("INDIVIDUAL_PLACE_OF_BIRTH"):
        lines = [place.first(part) for part in ("CITY", "STATE_PROVINCE", "COUNTRY")]
        found.setdefault("birthPlace", []).append(", ".join(line for line in lines if line))
        found.setdefault("birthCountry", []).append(country_code(place.first("COUNTRY")))
    for paper in element.all("INDIVIDUAL_DOCUMENT"):
        passport = "passport" in paper.first("TYPE_OF_DOCUMENT").lower()
        found.setdefault("passportNumber" if passport else "idNumber", []).append(paper.first("NUMBER"))
    return entity(f"un-{element.first('DATAID')}", "Person", found)


def _dates(born: _Element) -> list[str]:
    """The dates that a date of birth may mean: a day, a year, or each year of a short span."""
    exact = born.first("DATE") or born.first("YEAR")
    if _DATE.fullmatch(exact):
        return [exact]
    first, last = born.first("FROM_YEAR"), born.first("TO_YEAR")
    if first.isdecimal() and last.isdecimal() and 0 <= int(last) - int(first) < _YEARS:
        return [str(year) for year in range(int(first), int(last) + 1)]
    return []
