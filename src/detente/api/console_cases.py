"""The rows of the table that the console opens with: what waits, comparisons, people, pairing, the evidence bundle.

They are public like the others: the console has no interface of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.node.accounts import AccountView, Invited, LookView
from detente.node.items import ItemView
from detente.node.node import Node
from detente.node.overview import Comparison, FindingCount, Overview, RunView
from detente.node.pairings import InvitationView, PeerView

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Peer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer by name or party id; "" for all, where all makes sense."""

    peer: str = ""


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding by id."""

    id: str


class Redacting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft, and the fields that it is to leave out."""

    item: str
    leave_out: list[str]


class Declining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer whose offers are declined, and why."""

    peer: str
    reason: str = ""


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invitation, as the file says it."""

    invitation: str


class Accepting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invitation and the fingerprint that the other party read out: sixteen words, or its party id."""

    invitation: str
    fingerprint: str


class Written(msgspec.Struct, frozen=True):
    """A file's text."""

    value: str


class Sentences(msgspec.Struct, frozen=True):
    """Plain sentences."""

    lines: list[str]


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Terms in TOML."""

    toml: str


class ShownItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item by id, or by the beginning of it."""

    item: str


class Counted(msgspec.Struct, frozen=True):
    """How many records there are of each topic."""

    topics: dict[str, int]


class Checked(msgspec.Struct, frozen=True):
    """How many looks at records the chain was checked over."""

    looks: int


class Inviting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's account, the roles that it is to have, and who says so."""

    name: str
    roles: list[str]
    by: str


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account to close, and who says so."""

    name: str
    by: str


class WhichLooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose looks, or at what; "" is any."""

    account: str = ""
    subject: str = ""
    limit: int = 100
    offset: int = 0


CONSOLE_CASES: tuple[Row, ...] = (
    (
        "node", "overview", "GET", Plain, Overview, lambda n, r: n.outlook.overview(),
        "What waits for people, and how each peer stands.",
    ),
    (
        "records", "count", "GET", Plain, Counted, lambda n, r: Counted(dict(n.holdings.count())),
        "How many records there are of each topic.",
    ),
    (
        "match", "runs", "GET", Peer, list[RunView], lambda n, r: n.outlook.runs(r.peer),
        "Runs, newest first, those under way with their progress.",
    ),
    (
        "findings", "count", "GET", Peer, list[FindingCount], lambda n, r: n.outlook.count(r.peer),
        "How many findings there are of each status and grade.",
    ),
    (
        "findings", "compare", "GET", Found, Comparison, lambda n, r: n.outlook.compare(r.id),
        "One finding side by side, within what each may see.",
    ),
    (
        "agreement", "terms", "GET", Peer, Written, lambda n, r: Written(n.outlook.terms(r.peer)),
        "The terms in force with a peer as JSON, or those of the template.",
    ),
    (
        "agreement", "explain", "POST", Terms, Sentences, lambda n, r: Sentences(n.outlook.explain(r.toml)),
        "What terms mean for us; nothing is proposed.",
    ),
    (
        "swap", "plaintext", "GET", ShownItem, Written, lambda n, r: Written(n.outlook.plaintext(r.item)),
        "Exactly what leaves with a draft, or what came.",
    ),
    (
        "swap", "redact", "POST", Redacting, ItemView, lambda n, r: n.swaps.redact(r.item, r.leave_out),
        "Leaves fields out of a draft; it must be approved anew.",
    ),
    (
        "swap", "decline", "POST", Declining, Counted,
        lambda n, r: Counted({"offers": n.swaps.decline(r.peer, r.reason)}), "Declines the offers of a peer that wait.",
    ),
    (
        "peers", "invite", "POST", Plain, Written, lambda n, r: Written(n.pairings.invite().decode()),
        "Our invitation, to hand over as a file.",
    ),
    (
        "peers", "read", "POST", Invitation, InvitationView, lambda n, r: n.pairings.read(r.invitation.encode()),
        "What an invitation says, and the words that two people compare.",
    ),
    (
        "peers", "accept", "POST", Accepting, PeerView,
        lambda n, r: n.pairings.accept(r.invitation.encode(), r.fingerprint),
        "Accepts an invitation whose fingerprint a person compared.",
    ),
    (
        "journal", "export", "GET", Peer, Written, lambda n, r: Written(n.witness.export(r.peer).decode()),
        "The evidence bundle of our relation with a peer, for detente-verify.",
    ),
    (
        "accounts", "list", "GET", Plain, list[AccountView], lambda n, r: n.accounts.everyone(),
        "The people who may use the console.",
    ),
    (
        "accounts", "invite", "POST", Inviting, Invited, lambda n, r: n.accounts.invite(r.name, r.roles, r.by),
        "A new account, or a new beginning for one; its one-time code is shown once.",
    ),
    (
        "accounts", "assign", "POST", Inviting, AccountView, lambda n, r: n.accounts.assign(r.name, r.roles, r.by),
        "Gives an account other roles.",
    ),
    (
        "accounts", "close", "POST", Closing, AccountView, lambda n, r: n.accounts.close(r.name, r.by),
        "Closes an account; its sessions end at once.",
    ),
    (
        "looks", "list", "GET", WhichLooks, list[LookView],
        lambda n, r: n.accounts.looks(r.account, r.subject, min(r.limit, 1000), r.offset),
        "Looks of people at records, newest first.",
    ),
    (
        "looks", "verify", "GET", Plain, Checked, lambda n, r: Checked(n.accounts.verify_looks()),
        "Recomputes the chain over every look.",
    ),
)  # fmt: skip

__all__ = ["CONSOLE_CASES"]
