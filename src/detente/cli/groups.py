"""`detente groups`: what names stand for, lists of groups, and the list that two parties agree on."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.verb import Noun, Session, Verb, table
from detente.errors import Misuse, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.adapters.lists import ListFile
    from detente.topics.designations.reconciling import Entry, Reconciled, State

SHOWN = 15
_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)


class AliasView(msgspec.Struct, frozen=True):
    """One entry of the public alias table: `names` are all that stand for it."""

    id: str
    names: list[str]


class ListView(msgspec.Struct, frozen=True):
    """One list as it was read. `left_out` counts what is no group, by kind."""

    file: str
    source: str
    as_of: str
    groups: int
    left_out: dict[str, int]
    refused: list[tuple[int, str]]


class MatchedView(msgspec.Struct, frozen=True):
    """A group that both lists have: by which name each was found, and how. `score` is a probability, 1 where a name decides."""

    group: str
    name: str
    how: str
    what: str
    ours: str
    theirs: str
    score: float


class LeftView(msgspec.Struct, frozen=True):
    """A group that one side has, or that they dispute. `lists` are the sources and references."""

    group: str
    name: str
    lists: list[str]


class QuestionView(msgspec.Struct, frozen=True):
    """Names that a person must look at; `readings` maps each group to who reads the names so."""

    doubt: str
    names: list[str]
    readings: dict[str, str]
    what: str


class ReconciledView(msgspec.Struct, frozen=True):
    """What came of bringing the lists together."""

    ours: list[ListView]
    theirs: list[ListView]
    seconds: float
    both: list[MatchedView]
    only_ours: list[LeftView]
    only_theirs: list[LeftView]
    disputed: list[LeftView]
    neither: list[LeftView]
    questions: list[QuestionView]


@click.group(cls=Noun)
def groups() -> None:
    """Organisations and groups: which names stand for one, who lists them, what both agree on."""


@groups.command(
    cls=Verb, node=False, example="detente groups alias Daesh\ndetente groups alias 'État islamique' --json"
)
@click.argument("name")
def alias(session: Session, name: str) -> None:
    """Show the one entry of the public alias table that a name stands for. Needs no node.

    Exits 1 where the table has no such name, or where it stands for more than one entry.
    """
    from detente.topics.groups import alias as find

    entry = find(name)
    if entry is None:
        raise Refused(
            f"no single group of the alias table is called {name!r}; try its full name, or another spelling"
        )
    view = AliasView(entry.id, list(entry.names))
    session.show(view, lambda shown: _tell_alias(shown, view))


def _tell_alias(shown: Console, view: AliasView) -> None:
    shown.print(view.id, markup=False, highlight=False)
    for name in view.names:
        shown.print(f"  {name}", markup=False, highlight=False)


@groups.command(
    cls=Verb,
    node=False,
    example=(
        "detente groups reconcile un_consolidated.xml sdn.csv\n"
        "detente groups reconcile un.xml sdn.csv --ours own.csv --program FTO --json\n"
        "detente groups reconcile ours.csv theirs.csv --export html --language ru --out list.html"
    ),
)
@click.argument("ours", type=_FILE, metavar="A")
@click.argument("theirs", type=_FILE, metavar="B")
@click.option(
    "--ours", "more_ours", type=_FILE, multiple=True, help="Another list of the side A. Repeatable."
)
@click.option(
    "--theirs", "more_theirs", type=_FILE, multiple=True, help="Another list of the side B. Repeatable."
)
@click.option(
    "--program",
    "programs",
    multiple=True,
    help="Only entries under this programme of their list. Repeatable.",
)
@click.option(
    "--export",
    "format_",
    type=click.Choice(["stix", "ftm", "csv", "html"]),
    help="Write the joint list in this format.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where the export goes.")
@click.option(
    "--language",
    default="en",
    show_default=True,
    type=click.Choice(["en", "fr", "ru"]),
    help="Of the printed sheet.",
)
@click.option(
    "--names",
    nargs=2,
    default=("A", "B"),
    show_default=True,
    metavar="A B",
    help="How the export calls the two sides.",
)
@click.option("--marking", default="TLP:AMBER", show_default=True, help="Of the export.")
def reconcile(
    session: Session,
    ours: Path,
    theirs: Path,
    more_ours: tuple[Path, ...],
    more_theirs: tuple[Path, ...],
    programs: tuple[str, ...],
    format_: str | None,
    out: Path | None,
    language: str,
    names: tuple[str, str],
    marking: str,
) -> None:
    """Bring two sides' lists of groups together: what both list, only one, which names are in question. Needs no node.

    Lists are the UN's XML, OFAC's SDN.CSV (with ALT.CSV beside it), MISP galaxies, STIX, FollowTheMoney, or a table of your own with the
    columns name, alias, status (listed, considered, not-listed, objects), reason, legalBasis, listingDate, review.
    """
    from detente.adapters.lists import read_list
    from detente.topics.designations.reconciling import reconcile as bring_together

    if bool(format_) != bool(out):
        raise Misuse("--export says the format and --out the file: give both")
    began = time.perf_counter()
    sides = [
        [(path, read_list(path, programs=programs)) for path in paths]
        for paths in ((ours, *more_ours), (theirs, *more_theirs))
    ]
    _require_apart(sides)
    listings = [[each for _, found in side for each in found.listings] for side in sides]
    found = bring_together(listings[0], listings[1])
    view = _view(found, sides, time.perf_counter() - began)
    if format_ and out:
        _export(found, format_, out, language, names, marking)
    session.show(view, lambda shown: _tell(shown, view))


def _require_apart(sides: list[list[tuple[Path, ListFile]]]) -> None:
    for side in sides:
        sources = [found.source for _, found in side]
        twice = [source for source in sources if sources.count(source) > 1]
        if twice:
            raise Misuse(
                f"one side gives two lists that are both {twice[0]!r}: join them, so that sources stay apart"
            )


def _export(
    found: Reconciled, format_: str, out: Path, language: str, names: tuple[str, str], marking: str
) -> None:
    from detente.adapters.exports import FORMATS, Edition
    from detente.adapters.files import atomic_write
    from detente.adapters.system import SystemClock
    from detente.node.listings import joint_content, joint_list

    if names[0] == names[1]:
        raise Misuse("the two sides need two names: --names A B")
    first, second = ((hashlib.sha256(name.encode()).hexdigest(), name) for name in names)
    content = joint_content(found, first[0], second[0], f"{names[0]} / {names[1]}")
    read = joint_list(content, first[0], second[0])
    edition = Edition(read, first, second, SystemClock().now(), marking, language=language)
    atomic_write(out, FORMATS[format_](edition).encode(), 0o600)


def _view(found: Reconciled, sides: list[list[tuple[Path, ListFile]]], seconds: float) -> ReconciledView:
    ours, theirs = (
        [
            ListView(path.name, f.source, f.as_of, len(f.listings), dict(f.left_out), list(f.refused))
            for path, f in side
        ]
        for side in sides
    )

    def left(state: State) -> list[LeftView]:
        return [LeftView(entry.slug, entry.name, _lists(entry)) for entry in found.of(state)]

    return ReconciledView(
        ours=ours,
        theirs=theirs,
        seconds=round(seconds, 3),
        both=[matched for entry in found.of("both") for matched in _matched(entry)],
        only_ours=left("ours"),
        only_theirs=left("theirs"),
        disputed=left("disputed"),
        neither=left("neither"),
        questions=[QuestionView(q.doubt, list(q.names), dict(q.readings), q.what) for q in found.questions],
    )


def _matched(entry: Entry) -> list[MatchedView]:
    because = entry.because
    if because is None:
        return []
    return [
        MatchedView(
            entry.slug,
            entry.name,
            because.how,
            because.what,
            because.ours,
            because.theirs,
            because.score / 1e6,
        )
    ]


def _lists(entry: Entry) -> list[str]:
    return [f"{each.source} {each.reference}" for each in (*entry.ours, *entry.theirs)]


def _tell(shown: Console, view: ReconciledView) -> None:
    for side, lists in (("A", view.ours), ("B", view.theirs)):
        for each in lists:
            out = ", ".join(f"{count} {kind}" for kind, count in sorted(each.left_out.items()))
            shown.print(
                f"{side}: {each.file}: {each.groups} groups of {each.source}{' as of ' + each.as_of if each.as_of else ''}"
                f"{'; left out: ' + out if out else ''}{f'; {len(each.refused)} refused' if each.refused else ''}",
                markup=False,
            )
    rows = [(m.group, m.ours, m.theirs, _how(m)) for m in view.both]
    table(shown, ("group", "A calls it", "B calls it", "matched by"), rows, "Nothing is on both lists.")
    for heading, left in (
        ("only A", view.only_ours),
        ("only B", view.only_theirs),
        ("disputed", view.disputed),
        ("listed by neither", view.neither),
    ):
        _tell_left(shown, heading, left)
    for question in view.questions:
        readings = ", ".join(f"{group} ({reader})" for group, reader in question.readings.items())
        names = "; ".join(question.names[:4]) + (" ..." if len(question.names) > 4 else "")
        shown.print(
            f"{question.doubt}: {names}: {readings}{': ' + question.what if question.what else ''}",
            markup=False,
        )
    shown.print(
        f"{len(view.both)} on both, {len(view.only_ours)} only A, {len(view.only_theirs)} only B, {len(view.disputed)} disputed, "
        f"{len(view.questions)} in question; {view.seconds:.1f} s",
        markup=False,
    )


def _how(matched: MatchedView) -> str:
    if matched.how == "score":
        return f"score {matched.score:.2f}: {matched.what}"
    return f"{matched.how} {matched.what}" if matched.how == "alias table" else matched.how


def _tell_left(shown: Console, heading: str, left: list[LeftView]) -> None:
    if left:
        more = f"; and {len(left) - SHOWN} more (--json lists them all)" if len(left) > SHOWN else ""
        shown.print(
            f"{heading} ({len(left)}): " + "; ".join(each.name for each in left[:SHOWN]) + more, markup=False
        )


__all__ = ["groups"]
