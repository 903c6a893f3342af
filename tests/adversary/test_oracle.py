"""The attribute oracle: invented records hung on a known token, one for each birth date that a person might have.

Who knows a person's name could so try every date against our record in the second round. It gets no further than the caps of the agreement.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from detente.ceremonies import inputs
from detente.errors import Malformed, PeerFault, Refused
from support.toy import converse, table, terms, words

DATES = [
    f"19{year:02}-{month:02}-{day:02}"
    for year in range(60, 64)
    for month in range(1, 13)
    for day in range(1, 29)
]
TARGET = words("target", "ivan petrov", "petrov smolensk", traits=[DATES[700]])
LIST = [TARGET, *(words(f"r{i}", f"a{i}", f"b{i}") for i in range(7))]
HOLDERS, PAIRS = 8, 6
AGREED = terms(audit=8, holders_per_token=HOLDERS, pairs_per_record=PAIRS, tokens_limit=1 << 16)


def test_thousands_of_invented_records_on_one_token_drop_that_token() -> None:
    """An honest node cuts them itself: a token of more records than the cap is dropped and counted."""
    invented = [
        words(f"i{n}", "ivan petrov", "petrov smolensk", traits=[date]) for n, date in enumerate(DATES)
    ]
    first, second, messages = table(LIST, invented, AGREED)
    converse(first, second, messages)
    assert first.result is not None
    assert second.result is not None
    assert second.result.counts["own_tokens_over_cap"] == 2
    assert first.result.counts["overlap_tokens"] == 0
    assert first.result.counts["compared"] == 0


def test_a_leaf_with_more_records_than_the_cap_is_refused_when_it_opens() -> None:
    """A node that does not cut: the leaf it committed to names more holders than the agreement allows."""
    invented = [
        words(f"i{n}", "ivan petrov", "petrov smolensk", traits=[date])
        for n, date in enumerate(DATES[690:800])
    ]
    greedy = terms(audit=0, holders_per_token=200, pairs_per_record=PAIRS, tokens_limit=1 << 16)
    strict = msgspec.structs.replace(greedy, holders_per_token=HOLDERS)
    first, second, messages = table(LIST, invented, strict)
    cheating = msgspec.structs.replace(second.setup, terms=greedy)
    ours = inputs.prepare(cheating, second.kind.topics["words"], second.entropy)
    second.state = replace(second.run, ours=ours)
    with pytest.raises(Malformed, match="cap"):
        converse(first, second, messages)
    assert first.run.round == 1
    assert first.result is None


def test_many_invented_records_on_many_tokens_are_compared_no_more_often_than_the_cap_on_pairs() -> None:
    """The best that caps allow: eight records a token, over every token of the target."""
    target = words("target", *(f"key {n}" for n in range(4)), traits=[DATES[5]])
    ours = [target, *LIST[1:]]
    invented = [
        words(f"i{n}", f"key {n % 4}", f"key {(n + 1) % 4}", traits=DATES[4 * n : 4 * n + 4])
        for n in range(16)
    ]
    first, second, messages = table(ours, invented, AGREED)
    converse(first, second, messages)
    assert first.result is not None
    assert first.result.counts["pairs_over_cap"] == 16 - PAIRS
    assert first.result.counts["compared"] == PAIRS
    assert sum(len(found.agreed) for found in first.result.findings) <= PAIRS * 4


def test_the_second_round_is_charged_so_every_guess_is_paid_for() -> None:
    invented = [
        words(f"i{n}", "ivan petrov", "petrov smolensk", traits=DATES[4 * n : 4 * n + 4]) for n in range(6)
    ]
    first, second, messages = table(LIST, invented, AGREED)
    converse(first, second, messages)
    charged = [entry.body for entry in first.journal if entry.kind == "run.charged"]
    assert [c["round"] for c in charged] == [1, 2]
    assert int(str(charged[1]["second"])) >= 6 * 4  # six pairs of four guesses


def test_values_beyond_the_cap_were_never_committed_and_cannot_be_asked_later() -> None:
    """More values than the profile may name: refused when the leaf opens."""
    invented = [words("i", "ivan petrov", "petrov smolensk", traits=DATES[:3])]
    first, second, messages = table(LIST, invented, AGREED)
    rich = terms(audit=8, holders_per_token=HOLDERS, pairs_per_record=PAIRS, values_per_record=len(DATES))
    cheat = words("i", "ivan petrov", "petrov smolensk", traits=DATES)
    _, wide, _ = table(LIST, [cheat], rich)
    ours = inputs.prepare(wide.setup, wide.kind.topics["words"], second.entropy)
    second.state = replace(second.run, ours=ours)
    second.setup = wide.setup
    with pytest.raises((PeerFault, Refused)) as caught:
        converse(first, second, messages)
    assert isinstance(caught.value, PeerFault)
    assert first.result is None
