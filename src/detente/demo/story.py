"""The demo: two invented services pair, agree, match and swap, write joint documents, ask, and keep sorties apart, over real TLS, each node in a process
of its own; the stand-alone verifier has the last word.

Each step says what it does and the command that does the same. A policy stands in for the analysts: it confirms the strong findings and parks the
others. That is for the demo only; in a node, people decide.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from detente.assembly import create_node
from detente.demo.population import Population
from detente.demo.records import Row, Side
from detente.demo.together import Chapters, Together
from detente.errors import Unavailable
from detente.node.holdings import Defaults, SourceRow
from detente.node.node import Node
from detente.pact.airspace import TEMPLATE

SEED, SIZE, SHARED = 7, 2000, 250
NORTH, SOUTH = "Northern Service", "Service du Sud"
PASSPHRASE = "demo: not for use"
POLICY = "demo policy"
READY_SECONDS = 60
LANGUAGES = ("rus", "fra")


class Judged(msgspec.Struct, frozen=True):
    """What was found, held against the truth of the generator."""

    shared_in_scope: int
    strong: int
    possible: int
    precision: float
    recall: float


class Told(msgspec.Struct, frozen=True):
    """What the demo measured. Seconds of the wall; bytes over the wire in both directions; memory: the peak of each process, in MB."""

    seconds: float
    match_seconds: float
    swap_seconds: float
    in_scope: list[int]
    found: Judged
    given: int
    received: int
    balance: int
    together: Together
    bytes_match: int
    bytes_swap: int
    peak_mb: dict[str, float]
    verified: bool
    directory: str
    operator: dict[str, str]
    processes: list[int]


@dataclass
class Story:
    """The demo under way. `say` prints a sentence, `step` the title of a step and the command that does the same."""

    directory: Path
    say: Callable[[str], None]
    step: Callable[[str, str], None]
    size: int = SIZE
    shared: int = SHARED
    seed: int = SEED
    population: Population = field(init=False)
    nodes: dict[str, Node] = field(default_factory=dict)
    serving: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    operator: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.population = Population(self.seed, self.size, self.shared)

    def place(self, name: str) -> Path:
        return self.directory / ("north" if name == NORTH else "south")

    # -- the steps

    def tell(self, keep: bool = False) -> Told:
        """The whole story. With `keep` both nodes go on serving when it returns."""
        began = time.monotonic()
        try:
            self._make()
            self._serve()
            self._pair()
            self._agree()
            self._load()
            in_scope = self._plan()
            match_seconds, matched, peak = self._match()
            truth = self._judge()
            self._decide()
            swap_seconds, swapped = self._swap()
            together = self._together()
            verified = self._verify()
            ledger = self.nodes[NORTH].swaps.ledger(SOUTH)
        finally:
            for node in self.nodes.values():
                node.close()
            peaks = {} if keep else self._stop()
        return Told(
            seconds=time.monotonic() - began,
            match_seconds=match_seconds,
            swap_seconds=swap_seconds,
            in_scope=in_scope,
            given=ledger.given,
            received=ledger.received,
            balance=ledger.balance,
            together=together,
            bytes_match=matched["bytes"],
            bytes_swap=swapped,
            peak_mb={NORTH: peak, **peaks},
            verified=verified,
            directory=str(self.directory),
            operator=self.operator,
            processes=[process.pid for process in self.serving.values()] if keep else [],
            found=truth,
        )

    def _make(self) -> None:
        self.step("Two organisations, each with its own node", f'detente --node north init --party "{NORTH}"')
        for name in (NORTH, SOUTH):
            address = f"https://127.0.0.1:{_free_port()}"
            self.nodes[name] = create_node(self.place(name), name, address, PASSPHRASE)
            (self.place(name) / "passphrase").write_text(PASSPHRASE + "\n")
            (self.place(name) / "passphrase").chmod(0o600)

    def _serve(self) -> None:
        self.step("Both listen: mutual TLS 1.3, pinned keys", "detente --node north serve")
        ready = {name: self.directory / f"{self.place(name).name}-ready.json" for name in (NORTH, SOUTH)}
        for name, file in ready.items():
            with self.nodes[name].office.store.snapshot() as tx:
                address = (tx.settings.get("identity.address") or b"").decode().removeprefix("https://")
            command = [*_detente(self.place(name)), "serve", "--listen", address, "--operator", "127.0.0.1:0"]
            log = (self.directory / f"{self.place(name).name}.log").open("wb")
            self.serving[name] = subprocess.Popen(
                [*command, "--ready-file", str(file)], stdout=log, stderr=log, start_new_session=True
            )
        for name, file in ready.items():
            self.operator[name] = str(json.loads(_await(file, self.serving[name]))["operator"])

    def _pair(self) -> None:
        self.step(
            "One invitation each way; two people compare the fingerprint's words",
            "detente --node north accept south.invitation",
        )
        north, south = self.nodes[NORTH], self.nodes[SOUTH]
        invitations = north.pairings.invite(), south.pairings.invite()
        view = north.pairings.read(invitations[1])
        self.say(f"{view.name} reads out: {' '.join(view.words[:8])} ...")
        south.pairings.accept(invitations[0], north.office.identity().party)
        north.pairings.accept(invitations[1], south.office.identity().party)
        _patiently(lambda: north.deliver(SOUTH))  # a serving process looks for new peers every second
        _patiently(lambda: south.deliver(NORTH))

    def _agree(self) -> None:
        self.step(
            "An agreement, proposed by one and signed by the other",
            f'detente --node south agreement sign --with "{NORTH}"',
        )
        north, south = self.nodes[NORTH], self.nodes[SOUTH]
        terms = _terms(north.agreements.template(SOUTH))
        north.agreements.propose(terms, SOUTH)
        north.deliver(SOUTH)
        for sentence in south.agreements.show(NORTH)[0].proposals[0].consequences[1:6]:
            self.say(sentence)
        south.agreements.sign(NORTH)
        south.deliver(NORTH)

    def _load(self) -> None:
        self.step(f"Each loads its own list of {self.size:,} people", "detente --node north load a.ftm.json")
        sides: tuple[tuple[str, Side], ...] = ((NORTH, "a"), (SOUTH, "b"))
        for name, side in sides:
            rows = (_source(line, row) for line, row in enumerate(self.population.rows(side), 1))
            report = self.nodes[name].holdings.load(rows, f"{side}.ftm.json", Defaults())
            self.say(f"{name}: {report.added} added, {len(report.refused)} refused.")

    def _plan(self) -> list[int]:
        self.step(
            "The dry run: who would learn what, before anything happens",
            f'detente --node north match people --with "{SOUTH}" --dry-run',
        )
        plans = [self.nodes[a].runs.plan("people", b) for a, b in ((NORTH, SOUTH), (SOUTH, NORTH))]
        for sentence in plans[0].sentences:
            self.say(sentence)
        return [plan.records for plan in plans]

    def _match(self) -> tuple[float, dict[str, int], float]:
        self.step("They match, privately", f'detente --node north match people --with "{SOUTH}"')
        began = time.monotonic()
        output, peak = _run(
            [*_detente(self.place(NORTH)), "match", "people", "--with", SOUTH, "--yes", "--json"]
        )
        return time.monotonic() - began, json.loads(output), peak

    def _judge(self) -> Judged:
        """What was found, held against the truth, which neither node knows."""
        names = {
            name: {f.id: f.record for f in self.nodes[name].runs.findings(limit=10**6)}
            for name in (NORTH, SOUTH)
        }
        strong = {f.id for f in self.nodes[NORTH].runs.findings(grade="strong", limit=10**6)}
        scope = {
            side: {row.id for row in self.population.rows(side) if _in_scope(row)} for side in ("a", "b")
        }
        truth = {(a, b) for a, b, _, _ in self.population.truth() if a in scope["a"] and b in scope["b"]}
        found = {(names[NORTH][i], names[SOUTH][i]) for i in strong}
        right = len(found & truth)
        return Judged(
            shared_in_scope=len(truth),
            strong=len(strong),
            possible=len(names[NORTH]) - len(strong),
            precision=right / len(found) if found else 0.0,
            recall=right / len(truth) if truth else 0.0,
        )

    def _decide(self) -> None:
        self.step(
            "People decide on each finding; here a demo policy stands in for them",
            "detente --node north findings confirm ID --by NAME",
        )
        for name, peer in ((NORTH, SOUTH), (SOUTH, NORTH)):
            runs = self.nodes[name].runs
            found = runs.findings(peer=peer, limit=10**6)
            runs.decide_all([f.id for f in found if f.grade == "strong"], "confirmed", POLICY)
            runs.decide_all([f.id for f in found if f.grade != "strong"], "parked", POLICY)
        example = next((f for f in self.nodes[NORTH].runs.findings(status="confirmed", limit=1)), None)
        if example is not None:
            reasons = "; ".join(f"{what} ({bits:+.1f})" for what, bits in example.because)
            self.say(f"Why the first is one person (weights in bits): {reasons}.")

    def _swap(self) -> tuple[float, int]:
        self.step(
            "They swap the confirmed findings, item for item",
            f'detente --node north swap approve --with "{SOUTH}" --by NAME',
        )
        began = time.monotonic()
        north, south = self.nodes[NORTH], self.nodes[SOUTH]
        for node, peer in ((north, SOUTH), (south, NORTH)):
            node.swaps.prepare(peer)
        south.swaps.approve(NORTH, POLICY)
        south.deliver(NORTH)
        north.swaps.approve(SOUTH, POLICY)
        before = north.post.traffic
        north.deliver(SOUTH)
        north.countersign(SOUTH)
        return time.monotonic() - began, north.post.traffic - before

    def _together(self) -> Together:
        """All but matching and swapping: groups, declarations, a roadmap, a question, a report, sorties."""
        north, south = (NORTH, self.nodes[NORTH]), (SOUTH, self.nodes[SOUTH])
        return Chapters(north, south, self.step, self.say, time.monotonic).tell(self.seed)

    def _verify(self) -> bool:
        self.step(
            "Both journals, checked by the stand-alone verifier",
            "detente --node north journal export --with SOUTH north.bundle && detente-verify north.bundle",
        )
        good = True
        for name, peer in ((NORTH, SOUTH), (SOUTH, NORTH)):
            bundle = self.directory / f"{self.place(name).name}.bundle"
            bundle.write_bytes(self.nodes[name].witness.export(peer))
            done = subprocess.run(
                [sys.executable, "-m", "detente_verify", str(bundle)],
                capture_output=True,
                text=True,
                check=False,
            )
            good = good and done.returncode == 0
            for line in done.stdout.splitlines()[:3] if done.returncode == 0 else done.stdout.splitlines():
                self.say(f"{name}: {line}")
        return good

    def _stop(self) -> dict[str, float]:
        """Stops the serving processes; returns the peak memory of each."""
        peaks = {}
        for name, process in self.serving.items():
            if process.poll() is not None:  # it ended before; its own log says why
                continue
            process.send_signal(signal.SIGTERM)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peaks[f"{name}, serving"] = _megabytes(usage)
        return peaks


def _patiently(exchange: Callable[[], object]) -> None:
    for _ in range(50):
        try:
            exchange()
            return
        except Unavailable:
            time.sleep(0.2)
    exchange()


def _terms(template: str) -> str:
    """The template as these two agree on it: Russian and French speakers, batches of 25, fewer buckets."""
    changes = {
        "languages = []": f"languages = {json.dumps(LANGUAGES)}",
        "batch = 1 ": "batch = 25 ",
        "imbalance_limit = 3 ": "imbalance_limit = 25 ",
    }
    changes |= {"buckets = 64": "buckets = 16", "audit = 64": "audit = 32"}
    for old, new in changes.items():
        template = template.replace(old, new)
    return template + TEMPLATE


def _source(line: int, row: Row) -> SourceRow:
    return SourceRow(line, msgspec.to_builtins(row))


def _in_scope(row: Row) -> bool:
    spoken = row.properties.get("spokenLanguage", [])
    return any(language in spoken for language in LANGUAGES) and row.marking in (
        "TLP:CLEAR",
        "TLP:GREEN",
        "TLP:AMBER",
    )


def _detente(node: Path) -> list[str]:
    return [sys.executable, "-m", "detente", "--node", str(node)]


def _run(command: list[str]) -> tuple[bytes, float]:
    """Runs a command to its end; returns what it printed and its peak memory."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Unavailable(f"`{' '.join(command[3:])}` ended with {process.returncode}")
    return output, _megabytes(usage)


def _megabytes(usage: resource.struct_rusage) -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return usage.ru_maxrss * unit / 1e6


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(file: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while not file.exists() or not file.read_text().strip():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable("a node did not begin to serve; look at its log in the demo's directory")
        time.sleep(0.05)
    return file.read_text()


__all__ = ["Story", "Told"]
