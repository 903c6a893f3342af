"""Evidence convicts alone, or is refused: writers of the package, judged by the stand-alone verifier."""

import hashlib

import msgspec
import pytest

import detente_verify
from detente.ceremonies.items import Head, commit_key, seal_item
from detente.journal import export
from detente.journal.checkpoint import Checkpoint, origin_of, sign_checkpoint
from detente.journal.export import Evidence
from detente.journal.merkle import Frontier, consistency_proof, leaf_hash
from detente.wire.canonical import canonical, encode_base64
from detente.wire.envelope import (
    AGREEMENT,
    seal,
)
from detente.wire.identity import Identity
from support.relation import COIN, OURS, RUN, STRANGER, THEIRS, World, both, id_of, key, message, problems

# --- evidence


def evidence_file(*evidence: Evidence) -> World:
    """What is handed over when something went wrong: keys and evidence, no journal."""
    return World(evidence=list(evidence))


def head(who: Identity, size: int, root: bytes) -> bytes:
    return sign_checkpoint(Checkpoint(origin_of(who.party), size, root), who, who.public)


A, B = leaf_hash(b"a"), leaf_hash(b"b")


def proven(world: World) -> str:
    result = world.verify()
    assert result.problems == []
    return result.facts[-1]


def test_forked_heads_convict_alone():
    evidence = export.forked_heads(THEIRS.party, head(THEIRS, 4, A), head(THEIRS, 4, B))
    assert "two different heads" in proven(evidence_file(evidence))


def test_heads_that_can_both_be_true_convict_nobody():
    for first, second in ((head(THEIRS, 4, A), head(THEIRS, 5, B)), (head(THEIRS, 4, A), head(THEIRS, 4, A))):
        assert "can both be true" in problems(evidence_file(export.forked_heads(THEIRS.party, first, second)))


def test_a_forged_head_convicts_nobody():
    evidence = export.forked_heads(THEIRS.party, head(THEIRS, 4, A), head(OURS, 4, B))
    assert "another journal" in problems(evidence_file(evidence))


def presented(note: bytes, since: int, proof: tuple[bytes, ...] = ()) -> bytes:
    body = {"note": note.decode(), "proof": [encode_base64(each) for each in proof], "since": since}
    return message(THEIRS, OURS, kind="countersigning", step="head", body=body)


def theirs_of(size: int) -> tuple[bytes, dict[tuple[int, int], bytes]]:
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for n in range(size):
        frontier, new = frontier.append(leaf_hash(b"theirs %d" % n))
        nodes |= {(node.level, node.index): node.hash for node in new}
    return head(THEIRS, size, frontier.root), nodes


def test_a_rollback_convicts_with_the_message_that_presented_it():
    held, smaller = head(THEIRS, 4, A), head(THEIRS, 3, B)
    evidence = export.rolled_back(THEIRS.party, held, presented(smaller, 4))
    assert "took entries back" in proven(evidence_file(evidence))
    other = export.rolled_back(THEIRS.party, held, presented(smaller, 2))
    assert "as continuing that one" in problems(evidence_file(other))
    forged = export.rolled_back(THEIRS.party, head(OURS, 4, A), presented(smaller, 4))
    assert "another journal" in problems(evidence_file(forged))


def test_a_head_whose_own_proof_does_not_continue_the_one_before_convicts():
    (held, _), (later, nodes) = theirs_of(3), theirs_of(7)
    proof = consistency_proof(3, 7, lambda level, index: nodes[level, index])
    good = export.rolled_back(THEIRS.party, held, presented(later, 3, proof))
    assert "continues the earlier one" in problems(evidence_file(good))
    bad = export.rolled_back(THEIRS.party, held, presented(later, 3, proof[::-1]))
    assert "does not continue the one before" in proven(evidence_file(bad))


def test_two_answers_at_one_place_convict():
    first, second = (message(THEIRS, OURS, body={"x": n}) for n in range(2))
    assert "two different messages" in proven(evidence_file(export.two_answers(THEIRS.party, first, second)))
    later = message(THEIRS, OURS, sequence=1)
    assert "different places" in problems(evidence_file(export.two_answers(THEIRS.party, first, later)))
    assert "twice" in problems(evidence_file(export.two_answers(THEIRS.party, first, first)))
    ours = message(OURS, THEIRS)
    assert "that the accused party signed" in problems(
        evidence_file(export.two_answers(THEIRS.party, first, ours))
    )


def test_two_successors_of_one_version_convict():
    def version(n: int, raw=both) -> bytes:
        return raw(
            AGREEMENT, {"document": "agreement", "name": "main", "base": "", "parties": [], "terms": {"n": n}}
        )

    evidence = export.two_successors(THEIRS.party, "agreement", version(1), version(2))
    assert "two different successors" in proven(evidence_file(evidence))
    single = version(2, raw=lambda kind, body: seal(kind, canonical(body), THEIRS))
    evidence = export.two_successors(THEIRS.party, "agreement", version(1), single)
    assert "both signatures" in problems(evidence_file(evidence))


def offer_of(
    number: int, key_of: int, ceremony: str = "a1" * 16, giver: Identity = THEIRS
) -> tuple[bytes, bytes, str]:
    """An offer on one finding, the keys message that follows it, and the item's id. Key `key_of` moves."""
    world = World()
    agreement = "1a" * 32
    rows = world.offer(agreement, giver, [number], ceremony)
    body = {"swap": ceremony, "sid": RUN, "items": rows, "coin": "00" * 32, "mutual": True}
    world.tell(giver, "offer", body, ceremony=ceremony, agreement=agreement)
    keys = [{"item": id_of(rows[0]), "key": key(key_of).hex()}]
    sent = {"swap": ceremony, "batch": 0, "keys": keys}
    world.tell(giver, "keys", sent, ceremony=ceremony, agreement=agreement)
    return world.statements[0], world.statements[1], keys[0]["item"]


def test_a_wrong_key_convicts_alone():
    offer, keys, _ = offer_of(3, 4)
    evidence = export.wrong_key(THEIRS.party, offer, keys)
    assert "not the one its item commits to" in proven(evidence_file(evidence))


def test_the_right_key_convicts_nobody():
    offer, keys, _ = offer_of(3, 3)
    assert "every key is the one" in problems(evidence_file(export.wrong_key(THEIRS.party, offer, keys)))
    _, other, _ = offer_of(3, 4, "b2" * 16)
    evidence = export.wrong_key(THEIRS.party, offer, other)
    assert "do not belong together" in problems(evidence_file(evidence))
    evidence = export.wrong_key(OURS.party, offer, keys)
    assert "that the accused party signed" in problems(evidence_file(evidence))


def sealed(seal_with: int, commit_to: int, plaintext: bytes = b"{}") -> tuple[bytes, bytes, bytes]:
    """An offer, its keys and the ciphertext, sealed by the package's own code under one key, committed to another."""
    world = World()
    row = world.offer("1a" * 32, THEIRS, [3], "a1" * 16, size=512)[0]
    statement, ciphertext = seal_item(msgspec.convert(row["head"], Head), key(seal_with), plaintext)
    row |= {"ciphertext": statement.ciphertext, "key": commit_key(key(commit_to))}
    told = {"ceremony": "a1" * 16, "agreement": "1a" * 32}
    world.tell(THEIRS, "offer", {"swap": "a1" * 16, "sid": RUN, "items": [row], "coin": "00" * 32}, **told)
    keys = [{"item": id_of(row), "key": key(commit_to).hex()}]
    world.tell(THEIRS, "keys", {"swap": "a1" * 16, "batch": 0, "keys": keys}, **told)
    return world.statements[0], world.statements[1], ciphertext


def test_an_item_that_its_own_committed_key_does_not_open_convicts_with_its_ciphertext():
    offer, keys, ciphertext = sealed(3, 4)
    evidence = export.evidence_from(THEIRS.party, [offer, keys, ciphertext])
    assert evidence.kind == "wrong-key"
    assert "its own key does not open" in proven(evidence_file(evidence))


@pytest.mark.parametrize("length", [0, 1, 508])
def test_an_item_that_opens_convicts_nobody(length):
    offer, keys, ciphertext = sealed(3, 3, b"x" * length)
    evidence = export.wrong_key(THEIRS.party, offer, keys, ciphertext)
    assert "the key opens the item" in problems(evidence_file(evidence))


def test_two_coins_of_one_toss_convict():
    committed = hashlib.sha256(b"detente/coin/1" + COIN).hexdigest()
    for shown, outcome in ((COIN, "is the one that the offer commits to"), (b"d" * 32, "")):
        world = World()
        offer = {"swap": "a1" * 16, "sid": RUN, "items": [], "coin": committed, "mutual": True}
        world.tell(THEIRS, "offer", offer)
        world.tell(THEIRS, "coin", {"coin": shown.hex(), "seen": []})
        evidence = export.two_coins(THEIRS.party, *world.statements)
        assert outcome in problems(evidence_file(evidence))
    assert "committed to one coin and showed another" in proven(evidence_file(evidence))
    assert export.evidence_from(THEIRS.party, world.statements) == evidence


def test_one_finding_given_on_twice_convicts():
    first, second = offer_of(3, 3), offer_of(3, 3, "b2" * 16)
    pieces = [first[0], second[0]], [first[1], second[1]]
    evidence = export.replayed_item(THEIRS.party, *pieces)
    assert "gave on one finding twice" in proven(evidence_file(evidence))
    for other in (offer_of(4, 4, "b2" * 16), offer_of(3, 4, "b2" * 16), first):
        evidence = export.replayed_item(THEIRS.party, [first[0], other[0]], [first[1], other[1]])
        assert "do not give on one finding twice" in problems(evidence_file(evidence))


def test_signed_messages_show_who_signed_what():
    evidence = export.signed_messages(THEIRS.party, [message(THEIRS, OURS)])
    assert "head #0" in proven(evidence_file(evidence))
    evidence = export.signed_messages(THEIRS.party, [message(OURS, THEIRS)])
    assert "that the accused party signed" in problems(evidence_file(evidence))


def test_unknown_evidence_and_strangers_are_refused():
    assert "not known" in problems(evidence_file(Evidence("gossip", {"party": THEIRS.party})))
    assert "accuses a party" in problems(evidence_file(Evidence("two-answers", {"party": STRANGER.party})))


def test_what_a_fault_carries_becomes_the_strongest_evidence_it_gives():
    answers = [message(THEIRS, OURS, body={"x": n}) for n in range(2)]
    offer, keys, _ = offer_of(3, 4)
    right = offer_of(3, 3, "b2" * 16)
    again = offer_of(3, 3, "c3" * 16)
    smaller, ours = head(THEIRS, 3, B), message(OURS, THEIRS)
    for kind, pieces in (
        ("forked-heads", [head(THEIRS, 4, A), head(THEIRS, 4, B), b"proof"]),
        ("rolled-back", [head(THEIRS, 4, A), smaller, presented(smaller, 4)]),
        ("rolled-back", [head(THEIRS, 2, A), smaller, b"proof", presented(smaller, 2, (A,))]),
        ("two-answers", answers),
        ("wrong-key", [offer, keys]),
        ("wrong-key", [keys, b"ciphertext", ours, offer]),
        ("replayed-item", [right[0], right[1], again[0], again[1]]),
        ("signed-messages", [right[0], right[1]]),
        ("signed-messages", [head(THEIRS, 4, A), smaller, answers[0]]),
        ("signed-messages", [b"", b"\xff", answers[0], answers[0]]),
    ):
        evidence = export.evidence_from(THEIRS.party, pieces)
        assert evidence.kind == kind
        assert "Southern" in proven(evidence_file(evidence))


def test_every_kind_of_evidence_has_its_writer():
    assert set(detente_verify.EVIDENCE) == {
        name.replace("_", "-") for name in dir(export) if name.replace("_", "-") in detente_verify.EVIDENCE
    }
