"""`detente rehearse`: two files of ours, the true protocol between two nodes in memory, "what would we find?"."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from detente.cli.reading import pairs_of, parse_map, source_rows
from detente.cli.verb import Session, Verb
from detente.errors import DetenteError, Misuse

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.rehearsal import Rehearsal
    from detente.topics.topic import Record, Topic

T = TypeVar("T")

SCHEMA = {"people": "Person", "groups": "Organization"}  # for rows that name none
SHOWN = 10
AUDIT = 32
REFUSED_SHOWN = 20
_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)


class Counts(msgspec.Struct, frozen=True):
    """What a rehearsal counted. Precision, recall and F1 are those of the strong findings, None without --truth."""

    ours: int
    theirs: int
    tokens: int
    strong: int
    possible: int
    precision: float | None
    recall: float | None
    f1: float | None
    seconds: float
    bytes: int
    peak_mb: float


class FindingLine(msgspec.Struct, frozen=True):
    """One line of --findings. `score` is a probability, 0 to 1."""

    ours: str
    theirs: str
    score: float
    grade: str
    because: list[tuple[str, float]]  # what it was, and its weight in bits


@click.command(
    cls=Verb,
    node=False,
    example=(
        "detente rehearse people ours.ftm.json theirs.csv --map name=FullName --map birthDate=Born\n"
        "detente rehearse people a.ftm.json b.ftm.json --truth truth.jsonl --findings found.jsonl --json\n"
        "detente rehearse airspace ours.geojson theirs.geojson --separation-m 9260 --separation-ft 1000 --separation-s 180"
    ),
)
@click.argument("topic")
@click.argument("ours", type=_FILE, metavar="A")
@click.argument("theirs", type=_FILE, metavar="B")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="PROPERTY=COLUMN",
    help="For CSV: which column holds a property. Repeatable.",
)
@click.option(
    "--truth", type=_FILE, help='Pairs that are the same, {"a","b"} a line: adds precision, recall and F1.'
)
@click.option("--ignore", type=_FILE, help='Pairs that count neither way, {"a","b"} a line.')
@click.option(
    "--findings",
    type=click.Path(path_type=Path),
    metavar="OUT.jsonl",
    help="Write the findings here, one a line.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    help="The engine that evaluates the tokens; auto takes the quicker one for lists of this size.",
)
@click.option(
    "--buckets",
    type=click.IntRange(1, 4096),
    default=64,
    show_default=True,
    help="Parts in which results are opened in turn.",
)
@click.option(
    "--audit",
    type=click.IntRange(0, 4096),
    help="Positions opened to show that what was queried was published; else 32 with dh, none with rr22, which needs an inspector.",
)
@click.option(
    "--separation-m",
    type=float,
    default=0.0,
    help="Airspace: metres that plans must keep between them on the ground.",
)
@click.option(
    "--separation-ft",
    type=float,
    default=0.0,
    help="Airspace: feet that they must keep between them in height.",
)
@click.option(
    "--separation-s",
    type=float,
    default=0.0,
    help="Airspace: seconds that they must keep between them in time.",
)
@click.option(
    "--skew-s", type=float, default=0.0, help="Airspace: seconds by which the two sides' clocks may differ."
)
def rehearse(
    session: Session,
    topic: str,
    ours: Path,
    theirs: Path,
    maps: tuple[str, ...],
    truth: Path | None,
    ignore: Path | None,
    findings: Path | None,
    engine: str,
    buckets: int,
    audit: int | None,
    separation_m: float,
    separation_ft: float,
    separation_s: float,
    skew_s: float,
) -> None:
    """Match two files with each other: what would we find?

    The whole protocol runs between two nodes in memory, both of them ours. It needs no node, no agreement and no grounds, and it can release nothing.
    A and B are FollowTheMoney JSON lines or CSV with a header; for airspace GeoJSON features with id, altitude_lower_m, altitude_upper_m,
    altitude_datum, time_start and time_end.
    """
    if topic == "airspace":
        _rehearse_airspace(
            session, (ours, theirs), engine, (separation_m, separation_ft, separation_s, skew_s)
        )
        return
    from detente.adapters.system import SystemClock, SystemEntropy
    from detente.assembly import engines, topics
    from detente.node.rehearsal import rehearse as run

    meaning = _one(topics(), topic, "topic")
    known_engines = engines()
    if engine != "auto":
        _one(known_engines, engine, "engine")
    known = _known(truth, ignore)
    began = time.monotonic()
    if not session.json:
        session.note("A rehearsal: both lists are ours. It needs no grounds and can release nothing.")
    lists = [_read(session, meaning, path, parse_map(maps)) for path in (ours, theirs)]
    if engine == "auto":
        engine = _quicker(meaning, max(map(len, lists)), known_engines)
    if audit is None:
        audit = AUDIT if engine == "dh" else 0
    with session.progress(f"matching with the engine {engine}") as on_progress:
        found = run(
            meaning, known_engines[engine], lists[0], lists[1], entropy=SystemEntropy().draw(32), now=SystemClock().now(),
            buckets=buckets, audit=audit, on_progress=on_progress,
        )  # fmt: skip
    lines = _lines(found)
    if findings is not None:
        _write(findings, lines)
    counts = _counts(found, lines, lists, known, time.monotonic() - began)
    session.show(counts, lambda shown: _tell(shown, counts, lines, lists))


def _rehearse_airspace(
    session: Session, paths: tuple[Path, Path], engine: str, separation: tuple[float, float, float, float]
) -> None:
    from detente.assembly import engines
    from detente.cli.airspace.reading import separation_of
    from detente.cli.airspace.rehearsal import rehearse_plans

    if engine != "auto":
        _one(engines(), engine, "engine")
    rehearse_plans(session, paths, engine, separation_of(*separation))


def _one(registry: Mapping[str, T], name: str, what: str) -> T:
    if name not in registry:
        raise Misuse(f"no {what} called {name}: there is {', '.join(sorted(registry))}")
    return registry[name]


def _quicker(topic: Topic, records: int, engines: Mapping[str, object]) -> str:
    """As a run under an agreement with the engine `auto` chooses."""
    from detente.node.runs import SMALL
    from detente.psi.commitment import padded

    return "rr22" if padded(records) * topic.tokens_per_record > SMALL and "rr22" in engines else "dh"


def _known(
    truth: Path | None, ignore: Path | None
) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]] | None:
    """The pairs that are the same and those that count neither way. None without --truth."""
    if truth is None:
        if ignore is not None:
            raise Misuse("--ignore changes how findings are counted against --truth: give both")
        return None
    ignored = pairs_of(ignore) if ignore is not None else frozenset()
    return pairs_of(truth) - ignored, ignored


def _read(session: Session, topic: Topic, path: Path, mapping: Mapping[str, str]) -> list[Record]:
    """The records of a file; each row that is not one is told on standard error with its line."""
    records: dict[str, Record] = {}
    refused = 0
    for row in source_rows(path, mapping, SCHEMA.get(topic.name, "Thing")):
        try:
            if row.problem:
                raise Misuse(row.problem)
            record = topic.parse(row.data)
            if record.id in records:
                raise Misuse(f"the id {record.id} stands on an earlier line")
        except DetenteError as problem:
            refused += 1
            if refused <= REFUSED_SHOWN:
                session.note(f"{path}, line {row.line}: {problem}")
            continue
        records[record.id] = record
    if refused > REFUSED_SHOWN:
        session.note(f"{path}: {refused} rows refused; the first {REFUSED_SHOWN} are shown")
    if not records:
        raise Misuse(f"{path} holds no record of the topic {topic.name}")
    return list(records.values())


def _lines(found: Rehearsal) -> list[FindingLine]:
    """The findings with both ids, best score first."""
    lines = []
    for finding, (ours, theirs) in zip(found.findings, found.pairs, strict=True):
        judgement = finding.judgement
        because = [(reason.what, reason.millibits / 1000) for reason in judgement.because]
        lines.append(FindingLine(ours, theirs, judgement.score / 1e6, str(judgement.grade), because))
    return sorted(lines, key=lambda line: (-line.score, line.ours, line.theirs))


def _write(path: Path, lines: Sequence[FindingLine]) -> None:
    try:
        with path.open("wb") as out:
            out.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
    except OSError as error:
        raise Misuse(f"{path} can't be written: {error.strerror}") from None


def _counts(
    found: Rehearsal,
    lines: Sequence[FindingLine],
    lists: Sequence[Sequence[Record]],
    known: tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]] | None,
    seconds: float,
) -> Counts:
    strong = {(line.ours, line.theirs) for line in lines if line.grade == "strong"}
    precision = recall = f1 = None
    if known is not None:
        precision, recall, f1 = quality(strong, *known)
    return Counts(
        ours=len(lists[0]), theirs=len(lists[1]), tokens=found.tokens, strong=len(strong), possible=len(lines) - len(strong),
        precision=precision, recall=recall, f1=f1, seconds=round(seconds, 2), bytes=found.sent, peak_mb=_peak_mb(),
    )  # fmt: skip


def quality(
    strong: set[tuple[str, str]], truth: frozenset[tuple[str, str]], ignored: frozenset[tuple[str, str]]
) -> tuple[float, float, float]:
    """Precision, recall and F1 of the strong findings. Pairs to be ignored count neither way.

    >>> quality({("1", "1"), ("2", "3")}, frozenset({("1", "1")}), frozenset({("2", "3")}))
    (1.0, 1.0, 1.0)
    """
    counted = strong - ignored
    hit = len(counted & truth)
    precision = hit / len(counted) if counted else 0.0
    recall = hit / len(truth) if truth else 0.0
    f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
    return round(precision, 4), round(recall, 4), round(f1, 4)


def _peak_mb() -> float:
    """The most memory that this process held. Linux counts KiB, macOS bytes (getrusage(2))."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)


def _tell(
    shown: Console, counts: Counts, lines: Sequence[FindingLine], lists: Sequence[Sequence[Record]]
) -> None:
    names = [{record.id: _name(record) for record in records} for records in lists]
    for line in lines[:SHOWN]:
        shown.print(
            f"{line.score:.4f}  {line.grade:8}  {names[0][line.ours]}  =  {names[1][line.theirs]}",
            markup=False,
        )
    if len(lines) > SHOWN:
        shown.print(
            f"... and {len(lines) - SHOWN} more; --findings OUT.jsonl writes them all with their reasons"
        )
    shown.print(
        f"{counts.ours} of ours against {counts.theirs} of theirs: {counts.strong} strong, {counts.possible} possible findings."
    )
    if counts.f1 is not None:
        shown.print(
            f"Against the truth: precision {counts.precision:.3f}, recall {counts.recall:.3f}, F1 {counts.f1:.3f} (strong findings)."
        )
    shown.print(
        f"{counts.tokens} tokens, {counts.bytes / 1e6:.1f} MB both ways, {counts.seconds:.1f} s, {counts.peak_mb:.0f} MB of memory."
    )
    shown.print(
        "Nothing was kept and nothing can be released: for that, `detente match` with a peer under an agreement."
    )


def _name(record: Record) -> str:
    return next(iter(record.properties.get("name", ())), "") or record.id


__all__ = ["Counts", "FindingLine", "quality", "rehearse"]
