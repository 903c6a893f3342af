"""Two nodes in processes of their own, either of which dies by SIGKILL at a chosen commit and is started again.

    python -m support.processes match south 0 1      (with tests/ on the path; 0: every point, 1: the seed)

A warmed parent forks every process, so that a start costs milliseconds; the parent itself keeps no store open and starts no thread. "North" begins
what there is to begin, "south" answers on a socket that the parent holds, so a caller waits while south is down.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from detente.adapters.sql import open_store
from detente.assembly import assemble, topics
from detente.errors import DetenteError, Refused, Unavailable
from detente.node.holdings import Defaults, SourceRow
from detente.node.node import Node
from detente.node.ports import PeerRow, Store, Transaction
from detente.topics.topic import Record
from support.world import Wire, person

PASSPHRASE = f"x'{'5a' * 32}'"  # SQLCipher takes it as the key itself: a start need not derive one
SECONDS = 60  # that one process may take
RECORDS, SHARED = 20, 4
FIRST = re.findall(
    r"\w+",
    "Anton Boris Clara Dmitri Elena Fatima Georg Hassan Irina Johann Karim Leila Marta Nikolai Olga Pavel Quentin Rashid "
    "Svetlana Tamara Umar Viktor Walid Xenia Yusuf Zoran Amelie Bruno Celia Dario Esther Farid Gisela Horst Ingrid Jamal",
)
LAST = re.findall(
    r"\w+",
    "Abramovich Brandt Castellani Dubrovsky Eriksson Ferraresi Gromov Haddad Ivanchenko Jankowski Kowalczyk Lindqvist "
    "Mahmoudi Novotny Okonkwo Petrenko Quispe Rahmani Sandelin Tarasenko Ulrichsen Voroshilova Wagner Xanthopoulos Yamamoto "
    "Zielinski Almeida Bergmann Cardoso Delacroix Eisenberg Fontaine Grabowski Hartmann Iversen Jablonski",
)

Side = Literal["north", "south"]
Phase = Literal["match", "swap"]
When = Literal["before", "after"]
SIDES: tuple[Side, Side] = ("north", "south")


def people(side: Side) -> list[dict[str, object]]:
    """Twenty invented people a side, of whom four are on both, no two alike."""
    start = 0 if side == "north" else RECORDS - SHARED
    return [
        person(f"{side[0]}{i}", f"{FIRST[i]} {LAST[i]}", f"{1940 + i}-{1 + i % 12:02}-{1 + i * 7 % 28:02}")
        for i in range(start, start + RECORDS)
    ]


def short_terms(toml: str) -> str:
    """Few buckets and a small audit: few commits, and every kind of them."""
    for key, value in (("buckets", 2), ("audit", 4), ("tokens_per_record", 12)):
        toml = re.sub(rf"(?m)^{key} = \d+", f"{key} = {value}", toml)
    return toml


@dataclass(frozen=True, slots=True)
class Death:
    """Die before or after the n-th commit (from 0) of this process."""

    when: When
    commit: int


class MortalStore:
    """Wraps a Store; the process dies by its own SIGKILL where `death` says. `labels` says of each commit what made it."""

    def __init__(self, store: Store, death: Death | None) -> None:
        self._store, self._death = store, death
        self.labels: list[str] = []

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        label = _label()
        with self._store.transaction() as transaction:
            yield transaction
            self._die("before")
        self._die("after")
        self.labels.append(label)

    def _die(self, when: When) -> None:
        if self._death == Death(when, len(self.labels)):
            os.kill(os.getpid(), signal.SIGKILL)

    def snapshot(self) -> AbstractContextManager[Transaction]:
        return self._store.snapshot()

    def close(self) -> None:
        self._store.close()


def _label() -> str:
    """Which use case commits, and on which message: from the stack, for the report alone."""
    frame, name, step = sys._getframe(2), "", ""
    while frame is not None and frame.f_globals.get("__name__") != __name__:
        if frame.f_globals.get("__name__", "").startswith("detente.node"):
            name = name or f"{frame.f_globals['__name__'].rpartition('.')[2]}.{frame.f_code.co_name}"
            received = frame.f_locals.get("received")
            decision = frame.f_locals.get("decision")
            if received is not None and not step:
                step = f"{received.message.kind} {received.message.step}"
            elif decision is not None and not step:
                step = str(decision.what)
        frame = frame.f_back
    return f"{name} {step}".strip()


class SocketTransport:
    """The Transport port to the other process of this world."""

    def __init__(self, path: str) -> None:
        self._path = path

    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as wire:
                wire.settimeout(SECONDS)
                wire.connect(self._path)
                _send(wire, body)
                answer = _recv(wire)
        except OSError:
            raise Unavailable("the other process died") from None
        if not answer:
            raise Unavailable("the other process died, or refused")
        return answer


def _send(wire: socket.socket, data: bytes) -> None:
    wire.sendall(len(data).to_bytes(8, "big") + data)


def _recv(wire: socket.socket) -> bytes:
    def take(size: int) -> bytes:
        pieces = []
        while size:
            piece = wire.recv(min(size, 1 << 20))
            if not piece:
                raise ConnectionError("cut off")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    return take(int.from_bytes(take(8), "big"))


@dataclass(slots=True)
class Stage:
    """One folder with both nodes in it and the socket between them."""

    home: Path
    listener: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_UNIX))

    def __post_init__(self) -> None:
        self.listener.bind(self.socket)
        self.listener.listen(16)

    @property
    def socket(self) -> str:
        return str(self.home / "wire")

    def open(self, side: Side, death: Death | None = None) -> tuple[Node, MortalStore]:
        place = self.home / side
        store = MortalStore(open_store(place / "store.db", PASSPHRASE), death)
        node = assemble(place, store, transport=SocketTransport(self.socket))
        node.resume()
        return node, store

    def log(self, error: BaseException) -> None:
        with (self.home / "errors").open("a") as file:
            file.write(f"{type(error).__name__}: {error}\n")

    def errors(self) -> str:
        file = self.home / "errors"
        return file.read_text() if file.exists() else ""

    def close(self) -> None:
        self.listener.close()
        shutil.rmtree(self.home, ignore_errors=True)


# -- what each process does


def answer(stage: Stage, death: Death | None, labels: Path | None = None) -> None:
    """South: answers until it is told to stop."""
    node, store = stage.open("south", death)

    def stop(*_: object) -> None:
        if labels is not None:
            labels.write_text(json.dumps(store.labels))
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    while True:
        wire, _ = stage.listener.accept()
        with wire, suppress(OSError):
            packet = _recv(wire)
            try:
                reply = node.post.answer(packet)
            except Unavailable:
                reply = b""
            except DetenteError as error:
                stage.log(error)
                reply = b""
            _send(wire, reply)


def work(stage: Stage, phase: Phase, death: Death | None, labels: Path | None = None) -> None:
    """North: brings the phase to its end, wherever an earlier process left it."""
    node, store = stage.open("north", death)
    steps = {"match": _match, "swap": _swap}
    while True:
        try:
            node.deliver("south")  # what an earlier process left goes first, or each would begin anew
            steps[phase](node)
            node.deliver("south")
            break
        except Unavailable:
            time.sleep(0.01)
        except Refused as refusal:
            if "try again" not in str(refusal):  # two countersignings that crossed: nobody is at fault
                raise
    if labels is not None:
        labels.write_text(json.dumps(store.labels))


def _match(node: Node) -> None:
    with node.office.store.snapshot() as tx:
        runs = tx.ceremonies.find(kind="matching")
        last = runs[-1].status if runs else "none"
    if last == "none":
        node.match("people", "south")
    elif last == "open":
        node.deliver("south")
        raise Unavailable("look again")


def _swap(node: Node) -> None:
    for finding in node.runs.findings(grade="strong", status="open"):
        node.runs.decide(finding.id, "confirmed", "an analyst")
    if len(node.swaps.status("south").items) < SHARED:
        node.swaps.prepare("south")
    if any(item.state == "prepared" for item in node.swaps.status("south").items):
        node.swaps.approve("south", "a releaser")
    node.deliver("south")
    found = node.swaps.ledger("south")
    if (found.given, found.received) != (SHARED, SHARED) or not all(
        x.receipted for x in found.lines if x.direction == "given"
    ):
        raise Unavailable("look again")


def forked(task: Callable[[], object]) -> int:
    """Runs a task in a child. Its exit status is 0 where the task ended well."""
    pid = os.fork()
    if pid:
        return pid
    try:
        signal.alarm(SECONDS)
        task()
        os._exit(0)
    except BaseException as error:
        import traceback

        traceback.print_exception(error)
        sys.stderr.flush()
        os._exit(1)


# -- the templates: a world just before a match, and just before a swap


def build(home: Path) -> None:
    """Paired, agreed and loaded nodes in home/match; matched ones in home/swap, where south has approved its side.

    Each part in a process of its own: the kernel's threads would not survive a fork.
    """
    _do(lambda: _pair_and_agree(home / "match"))
    shutil.copytree(home / "match", home / "swap")
    with suppress(FileNotFoundError):
        os.unlink(home / "swap" / "wire")
    stage = Stage(home / "swap")
    _play(stage, "match", {})
    _do(lambda: _approve(stage))
    stage.listener.close()
    os.unlink(stage.socket)


def _pair_and_agree(home: Path) -> None:
    wire = Wire()
    nodes: dict[str, Node] = {}
    for side in SIDES:
        (home / side).mkdir(parents=True)
        store = open_store(home / side / "store.db", PASSPHRASE, create=True)
        nodes[side] = assemble(home / side, store, transport=wire)
        nodes[side].pairings.create(side, f"https://{side}.invalid")
        wire.nodes[nodes[side].office.identity().party] = nodes[side]
    north, south = nodes["north"], nodes["south"]
    invitations = north.pairings.invite(), south.pairings.invite()
    north.pairings.accept(invitations[1], south.office.identity().party)
    south.pairings.accept(invitations[0], north.office.identity().party)
    north.deliver("south")
    north.agreements.propose(short_terms(north.agreements.template("south")), "south")
    north.deliver("south")
    south.agreements.sign("north")
    south.deliver("north")
    for side in SIDES:
        rows = (SourceRow(line, row) for line, row in enumerate(people(side), 1))
        nodes[side].holdings.load(rows, f"{side}.jsonl", Defaults(("listed by name",)))
    for node in nodes.values():
        node.close()


def _approve(stage: Stage) -> None:
    node, _ = stage.open("south")
    for finding in node.runs.findings(grade="strong"):
        node.runs.decide(finding.id, "confirmed", "an analyst")
    node.swaps.prepare("north")
    node.swaps.approve("north", "a releaser")
    node.close()


def _do(task: Callable[[], object]) -> None:
    _, status = os.waitpid(forked(task), 0)
    if status:
        raise AssertionError("the world of the crash tests could not be made; its process says why")


def _play(stage: Stage, phase: Phase, labels: dict[Side, Path]) -> None:
    """The phase with nobody dying."""
    south = forked(lambda: answer(stage, None, labels.get("south")))
    north = forked(lambda: work(stage, phase, None, labels.get("north")))
    _, status = os.waitpid(north, 0)
    os.kill(south, signal.SIGTERM)
    os.waitpid(south, 0)
    if status:
        raise AssertionError(f"{phase} without any death failed: {stage.errors()}")


@contextmanager
def staged(template: Path) -> Iterator[Stage]:
    """A fresh copy of a template."""
    home = Path(tempfile.mkdtemp(prefix="stage-"))
    shutil.copytree(template, home, dirs_exist_ok=True)
    stage = Stage(home)
    try:
        yield stage
    finally:
        stage.close()


# -- what must hold at the end, whoever died when


class Books(msgspec.Struct, frozen=True, order=True):
    """What both nodes hold at the end of a phase, without what differs from run to run."""

    findings: list[tuple[str, str, str]]  # our record, grade, status
    entries: dict[str, int]  # journal entries by kind
    charged: list[int]
    ledger: tuple[int, int, int]
    items: list[tuple[str, str]]
    records: dict[str, int]


def books(stage: Stage) -> dict[str, Books]:
    """Checks what must hold between the two nodes, and returns what must be as if nobody had died."""
    nodes = {side: stage.open(side)[0] for side in SIDES}
    found = {}
    ids, lines = {}, {}
    for side, peer in (("north", "south"), ("south", "north")):
        node = nodes[side]
        node.witness.verify()
        with node.office.store.snapshot() as tx:
            assert not tx.ceremonies.find(status="open"), f"{side}: a conversation is still open"
            assert not tx.ceremonies.find(status="aborted"), f"{side}: a conversation was aborted"
            assert not tx.outbox.parties(), f"{side}: messages are left in the outbox"
            entries = Counter(e.kind for e in tx.journal.find())
            opened = Counter(e.subject for e in tx.journal.find(kind="item.opened"))
            received = Counter(e.subject for e in tx.journal.find(kind="item.received"))
            rows = tx.items.find()
            reference = [e for e in tx.journal.find(kind="run.charged")]
        assert max([*opened.values(), *received.values()], default=1) == 1, f"{side}: an item opened twice"
        charged = []
        for entry in node.witness.show(kind="run.charged", limit=1000):
            charged.append(sum(v for v in entry.body.values() if isinstance(v, int)))
        assert len(charged) == len(reference)
        views = node.runs.findings(limit=1000)
        ids[side] = {(v.id, round(v.score, 6), v.grade) for v in views}
        ledger = node.swaps.ledger(peer)
        lines[side] = {(x.item, x.direction) for x in ledger.lines}
        for kind in ("peer.checkpoint", "conversation.ended"):  # a crossed countersigning is begun anew
            entries.pop(kind, None)
        found[side] = Books(
            sorted((v.record, v.grade, v.status) for v in views),
            dict(sorted(entries.items())),
            sorted(charged),
            (ledger.given, ledger.received, ledger.balance),
            sorted((i.direction, i.state) for i in rows if i.state != "void"),
            dict(sorted(node.holdings.count().items())),
        )
    for node in nodes.values():
        node.close()
    turned = {"given": "received", "received": "given"}
    assert ids["north"] == ids["south"], "the two hold different findings"
    assert lines["north"] == {(i, turned[d]) for i, d in lines["south"]}, "the two ledgers differ"
    assert not stage.errors(), stage.errors()
    return found


def checked(stage: Stage) -> tuple[str, dict[str, Books] | None]:
    """`books` in a process of its own; the complaint, or ""."""
    file = stage.home / "books"

    def task() -> None:
        try:
            file.write_bytes(msgspec.json.encode({"ok": books(stage)}))
        except (AssertionError, DetenteError) as error:
            file.write_bytes(msgspec.json.encode({"wrong": f"{type(error).__name__}: {error}"}))

    _, status = os.waitpid(forked(task), 0)
    if status:
        return "the books cannot be read", None
    told = msgspec.json.decode(file.read_bytes())
    if "wrong" in told:
        return told["wrong"], None
    return "", msgspec.convert(told["ok"], dict[str, Books])


# -- trials


def trial(template: Path, phase: Phase, victim: Side, death: Death, expected: dict[str, Books]) -> str:
    """One phase in which one side dies once and is started again. Returns the complaint, or ""."""
    with staged(template) as stage:
        killed, complaint = _with_deaths(
            stage, phase, lambda side, starts: death if side == victim and starts == 0 else None
        )
        if complaint:
            return complaint
        if killed[victim] != 1:
            return f"{victim} was to die {death.when} commit {death.commit} and did not"
        wrong, found = checked(stage)
        if wrong or found is None:
            return wrong
        return "" if found == expected else _difference(found, expected)


def _with_deaths(
    stage: Stage, phase: Phase, plan: Callable[[Side, int], Death | None]
) -> tuple[Counter[str], str]:
    """Plays a phase; each process that dies by SIGKILL is started again. `plan` says how the n-th process of a side dies."""
    starts: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    pids: dict[int, Side] = {}

    def start(side: Side) -> None:
        death = plan(side, starts[side])
        starts[side] += 1
        task = (lambda: answer(stage, death)) if side == "south" else (lambda: work(stage, phase, death))
        pids[forked(task)] = side

    start("south")
    start("north")
    complaint = ""
    while pids:
        pid, status = os.wait()
        side = pids.pop(pid)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            killed[side] += 1
            start(side)
            continue
        if side == "north" and status:
            complaint = f"north ended with status {status}: {stage.errors()}"
        if side == "south" and status:
            complaint = complaint or f"south ended with status {status}: {stage.errors()}"
        for other in pids:
            os.kill(other, signal.SIGTERM)
        if side == "north":
            for other in list(pids):
                os.waitpid(other, 0)
                pids.pop(other)
    return killed, complaint


def _difference(found: dict[str, Books], expected: dict[str, Books]) -> str:
    for side in SIDES:
        for name in Books.__struct_fields__:
            now, then = getattr(found[side], name), getattr(expected[side], name)
            if now != then:
                return f"{side}: {name} is {now}, without a death {then}"
    return "different"


class Outcome(msgspec.Struct):
    """What a campaign did."""

    phase: str
    victim: str
    commits: int
    points: int
    tried: int
    seconds: float
    steps: list[str]
    failures: list[str]


def campaign(home: Path, phase: Phase, victim: Side, sample: int, seed: int) -> Outcome:
    """Kills one side around each commit of a phase, or around a seeded sample that has every kind of step. sample 0: all."""
    began = time.monotonic()
    labels, expected = reference(home / phase, phase)
    mine = labels[victim]
    points = [(n, when) for n in range(len(mine)) for when in ("before", "after")]
    chosen = points if not sample else _sampled(points, mine, sample, seed)
    failures = []
    for commit, when in chosen:
        complaint = trial(home / phase, phase, victim, Death(when, commit), expected)  # type: ignore[arg-type]
        told = f"{victim} died {when} commit {commit} ({mine[commit]}): {complaint or 'well'}"
        print(told, file=sys.stderr, flush=True)  # so that a long campaign shows where it is
        if complaint:
            failures.append(told)
    seconds = round(time.monotonic() - began, 1)
    return Outcome(phase, victim, len(mine), len(points), len(chosen), seconds, sorted(set(mine)), failures)


def reference(template: Path, phase: Phase) -> tuple[dict[Side, list[str]], dict[str, Books]]:
    """What every commit of an undisturbed phase is, by side, and the books at its end."""
    with staged(template) as stage:
        files = {side: stage.home / f"{side}.labels" for side in SIDES}
        _play(stage, phase, files)
        wrong, expected = checked(stage)
        if wrong or expected is None:
            raise AssertionError(f"without any death: {wrong}")
        return {side: json.loads(file.read_text()) for side, file in files.items()}, expected


def _sampled(
    points: list[tuple[int, str]], labels: list[str], sample: int, seed: int
) -> list[tuple[int, str]]:
    """Each kind of step before and after, then others by lot up to `sample`."""
    dice = random.Random(seed)
    chosen: set[tuple[int, str]] = set()
    for label in sorted(set(labels)):
        places = [n for n, each in enumerate(labels) if each == label]
        chosen |= {(dice.choice(places), "before"), (dice.choice(places), "after")}
    rest = [point for point in points if point not in chosen]
    chosen |= set(dice.sample(rest, max(0, min(len(rest), sample - len(chosen)))))
    return sorted(chosen)


def relentless(home: Path) -> Outcome:
    """A match and a swap in which every process of either node dies around its first commit, in turn before and after it."""
    began = time.monotonic()
    failures = []
    deaths: Counter[str] = Counter()
    for phase in ("match", "swap"):
        _, expected = reference(home / phase, phase)  # type: ignore[arg-type]
        with staged(home / phase) as stage:
            killed, complaint = _with_deaths(
                stage,
                phase,  # type: ignore[arg-type]
                lambda side, starts: Death("before" if starts % 2 == 0 else "after", 0),
            )
            deaths.update(killed)
            wrong, found = checked(stage) if not complaint else (complaint, None)
            if not wrong and found != expected and found is not None:
                wrong = _difference(found, expected)
            failures += [f"{phase}: {wrong}"] if wrong else []
    seconds = round(time.monotonic() - began, 1)
    total = sum(deaths.values())
    return Outcome("both", "both", total // 2, total, total, seconds, [], failures)


def _warm() -> None:
    """Loads, before the first fork, what every process would load for itself. No store stays open and the kernel is not called."""
    one = Record("warm", "Person", {"name": ("Ann Lee",), "birthDate": ("1980-01-02",)}, ("listed",))
    topics()["people"].prepare([one])
    with tempfile.TemporaryDirectory() as home:
        open_store(Path(home) / "store.db", PASSPHRASE, create=True).close()


def main(argv: list[str]) -> int:
    """match|swap north|south SAMPLE SEED, or `relentless`; prints the outcome as JSON."""
    _warm()
    home = Path(tempfile.mkdtemp(prefix="crash-"))
    try:
        build(home)
        if argv[0] == "relentless":
            outcome = relentless(home)
        else:
            phase, victim, sample, seed = argv
            outcome = campaign(home, phase, victim, int(sample), int(seed))  # type: ignore[arg-type]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(msgspec.json.encode(outcome).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
