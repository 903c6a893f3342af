"""Who may use the operator's interface: whoever holds the node's bearer token, a file that only its owner reads."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from pathlib import Path

from detente.errors import Misuse

TOKEN_FILE = "operator-token"


def operator_token(directory: Path) -> str:
    """The node's operator token, drawn at first use and kept in DIR/operator-token with mode 0600. Raises Misuse where others can read it.

    >>> operator_token(Path("node"))  # doctest: +SKIP
    'rW1...'
    """
    path = directory / TOKEN_FILE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise Misuse(f"{path} can't be written ({error.strerror}): check the node's folder") from None
    token = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w") as out:
        out.write(token + "\n")
    return token


def allowed(header: str, token: str) -> bool:
    """Whether an Authorization header carries the token; takes as long for a wrong one as for the right one.

    >>> allowed("Bearer abc", "abc"), allowed("Bearer abd", "abc"), allowed("", "abc")
    (True, False, False)
    """
    scheme, _, given = header.partition(" ")
    return hmac.compare_digest(given.strip().encode(), token.encode()) and scheme.lower() == "bearer"


def _read(path: Path) -> str:
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Misuse(f"{path} can be read by others on this machine: delete it, and a new one is made")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} can't be read: {error}") from None
    if len(token) < 32:
        raise Misuse(f"{path} holds no token: delete it, and a new one is made")
    return token


__all__ = ["TOKEN_FILE", "allowed", "operator_token"]
