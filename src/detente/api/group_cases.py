"""The rows of the table about groups: our lists and words, private groups, the joint list with a peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.api.console_cases import Plain, Row
from detente.errors import Misuse
from detente.node.groupviews import Doubtful, GroupView, ImportReport, JointView
from detente.node.node import Node
from detente.pact.joint_list import NameKind, Status
from detente.topics.designations.listing import Listing, Name

MOST_LISTINGS = 20_000


class OneGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group by its id or any of its names; to be removed also a list by its name."""

    group: str


class ListPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer: its name, its party id or the beginning of it."""

    peer: str


class GroupHiding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group to keep private, and the marking of the record that is matched in its place."""

    group: str
    marking: str = "TLP:AMBER"


class GroupName(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name. `language` is a BCP 47 tag, "" to be told from the name."""

    text: str
    kind: NameKind = "alias"
    language: str = ""


class GroupSaying(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our word on a group, by its id or any name; on a new group where nobody has it. Days as 2026-11-22; `since` is today unless said."""

    group: str
    status: Status
    names: list[GroupName] = []
    reason: str = ""
    grounds: str = ""
    legal_basis: str = ""
    since: str = ""
    review: str = ""


class GroupListed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of a list of groups."""

    reference: str
    names: list[GroupName]
    status: Status = "listed"
    reason: str = ""
    grounds: str = ""
    legal_basis: str = ""
    since: str = ""
    review: str = ""
    countries: list[str] = []


class GroupList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole list of groups, in the place of what we had under this name. `as_of`: the day on which it stood so."""

    source: str
    listings: list[GroupListed]
    as_of: str = ""


class ListHash(msgspec.Struct, frozen=True):
    """The hash of what was proposed."""

    value: str


class GroupDone(msgspec.Struct, frozen=True):
    """What was done to what."""

    done: str
    what: str


def _take_in(node: Node, r: GroupList) -> ImportReport:
    if len(r.listings) > MOST_LISTINGS:
        raise Misuse(f"at most {MOST_LISTINGS} groups a list")
    listings = [
        Listing(
            r.source, each.reference, _names(each.names), each.status, each.reason, each.grounds, each.legal_basis,
            each.since, each.review, tuple(each.countries),
        )
        for each in r.listings
    ]  # fmt: skip
    return node.designations.take_in(r.source, listings, r.as_of)


def _names(named: list[GroupName]) -> tuple[Name, ...]:
    if not named:
        raise Misuse("a group without a name: give it one under `names`")
    return tuple(Name(each.text, each.kind, each.language) for each in named)


def _say(node: Node, r: GroupSaying) -> GroupView:
    return node.designations.say(
        r.group,
        r.status,
        names=[(each.text, each.kind) for each in r.names],
        reason=r.reason,
        grounds=r.grounds,
        legal_basis=r.legal_basis,
        since=r.since,
        review=r.review,
    )


def _unsay(node: Node, r: OneGroup) -> GroupDone:
    node.designations.unsay(r.group)
    return GroupDone("removed", r.group)


def _row(
    verb: str,
    method: Literal["GET", "POST"],
    takes: type[msgspec.Struct],
    gives: Any,
    run: Callable[[Node, Any], Any],
    doc: str,
) -> Row:
    return ("groups", verb, method, takes, gives, run, doc)


GROUP_CASES: tuple[Row, ...] = (
    _row("list", "GET", Plain, list[GroupView], lambda n, r: n.designations.ours(), "The groups on our lists."),
    _row("group", "GET", OneGroup, GroupView, lambda n, r: n.designations.group(r.group), "One group on our lists."),
    _row("doubts", "GET", Plain, list[Doubtful], lambda n, r: n.designations.doubts(), "What is in question within our lists."),
    _row("import", "POST", GroupList, ImportReport, _take_in, "Takes in a list, in the place of what we had of it."),
    _row("status", "POST", GroupSaying, GroupView, _say, "Says where we stand on a group; nobody else can change it."),
    _row("remove", "POST", OneGroup, GroupDone, _unsay, "Takes our word on a group back, or drops a list."),
    _row(
        "private", "POST", GroupHiding, GroupView, lambda n, r: n.designations.hide(r.group, r.marking),
        "Keeps a group private: it is matched, and shown to nobody.",
    ),
    _row("public", "POST", OneGroup, GroupView, lambda n, r: n.designations.reveal(r.group), "Keeps a group private no longer."),
    _row("show", "GET", ListPeer, JointView, lambda n, r: n.designations.show(r.peer), "The joint list with a peer."),
    _row(
        "propose", "POST", ListPeer, ListHash, lambda n, r: ListHash(n.designations.propose(r.peer)),
        "Signs the joint list with our words as they are now, and proposes it.",
    ),
)  # fmt: skip

__all__ = ["GROUP_CASES"]
