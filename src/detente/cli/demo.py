"""`detente demo`: the whole story between two invented services, in under a minute."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.verb import Session, Verb
from detente.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.demo.story import Told


@click.command(cls=Verb, node=False, example="detente demo\ndetente demo --keep --directory ./demo")
@click.option("--keep", is_flag=True, help="Leave both nodes running and say how to look around.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the two nodes are made; else a new temporary folder.",
)
@click.option("--size", default=2000, show_default=True, help="People on each list.")
@click.option("--shared", default=250, show_default=True, help="How many of them are on both.")
def demo(session: Session, keep: bool, directory: Path | None, size: int, shared: int) -> None:
    """Two invented services pair, agree, match, swap and verify, over real TLS.

    The people are invented. A demo policy stands in for the analysts.
    """
    from detente.demo.story import Story

    place = directory or Path(tempfile.mkdtemp(prefix="detente-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    count = 0

    def step(title: str, command: str) -> None:
        nonlocal count
        count += 1
        session.note(f"\n{count}. {title}\n   $ {command}")

    told = Story(place, lambda line: session.note(f"   {line}"), step, size, shared).tell(keep)
    session.show(told, lambda shown: _tell(shown, told, keep))
    if not told.verified:
        raise Refused("a journal did not verify; see above")


def _tell(shown: Console, told: Told, keep: bool) -> None:
    lines = [
        "",
        f"Both hold {told.found.shared_in_scope} people in the agreement's scope (Russian and French speakers, markings up to TLP:AMBER).",
        f"Found: {told.found.strong} strong and {told.found.possible} possible; precision {told.found.precision:.3f}, "
        f"recall {told.found.recall:.3f} of the strong ones.",
        f"What each learnt: which of its own {told.in_scope[0]} and {told.in_scope[1]} people in scope the other holds too, how strong the agreement is, "
        "and, for confirmed findings, the fields that a person approved.",
        "What neither learnt: anybody whom only the other holds; the other's true number (hidden within 10 %); any record outside the scope.",
        f"The joint list: {told.together.listed_by_both} groups that both list, {told.together.listed_by_one} of one side; a declaration, "
        f"{told.together.actions} actions, a request answered ({told.together.request}).",
        f"A day of sorties: {told.together.planted} conflicts planted, {told.together.conflicts} found, the same on both sides, "
        f"{told.together.on_one_desk} where both plans lie on one desk; {told.together.seconds_airspace:.1f} s.",
        f"Swapped: {told.given} given, {told.received} received, balance {told.balance:+d}.",
        f"Matching {told.match_seconds:.1f} s and {told.bytes_match / 1e6:.1f} MB, swapping {told.swap_seconds:.1f} s and "
        f"{told.bytes_swap / 1e6:.1f} MB, all {told.seconds:.1f} s.",
        "Peak memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in told.peak_mb.items()) + ".",
        "Both journals verify." if told.verified else "A journal does not verify.",
    ]
    if keep:
        lines += ["", "Both nodes are still running. Look around:", f"   $ cd {told.directory}"]
        lines += [
            "   $ detente --node north findings list",
            "   $ detente --node north ledger",
            "   $ detente --node south journal show",
        ]
        lines += [
            f"   the REST interface of {name}: {url}/api/v1/openapi.json"
            for name, url in told.operator.items()
        ]
        lines += [f"   to stop them: kill {' '.join(str(pid) for pid in told.processes)}"]
    for line in lines:
        shown.print(line, markup=False, highlight=False)
