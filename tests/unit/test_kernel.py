"""What the kernel promises at its Python border: buffers, widths, errors, determinism. The arithmetic is tested in Rust and by vectors."""

from __future__ import annotations

import hashlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente import kernel

SEED = bytes(range(32))
KEY, PUBLIC = kernel.derive_key_pair(SEED, b"test")

# RFC 9496, appendix A.3: bad encodings, one or two of each class; the first is the identity, which RFC 9497 refuses.
BAD_ELEMENTS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def tokens(n: int) -> bytes:
    return b"".join(hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(n))


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda b: memoryview(bytearray(b))])
def test_any_buffer_of_bytes_gives_the_same_result(wrap):
    rows = tokens(5)
    assert kernel.begin(SEED, KEY, wrap(rows), 32) == kernel.begin(SEED, KEY, rows, 32)


def test_a_slice_of_a_view_is_read_where_it_starts():
    rows = tokens(5)
    view = memoryview(rows)[32:96]
    assert kernel.hash_rows(b"", view, 32) == kernel.hash_rows(b"", rows[32:96], 32)


@pytest.mark.parametrize("view", [memoryview(tokens(4))[::2], memoryview(tokens(4)).cast("B", (4, 32))])
def test_views_that_are_not_plain_rows_of_bytes_are_refused(view):
    with pytest.raises(TypeError):
        kernel.hash_rows(b"", view, 32)


@pytest.mark.parametrize("encoding", BAD_ELEMENTS)
def test_elements_that_are_not_canonical_or_are_the_identity_get_one_constant_answer(encoding):
    element = bytes.fromhex(encoding)
    with pytest.raises(kernel.Rejected) as raised:
        kernel.check_element(element)
    assert str(raised.value) == "a value from the peer was rejected"
    with pytest.raises(kernel.Rejected):
        kernel.evaluate(KEY, kernel.hash_to_group(tokens(3), 32) + element)


@pytest.mark.parametrize("width", [0, 31, 33])
def test_rows_that_do_not_fit_the_width_are_the_callers_mistake(width):
    with pytest.raises(ValueError, match="whole number of rows"):
        kernel.begin(SEED, KEY, tokens(1), width)


def test_a_row_wider_than_the_rfc_allows_is_the_callers_mistake():
    with pytest.raises(ValueError, match="65535"):
        kernel.begin(SEED, KEY, bytes(65536), 65536)


def test_the_begin_of_a_round_is_the_rfc_blind_under_blinds_of_its_own():
    rows = tokens(3)
    queries, own = kernel.begin(SEED, KEY, rows, 32)
    assert own == kernel.evaluate(KEY, kernel.hash_to_group(rows, 32))
    shown = kernel.show(
        seed=SEED, rows=rows, width=32, positions=[0, 1, 2], key=KEY, public=PUBLIC, info=b"i"
    )
    assert kernel.blind_with(shown[:96], rows, 32) == queries
    assert shown[96:192] == own


def test_blinds_differ_between_positions_and_between_rows():
    once, _ = kernel.begin(SEED, KEY, tokens(1) * 2, 32)
    other, _ = kernel.begin(SEED, KEY, bytes(32), 32)
    assert once[:32] != once[32:]
    shown = [
        kernel.show(seed=SEED, rows=row, width=32, positions=[0], key=KEY, public=PUBLIC, info=b"i")[:32]
        for row in (tokens(1), bytes(32))
    ]
    assert shown[0] != shown[1]
    assert other != once[:32]


def test_calls_from_many_threads_give_what_one_thread_gives():
    rows = tokens(200)
    expected = kernel.begin(SEED, KEY, rows, 32)
    found: list[tuple[bytes, bytes]] = []
    threads = [
        threading.Thread(target=lambda: found.append(kernel.begin(SEED, KEY, rows, 32))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@given(st.binary(max_size=80), st.integers(1, 70), st.integers(0, 20))
def test_rows_are_hashed_as_hashlib_hashes_them(prefix, width, n):
    rows = (tokens(1 + n * width // 32))[: n * width]
    expected = [hashlib.sha256(prefix + rows[i * width : (i + 1) * width]).digest() for i in range(n)]
    assert kernel.hash_rows(prefix, rows, width) == b"".join(expected)


@given(st.binary(max_size=40), st.integers(0, 20), st.integers(1, 100))
def test_expanded_rows_are_what_the_docstring_says(label, n, width):
    key = hashlib.sha256(b"detente/expand/1" + len(label).to_bytes(8, "big") + label + SEED).digest()
    rows = []
    for i in range(n):
        blocks = (
            hashlib.sha256(key + i.to_bytes(8, "big") + j.to_bytes(4, "big")).digest() for j in range(4)
        )
        rows.append(b"".join(blocks)[:width])
    assert kernel.expand(SEED, label, n, width) == b"".join(rows)


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + reference_root(leaves[:split]) + reference_root(leaves[split:])).digest()


@given(st.integers(0, 130), st.data())
def test_trees_have_the_rfc_root_and_their_paths_lead_there_and_nowhere_else(n, data):
    leaves = tokens(n)
    rows = [leaves[i * 32 : (i + 1) * 32] for i in range(n)]
    root = kernel.merkle_root(leaves)
    assert root == reference_root(rows)
    if n == 0:
        assert kernel.merkle_levels(leaves) == b""
        return
    levels = kernel.merkle_levels(leaves)
    assert levels[: len(leaves)] == leaves
    assert levels[-32:] == root
    i = data.draw(st.integers(0, n - 1))
    path = kernel.merkle_path(levels, n, i)
    assert kernel.merkle_climb(rows[i], i, n, path) == root
    assert kernel.merkle_verify(rows[i], i, n, path, root)
    other = data.draw(st.integers(0, n + 3))
    if other != i:
        assert not kernel.merkle_verify(rows[i], other, n, path, root)
    assert not kernel.merkle_verify(rows[i], i, n, path + bytes(32), root)
    assert not kernel.merkle_verify(rows[i], i, n, path[:-1] or b"x", root)


def test_a_path_beyond_the_leaves_is_the_callers_mistake():
    with pytest.raises(ValueError, match="no such leaf"):
        kernel.merkle_path(kernel.merkle_levels(tokens(3)), 3, 3)
