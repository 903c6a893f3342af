from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from detente.ceremonies.amendment import (
    TABLE,
    AmendmentKind,
    AmendmentSetup,
    Slot,
    accept,
    counter,
    reject,
    slot_of,
    withdraw,
)
from detente.ceremonies.ceremony import Send
from detente.ceremonies.proposals import MAX_COUNTERS
from detente.errors import (
    BadSignature,
    Equivocation,
    Expired,
    Malformed,
    Misuse,
    NotAgreed,
    OutOfTurn,
    PeerFault,
    Refused,
)
from detente.pact.agreement import agreement_hash, parse_terms, statement, template
from detente.pact.document import read_document, write_document
from detente.pact.facts import Fact, InForce
from detente.pact.history import periods
from detente.pact.policy import shelf, standing
from detente.pact.terms import DAY_MS, PartyTerms, Terms
from detente.pact.unilateral import write_end, write_resumption, write_revocation, write_suspension
from detente.wire.canonical import decode_base64
from detente.wire.envelope import AGREEMENT, DOCUMENT, add_signature, seal
from detente.wire.instant import rfc3339

from .pair import EAST, NORTH, NOW, RING, SOUTH, Pair, Side, changed, pair, sign_both

KIND = AmendmentKind({"roadmap": lambda document, now: None})
KEYS = dict(RING.periods)
PARTIES = tuple(sorted((NORTH.party, SOUTH.party)))
TERMS = parse_terms(template(PartyTerms(NORTH.party, "N"), PartyTerms(SOUTH.party, "S"), NOW + 400 * DAY_MS))
AT = rfc3339(NOW)
V1 = agreement_hash(statement(TERMS))
SHORTER = msgspec.structs.replace(TERMS, retention_days=10)
NEW = Slot("agreement", "main")
IN_FORCE = Slot("agreement", "main", V1, "in_force", notice_days=30)


def propose(
    payload: bytes,
    payload_type: str = AGREEMENT,
    *,
    slots: tuple[Slot, ...] = (),
    theirs: tuple[Slot, ...] | None = None,
    facts: Pair | None = None,
    ceremony: str = "c" * 32,
) -> Pair:
    """North proposes; the proposal is with south."""
    two = pair("amendment", ceremony)
    if facts is not None:
        two.first.facts, two.second.facts = facts.first.facts, facts.second.facts
        two.first.entries, two.second.entries = facts.first.entries, facts.second.entries
    envelope = seal(payload_type, payload, NORTH)
    two.first.take(
        KIND.begin(AmendmentSetup(NORTH.party, SOUTH.party, KEYS, slots, envelope), bytes(32), NOW)
    )
    answering = AmendmentSetup(SOUTH.party, NORTH.party, KEYS, slots if theirs is None else theirs)
    two.second.state = KIND.answer(answering, bytes(32), NOW)
    two.pump()
    return two


def sign(two: Pair, slot: Slot = NEW) -> None:
    """South's person signs what is asked."""
    envelope = decode_base64(two.second.asked[-1].subject["envelope"])
    two.second.decide(accept(add_signature(envelope, SOUTH), slot))


def agreed() -> Pair:
    two = propose(statement(TERMS))
    sign(two)
    two.pump()
    return two


def stand(side: Side, now: int = NOW, terms: Terms = TERMS):
    return standing(side.facts, "main", lambda _: terms, now)


# --- coming into force


def test_what_both_signed_is_in_force_on_both_sides() -> None:
    two = agreed()
    for side in (two.first, two.second):
        assert side.kinds == ["document.proposed", "document.accepted", "document.in_force"]
        assert stand(side).state == "in_force"
        assert stand(side).hash == V1
        assert side.finish.result.outcome == "in_force"
    assert two.first.finish.result.envelope == two.second.finish.result.envelope
    assert two.first.finish.result.by == two.second.finish.result.by == NORTH.party


def test_nothing_is_in_force_before_a_person_signed() -> None:
    two = propose(statement(TERMS))
    assert [ask.question for ask in two.second.asked] == ["answer"]
    assert two.second.asked[0].subject["hash"] == V1
    assert stand(two.first).state == stand(two.second).state == "proposed"


def test_a_new_version_supersedes_the_old_one() -> None:
    two = propose(statement(SHORTER, V1), slots=(IN_FORCE,), facts=agreed())
    sign(two, IN_FORCE)
    two.pump()
    for side in (two.first, two.second):
        assert stand(side).hash == agreement_hash(statement(SHORTER, V1))
        assert [v.state for v in shelf(side.facts, "agreement", "main", NOW).versions] == [
            "superseded",
            "in_force",
        ]


def test_another_kind_of_document_goes_the_same_way() -> None:
    payload = write_document("roadmap", "main", "", PARTIES, "content", {"actions": []})
    two = propose(payload, DOCUMENT)
    sign(two, Slot("roadmap", "main"))
    two.pump()
    assert two.first.finish.result.outcome == "in_force"
    assert shelf(two.second.facts, "roadmap", "main", NOW).base == two.first.finish.result.hash


def test_a_rejection_says_why_and_leaves_nothing_in_force() -> None:
    two = propose(statement(TERMS))
    two.second.decide(reject("too long"))
    two.pump()
    assert two.first.finish.result.reason == two.second.finish.result.reason == "too long"
    assert stand(two.first).state == stand(two.second).state == "none"


# --- withdrawing, and crossing


def test_a_withdrawal_counts_once_the_peer_has_acknowledged_it() -> None:
    two = propose(statement(TERMS))
    two.first.decide(withdraw())
    assert shelf(two.first.facts, "agreement", "main", NOW).proposals
    two.pump()
    assert not shelf(two.first.facts, "agreement", "main", NOW).proposals
    assert two.first.finish.result.outcome == two.second.finish.result.outcome == "withdrawn"


def test_withdrawal_after_acceptance_fails() -> None:
    two = propose(statement(TERMS))
    sign(two)
    two.first.decide(withdraw())
    two.first.receive(two.second.outbox.pop())
    assert two.first.finish.result.outcome == "in_force"
    assert stand(two.first).state == stand(two.second).state == "in_force"


def test_two_crossing_proposals_are_both_visible_and_neither_wins_by_being_later() -> None:
    base = agreed()
    ours, theirs = statement(SHORTER, V1), statement(msgspec.structs.replace(TERMS, recall_hours=5), V1)
    one = propose(ours, slots=(IN_FORCE,), facts=base, ceremony="1" * 32)
    # south proposes its own at the same time
    other = Pair(
        Side(SOUTH, NORTH.party, "amendment", "2" * 32), Side(NORTH, SOUTH.party, "amendment", "2" * 32)
    )
    other.first.facts, other.second.facts = base.second.facts, base.first.facts
    other.first.entries, other.second.entries = base.second.entries, base.first.entries
    setup = AmendmentSetup(SOUTH.party, NORTH.party, KEYS, (IN_FORCE,), seal(AGREEMENT, theirs, SOUTH))
    other.first.take(KIND.begin(setup, bytes(32), NOW))
    other.second.state = KIND.answer(
        AmendmentSetup(NORTH.party, SOUTH.party, KEYS, (IN_FORCE,)), bytes(32), NOW
    )
    other.pump()
    for facts in (base.first.facts, base.second.facts):
        seen = shelf(facts, "agreement", "main", NOW)
        assert {version.by for version in seen.proposals} == {NORTH.party, SOUTH.party}
        assert seen.base == V1
    # neither can sign the other's while its own signature on that version is live
    crossed = slot_of(shelf(base.second.facts, "agreement", "main", NOW), "agreement", "main", SOUTH.party)
    with pytest.raises(Refused, match="withdraw it first"):
        sign(one, crossed)
    other.first.decide(withdraw())
    other.pump()
    freed = slot_of(shelf(base.second.facts, "agreement", "main", NOW), "agreement", "main", SOUTH.party)
    sign(one, freed)
    one.pump()
    assert stand(one.first).hash == stand(one.second).hash == agreement_hash(ours)


def test_an_acceptance_of_what_was_overtaken_meanwhile_is_refused() -> None:
    two = propose(statement(SHORTER, V1), slots=(IN_FORCE,), facts=agreed())
    with pytest.raises(Refused, match="does not follow"):
        sign(two, replace_slot(base="f" * 64))


def replace_slot(**changes: object) -> Slot:
    return msgspec.structs.replace(IN_FORCE, **changes)


# --- attacks


def test_a_proposal_on_another_base_than_the_version_in_force_is_refused() -> None:
    with pytest.raises(Refused, match="does not follow"):
        propose(statement(SHORTER), theirs=(IN_FORCE,))
    with pytest.raises(Refused, match="does not follow"):
        propose(
            statement(SHORTER, "f" * 64),
            slots=(Slot("agreement", "main", "f" * 64, "in_force"),),
            theirs=(IN_FORCE,),
        )


def test_replaying_an_old_acceptance_brings_nothing_into_force() -> None:
    old = agreed().second.finish.result.envelope
    two = propose(statement(SHORTER, V1), slots=(IN_FORCE,), facts=agreed())
    replayed = two.second.sealed(
        Send("accept", {"document": agreement_hash(statement(SHORTER, V1)), "at": AT}, {"document": old})
    )
    with pytest.raises(OutOfTurn, match="acceptance of another document") as raised:
        two.first.receive(replayed)
    assert raised.value.evidence == (replayed.raw,)


def test_proposing_an_old_version_again_does_not_reuse_our_signature() -> None:
    both = agreed().first.finish.result.envelope
    two = pair("amendment")
    two.second.state = KIND.answer(AmendmentSetup(SOUTH.party, NORTH.party, KEYS), bytes(32), NOW)
    with pytest.raises(BadSignature):
        two.second.receive(two.first.sealed(Send("propose", {"document": V1}, {"document": both})))


def test_a_stripped_signature_is_refused() -> None:
    two = propose(statement(TERMS))
    sign(two)
    honest = two.second.outbox.pop()
    alone = seal(AGREEMENT, statement(TERMS), SOUTH)
    for envelope in (alone, seal(AGREEMENT, statement(TERMS), NORTH)):
        with pytest.raises(BadSignature) as raised:
            two.first.receive(changed(honest, sender=two.second, parts={"document": envelope}))
        assert raised.value.evidence
    assert two.first.state.phase == "proposed"


def test_a_signature_of_a_third_party_does_not_stand_in() -> None:
    two = propose(statement(TERMS))
    sign(two)
    honest = two.second.outbox.pop()
    for who in ((NORTH, EAST), (NORTH, SOUTH, EAST)):
        forged = changed(
            honest, sender=two.second, parts={"document": sign_both(AGREEMENT, statement(TERMS), *who)}
        )
        with pytest.raises(BadSignature):
            two.first.receive(forged)


def test_terms_changed_between_proposal_and_acceptance_are_refused() -> None:
    two = propose(statement(TERMS))
    sign(two)
    honest = two.second.outbox.pop()
    forged = seal(AGREEMENT, statement(SHORTER), SOUTH)
    with pytest.raises(PeerFault):
        two.first.receive(changed(honest, sender=two.second, parts={"document": forged}))


def test_an_agreement_between_other_parties_is_malformed() -> None:
    terms = parse_terms(template(PartyTerms(NORTH.party, "N"), PartyTerms(EAST.party, "E"), NOW + DAY_MS))
    two = pair("amendment")
    two.second.state = KIND.answer(AmendmentSetup(SOUTH.party, NORTH.party, KEYS), bytes(32), NOW)
    part = seal(AGREEMENT, statement(terms), NORTH)
    with pytest.raises(Malformed, match="other parties"):
        two.second.receive(
            two.first.sealed(
                Send("propose", {"document": agreement_hash(statement(terms))}, {"document": part})
            )
        )


def test_an_agreement_under_the_payload_type_of_another_document_is_malformed() -> None:
    two = pair("amendment")
    two.second.state = KIND.answer(AmendmentSetup(SOUTH.party, NORTH.party, KEYS), bytes(32), NOW)
    part = seal(DOCUMENT, statement(TERMS), NORTH)
    with pytest.raises(Malformed):
        two.second.receive(two.first.sealed(Send("propose", {"document": V1}, {"document": part})))


def test_amending_after_suspension_is_refused_at_every_door() -> None:
    suspended = replace_slot(state="suspended", suspensions=("5" * 64,))
    with pytest.raises(NotAgreed, match="suspended"):
        propose(statement(SHORTER, V1), slots=(suspended,))
    with pytest.raises(NotAgreed, match="suspended"):
        propose(statement(SHORTER, V1), slots=(IN_FORCE,), theirs=(suspended,))
    two = propose(statement(SHORTER, V1), slots=(IN_FORCE,), facts=agreed())
    with pytest.raises(NotAgreed, match="suspended"):
        sign(two, suspended)


def test_an_amendment_that_crossed_a_suspension_stays_suspended() -> None:
    base = agreed()
    two = propose(statement(SHORTER, V1), slots=(IN_FORCE,), facts=base)
    suspend(base, SOUTH)
    sign(two, IN_FORCE)  # decided before the suspension was known
    two.pump()
    assert stand(two.first).state == stand(two.second).state == "suspended"


def test_terms_that_have_expired_are_not_signed() -> None:
    late = msgspec.structs.replace(TERMS, expires=NOW)
    with pytest.raises(Expired):
        propose(statement(late))


def test_a_document_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match="knows no joint documents"):
        propose(write_document("treaty", "main", "", PARTIES, "content", {}), DOCUMENT)


def test_our_own_person_cannot_sign_something_else_by_mistake() -> None:
    two = propose(statement(TERMS))
    other = sign_both(AGREEMENT, statement(SHORTER), NORTH, SOUTH)
    with pytest.raises(Misuse):
        two.second.decide(accept(other, Slot("agreement", "main")))
    with pytest.raises(Misuse):
        two.second.decide(accept(seal(AGREEMENT, statement(TERMS), NORTH), Slot("agreement", "main")))


@pytest.mark.parametrize(
    "step",
    [
        "propose",
        "accept",
        "reject",
        "counter",
        "withdraw",
        "withdrawn",
        "suspend",
        "end",
        "revoke",
        "noted",
        "hello",
    ],
)
@pytest.mark.parametrize("phase", ["idle", "proposed", "considering", "withdrawing", "told", "over"])
def test_what_the_table_does_not_list_is_out_of_turn(phase: str, step: str) -> None:
    two = propose(statement(TERMS))
    state = replace(two.second.state, phase=phase)
    if (phase, step) in TABLE:
        return
    with pytest.raises(OutOfTurn):
        state.receive(two.first.sealed(Send(step, {})), NOW)


@pytest.mark.parametrize(
    ("step", "body", "parts"),
    [
        ("accept", {}, {}),
        ("accept", {"document": V1}, {"document": b"x", "more": b""}),
        ("accept", {"document": V1}, {"document": b"{}"}),
        ("accept", {"document": V1, "at": 5}, {"document": b"{}"}),
        ("counter", {"document": V1}, {"document": b"{}"}),
        ("counter", {"document": V1, "instead": V1, "reason": ""}, {}),
        ("reject", {"reason": 5}, {}),
        ("reject", {"reason": "x" * 3000}, {}),
        ("reject", {"reason": "", "more": 1}, {}),
    ],
)
def test_answers_of_the_wrong_form_are_malformed(step: str, body: dict, parts: dict) -> None:
    two = propose(statement(TERMS))
    with pytest.raises(Malformed):
        two.first.receive(two.second.sealed(Send(step, body, parts)))


def test_people_are_not_asked_for_what_the_table_does_not_list() -> None:
    two = propose(statement(TERMS))
    with pytest.raises(Misuse):
        two.second.decide(withdraw())
    with pytest.raises(Misuse):
        two.first.decide(reject("no"))


# --- counter-proposals

ROADMAP = Slot("roadmap", "main")


def version(value: int, base: str = "", name: str = "main") -> bytes:
    return write_document("roadmap", name, base, PARTIES, "content", {"value": value})


def answer(side: Side, who, payload: bytes, slot: Slot = ROADMAP, reason: str = "rather") -> None:
    side.decide(counter(seal(DOCUMENT, payload, who), slot, reason))


def test_a_counter_proposal_leaves_one_version_that_can_be_signed() -> None:
    two = propose(version(1), DOCUMENT)
    answer(two.second, SOUTH, version(2))
    found = shelf(two.second.facts, "roadmap", "main", NOW)
    assert [(each.by, each.state) for each in found.versions] == [
        (NORTH.party, "rejected"),
        (SOUTH.party, "proposed"),
    ]
    with pytest.raises(Misuse):
        sign(two, ROADMAP)  # theirs is rejected: there is nothing to sign here any more
    two.pump()
    assert two.first.asked[-1].subject["instead"] == read_document(version(1)).hash
    assert two.first.asked[-1].subject["reason"] == "rather"
    for side in (two.first, two.second):
        (live,) = shelf(side.facts, "roadmap", "main", NOW).proposals
        assert live.hash == read_document(version(2)).hash


def test_the_proposer_signs_a_counter_proposal_and_it_is_in_force_from_that_instant() -> None:
    two = propose(version(1), DOCUMENT)
    answer(two.second, SOUTH, version(2))
    two.pump()
    two.first.now = NOW + 5000
    envelope = decode_base64(two.first.asked[-1].subject["envelope"])
    two.first.decide(accept(add_signature(envelope, NORTH), ROADMAP))
    two.second.now = NOW + 90_000
    two.pump()
    for side in (two.first, two.second):
        assert side.finish.result.effective == NOW + 5000
        (period,) = periods(side.facts)
        assert (period.since, period.until) == (NOW + 5000, None)


@pytest.mark.parametrize(
    "payload",
    [version(1), version(2, "f" * 64), version(2, name="other"), statement(TERMS),
     write_resumption("main", V1, PARTIES, ("5" * 64,))],
    ids=["the same", "another base", "another name", "another kind", "a statement"],
)  # fmt: skip
def test_a_counter_proposal_is_another_version_of_the_same_document(payload: bytes) -> None:
    two = propose(version(1), DOCUMENT)
    kind = AGREEMENT if payload == statement(TERMS) else DOCUMENT
    with pytest.raises(Misuse, match="another version"):
        two.second.decide(counter(seal(kind, payload, SOUTH), ROADMAP, ""))
    first = read_document(version(1)).hash
    said = {"document": read_document(payload).hash, "instead": first, "reason": ""}
    with pytest.raises(Malformed):
        two.first.receive(two.second.sealed(Send("counter", said, {"document": seal(kind, payload, SOUTH)})))


def test_counter_proposals_are_refused_while_ours_is_open_or_all_is_suspended() -> None:
    two = propose(version(1), DOCUMENT)
    for slot in (
        msgspec.structs.replace(ROADMAP, open="9" * 64),
        msgspec.structs.replace(ROADMAP, held=True),
        msgspec.structs.replace(ROADMAP, base="9" * 64, state="in_force"),
    ):
        with pytest.raises(Refused):
            answer(two.second, SOUTH, version(2), slot)


def test_a_conversation_bears_so_many_counter_proposals_and_no_more() -> None:
    two = propose(version(0), DOCUMENT)
    sides = [(two.second, SOUTH), (two.first, NORTH)]
    for turn in range(MAX_COUNTERS):
        side, who = sides[turn % 2]
        answer(side, who, version(turn + 1))
        two.pump()
    with pytest.raises(Misuse, match="no more counter-proposals"):
        answer(two.second, SOUTH, version(999))
    late = replace(two.first.state, phase="proposed")
    last = read_document(version(MAX_COUNTERS)).hash
    said = {"document": read_document(version(999)).hash, "instead": last, "reason": ""}
    with pytest.raises(Refused, match="no more counter-proposals"):
        late.receive(
            two.second.sealed(Send("counter", said, {"document": seal(DOCUMENT, version(999), SOUTH)})), NOW
        )


def test_a_withdrawal_that_crosses_a_counter_proposal_is_passed_over_once() -> None:
    two = propose(version(1), DOCUMENT)
    answer(two.second, SOUTH, version(2))
    two.first.decide(withdraw())
    crossed = two.first.outbox.pop()
    two.second.receive(crossed)
    assert two.second.state.phase == "proposed"
    with pytest.raises(OutOfTurn):
        two.second.receive(crossed)
    two.pump()
    assert two.first.state.phase == "considering"


# --- both propose the same, or more than they may


def crossed(slot: Slot) -> Pair:
    """North proposes to a south whose slot is this."""
    two = pair("amendment")
    envelope = seal(DOCUMENT, version(1), NORTH)
    two.first.take(KIND.begin(AmendmentSetup(NORTH.party, SOUTH.party, KEYS, (), envelope), bytes(32), NOW))
    two.second.state = KIND.answer(AmendmentSetup(SOUTH.party, NORTH.party, KEYS, (slot,)), bytes(32), NOW)
    return two


def test_what_both_have_proposed_is_in_force_without_another_signature() -> None:
    same = read_document(version(1)).hash
    two = crossed(msgspec.structs.replace(ROADMAP, open=same, signed=seal(DOCUMENT, version(1), SOUTH)))
    two.pump()
    assert two.second.asked == []
    for side in (two.first, two.second):
        assert side.finish.result.outcome == "in_force"
    assert two.first.finish.result.envelope == sign_both(DOCUMENT, version(1), NORTH, SOUTH)


def test_a_second_proposal_on_one_base_is_equivocation_with_both_messages() -> None:
    two = crossed(msgspec.structs.replace(ROADMAP, theirs="9" * 64, said=b"the first"))
    with pytest.raises(Equivocation) as raised:
        two.pump()
    assert raised.value.evidence[0] == b"the first"
    assert len(raised.value.evidence) == 2


def test_our_proposal_of_what_they_have_proposed_is_an_acceptance_and_refused_as_a_proposal() -> None:
    same = read_document(version(1)).hash
    slot = msgspec.structs.replace(ROADMAP, theirs=same)
    with pytest.raises(Refused, match="accept it"):
        propose(version(1), DOCUMENT, slots=(slot,))


# --- one instant for both sides


@pytest.mark.parametrize("shift", [-2 * 3_600_000, 2 * 3_600_000])
def test_an_acceptance_is_not_dated_before_its_proposal_or_ahead(shift: int) -> None:
    two = propose(version(1), DOCUMENT)
    sign(two, ROADMAP)
    honest = two.second.outbox.pop()
    with pytest.raises(Malformed, match="dated"):
        two.first.receive(changed(honest, sender=two.second, body={"at": rfc3339(NOW + shift)}))


# --- revoking


def revoked(slot: Slot, at: int = NOW, effective: int = NOW, base: str = V1, kind: str = "roadmap") -> Pair:
    facts = pair("amendment")
    payload = write_revocation(kind, "main", base, PARTIES, NORTH.party, at, effective, "over")
    two = declare(facts, payload, slot=slot, theirs=slot)
    two.pump()
    return two


HELD = Slot("roadmap", "main", V1, "in_force")


def test_a_revocation_counts_on_both_sides_from_its_instant() -> None:
    two = revoked(HELD, effective=NOW + 10)
    for side in (two.first, two.second):
        assert (side.finish.result.outcome, side.finish.result.effective) == ("revoked", NOW + 10)
        assert side.kinds == ["document.ended"]


@pytest.mark.parametrize(
    ("slot", "changes", "reason"),
    [
        (HELD, {"effective": NOW - 1}, "before it is made"),
        (HELD, {"base": "9" * 64}, "another version"),
        (ROADMAP, {}, "no roadmap"),
        (msgspec.structs.replace(HELD, state="ended"), {}, "ended already"),
        (IN_FORCE, {"kind": "agreement"}, "ends with notice"),
    ],
)
def test_a_revocation_that_fits_nothing_is_refused_before_it_is_sent(
    slot: Slot, changes: dict, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        revoked(slot, **changes)


def test_revocations_that_cross_are_both_journalled_and_the_earlier_counts_on_both_sides() -> None:
    ended = msgspec.structs.replace(HELD, state="ended")
    first = (V1, InForce("roadmap", "main", "", NOW - 9))
    sides = []
    for mine, other in ((NOW, NOW + 7), (NOW + 7, NOW)):
        facts = pair("amendment")
        who = NORTH if mine == NOW else SOUTH
        theirs = SOUTH if who is NORTH else NORTH
        own = write_revocation("roadmap", "main", V1, PARTIES, who.party, mine, mine)
        declare(facts, own, who, HELD, HELD)
        late = write_revocation("roadmap", "main", V1, PARTIES, theirs.party, other, other)
        declare(facts, late, theirs, HELD, ended).pump()
        side = facts.first if who is NORTH else facts.second
        told = [Fact(0, "document.in_force", *first[:1], "", NOW, first[1]), *side.facts]
        sides.append([(period.since, period.until) for period in periods(told)])
    assert sides[0] == sides[1] == [(NOW - 9, NOW)]


def test_a_revocation_that_crossed_an_amendment_ends_the_base_alone() -> None:
    facts = pair("amendment")
    payload = write_revocation("roadmap", "main", V1, PARTIES, NORTH.party, NOW, NOW)
    successor = msgspec.structs.replace(HELD, base="9" * 64, past=(V1,))
    two = declare(facts, payload, slot=HELD, theirs=successor)
    two.pump()
    assert two.second.entries[-1].subject == V1
    with pytest.raises(Refused, match="ended already"):
        declare(facts, payload, slot=successor)


# --- suspending, resuming, ending


def declare(
    facts: Pair,
    payload: bytes,
    who=NORTH,
    slot: Slot = IN_FORCE,
    theirs: Slot = IN_FORCE,
    ceremony: str = "3" * 32,
) -> Pair:
    ours_first = who is NORTH
    other = SOUTH if ours_first else NORTH
    two = Pair(Side(who, other.party, "amendment", ceremony), Side(other, who.party, "amendment", ceremony))
    mine, peers = (facts.first, facts.second) if ours_first else (facts.second, facts.first)
    two.first.facts, two.second.facts = mine.facts, peers.facts
    two.first.entries, two.second.entries = mine.entries, peers.entries
    setup = AmendmentSetup(who.party, other.party, KEYS, (slot,), seal(DOCUMENT, payload, who))
    two.first.take(KIND.begin(setup, bytes(32), NOW))
    two.second.state = KIND.answer(AmendmentSetup(other.party, who.party, KEYS, (theirs,)), bytes(32), NOW)
    return two


def suspend(facts: Pair, who=NORTH, nonce: str = "0" * 32) -> Pair:
    payload = write_suspension("main", V1, PARTIES, who.party, NOW, nonce, "under review")
    two = declare(facts, payload, who)
    two.pump()
    return two


def test_suspension_is_one_sided_and_holds_before_the_peer_hears_of_it() -> None:
    base = agreed()
    two = declare(base, write_suspension("main", V1, PARTIES, NORTH.party, NOW, "0" * 32))
    assert stand(base.first).state == "suspended"
    assert stand(base.second).state == "in_force"
    two.pump()
    assert stand(base.second).state == "suspended"
    assert two.first.finish.result.outcome == two.second.finish.result.outcome == "suspended"


def held(facts: Pair) -> Slot:
    return replace_slot(state="suspended", suspensions=stand(facts.first).suspensions)


def test_resuming_needs_both_signatures() -> None:
    base = agreed()
    suspend(base)
    slot = held(base)
    two = propose(
        write_resumption("main", V1, PARTIES, slot.suspensions), DOCUMENT, slots=(slot,), facts=base
    )
    assert stand(base.second).state == "suspended"
    sign(two, slot)
    two.pump()
    assert stand(base.first).state == stand(base.second).state == "in_force"
    assert two.first.finish.result.outcome == "resumed"


def test_an_old_resumption_does_not_lift_a_new_suspension() -> None:
    base = agreed()
    suspend(base)
    first = held(base)
    two = propose(
        write_resumption("main", V1, PARTIES, first.suspensions), DOCUMENT, slots=(first,), facts=base
    )
    sign(two, first)
    two.pump()
    suspend(base, nonce="1" * 32)
    second = held(base)
    assert second.suspensions != first.suspensions
    with pytest.raises(Refused, match="exactly the suspensions"):
        propose(
            write_resumption("main", V1, PARTIES, first.suspensions), DOCUMENT, slots=(second,), facts=base
        )


def test_both_may_suspend_at_once_and_one_resumption_lifts_both() -> None:
    base = agreed()
    suspend(base)
    suspend(base, SOUTH, "1" * 32)
    slot = held(base)
    assert len(slot.suspensions) == 2
    two = propose(
        write_resumption("main", V1, PARTIES, slot.suspensions), DOCUMENT, slots=(slot,), facts=base
    )
    sign(two, slot)
    two.pump()
    assert stand(base.first).state == stand(base.second).state == "in_force"


def test_an_end_needs_the_agreed_notice() -> None:
    base = agreed()
    soon = write_end("main", V1, PARTIES, NORTH.party, NOW, NOW + 30 * DAY_MS - 1)
    with pytest.raises(Refused, match="30 days' notice"):
        declare(base, soon)
    lax = replace_slot(notice_days=0)
    with pytest.raises(Refused, match="30 days' notice"):
        declare(base, soon, slot=lax).pump()


def test_an_end_holds_on_both_sides_from_the_same_instant() -> None:
    base = agreed()
    at = NOW + 30 * DAY_MS
    two = declare(base, write_end("main", V1, PARTIES, SOUTH.party, NOW, at), SOUTH)
    two.pump()
    for side in (base.first, base.second):
        assert stand(side, at - 1).state == "in_force"
        assert stand(side, at).state == "ended"
    assert two.second.finish.result.effective == at


@pytest.mark.parametrize(
    "payload",
    [
        write_suspension("main", V1, PARTIES, SOUTH.party, NOW, "0" * 32),
        write_suspension("main", V1, PARTIES, NORTH.party, NOW + DAY_MS, "0" * 32),
        write_suspension("main", V1, PARTIES, NORTH.party, NOW, "short"),
        write_document("suspend", "main", V1, PARTIES, "content", {}),
    ],
)
def test_a_statement_in_anothers_name_or_dated_ahead_is_malformed(payload: bytes) -> None:
    two = pair("amendment")
    two.second.state = KIND.answer(
        AmendmentSetup(SOUTH.party, NORTH.party, KEYS, (IN_FORCE,)), bytes(32), NOW
    )
    from detente.wire.envelope import statement_id

    part = seal(DOCUMENT, payload, NORTH)
    with pytest.raises(Malformed):
        two.second.receive(
            two.first.sealed(
                Send("suspend", {"document": statement_id(DOCUMENT, payload)}, {"document": part})
            )
        )


def test_what_was_never_agreed_is_not_suspended() -> None:
    with pytest.raises(Refused, match="no agreement 'main'"):
        declare(
            pair("amendment"),
            write_suspension("main", V1, PARTIES, NORTH.party, NOW, "0" * 32),
            slot=Slot("agreement", "main"),
        )


def test_a_suspension_cannot_be_smuggled_in_as_a_proposal() -> None:
    payload = write_suspension("main", V1, PARTIES, NORTH.party, NOW, "0" * 32)
    from detente.wire.envelope import statement_id

    two = pair("amendment")
    two.second.state = KIND.answer(
        AmendmentSetup(SOUTH.party, NORTH.party, KEYS, (IN_FORCE,)), bytes(32), NOW
    )
    body = {"document": statement_id(DOCUMENT, payload)}
    with pytest.raises(Malformed):
        two.second.receive(
            two.first.sealed(Send("propose", body, {"document": seal(DOCUMENT, payload, NORTH)}))
        )


# --- determinism


def test_replaying_the_inputs_gives_the_same_effects() -> None:
    setup = AmendmentSetup(NORTH.party, SOUTH.party, KEYS, (), seal(AGREEMENT, statement(TERMS), NORTH))
    assert KIND.begin(setup, bytes(32), NOW) == KIND.begin(setup, bytes(32), NOW)
    encoded = msgspec.msgpack.encode(setup)
    assert msgspec.msgpack.decode(encoded, type=AmendmentSetup) == setup
