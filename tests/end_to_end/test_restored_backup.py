"""A node's database is put back to an earlier copy: it notices before it does harm, refuses, and says what to do."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from detente.cli.root import detente
from detente.errors import PeerFault, Refused, Unavailable
from support.world import World, person


@pytest.fixture
def restored(north_and_south: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """North as of a backup taken before a match; south remembers the match. A conversation of north's was open in the backup."""
    monkeypatch.setenv("DETENTE_PASSPHRASE", "a passphrase")
    world = north_and_south
    north = world.node("north")
    north.countersign("south")
    north.witness.start("south")
    north.close()
    kept = world.directory / "backup"
    shutil.copytree(world.directory / "north", kept)
    world.reopen("north")
    world.node("north").deliver("south")
    world.node("north").match("people", "south")
    world.node("north").close()
    shutil.rmtree(world.directory / "north")
    shutil.copytree(kept, world.directory / "north")
    world.reopen("north")
    return world


def journals(world: World) -> list[int]:
    return [world.node(name).witness.heads().size for name in ("north", "south")]


def test_a_restored_node_notices_at_its_first_hello_and_sends_nothing_of_its_old_state(
    restored: World,
) -> None:
    bundles: list[bytes] = []
    restored.wire.watch = lambda recipient, packet: bundles.append(packet) or packet
    before = journals(restored)
    with pytest.raises(Unavailable, match=r"restored from a backup.*newest backup"):
        restored.node("north").deliver("south")
    assert len(bundles) == 2  # a hello and its answer
    assert b"detente bundle" not in bundles[0]
    assert journals(restored) == before


def test_a_restored_node_notices_when_it_is_called_and_takes_nothing(restored: World) -> None:
    before = journals(restored)
    restored.node("south").witness.start("north")
    with pytest.raises(Unavailable, match="restored"):
        restored.node("south").deliver("north")
    with pytest.raises(Unavailable, match="restored"):
        restored.node("north").deliver("south")
    assert journals(restored) == before


def test_what_was_open_in_the_backup_is_ended_and_its_seed_erased(restored: World) -> None:
    with restored.node("north").office.store.snapshot() as tx:
        assert tx.ceremonies.find(status="open")
    with pytest.raises(Unavailable):
        restored.node("north").deliver("south")
    with restored.node("north").office.store.snapshot() as tx:
        assert not tx.ceremonies.find(status="open")
        assert not tx.outbox.parties()
        assert all(row.seed == b"" for row in tx.ceremonies.find(status="aborted"))


def test_a_restored_node_only_reads_from_then_on_and_after_a_start_too(restored: World) -> None:
    with pytest.raises(Unavailable):
        restored.node("north").deliver("south")
    restored.reopen("north")
    north = restored.node("north")
    before = journals(restored)
    for forbidden in (
        lambda: north.match("people", "south"),
        lambda: north.swaps.prepare("south"),
        lambda: north.agreements.suspend("south", "why not"),
        lambda: restored.load("north", [person("n9", "Ann Lee", "1980-01-02")]),
        lambda: north.pairings.rotate(),
    ):
        with pytest.raises((Refused, Unavailable), match="restored"):
            forbidden()
    assert journals(restored) == before
    assert north.witness.verify().entries == before[0]


def test_the_doctor_says_that_a_node_was_restored_and_what_to_do(restored: World) -> None:
    with pytest.raises(Unavailable):
        restored.node("north").deliver("south")
    ended = CliRunner().invoke(
        detente, ["--node", str(restored.directory / "north"), "doctor", "--offline", "--json"]
    )
    assert ended.exit_code == 1
    wrong = [check for check in json.loads(ended.stdout) if not check["ok"]]
    assert "writing" in [check["name"] for check in wrong]
    assert "restore" in json.dumps(wrong)
    assert "backup" in json.dumps(wrong)


def test_a_peer_cannot_stop_a_node_with_a_head_that_it_did_not_sign(restored: World) -> None:
    south = restored.node("south")
    party = restored.node("north").office.identity().party
    forged = f"detente/{party}\n4000\n{'A' * 43}=\n\n— detente/{party} {'A' * 92}\n"
    south.post._seen = lambda tx, peer: forged  # type: ignore[method-assign]
    with pytest.raises(PeerFault):
        restored.node("north").deliver("south")
    with restored.node("north").office.store.snapshot() as tx:
        assert not tx.settings.get("read_only")


def test_a_node_that_was_not_restored_goes_on(north_and_south: World) -> None:
    north_and_south.node("north").countersign("south")
    for name in ("north", "south"):
        north_and_south.reopen(name)
    assert north_and_south.node("north").match("people", "south").outcome == "done"
