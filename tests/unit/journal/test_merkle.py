import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import FailedCheck, Misuse
from detente.journal.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)

SIZES = range(131)


def naive_root(leaves):
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


@pytest.fixture(scope="module")
def roots(tree_of_130):
    return [root_at(size, tree_of_130.hash_at) for size in SIZES]


@pytest.mark.parametrize("size", SIZES)
def test_roots_are_those_of_the_definition(tree_of_130, roots, size):
    leaves = [tree_of_130.hash_at(0, index) for index in range(size)]
    assert roots[size] == naive_root(leaves)
    frontier = Frontier()
    for leaf in leaves:
        frontier, _ = frontier.append(leaf)
    assert frontier.root == roots[size]
    assert Frontier.load(size, tree_of_130.hash_at) == frontier


@pytest.mark.parametrize("size", SIZES)
def test_every_leaf_of_every_size_is_shown_to_be_included(tree_of_130, roots, size):
    for index in range(size):
        proof = inclusion_proof(index, size, tree_of_130.hash_at)
        assert len(proof) <= max(size - 1, 0).bit_length()
        verify_inclusion(index, size, tree_of_130.hash_at(0, index), proof, roots[size])


@pytest.mark.parametrize("new", SIZES)
def test_every_size_is_shown_to_continue_every_smaller_one(tree_of_130, roots, new):
    for old in range(new + 1):
        proof = consistency_proof(old, new, tree_of_130.hash_at)
        verify_consistency(old, new, roots[old], roots[new], proof)


sizes = st.integers(1, 130)


@given(st.data())
def test_a_proof_shows_nothing_else(tree_of_130, data):
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    hash_at = tree_of_130.hash_at
    proof = inclusion_proof(index, size, hash_at)
    root, leaf = root_at(size, hash_at), hash_at(0, index)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    wrong = [
        (other, size, leaf, proof, root),
        (index, size, leaf_hash(b"other"), proof, root),
        (index, size, leaf, (*proof, root), root),
        (index, size, leaf, proof, EMPTY_ROOT),
        (-1, size, leaf, proof, root),
        (size, size, leaf, proof, root),
        (index, size, leaf, (b"short", *proof), root),
        (index, size, leaf, (root,) * 65, root),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        wrong += [
            (index, size, leaf, proof[:-1], root),
            (index, size, leaf, (*proof[:place], flipped, *proof[place + 1 :]), root),
        ]
    for attempt in wrong:
        with pytest.raises(FailedCheck):
            verify_inclusion(*attempt)


@given(st.data())
def test_a_fork_has_no_consistency_proof_among_altered_ones(tree_of_130, data):
    new = data.draw(st.integers(2, 130))
    old = data.draw(st.integers(1, new - 1))
    hash_at = tree_of_130.hash_at
    proof = consistency_proof(old, new, hash_at)
    before, after = root_at(old, hash_at), root_at(new, hash_at)
    place = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytes([proof[place][0] ^ 1]) + proof[place][1:]
    for attempt in (
        (old, new, leaf_hash(b"x"), after, proof),
        (old, new, before, leaf_hash(b"x"), proof),
        (old, new, before, after, proof[:-1]),
        (old, new, before, after, (*proof, after)),
        (old, new, before, after, ()),
        (old, new, before, after, (*proof[:place], flipped, *proof[place + 1 :])),
        (new, old, before, after, proof),
        (0, new, before, after, proof),
        (new, new, after, after, proof),
    ):
        with pytest.raises(FailedCheck):
            verify_consistency(*attempt)


def test_a_rewritten_entry_is_not_consistent(tree, another_tree):
    tree.append(*(b"%d" % n for n in range(20)))
    another_tree.append(*(b"%d" % n if n != 3 else b"rewritten" for n in range(20)))
    proof = consistency_proof(10, 20, another_tree.hash_at)
    with pytest.raises(FailedCheck):
        verify_consistency(10, 20, root_at(10, tree.hash_at), root_at(20, another_tree.hash_at), proof)


def test_a_node_is_no_leaf(tree):
    # second-preimage attack: pass off two leaves as one by showing their concatenated hashes as an entry
    tree.append(b"a", b"b")
    left, right = tree.hash_at(0, 0), tree.hash_at(0, 1)
    assert leaf_hash(left + right) != root_at(2, tree.hash_at)


def test_the_empty_tree_is_the_hash_of_nothing():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    with pytest.raises(FailedCheck):
        verify_inclusion(0, 0, EMPTY_ROOT, (), EMPTY_ROOT)


def test_proofs_of_what_is_not_there_are_misuse(tree):
    tree.append(b"a")
    with pytest.raises(Misuse):
        inclusion_proof(1, 1, tree.hash_at)
    with pytest.raises(Misuse):
        consistency_proof(2, 1, tree.hash_at)
