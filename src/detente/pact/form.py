"""Terms as people write them: TOML with a comment on every line, and errors that name the line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from detente.errors import Misuse
from detente.pact.terms import PartyTerms, Terms, contradictions
from detente.wire.instant import LATEST, Instant, rfc3339

MAX_FORM: Final = 1 << 18

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"^\s*([\w-]+(?:\.[\w-]+)*)\s*=")
_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD: Final = re.compile(r"^Object (?:contains unknown|missing required) field `(?P<field>[^`]*)`$")

_TEMPLATE: Final = """\
# Terms of an agreement. Both parties sign exactly this.
# `detente agreement show` says in plain sentences what each term means for you.
name = "{name}"              # one of a name is in force at a time

[[parties]]
id = "{ours.id}"
name = {ours_name}

[[parties]]
id = "{theirs.id}"
name = {theirs_name}

[[topics]]
name = "people"
version = 1                 # of the topic's tokens; both nodes must speak it
purpose = "Find persons whom both hold on grounds of terrorism, and share item for item."
legal_basis = "Name the treaty, law or decision that allows it on each side."
# of a confirmed finding these fields may be released, and nothing else
release = [
    "name", "alias", "weakAlias", "firstName", "secondName", "middleName", "lastName", "fatherName", "motherName", "gender",
    "birthDate", "birthPlace", "country", "nationality", "citizenship", "passportNumber", "idNumber", "innCode", "taxNumber",
    "phone", "grounds",
]
max_records = 10000         # a side and run
budget = 400000             # tokens charged a side and period: limits what can be guessed
period_days = 30
buckets = 64                # who stops during opening is ahead by one bucket; a power of two
audit = 64                  # positions opened to catch junk before any bucket opens
inspector = "peer"          # who checks them: "peer" (engine "dh" only), "none" or a third party's id
engine = "dh"               # "dh", "rr22" (fast; needs an inspector for full audits) or "auto"
one_to_one = false          # true where each side holds a person once
unlisted = "admit"          # a record whose only grounds is a group that the other does not list: "admit", "flag" or "refuse"

[topics.scope]              # a record outside it never becomes a token; a language alone is never grounds
languages = []              # ISO 639 codes, such as ["rus", "fra"]; empty: any
groups = []                 # names one of which a ground or affiliation must name; empty: any
grounds = []                # phrases one of which a ground must hold; empty: any grounds

[topics.caps]               # what is over a cap is dropped and counted
records_per_token = 8
tokens_per_record = 32
pairs_per_record = 16
values_per_record = 128

[markings]
tlp = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER"]
pap = ["PAP:CLEAR", "PAP:GREEN", "PAP:AMBER"]
admiralty = "F6"            # the least grade that takes part; "C3" leaves out what cannot be judged

[swap]
imbalance_limit = 3         # items one side may be ahead before it is refused
batch = 1                   # items whose keys move at once: what a peer that stops can be ahead by
approvals = 1               # people who must approve a release (1 or 2)
attachments = false         # whether report texts may go along
onward = "consent"          # "never", or "consent": passing on needs the originator's signature
conditions = []             # plain sentences that go with every release

[disputes]
allowance = 3               # disputes without proof that a side may raise
deadline_days = 14          # no answer by then is acceptance
"""
_TAIL: Final = """\
retention_days = 365        # then what was received is erased
recall_hours = 72           # within which a recall is answered
notice_days = 30            # between a notice to end and the end
expires = {expires}   # from this instant nothing is matched or swapped
continues_when_suspended = ["recalls", "receipts", "disputes", "notices", "safety"]
"""


def template(ours: PartyTerms, theirs: PartyTerms, expires: Instant, name: str = "main") -> str:
    """Terms to edit, as commented TOML that `parse_terms` reads as it stands.

    >>> ours, theirs = PartyTerms("0" * 64, "North"), PartyTerms("1" * 64, "South")
    >>> "imbalance_limit" in template(ours, theirs, 1795376533123)
    True
    """
    # plain keys must precede the first table of a TOML file
    head, line, rest = _TEMPLATE.partition("\n[[parties]]")
    text = head + _TAIL + line + rest
    return text.format(
        name=name,
        ours=ours,
        theirs=theirs,
        expires=rfc3339(expires),
        ours_name=_quoted(ours.name),
        theirs_name=_quoted(theirs.name),
    )


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()  # a TOML basic string escapes what JSON escapes


def parse_terms(text: str) -> Terms:
    """The terms that a TOML form states. Raises Misuse with line and field of the first thing that is wrong.

    >>> parse_terms("name = 3")
    Traceback (most recent call last):
    detente.errors.Misuse: line 1, name: expected `str`, got `int`
    """
    if len(text) > MAX_FORM:
        raise Misuse(f"the form is longer than {MAX_FORM} characters; these are not terms")
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misuse(f"the form is not TOML: {error}") from None
    lines = line_numbers(text)
    if "expires" in value:
        value["expires"] = _instant(value["expires"], lines.get("expires", 1))
    try:
        terms = msgspec.convert(value, Terms)
    except msgspec.ValidationError as error:
        raise Misuse(_sentence(str(error), lines)) from None
    for path, sentence in contradictions(terms):
        raise Misuse(f"line {_line(path, lines)}, {path}: {sentence}")
    return terms


def _instant(value: object, line: int) -> Instant:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Misuse(f"line {line}, expires: a time needs its offset; write Z for UTC")
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        raise Misuse(f"line {line}, expires: write an instant such as 2027-11-22T00:00:00Z, without quotes")
    # not timestamp(): that is a float
    instant = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if not 0 <= instant <= LATEST:
        raise Misuse(f"line {line}, expires: an instant lies between the years 1970 and 9999")
    return instant


def _sentence(message: str, lines: Mapping[str, int]) -> str:
    match = _AT.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    named = _FIELD.match(what)
    if not named:
        return f"line {_line(path, lines)}, {path or 'the form'}: {what[:1].lower()}{what[1:]}"
    full = f"{path}.{named['field']}".lstrip(".")
    if "unknown" in what:
        return f"line {_line(full, lines)}, {full}: no such field; see `detente agreement template`"
    where = f"the part that begins on line {_line(path, lines)}" if path else "the form"
    return f"{where} lacks {full}; `detente agreement template` shows what it is"


def _line(path: str, lines: Mapping[str, int]) -> int:
    while path and path not in lines:
        cut = max(path.rfind("."), path.rfind("["))
        path = path[: max(cut, 0)]
    return lines.get(path, 1)


def line_numbers(text: str) -> dict[str, int]:
    """Where each field of a TOML text is set, by path ("topics[0].audit"). For text that has parsed."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.match(line):
            prefix = _resolve(header[2], counts, array=header[1] == "[[")
            lines.setdefault(prefix, number)
        elif key := _KEY.match(line):
            path = f"{prefix}.{key[1]}".lstrip(".")
            lines.setdefault(path, number)
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    fence = mark
    return lines


def _resolve(name: str, counts: dict[str, int], *, array: bool) -> str:
    parts = name.split(".")
    path = ""
    for position, part in enumerate(parts):
        path = f"{path}.{part}".lstrip(".")
        if array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = f"{path}[{counts[path]}]"
    return path
