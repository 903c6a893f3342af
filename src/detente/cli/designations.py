"""`detente groups` with a node: our lists and words, private groups, the joint list with a peer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.groups import groups
from detente.cli.reading import parse_map
from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Session, Verb, table
from detente.errors import Misuse, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from detente.node.groupviews import Doubtful, GroupView, ImportReport, JointGroupView, JointView, WordView
    from detente.topics.designations.listing import NameKind

SHOWN = 20
_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
_STATUS = "listed, considered, not-listed or objects"


class Proposed(msgspec.Struct, frozen=True):
    """The joint list as we proposed it. `hash` names it in every later message; `changes` is what it does, in words."""

    peer: str
    hash: str
    changes: list[str]


class Exported(msgspec.Struct, frozen=True):
    """A joint list that was written to a file."""

    file: str
    format: str
    peer: str
    hash: str
    groups: int


class Removed(msgspec.Struct, frozen=True):
    """What was taken off our lists."""

    removed: str


def _word_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option("--reason", default="", metavar="TEXT", help="Why we say so; both parties see it."),
        click.option("--grounds", default="", metavar="TEXT", help="What the group is held to have done."),
        click.option("--basis", default="", metavar="TEXT", help="The law or decision on which we list it."),
        click.option(
            "--since", default="", metavar="DAY", help="Since when, as 2026-11-22; today unless said."
        ),
        click.option("--review", default="", metavar="DAY", help="When we look at it again."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@groups.command(
    "list",
    cls=Verb,
    example="detente groups list\ndetente groups list --doubts\ndetente groups list Daesh --json",
)
@click.argument("group", default="")
@click.option("--doubts", is_flag=True, help="Show what is in question within our own lists instead.")
def list_(session: Session, group: str, doubts: bool) -> None:
    """Show the groups on our lists, or one by its id or any of its names: who lists it since when on which law, and what we say."""
    with session.open() as node:
        if doubts:
            questions = node.designations.doubts()
            session.show(questions, lambda shown: _tell_doubts(shown, questions))
            return
        views = [node.designations.group(group)] if group else node.designations.ours()
    session.show(views, lambda shown: _tell_one(shown, views[0]) if group else _tell_groups(shown, views))


@groups.command(
    cls=Verb,
    example='detente groups add "Order of the Teapot" --alias "Teapot Front" --basis "Decision 7/2026" --review 2027-06-01',
)
@click.argument("name")
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Another name. Repeatable.")
@click.option("--former", multiple=True, metavar="NAME", help="A former name. Repeatable.")
@click.option("--weak", multiple=True, metavar="NAME", help="A name that it may have. Repeatable.")
@click.option("--status", default="listed", show_default=True, help=f"{_STATUS}.")
@_word_options
def add(
    session: Session,
    name: str,
    aliases: Sequence[str],
    former: Sequence[str],
    weak: Sequence[str],
    status: str,
    **said: str,
) -> None:
    """Put a group on our own list, or more names on one that is there."""
    kinds: list[tuple[Sequence[str], NameKind]] = [(aliases, "alias"), (former, "former"), (weak, "weak")]
    names = [(text, kind) for texts, kind in kinds for text in texts]
    _say(session, name, status, names, said)


@groups.command(
    cls=Verb,
    example='detente groups status Hizballah objects --reason "a party of parliament" --review 2027-01-01',
)
@click.argument("group")
@click.argument("status")
@_word_options
def status(session: Session, group: str, status: str, **said: str) -> None:
    """Say where we stand on a group: listed, considered, not-listed or objects. It outweighs the lists that we follow.

    GROUP is its id or any of its names. Nobody but us can change it; the peer sees it with the next `detente groups propose`.
    """
    _say(session, group, status, [], said)


def _say(
    session: Session, group: str, status: str, names: list[tuple[str, NameKind]], said: dict[str, str]
) -> None:
    from detente.adapters.lists import status_of

    stand = status_of(status)
    with session.open() as node:
        view = node.designations.say(
            group,
            stand,
            names=names,
            reason=said["reason"],
            grounds=said["grounds"],
            legal_basis=said["basis"],
            since=said["since"],
            review=said["review"],
        )
    session.show(view, lambda shown: _tell_one(shown, view))


@groups.command(
    "import",
    cls=Verb,
    example=(
        "detente groups import un_consolidated.xml\n"
        "detente groups import sdn.csv --program FTO --program SDGT --as-of 2026-11-20\n"
        'detente groups import own.csv --source interior --basis "Decree 12/2026"'
    ),
)
@click.argument("file", type=_FILE)
@click.option(
    "--source", default="", metavar="LIST", help="What we call the list; else what the file is, or `own`."
)
@click.option(
    "--as-of",
    default="",
    metavar="DAY",
    help="The day on which the list stood so, where the file does not say.",
)
@click.option("--basis", default="", metavar="TEXT", help="The legal basis of entries that carry none.")
@click.option(
    "--program", "programs", multiple=True, help="Only entries under this programme of the list. Repeatable."
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="PROPERTY=COLUMN",
    help="For CSV: which column holds a property. Repeatable.",
)
def import_(
    session: Session,
    file: Path,
    source: str,
    as_of: str,
    basis: str,
    programs: tuple[str, ...],
    maps: tuple[str, ...],
) -> None:
    """Take in a list of groups, in the place of what we had of it. The same file again changes nothing; other lists stay as they are.

    The UN's XML, OFAC's SDN.CSV (with ALT.CSV beside it), MISP galaxies, STIX, FollowTheMoney, or a table of your own.
    """
    from detente.adapters.lists import read_list

    found = read_list(
        file, source=source, legal_basis=basis, as_of=as_of, programs=programs, mapping=parse_map(maps)
    )
    if not found.listings:
        reasons = "; ".join(f"line {line}: {reason}" for line, reason in found.refused[:3])
        raise Refused(f"{file.name} holds no group that could be read{': ' + reasons if reasons else ''}")
    with session.open() as node:
        report = msgspec.structs.replace(
            node.designations.take_in(found.source, found.listings, found.as_of),
            left_out=dict(found.left_out),
            refused=list(found.refused),
        )
    session.show(report, lambda shown: _tell_import(shown, report))


@groups.command(cls=Verb, example="detente groups remove 'Order of the Teapot'\ndetente groups remove ofac")
@click.argument("group")
def remove(session: Session, group: str) -> None:
    """Take back what we said of a group; or drop a whole list, by what we call it."""
    with session.open() as node:
        node.designations.unsay(group)
    done = Removed(group)
    session.show(done, lambda shown: shown.print(f"removed: {done.removed}", markup=False))


@groups.command(
    cls=Verb, example="detente groups private 'Order of the Teapot'\ndetente groups private teapot --off"
)
@click.argument("group")
@click.option("--off", is_flag=True, help="Keep it private no longer: the next proposal shows it.")
@click.option("--marking", default="TLP:AMBER", show_default=True, help="Of the record that is matched.")
def private(session: Session, group: str, off: bool, marking: str) -> None:
    """Keep a group private: no peer sees it on the joint list; `detente match groups` finds out whether the peer holds it too.

    What was proposed or agreed before stays with the peer.
    """
    with session.open() as node:
        view = node.designations.reveal(group) if off else node.designations.hide(group, marking)
    session.show(view, lambda shown: _tell_one(shown, view))


# -- with a peer


@groups.command(
    cls=Verb, example="detente groups show --with South\ndetente groups show Daesh --with South --json"
)
@click.argument("group", default="")
@with_peer()
@click.option(
    "--state",
    type=click.Choice(["both", "ours", "theirs", "disputed", "neither"]),
    help="Only groups in this state.",
)
def show(session: Session, group: str, peer: str, state: str | None) -> None:
    """Show the joint list with a peer: who lists what, what is disputed, what we would still propose, what is in question."""
    with session.open() as node:
        catch_up(session, node, peer)
        view = node.designations.show(peer)
    chosen = [each for each in view.groups if state in (None, each.state) and (not group or _is(each, group))]
    if group and not chosen:
        raise Misuse(
            f"no group on the joint list is called {group!r}; `detente groups show --with {peer}` lists them"
        )
    view = msgspec.structs.replace(view, groups=chosen)
    session.show(view, lambda shown: _tell_joint(shown, view, bool(group)))


def _is(view: JointGroupView, wanted: str) -> bool:
    from detente.topics.orgs import aliases

    return view.group == wanted or aliases.key(wanted) in {aliases.key(name.text) for name in view.names} - {
        ""
    }


@groups.command(cls=Verb, example="detente groups propose --with South")
@with_peer()
def propose(session: Session, peer: str) -> None:
    """Sign the joint list with our words as they are now, and propose it. The peer signs it with `detente joint accept`.

    Groups that we keep private stay out. Where a proposal of the peer's waits, ours answers it and holds both sides' words.
    """
    with session.open() as node:
        catch_up(session, node, peer)
        changes = node.designations.show(peer).changes
        done = Proposed(peer, node.designations.propose(peer), changes)
        hand_over(session, node, peer, lambda: done, _tell_proposed)


@groups.command(
    cls=Verb,
    example=(
        "detente groups export --with South --format stix --out list.json\n"
        "detente groups export --with South --format html --language fr --out list.html"
    ),
)
@with_peer()
@click.option(
    "--format",
    "format_",
    required=True,
    type=click.Choice(["stix", "ftm", "csv", "html"]),
    help="STIX 2.1, FollowTheMoney JSON lines, a table, or a sheet to print.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Where it goes.")
@click.option(
    "--language", default="en", show_default=True, type=click.Choice(["en", "fr", "ru"]), help="Of the sheet."
)
@click.option("--marking", default="TLP:AMBER", show_default=True, help="Of the file.")
def export(session: Session, peer: str, format_: str, out: Path, language: str, marking: str) -> None:
    """Write the joint list in force to a file that others can read."""
    from detente.adapters.exports import FORMATS, Edition
    from detente.adapters.files import atomic_write

    with session.open() as node:
        found = node.designations.standing(peer)
    edition = Edition(found.list, found.ours, found.theirs, found.since, marking, found.hash, language)
    atomic_write(out, FORMATS[format_](edition).encode(), 0o600)
    done = Exported(str(out), format_, found.theirs[1], found.hash, len(found.list.entries))
    session.show(
        done,
        lambda shown: shown.print(
            f"{done.file}: {done.groups} groups, version {done.hash[:12]}", markup=False
        ),
    )


# -- for people


def _tell_groups(shown: Console, views: list[GroupView]) -> None:
    rows = [
        (v.group, v.name, v.status, _since(v.since), ", ".join(each.list for each in v.lists), _notes(v))
        for v in views
    ]
    table(
        shown,
        ("group", "name", "status", "since", "lists", ""),
        rows,
        "No groups yet: `detente groups import FILE` or `detente groups add NAME`.",
    )


def _notes(view: GroupView) -> str:
    notes = ["private" if view.private else "", f"review due {view.review}" if view.review_due else ""]
    return ", ".join(note for note in notes if note)


def _since(day: str) -> str:
    return day or "-"


def _tell_one(shown: Console, view: GroupView) -> None:
    shown.print(f"{view.group}: {view.name}, {view.status} since {_since(view.since)}", markup=False)
    for label, text in (("reason", view.reason), ("grounds", view.grounds), ("review", view.review)):
        if text:
            shown.print(
                f"  {label}: {text}{' (due)' if label == 'review' and view.review_due else ''}", markup=False
            )
    if view.private:
        shown.print("  private: no peer sees it; it is matched as a record", markup=False)
    for each in view.lists:
        as_of = f" (list of {each.as_of})" if each.as_of else ""
        basis = f"; {each.legal_basis}" if each.legal_basis else ""
        shown.print(
            f"  {each.list} {each.reference}: {each.status} since {_since(each.since)}{basis}{as_of}",
            markup=False,
        )
    for name in view.names:
        kind = "" if name.kind == "name" else f" [{name.kind}]"
        shown.print(f"  {name.text} ({name.language}){kind}", markup=False)


def _tell_import(shown: Console, report: ImportReport) -> None:
    as_of = f" as of {report.as_of}" if report.as_of else ""
    shown.print(
        f"{report.source}{as_of}: {report.added} added, {report.changed} changed, {report.removed} removed, "
        f"{report.unchanged} unchanged, {len(report.refused)} refused",
        markup=False,
    )
    if report.left_out:
        left = ", ".join(f"{count} {kind}" for kind, count in sorted(report.left_out.items()))
        shown.print(f"  left out, as no groups: {left}", markup=False)
    for line, reason in report.refused[:SHOWN]:
        shown.print(f"  line {line}: {reason}", markup=False)


def _tell_joint(shown: Console, view: JointView, whole: bool) -> None:
    if view.hash:
        counts = ", ".join(f"{count} {_STATES[state]}" for state, count in view.counts.items() if count)
        shown.print(
            f"{view.title}, with {view.peer}, in force since {view.since}: {counts or 'no groups'}",
            markup=False,
        )
        shown.print(f"  hash {view.hash}", markup=False)
    else:
        shown.print(f"No joint list is in force with {view.peer}.")
    rows = [(g.group, g.name, _STATES[g.state], _word(g.ours), _word(g.theirs)) for g in view.groups]
    if rows:
        table(shown, ("group", "name", "", "we say", f"{view.peer} says"), rows, "")
    if whole:
        for group in view.groups:
            _tell_words(shown, view.peer, group)
        return
    if view.private:
        shown.print(f"{view.private} of our groups are private and stay out.", markup=False)
    if view.changes:
        shown.print("`detente groups propose` would change:", markup=False)
        for change in view.changes[:SHOWN]:
            shown.print(f"  - {change}", markup=False)
        if len(view.changes) > SHOWN:
            shown.print(f"  ... and {len(view.changes) - SHOWN} more; --json lists them all", markup=False)
    _tell_doubts(shown, view.questions)


_STATES = {
    "both": "both list",
    "ours": "only we list",
    "theirs": "only they list",
    "disputed": "disputed",
    "neither": "neither lists",
}


def _word(word: WordView | None) -> str:
    if word is None:
        return "-"
    return f"{word.status}{' since ' + word.since if word.since else ''}{', review due' if word.review_due else ''}"


def _tell_words(shown: Console, peer: str, group: JointGroupView) -> None:
    for who, word in (("we", group.ours), (peer, group.theirs)):
        if word is None:
            continue
        shown.print(f"{who}: {word.status}", markup=False)
        for label, text in (
            ("reason", word.reason),
            ("grounds", word.grounds),
            ("legal basis", word.legal_basis),
            ("since", word.since),
            ("review", word.review),
            ("lists", "; ".join(word.lists)),
            (
                "reads as another group",
                "; ".join(f"{name}: {other or '?'}" for name, other in word.reads.items()),
            ),
        ):
            if text:
                shown.print(f"  {label}: {text}", markup=False)
    shown.print("names: " + "; ".join(f"{name.text} ({name.language})" for name in group.names), markup=False)


def _tell_doubts(shown: Console, questions: list[Doubtful]) -> None:
    for each in questions[:SHOWN]:
        readings = ", ".join(f"{group} ({reader})" for group, reader in each.readings.items())
        names = "; ".join(each.names[:4]) + (" ..." if len(each.names) > 4 else "")
        shown.print(f"{each.doubt}: {names}: {readings}{': ' + each.what if each.what else ''}", markup=False)
    if len(questions) > SHOWN:
        shown.print(f"... and {len(questions) - SHOWN} more in question; --json lists them all", markup=False)


def _tell_proposed(shown: Console, done: Proposed) -> None:
    shown.print(f"proposed: {done.hash}", markup=False)
    for change in done.changes[:SHOWN]:
        shown.print(f"  - {change}", markup=False)
    if len(done.changes) > SHOWN:
        shown.print(f"  ... and {len(done.changes) - SHOWN} more; --json lists them all", markup=False)


__all__ = ["groups"]
