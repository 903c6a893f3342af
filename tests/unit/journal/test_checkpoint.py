import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import BadSignature, Malformed, PeerFault
from detente.journal.checkpoint import (
    Checkpoint,
    cosign,
    mldsa44_message,
    open_checkpoint,
    origin_of,
    parse_checkpoint,
    sign_checkpoint,
)
from detente.journal.merkle import EMPTY_ROOT, leaf_hash
from detente.journal.note import ED25519, MAX_NOTE, NoteKey, NoteLine, parse_note, write_note
from detente.wire.identity import generate_identity
from detente.wire.rotation import apply_rotation, rotate

ROOT = leaf_hash(b"x")
NOW = 1_795_376_533_123


@pytest.fixture(scope="module")
def signed(ours):
    return sign_checkpoint(Checkpoint(origin_of(ours.party), 1, ROOT), ours, ours.public)


@pytest.fixture(scope="module")
def cosigned(signed, ours, theirs, keys):
    return cosign(open_checkpoint(signed, keys, party=ours.party), theirs, theirs.public, NOW)


def test_a_signed_head_opens(signed, ours, keys):
    assert open_checkpoint(signed, keys, party=ours.party).checkpoint == Checkpoint(
        origin_of(ours.party), 1, ROOT
    )


def test_a_head_cosigned_with_both_keys_opens_with_its_time(cosigned, ours, theirs, keys):
    head = open_checkpoint(cosigned, keys, party=ours.party, cosigner=theirs.party)
    assert head.cosigned_at == NOW // 1000
    assert len(parse_note(cosigned).lines) == 3


def test_cosigning_again_replaces_and_does_not_repeat(cosigned, ours, theirs, keys):
    again = cosign(open_checkpoint(cosigned, keys, party=ours.party), theirs, theirs.public, NOW + 5000)
    head = open_checkpoint(again, keys, party=ours.party, cosigner=theirs.party)
    assert (head.cosigned_at, len(parse_note(again).lines)) == (NOW // 1000 + 5, 3)


def test_each_signature_is_needed(cosigned, ours, theirs, keys):
    note = parse_note(cosigned)
    for missing in range(3):
        raw = write_note(note.text, [line for n, line in enumerate(note.lines) if n != missing])
        with pytest.raises(BadSignature):
            open_checkpoint(raw, keys, party=ours.party, cosigner=theirs.party)
    for repeated in note.lines:
        with pytest.raises(BadSignature):
            open_checkpoint(
                write_note(note.text, [*note.lines, repeated]), keys, party=ours.party, cosigner=theirs.party
            )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_byte_flipped_in_a_cosigned_head_is_refused(cosigned, ours, theirs, keys, data):
    raw = bytearray(cosigned)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PeerFault):
        open_checkpoint(bytes(raw), keys, party=ours.party, cosigner=theirs.party)


def test_cosignatures_are_not_moved_to_another_head(cosigned, ours, theirs, keys):
    other = sign_checkpoint(Checkpoint(origin_of(ours.party), 2, leaf_hash(b"y")), ours, ours.public)
    note = parse_note(other)
    lines = [*note.lines, *parse_note(cosigned).lines[1:]]
    with pytest.raises(BadSignature):
        open_checkpoint(write_note(note.text, lines), keys, party=ours.party, cosigner=theirs.party)


def test_two_cosignatures_name_one_time(signed, ours, theirs, keys):
    head = open_checkpoint(signed, keys, party=ours.party)
    early = parse_note(cosign(head, theirs, theirs.public, NOW))
    late = parse_note(cosign(head, theirs, theirs.public, NOW + 1000))
    raw = write_note(early.text, [*early.lines[:2], late.lines[2]])
    with pytest.raises(BadSignature, match="different times"):
        open_checkpoint(raw, keys, party=ours.party, cosigner=theirs.party)


def test_lines_of_unknown_keys_are_ignored_as_signed_note_demands(signed, ours, theirs, keys, stranger):
    raw = cosign(open_checkpoint(signed, keys, party=ours.party), stranger, stranger.public, NOW)
    assert open_checkpoint(raw, keys, party=ours.party).checkpoint.size == 1
    with pytest.raises(BadSignature):
        open_checkpoint(raw, keys, party=ours.party, cosigner=theirs.party)


@pytest.fixture(scope="module")
def stranger():
    return generate_identity(b"s" * 32)


def test_a_party_signs_only_its_own_journal(ours, theirs, keys):
    theirs_head = Checkpoint(origin_of(theirs.party), 1, ROOT)
    with pytest.raises(ValueError):
        sign_checkpoint(theirs_head, ours, ours.public)
    key = NoteKey(origin_of(ours.party), ED25519, ours.public.checkpoint_ed25519)
    text = theirs_head.text()
    line = NoteLine(key.name, key.id, ours.sign_checkpoint_ed25519(text.encode()))
    with pytest.raises(BadSignature, match="another journal"):
        open_checkpoint(write_note(text, [line]), keys, party=ours.party)


def test_an_envelope_key_signs_no_checkpoint(ours, keys):
    class Confused:
        party = ours.party
        sign_checkpoint_ed25519 = staticmethod(ours.sign_envelope)
        sign_checkpoint_mldsa44 = staticmethod(ours.sign_checkpoint_mldsa44)

    raw = sign_checkpoint(Checkpoint(origin_of(ours.party), 1, ROOT), Confused(), ours.public)
    with pytest.raises(BadSignature):
        open_checkpoint(raw, keys, party=ours.party)


def test_after_a_rotation_old_heads_open_with_the_keys_of_their_time(signed, ours, keys):
    later = generate_identity(b"2" * 32, party=ours.party)
    ring = apply_rotation(keys, rotate(keys, ours, later, later.public, since=NOW, until=NOW), at=NOW)
    assert open_checkpoint(signed, ring, party=ours.party, at=NOW - 1).checkpoint.size == 1
    with pytest.raises(BadSignature):
        open_checkpoint(signed, ring, party=ours.party)
    fresh = sign_checkpoint(Checkpoint(origin_of(ours.party), 1, ROOT), later, later.public)
    assert open_checkpoint(fresh, ring, party=ours.party).checkpoint.size == 1


@pytest.mark.parametrize(
    "text",
    [
        "detente/x\n1\n",
        "detente/x\n1\nAAAA\n",
        "\n1\n" + Checkpoint("x", 1, ROOT).text().split("\n")[2] + "\n",
        Checkpoint("x", 1, ROOT).text() + "extension\n",
        Checkpoint("x", 1, ROOT).text().rstrip("\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", "\n01\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", "\n+1\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", "\n-1\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", "\n١\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", f"\n{2**63}\n"),
        Checkpoint("x", 1, ROOT).text().replace("\n1\n", "\n0\n"),
        Checkpoint("x", 1, EMPTY_ROOT).text(),
    ],
)
def test_texts_that_are_no_checkpoint_are_refused(text):
    with pytest.raises(Malformed):
        parse_checkpoint(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"text\n",
        b"text\n\n",
        "text\n\n— name\n".encode(),
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name AAAAAAAA".encode(),
        b"text\n\n- name AAAAAAAA\n",
        "text\n\n— na me AAAAAAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAA=\n\n".encode(),
        "te\x00xt\n\n— name AAAAAAAA\n".encode(),
        "te\rxt\n\n— name AAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAAA\n".encode() + b"\xff\n",
        b"text\n\n" + "— name AAAAAAAA\n".encode() * 17,
        b"x" * (MAX_NOTE + 1),
    ],
)
def test_bytes_that_are_no_note_are_refused(raw):
    with pytest.raises(Malformed):
        parse_note(raw)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_garbage_is_a_peer_fault_and_nothing_else(keys, ours, raw):
    with pytest.raises(PeerFault):
        open_checkpoint(raw, keys, party=ours.party)


def test_names_in_a_lattice_cosignature_are_bounded():
    with pytest.raises(ValueError):
        mldsa44_message("n" * 256, 0, Checkpoint("x", 1, ROOT))


def test_origins_are_of_parties():
    with pytest.raises(ValueError):
        origin_of("example")
