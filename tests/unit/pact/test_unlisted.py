"""The term `unlisted`: what becomes of records that stand only on a group that the other does not list."""

import msgspec
import pytest

from detente.errors import Malformed
from detente.pact.agreement import consequences, difference, parse_terms, statement, template
from detente.pact.terms import PartyTerms, from_json, to_json

OURS, THEIRS = PartyTerms("0" * 64, "North"), PartyTerms("1" * 64, "South")
TERMS = parse_terms(template(OURS, THEIRS, 1_795_376_533_123))


def saying(unlisted):
    return msgspec.structs.replace(
        TERMS, topics=(msgspec.structs.replace(TERMS.topics[0], unlisted=unlisted),)
    )


def test_terms_from_before_keep_their_text_and_admit():
    assert TERMS.topics[0].unlisted == "admit"
    assert b"unlisted" not in statement(TERMS)
    assert from_json(to_json(TERMS)) == TERMS


@pytest.mark.parametrize("unlisted", ["flag", "refuse"])
def test_what_is_agreed_is_written_read_back_and_told_in_words(unlisted):
    terms = saying(unlisted)
    assert from_json(to_json(terms)) == terms
    assert [str(each) for each in difference(TERMS, terms)] == [
        f"topics.people.unlisted: (none) -> {unlisted}"
    ]
    assert any("does not list on the joint list" in line for line in consequences(terms, OURS.id))


def test_the_default_spelt_out_and_an_unknown_word_are_malformed():
    for word in ("admit", "ignore"):
        value = to_json(TERMS)
        value["topics"][0]["unlisted"] = word
        with pytest.raises(Malformed):
            from_json(value)
