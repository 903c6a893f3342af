"""Two real programs that serve, and commands beside them: pairing and an agreement over mutual TLS on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

PROGRAM = [sys.executable, "-c", "from detente.cli import main; main()"]
PATIENCE = 90


def detente(node, *argv, code=0):
    ended = subprocess.run(
        [*PROGRAM, "--node", str(node), *map(str, argv), "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == code, ended.stderr
    return json.loads(ended.stdout)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


def serve(node):
    ready = node.parent / f"{node.name}.ready"
    argv = ["--node", str(node), "serve", "--operator", "127.0.0.1:0", "--ready-file", str(ready), "--json"]
    process = subprocess.Popen([*PROGRAM, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: ready.exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process, json.loads(ready.read_text())


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """Two serving nodes that accepted each other: name -> (folder, process, where it listens, party)."""
    home = tmp_path_factory.mktemp("serving")
    made = {}
    for name in ("north", "south"):
        made[name] = detente(
            home / name, "init", "--party", name.title(), "--address", f"https://127.0.0.1:{free_port()}"
        )
        detente(home / name, "invite", "--out", home / f"{name}.invitation")
    running = {name: (home / name, *serve(home / name), made[name]["party"]) for name in made}
    for ours, theirs in (("north", "south"), ("south", "north")):
        detente(home / ours, "accept", home / f"{theirs}.invitation", "--fingerprint", made[theirs]["words"])
    yield running
    for _, process, _, _ in running.values():
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_peer_accepted_while_serving_is_paired_over_mutual_tls(serving):
    for node, _, _, _ in serving.values():
        until(lambda node=node: [peer["status"] for peer in detente(node, "peers")] == ["paired"])


def test_an_agreement_is_in_force_on_both_sides_by_commands_beside_the_servers(serving):
    north, south = serving["north"][0], serving["south"][0]
    terms = north.parent / "terms.toml"
    detente(north, "agreement", "template", "--with", "South", "--out", terms)
    proposed = detente(north, "agreement", "propose", terms, "--with", "South")["hash"]
    assert detente(south, "agreement", "sign", "--with", "North")["hash"] == proposed
    for node in (north, south):
        until(lambda node=node: [a["state"] for a in detente(node, "agreement", "show")] == ["in_force"])


def test_a_stranger_gets_no_connection_to_the_peer_listener(serving):
    with pytest.raises(httpx.TransportError):
        httpx.post(serving["north"][2]["peer"] + "/peer/v1/exchange", content=b"x", verify=False, timeout=10)


def test_the_operator_listener_wants_the_token(serving):
    folder, _, at, party = serving["north"]
    url = at["operator"] + "/api/v1/journal/show?kind=node.created"
    assert httpx.get(url).status_code == 401
    token = (folder / "operator-token").read_text().strip()
    (entry,) = httpx.get(url, headers={"authorization": f"Bearer {token}"}, timeout=30).json()
    assert entry["subject"] == party


def test_sigterm_stops_it_cleanly_and_takes_the_ready_file_away(serving):
    folder, process, _, _ = serving["south"]
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out)["pid"] != os.getpid()
    assert not (folder.parent / "south.ready").exists()
    assert detente(folder, "journal", "verify")["entries"] > 0


def test_a_port_that_is_taken_is_misuse_with_a_sentence(serving, tmp_path):
    detente(tmp_path / "n", "init", "--party", "N")
    taken = serving["north"][2]["peer"].removeprefix("https://")
    argv = [
        *PROGRAM,
        "--node",
        str(tmp_path / "n"),
        "serve",
        "--listen",
        taken,
        "--operator",
        "off",
        "--json",
    ]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 2
    assert "choose another" in json.loads(ended.stderr)["error"]
