"""The demo: two invented services pair, agree, match, swap and verify, over real TLS, in two processes.

Each step says what it does and the command that does the same. A policy stands in for the analysts: it confirms strong findings and parks the
others. That is for the demo only; in a node, people decide.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

SEED, SIZE, SHARED = 7, 2000, 250
NORTH, SOUTH = "Northern Service", "Service du Sud"
PASSPHRASE = "demo-passphrase-not-for-use"
ANALYST = "demo policy"
READY_SECONDS = 60


@dataclass
class Story:
    """The demo under way. `say` takes a line of text, `step` the title of a step and the command that does the same."""

    directory: Path
    say: Callable[[str], None]
    step: Callable[[str, str], None]
    size: int = SIZE
    shared: int = SHARED
    serving: list[subprocess.Popen[bytes]] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)


class Told(msgspec.Struct, frozen=True):
    """What the demo measured. Seconds are of the wall, bytes what both nodes sent, memory the peak of each node's serving process."""

    seconds: float
    match_seconds: float
    swap_seconds: float
    strong: int
    possible: int
    precision: float
    recall: float
    swapped: int
    balance: int
    bytes_sent: int
    peak_mb: dict[str, float]
    verified: bool
