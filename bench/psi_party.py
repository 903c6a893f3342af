"""One party of a benched run: protocol steps 3 to 7 over TCP, from a file of 32-byte tokens to a file of
position pairs (two little-endian integers of 32 bits each).

bench/psi.py starts two of these. Both connect, both wait for the other's first byte, and the clock runs from there until the
result file is written. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detente.errors import FailedCheck, NotAgreed
from detente.psi.commitment import HASH, Commitment, Leaf, derive
from detente.psi.dh import DhEngine
from detente.psi.engine import Engine, Role, Round, TokenBatch
from detente.psi.opening import Entry, Heads, Results, audit_positions, bucket_of, tags
from detente.psi.rr22 import Rr22Engine

BUCKETS = 64
AUDITED = 32
CONTEXT = b"bench/psi"


class Wire:
    """Framed messages over one connection, counted."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self.sent = 0

    def send(self, message: bytes) -> None:
        self._connection.sendall(struct.pack(">Q", len(message)))
        self._connection.sendall(message)
        self.sent += 8 + len(message)

    def receive(self) -> bytes:
        (size,) = struct.unpack(">Q", self._exactly(8))
        return bytes(self._exactly(size))

    def swap(self, message: bytes, first: bool) -> bytes:
        """Both say something; the first party speaks first."""
        if first:
            self.send(message)
            return self.receive()
        theirs = self.receive()
        self.send(message)
        return theirs

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            got = self._connection.recv_into(view)
            if not got:
                raise ConnectionError("the other party is gone")
            view = view[got:]
        return data


def connected(role: Role, port: int) -> Wire:
    if role is Role.FIRST:
        with socket.create_server(("127.0.0.1", port)) as server:
            return Wire(server.accept()[0])
    for _ in range(600):
        try:
            return Wire(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise ConnectionError("the first party does not listen")


def opened_entry(leaf: Leaf, entry: Entry) -> list:
    return [leaf.position, leaf.salt.hex(), leaf.token.hex(), leaf.path.hex(),
            entry.bucket, entry.index, entry.tag.hex(), entry.salt.hex(), entry.path.hex()]  # fmt: skip


@dataclass
class Party:
    role: Role
    engine: Engine
    tokens: bytes
    theirs: int
    wire: Wire
    seed: bytes

    def __post_init__(self) -> None:
        self.first = self.role is Role.FIRST
        self.laps: dict[str, float] = {}
        self._lap = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps[step] = round(now - self._lap, 4)
        self._lap = now

    def run(self) -> np.ndarray:
        size = len(self.tokens) // HASH
        # The engine computes in the background from here on; its first message waits for the roots.
        batch = TokenBatch(self.tokens)
        state, message = self.engine.begin(
            self.role, CONTEXT, batch, self.theirs, derive(self.seed, "engine")
        )
        commitment = Commitment(self.tokens, [b""] * size, derive(self.seed, "salts"))
        root = self.wire.swap(commitment.root, self.first)
        self.lap("commit inputs")
        state = self.evaluate(state, message)
        outputs = state.outputs()
        self.lap("evaluate")
        results = Results(self.role, outputs, BUCKETS, derive(self.seed, "results"))
        heads = Heads.decode(self.wire.swap(results.heads.encode(), self.first), BUCKETS, self.theirs)
        self.lap("commit results")
        self.audit(state, commitment, results, root, heads)
        self.lap("audit")
        found = self.open(outputs, results, heads)
        self.lap("open")
        return found

    def evaluate(self, state: Round, message: bytes | None) -> Round:
        if message is not None:
            self.wire.send(message)
        while not state.done:
            state, reply = state.receive(self.wire.receive())
            if reply is not None:
                self.wire.send(reply)
        return state

    def coin(self) -> bytes:
        ours = derive(self.seed, "coin")
        committed = self.wire.swap(hashlib.sha256(ours).digest(), self.first)
        theirs = self.wire.swap(ours, self.first)
        if hashlib.sha256(theirs).digest() != committed:
            raise FailedCheck(theirs)
        return hashlib.sha256(ours + theirs if self.first else theirs + ours).digest()

    def audit(self, state: Round, ours: Commitment, results: Results, root: bytes, heads: Heads) -> None:
        """Opens the drawn positions of both lists. With an engine that can show nothing, the tag itself stays unchecked."""
        coin = self.coin()
        mine, drawn = audit_positions(coin, ours.size, AUDITED), audit_positions(coin, self.theirs, AUDITED)
        try:
            shown = state.show(mine)
        except NotAgreed:
            shown = b""
        said = json.dumps([opened_entry(ours.open(j), results.open_entry(j)) for j in mine]).encode()
        answer = self.wire.swap(len(said).to_bytes(4, "big") + said + shown, self.first)
        end = 4 + int.from_bytes(answer[:4], "big")
        rows, proof = json.loads(answer[4:end]), answer[end:]
        entries = []
        for position, (at, salt, token, path, bucket, index, tag, place, way) in zip(
            drawn, rows, strict=True
        ):
            if at != position:
                raise FailedCheck
            Leaf(at, bytes.fromhex(salt), bytes.fromhex(token), b"", bytes.fromhex(path)).verify(
                root, self.theirs
            )
            found = Entry(bucket, index, bytes.fromhex(tag), at, bytes.fromhex(place), bytes.fromhex(way))
            heads.verify_entry(found)
            entries.append(found)
        if proof:
            tokens = TokenBatch(b"".join(bytes.fromhex(row[2]) for row in rows))
            expected = tags(self.role.other, state.check(drawn, tokens, proof))
            if [row.tobytes() for row in expected] != [entry.tag for entry in entries]:
                raise FailedCheck

    def open(self, outputs: bytes, results: Results, heads: Heads) -> np.ndarray:
        wanted = tags(self.role.other, outputs)
        bucket = bucket_of(outputs, BUCKETS)
        order = np.argsort(bucket, kind="stable")
        bounds = np.searchsorted(bucket[order], np.arange(BUCKETS + 1))
        mine, theirs = [], []
        for number in range(BUCKETS):
            leads = self.first == (number % 2 == 0)
            opened = heads.open_bucket(
                number, self.wire.swap(results.open_bucket(number), leads), self.theirs
            )
            ours = order[bounds[number] : bounds[number + 1]]
            rows, positions = opened.meet(wanted[ours])
            mine.append(ours[rows])
            theirs.append(positions)
        return one_to_one(np.concatenate(mine), np.concatenate(theirs))


def one_to_one(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The overlap as two columns, ours ascending (what `overlap_of` checks, without a million Python objects)."""
    if len(np.unique(ours)) != len(ours) or len(np.unique(theirs)) != len(theirs):
        raise FailedCheck
    return np.stack([ours, theirs], axis=1)[np.argsort(ours)]


ENGINES: dict[str, type[Engine]] = {"dh": DhEngine, "rr22": Rr22Engine}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("role", choices=[role.value for role in Role])
    parser.add_argument("port", type=int)
    parser.add_argument("tokens", type=Path)
    parser.add_argument("theirs", type=int)
    parser.add_argument("result", type=Path)
    given = parser.parse_args()
    role = Role(given.role)
    wire = connected(role, given.port)
    wire.swap(b"ready", role is Role.FIRST)
    start, used = time.perf_counter(), time.process_time()
    seed = hashlib.sha256(given.role.encode()).digest()
    party = Party(role, ENGINES[given.engine](), given.tokens.read_bytes(), given.theirs, wire, seed)
    found = party.run()
    given.result.write_bytes(found.astype("<u4").tobytes())
    party.lap("write")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({
        "wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - used, "peak_mb": peak,
        "bytes": wire.sent, "found": len(found), "laps": party.laps,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
