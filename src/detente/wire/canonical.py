"""Canonical JSON: one value, one text.

A subset of RFC 8785 without floating point, so that hashes and signatures mean one thing.

Values are objects, arrays, strings, integers up to 2^53-1 in magnitude, booleans and null.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from detente.errors import Malformed

Json: TypeAlias = Mapping[str, Any] | list[Any] | tuple[Any, ...] | str | int | bool | None

MAX_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: what every JSON implementation can hold
MAX_BYTES = 1 << 20
MAX_DEPTH = 16
_INTEGER_DIGITS = 17  # a sign and 16 digits; int() of longer text is not tried

# the second ending makes an unterminated string match too: a failing match would be tried again at every
# quote of it
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def canonical(value: Json, *, max_depth: int = MAX_DEPTH) -> bytes:
    """The one encoding of a value, in UTF-8.

    Raises ValueError for what has none (floats, lone surrogates, too deep).

    >>> canonical({"b": 1, "a": ["é", None, True]})
    b'{"a":["\\xc3\\xa9",null,true],"b":1}'
    """
    ordered = _ordered(value, max_depth)
    # json.dumps escapes exactly what RFC 8785 section 3.2.2.2 escapes once ensure_ascii is off
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def _ordered(value: object, depth: int) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("an integer beyond 2^53-1 has no canonical form; write it as a string")
        return int(value)
    if depth < 1:
        raise ValueError("nested too deep for a canonical form")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("only strings name the members of an object")
        # RFC 8785 section 3.2.3: members are sorted by UTF-16 code units
        names = sorted((_text(key) for key in value), key=lambda name: name.encode("utf-16-be"))
        return {name: _ordered(value[name], depth - 1) for name in names}
    if isinstance(value, (list, tuple)):
        return [_ordered(item, depth - 1) for item in value]
    raise ValueError(f"a {type(value).__name__} has no canonical form")


def _text(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate has no canonical form") from None
    return str(value)


def parse_canonical(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """The value of bytes that are in canonical form, and of no others. Raises Malformed.

    Size is checked before anything is parsed and depth before anything recurses. Bytes that parse but do not
    re-encode to themselves are refused: repeated names, unsorted names, spare space, needless escapes, "-0"
    and other second spellings.

    >>> parse_canonical(b'{"a":1}')
    {'a': 1}
    """
    if len(raw) > max_bytes:
        raise Malformed(f"a statement of {len(raw)} bytes; at most {max_bytes} are read")
    _check_depth(raw, max_depth)
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
        again = canonical(value, max_depth=max_depth)
    except (ValueError, RecursionError):
        # their text may quote the peer's bytes, which never enter messages and logs
        raise Malformed("a statement that is not canonical JSON") from None
    if again != raw:
        raise Malformed("a statement that is not in canonical form")
    return value


def _check_depth(raw: bytes, max_depth: int) -> None:
    depth = 0
    for bracket in _BRACKETS.finditer(_STRING.sub(b"", raw)):
        if bracket[0] in b"[{":
            depth += 1
            if depth > max_depth:
                raise Malformed(f"a statement nested deeper than {max_depth}")
        else:
            depth -= 1


def _no_float(_: str) -> Any:
    raise ValueError("no floating point")


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS:
        raise ValueError("an integer beyond 2^53-1")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a repeated name")
    return value


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding: how bytes stand in statements."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: object) -> bytes:
    """The bytes of standard, padded base64 in its one form (RFC 4648 section 3.5: no stray trailing bits).

    Raises Malformed.
    """
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode("ascii") != text:
        raise Malformed("not base64 in its canonical form")
    return data
