from __future__ import annotations

from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.pact.facts import KIND_OF, Accepted, Ended, Fact, InForce, Proposed, Rejected, Superseded
from detente.pact.history import Period, periods, span
from detente.pact.policy import shelf

OURS, THEIRS = "a" * 64, "b" * 64
V1, V2, V3 = "1" * 64, "2" * 64, "3" * 64
DAY = 86_400_000


def facts(*told: tuple[str, msgspec.Struct]) -> list[Fact]:
    return [
        Fact(index, KIND_OF[type(body)], subject, THEIRS, 1000 + index, body)
        for index, (subject, body) in enumerate(told)
    ]


def version(subject: str, base: str, since: int, name: str = "main") -> tuple[str, msgspec.Struct]:
    return subject, InForce("roadmap", name, base, since)


def told(*which: tuple[str, msgspec.Struct]) -> list[tuple[str, int, int | None]]:
    return [(each.hash, each.since, each.until) for each in periods(facts(*which))]


def test_a_version_is_in_force_until_its_successor_is() -> None:
    assert told(version(V1, "", 10), version(V2, V1, 20)) == [(V1, 10, 20), (V2, 20, None)]


def test_the_first_instant_is_within_and_the_last_is_not() -> None:
    period = Period("roadmap", "main", V1, "", 10, 20)
    assert [period.meets(at, at + 1) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert period.meets(0, 11)
    assert not period.meets(0, 10)


def test_of_two_acceptances_the_earlier_counts_whichever_is_heard_first() -> None:
    for order in permutations([version(V1, "", 10), version(V1, "", 12)]):
        assert told(*order) == [(V1, 10, None)]


def test_no_version_counts_before_the_one_that_it_follows() -> None:
    """Two clocks may differ by an hour."""
    assert told(version(V1, "", 30), version(V2, V1, 20)) == [(V1, 30, 30), (V2, 30, None)]


def test_a_notice_or_revocation_ends_a_version_and_a_later_one_begins_anew() -> None:
    ended = (V1, Ended("main", OURS, 15, "5" * 64))
    assert told(version(V1, "", 10), ended) == [(V1, 10, 15)]
    assert told(version(V1, "", 10), ended, version(V2, V1, 40)) == [(V1, 10, 15), (V2, 40, None)]


def test_documents_of_other_names_do_not_touch_each_other() -> None:
    assert told(version(V1, "", 10), version(V2, "", 20, "other")) == [(V1, 10, None), (V2, 20, None)]


@given(st.permutations([version(V1, "", 10), version(V2, V1, 20), version(V3, V2, 30), version(V2, V1, 25)]))
def test_the_order_in_which_a_journal_heard_of_versions_does_not_matter(
    order: list[tuple[str, msgspec.Struct]],
) -> None:
    assert told(*order) == [(V1, 10, 20), (V2, 20, 30), (V3, 30, None)]


def test_a_day_is_its_24_hours_and_an_instant_itself() -> None:
    assert span("1970-01-03") == (2 * DAY, 3 * DAY)
    assert span("1970-01-03T00:00:00.005Z") == (2 * DAY + 5, 2 * DAY + 6)


@pytest.mark.parametrize(
    "when", ["", "1970-02-30", "yesterday", "1970-1-3", "1970-01-03T00:00:00Z", "٢٠٢٦-٠٥-٠١"]
)
def test_what_is_no_day_is_refused(when: str) -> None:
    with pytest.raises(Misuse):
        span(when)


# --- the shelf


def test_a_second_acceptance_brings_no_superseded_version_back() -> None:
    found = shelf(
        facts(
            (V1, Proposed("roadmap", "main", "", OURS)), version(V1, "", 10),
            (V2, Proposed("roadmap", "main", V1, OURS)), version(V2, V1, 20), (V1, Superseded(V2)),
            (V1, Accepted(THEIRS, "m")), version(V1, "", 12),
        ),
        "roadmap", "main", 100,
    )  # fmt: skip
    assert [each.state for each in found.versions] == ["superseded", "in_force"]
    assert found.base == V2


def test_what_was_rejected_and_is_proposed_again_is_a_live_signature_again() -> None:
    again = (V1, Proposed("roadmap", "main", "", OURS))
    found = shelf(facts(again, (V1, Rejected(THEIRS, "no")), again), "roadmap", "main", 100)
    assert [each.hash for each in found.proposals] == [V1]
