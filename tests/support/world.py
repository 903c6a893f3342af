"""A world in one process: real nodes on real encrypted stores, a wire that tests can cut, and a clock that they hold."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from detente.adapters.sql import open_store
from detente.assembly import assemble
from detente.errors import Unavailable
from detente.node.holdings import Defaults, LoadReport, SourceRow
from detente.node.node import Node
from detente.node.ports import PeerRow

START = 1_795_376_533_000  # 2026-11-22


class Clock:
    """Moves a millisecond a look, or as far as a test pushes it."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> int:
        self.time += 1
        return self.time


class Dice:
    """Reproducible bytes: a hash chain from a seed."""

    def __init__(self, seed: str) -> None:
        self._state = hashlib.sha256(seed.encode()).digest()

    def draw(self, n: int) -> bytes:
        self._state = hashlib.sha256(b"next" + self._state).digest()
        return hashlib.shake_256(self._state).digest(n)


@dataclass
class Wire:
    """Carries packets between the nodes of a world. `watch` sees (sender, recipient, packet) and may change, drop (None) or raise."""

    nodes: dict[str, Node] = field(default_factory=dict)
    down: bool = False
    packets: int = 0
    sent: int = 0
    watch: Callable[[str, bytes], bytes | None] = lambda recipient, packet: packet

    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        if self.down:
            raise Unavailable("the wire is down")
        packet = self.watch(peer.party, body)
        if packet is None:
            raise Unavailable("the packet was lost")
        self.packets += 1
        answer = self.nodes[peer.party].post.answer(packet)
        self.sent += len(packet) + len(answer)
        back = self.watch("answer", answer)
        if back is None:
            raise Unavailable("the answer was lost")
        return back


@dataclass
class World:
    """Nodes by name. Close it when the test is over."""

    directory: Path
    wire: Wire = field(default_factory=Wire)
    clock: Clock = field(default_factory=Clock)
    nodes: dict[str, Node] = field(default_factory=dict)
    seed: str = "world"

    @classmethod
    def copied(cls, directory: Path, time: int, place: Path) -> World:
        """A world that goes on from the stores of another, closed one: made once, used by many tests."""
        shutil.copytree(directory, place)
        world = cls(place)
        world.clock.time = time + 1
        for path in sorted(place.iterdir()):
            world.open(path.name)
        return world

    def node(self, name: str) -> Node:
        """A new node, or the one of that name."""
        if name not in self.nodes:
            place = self.directory / name
            place.mkdir()
            store = open_store(place / "store.db", "a passphrase", create=True)
            node = assemble(
                place, store, transport=self.wire, clock=self.clock, entropy=Dice(self.seed + name)
            )
            node.pairings.create(name, f"https://{name}.invalid")
            self._add(name, node)
        return self.nodes[name]

    def reopen(self, name: str) -> Node:
        """The same node after its process ended: nothing in memory survives."""
        self.nodes[name].close()
        return self.open(name)

    def open(self, name: str) -> Node:
        """The node that stands in the world's directory already."""
        place = self.directory / name
        dice = Dice(f"{self.seed}{name}{self.clock.now()}")
        node = assemble(
            place,
            open_store(place / "store.db", "a passphrase"),
            transport=self.wire,
            clock=self.clock,
            entropy=dice,
        )
        self._add(name, node)
        node.resume()
        return node

    def _add(self, name: str, node: Node) -> None:
        self.nodes[name] = node
        self.wire.nodes[node.office.identity().party] = node

    def pair(self, first: str, second: str) -> None:
        """One invitation each way, fingerprints compared, keys confirmed over the wire."""
        ours, theirs = self.node(first), self.node(second)
        invitations = ours.pairings.invite(), theirs.pairings.invite()
        ours.pairings.accept(invitations[1], theirs.office.identity().party)
        theirs.pairings.accept(invitations[0], ours.office.identity().party)
        ours.deliver(second)
        theirs.deliver(first)

    def agree(self, first: str, second: str, change: Callable[[str], str] = lambda toml: toml) -> str:
        """An agreement from the template, changed by the test, proposed by first and signed by second. Returns its hash."""
        ours, theirs = self.node(first), self.node(second)
        digest = ours.agreements.propose(change(ours.agreements.template(second)), second)
        ours.deliver(second)
        theirs.agreements.sign(first)
        theirs.deliver(first)
        return digest

    def load(
        self, name: str, people: Iterable[Mapping[str, object]], grounds: str = "listed by name"
    ) -> LoadReport:
        rows = (SourceRow(line, person) for line, person in enumerate(people, 1))
        return self.node(name).holdings.load(rows, f"{name}.jsonl", Defaults((grounds,)))

    def close(self) -> None:
        for node in self.nodes.values():
            node.close()


def person(id: str, name: str, born: str = "", **more: str) -> dict[str, object]:
    """One row of FollowTheMoney JSON."""
    properties = {
        "name": [name],
        **({"birthDate": [born]} if born else {}),
        **{k: [v] for k, v in more.items()},
    }
    return {"id": id, "schema": "Person", "properties": properties}


def small_terms(toml: str) -> str:
    """The template with few buckets and a small audit, so that simulations are quick."""
    return _set(_set(toml, "buckets", "4"), "audit", "8")


def _set(toml: str, key: str, value: str) -> str:
    lines = []
    for line in toml.splitlines():
        name = line.split("=")[0].strip()
        lines.append(f"{key} = {value}" if name == key else line)
    return "\n".join(lines) + "\n"


NORTH = (
    person("n1", "Шамиль Салманович Басаев", "1965-01-14"),
    person("n2", "Ольга Николаевна Ворошилова", "1971-05-03"),
    person("n3", "Пётр Ильич Сафронов", "1958-11-30"),
    person("n4", "Виктор Андреевич Громов", "1980-02-02"),
    person("n5", "Жан-Батист Леруа", "1975-07-09"),
)
SOUTH = (
    person("s1", "Shamil Basayev", "1965-01-14"),
    person("s2", "Olga Voroshilova", "1971-05-03"),
    person("s3", "Victor Andreïevitch Gromov", "1980-02-02"),
    person("s4", "Marie Dubois", "1969-12-12"),
    person("s5", "Heinrich Brandt", "1944-04-04"),
)
