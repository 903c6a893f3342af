"""`detente airspace notice` and `hotline`: what is told at once, read back, and kept with both clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from detente.cli.talk import by_person, catch_up, hand_over, person, with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse, Refused
from detente.pact.joint import plain
from detente.pact.notice_words import LANGUAGES
from detente.pact.notices import FIELDS

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.notices import HotlineView, NoticeView

KINDS = ("nonconforming", "contingent", "lost-link", "distress", "planned-activity", "free-text")


@click.group(cls=Noun)
def notice() -> None:
    """Tell a peer at once what went wrong or is planned; its receipt has both clocks."""


@notice.command(
    cls=Verb,
    example=(
        "detente airspace notice send lost-link --with South --about SORTIE-7 --at 33.51,36.27 --band 900-1500 --read-back position\n"
        'detente airspace notice send planned-activity --with South --event 2026-11-24T10:00Z --at 34.2,37.1 --radius-m 8000 --text "live firing"'
    ),
)
@click.argument("what", type=click.Choice(KINDS))
@with_peer()
@click.option("--about", default="", metavar="ID", help="A plan or a conflict, by its id.")
@click.option(
    "--at", "position", default="", metavar="LAT,LON", help="Where, in degrees; sent no finer than agreed."
)
@click.option("--radius-m", type=int, default=0, help="How far around it.")
@click.option(
    "--band",
    default="",
    metavar="LOW-HIGH",
    help="From and to which height, in metres above the agreed datum.",
)
@click.option(
    "--event",
    default="",
    metavar="TIME",
    help="When it begins or began, like 2026-11-24T10:00Z; else now for what is off nominal.",
)
@click.option("--text", default="", help="Free text, read as it is in every language.")
@click.option(
    "--read-back",
    "readback",
    multiple=True,
    type=click.Choice(FIELDS),
    help="Ask a person there to read this field back. Repeatable.",
)
def send(
    session: Session,
    what: Any,
    peer: str,
    about: str,
    position: str,
    radius_m: int,
    band: str,
    event: str,
    text: str,
    readback: tuple[Any, ...],
) -> None:
    """Send a notice. It goes at once, while the agreement is suspended too if that lets safety go on."""
    from detente.node.notices import NoticeForm

    lat, lon = _pair(position, ",", "--at LAT,LON, like 33.51,36.27")
    low, high = _pair(band, "-", "--band LOW-HIGH, like 900-1500")
    form = NoticeForm(
        what, about, _instant(event), lat, lon, radius_m, low, high, text, list(dict.fromkeys(readback))
    )
    with session.open() as node:
        sent = node.notices.send(peer, form)
        hand_over(session, node, peer, lambda: node.notices.show(sent.id), _tell_one)


@notice.command(name="list", cls=Verb, example="detente airspace notice list --with South")
@with_peer(required=False)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", help="In which words.")
def list_notices(session: Session, peer: str, language: str) -> None:
    """List notices, newest first, each with whether it was given in time."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        views = node.notices.listed(peer)
    session.show(views, lambda shown: _tell(shown, views, language))


@notice.command(cls=Verb, example="detente airspace notice show 3f2a91c04d7e --json")
@click.argument("id", metavar="ID")
def show(session: Session, id: str) -> None:
    """Show one notice in every language, both clocks, and the one answer: in time, late, or not received."""
    with session.open() as node:
        view = node.notices.show(id)
    session.show(view, lambda shown: _tell_one(shown, view))


@notice.command(
    cls=Verb, example='detente airspace notice readback 3f2a91c04d7e event=10:00 "altitude=900-1500 m WGS84"'
)
@click.argument("id", metavar="ID")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@by_person
def readback(session: Session, id: str, fields: tuple[str, ...], by: str | None) -> None:
    """Read a notice of the peer's back as you understood it; both sides see where it differs. Exits 1 where it does."""
    said = _fields(fields)
    with session.open() as node:
        view = node.notices.read_back(id, said, person(by))
        hand_over(session, node, view.peer, lambda: node.notices.show(view.id), _tell_one)
        if node.notices.show(view.id).read_back == "differs":
            raise Refused(
                "what you read back differs from what was said; look at the notice and read it back again"
            )


@click.group(cls=Noun)
def hotline() -> None:
    """The line between the duty desks: its log, and test calls by the agreed schedule."""


@hotline.command(cls=Verb, example="detente airspace hotline log --with South --alarm")
@with_peer(required=False)
@click.option(
    "--alarm", is_flag=True, help="For the duty desk: exit code 1 where a test call is due and was not made."
)
def log(session: Session, peer: str, alarm: bool) -> None:
    """Show what was said on the line, in order, and which test calls were missed."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        lines = node.notices.hotline(peer)
    session.show(lines, lambda shown: _tell_lines(shown, lines))
    missed = [line.peer for line in lines if line.missed]
    if alarm and missed:
        raise Refused(
            f"a test call with {', '.join(missed)} is due: `detente airspace hotline test --with PARTY`"
        )


@hotline.command(cls=Verb, example="detente airspace hotline test --with South")
@with_peer()
def test(session: Session, peer: str) -> None:
    """Make a test call: a signed notice that asks for nothing but its receipt."""
    with session.open() as node:
        made = node.notices.call(peer)
        hand_over(session, node, peer, lambda: node.notices.show(made.id), _tell_one)


def _pair(text: str, between: str, form: str) -> tuple[float | None, float | None]:
    if not text:
        return None, None
    cut = text.find(between, 1)  # a first minus is a sign
    try:
        first, second = float(text[:cut]), float(text[cut + 1 :])
    except ValueError:
        raise Misuse(f"write {form}") from None
    if cut < 0 or not abs(first) + abs(second) < 1e9:
        raise Misuse(f"write {form}")
    return first, second


def _instant(text: str) -> str:
    """An instant as statements have it, from one without milliseconds or seconds."""
    if text.endswith("Z") and len(text) in (17, 20):
        return text[:-1] + (":00.000Z" if len(text) == 17 else ".000Z")
    return text


def _fields(given: tuple[str, ...]) -> dict[Any, str]:
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name not in FIELDS:
            raise Misuse(f"write FIELD=VALUE; fields are {', '.join(FIELDS)}")
        found[name] = value
    return found


def _tell(shown: Console, views: list[NoticeView], language: str) -> None:
    for view in views:
        who = f"from {view.peer}" if view.by == "theirs" else f"to {view.peer}"
        mark = f"  read-back {view.read_back}" if view.read_back else ""
        shown.print(
            f"{view.sent}  {view.verdict:12}  {plain(who)}  {view.id[:12]}{mark}  [{view.agreement_state}]\n  {plain(view.words[language])}",
            markup=False,
        )
    if not views:
        shown.print("No notices.")


def _tell_one(shown: Console, view: NoticeView) -> None:
    for language, words in view.words.items():
        shown.print(f"{language}  {plain(words)}", markup=False)
    shown.print(
        f"notice {view.id}, {'to' if view.by == 'ours' else 'from'} {plain(view.peer)}; agreement {view.agreement_state}",
        markup=False,
    )
    shown.print(
        f"sent {view.sent} by the sender's clock; received {view.received or '-'} by the receiver's; bound {view.skew_bound_ms / 1000:g} s",
        markup=False,
    )
    due = f"; due {view.due}" if view.due else ""
    left = f", {view.margin_ms / 1000:g} s to spare" if view.margin_ms is not None else ""
    shown.print(
        f"{view.verdict}{due}{left}{'; THE CLOCKS ARE APART' if view.clocks_apart else ''}", markup=False
    )
    for each in view.fields:
        state = (
            "same" if each.same else f"READ BACK AS {plain(each.said)!r}" if each.said else "to be read back"
        )
        shown.print(f"  {each.field}: {plain(each.meant)}  {state}", markup=False)
    if view.read_back_by:
        shown.print(
            f"  read back by {plain(view.read_back_by)} at {view.read_back_at}: {view.read_back}",
            markup=False,
        )
    if view.doubt:
        shown.print(f"  doubt: {plain(view.doubt)}", markup=False)


def _tell_lines(shown: Console, lines: list[HotlineView]) -> None:
    for line in lines:
        plan = (
            f"every {line.every_minutes} minutes, next by {line.next_due}"
            if line.every_minutes
            else "no schedule agreed"
        )
        shown.print(
            f"{plain(line.peer)}: agreement {line.agreement_state}; test calls: {plan}{'  MISSED' if line.missed else ''}",
            markup=False,
        )
        for each in line.log:
            shown.print(
                f"  {each.at}  {each.by:6}  {each.kind:9}  {each.what:16}  {each.id[:12]}  {each.state}",
                markup=False,
            )
    if not lines:
        shown.print("No line: airspace is agreed with no peer.")


__all__ = ["hotline", "notice"]
