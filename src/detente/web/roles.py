"""Which role may use which use case through the console. What is not named here: auditors and administrators read it, nobody changes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

ANALYST, RELEASER, CONTROLLER, ADMINISTRATOR, AUDITOR = (
    "analyst",
    "releaser",
    "controller",
    "administrator",
    "auditor",
)
_ALL: Final = frozenset((ANALYST, RELEASER, CONTROLLER, ADMINISTRATOR, AUDITOR))
_RECORDS: Final = frozenset((ANALYST, RELEASER, AUDITOR))
_RUNS: Final = frozenset((ANALYST, ADMINISTRATOR, AUDITOR))

READS: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("node", "overview"): _ALL,
        ("peers", "list"): _ALL,
        ("agreement", "show"): _ALL,
        ("journal", "heads"): _ALL,
        ("agreement", "template"): frozenset((ADMINISTRATOR, AUDITOR)),
        ("agreement", "terms"): frozenset((ADMINISTRATOR, AUDITOR)),
        ("records", "count"): _RUNS | {RELEASER},
        ("match", "plan"): _RUNS,
        ("match", "runs"): _RUNS | {RELEASER},
        ("findings", "list"): _RECORDS,
        ("findings", "show"): _RECORDS,
        ("findings", "compare"): _RECORDS,
        ("findings", "count"): _RECORDS,
        ("swap", "status"): _RECORDS,
        ("swap", "plaintext"): _RECORDS,
        ("swap", "letters"): _RECORDS,
        ("swap", "ledger"): _RECORDS | {ADMINISTRATOR},
        ("journal", "show"): _RECORDS | {ADMINISTRATOR},
        ("journal", "verify"): _RECORDS | {ADMINISTRATOR},
        ("journal", "export"): frozenset((ADMINISTRATOR, AUDITOR)),
        ("joint", "show"): _RECORDS | {ADMINISTRATOR},
        ("groups", "show"): _RECORDS | {ADMINISTRATOR},
        ("roadmap", "show"): _ALL,
        ("roadmap", "export"): _ALL,
        ("requests", "list"): _RECORDS,
        ("requests", "show"): _RECORDS,
        ("requests", "candidates"): _RECORDS,
        ("requests", "matrix"): _RECORDS | {ADMINISTRATOR},
        ("requests", "templates"): _RECORDS,
        ("reports", "list"): _RECORDS,
        ("reports", "show"): _RECORDS,
        **{
            ("airspace", verb): frozenset((CONTROLLER, ADMINISTRATOR, AUDITOR))
            for verb in ("plans", "conflicts", "dry-run")
        },
    }
)
CHANGES: Final[Mapping[tuple[str, str], frozenset[str]]] = MappingProxyType(
    {
        ("records", "load"): frozenset((ANALYST, ADMINISTRATOR)),
        ("match", "run"): frozenset((ANALYST,)),
        ("findings", "decide"): frozenset((ANALYST,)),
        ("swap", "prepare"): frozenset((ANALYST, RELEASER)),
        ("swap", "withdraw"): frozenset((ANALYST, RELEASER)),
        ("swap", "redact"): frozenset((ANALYST, RELEASER)),
        **{
            ("swap", verb): frozenset((RELEASER,))
            for verb in (
                "approve", "decline", "accept", "dispute", "recall", "attest", "refuse-recall", "settle", "ask-consent",
                "answer",
            )
        },
        **{
            ("agreement", verb): frozenset((ADMINISTRATOR,))
            for verb in ("explain", "propose", "sign", "reject", "suspend", "resume", "end")
        },
        **{("joint", verb): frozenset((ADMINISTRATOR,)) for verb in ("accept", "reject", "withdraw")},
        ("groups", "propose"): frozenset((ADMINISTRATOR,)),
        **{("roadmap", verb): frozenset((ADMINISTRATOR, ANALYST)) for verb in ("start", "add", "set", "drop")},
        ("roadmap", "propose"): frozenset((ADMINISTRATOR,)),
        **{("requests", verb): frozenset((ANALYST, RELEASER)) for verb in ("accept", "decline", "nothing", "rate")},
        **{("requests", verb): frozenset((RELEASER,)) for verb in ("ask", "answer", "return", "consent")},
        **{("airspace", verb): frozenset((CONTROLLER,)) for verb in ("add", "withdraw", "match", "settle", "sign")},
        **{("reports", verb): frozenset((ANALYST,)) for verb in ("add", "decide", "redact")},
        **{("peers", verb): frozenset((ADMINISTRATOR,)) for verb in ("invite", "read", "accept")},
        **{("accounts", verb): frozenset((ADMINISTRATOR,)) for verb in ("invite", "assign", "close")},
    }
)  # fmt: skip
_READERS: Final = frozenset((ADMINISTRATOR, AUDITOR))


def may(roles: Collection[str], noun: str, verb: str, method: str) -> bool:
    """Whether somebody with these roles may use a use case.

    >>> may(("auditor",), "findings", "list", "GET"), may(("auditor",), "findings", "decide", "POST")
    (True, False)
    """
    allowed = READS.get((noun, verb), _READERS) if method == "GET" else CHANGES.get((noun, verb), frozenset())
    return not allowed.isdisjoint(roles)


__all__ = ["CHANGES", "READS", "may"]
