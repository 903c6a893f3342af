from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import msgspec
import pytest

from detente.errors import Expired, Malformed, Misuse, NotAgreed, Overdrawn, Refused, TooRevealing
from detente.journal.entries import Entry
from detente.pact.agreement import agreement_hash, read_agreement, statement
from detente.pact.document import read_document
from detente.pact.facts import (
    KIND_OF,
    Ended,
    Fact,
    InForce,
    Proposed,
    Rejected,
    Resumed,
    RunCharged,
    RunStarted,
    Superseded,
    Suspended,
    body_of,
    read_fact,
)
from detente.pact.policy import (
    Release,
    Spent,
    charge,
    misfit,
    read_release,
    releasable,
    require_in_force,
    require_onward,
    shelf,
    spent,
    standing,
)
from detente.pact.terms import DAY_MS, Terms
from detente.topics.topic import Record

OURS, THEIRS, THIRD = "a" * 64, "b" * 64, "c" * 64
NOW = 1_800_000_000_000
RECORD = Record(
    "r1",
    "Person",
    {"name": ("Ivan",), "birthDate": ("1970-01-01",), "notes": ("source: X",)},
    grounds=("member of ISIS",),
    marking="TLP:AMBER",
    grade="B2",
)


class Journal:
    """Facts in order, as a node's journal would give them."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._index: Iterator[int] = count()

    def add(self, subject: str, body: msgspec.Struct, at: int = NOW) -> Journal:
        self.facts.append(Fact(next(self._index), KIND_OF[type(body)], subject, THEIRS, at, body))
        return self

    def agree(self, terms: Terms, base: str = "", at: int = NOW) -> str:
        version = agreement_hash(statement(terms, base))
        self.add(version, Proposed("agreement", terms.name, base, OURS), at)
        self.add(version, InForce("agreement", terms.name, base, at), at)
        if base:
            self.add(base, Superseded(version), at)
        return version


@pytest.fixture
def journal() -> Journal:
    return Journal()


def stand(journal: Journal, terms: Terms, now: int = NOW):
    return standing(journal.facts, "main", lambda _: terms, now)


# --- standing


def test_no_agreement_allows_nothing(journal: Journal, terms: Terms) -> None:
    assert stand(journal, terms).state == "none"
    with pytest.raises(NotAgreed, match="no agreement 'main' is signed by both"):
        require_in_force(stand(journal, terms), "matching")


def test_a_proposal_is_not_yet_in_force(journal: Journal, terms: Terms) -> None:
    journal.add("d" * 64, Proposed("agreement", "main", "", THEIRS))
    assert stand(journal, terms).state == "proposed"
    with pytest.raises(NotAgreed):
        require_in_force(stand(journal, terms), "swap")


def test_what_both_signed_is_in_force(journal: Journal, terms: Terms) -> None:
    version = journal.agree(terms)
    assert require_in_force(stand(journal, terms), "matching", version) == terms


def test_a_message_under_a_superseded_agreement_is_refused(journal: Journal, terms: Terms) -> None:
    old = journal.agree(terms)
    new = journal.agree(msgspec.structs.replace(terms, retention_days=10), old)
    found = stand(journal, terms)
    assert found.hash == new
    with pytest.raises(NotAgreed, match="another version"):
        require_in_force(found, "matching", old)
    require_in_force(found, "recalls", old)


def test_an_expired_agreement_is_refused_to_the_millisecond(journal: Journal, terms: Terms) -> None:
    journal.agree(terms)
    require_in_force(stand(journal, terms, terms.expires - 1), "swap")
    with pytest.raises(Expired):
        require_in_force(stand(journal, terms, terms.expires), "swap")


def test_suspension_by_one_stops_matching_at_once_and_keeps_what_the_terms_list(
    journal: Journal, terms: Terms
) -> None:
    version = journal.agree(terms)
    journal.add(version, Suspended("main", THEIRS, "s1", ""))
    found = stand(journal, terms)
    assert (found.state, found.suspended_by, found.suspensions) == ("suspended", (THEIRS,), ("s1",))
    for stopped in ("matching", "swap", "amend"):
        with pytest.raises(NotAgreed, match="suspended"):
            require_in_force(found, stopped)
    for kept in ("recalls", "receipts", "disputes", "notices", "safety"):
        require_in_force(found, kept)


def test_resuming_lifts_only_the_suspensions_that_it_names(journal: Journal, terms: Terms) -> None:
    version = journal.agree(terms)
    journal.add(version, Suspended("main", THEIRS, "s1", ""))
    journal.add(version, Suspended("main", OURS, "s2", ""))
    journal.add(version, Resumed("main", ("s1",), "r1"))
    assert stand(journal, terms).suspended_by == (OURS,)
    journal.add(version, Resumed("main", ("s2",), "r2"))
    assert stand(journal, terms).state == "in_force"


def test_a_new_version_does_not_slip_out_of_a_suspension(journal: Journal, terms: Terms) -> None:
    old = journal.agree(terms)
    journal.add(old, Suspended("main", OURS, "s1", ""))
    journal.agree(msgspec.structs.replace(terms, retention_days=10), old)
    assert stand(journal, terms).state == "suspended"


def test_an_end_takes_effect_when_its_notice_has_run(journal: Journal, terms: Terms) -> None:
    version = journal.agree(terms)
    journal.add(version, Ended("main", THEIRS, NOW + DAY_MS, "e1"))
    assert stand(journal, terms).ends == NOW + DAY_MS
    require_in_force(stand(journal, terms, NOW + DAY_MS - 1), "matching")
    with pytest.raises(NotAgreed, match="has ended"):
        require_in_force(stand(journal, terms, NOW + DAY_MS), "matching")


def test_obligations_outlive_the_agreement(journal: Journal, terms: Terms) -> None:
    version = journal.agree(terms)
    journal.add(version, Ended("main", THEIRS, NOW, "e1"))
    for kept in ("recalls", "receipts", "disputes"):
        require_in_force(stand(journal, terms), kept)
    with pytest.raises(NotAgreed):
        require_in_force(stand(journal, terms), "notices")


def test_an_agreement_that_began_anew_after_its_end_is_not_suspended(journal: Journal, terms: Terms) -> None:
    old = journal.agree(terms)
    journal.add(old, Suspended("main", THEIRS, "s1", ""))
    journal.add(old, Ended("main", THEIRS, NOW, "e1"))
    journal.agree(terms, old, NOW + 1)
    assert stand(journal, terms, NOW + 1).state == "in_force"


def test_another_agreement_with_the_same_peer_is_not_touched(journal: Journal, terms: Terms) -> None:
    version = journal.agree(terms)
    journal.add("e" * 64, InForce("agreement", "airspace", "", NOW))
    journal.add("e" * 64, Suspended("airspace", THEIRS, "s1", ""))
    assert stand(journal, terms).state == "in_force"
    assert stand(journal, terms).hash == version


# --- which version may be signed


def doc(terms: Terms, base: str = ""):
    return read_document(statement(terms, base))


def test_crossing_proposals_stand_side_by_side(journal: Journal, terms: Terms) -> None:
    base = journal.agree(terms)
    journal.add("1" * 64, Proposed("agreement", "main", base, OURS))
    journal.add("2" * 64, Proposed("agreement", "main", base, THEIRS))
    found = shelf(journal.facts, "agreement", "main", NOW)
    assert {v.hash for v in found.proposals} == {"1" * 64, "2" * 64}
    assert found.base == base


def test_a_party_signs_one_successor_of_a_version_at_a_time(journal: Journal, terms: Terms) -> None:
    base = journal.agree(terms)
    journal.add("1" * 64, Proposed("agreement", "main", base, OURS))
    with pytest.raises(Refused, match="withdraw it first"):
        shelf(journal.facts, "agreement", "main", NOW).require_signable(doc(terms, base), OURS)
    journal.add("1" * 64, Rejected(OURS, "", withdrawn=True))
    shelf(journal.facts, "agreement", "main", NOW).require_signable(doc(terms, base), OURS)


def test_signing_what_does_not_follow_the_version_in_force_is_refused(journal: Journal, terms: Terms) -> None:
    journal.agree(terms)
    with pytest.raises(Refused, match="does not follow"):
        shelf(journal.facts, "agreement", "main", NOW).require_signable(doc(terms), OURS)


def test_amending_after_suspension_is_refused(journal: Journal, terms: Terms) -> None:
    base = journal.agree(terms)
    journal.add(base, Suspended("main", THEIRS, "s1", ""))
    with pytest.raises(NotAgreed, match="suspended"):
        shelf(journal.facts, "agreement", "main", NOW).require_signable(doc(terms, base), OURS)


# --- the budget


def run(
    journal: Journal,
    sid: str,
    first: int,
    second: int,
    *,
    who: str = OURS,
    at: int = NOW,
    topic: str = "people",
) -> None:
    other = THEIRS if who == OURS else OURS
    journal.add(sid, RunStarted({"roles": {"first": who, "second": other}}), at)
    journal.add(sid, RunCharged(topic, "e" * 64, 1, first, second), at)


def test_each_side_is_charged_what_it_queried(journal: Journal, terms: Terms) -> None:
    run(journal, "r1", 100, 30)
    run(journal, "r2", 100, 30, who=THEIRS)
    assert spent(journal.facts, terms.topic("people"), OURS, NOW) == Spent(130, 130)
    run(journal, "r3", 7, 0)
    assert spent(journal.facts, terms.topic("people"), OURS, NOW) == Spent(137, 130)


def test_a_run_of_unknown_roles_is_charged_at_its_larger_side(journal: Journal, terms: Terms) -> None:
    journal.add("r1", RunCharged("people", "e" * 64, 1, 100, 30))
    assert spent(journal.facts, terms.topic("people"), OURS, NOW) == Spent(100, 100)


def test_near_identical_reruns_are_charged_in_full(journal: Journal, terms: Terms) -> None:
    topic = terms.topic("people")
    for number in range(3):
        run(journal, f"r{number}", 100_000, 100_000)
    charge(journal.facts, topic, OURS, ours=100_000, theirs=100_000, now=NOW)
    with pytest.raises(Overdrawn, match="100000 are left"):
        charge(journal.facts, topic, OURS, ours=100_001, theirs=1, now=NOW)


def test_their_queries_are_held_to_the_same_budget(journal: Journal, terms: Terms) -> None:
    with pytest.raises(Overdrawn, match="the peer's budget"):
        charge(journal.facts, terms.topic("people"), OURS, ours=1, theirs=400_001, now=NOW)


def test_a_new_version_of_the_agreement_does_not_refill_the_budget(journal: Journal, terms: Terms) -> None:
    base = journal.agree(terms)
    run(journal, "r1", 400_000, 1)
    journal.agree(msgspec.structs.replace(terms, retention_days=10), base)
    with pytest.raises(Overdrawn):
        charge(journal.facts, terms.topic("people"), OURS, ours=1, theirs=1, now=NOW)


def test_the_budget_comes_back_when_the_period_has_passed(journal: Journal, terms: Terms) -> None:
    run(journal, "r1", 400_000, 1, at=NOW - 30 * DAY_MS)
    run(journal, "r2", 5, 5, at=NOW - 30 * DAY_MS + 1)
    assert spent(journal.facts, terms.topic("people"), OURS, NOW) == Spent(5, 5)


def test_a_clock_set_back_does_not_refill_the_budget(journal: Journal, terms: Terms) -> None:
    run(journal, "r1", 400_000, 1, at=NOW + DAY_MS)
    assert spent(journal.facts, terms.topic("people"), OURS, NOW).ours == 400_000


def test_another_topic_has_a_budget_of_its_own(journal: Journal, terms: Terms) -> None:
    run(journal, "r1", 400_000, 1, topic="groups")
    assert spent(journal.facts, terms.topic("people"), OURS, NOW) == Spent(0, 0)


# --- what may leave


def test_a_release_holds_the_agreed_fields_and_nothing_else(terms: Terms) -> None:
    release = releasable(terms, terms.topic("people"), RECORD, "Person", peer=THEIRS)
    assert release.properties == {"name": ("Ivan",), "birthDate": ("1970-01-01",)}
    assert release.grounds == ("member of ISIS",)
    assert (release.marking, release.grade) == ("TLP:AMBER", "B2")
    assert read_release(release.encode()) == release


def test_a_release_shows_nothing_in_its_repr(terms: Terms) -> None:
    assert "Ivan" not in repr(releasable(terms, terms.topic("people"), RECORD, "Person", peer=THEIRS))


@pytest.mark.parametrize("marking", ["TLP:RED", "", "TLP:AMBER SECRET"])
def test_a_marking_that_forbids_it_keeps_a_record_from_leaving(terms: Terms, marking: str) -> None:
    with pytest.raises(TooRevealing):
        releasable(terms, terms.topic("people"), msgspec_replace(marking=marking), "Person", peer=THEIRS)


def msgspec_replace(**changes: str) -> Record:
    from dataclasses import replace

    return replace(RECORD, **changes)


def test_onward_sharing_needs_the_originators_consent(terms: Terms) -> None:
    received = msgspec_replace(origin=f"party:{THIRD}")
    topic = terms.topic("people")
    with pytest.raises(NotAgreed, match="sign its consent"):
        releasable(terms, topic, received, "Person", peer=THEIRS)
    releasable(terms, topic, received, "Person", peer=THEIRS, consented=frozenset({THIRD}))
    closed = msgspec.structs.replace(terms, swap=msgspec.structs.replace(terms.swap, onward="never"))
    with pytest.raises(NotAgreed, match="nothing be passed on"):
        require_onward(closed, f"party:{THIRD}", THEIRS, frozenset({THIRD}))


def test_a_party_is_not_given_its_own_record_for_balance(terms: Terms) -> None:
    with pytest.raises(NotAgreed, match="that very party"):
        require_onward(terms, f"party:{THEIRS}", THEIRS, frozenset({THEIRS}))


def test_a_topic_that_releases_nothing_releases_nothing(terms: Terms) -> None:
    bare = msgspec.structs.replace(terms.topic("people"), release=())
    with pytest.raises(Misuse):
        releasable(terms, bare, RECORD, "Person", peer=THEIRS)


@pytest.mark.parametrize(
    ("change", "ground"),
    [
        ({}, None),
        ({"properties": {"notes": ("x",)}}, "schema"),
        ({"properties": {}, "grounds": ()}, "schema"),
        ({"marking": "TLP:GREEN"}, "marking"),
        ({"marking": ""}, "marking"),
        ({"marking": "TLP:RED"}, "marking"),
        ({"marking": "TLP:AMBER PAP:GREEN"}, None),
        ({"grade": "Z"}, "marking"),
    ],
)
def test_a_received_release_that_does_not_fit_is_told_by_ground(
    terms: Terms, change: dict, ground: str | None
) -> None:
    topic = terms.topic("people")
    good = releasable(terms, topic, RECORD, "Person", peer=THEIRS)
    assert misfit(msgspec.structs.replace(good, **change), terms, topic, "TLP:AMBER") == ground


def test_an_attachment_that_was_not_agreed_is_outside_the_schema(terms: Terms) -> None:
    from detente.pact.policy import Attachment

    good = releasable(terms, terms.topic("people"), RECORD, "Person", peer=THEIRS)
    more = msgspec.structs.replace(good, attachments=(Attachment("t", "0" * 64, "text"),))
    assert misfit(more, terms, terms.topic("people"), "TLP:AMBER") == "schema"


@pytest.mark.parametrize("plaintext", [b"", b"{}", b'{"schema": "Person"}', b"\xff", b"[]"])
def test_a_plaintext_that_is_no_release_is_malformed(plaintext: bytes) -> None:
    with pytest.raises(Malformed):
        read_release(plaintext)


def test_a_release_that_leaves_out_a_member_is_malformed() -> None:
    whole = Release("Person", {"name": ("x",)}, (), "TLP:AMBER", "F6").encode()
    with pytest.raises(Malformed):
        read_release(whole.replace(b'"attachments":[],', b""))


# --- facts


def test_a_fact_survives_the_journal() -> None:
    body = RunCharged("people", "e" * 64, 1, 5, 6)
    data = Entry("run.charged", NOW, "r1", body_of(body), "00" * 16).encode()
    assert read_fact(3, THEIRS, data) == Fact(3, "run.charged", "r1", THEIRS, NOW, body)


def test_entries_that_the_pact_does_not_rest_on_are_passed_over() -> None:
    assert read_fact(0, "", Entry("node.created", NOW, "", {}, "00" * 16).encode()) is None


def test_a_body_of_another_shape_is_malformed() -> None:
    with pytest.raises(Malformed):
        read_fact(0, "", Entry("item.opened", NOW, "x", {"swap": "s"}, "00" * 16).encode())


def test_an_agreement_reads_back_from_its_statement(terms: Terms) -> None:
    assert read_agreement(statement(terms))[1] == terms
