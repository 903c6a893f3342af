"""Operational intents and constraints, as ASTM F3548-21 has them, with versions by content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum

from detente.errors import Misuse
from detente.topics.airspace.volume import Volume4D, statement
from detente.wire.canonical import canonical
from detente.wire.instant import Instant

MOST_VOLUMES = 1000
FARTHEST_AHEAD_MS = 30 * 86_400_000
"""F3548-21, OiMaxPlanHorizon: no intent starts or ends later than 30 days from now."""


class State(Enum):
    """F3548-21, section 4.4."""

    ACCEPTED = "Accepted"
    ACTIVATED = "Activated"
    NONCONFORMING = "Nonconforming"
    CONTINGENT = "Contingent"
    ENDED = "Ended"


OFF_NOMINAL = frozenset({State.NONCONFORMING, State.CONTINGENT})


@dataclass(frozen=True, slots=True)
class Intent:
    """Where an aircraft, or a zone that moves with a vessel, an escort or a convoy, will be: volumes that together contain it.

    `volumes` may follow each other in time; a conflict with one is a conflict with the intent. `off_nominal` says where it may
    be besides when it is Nonconforming or Contingent. Larger `priority` goes first. Raises Misuse.
    """

    id: str
    volumes: tuple[Volume4D, ...]
    state: State = State.ACCEPTED
    priority: int = 0
    off_nominal: tuple[Volume4D, ...] = ()

    def __post_init__(self) -> None:
        _check_id(self.id)
        if not 1 <= len(self.volumes) + len(self.off_nominal) <= MOST_VOLUMES:
            raise Misuse(f"an intent has from 1 to {MOST_VOLUMES} volumes")
        if self.off_nominal and self.state not in OFF_NOMINAL:
            raise Misuse("off-nominal volumes belong to an intent that is Nonconforming or Contingent")
        if len({volume.datum for volume in self.everywhere}) > 1:
            raise Misuse("an intent's altitudes must all be of one datum: convert them first")

    @property
    def everywhere(self) -> tuple[Volume4D, ...]:
        """All volumes that must be kept clear: none once it has ended."""
        return () if self.state is State.ENDED else self.volumes + self.off_nominal

    @property
    def version(self) -> str:
        """SHA-256 of all that the intent says but its id: two that differ in anything have different versions, whoever counted.

        Lower-case hex, 64 digits.
        """
        content = {
            "volumes": [statement(volume) for volume in self.volumes],
            "off_nominal": [statement(volume) for volume in self.off_nominal],
            "state": self.state.value,
            "priority": self.priority,
        }
        return hashlib.sha256(b"detente airspace intent 1\n" + canonical(content)).hexdigest()

    def check_horizon(self, now: Instant) -> None:
        """Raises Misuse if it is over already, or reaches more than 30 days ahead (F3548-21, OiMaxPlanHorizon)."""
        last = max(volume.end for volume in self.volumes + self.off_nominal)
        if last > now + FARTHEST_AHEAD_MS:
            raise Misuse("a plan that reaches more than 30 days ahead: file it nearer to its time")
        if last <= now:
            raise Misuse("a plan that is over already: there is nothing to keep clear")


@dataclass(frozen=True, slots=True)
class Constraint:
    """Air that is closed or restricted by an authority, whoever flies: F3548-21, section 4.5. Raises Misuse."""

    id: str
    volumes: tuple[Volume4D, ...]
    kind: str = "no-fly"

    def __post_init__(self) -> None:
        _check_id(self.id)
        if not 1 <= len(self.volumes) <= MOST_VOLUMES:
            raise Misuse(f"a constraint has from 1 to {MOST_VOLUMES} volumes")

    @property
    def version(self) -> str:
        """SHA-256 of all that it says but its id. Lower-case hex, 64 digits."""
        content = {"volumes": [statement(volume) for volume in self.volumes], "kind": self.kind}
        return hashlib.sha256(b"detente airspace constraint 1\n" + canonical(content)).hexdigest()


def _check_id(id: str) -> None:
    if not isinstance(id, str) or not 0 < len(id) <= 200 or not id.isprintable():
        raise Misuse("an id is a text of 1 to 200 printable characters")
