"""`detente rehearse airspace`: two files of plans, the true protocol between two nodes in memory, which of them would conflict?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from detente.cli.airspace.plans import intents_of
from detente.cli.airspace.reading import PLAIN, plans_of
from detente.cli.verb import Session

if TYPE_CHECKING:
    from rich.console import Console

    from detente.ceremonies.refining import ClashFound
    from detente.node.rehearsal_airspace import AirspaceRehearsal
    from detente.topics.airspace.separation import Separation

SHOWN = 10


class Pair(msgspec.Struct, frozen=True):
    """Two plans that conflict, by the ids in their files."""

    ours: str
    theirs: str


class AirspaceCounts(msgspec.Struct, frozen=True):
    """What a rehearsal over airspace found, and what it cost: plans a side, tokens and bytes of both."""

    ours: int
    theirs: int
    tokens: int
    conflicts: list[Pair]
    seconds: float
    bytes: int


def rehearse_plans(session: Session, paths: tuple[Path, Path], engine: str, separation: Separation) -> None:
    """Reads both files, compares them and tells the conflicts."""
    from detente.adapters.system import SystemClock, SystemEntropy
    from detente.assembly import engines
    from detente.node.rehearsal_airspace import rehearse_airspace, space_for

    began = time.monotonic()
    if not session.json:
        session.note("A rehearsal: both lists are ours. It needs no agreement, and nobody is told.")
    ours, theirs = (
        [intent for one in plans_of(session, [path], **PLAIN) for intent in intents_of(one)] for path in paths
    )
    known = engines()
    chosen = "rr22" if engine == "auto" and "rr22" in known else "dh" if engine == "auto" else engine
    space = space_for(ours, theirs, separation)
    with session.progress(f"comparing with the engine {chosen}") as on_progress:
        found = rehearse_airspace(
            known[chosen], ours, theirs, space, entropy=SystemEntropy().draw(32), now=SystemClock().now(), on_progress=on_progress
        )  # fmt: skip
    pairs = [Pair(*pair) for pair in sorted(found.pairs)]
    seconds = round(time.monotonic() - began, 2)
    counts = AirspaceCounts(len(ours), len(theirs), found.tokens, pairs, seconds, found.sent)
    session.show(counts, lambda shown: _tell(shown, counts, found))


def _tell(shown: Console, counts: AirspaceCounts, found: AirspaceRehearsal) -> None:
    for conflict, (ours, theirs) in list(zip(found.conflicts, found.pairs, strict=True))[:SHOWN]:
        shown.print(f"{ours}  and  {theirs}  {_where(conflict)}", markup=False)
    if len(found.pairs) > SHOWN:
        shown.print(f"... and {len(found.pairs) - SHOWN} more; --json tells them all")
    shown.print(
        f"{counts.ours} plans of ours against {counts.theirs} of theirs: {len(found.pairs)} conflicts."
    )
    if pairs := found.counts.get("pairs", 0):
        shown.print(
            f"{pairs} pairs met in a cell of the last layer and showed each other what they have there; the others showed nothing."
        )
    shown.print(f"{counts.tokens} tokens, {counts.bytes / 1e6:.1f} MB both ways, {counts.seconds:.1f} s.")
    shown.print(
        "Nothing was kept, and nobody was told: for that, `detente airspace match` with a peer under an agreement."
    )


def _where(conflict: ClashFound) -> str:
    """Where and when, in words."""
    from detente.topics.airspace.boxes import middle
    from detente.wire.instant import rfc3339

    lat, lon = middle(int(conflict.columns[0], 16))
    return (
        f"from {rfc3339(conflict.start)} to {rfc3339(conflict.end)}, {conflict.lower / 1000:.0f} to {conflict.upper / 1000:.0f} m, "
        f"near {abs(lat):.2f} {'N' if lat >= 0 else 'S'} {abs(lon):.2f} {'E' if lon >= 0 else 'W'}"
    )
