"""Pledges: what was committed opens, and nothing else does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import FailedCheck
from detente.psi.pledge import Pledge, verify_rows

WIDTH = 7


def rows_of(count):
    return (
        bytes(range(256))[: count * WIDTH]
        if count * WIDTH <= 256
        else np.arange(count * WIDTH).astype(np.uint8).tobytes()
    )


def opened(pledge, rows, places):
    at = np.array(places, dtype=np.int64)
    return (
        pledge.root,
        pledge.size,
        at,
        b"".join(rows[i * WIDTH : (i + 1) * WIDTH] for i in places),
        WIDTH,
        *pledge.open(at),
    )


@settings(deadline=None, max_examples=50)
@given(count=st.integers(1, 70), spare=st.integers(0, 9), data=st.data())
def test_any_rows_open_together_under_the_root(count, spare, data):
    rows = rows_of(count)
    pledge = Pledge(rows, WIDTH, count + spare, bytes(32))
    places = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    verify_rows(*opened(pledge, rows, places))


@settings(deadline=None, max_examples=50)
@given(count=st.integers(2, 40), data=st.data())
def test_nothing_but_what_was_committed_opens(count, data):
    rows = rows_of(count)
    pledge = Pledge(rows, WIDTH, count + 3, bytes(32))
    places = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1)))
    root, size, at, shown, width, salts, proof = opened(pledge, rows, places)
    byte = data.draw(st.integers(0, len(shown) - 1))
    wrong = shown[:byte] + bytes([shown[byte] ^ 1]) + shown[byte + 1 :]
    other = bytes([root[0] ^ 1]) + root[1:]
    for change in (
        (root, size, at, wrong, width, salts, proof),
        (other, size, at, shown, width, salts, proof),
        (root, size, at, shown, width, salts[:-1] + bytes([salts[-1] ^ 1]), proof),
        (root, size, at, shown, width, salts, proof + bytes(32)),
        (root, size, at, shown, width, salts, proof[:-1]),
        (root, size, at + count, shown, width, salts, proof),
        (root, size, at - at[0] - 1, shown, width, salts, proof),
        (root, size, at, shown + shown[:WIDTH], width, salts, proof),
        (root, 0, at, shown, width, salts, proof),
    ):
        with pytest.raises(FailedCheck):
            verify_rows(*change)


def test_a_row_does_not_open_twice():
    rows = rows_of(4)
    pledge = Pledge(rows, WIDTH, 4, bytes(32))
    root, size, at, shown, width, salts, proof = opened(pledge, rows, [1])
    with pytest.raises(FailedCheck):
        verify_rows(root, size, np.concatenate([at, at]), shown * 2, width, salts * 2, proof)


def test_opening_nothing_takes_no_proof():
    pledge = Pledge(rows_of(3), WIDTH, 8, bytes(32))
    verify_rows(pledge.root, 8, np.zeros(0, dtype=np.int64), b"", WIDTH, b"", b"")
    with pytest.raises(FailedCheck):
        verify_rows(pledge.root, 8, np.zeros(0, dtype=np.int64), b"", WIDTH, b"", bytes(32))


def test_the_same_rows_under_other_salts_have_another_root():
    assert Pledge(rows_of(3), WIDTH, 8, bytes(32)).root != Pledge(rows_of(3), WIDTH, 8, bytes([1]) * 32).root
