"""Dates, documents, odds and settling of the people topic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.topics.dates import birth
from detente.topics.documents import is_inn, numbers, phones
from detente.topics.odds import probability
from detente.topics.settling import settle
from detente.topics.topic import Judgement, Reason


def shared(a: list[str], b: list[str]) -> set[str]:
    return {value.kind for value in set(birth(a).values()) & set(birth(b).values())}


def test_equal_days_agree_at_every_precision():
    assert shared(["1972-10-27"], ["1972-10-27"]) == {
        "birth day",
        "birth month and day",
        "birth month",
        "birth year",
        "birth years",
    }


def test_day_and_month_swapped_agree_as_swapped_only():
    assert "birth day or swapped" in shared(["1972-10-07"], ["1972-07-10"])
    assert "birth day" not in shared(["1972-10-07"], ["1972-07-10"])


def test_the_first_of_january_stands_for_the_year():
    assert birth(["1957-01-01"]).precision == 1
    assert "birth day" not in shared(["1957-01-01"], ["1957-01-01"])


@pytest.mark.parametrize(("years", "agree"), [(0, True), (1, True), (2, False), (9, False)])
def test_years_agree_within_one(years, agree):
    assert ("birth years" in shared(["1970"], [str(1970 + years)])) is agree


@given(st.lists(st.text(max_size=12), max_size=8))
def test_no_text_breaks_the_reading_of_dates(texts):
    assert birth(texts).precision in (0, 1, 2, 3)


def test_a_taxpayer_number_must_check():
    assert is_inn("500100732259")
    assert not is_inn("500100732258")
    assert numbers({"innCode": ("500100732258",)}) == []


def test_numbers_are_compared_without_their_punctuation():
    assert numbers({"passportNumber": ("ab 123-4567",)}) == numbers({"passportNumber": ("AB1234567",)})


@pytest.mark.parametrize("junk", ["000000", "n/a", "none", "12", "1111111"])
def test_placeholders_are_no_numbers(junk):
    assert numbers({"passportNumber": (junk,)}) == []


def test_a_phone_number_needs_its_country():
    assert phones({"phone": ("0049 30 1234567", "030 1234567")}) == ["+49301234567"]


def test_probability_is_monotonic_symmetric_and_never_certain():
    scores = [probability(m) for m in range(-60_000, 60_001, 500)]
    assert scores == sorted(scores)
    assert scores[0] == 1
    assert scores[-1] == 999_999
    assert all(abs(probability(m) + probability(-m) - 1_000_000) <= 1 for m in range(-15_000, 15_001, 137))


def finding(ours: int, theirs: int, *millibits: int) -> tuple[int, int, Judgement]:
    return ours, theirs, Judgement(1, "strong", tuple(Reason("", m) for m in (-12_000, *millibits)))


def test_a_finding_with_something_against_it_falls_beside_one_far_better():
    assert settle([finding(0, 0, 40_000), finding(0, 1, 20_000, -5_500)]) == [0]


def test_two_records_of_one_person_both_stay_when_nothing_speaks_against_either():
    assert settle([finding(0, 0, 40_000), finding(0, 1, 20_000)]) == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-9_000, 40_000)), max_size=12))
def test_settling_is_the_same_from_both_sides(triples):
    ours = [finding(a, b, weight, -5_500) for a, b, weight in triples]
    theirs = [finding(b, a, weight, -5_500) for a, b, weight in triples]
    assert settle(ours) == settle(theirs)
