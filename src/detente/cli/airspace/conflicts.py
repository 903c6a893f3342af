"""`detente airspace match`, `conflicts`, `settle`, `sign` and `terms`: plans compared with a peer's, and what comes of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from detente.cli.airspace.plans import intents_of
from detente.cli.airspace.reading import FILE, PLAIN, plans_of
from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Session, Verb
from detente.errors import Misuse, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.airspace import ConflictView
    from detente.node.resolutions import Proposed
    from detente.node.runs import DryRun, MatchReport
    from detente.topics.airspace.intent import Intent

TOPIC = "airspace"


class Terms(msgspec.Struct, frozen=True):
    """What an agreement must have for airspace, as TOML."""

    toml: str


class Conflicts(msgspec.Struct, frozen=True):
    """Conflicts, the most urgent first. `overdue` is how many alarm the duty desk."""

    conflicts: list[ConflictView]
    overdue: int


class Signed(msgspec.Struct, frozen=True):
    """A resolution that we signed, by its hash."""

    conflict: str
    hash: str


@click.command(cls=Verb, node=False, example="detente airspace terms >> terms.toml")
def terms(session: Session) -> None:
    """Print what an agreement must have for airspace, to be added to its terms."""
    from detente.pact.airspace import TEMPLATE

    session.show(Terms(TEMPLATE), lambda shown: shown.print(TEMPLATE, markup=False, highlight=False))


@click.command(
    cls=Verb, example="detente airspace match --with South --dry-run\ndetente airspace match --with South"
)
@with_peer()
@click.option("--dry-run", is_flag=True, help="Only say who would learn what: nothing is sent or charged.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def match(session: Session, peer: str, dry_run: bool, yes: bool) -> None:
    """Compare our plans with a peer's, privately.

    First says in words who would learn what. Both are told the same conflicts; the run is charged to the agreement's budget.
    """
    with session.open() as node:
        node.resolutions.apply()
        plan = node.runs.plan(TOPIC, peer)
        if dry_run:
            session.show(plan, lambda shown: _tell_plan(shown, plan))
            return
        if not session.json:
            for sentence in plan.sentences:
                session.note(sentence)
            if not yes and sys.stdin.isatty():
                click.confirm("Begin?", abort=True, err=True)
        with session.progress(f"comparing plans with {plan.peer}") as on_progress:
            report = node.match(TOPIC, peer, on_progress)
        found = [view for view in node.airspace.conflicts(peer) if view.state in ("open", "overdue")]
        session.show(report, lambda shown: _tell_run(shown, report, found))
    if report.outcome != "done":
        raise Refused(f"the run ended as {report.outcome}: {report.reason}")


@click.command(
    cls=Verb, example="detente airspace conflicts\ndetente airspace conflicts --with South --alarm"
)
@with_peer(required=False)
@click.option(
    "--alarm",
    is_flag=True,
    help="For the duty desk: exit code 1 where a conflict is not settled though it is time.",
)
def conflicts(session: Session, peer: str, alarm: bool) -> None:
    """List conflicts, the most urgent first, with the time left to settle each."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        node.resolutions.apply()
        late = node.airspace.overdue()
        found = Conflicts(node.airspace.conflicts(peer), len(late))
    session.show(found, lambda shown: _tell(shown, found.conflicts))
    if alarm and late:
        raise Refused(
            f"{len(late)} conflicts are not settled though it is time: call the other side's duty desk, then `detente airspace settle`"
        )


@click.command(
    cls=Verb,
    example=(
        "detente airspace settle 3f2a91c04d7e --with South --shift-minutes 20\n"
        'detente airspace settle 3f2a91c04d7e --with South --visual --reason "formation flight"'
    ),
)
@click.argument("conflict", metavar="CONFLICT")
@with_peer()
@click.option(
    "--shift-minutes", type=int, default=0, help="Move our plan in time: later, or earlier if negative."
)
@click.option(
    "--shift-m", type=int, default=0, help="Move our plan in height: metres up, or down if negative."
)
@click.option("--route", type=FILE, help="Fly another route: a file with one plan.")
@click.option("--yield", "gives_way", type=click.Choice(("ours", "theirs")), help="Whose aircraft gives way.")
@click.option("--visual", is_flag=True, help="Fly both as planned, under visual rules; needs a reason.")
@click.option("--reason", default="", metavar="TEXT", help="Why; the peer is told.")
def settle(
    session: Session,
    conflict: str,
    peer: str,
    shift_minutes: int,
    shift_m: int,
    route: Path | None,
    gives_way: str | None,
    visual: bool,
    reason: str,
) -> None:
    """Propose how a conflict is settled.

    A change of our plan is compared privately with the peer's plans first, and charged; only one that meets none of them is proposed. The
    peer signs it with `detente airspace sign`; then it is the plan.
    """
    changes = bool(shift_minutes) + bool(shift_m) + (route is not None)
    if changes + bool(gives_way) + visual != 1:
        raise Misuse("say one thing: --shift-minutes, --shift-m, --route, --yield or --visual")
    with session.open() as node:
        resolutions = node.resolutions
        if gives_way:
            proposed = resolutions.give_way(conflict, peer, ours=gives_way == "ours", reason=reason)
        elif visual:
            proposed = resolutions.accept_as_it_is(conflict, peer, reason)
        else:
            proposed = resolutions.change(
                conflict, peer, lambda records: node.match(TOPIC, peer, only=records), minutes=shift_minutes, metres=shift_m,
                route=_route(session, route), reason=reason,
            )  # fmt: skip
        if not proposed.hash:
            session.show(proposed, lambda shown: _tell_proposed(shown, proposed))
            raise Refused("the changed plan meets the peer's plans too; propose another change")
        hand_over(session, node, peer, lambda: proposed, _tell_proposed)


@click.command(cls=Verb, example="detente airspace sign 3f2a91c04d7e --with North")
@click.argument("conflict", metavar="CONFLICT")
@with_peer()
def sign(session: Session, conflict: str, peer: str) -> None:
    """Sign how the peer proposes to settle a conflict.

    Refused where the change was not compared with our plans, or met one.
    """
    with session.open() as node:
        catch_up(session, node, peer)
        signed = Signed(conflict, node.resolutions.sign(conflict, peer))
        hand_over(
            session,
            node,
            peer,
            lambda: signed,
            lambda shown, value: shown.print(f"signed: {value.hash}", markup=False),
        )


def _route(session: Session, path: Path | None) -> Intent | None:
    if path is None:
        return None
    plans = [intent for one in plans_of(session, [path], **PLAIN) for intent in intents_of(one)]
    if len(plans) != 1:
        raise Misuse(f"{path} holds {len(plans)} plans; give the one route")
    return plans[0]


def _tell_plan(shown: Console, plan: DryRun) -> None:
    for sentence in plan.sentences:
        shown.print(sentence, markup=False)
    shown.print(
        f"{plan.tokens} cells at first, with the engine {plan.engine}; {plan.budget_left} are left of this period's budget.",
        markup=False,
    )


def _tell_run(shown: Console, report: MatchReport, found: list[ConflictView]) -> None:
    shown.print(f"{report.outcome}: {report.strong} conflicts (run {report.run})", markup=False)
    _tell(shown, found)


def _tell(shown: Console, found: list[ConflictView]) -> None:
    for view in found:
        clock = (
            f"settle by {view.settle_by} ({view.minutes_left} min)"
            if view.state in ("open", "overdue")
            else ""
        )
        shown.print(
            f"{view.state:8}  {view.words}  ours: {view.plan}; with {view.peer}. {clock}", markup=False
        )
    if not found:
        shown.print("No conflicts.")


def _tell_proposed(shown: Console, proposed: Proposed) -> None:
    if proposed.hash:
        shown.print(
            f"proposed: {proposed.words} It waits for the peer's signature ({proposed.hash[:12]}).",
            markup=False,
        )
    else:
        shown.print(
            f"not proposed: with it our plan meets {proposed.meets} of the peer's plans.", markup=False
        )
