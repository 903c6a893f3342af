import pytest

from detente.errors import BadSignature, Equivocation, Malformed, Unavailable
from detente.journal.checkpoint import Checkpoint, cosign, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.head import PeerHead, check_restored, parse_proof
from detente.journal.merkle import EMPTY_ROOT, consistency_proof, root_at
from detente.wire.canonical import encode_base64
from detente.wire.identity import generate_identity
from detente.wire.rotation import apply_rotation, rotate


def head_of(tree, size, signer):
    root = root_at(size, tree.hash_at)
    return sign_checkpoint(Checkpoint(origin_of(signer.party), size, root), signer, signer.public)


@pytest.fixture
def grown(tree):
    return tree.append(*(b"%d" % n for n in range(20)))


@pytest.fixture
def held(grown, theirs, keys):
    """We hold their head at 7 entries."""
    start = PeerHead.start(theirs.party, keys)
    return start.update(head_of(grown, 7, theirs), ())


def test_the_head_moves_forward(held, grown, theirs):
    for size in (7, 8, 16, 20):
        proof = consistency_proof(held.checkpoint.size, size, grown.hash_at)
        held = held.update(head_of(grown, size, theirs), proof)
        assert held.checkpoint == Checkpoint(origin_of(theirs.party), size, root_at(size, grown.hash_at))


def test_the_first_head_may_be_that_of_an_empty_journal(theirs, keys):
    raw = sign_checkpoint(Checkpoint(origin_of(theirs.party), 0, EMPTY_ROOT), theirs, theirs.public)
    assert PeerHead.start(theirs.party, keys).update(raw, ()).checkpoint.size == 0


def test_a_rolled_back_journal_is_refused_with_both_heads_as_evidence(held, grown, theirs):
    earlier = head_of(grown, 5, theirs)
    with pytest.raises(Equivocation, match="rolled back") as fault:
        held.update(earlier, ())
    assert fault.value.evidence == (held.raw, earlier)


def test_two_heads_of_one_size_are_refused_with_both_as_evidence(held, another_tree, theirs):
    another_tree.append(*(b"other %d" % n for n in range(7)))
    fork = head_of(another_tree, 7, theirs)
    with pytest.raises(Equivocation, match="forked: two heads") as fault:
        held.update(fork, ())
    assert fault.value.evidence == (held.raw, fork)


def test_a_longer_journal_that_rewrote_an_entry_is_refused(held, another_tree, theirs):
    another_tree.append(*(b"%d" % n if n != 2 else b"rewritten" for n in range(20)))
    fork = head_of(another_tree, 20, theirs)
    proof = consistency_proof(7, 20, another_tree.hash_at)
    with pytest.raises(Equivocation, match="does not continue") as fault:
        held.update(fork, proof)
    assert fault.value.evidence == (held.raw, fork, b"".join(proof))


def test_a_truncated_journal_that_grew_again_is_refused(held, another_tree, theirs):
    another_tree.append(*(b"%d" % n for n in range(5)), *(b"new %d" % n for n in range(15)))
    with pytest.raises(Equivocation):
        held.update(head_of(another_tree, 20, theirs), consistency_proof(7, 20, another_tree.hash_at))


def test_a_head_without_its_proof_is_refused(held, grown, theirs):
    with pytest.raises(Equivocation):
        held.update(head_of(grown, 20, theirs), ())


def test_nobody_else_moves_the_head(held, grown, ours):
    with pytest.raises(BadSignature):
        held.update(head_of(grown, 8, ours), consistency_proof(7, 8, grown.hash_at))


def test_a_refused_head_leaves_the_one_we_hold(held, grown, theirs):
    before = held
    with pytest.raises(Equivocation):
        held.update(head_of(grown, 5, theirs), ())
    assert held == before


def test_a_stored_head_is_resumed_only_if_it_verifies(held, theirs, keys):
    assert PeerHead.resume(theirs.party, keys, held.raw) == held
    with pytest.raises((BadSignature, Malformed)):
        PeerHead.resume(theirs.party, keys, held.raw.replace(b"\n7\n", b"\n6\n"))


def test_a_rotation_does_not_make_us_forget_the_head_we_hold(held, grown, theirs, keys):
    later = generate_identity(b"2" * 32, party=theirs.party)
    raw = rotate(keys, theirs, later, later.public, since=1000, until=1000)
    ring = apply_rotation(keys, raw, at=1000)
    resumed = PeerHead.resume(theirs.party, ring, held.raw)
    proof = consistency_proof(7, 8, grown.hash_at)
    assert resumed.update(head_of(grown, 8, later), proof).checkpoint.size == 8
    with pytest.raises(BadSignature):
        resumed.update(head_of(grown, 8, theirs), proof)


def test_a_node_behind_its_cosigned_head_reads_only_until_it_has_replayed(grown, ours, theirs, keys):
    raw = cosign(open_checkpoint(head_of(grown, 12, ours), keys, party=ours.party), theirs, theirs.public, 0)
    seen = open_checkpoint(raw, keys, party=ours.party, cosigner=theirs.party)
    for size in (0, 11):
        with pytest.raises(Unavailable, match="restored from a backup"):
            check_restored(size, grown.hash_at, seen)
    for size in (12, 20):
        check_restored(size, grown.hash_at, seen)


def test_a_node_with_another_journal_than_the_cosigned_one_reads_only(grown, another_tree, ours, keys):
    another_tree.append(*(b"other %d" % n for n in range(20)))
    seen = open_checkpoint(head_of(grown, 12, ours), keys, party=ours.party)
    with pytest.raises(Unavailable, match="right backup"):
        check_restored(20, another_tree.hash_at, seen)


def test_proofs_in_messages_are_capped_lists_of_hashes():
    assert parse_proof([encode_base64(bytes(32))]) == (bytes(32),)
    for bad in ([encode_base64(bytes(32))] * 65, [encode_base64(bytes(31))], ["AA"], [1], [None]):
        with pytest.raises(Malformed):
            parse_proof(bad)
