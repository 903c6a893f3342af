"""The rows of the table for planned airspace: the same as `detente airspace plan`, `match`, `conflicts`, `settle` and `sign`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from detente.errors import Malformed, Misuse
from detente.node.airspace import TOPIC, ConflictView, PlanView
from detente.node.holdings import LoadReport
from detente.node.node import Node
from detente.node.resolutions import Proposed
from detente.node.runs import DryRun, MatchReport
from detente.topics.airspace.intent import Intent, State
from detente.topics.airspace.volume import from_statement

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class NoPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class NewPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan: volumes as spec/tokens-airspace states them (outline in degrees times 10^10, millimetres, RFC 3339)."""

    id: str
    volumes: list[dict[str, Any]]
    state: str = "Accepted"
    priority: int = 0


class NewPlans(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plans to file. `file` says where they come from."""

    plans: list[NewPlan]
    file: str = "rest"


class WhichPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan of ours by its id."""

    id: str


class WithPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer: its name, its party id or the beginning of it."""

    peer: str


class AnyPeer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A peer, or "" for all."""

    peer: str = ""


class SettlingConflict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a conflict is to be settled: one of the five. `gives_way` is "ours" or "theirs"."""

    conflict: str
    peer: str
    minutes: int = 0
    metres: int = 0
    route: NewPlan | None = None
    gives_way: Literal["", "ours", "theirs"] = ""
    visual: bool = False
    reason: str = ""


class SigningConflict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The conflict whose resolution we sign."""

    conflict: str
    peer: str


class SignedConflict(msgspec.Struct, frozen=True):
    """The hash of what we signed."""

    hash: str


def _intent(plan: NewPlan) -> Intent:
    try:
        return Intent(
            plan.id, tuple(from_statement(v) for v in plan.volumes), State(plan.state), plan.priority
        )
    except (Malformed, ValueError) as problem:
        raise Misuse(f"plan {plan.id}: {problem}") from None


def _add(node: Node, r: NewPlans) -> LoadReport:
    return node.airspace.add([_intent(plan) for plan in r.plans], r.file)


def _conflicts(node: Node, r: AnyPeer) -> list[ConflictView]:
    node.resolutions.apply()
    node.airspace.overdue()
    return node.airspace.conflicts(r.peer)


def _settle(node: Node, r: SettlingConflict) -> Proposed:
    changes = bool(r.minutes) + bool(r.metres) + (r.route is not None)
    if changes + bool(r.gives_way) + r.visual != 1:
        raise Misuse("say one thing: minutes, metres, a route, who gives way, or visual")
    if r.gives_way:
        return node.resolutions.give_way(r.conflict, r.peer, ours=r.gives_way == "ours", reason=r.reason)
    if r.visual:
        return node.resolutions.accept_as_it_is(r.conflict, r.peer, r.reason)
    return node.resolutions.change(
        r.conflict, r.peer, lambda records: node.match(TOPIC, r.peer, only=records), minutes=r.minutes, metres=r.metres,
        route=_intent(r.route) if r.route else None, reason=r.reason,
    )  # fmt: skip


AIRSPACE_CASES: tuple[Row, ...] = (
    ("airspace", "plans", "GET", NoPlan, list[PlanView], lambda n, r: n.airspace.plans(), "Our plans, by beginning."),
    ("airspace", "add", "POST", NewPlans, LoadReport, _add, "Files plans; one that is filed again with other content is a new version."),
    ("airspace", "withdraw", "POST", WhichPlan, PlanView, lambda n, r: n.airspace.withdraw(r.id), "Ends a plan: it takes part in no further run."),
    ("airspace", "dry-run", "GET", WithPeer, DryRun, lambda n, r: n.runs.plan(TOPIC, r.peer), "Who would learn what; nothing is sent or charged."),
    ("airspace", "match", "POST", WithPeer, MatchReport, lambda n, r: n.match(TOPIC, r.peer), "Compares our plans with a peer's, privately."),
    ("airspace", "conflicts", "GET", AnyPeer, list[ConflictView], _conflicts, "Conflicts, the most urgent first; what is overdue alarms."),
    ("airspace", "settle", "POST", SettlingConflict, Proposed, _settle, "Proposes how a conflict is settled; a change is compared first, and charged."),
    (
        "airspace", "sign", "POST", SigningConflict, SignedConflict,
        lambda n, r: SignedConflict(n.resolutions.sign(r.conflict, r.peer)), "Signs how the peer proposes to settle a conflict.",
    ),
)  # fmt: skip

__all__ = ["AIRSPACE_CASES"]
