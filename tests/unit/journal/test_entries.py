import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Malformed
from detente.journal.entries import KINDS, MAX_ENTRY, Entry, check_commitment, commit, parse_entry
from detente.journal.merkle import leaf_hash
from detente.wire.canonical import canonical, parse_canonical

SALT = "0123456789abcdef" * 2


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**41), st.text(max_size=20).filter(str.isascii))
def test_an_entry_is_read_back_as_it_was_written(kind, at, subject):
    entry = Entry(kind, at, subject, {"count": 3}, SALT)
    assert parse_entry(entry.encode()) == entry
    assert entry.leaf() == leaf_hash(entry.encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "gossip"},
        {"kind": 1},
        {"at": 5},
        {"at": "yesterday"},
        {"body": []},
        {"salt": "00"},
        {"salt": SALT.upper()},
        {"subject": None},
        {"subject": "x" * 257},
        {"extra": 1},
    ],
    ids=str,
)
def test_an_entry_of_another_shape_is_refused(changes):
    whole = {**parse_canonical(Entry("evidence", 0, "", {}, SALT).encode()), **changes}
    with pytest.raises(Malformed):
        parse_entry(canonical(whole))


def test_an_entry_that_could_not_be_read_is_not_written():
    for entry in (
        Entry("gossip", 0, "", {}, SALT),
        Entry("evidence", 0, "", {}, ""),
        Entry("evidence", 0, "x" * 257, {}, SALT),
        Entry("evidence", 0, "", {"x": "y" * MAX_ENTRY}, SALT),
        Entry("evidence", 0, "", {"x": 1.5}, SALT),
    ):
        with pytest.raises(ValueError):
            entry.encode()


def test_equal_entries_have_different_leaves_under_different_salts():
    one = Entry("run.started", 0, "a", {}, SALT)
    assert one.leaf() != Entry("run.started", 0, "a", {}, SALT[::-1]).leaf()


def test_a_commitment_opens_to_one_thing_only():
    salt = b"s" * 16
    commitment = commit("record", salt, b"data")
    check_commitment(commitment, "record", salt, b"data")
    for attempt in (
        ("record", salt, b"other"),
        ("record", salt[::-1] + b"x", b"data"),
        ("other", salt, b"data"),
        ("record", salt + b"da", b"ta"),
        ("record", b"short", b"data"),
    ):
        with pytest.raises(Malformed):
            check_commitment(commitment, *attempt)
    with pytest.raises(ValueError):
        commit("record", b"short", b"data")


def test_every_kind_says_what_it_reveals():
    assert all(sentence and sentence == sentence.strip() for sentence in KINDS.values())
