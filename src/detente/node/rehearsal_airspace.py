"""A rehearsal over airspace: the true protocol between two nodes in memory, both lists ours. Which of these plans would conflict?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import h3.api.basic_int as h3

from detente.ceremonies.ceremony import Progress
from detente.ceremonies.matching import MatchingKind
from detente.ceremonies.refining import AirspaceResult, ClashFound
from detente.ceremonies.run import RunTerms
from detente.errors import Misuse, Unavailable
from detente.node.rehearsal import NO_AGREEMENT, converse
from detente.psi.engine import Engine
from detente.topics.airspace.boxes import estimate
from detente.topics.airspace.intent import Intent
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.space import Layer, Space
from detente.topics.airspace.topic import AirspaceTopic, record_of
from detente.topics.airspace.volume import Datum
from detente.wire.messages import Instant

FINEST, COARSEST = 8, 2
BOXES = 300_000
"""So many boxes a side are cut and committed to in about a second."""


@dataclass(frozen=True, slots=True)
class AirspaceRehearsal:
    """What a rehearsal found. `pairs` names both plans of each conflict, in the order of `conflicts`; `sent` the bytes of every message of both."""

    conflicts: tuple[ClashFound, ...]
    pairs: tuple[tuple[str, str], ...]
    tokens: int
    sent: int
    messages: int
    counts: Mapping[str, int]


def rehearse_airspace(
    engine: Engine,
    ours: Sequence[Intent],
    theirs: Sequence[Intent],
    space: Space,
    *,
    entropy: bytes,
    now: Instant,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> AirspaceRehearsal:
    """Compares two lists of plans by the whole protocol. `entropy` is 32 bytes. Raises Misuse or Refused for plans that the space does not take."""
    topic = AirspaceTopic()
    terms = RunTerms(
        agreement=NO_AGREEMENT, topic=topic.name, version=topic.version, engine=engine.name, buckets=8, audit=0, inspector="none",
        holders_per_token=1, tokens_per_record=1, values_per_record=1, pairs_per_record=1, tokens_limit=1 << 22, space=space,
    )  # fmt: skip
    records = [[record_of(intent) for intent in plans] for plans in (ours, theirs)]
    lists = [(listed, list(topic.prepare(listed))) for listed in records]
    kind = MatchingKind({topic.name: topic}, {engine.name: engine})
    done = converse(kind, terms, lists, entropy=entropy, now=now, on_progress=on_progress)
    first, second = done.results
    if not isinstance(first, AirspaceResult) or not isinstance(second, AirspaceResult):
        raise Unavailable("the rehearsal ended without a result")
    names = {conflict.id: conflict.record for conflict in second.conflicts}
    pairs = tuple((conflict.record, names[conflict.id]) for conflict in first.conflicts)
    return AirspaceRehearsal(
        first.conflicts, pairs, first.counts["tokens"], done.sent, done.messages, first.counts
    )


def layers(resolution: int) -> tuple[Layer, ...]:
    """Three layers down to H3 cells of a resolution: 600 m and 20 minutes, 300 m and 10, 100 m and 5.

    >>> [layer.resolution for layer in layers(6)]
    [4, 6, 6]
    """
    return (
        Layer(max(0, resolution - 2), 600_000, 1_200_000),
        Layer(resolution, 300_000, 600_000),
        Layer(resolution, 100_000, 300_000),
    )


def space_for(ours: Sequence[Intent], theirs: Sequence[Intent], separation: Separation) -> Space:
    """The finest layers that these plans do not fill with more than `BOXES` boxes a side. Raises Misuse where altitudes are above different datums."""
    sides = [[volume for intent in plans for volume in intent.everywhere] for plans in (ours, theirs)]
    datums = {volume.datum for volumes in sides for volume in volumes}
    if len(datums) > 1:
        raise Misuse(
            f"altitudes above {' and '.join(sorted(datum.value for datum in datums))} can't be compared: convert them to one datum"
        )
    datum = next(iter(datums), Datum.WGS84)
    made = None
    for resolution in range(FINEST, COARSEST - 1, -1):
        made = Space(
            layers(resolution), separation.horizontal_mm, separation.vertical_mm, separation.time_ms, separation.skew_ms,
            datum=datum,
        )  # fmt: skip
        fine_enough = h3.average_hexagon_edge_length(resolution, "m") * 4000 >= separation.horizontal_mm
        if fine_enough and all(estimate(made, volumes) <= BOXES for volumes in sides):
            break
    assert made is not None
    return made


__all__ = ["AirspaceRehearsal", "layers", "rehearse_airspace", "space_for"]
