import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Malformed
from detente.wire.canonical import MAX_INTEGER, canonical, decode_base64, encode_base64, parse_canonical

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_encoded_is_read_back_the_same(value):
    assert parse_canonical(canonical(value)) == value


@given(values)
def test_encoding_is_a_fixed_point(value):
    raw = canonical(value)
    assert canonical(parse_canonical(raw)) == raw


@given(st.binary(max_size=64))
def test_bytes_are_refused_or_are_their_own_encoding(raw):
    try:
        value = parse_canonical(raw)
    except Malformed:
        return
    assert canonical(value) == raw


def test_members_are_sorted_by_utf16_units_as_rfc_8785_orders_them():
    # RFC 8785 section 3.2.3: U+1F600 (a surrogate pair, D83D...) sorts before U+FB33, unlike by code point
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    expected = ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(parse_canonical(canonical(value))) == expected


def test_strings_escape_only_what_rfc_8785_escapes():
    raw = canonical('\x00\b\t\n\x0b\f\r\x1f"\\/\x7f\u2028é')
    assert raw == '"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\"\\\\/\x7f\u2028é"'.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b' {"a":1}',
        b'{"a":1}\n',
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"9007199254740992",
        b"-9007199254740992",
        b"9" * 5000,
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b'"\n"',
        b"\xff",
        b"\xef\xbb\xbf1",
        "1".encode("utf-16"),
        b'"open',
        b"[1,]",
        b"[1]]",
        b"",
        b"nul",
        b"1 1",
    ],
    ids=repr,
)
def test_second_spellings_and_broken_json_are_refused(raw):
    with pytest.raises(Malformed):
        parse_canonical(raw)


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), "\ud800", {"\ud800": 1}, 2**53, {1: 2}, b"x", {1, 2}, object()]
)
def test_values_without_a_canonical_form_are_not_encoded(value):
    with pytest.raises(ValueError):
        canonical(value)


def test_size_is_refused_before_anything_is_parsed():
    with pytest.raises(Malformed, match="at most 8 are read"):
        parse_canonical(b"\xff" * 9, max_bytes=8)


def test_deep_nesting_is_refused_before_anything_recurses():
    with pytest.raises(Malformed, match="deeper than 16"):
        parse_canonical(b"[" * 1_000_000)
    assert parse_canonical(b"[" * 16 + b"]" * 16) == canonical_depth(16)
    with pytest.raises(Malformed):
        parse_canonical(b"[" * 17 + b"]" * 17)


def canonical_depth(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_brackets_inside_strings_are_no_nesting():
    assert parse_canonical(canonical("[" * 100)) == "[" * 100
    assert parse_canonical(canonical(['"[[[[[[[[[[[[[[[[[[[', "\\"])) == ['"[[[[[[[[[[[[[[[[[[[', "\\"]


@pytest.mark.parametrize(
    "raw", [b'"' + b'\\"' * 500_000, b'"' * 1_000_001, b'\\"' * 500_000, b'{"a":' * 16 + b'"\\' * 400_000]
)
def test_a_hostile_megabyte_costs_less_than_two_seconds(raw):
    began = time.monotonic()
    with pytest.raises(Malformed):
        parse_canonical(raw, max_bytes=1 << 21)
    assert time.monotonic() - began < 2


def test_refusals_do_not_quote_the_peers_bytes():
    with pytest.raises(Malformed) as refused:
        parse_canonical(b'{"name":"Secret Person", nope')
    assert "Secret" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(st.binary(max_size=40))
def test_base64_has_one_form(data):
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y-__", "YQ==YQ==", 5, None])
def test_second_forms_of_base64_are_refused(text):
    with pytest.raises(Malformed):
        decode_base64(text)
