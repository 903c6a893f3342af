"""A peer that stops early: at every message it is counted who knows how many of the common tokens. bench/fairness.py prints the same."""

from __future__ import annotations

import pytest

from detente.psi.engine import Role
from support.toy import lists, stops, table, terms, words


@pytest.mark.parametrize("buckets", [1, 4, 16])
def test_whoever_stops_at_whatever_message_leads_by_no_more_than_one_bucket(buckets: int) -> None:
    ours, theirs = lists(24, 6)
    found, fullest = stops(ours, theirs, terms(buckets=buckets))
    assert {stop.stopper for stop in found} == set(Role)
    assert max(stop.lead for stop in found) <= fullest
    assert found[-1].stops_with[0] == 96  # nobody stopped: both know all
    leads = {role: max(stop.lead for stop in found if stop.stopper is role) for role in Role}
    if buckets > 1:  # the first mover alternates, so neither role is the one that always leads
        assert all(leads.values())


def test_before_the_audits_are_over_nobody_knows_anything() -> None:
    found, _ = stops(*lists(8, 2), terms(buckets=4))
    first_audit = next(i for i, stop in enumerate(found) if stop.step == "audit")
    for stop in found[: first_audit + 1]:
        assert stop.stops_with == stop.leaves_with == (0, 0)


def test_in_round_two_whoever_stops_leads_by_no_more_than_one_bucket_of_values() -> None:
    ours = [words(f"a{i}", f"x{i}", f"y{i}", traits=[f"t{i}", "tall", "old"]) for i in range(12)]
    theirs = [words(f"b{i}", f"x{i}", f"y{i}", traits=[f"t{i}", "tall", "young"]) for i in range(12)]
    found, fullest = stops(ours, theirs, terms(buckets=4))
    second = [stop for stop in found if stop.round == 2]
    assert 0 < max(stop.lead for stop in second) <= fullest
    assert second[-1].stops_with == second[-1].leaves_with == (24, 24)


def test_a_run_that_is_stopped_at_any_message_stays_charged_on_both_sides() -> None:
    ours, theirs = lists(4, 4)
    whole = len(stops(ours, theirs, terms())[0])
    for stop in range(whole):
        first, second, queue = table(ours, theirs, terms())
        hearer, speaker, heard = second, first, -2  # the proposal and its acceptance
        while queue and heard < stop:
            queue, heard = [answer for message in queue for answer in hearer.hear(message)], heard + 1
            hearer, speaker = speaker, hearer
        for side in (first, second):
            assert [entry.kind for entry in side.journal][:2] == ["run.started", "run.charged"]
