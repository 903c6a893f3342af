import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import Malformed, Misuse, PeerFault
from detente.wire.bundle import (
    MAGIC,
    BundleEnded,
    BundleReader,
    EnvelopeRead,
    PartBegun,
    PartData,
    iterate_bundle,
    pack_bundle,
    unpack_bundle,
)
from detente.wire.messages import Message, check_parts, open_message, part_of, seal_message

names = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,10}", fullmatch=True)
bundles = st.tuples(st.binary(max_size=50), st.dictionaries(names, st.binary(max_size=50), max_size=5))


@given(bundles)
def test_what_is_packed_is_unpacked_the_same(bundle):
    raw, parts = bundle
    assert unpack_bundle(pack_bundle(raw, parts), max_part=50) == (raw, parts)
    assert b"".join(iterate_bundle(raw, parts)) == pack_bundle(raw, parts)


@given(bundles, st.integers(1, 7))
def test_the_reader_says_the_same_however_the_bytes_arrive(bundle, step):
    raw, parts = bundle
    data = pack_bundle(raw, parts)
    reader, read = BundleReader(max_part=50), {}
    events = [event for i in range(0, len(data), step) for event in reader.feed(data[i : i + step])]
    reader.close()
    name = ""
    for event in events:
        if isinstance(event, PartBegun):
            name, read[event.name] = event.name, b""
        elif isinstance(event, PartData):
            read[name] += event.data
    assert events[0] == EnvelopeRead(raw)
    assert events[-1] == BundleEnded()
    assert read == parts


@given(bundles, st.data())
def test_a_bundle_cut_anywhere_is_refused(bundle, data):
    whole = pack_bundle(*bundle)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Malformed):
        unpack_bundle(whole[:cut], max_part=50)
    with pytest.raises(Malformed):
        unpack_bundle(whole + b"\0", max_part=50)


@settings(max_examples=300)
@given(st.data())
def test_any_byte_flipped_in_a_bundle_is_refused(ours, theirs, keys, data):
    parts = {"a": b"first part", "b": b"", "c": b"third"}
    message = Message(
        sender=ours.party,
        recipient=theirs.party,
        ceremony="0" * 32,
        kind="exchange",
        step="items",
        sequence=3,
        sent=0,
        parts=tuple(part_of(name, body) for name, body in parts.items()),
    )
    bundle = bytearray(pack_bundle(seal_message(message, ours), parts))

    def receive(whole: bytes) -> None:
        raw, read = unpack_bundle(whole, max_part=100)
        check_parts(open_message(raw, keys, recipient=theirs.party, max_part=100).message, read)

    receive(bytes(bundle))
    bundle[data.draw(st.integers(0, len(bundle) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PeerFault):
        receive(bytes(bundle))


def head(size: int) -> bytes:
    return MAGIC + size.to_bytes(4, "big")


def test_lengths_are_capped_when_they_are_read_not_when_they_are_filled():
    for data in (
        head(1 << 31),
        head(2) + b"{}" + (65).to_bytes(2, "big"),
        head(2) + b"{}" + (1).to_bytes(2, "big") + b"\x01a" + (1 << 62).to_bytes(8, "big"),
    ):
        with pytest.raises(Malformed):
            list(BundleReader(max_part=1 << 20).feed(data))


def test_names_out_of_order_repeated_or_odd_are_refused():
    def bundle(*labels: bytes) -> bytes:
        parts = b"".join(bytes([len(label)]) + label + bytes(8) for label in labels)
        return head(2) + b"{}" + len(labels).to_bytes(2, "big") + parts

    assert unpack_bundle(bundle(b"a", b"b"), max_part=0) == (b"{}", {"a": b"", "b": b""})
    for labels in ((b"b", b"a"), (b"a", b"a"), (b"",), (b"../etc",), (b"A",), (b"a" * 65,), (b"\xff",)):
        with pytest.raises(Malformed):
            unpack_bundle(bundle(*labels), max_part=0)


def test_after_expect_only_the_signed_parts_are_let_through():
    signed = [part_of("a", b"12"), part_of("b", b"3")]

    def read(parts):
        reader = BundleReader(max_part=100)
        for event in reader.feed(pack_bundle(b"{}", parts)):
            if isinstance(event, EnvelopeRead):
                reader.expect(signed)
        reader.close()

    read({"a": b"12", "b": b"3"})
    for parts in (
        {"a": b"12"},
        {"a": b"12", "b": b"34"},
        {"a": b"12", "c": b"3"},
        {"a": b"12", "b": b"3", "c": b""},
    ):
        with pytest.raises(Malformed):
            read(parts)


def test_what_no_reader_accepts_is_not_packed():
    for raw, parts in (
        (b"{}", {"A": b""}),
        (b"{}", {"ü": b""}),
        (b"{}", {f"p{n}": b"" for n in range(65)}),
        (b"x" * (1 << 21), {}),
    ):
        with pytest.raises(Misuse):
            pack_bundle(raw, parts)
