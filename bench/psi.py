"""The engines beside SecretFlow SPU and OpenMined's PSI: same sets, same machine, runs alternating, medians and ratios of pairs.

    python bench/psi.py [--sizes "10 12 14 16 18 20 22"] [--runs 5] [--engines "rr22 dh spu-rr22 spu-ecdh openmined"]

Ours run protocol steps 3 to 7 (both directions, malicious checks, both learn, k = 64, 32 positions audited) as two processes over
loopback TCP, from files to files (psi_party.py). Peers run as they come: semi-honest and one-way, SPU with its result broadcast. Each
has a venv of its own under bench/out, pinned; where one does not install it is skipped and says why. bench/out/psi.jsonl gets a line a
run, bench/out/psi.png and the table the growth. Wall time counts from when both processes are up; CPU is both parties', memory the
larger party's, bytes what both sent (SPU does not tell).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
PEERS = {"spu": "spu==0.9.5", "openmined": "openmined-psi==2.0.6"}
ENGINES = ["rr22", "dh", "spu-rr22", "spu-ecdh", "openmined"]
# Above these the slow engines take minutes a run and tell nothing new.
LARGEST = {"dh": 16, "spu-ecdh": 20, "openmined": 14}
OURS = {"rr22", "dh"}
TIMEOUT = 1800


def venv(peer: str) -> Path | str:
    """The interpreter of a peer's venv, made where it is missing; or the reason why there is none."""
    home = OUT / f"venv-{peer}"
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", home], capture_output=True, text=True)
        if made.returncode == 0:
            install = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--only-binary",
                ":all:",
                PEERS.get(peer, peer),
            ]
            made = subprocess.run(install, capture_output=True, text=True)
        if made.returncode:
            return (made.stderr or made.stdout).strip().splitlines()[-1]
        (home / "ready").touch()
    return python


class Sets:
    """Two sets of n tokens that share half, as rows of 32 bytes and as CSV."""

    def __init__(self, folder: Path, log: int) -> None:
        n = 1 << log
        draw = hashlib.shake_256(b"bench/psi" + bytes([log])).digest(32 * (n + n // 2))
        self.n, self.shared, self.folder = n, n - n // 2, folder
        self.rows = [folder / f"{side}.bin" for side in "ab"]
        self.lists = [folder / f"{side}.csv" for side in "ab"]
        for side in range(2):
            start = side * 32 * (n // 2)
            rows = draw[start : start + 32 * n]
            self.rows[side].write_bytes(rows)
            hexed = rows.hex()
            self.lists[side].write_text(
                "id\n" + "".join(hexed[i : i + 32] + "\n" for i in range(0, len(hexed), 64))
            )


def free_ports() -> int:
    """A port that is free, with the next one free too."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def together(commands: list[list]) -> list[dict]:
    """Runs the parties at once; each prints one JSON line last."""
    running = [subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE)
               for command in commands]  # fmt: skip
    try:
        spoken = [party.communicate(timeout=TIMEOUT) for party in running]
    finally:
        for party in running:
            if party.poll() is None:
                party.kill()
    for party, (_, errors) in zip(running, spoken, strict=True):
        if party.returncode:
            raise RuntimeError(errors.strip().splitlines()[-1] if errors.strip() else "a party died")
    return [figures(out) for out, _ in spoken]


def figures(printed: str) -> dict:
    """The JSON line among what a party printed; SPU logs there as well."""
    start = printed.rindex('{"wall_s"')
    return json.JSONDecoder().raw_decode(printed[start:])[0]


def commands(engine: str, sets: Sets, python: Path | str) -> list[list]:
    results = [sets.folder / f"{engine}.{side}.out" for side in "ab"]
    port = free_ports()
    if engine in OURS:
        return [
            [
                sys.executable,
                HERE / "psi_party.py",
                engine,
                role,
                port,
                sets.rows[side],
                sets.n,
                results[side],
            ]
            for side, role in enumerate(("first", "second"))
        ]
    if engine == "openmined":
        return [[python, HERE / "psi_openmined.py", *sets.lists, results[0]]]
    return [
        [python, HERE / "psi_spu.py", engine, side, port, sets.lists[side], results[side]]
        for side in range(2)
    ]


def one_run(engine: str, sets: Sets, python: Path | str) -> dict:
    parties = together(commands(engine, sets, python))
    if any(party["found"] != sets.shared for party in parties):
        raise RuntimeError(f"{engine} found {[p['found'] for p in parties]} of {sets.shared}")
    sent = [party["bytes"] for party in parties]
    return {
        "engine": engine,
        "n": sets.n,
        "wall_s": round(max(party["wall_s"] for party in parties), 3),
        "cpu_s": round(sum(party["cpu_s"] for party in parties), 3),
        "peak_mb": round(max(party["peak_mb"] for party in parties)),
        "bytes": None if None in sent else sum(sent),
        "malicious": engine in OURS,
        "mutual": engine in OURS,
        **({"laps": parties[0]["laps"]} if "laps" in parties[0] else {}),
    }


def available(wanted: list[str]) -> dict[str, Path | str]:
    """The engines that can run here, each with its interpreter."""
    found: dict[str, Path | str] = {}
    for engine in wanted:
        if engine in OURS:
            found[engine] = sys.executable
            continue
        python = venv("openmined" if engine == "openmined" else "spu")
        if isinstance(python, Path):
            found[engine] = python
        else:
            print(f"{engine} is skipped: {python}")
    return found


def measure(logs: list[int], runs: int, engines: dict[str, Path | str], journal: Path) -> list[dict]:
    lines = []
    for log in logs:
        with tempfile.TemporaryDirectory(prefix="bench-psi-") as folder:
            sets = Sets(Path(folder), log)
            chosen = [e for e in engines if log <= LARGEST.get(e, 99)]
            for number in range(runs):
                for engine in chosen if number % 2 == 0 else reversed(chosen):
                    try:
                        line = one_run(engine, sets, engines[engine])
                    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as fault:
                        print(f"2^{log} {engine}: no figure ({fault})")
                        continue
                    lines.append({**line, "run": number})
                    with journal.open("a") as out:
                        out.write(json.dumps(line) + "\n")
                    print(json.dumps(line), flush=True)
    return lines


def report(lines: list[dict]) -> None:
    """Medians a size and engine, and rr22's ratio to each other engine in the same run."""
    table: dict[int, dict[str, list[dict]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        table[line["n"]][line["engine"]].append(line)
    print("\n|      n | engine    |  wall s |   CPU s | peak MB |  MB sent | rr22 / it, wall |")
    print("|-------:|-----------|--------:|--------:|--------:|---------:|----------------:|")
    for n, engines in sorted(table.items()):
        for engine, found in engines.items():
            wall, cpu, peak = (
                statistics.median(f[key] for f in found) for key in ("wall_s", "cpu_s", "peak_mb")
            )
            sent = "-" if found[0]["bytes"] is None else f"{found[0]['bytes'] / 1e6:.1f}"
            ours = {f["run"]: f["wall_s"] for f in engines.get("rr22", [])}
            pairs = [ours[f["run"]] / f["wall_s"] for f in found if f["run"] in ours]
            ratio = f"{statistics.median(pairs):.2f}" if pairs and engine != "rr22" else ""
            print(
                f"| 2^{n.bit_length() - 1:<4} | {engine:9} | {wall:7.2f} | {cpu:7.2f} | {peak:7.0f} | {sent:>8} | {ratio:>15} |"
            )


def plot(journal: Path) -> None:
    python = venv("matplotlib")
    if isinstance(python, str):
        print(f"no plot: {python}")
        return
    drawn = subprocess.run(
        [python, HERE / "psi_plot.py", journal, OUT / "psi.png"], capture_output=True, text=True
    )
    print(drawn.stdout.strip() or drawn.stderr.strip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10 12 14 16 18 20 22", help="logarithms of the set sizes")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engines", default=" ".join(ENGINES))
    given = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    journal = OUT / "psi.jsonl"
    lines = measure(
        [int(s) for s in given.sizes.split()], given.runs, available(given.engines.split()), journal
    )
    report(lines)
    plot(journal)


if __name__ == "__main__":
    main()
