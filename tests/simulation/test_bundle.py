"""Bundles of real nodes, judged by the stand-alone verifier: in order after a whole relation, and spoilt by any tampering."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import detente_verify
from detente.ceremonies import giving, swapping
from detente.ceremonies.ceremony import Incoming, Send
from detente.ceremonies.countersigning import CountersignSetup
from detente.ceremonies.items import Head, Statement, commit_key
from detente.journal.checkpoint import Checkpoint, origin_of, sign_checkpoint
from detente.node.ports import Transaction
from support.world import NORTH, SOUTH, World, small_terms

Lines = list[bytes]


def swap(world: World) -> None:
    """Matched, confirmed, given on both sides, and countersigned."""
    north, south = world.node("north"), world.node("south")
    north.match("people", "south")
    for node, peer in ((north, "south"), (south, "north")):
        for finding in node.runs.findings(grade="strong"):
            node.runs.decide(finding.id, "confirmed", "an analyst")
        node.swaps.prepare(peer)
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    south.swaps.approve("north", "another releaser")
    south.deliver("north")


def judged(raw: bytes) -> detente_verify.Bundle:
    return detente_verify.verify(io.BytesIO(raw))


def command(path: Path, raw: bytes, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    path.write_bytes(raw)
    status = detente_verify.main([str(path)])
    return status, capsys.readouterr().out


@pytest.fixture(scope="module")
def related(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two nodes that swapped three findings, with a third party in north's journal, letters and a suspension that was lifted."""
    world = World(tmp_path_factory.mktemp("world"))
    world.pair("north", "south")
    world.pair("north", "east")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    swap(world)
    north, south = world.node("north"), world.node("south")
    _letters(world)
    south.agreements.suspend("north", "a question")
    south.deliver("north")
    north.agreements.resume("south")
    north.deliver("south")
    south.agreements.sign("north")
    south.deliver("north")
    north.countersign("south")
    yield world
    world.close()


def _letters(world: World) -> None:
    """A recall that is attested, a dispute that is settled, a notice."""
    north, south = world.node("north"), world.node("south")
    given = [i.id for i in north.swaps.status("south").items if i.direction == "given"]
    north.letters.recall(given[0], "given by mistake")
    north.deliver("south")
    south.letters.attest(given[0])
    south.deliver("north")
    south.letters.dispute(given[1], "content", "another person")
    south.deliver("north")
    south.letters.settle_dispute(given[1], False)
    south.deliver("north")
    north.letters.answer_letter("south", "settle", given[1], True)
    north.deliver("south")
    north.letters.notify("south", "a notice")
    north.deliver("south")


def exported(world: World, name: str) -> bytes:
    return world.node(name).witness.export({"north": "south", "south": "north"}[name])


@pytest.mark.parametrize("name", ["north", "south"])
def test_the_bundle_of_a_whole_relation_verifies(
    related: World, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = command(tmp_path / "bundle", exported(related, name), capsys)
    assert (status, "BAD" in out) == (0, False), out
    given, received = (1, 3) if name == "north" else (3, 1)
    assert f"balance: {given} given (0 of them without a receipt" in out
    assert f"{received} received, 2 not counted" in out


def test_what_concerns_a_third_party_is_hidden_and_covered_all_the_same(related: World) -> None:
    bundle = judged(exported(related, "north"))
    east = related.node("east").office.identity().party
    assert len(bundle.leaves) > len(bundle.entries)
    assert not [entry for entry in bundle.entries if entry.subject == east]
    assert east.encode() not in exported(related, "north")


def test_a_bundle_holds_no_record(related: World) -> None:
    raw = exported(related, "north")
    for part in raw.split(b'"'):
        try:
            decoded = base64.b64decode(part, validate=True)
        except ValueError:
            continue
        raw += decoded
    for name in ("Basayev", "Басаев", "Voroshilova", "1965-01-14"):
        assert name.encode() not in raw


def test_bundles_verify_whatever_became_of_keys_and_agreements(north_and_south: World) -> None:
    """Rotated, suspended and not yet heard of, resumed, superseded, proposed, rejected: each bundle in between is in order."""
    world = north_and_south
    north, south = world.node("north"), world.node("south")
    north.pairings.rotate()
    north.deliver("south")

    def in_order(*names: str) -> None:
        for name in names:
            assert judged(exported(world, name)).problems == []

    in_order("north", "south")
    south.agreements.suspend("north", "a question")
    in_order("south")
    south.deliver("north")
    in_order("north")
    north.agreements.resume("south")
    north.deliver("south")
    south.agreements.sign("north")
    south.deliver("north")
    world.agree("south", "north", small_terms)
    in_order("north", "south")
    north.agreements.propose(small_terms(north.agreements.template("south")), "south")
    north.deliver("south")
    in_order("north", "south")
    south.agreements.reject("north", reason="not yet")
    south.deliver("north")
    in_order("north", "south")


def test_a_bundle_in_the_middle_of_a_swap_verifies(north_and_south: World) -> None:
    """Offered and not answered: nothing moved, and the file says so."""
    north, south = north_and_south.node("north"), north_and_south.node("south")
    north.match("people", "south")
    for finding in north.runs.findings(grade="strong"):
        north.runs.decide(finding.id, "confirmed", "an analyst")
        south.runs.decide(finding.id, "confirmed", "another analyst")
    north.swaps.prepare("south")
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    for name in ("north", "south"):
        bundle = judged(exported(north_and_south, name))
        assert bundle.problems == []
        assert "balance: 0 given" in bundle.facts[-1]


# --- tampering


@pytest.fixture(scope="module")
def bundle(related: World) -> Lines:
    return exported(related, "north").splitlines(keepends=True)


def places(lines: Lines, kind: str) -> list[int]:
    return [n for n, line in enumerate(lines) if json.loads(line)["type"] == kind]


def changed(line: bytes, **members: object) -> bytes:
    return detente_verify.canonical({**json.loads(line), **members}) + b"\n"


def flipped(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(raw).decode()


def message(line: bytes) -> dict:
    envelope = json.loads(base64.b64decode(json.loads(line)["envelope"]))
    return json.loads(base64.b64decode(envelope["payload"]))


def spoilt(lines: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says of a tampered file: exit 1 and at least one sentence."""
    status, out = command(tmp_path / "bundle", b"".join(lines), capsys)
    assert status == 1, out
    sentences = [line for line in out.splitlines() if line.lstrip().startswith("BAD")]
    assert sentences
    return "\n".join(sentences)


def test_any_entry_left_out_altered_or_swapped_is_found(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = places(bundle, "entry")
    for n in entries[:-1:4]:
        assert "gap" in spoilt([*bundle[:n], *bundle[n + 1 :]], tmp_path, capsys)
    shown = [n for n in entries if "data" in json.loads(bundle[n])]
    for n in shown[::7]:
        altered = changed(bundle[n], data=flipped(json.loads(bundle[n])["data"]))
        spoilt([*bundle[:n], altered, *bundle[n + 1 :]], tmp_path, capsys)
    first, second = (json.loads(bundle[n]) for n in shown[3:5])
    swapped = dict(enumerate(bundle))
    swapped[shown[3]] = changed(bundle[shown[4]], index=first["index"])
    swapped[shown[4]] = changed(bundle[shown[3]], index=second["index"])
    assert "do not hash to the head" in spoilt(list(swapped.values()), tmp_path, capsys)


def test_the_last_entries_cannot_be_cut_off(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = places(bundle, "entry")[-1]
    assert "truncated" in spoilt([*bundle[:last], *bundle[last + 1 :]], tmp_path, capsys)
    heads = places(bundle, "checkpoint")
    assert spoilt([line for n, line in enumerate(bundle) if n != heads[-1]], tmp_path, capsys)


def without(lines: Lines, n: int) -> Lines:
    """The file without one statement; of greetings, both sides' pairings say the same, so all of that sender's go."""
    gone = message(lines[n])
    if gone.get("step") != "hello":
        return [*lines[:n], *lines[n + 1 :]]
    hellos = [m for m in places(lines, "statement") if message(lines[m]).get("step") == "hello"]
    alike = {m for m in hellos if message(lines[m])["sender"] == gone["sender"]}
    return [line for m, line in enumerate(lines) if m not in alike]


def test_any_statement_left_out_is_found(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dropped = 0
    for n in places(bundle, "statement"):
        body = message(bundle[n])
        # the acknowledgement of a suspension ends its conversation, and nothing rests on it; a suspension and what lifts it
        # are told by the signed messages that name their hashes as well
        told_twice = body.get("document") in ("suspend", "resume", "end", "revoke")
        if (body.get("kind"), body.get("step")) != ("amendment", "noted") and not told_twice:
            assert spoilt(without(bundle, n), tmp_path, capsys), body
            dropped += 1
    assert dropped >= 30


def test_a_byte_flipped_in_a_statement_is_found(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in places(bundle, "statement")[::3]:
        line = changed(bundle[n], envelope=flipped(json.loads(bundle[n])["envelope"]))
        spoilt([*bundle[:n], line, *bundle[n + 1 :]], tmp_path, capsys)


def test_two_messages_of_one_side_that_change_places_are_found(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last: dict[tuple[str, str], int] = {}
    pairs = []
    for n in places(bundle, "statement"):
        body = message(bundle[n])
        if "step" in body:
            place = body["sender"], body["ceremony"]
            if place in last:
                pairs.append((last[place], n))
            last[place] = n
    assert len(pairs) > 3
    for one, other in pairs:
        lines = list(bundle)
        lines[one], lines[other] = lines[other], lines[one]
        assert "gap" in spoilt(lines, tmp_path, capsys)


def test_another_balance_is_found(bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (n,) = places(bundle, "ledger")
    claim = json.loads(bundle[n])
    for name in ("given", "received"):
        line = changed(bundle[n], **{name: claim[name] + 1})
        assert "the journal makes it 1 and 3" in spoilt(
            [*bundle[:n], line, *bundle[n + 1 :]], tmp_path, capsys
        )
    assert "no balance is claimed" in spoilt([*bundle[:n], *bundle[n + 1 :]], tmp_path, capsys)


def test_a_head_that_was_altered_is_found(
    bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("checkpoint", "peer-checkpoint"):
        for n in places(bundle, kind):
            note = json.loads(bundle[n])["note"]
            for at in (len(note) // 3, len(note) - 10):
                other = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
                spoilt([*bundle[:n], changed(bundle[n], note=other), *bundle[n + 1 :]], tmp_path, capsys)


def test_the_two_nodes_bundles_are_not_interchangeable(
    related: World, bundle: Lines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = exported(related, "south").splitlines(keepends=True)
    mixed = [line for line in bundle if json.loads(line)["type"] != "entry"]
    entries = [theirs[n] for n in places(theirs, "entry")]
    at = places(mixed, "party")[-1] + 1
    assert spoilt([*mixed[:at], *entries, *mixed[at:]], tmp_path, capsys)


# --- evidence that nodes write


def vault_of(world: World, name: str) -> list[Path]:
    return sorted((world.directory / name).rglob("*.jsonl"))


def cheating(monkeypatch: pytest.MonkeyPatch, step: str, change: Callable[[Send], Send]) -> None:
    """Whoever sends this step of a swap first says something else, once, and signs it."""
    honest, due = swapping.Swap.receive, [step]

    def told(effect: object) -> object:
        if not isinstance(effect, Send) or effect.step not in due:
            return effect
        due.clear()
        return change(effect)

    def receive(self: swapping.Swap, message: Incoming, now: int) -> object:
        state, effects = honest(self, message, now)
        return state, [told(effect) for effect in effects]

    monkeypatch.setattr(swapping.Swap, "receive", receive)


def another_coin(sent: Send) -> Send:
    return replace(sent, body={**sent.body, "coin": "00" * 32})


def another_key(sent: Send) -> Send:
    lines = [{**line, "key": "00" * 32} for line in sent.body["keys"]]  # type: ignore[union-attr]
    return replace(sent, body={**sent.body, "keys": lines})


def accepted(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the verifier says of the one evidence file that a node of this world wrote."""
    (path,) = [path for name in world.nodes for path in vault_of(world, name)]
    status, out = command(tmp_path / "evidence", path.read_bytes(), capsys)
    assert status == 0, out
    return out


@pytest.mark.parametrize(
    ("step", "change", "proves"),
    [
        ("coin", another_coin, "(two-coins)"),
        ("keys", another_key, "(wrong-key)"),
    ],
)
def test_the_evidence_of_a_swap_that_went_wrong_convicts_alone(
    north_and_south: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    step: str,
    change: Callable[[Send], Send],
    proves: str,
) -> None:
    cheating(monkeypatch, step, change)
    swap(north_and_south)
    assert proves in accepted(north_and_south, tmp_path, capsys)


def test_a_bundle_after_a_peers_wrong_key_still_verifies(
    north_and_south: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheating(monkeypatch, "keys", another_key)
    swap(north_and_south)
    (cheated,) = [name for name in north_and_south.nodes if vault_of(north_and_south, name)]
    assert judged(exported(north_and_south, cheated)).problems == []
    # the cheat's own bundle shows that it sent a key which its item does not commit to
    (cheat,) = {"north", "south"} - {cheated}
    said = "\n".join(why for _, why in judged(exported(north_and_south, cheat)).problems)
    assert "not the one its item commits to" in said


def test_an_item_that_its_committed_key_does_not_open_convicts_with_its_ciphertext(
    north_and_south: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    honest, keys = giving.seal_item, [bytes(32)]

    def crooked(head: Head, key: bytes, plaintext: bytes) -> tuple[Statement, bytes]:
        statement, ciphertext = honest(head, keys.pop() if keys else key, plaintext)
        return msgspec.structs.replace(statement, key=commit_key(key)), ciphertext

    monkeypatch.setattr(giving, "seal_item", crooked)
    swap(north_and_south)
    assert "its own key does not open" in accepted(north_and_south, tmp_path, capsys)


@pytest.mark.parametrize(("fewer", "proves"), [(0, "(forked-heads)"), (1, "(rolled-back)")])
def test_the_evidence_of_a_journal_that_took_entries_back_convicts_alone(
    north_and_south: World,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fewer: int,
    proves: str,
) -> None:
    north = north_and_south.node("north")
    north.countersign("south")
    witness, identity = north.witness, north.office.identity()
    honest = witness._setup

    def crooked(tx: Transaction, party: str) -> CountersignSetup:
        setup = honest(tx, party)
        head = Checkpoint(origin_of(identity.party), setup.since - fewer, bytes(32))
        note = sign_checkpoint(head, identity, identity.public).decode()
        return msgspec.structs.replace(setup, note=note, proof=[])

    monkeypatch.setattr(witness, "_setup", crooked)
    witness.start("south")
    north.deliver("south")
    assert proves in accepted(north_and_south, tmp_path, capsys)
