"""A peer that amends what it may not: two signatures on one base, old acceptances, dates of its choice, words of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from detente.ceremonies.ceremony import Send
from detente.errors import Refused
from detente.node.amendments import Amendments
from detente.node.ports import CeremonyRow
from detente.pact.document import MAX_DOCUMENT, write_document
from detente.pact.unilateral import write_revocation
from detente.wire.bundle import pack_bundle
from detente.wire.canonical import canonical
from detente.wire.envelope import DOCUMENT, seal, statement_id
from detente.wire.instant import rfc3339
from detente.wire.messages import Message, part_of, seal_message
from support.dishonest import Court

KIND = "resolution"
DAY = 86_400_000


def content(**entries: str) -> dict[str, Any]:
    return {"title": "List", "entries": {slug: {"say": value} for slug, value in entries.items()}}


def meet(court: Court) -> None:
    court.south.deliver("north")
    court.north.deliver("south")


def agreed(court: Court, said: Mapping[str, Any]) -> str:
    """A version that both signed, north's proposal."""
    digest = court.north.documents.propose(KIND, "main", said, "south")
    meet(court)
    court.south.documents.accept("north")
    meet(court)
    assert court.north.documents.current(KIND, "main", "south") == said
    return digest


def unbound(court: Court) -> Amendments:
    """South's room, which forgets what it has signed and that anything is suspended."""
    room = court.south.office.rooms["amendment"]
    assert isinstance(room, Amendments)
    slot = room._slot
    room._require_alone = lambda *args: None  # type: ignore[method-assign]  # this is how it cheats
    room._slot = lambda *args: _blind(slot(*args))  # type: ignore[method-assign]
    return room


def _blind(slot: Any) -> Any:
    from msgspec.structs import replace as changed

    state = "in_force" if slot.state == "suspended" else slot.state
    return changed(slot, open="", signed=b"", held=False, state=state, suspensions=())


def says(court: Court, step: str, payload: bytes, row: CeremonyRow | None = None, **body: Any) -> None:
    """South tells north this, well signed: in a conversation of north's, or in a new one."""
    south, north = court.south.office.identity(), court.north.office.identity()
    envelope = seal(DOCUMENT, payload, south)
    parts = {"document": envelope}
    message = Message(
        sender=south.party, recipient=north.party, ceremony=row.id if row else "ab" * 16, kind="amendment", step=step,
        sequence=row.heard if row else 0, sent=court.world.clock.now(), agreement="",
        body={"document": statement_id(DOCUMENT, payload), **body}, parts=tuple(part_of(n, parts[n]) for n in parts),
    )  # fmt: skip
    court.north.driver.receive(pack_bundle(seal_message(message, south), parts))


def pair(court: Court) -> tuple[str, str]:
    parties = sorted(node.office.identity().party for node in (court.north, court.south))
    return parties[0], parties[1]


# --- two signatures on one base


def test_a_second_proposal_while_the_first_is_open_is_evidence(court: Court) -> None:
    room = unbound(court)
    room.driver = court.south.driver
    for value in ("one", "two"):
        court.south.documents.propose(KIND, "main", content(a=value), "north")
    court.south.deliver("north")
    court.convict("signed-messages", "Equivocation", kind="amendment")
    (view,) = court.north.documents.show(KIND)
    assert [each.changes[-1] for each in view.proposals] == ['adds a: say: "one" (new)']


def test_a_proposal_sent_twice_is_refused_and_the_first_still_counts(court: Court) -> None:
    court.south.documents.propose(KIND, "main", content(a="one"), "north")
    court.south.deliver("north")
    says(court, "propose", write_document(KIND, "main", "", pair(court), "content", content(a="one")))
    court.refused("proposed already", kind="amendment")
    court.north.documents.accept("south")
    assert court.north.documents.current(KIND, "main", "south") == content(a="one")


# --- acceptances


def test_an_old_acceptance_is_evidence_and_brings_nothing_into_force(court: Court) -> None:
    old = agreed(court, content(a="one"))
    with court.north.office.store.snapshot() as tx:
        row = tx.documents.get(old)
    assert row is not None
    court.north.documents.propose(KIND, "main", content(a="two"), "south")
    court.north.deliver("south")
    court.cheat("accept", lambda send: replace(send, parts={"document": row.envelope}), kind="amendment")
    court.south.documents.accept("north")
    court.south.deliver("north")
    court.convict("signed-messages", "OutOfTurn", kind="amendment")
    assert court.north.documents.current(KIND, "main", "south") == content(a="one")


def test_what_was_proposed_with_a_marking_is_not_accepted_without_it(court: Court) -> None:
    court.north.documents.propose(KIND, "main", {**content(a="one"), "marking": "TLP:AMBER"}, "south")
    court.north.deliver("south")
    stripped = write_document(KIND, "main", "", pair(court), "content", content(a="one"))
    envelope = seal(DOCUMENT, stripped, court.south.office.identity())
    court.cheat("accept", lambda send: replace(send, parts={"document": envelope}), kind="amendment")
    court.south.documents.accept("north")
    court.south.deliver("north")
    court.convict("signed-messages", "BadSignature", kind="amendment")
    assert court.north.documents.current(KIND, "main", "south") is None


@pytest.mark.parametrize("shift", [-2 * 3_600_000, 2 * 3_600_000, "yesterday", 5])
def test_an_acceptance_dated_before_its_proposal_or_ahead_is_refused(court: Court, shift: object) -> None:
    court.north.documents.propose(KIND, "main", content(a="one"), "south")
    court.north.deliver("south")
    at = rfc3339(court.world.clock.time + shift) if isinstance(shift, int) and shift != 5 else shift
    court.cheat("accept", lambda send: replace(send, body={**send.body, "at": at}), kind="amendment")
    court.south.documents.accept("north")
    court.south.deliver("north")
    court.convict("signed-messages", "Malformed", kind="amendment")
    assert court.north.documents.current(KIND, "main", "south") is None


def test_a_withdrawal_after_the_acceptance_changes_nothing(court: Court) -> None:
    court.south.documents.propose(KIND, "main", content(a="one"), "north")
    court.south.deliver("north")
    court.north.documents.accept("south")
    row = court.last("amendment")
    payload = write_document(KIND, "main", "", pair(court), "content", content(a="one"))
    says(court, "withdraw", payload, row)
    assert court.north.documents.current(KIND, "main", "south") == content(a="one")
    assert court.entries("document.rejected") == []
    assert court.evidence() == []


# --- counter-proposals


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda send: replace(send, body={**send.body, "instead": "f" * 64}), "OutOfTurn"),
        (lambda send: replace(send, body={**send.body, "document": "f" * 64}), "Malformed"),
        (lambda send: replace(send, body={**send.body, "reason": "x" * 3000}), "Malformed"),
        (lambda send: replace(send, body={**send.body, "more": 1}), "Malformed"),
    ],
)
def test_a_counter_proposal_to_something_else_is_evidence(
    court: Court, change: Callable[[Send], Send], fault: str
) -> None:
    court.north.documents.propose(KIND, "main", content(a="one"), "south")
    court.north.deliver("south")
    court.cheat("counter", change, kind="amendment")
    court.south.documents.counter("north", "", content(a="two"), "")
    court.south.deliver("north")
    court.convict("signed-messages", fault, kind="amendment")


@pytest.mark.parametrize(
    ("kind", "name", "base"), [(KIND, "other", ""), (KIND, "main", "f" * 64), ("joint-list", "main", "")]
)
def test_a_counter_proposal_of_another_document_or_base_is_evidence(
    court: Court, kind: str, name: str, base: str
) -> None:
    first = court.north.documents.propose(KIND, "main", content(a="one"), "south")
    court.north.deliver("south")
    payload = write_document(kind, name, base, pair(court), "content", content(a="two"))
    says(court, "counter", payload, court.last("amendment"), instead=first, reason="")
    court.convict("signed-messages", "Malformed", kind="amendment")


# --- while suspended


def test_what_is_proposed_after_a_suspension_is_refused_though_the_proposer_forgot_it(court: Court) -> None:
    agreed(court, content(a="one"))
    court.north.agreements.suspend("south", "a leak")
    meet(court)
    unbound(court)
    court.south.documents.propose(KIND, "main", content(a="two"), "north")
    court.south.deliver("north")
    court.refused("suspended", kind="amendment")
    says(court, "propose", write_document(KIND, "other", "", pair(court), "content", content(a="two")))
    court.refused("suspended", kind="amendment")
    assert [view.proposals for view in court.north.documents.show(KIND)] == [[]]
    with pytest.raises(Refused, match="suspended"):
        court.north.documents.propose(KIND, "main", content(a="three"), "south")


# --- one side's word


@pytest.mark.parametrize(
    ("at", "effective", "said"),
    [(0, -DAY, "refused"), (2 * DAY, 2 * DAY, "Malformed"), (-DAY, -2 * DAY, "refused")],
)
def test_a_revocation_dated_ahead_or_backwards_does_not_count(
    court: Court, at: int, effective: int, said: str
) -> None:
    digest = agreed(court, content(a="one"))
    now, south = court.world.clock.time, court.south.office.identity().party
    payload = write_revocation(KIND, "main", digest, pair(court), south, now + at, now + effective)
    says(court, "revoke", payload)
    if said == "refused":
        court.refused("before it is made", kind="amendment")
    else:
        court.convict("signed-messages", said, kind="amendment")
    assert court.north.documents.current(KIND, "main", "south") == content(a="one")


@pytest.mark.parametrize(
    ("kind", "name", "base", "reason"),
    [
        (KIND, "main", "f" * 64, "another version"),
        (KIND, "other", "f" * 64, "there is no resolution"),
        ("agreement", "main", "f" * 64, "ends with notice"),
    ],
)
def test_a_revocation_of_what_is_not_in_force_is_refused(
    court: Court, kind: str, name: str, base: str, reason: str
) -> None:
    agreed(court, content(a="one"))
    now, south = court.world.clock.time, court.south.office.identity().party
    says(court, "revoke", write_revocation(kind, name, base, pair(court), south, now, now))
    court.refused(reason, kind="amendment")
    assert court.entries("document.ended") == []


def test_a_revocation_in_our_name_is_evidence(court: Court) -> None:
    digest = agreed(court, content(a="one"))
    now, north = court.world.clock.time, court.north.office.identity().party
    says(court, "revoke", write_revocation(KIND, "main", digest, pair(court), north, now, now))
    court.convict("signed-messages", "Malformed", kind="amendment")


def test_only_we_say_what_our_word_in_the_joint_list_is(court: Court) -> None:
    """The peer's node does not look at whose word it changes; ours does."""
    room = unbound(court)
    room.require_own_word = lambda *args: None  # type: ignore[method-assign]  # this is how it cheats
    north = court.north.office.identity().party
    word = {
        "aliases": [], "basis": "", "grounds": [], "names": [], "private": False, "reads": [], "reason": "",
        "review": "", "since": "", "sources": [], "status": "objects",
    }  # fmt: skip
    said = {"title": "Groups", "entries": {"isil": {"words": {north: word}}}}
    payload = write_document("joint-list", "main", "", pair(court), "content", said)
    says(court, "propose", payload)
    row = court.last("amendment")
    assert row.status in ("refused", "aborted")
    assert court.north.documents.show("joint-list") == []


# --- sizes and shapes


@pytest.mark.parametrize(
    "payload",
    [
        canonical({"document": KIND}),
        canonical({"base": "", "content": [], "document": KIND, "name": "main", "parties": []}),
        canonical(
            {"base": "", "content": {"title": "x" * MAX_DOCUMENT}, "document": KIND, "name": "main", "parties": []}
        ),
    ],
    ids=["nothing", "no content", "too large"],
)  # fmt: skip
def test_a_document_of_the_wrong_form_or_size_is_evidence(court: Court, payload: bytes) -> None:
    says(court, "propose", payload)
    court.convict("signed-messages", "Malformed", kind="amendment")


def test_an_entry_named_to_fool_a_reader_is_malformed(court: Court) -> None:
    said = {"title": "List", "entries": {"isil\u202egpj": {}}}
    says(court, "propose", write_document(KIND, "main", "", pair(court), "content", said))
    court.convict("signed-messages", "Malformed", kind="amendment")
