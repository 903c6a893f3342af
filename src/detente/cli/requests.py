"""`detente requests`: ask a peer for information, answer what it asks, and see who contributed what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import by_person, catch_up, hand_over, person, with_peer
from detente.cli.verb import Noun, Session, Verb, table, tell
from detente.errors import Misuse
from detente.pact.history import span
from detente.pact.joint import plain

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.node import Node
    from detente.node.request_book import RequestView
    from detente.node.requests import CandidateView, CellView, TemplateView

_reason = click.option("--reason", default="", metavar="TEXT", help="The peer is told.")
_records = click.option(
    "--record",
    "records",
    multiple=True,
    metavar="ID",
    help="A record of ours; may be repeated.",
)


@click.group(cls=Noun)
def requests() -> None:
    """Requests for information: ask, answer by releases that count, pass on with consent, rate."""


@requests.command(
    cls=Verb,
    example='detente requests ask --with South --template person --about name="Olga Voroshilova" --about birthDate=1971-05-03 '
    '--purpose "a case of ours" --until 2026-12-01',
)
@with_peer()
@click.option(
    "--template", default="free", show_default=True, metavar="SLUG", help="See `detente requests templates`."
)
@click.option("--topic", default="", metavar="TOPIC", help="Else the template's.")
@click.option("--schema", default="", metavar="SCHEMA", help="Person, Organization…; else the template's.")
@click.option(
    "--about",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Whom it is about; may be repeated. The peer reads it.",
)
@click.option(
    "--record", default="", metavar="ID", help="A record of ours whose agreed fields say whom it is about."
)
@click.option("--question", default="", metavar="TEXT", help="In your own words.")
@click.option("--purpose", required=True, metavar="TEXT", help="What it is for.")
@click.option(
    "--until", required=True, metavar="DAY", help="The deadline: that day's end in UTC, or an instant."
)
@click.option(
    "--marking",
    default="TLP:AMBER",
    show_default=True,
    metavar="LABELS",
    help="How the request may be handled.",
)
@click.option("--offer", default="", metavar="TEXT", help="What is offered in return, in words.")
@click.option(
    "--returns",
    default=0,
    show_default=True,
    metavar="N",
    help="How many records you give in return, item for item.",
)
@click.option("--most", default=8, show_default=True, metavar="N", help="How many records may answer it.")
def ask(
    session: Session,
    peer: str,
    template: str,
    topic: str,
    schema: str,
    about: Sequence[str],
    record: str,
    question: str,
    purpose: str,
    until: str,
    marking: str,
    offer: str,
    returns: int,
    most: int,
) -> None:
    """Ask a peer. A question discloses whom you ask about: match first where you can."""
    from detente.node.requests import Question
    from detente.pact.questions import TEMPLATES

    known = TEMPLATES.get(template)
    if known is None:
        raise Misuse(f"no template {template!r}; there are {', '.join(TEMPLATES)}")
    begin, end = span(until)
    deadline = end - 1 if end - begin > 1 else begin
    asked = Question(
        topic or known.topic, purpose, deadline, marking, template, schema or known.schema, _fields(about), question,
        offer, returns, most, record,
    )  # fmt: skip
    with session.open() as node:
        view = node.requests.ask(peer, asked)
        _after(session, node, view)


@requests.command(
    cls=Verb, name="list", example="detente requests list\ndetente requests list --with South --json"
)
@with_peer(required=False)
def list_(session: Session, peer: str) -> None:
    """List requests, ours and theirs, and what waits for us."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        views = node.requests.listed(peer)
    session.show(views, lambda shown: _tell_all(shown, views))


@requests.command(cls=Verb, example="detente requests show 81c0a2")
@click.argument("request")
def show(session: Session, request: str) -> None:
    """Show one request: what it asks, what answers it, what must be done."""
    with session.open() as node:
        view = node.requests.show(request)
    session.show(view, lambda shown: _tell(shown, view))


@requests.command(cls=Verb, example="detente requests candidates 81c0a2")
@click.argument("request")
@click.option("--most", default=10, show_default=True, metavar="N", help="How many to list.")
def candidates(session: Session, request: str, most: int) -> None:
    """List records of ours that a request may be about, best first. Nothing leaves."""
    with session.open() as node:
        views = node.requests.candidates(request, most)
    session.show(views, lambda shown: _tell_candidates(shown, views))


@requests.command(cls=Verb, example="detente requests accept 81c0a2")
@click.argument("request")
def accept(session: Session, request: str) -> None:
    """Tell the asker that its request is taken on."""
    with session.open() as node:
        _after(session, node, node.requests.accept(request))


@requests.command(cls=Verb, example='detente requests decline 81c0a2 --reason "another service\'s case"')
@click.argument("request")
@click.option("--reason", required=True, metavar="TEXT", help="The peer is told.")
def decline(session: Session, request: str, reason: str) -> None:
    """Decline a request, with a reason; drafts that would have answered it are taken back."""
    with session.open() as node:
        _after(session, node, node.requests.decline(request, reason))


@requests.command(cls=Verb, example="detente requests nothing 81c0a2")
@click.argument("request")
@_reason
def nothing(session: Session, request: str, reason: str) -> None:
    """Answer that nothing is held. This tells the peer something, and counts as an answer."""
    with session.open() as node:
        _after(session, node, node.requests.nothing(request, reason))


@requests.command(
    cls=Verb,
    example='detente requests answer 81c0a2 --record s2 --by "A. Officer"\n'
    'detente requests answer 81c0a2 --record s2 --part --reason "the rest is another service\'s"',
)
@click.argument("request")
@_records
@by_person
@click.option("--part", is_flag=True, help="This is not all: say why with --reason.")
@_reason
def answer(
    session: Session, request: str, records: tuple[str, ...], by: str | None, part: bool, reason: str
) -> None:
    """Give records in answer: the agreed fields of each, exchanged like any swap, counted in the balance."""
    with session.open() as node:
        _after(session, node, node.requests.answer(request, records, person(by), part=part, reason=reason))


@requests.command(
    cls=Verb, name="return", example='detente requests return 81c0a2 --record n3 --by "A. Officer"'
)
@click.argument("request")
@_records
@by_person
def return_(session: Session, request: str, records: tuple[str, ...], by: str | None) -> None:
    """Give what a request of ours promised in return: item for item with the answer."""
    with session.open() as node:
        _after(session, node, node.requests.give_back(request, records, person(by)))


@requests.command(
    cls=Verb, example='detente requests transfer 81c0a2 --to East --purpose "East handles these cases"'
)
@click.argument("request")
@click.option("--to", required=True, metavar="PARTY", help="Another peer of ours.")
@click.option("--purpose", default="", metavar="TEXT", help="Why; the asker is told.")
@click.option("--named", is_flag=True, help="Ask to tell that party who asked.")
def transfer(session: Session, request: str, to: str, purpose: str, named: bool) -> None:
    """Ask the asker whether its request may go to another party; once it has consented, the same command sends it there."""
    with session.open() as node:
        catch_up(session, node, node.requests.show(request).peer)
        _after(session, node, node.requests.transfer(request, to, purpose, named=named))


@requests.command(cls=Verb, example="detente requests consent 81c0a2 --yes")
@click.argument("request")
@click.option(
    "--yes/--no", "yes", required=True, default=None, help="Whether it may go on to the party that is named."
)
@_reason
def consent(session: Session, request: str, yes: bool, reason: str) -> None:
    """Say whether a request of ours may be shown to a third party."""
    with session.open() as node:
        catch_up(session, node, node.requests.show(request).peer)
        _after(session, node, node.requests.consent(request, yes, reason))


@requests.command(cls=Verb, example="detente requests rate 81c0a2 --useful")
@click.argument("request")
@click.option(
    "--useful/--not-useful", "useful", required=True, default=None, help="Once; both journals hold it."
)
@_reason
def rate(session: Session, request: str, useful: bool, reason: str) -> None:
    """Say whether an answer was of use."""
    with session.open() as node:
        _after(session, node, node.requests.rate(request, useful, reason))


@requests.command(cls=Verb, example="detente requests matrix\ndetente requests matrix --with South --json")
@with_peer(required=False)
def matrix(session: Session, peer: str) -> None:
    """Show overlap and contribution by topic and month: asked, answered, useful, late, given; a fold over the journal."""
    with session.open() as node:
        cells = node.requests.matrix(peer)
    session.show(cells, lambda shown: _tell_matrix(shown, cells))


@requests.command(cls=Verb, node=False, example="detente requests templates --language fr")
@click.option("--language", default="en", show_default=True, metavar="CODE", help="en, fr or ru.")
def templates(session: Session, language: str) -> None:
    """List questions that are asked often. Needs no node."""
    from detente.node.requests import Requests

    views = Requests.templates(language)
    session.show(views, lambda shown: _tell_templates(shown, views))


def _after(session: Session, node: Node, view: RequestView) -> None:
    """Sends what was said and shows the request as it stands then."""
    hand_over(session, node, view.peer, lambda: node.requests.show(view.id), _tell)


def _fields(about: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in about:
        name, equals, value = each.partition("=")
        if not name or not equals or not value:
            raise Misuse(f"--about takes FIELD=VALUE, not {each!r}: for example --about birthDate=1971-05-03")
        found.setdefault(name, []).append(value)
    return found


def _tell(shown: Console, view: RequestView) -> None:
    tell(shown, _printable(msgspec.to_builtins(view)))


def _printable(value: Any) -> Any:
    """What the peer wrote, safe on a terminal."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(name)): _printable(each) for name, each in value.items()}
    return [_printable(each) for each in value] if isinstance(value, list) else value


def _tell_all(shown: Console, views: Sequence[RequestView]) -> None:
    columns = ("request", "peer", "by", "state", "topic", "until", "items", "about")
    rows = [
        (
            v.id[:12], v.peer, v.by, f"{v.state}, late" if v.late else v.state, v.topic, v.until[:10], len(v.items),
            plain("; ".join(value for values in v.about.values() for value in values) or v.question)[:60],
        )
        for v in views
    ]  # fmt: skip
    table(shown, columns, rows, "No requests.")
    for view in views:
        for sentence in view.waiting:
            shown.print(f"{view.id[:12]}: {plain(sentence)}", markup=False)


def _tell_candidates(shown: Console, views: Sequence[CandidateView]) -> None:
    rows = [
        (v.record, plain(v.name), f"{v.score / 10_000:.1f} %", v.grade, "; ".join(v.because)) for v in views
    ]
    table(shown, ("record", "name", "score", "grade", "because"), rows, "No record of ours is like it.")


def _tell_matrix(shown: Console, cells: Sequence[CellView]) -> None:
    columns = (
        "peer",
        "topic",
        "month",
        "runs",
        "overlaps",
        "findings",
        "we asked",
        "they asked",
        "we gave",
        "they gave",
    )
    rows = [
        (
            c.peer, c.topic or "-", c.month, c.runs, c.overlaps, c.findings,
            *(f"{s.asked}: {s.answered} answered, {s.useful} useful, {s.late} late, {s.declined} declined" for s in (c.ours, c.theirs)),
            c.ours.given, c.theirs.given,
        )
        for c in cells
    ]  # fmt: skip
    table(shown, columns, rows, "Nothing asked, matched or given yet.")


def _tell_templates(shown: Console, views: Sequence[TemplateView]) -> None:
    for view in views:
        shown.print(f"{view.slug} ({view.topic}): {view.title}", markup=False)
        shown.print(f"  {view.question}", markup=False)
        if view.fields:
            shown.print(f"  fields: {', '.join(view.fields)}", markup=False)


__all__ = ["requests"]
