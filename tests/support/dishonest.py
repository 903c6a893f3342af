"""A node that cheats, and what the honest node must show afterwards.

The dishonest node is a whole honest one whose driver passes each message of its own through a change before it is signed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import detente_verify
from detente.ceremonies.ceremony import Send
from detente.journal.entries import parse_entry
from detente.node.driver import ABORTED
from detente.node.node import Node
from detente.node.ports import CeremonyRow
from detente.psi.dh import DhEngine
from support.world import World

Change = Callable[[CeremonyRow, Send], Send]
CHEAT, HONEST = "south", "north"


@dataclass
class Court:
    """North is honest, south cheats. `said` is what north sent, in order."""

    world: World
    said: list[Send] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._intercept(self.north, lambda row, send: (self.said.append(send), send)[1])

    @property
    def north(self) -> Node:
        return self.world.node(HONEST)

    @property
    def south(self) -> Node:
        return self.world.node(CHEAT)

    @staticmethod
    def _intercept(node: Node, change: Change) -> None:
        original = node.driver._send
        node.driver._send = lambda tx, row, effect, now: original(tx, row, change(row, effect), now)  # type: ignore[method-assign]  # this is how it cheats

    def cheat(
        self, step: str, change: Callable[[Send], Send], kind: str = "matching", occurrence: int = 0
    ) -> None:
        """South alters its messages of that step, the n-th one alone."""
        seen = 0

        def altered(row: CeremonyRow, send: Send) -> Send:
            nonlocal seen
            if row.kind != kind or send.step != step:
                return send
            seen += 1
            return change(send) if seen == occurrence + 1 else send

        self._intercept(self.south, altered)

    def engine(self, engine: DhEngine) -> None:
        """South computes with another engine."""
        self.south.office.engines = {"dh": engine}

    def last(self, kind: str = "matching") -> CeremonyRow:
        """North's latest conversation of a kind."""
        with self.north.office.store.snapshot() as tx:
            return max(tx.ceremonies.find(kind=kind), key=lambda row: row.began)

    def evidence(self) -> list[Path]:
        """The evidence files that north keeps."""
        return sorted((self.world.directory / HONEST / "evidence").glob("*.jsonl"))

    def entries(self, kind: str) -> list[dict[str, object]]:
        """The bodies of north's journal entries of a kind."""
        with self.north.office.store.snapshot() as tx:
            return [dict(parse_entry(row.data).body) for row in tx.journal.find(kind=kind)]

    def convict(self, proof: str, fault: str, kind: str = "matching") -> None:
        """North ended it, told the constant sentence, journalled and kept evidence that verifies alone, released nothing."""
        row = self.last(kind)
        assert row.status == "aborted"
        assert (row.setup, row.seed) == (b"", b"")
        assert self.said[-1] == Send("abort", {"reason": ABORTED})
        (file,) = self.evidence()
        assert fault in file.name
        bundle = verified(file)
        (found,) = [fact for fact in bundle.facts if fact.startswith("evidence")]
        assert found.startswith(f"evidence ({proof}): {CHEAT} "), found
        assert [body["fault"] for body in self.entries("evidence")] == [fault]
        self.nothing_released()

    def refused(self, reason: str, kind: str = "matching") -> None:
        """North ended it as not allowed; no accusation."""
        row = self.last(kind)
        assert row.status == "refused"
        assert reason in row.summary.decode()
        assert self.evidence() == []
        self.nothing_released()

    def nothing_released(self) -> None:
        with self.north.office.store.snapshot() as tx:
            assert list(tx.findings.find()) == []
            assert list(tx.items.find()) == []
        self.north.witness.verify()


def verified(file: Path) -> detente_verify.Bundle:
    """The evidence file as an auditor checks it, who has nothing but detente-verify."""
    bundle = detente_verify.verify(io.BytesIO(file.read_bytes()))
    assert bundle.problems == []
    return bundle
