"""Errors say whose fault it is and what to do next.

Every error that this package raises on purpose is one of these four families; the command line turns them into its exit codes:
`Refused` 1, `Misuse` 2, `Unavailable` 3, `PeerFault` 4.
"""

from __future__ import annotations


class DetenteError(Exception):
    """Anything that went wrong on purpose. The message is a sentence with a next step; it never holds secrets or records."""

    exit_code = 1


class PeerFault(DetenteError):
    """The peer broke the protocol. `evidence` holds the bytes that show it (as they arrived), for the journal.

    `path` is the evidence file, once it is kept.
    """

    exit_code = 4
    path = ""

    def __init__(self, message: str, *evidence: bytes) -> None:
        super().__init__(message)
        self.evidence = evidence


class Malformed(PeerFault):
    """Bytes that are not what the spec allows."""


class OutOfTurn(PeerFault):
    """A well-formed message that this state does not accept."""


class BadSignature(PeerFault):
    """A signature that does not verify, or a key that is unknown, revoked or of another purpose."""


class Equivocation(PeerFault):
    """Two signed statements that cannot both be true: a fork, a rollback, a second answer."""


class FailedCheck(PeerFault):
    """A cryptographic check failed. One constant sentence for all of them, so that nothing is learnt from which one."""

    def __init__(self, *evidence: bytes) -> None:
        super().__init__("a check on the peer's message failed; the run was aborted and the evidence kept", *evidence)


class Refused(DetenteError):
    """Well-formed, but not allowed: by the agreement, by handling rules or by a limit."""

    exit_code = 1


class NotAgreed(Refused):
    """No agreement in force allows it."""


class Overdrawn(Refused):
    """The balance, a budget or an allowance is exhausted."""


class Expired(Refused):
    """The time for it has passed."""


class TooRevealing(Refused):
    """It would disclose more than was agreed (low-entropy tokens, too many holders, a stripped marking)."""


class Unavailable(DetenteError):
    """Try again later: the peer does not answer, or this node is busy or reads only."""

    exit_code = 3


class Busy(Unavailable):
    """Another process of this node is at it: what waits goes with it."""


class Misuse(DetenteError):
    """The caller's own mistake: a bad argument, a bad file, a bad order of calls."""

    exit_code = 2
