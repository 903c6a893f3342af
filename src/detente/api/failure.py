"""An error as programs read it, the same from the command line (--json) and from the operator's REST interface."""

from __future__ import annotations

import msgspec

from detente.errors import (
    DetenteError,
    Expired,
    Misuse,
    NotAgreed,
    Overdrawn,
    PeerFault,
    Refused,
    Unavailable,
)


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong, whose fault it is (peer, refused, unavailable, misuse), what to do next, the command line's exit code.

    `evidence` is the path of the evidence file, where a peer broke the protocol.
    """

    error: str
    fault: str
    next: str
    exit: int
    evidence: str = ""


# The first family that fits counts; the error's own sentence says what happened.
_FAULTS: tuple[tuple[type[DetenteError], str, str], ...] = (
    (
        PeerFault,
        "peer",
        "keep the evidence and show it to the peer; `detente-verify` checks it without this node",
    ),
    (NotAgreed, "refused", "look at `detente agreement show`"),
    (Overdrawn, "refused", "look at `detente ledger` and the agreement's limits"),
    (Expired, "refused", "agree anew: `detente agreement propose`"),
    (Refused, "refused", "the reason says what would have to change"),
    (Unavailable, "unavailable", "try again later; nothing is lost"),
    (Misuse, "misuse", "run the command with --help"),
    (DetenteError, "refused", "the reason says what would have to change"),
)


def failure(error: DetenteError) -> Failure:
    """An error as a Failure.

    >>> failure(Unavailable("nobody answers")).exit
    3
    """
    fault, following = next((f, n) for kind, f, n in _FAULTS if isinstance(error, kind))
    evidence = error.path if isinstance(error, PeerFault) else ""
    return Failure(str(error), fault, following, error.exit_code, evidence)


__all__ = ["Failure", "failure"]
