"""vectors/tokens-groups.json: what spec/tokens-groups says. A change here is a new version of the topic."""

from __future__ import annotations

import json
from itertools import starmap
from pathlib import Path

import pytest

from detente.topics import groups_keys
from detente.topics.groups import GroupsTopic, tables
from detente.topics.orgs.words import words
from detente.topics.topic import Pair, Prepared, Token, Value

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/tokens-groups.json").read_text("utf-8"))
TOPIC = GroupsTopic()


def prepared(index: int) -> Prepared:
    row = {"id": "x", "schema": "Organization", "properties": VECTORS["records"][index]["properties"]}
    (found,) = TOPIC.prepare([TOPIC.parse(row)])
    return found


def test_the_version_and_the_tables_are_those_of_the_vectors():
    assert TOPIC.version == VECTORS["version"]
    assert dict(tables()) == VECTORS["tables"]


@pytest.mark.parametrize("entry", VECTORS["names"], ids=lambda entry: entry["name"])
def test_a_name_has_the_words_and_forms_of_the_vectors(entry):
    named = words(entry["name"])
    assert [groups_keys.symbol(word) for word in named.words] == entry["words"]
    assert list(named.forms) == entry["forms"]


@pytest.mark.parametrize("index", range(len(VECTORS["records"])))
def test_a_record_has_the_tokens_values_and_profile_of_the_vectors(index):
    entry, found = VECTORS["records"][index], prepared(index)
    assert list(found.tokens) == list(starmap(Token, entry["tokens"]))
    assert list(found.values) == list(starmap(Value, entry["values"]))
    assert dict(found.profile) == entry["profile"]


@pytest.mark.parametrize("entry", VECTORS["pairs"], ids=lambda entry: "-".join(map(str, entry["records"])))
def test_a_pair_has_the_score_of_the_vectors(entry):
    a, b = map(prepared, entry["records"])
    agreed = tuple(sorted(set(a.values) & set(b.values)))
    tokens = tuple(sorted(set(a.tokens) & set(b.tokens)))
    judgement = TOPIC.judge(Pair(tokens, a.profile, b.profile, agreed, True))
    assert [list(token) for token in tokens] == entry["tokens"]
    assert [list(value) for value in agreed] == entry["agreed"]
    assert judgement.score == entry["score"]
    assert [list(reason) for reason in judgement.because] == entry["because"]
