"""`detente match`: a run with a peer, after saying who would learn what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import hand_over, with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.runs import DryRun, MatchReport


class Ended(msgspec.Struct, frozen=True):
    """Runs that were ended by order."""

    peer: str
    runs: list[str]


@click.group(cls=Noun)
def match() -> None:
    """Find with a peer what both hold: people or groups."""


def _topic(name: str, what: str) -> click.Command:
    @match.command(
        name,
        cls=Verb,
        help=f"Match {what} with a peer.\n\nFirst says in words who would learn what. The run is charged to the agreement's "
        "budget when it begins, and nothing is released: people decide on each finding.",
        example=f"detente match {name} --with South --dry-run\ndetente match {name} --with South",
    )
    @with_peer()
    @click.option(
        "--dry-run", is_flag=True, help="Only say who would learn what: nothing is sent or charged."
    )
    @click.option("--yes", is_flag=True, help="Do not ask.")
    def verb(session: Session, peer: str, dry_run: bool, yes: bool) -> None:
        _match(session, name, peer, dry_run, yes)

    command: click.Command = verb
    return command


def _match(session: Session, topic: str, peer: str, dry_run: bool, yes: bool) -> None:
    with session.open() as node:
        plan = node.runs.plan(topic, peer)
        if dry_run:
            session.show(plan, lambda shown: _tell_plan(shown, plan))
            return
        if not session.json:
            for sentence in plan.sentences:
                session.note(sentence)
            if not yes and sys.stdin.isatty():
                click.confirm("Begin?", abort=True, err=True)
        with session.progress(f"matching {topic} with {plan.peer}") as on_progress:
            report = node.match(topic, peer, on_progress)
        session.show(report, lambda shown: _tell(shown, report))
    if report.outcome != "done":
        raise Refused(f"the run ended as {report.outcome}: {report.reason}")


people = _topic("people", "people")
groups = _topic("groups", "organisations and groups")


@match.command(cls=Verb, example='detente match abort --with South --reason "started by mistake"')
@with_peer()
@click.option(
    "--reason", default="ended by the operator", metavar="TEXT", show_default=True, help="The peer is told."
)
def abort(session: Session, peer: str, reason: str) -> None:
    """End a run that is under way. Its budget stays charged."""
    with session.open() as node:
        with node.office.store.snapshot() as tx:
            party = node.office.peer(tx, peer).party
            open_runs = [row.id for row in tx.ceremonies.find(status="open", kind="matching", party=party)]
        if not open_runs:
            raise Misuse("no run with this peer is under way")
        for run in open_runs:
            node.driver.abort(run, reason)
        ended = Ended(peer, open_runs)
        hand_over(session, node, peer, lambda: ended, _tell_ended)


def _tell_ended(shown: Console, ended: Ended) -> None:
    shown.print(f"ended: {', '.join(ended.runs)}", markup=False)


def _tell_plan(shown: Console, plan: DryRun) -> None:
    for sentence in plan.sentences:
        shown.print(sentence, markup=False)
    shown.print(
        f"{plan.tokens} tokens with the engine {plan.engine}; {plan.budget_left} are left of this period's budget.",
        markup=False,
    )


def _tell(shown: Console, report: MatchReport) -> None:
    counted = ", ".join(f"{number} {what}" for what, number in sorted(report.counts.items()))
    shown.print(
        f"{report.outcome}: {report.strong} strong, {report.possible} possible findings (run {report.run})",
        markup=False,
    )
    if counted:
        shown.print(counted, markup=False)
    shown.print("Next: `detente findings list`.")


__all__: list[Any] = ["match"]
