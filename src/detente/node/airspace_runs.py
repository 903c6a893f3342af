"""What is special about runs over airspace: their size is counted in cells, and what they give are conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from detente.ceremonies.refining import AirspaceResult, ClashFound
from detente.ceremonies.run import RunRecord
from detente.ceremonies.volumes import first_size
from detente.node.ports import CeremonyRow, FindingRow, RecordRow, Transaction
from detente.pact.terms import TopicTerms
from detente.topics.airspace.space import Space
from detente.topics.airspace.topic import VOLUME, read
from detente.wire.instant import Instant

CERTAIN = 1_000_000
PROPOSAL = "proposal:"  # how the id of a plan begins that is only compared, before it is proposed
OVER, DATUM = "over already", "with altitudes above another datum than agreed: convert them"
SMALL = 100  # cells of the first layer up to which the simple engine is the quicker one


class Clash(msgspec.Struct, frozen=True):
    """What is kept of a conflict beside its row in `findings`. Millimetres and milliseconds; `columns` are H3 cells in hex."""

    sid: str
    ours: bytes
    theirs: bytes
    lower: int
    upper: int
    start: Instant
    end: Instant
    columns: tuple[str, ...]
    our_profile: dict[str, int]
    their_profile: dict[str, int]
    agreement: str


def space_of(agreed: TopicTerms) -> Space | None:
    """The space of an airspace topic's terms; None for any other topic."""
    if agreed.space is None:
        return None
    fixed = msgspec.to_builtins(agreed.space)
    return msgspec.convert({name: fixed[name] for name in fixed if name in Space.__struct_fields__}, Space)


def cells(agreed: TopicTerms, records: Sequence[RunRecord]) -> int:
    """How many cells of the first layer our plans declare, padded. Raises Refused over the limit of boxes."""
    space = space_of(agreed)
    assert space is not None
    return first_size(space, records)


def to_come(
    agreed: TopicTerms, rows: Iterable[RecordRow], left_out: dict[str, int], now: Instant, only: Sequence[str]
) -> list[RecordRow]:
    """The plans, or `only` those of these ids, that are not over and whose altitudes are above the agreed datum; the others are counted."""
    kept, space = [], space_of(agreed)
    for row in rows:
        if row.id not in only if only else row.id.startswith(PROPOSAL):
            continue
        volumes = [read(text) for text in msgspec.json.decode(row.body)["properties"][VOLUME]]
        if max(volume.end for volume in volumes) <= now:
            left_out[OVER] = left_out.get(OVER, 0) + 1
        elif space is not None and volumes[0].datum is not space.datum:
            left_out[DATUM] = left_out.get(DATUM, 0) + 1
        else:
            kept.append(row)
    return kept


def keep(tx: Transaction, row: CeremonyRow, result: AirspaceResult, now: Instant) -> None:
    """Stores the conflicts of a run. One that was known keeps what people decided of it and when it was found."""
    probes = [c for c in result.conflicts if c.our_profile.get("proposal") or c.their_profile.get("proposal")]
    tx.settings.put(f"probe.{row.id}", msgspec.json.encode((result.sid, len(probes))))
    tx.settings.put(f"probed.{row.party}.{result.sid}", msgspec.json.encode(len(probes)))
    for conflict in result.conflicts:
        if conflict in probes:  # what a proposal meets is no conflict: nobody has filed it
            continue
        known = tx.findings.get(conflict.id)
        fresh = FindingRow(
            conflict.id, row.id, row.party, "airspace", conflict.record, conflict.theirs.hex(), CERTAIN, "strong", b"[]", "open", now,
            msgspec.msgpack.encode(_clash(result.sid, row.agreement, conflict)),
        )  # fmt: skip
        if known is not None:
            fresh = msgspec.structs.replace(
                fresh,
                status=known.status,
                found=known.found,
                note=known.note,
                decided_by=known.decided_by,
                decided=known.decided,
            )
        tx.findings.put([fresh])
    tx.settings.put(f"run.{row.id}", msgspec.json.encode(dict(result.counts)))


def probe_of(tx: Transaction, ceremony: str) -> tuple[str, int]:
    """The sid of a run, and how many plans its proposals met; ("", 0) where it did not end."""
    kept = tx.settings.get(f"probe.{ceremony}")
    return msgspec.json.decode(kept, type=tuple[str, int]) if kept else ("", 0)


def probed(tx: Transaction, party: str, sid: str) -> int | None:
    """How many plans the proposals of a run with a peer met; None for a run that this node does not know."""
    kept = tx.settings.get(f"probed.{party}.{sid}")
    return msgspec.json.decode(kept, type=int) if kept else None


def _clash(sid: str, agreement: str, found: ClashFound) -> Clash:
    return Clash(
        sid, found.ours, found.theirs, found.lower, found.upper, found.start, found.end, found.columns,
        dict(found.our_profile), dict(found.their_profile), agreement,
    )  # fmt: skip


def sentences(agreed: TopicTerms, peer: str, records: int, size: int) -> list[str]:
    """The dry run: who would learn what, beyond what every run tells."""
    space = agreed.space
    assert space is not None
    first, last = space.layers[0], space.layers[-1]
    return [
        f"{peer} will learn that your {records} plans take about {size} cells (H3 resolution {first.resolution}, {first.band_mm / 1000:g} m, "
        f"{first.slot_ms / 60_000:g} minutes; told within 10 %), and how many finer ones lie below those that both have.",
        f"In which cells both have a plan is never displayed, but a modified node sees it as the run goes, down to {last.band_mm / 1000:g} m and "
        f"{last.slot_ms / 60_000:g} minutes.",
        "Of plans that meet in a cell of the last layer both open what lies in its surroundings: outline, altitudes, times, state, priority. "
        "Of all others nothing.",
        "A side that publishes junk learns alone in which cells of one layer you are, and nothing finer; there is no audit that would not show more.",
        "An invented plan can't be told from a true one: the cap of cells and the budget bound what inventing them buys.",
        f"Both are told the same conflicts, under one id; each is settled {space.settle_minutes} minutes before it begins, or both duty desks are alarmed.",
    ]
