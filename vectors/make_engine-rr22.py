"""Vectors of spec/engine-rr22: whole runs by the Python face, stages by the kernel's own example (kept from before without cargo)."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from detente.psi.engine import Role, TokenBatch
from detente.psi.rr22 import Rr22Engine

KERNEL = Path(__file__).resolve().parents[1] / "kernel"
RUNS = {
    "one common token": (range(3), [2, 7]),
    "nothing against one": ([], [1]),
    "a thousand against three thousand": (range(1000), range(990, 3990)),
}


def tokens(ids: Any) -> TokenBatch:
    return TokenBatch(b"".join(hashlib.sha256(str(i).encode()).digest() for i in ids))


def run(name: str) -> dict:
    ours, theirs = (tokens(ids) for ids in RUNS[name])
    entropies = [bytes([1]) * 32, bytes([2]) * 32]
    engine = Rr22Engine(inspectable=True)
    first, message = engine.begin(Role.FIRST, b"sid", ours, len(theirs), entropies[0])
    second, _ = engine.begin(Role.SECOND, b"sid", theirs, len(ours), entropies[1])
    states, messages = [second, first], []
    while message is not None:
        messages.append(message)
        turn = (len(messages) - 1) % 2
        states[turn], message = states[turn].receive(message)
    second, first = states
    return {
        "name": name,
        "context": b"sid".hex(),
        "tokens": "SHA-256 of each number in decimal",
        "first": [len(ours), str(RUNS[name][0])],
        "second": [len(theirs), str(RUNS[name][1])],
        "entropy": [entropy.hex() for entropy in entropies],
        "messages": [{"bytes": len(m), "sha256": hashlib.sha256(m).hexdigest()} for m in messages],
        "records_sha256": [hashlib.sha256(state.record()).hexdigest() for state in (first, second)],
        "outputs_sha256": [hashlib.sha256(state.outputs()).hexdigest() for state in (first, second)],
        "outputs": [state.outputs()[:96].hex() for state in (first, second)],
    }


def stages(old: Any) -> Any:
    cargo = shutil.which("cargo")
    if cargo is None:
        return old["stages"]
    command = [cargo, "run", "--release", "--locked", "--quiet", "--example", "rr22_vectors"]
    return json.loads(subprocess.run(command, cwd=KERNEL / "core", check=True, capture_output=True).stdout)


def make(old: Any) -> Any:
    return {
        "spec": "engine-rr22",
        "note": "What a party draws from its entropy is its own affair; the runs fix it for this implementation.",
        "stages": stages(old),
        "runs": [run(name) for name in RUNS],
    }
