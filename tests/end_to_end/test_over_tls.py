"""Two nodes, two processes, real TLS on loopback, and nothing but the commands that a person types."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.processes import people, short_terms

PROGRAM = [sys.executable, "-c", "from detente.cli import main; main()"]
VERIFY = [sys.executable, "-m", "detente_verify"]
PATIENCE = 120  # seconds
PEER = {"north": "South", "south": "North"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Two:
    """Both nodes of the story, and what is known of them so far."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = {name: free_port() for name in PEER}
        self.served: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {k: v for k, v in os.environ.items() if k != "DETENTE_PASSPHRASE"}

    def run(self, name: str, *words: object, code: int = 0) -> Any:
        """One command on one node; what it printed as JSON. Where it should fail: what it said on standard error."""
        ended = subprocess.run(
            [*PROGRAM, "--node", self.home / name, *map(str, words), "--json"],
            capture_output=True, text=True, timeout=PATIENCE, env=self.environment, cwd=self.home,
        )  # fmt: skip
        assert ended.returncode == code, f"{words}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return json.loads(ended.stderr.splitlines()[-1] if code else ended.stdout)

    def serve(self, name: str) -> None:
        ready = self.home / f"{name}.ready"
        ready.unlink(missing_ok=True)
        log = (self.home / f"{name}.log").open("ab")
        words = [
            "serve",
            "--listen",
            f"127.0.0.1:{self.ports[name]}",
            "--operator",
            "off",
            "--ready-file",
            ready,
        ]
        self.served[name] = subprocess.Popen(
            [*PROGRAM, "--node", self.home / name, *words], stdout=log, stderr=log, env=self.environment
        )
        log.close()
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            assert self.served[name].poll() is None, (self.home / f"{name}.log").read_text()
            assert time.monotonic() < deadline, f"{name} does not serve"
            time.sleep(0.05)

    def stop(self, name: str, how: int = signal.SIGTERM) -> int:
        process = self.served.pop(name)
        process.send_signal(how)
        return process.wait(PATIENCE)

    def until(self, name: str, words: list[object], true: Any) -> Any:
        """Asks again until the answer is as awaited: the nodes talk in their own time."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.run(name, *words)
            if true(found):
                return found
            assert time.monotonic() < deadline, f"{words}: still {found}"
            time.sleep(0.2)

    def until_well(self, name: str) -> None:
        """Asks the doctor until all is well; it exits 1 as long as something is not."""
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = subprocess.run(
                [*PROGRAM, "--node", self.home / name, "doctor", "--json"],
                capture_output=True, text=True, timeout=PATIENCE, env=self.environment, cwd=self.home,
            )  # fmt: skip
            if ended.returncode == 0:
                return
            assert time.monotonic() < deadline, ended.stdout
            time.sleep(0.2)

    def close(self) -> None:
        for name in list(self.served):
            self.stop(name, signal.SIGKILL)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Both nodes, made, serving, paired, agreed and loaded with twenty people each, of whom four are the same."""
    made = Two(tmp_path_factory.mktemp("tls"))
    try:
        begin(made)
        yield made
    finally:
        made.close()


def begin(two: Two) -> None:
    words = {}
    for name, port in two.ports.items():
        address = f"https://127.0.0.1:{port}"
        words[name] = two.run(name, "init", "--party", name.title(), "--address", address)["words"]
        two.run(name, "invite", "--out", two.home / f"{name}.invitation")
        two.serve(name)
    for ours, theirs in (("north", "south"), ("south", "north")):
        two.run(ours, "accept", two.home / f"{theirs}.invitation", "--fingerprint", words[theirs])
    for name in two.ports:
        two.until(name, ["peers"], lambda found: [peer["status"] for peer in found] == ["paired"])
    terms = two.home / "terms.toml"
    two.run("north", "agreement", "template", "--with", "South", "--out", terms)
    terms.write_text(short_terms(terms.read_text()))
    two.run("north", "agreement", "propose", terms, "--with", "South")
    two.until(
        "south", ["agreement", "show", "--with", "North"], lambda found: any(v["proposals"] for v in found)
    )
    two.run("south", "agreement", "sign", "--with", "North")
    for name in PEER:
        file = two.home / f"{name}.ftm.json"
        file.write_text("".join(json.dumps(row) + "\n" for row in people(name)))  # type: ignore[arg-type]
        (report,) = two.run(name, "load", file, "--grounds", "listed by name", "--grade", "B2")
        assert report["added"] == 20


def findings(two: Two, name: str, status: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = two.run(name, "findings", "list", "--grade", "strong", "--status", status)
    return found


def test_1_a_match_by_command_finds_on_both_sides_what_both_hold(two: Two) -> None:
    plan = two.run("north", "match", "people", "--with", "South", "--dry-run")
    assert plan["records"] == 20
    report = two.run("north", "match", "people", "--with", "South")
    assert (report["outcome"], report["strong"]) == ("done", 4)
    ours, theirs = (findings(two, name, "open") for name in PEER)
    assert {f["id"] for f in ours} == {f["id"] for f in theirs}
    assert (
        {(f["record"][1:]) for f in ours} == {(f["record"][1:]) for f in theirs} == {"16", "17", "18", "19"}
    )


def test_2_what_was_confirmed_is_swapped_item_for_item(two: Two) -> None:
    for name, peer in PEER.items():
        ids = [finding["id"] for finding in findings(two, name, "open")]
        two.run(name, "findings", "confirm", *ids, "--by", "an analyst")
        two.run(name, "swap", "prepare", "--with", peer)
    for name, peer in PEER.items():
        two.run(name, "swap", "approve", "--with", peer, "--by", "a releaser")
    for name, peer in PEER.items():
        found = two.until(
            name, ["ledger", "--with", peer],
            lambda told: (told["given"], told["received"]) == (4, 4)
            and all(line["receipted"] for line in told["lines"] if line["direction"] == "given"),
        )  # fmt: skip
        assert found["balance"] == 0


def test_3_a_recalled_item_is_erased_and_attested(two: Two) -> None:
    given = [x for x in two.run("north", "ledger", "--with", "South")["lines"] if x["direction"] == "given"]
    item = given[0]["item"]
    two.run("north", "recall", item, "--reason", "given by mistake")
    two.until(
        "south", ["swap", "status", "--with", "North"],
        lambda told: any(i["id"] == item and i["state"] == "recalled" for i in told["items"]),
    )  # fmt: skip
    two.run("south", "recall", "attest", item)
    two.until(
        "north", ["ledger", "--with", "South"],
        lambda told: any(x["item"] == item and x["status"] == "erased" for x in told["lines"]),
    )  # fmt: skip


def test_4_both_journals_verify_and_their_bundles_stand_alone(two: Two) -> None:
    for name, peer in PEER.items():
        assert two.run(name, "journal", "verify")["entries"] > 20
        bundle = two.home / f"{name}.bundle"
        two.run(name, "journal", "export", "--with", peer, "--out", bundle)
        checked = subprocess.run([*VERIFY, bundle], capture_output=True, text=True, timeout=PATIENCE)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        spoilt = two.home / "spoilt.bundle"
        spoilt.write_bytes(re.sub(rb'"given":\d+', b'"given":9', bundle.read_bytes(), count=1))
        assert subprocess.run([*VERIFY, spoilt], capture_output=True, timeout=PATIENCE).returncode != 0


def test_5_a_suspended_agreement_refuses_until_both_resume(two: Two) -> None:
    two.run("south", "agreement", "suspend", "--with", "North", "--reason", "a question")
    two.until(
        "north", ["agreement", "show", "--with", "South"], lambda found: found[0]["state"] == "suspended"
    )
    told = two.run("north", "match", "people", "--with", "South", code=1)
    assert (told["exit"], "suspended" in told["error"]) == (1, True)
    two.run("north", "agreement", "resume", "--with", "South")
    two.until("south", ["agreement", "show", "--with", "North"], lambda found: bool(found[0]["proposals"]))
    two.run("south", "agreement", "sign", "--with", "North")
    for name, peer in PEER.items():
        two.until(name, ["agreement", "show", "--with", peer], lambda found: found[0]["state"] == "in_force")


def test_6_a_stopped_peer_is_unavailable_and_a_mistake_is_misuse(two: Two) -> None:
    assert two.stop("south") == 0
    told = two.run("north", "match", "people", "--with", "South", code=3)
    assert told["exit"] == 3
    assert two.run("north", "match", "people", "--with", "Nobody", code=2)["exit"] == 2
    two.serve("south")
    two.until("north", ["ledger", "--with", "South"], lambda told: told["given"] >= 3)


def test_7_a_run_whose_other_node_is_killed_goes_on_when_it_serves_again(two: Two) -> None:
    with subprocess.Popen(
        [*PROGRAM, "--node", two.home / "north", "match", "people", "--with", "South", "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=two.environment,
    ) as matching:  # fmt: skip
        runs = lambda: two.run("south", "journal", "show", "--kind", "run.started")  # noqa: E731
        deadline = time.monotonic() + PATIENCE
        while len(runs()) < 2 and matching.poll() is None:
            assert time.monotonic() < deadline
        two.stop("south", signal.SIGKILL)
        matching.wait(PATIENCE)
    two.serve("south")
    for name, peer in PEER.items():
        two.until(
            name, ["journal", "show", "--kind", "run.finished", "--with", peer], lambda found: len(found) == 2
        )
        two.run(name, "journal", "verify")


def test_8_keys_are_rotated_and_revoked_while_both_serve(two: Two) -> None:
    (old,) = [key["key"] for key in two.run("north", "keys", "list")]
    two.run("north", "keys", "rotate")
    two.run("south", "ledger", "--with", "North")
    two.run("north", "ledger", "--with", "South")
    two.run("north", "keys", "revoke", old, "--reason", "retired")
    assert [key["state"] for key in two.run("north", "keys", "list")] == ["revoked", "in use"]
    two.until_well("south")


def test_9_the_peers_fault_has_its_own_exit_code_and_evidence(two: Two) -> None:
    (two.home / "junk.invitation").write_bytes(b"\x00" * 100)
    told = two.run("north", "accept", two.home / "junk.invitation", "--fingerprint", "x", code=4)
    assert told["exit"] == 4
