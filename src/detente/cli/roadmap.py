"""`detente roadmap`: what both sides agreed to do, by when, and what of it presses today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from detente.cli.joint import Done
from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Noun, Session, Verb, table
from detente.errors import Misuse
from detente.pact.joint import plain
from detente.pact.roadmap import STATUSES

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.roadmaps import ActionForm, ActionView, RoadmapView

F = TypeVar("F", bound=Callable[..., Any])
_OUT: Any = click.Path(path_type=Path, dir_okay=False)

_name = click.option(
    "--name", default="main", show_default=True, metavar="NAME", help="Which roadmap with this peer."
)


def _action_options(command: F) -> F:
    """What an action may say: the same to add one and to change one."""
    options = (
        click.option("--text", multiple=True, metavar="LANGUAGE=TEXT", help="What is to be done; once a language."),
        click.option("--ours", metavar="NAME", help="Who answers for it on our side."),
        click.option("--theirs", metavar="NAME", help="Who answers for it on theirs."),
        click.option("--start", metavar="DAY", help="From when, as 2026-11-01."),
        click.option("--due", metavar="DAY", help="By when, as 2026-12-15."),
        click.option("--after", multiple=True, metavar="ACTION", help="What must be done before; `none` for nothing."),
        click.option("--status", type=click.Choice(STATUSES), help="How far it is."),
        click.option(
            "--evidence", multiple=True, metavar="NAME=LINK", help="https://… or sha256:…; an empty link takes it out."
        ),
        click.option("--from", "source", metavar="DECLARATION:pN", help="The paragraph it descends from; `none` for none."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=Noun)
def roadmap() -> None:
    """Actions that both sides signed: owners, due days, what waits for what; overdue and blocked."""


@roadmap.command(
    cls=Verb,
    example='detente roadmap start --with South --heading en="Roadmap 2027" --heading ru="Дорожная карта 2027"',
)
@with_peer()
@_name
@click.option(
    "--heading", multiple=True, required=True, metavar="LANGUAGE=TEXT", help="Its heading; once a language."
)
@click.option("--title", default="", metavar="TEXT", help="How lists call it; else the first heading.")
def start(session: Session, peer: str, name: str, heading: tuple[str, ...], title: str) -> None:
    """Begin a roadmap as a draft, or rename one. All of it stands in the languages of its heading."""
    with session.open() as node:
        view = node.roadmaps.start(peer, pairs(heading, "--heading"), name, title)
    session.show(view, lambda shown: _tell(shown, view))


@roadmap.command(
    cls=Verb,
    example='detente roadmap add joint-list --with South --text en="Agree on the list" --text ru="Согласовать перечень" '
    "--ours \"Desk A\" --theirs 'Отдел 4' --due 2026-12-15",
)
@click.argument("action")
@with_peer()
@_name
@_action_options
def add(session: Session, action: str, peer: str, name: str, **given: Any) -> None:
    """Add an action to the draft. Nothing is sent before `detente roadmap propose`."""
    with session.open() as node:
        view = node.roadmaps.add(peer, action, _form(**given), name)
    session.show(view, lambda shown: _tell(shown, view))


@roadmap.command(
    cls=Verb,
    name="set",
    example="detente roadmap set joint-list --with South --status done --evidence list=https://north.example/list",
)
@click.argument("action")
@with_peer()
@_name
@_action_options
def set_(session: Session, action: str, peer: str, name: str, **given: Any) -> None:
    """Change an action in the draft: what the options say and nothing else."""
    with session.open() as node:
        view = node.roadmaps.set(peer, action, _form(**given), name)
    session.show(view, lambda shown: _tell(shown, view))


@roadmap.command(cls=Verb, example="detente roadmap remove visit --with South")
@click.argument("action")
@with_peer()
@_name
def remove(session: Session, action: str, peer: str, name: str) -> None:
    """Take an action out of the draft."""
    with session.open() as node:
        view = node.roadmaps.remove(peer, action, name)
    session.show(view, lambda shown: _tell(shown, view))


@roadmap.command(cls=Verb, example="detente roadmap drop --with South")
@with_peer()
@_name
def drop(session: Session, peer: str, name: str) -> None:
    """Forget the draft; what is in force stays."""
    with session.open() as node:
        node.roadmaps.drop(peer, name)
        done = Done(peer, "the draft is forgotten", "")
    session.show(done, lambda shown: shown.print(done.done))


@roadmap.command(cls=Verb, example="detente roadmap propose --with South")
@with_peer()
@_name
def propose(session: Session, peer: str, name: str) -> None:
    """Sign the draft and propose it; `detente joint accept` on the other side, whole or in part, puts it in force."""
    with session.open() as node:
        done = Done(peer, "proposed", node.roadmaps.propose(peer, name))
        hand_over(session, node, peer, lambda: done, _done)


@roadmap.command(cls=Verb, example="detente roadmap show --with South --json")
@with_peer()
@_name
def show(session: Session, peer: str, name: str) -> None:
    """Show a roadmap as it stands today: actions, decisions of meetings, the draft, what waits for a signature."""
    with session.open() as node:
        catch_up(session, node, peer)
        view = node.roadmaps.show(peer, name)
    session.show(view, lambda shown: _tell(shown, view))


@roadmap.command(cls=Verb, example="detente roadmap overdue\ndetente roadmap overdue --with South --json")
@with_peer(required=False)
def overdue(session: Session, peer: str) -> None:
    """List what somebody must look at in every roadmap in force: overdue, blocked, or due before what it waits for."""
    with session.open() as node:
        views = node.roadmaps.pressing(peer)
    session.show(views, lambda shown: _tell_actions(shown, views, "Nothing is overdue or blocked."))


@roadmap.command(cls=Verb, example="detente roadmap export --with South --format svg --out roadmap.svg")
@with_peer()
@_name
@click.option(
    "--format", "form", type=click.Choice(["svg", "csv", "md"]), required=True, help="Picture, table or page."
)
@click.option("--out", type=_OUT, metavar="FILE", help="Where to write it; else standard output.")
def export(session: Session, peer: str, name: str, form: Any, out: Path | None) -> None:
    """Write the roadmap in force, or the draft where none is, as a timeline (svg), a table (csv) or Markdown (md)."""
    with session.open() as node:
        text = node.roadmaps.export(peer, form, name)
    give(session, text, out)


def give(session: Session, text: str, out: Path | None) -> None:
    """An exported text on standard output, or in a file; with --json as one value."""
    if out is not None:
        from detente.adapters.files import atomic_write

        atomic_write(out, text.encode("utf-8"))
        session.show({"file": str(out)}, lambda shown: shown.print(f"written: {out}", markup=False))
    elif session.json:
        session.show({"text": text}, lambda shown: None)
    else:
        click.echo(text, nl=False)


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`--text en=…` options by language or name. Raises Misuse."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals or name in found:
            raise Misuse(f"{option} takes NAME=VALUE, each name once: for example {option} en=Text")
        found[name.strip()] = value.strip()
    return found


def _form(
    text: Sequence[str],
    ours: str | None,
    theirs: str | None,
    start: str | None,
    due: str | None,
    after: Sequence[str],
    status: Any,
    evidence: Sequence[str],
    source: str | None,
) -> ActionForm:
    from detente.node.roadmaps import ActionForm

    before = None if not after else [each for each in after if each != "none"]
    links = {name: (name, link) for name, link in pairs(evidence, "--evidence").items()}
    descends = "" if source == "none" else source
    return ActionForm(
        pairs(text, "--text") or None, ours, theirs, start, due, before, status, links, descends
    )


def _done(shown: Console, done: Done) -> None:
    shown.print(f"{done.done}: {done.hash}", markup=False)


def _tell(shown: Console, view: RoadmapView) -> None:
    shown.print(f"{view.peer}: roadmap {view.name!r}, {view.state}, as of {view.today}", markup=False)
    if view.hash:
        shown.print(f"  hash {view.hash}", markup=False)
    for language, words in view.heading.items():
        shown.print(f"  {language}  {plain(words)}", markup=False)
    _tell_actions(shown, view.actions, "No actions yet.")
    for decision in view.decisions:
        words = " / ".join(plain(each) for each in decision.text.values())
        shown.print(f"  decided {decision.date} ({decision.minutes}): {words}", markup=False)
    for sentence in view.draft:
        shown.print(f"  draft: {sentence}", markup=False)
    for sentence in view.proposals:
        shown.print(f"  proposed: {sentence}", markup=False)


def _tell_actions(shown: Console, actions: Sequence[ActionView], empty: str) -> None:
    columns = ("action", "due", "state", "ours", "theirs", "waits for", "text")
    rows = [
        (
            a.slug,
            a.due,
            f"{a.state} +{a.late} d" if a.late else a.state,
            plain(a.ours),
            plain(a.theirs),
            ", ".join(a.blocked_by) + (" (due later)" if a.behind else ""),
            " / ".join(plain(words) for words in a.text.values()),
        )
        for a in actions
    ]
    table(shown, columns, rows, empty)


__all__ = ["give", "pairs", "roadmap"]
