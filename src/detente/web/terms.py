"""The form of an agreement: which fields it has, and how what a person typed becomes terms in TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from detente.errors import Misuse
from detente.web.labels import N_

Shape = Literal["number", "text", "long", "lines", "flag", "choice", "day", "marks"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: where it stands in the terms, what it is called, and in which shape it is typed."""

    path: str
    name: str
    shape: Shape
    choices: tuple[str, ...] = ()
    value: str = ""
    values: tuple[str, ...] = ()


_TOPIC: tuple[Field, ...] = (
    Field("purpose", N_("Purpose"), "long"),
    Field("legal_basis", N_("Legal basis"), "long"),
    Field("release", N_("Fields that may be released, one a line"), "lines"),
    Field("scope.languages", N_("Languages (ISO 639), one a line; empty: any"), "lines"),
    Field("scope.groups", N_("Groups, one a line; empty: any"), "lines"),
    Field("scope.grounds", N_("Phrases that grounds must hold, one a line; empty: any"), "lines"),
    Field("max_records", N_("Records a side and run, at most"), "number"),
    Field("budget", N_("Budget: tokens a side and period"), "number"),
    Field("period_days", N_("Period, in days"), "number"),
    Field("buckets", N_("Parts in which results are opened"), "number"),
    Field("audit", N_("Positions audited in a run"), "number"),
    Field("inspector", N_("Who checks the audit"), "choice", ("peer", "none")),
    Field("engine", N_("Engine"), "choice", ("dh", "rr22", "auto")),
    Field("one_to_one", N_("Each side holds a person once"), "flag"),
)
_WHOLE: tuple[Field, ...] = (
    Field(
        "markings.tlp",
        N_("Markings that take part"),
        "marks",
        ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"),
    ),
    Field("markings.admiralty", N_("Least grade"), "text"),
    Field("swap.imbalance_limit", N_("Items one side may be ahead"), "number"),
    Field("swap.batch", N_("Items whose keys move at once"), "number"),
    Field("swap.approvals", N_("People who approve a release"), "choice", ("1", "2")),
    Field("swap.attachments", N_("Report texts may go along"), "flag"),
    Field("swap.onward", N_("Passing on"), "choice", ("never", "consent")),
    Field("swap.conditions", N_("Conditions, one a line"), "lines"),
    Field("disputes.allowance", N_("Disputes without proof"), "number"),
    Field("disputes.deadline_days", N_("Days to dispute"), "number"),
    Field("retention_days", N_("Days until what came is erased"), "number"),
    Field("recall_hours", N_("Hours until a recalled item is erased"), "number"),
    Field("notice_days", N_("Days of notice"), "number"),
    Field("expires", N_("Last day"), "day"),
)
HEADINGS = {"topic": N_("What is matched: %(topic)s"), "whole": N_("Handling, swapping, ending")}


def form_of(terms: Mapping[str, Any]) -> list[tuple[str, list[Field]]]:
    """The fields with their present values: for each topic, then for the whole."""
    parts = []
    for number, topic in enumerate(terms["topics"]):
        parts.append((topic["name"], [_filled(f, topic, f"topics.{number}.") for f in _TOPIC]))
    return [*parts, ("", [_filled(f, terms, "") for f in _WHOLE])]


class Form:
    """What a person typed."""

    @staticmethod
    def read(
        terms: Mapping[str, Any], form: Mapping[str, str], lists: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """The terms with the fields as typed. Raises Misuse with the field that can't be read."""
        changed: dict[str, Any] = json.loads(json.dumps(terms))
        for number, topic in enumerate(changed["topics"]):
            for field in _TOPIC:
                _put(topic, field, f"topics.{number}.{field.path}", form, lists)
        for field in _WHOLE:
            _put(changed, field, field.path, form, lists)
        return changed


def toml_of(terms: Mapping[str, Any]) -> str:
    """Terms as TOML. JSON's strings, numbers and lists of them are TOML's too.

    >>> print(toml_of({"name": "main", "swap": {"batch": 1}, "topics": [{"name": "people"}]}))
    name = "main"
    [swap]
    batch = 1
    [[topics]]
    name = "people"
    <BLANKLINE>
    """
    return "\n".join(_written(terms, "")) + "\n"


def _written(table: Mapping[str, Any], path: str) -> list[str]:
    plain, tables = [], []
    for name, value in table.items():
        place = f"{path}{name}"
        if isinstance(value, Mapping):
            tables += [f"[{place}]", *_written(value, place + ".")]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            for each in value:
                tables += [f"[[{place}]]", *_written(each, place + ".")]
        elif name == "expires":
            plain.append(f"{name} = {value}")  # an offset date-time
        else:
            # DEL is the one character that JSON leaves as it is and TOML refuses
            plain.append(f"{name} = " + json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f"))
    return [*plain, *tables]


def _filled(field: Field, table: Mapping[str, Any], prefix: str) -> Field:
    value: Any = table
    for name in field.path.split("."):
        value = value[name]
    texts = tuple(str(each) for each in value) if isinstance(value, list) else ()
    shown = str(value).lower() if isinstance(value, bool) else "\n".join(texts) or ("" if texts == () and isinstance(value, list) else str(value))  # fmt: skip
    if field.shape == "day":
        shown = str(value)[:10]
    return Field(prefix + field.path, field.name, field.shape, field.choices, shown, texts)


def _put(
    table: dict[str, Any],
    field: Field,
    name: str,
    form: Mapping[str, str],
    lists: Mapping[str, Sequence[str]],
) -> None:
    *above, last = field.path.split(".")
    for step in above:
        table = table[step]
    typed = form.get(name, "").strip()
    if field.shape == "flag":
        table[last] = name in form
    elif field.shape == "marks":
        table[last] = [mark for mark in field.choices if mark in lists.get(name, ())]
    elif name not in form:
        return
    elif field.shape == "lines":
        table[last] = [line.strip() for line in typed.replace("\r", "\n").split("\n") if line.strip()]
    elif field.shape == "number" or field.path == "swap.approvals":
        if not typed.isdecimal() or not typed.isascii() or len(typed) > 13:
            raise Misuse(f"{field.path}: a whole number is needed here")
        table[last] = int(typed)
    elif field.shape == "day":
        if len(typed) != 10:
            raise Misuse("expires: a day such as 2027-11-22 is needed here")
        table[last] = f"{typed}T00:00:00.000Z"
    else:
        table[last] = typed.replace("\r\n", " ").replace("\n", " ")


__all__ = ["HEADINGS", "Field", "Form", "form_of", "toml_of"]
