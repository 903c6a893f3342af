"""vectors/joint-list.json: contents, words, states and grounds as spec/joint-list has them."""

import json
from pathlib import Path

import pytest

from detente.errors import Malformed, Refused
from detente.pact.joint_list import own_word, read_joint_list
from detente.topics.designations.grounds import GroupNames, only_unlisted
from detente.topics.designations.reconciling import state_of

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "joint-list.json").read_text(encoding="utf-8"))
BASE = VECTORS["accepted"][1]


@pytest.mark.parametrize("content", VECTORS["accepted"])
def test_these_are_joint_lists(content):
    read_joint_list(content, VECTORS["parties"])


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda each: each["why"])
def test_these_are_none(vector):
    with pytest.raises(Malformed):
        read_joint_list(vector["content"], VECTORS["parties"])


@pytest.mark.parametrize("vector", VECTORS["own_word"], ids=lambda each: each["why"])
def test_a_word_is_its_own_partys(vector):
    ours = VECTORS["parties"][0]
    for said, answer in (([], vector["said_nothing"]), ([vector["content"]], vector["said_this"])):
        if answer == "refused":
            with pytest.raises(Refused):
                own_word(BASE, vector["content"], ours, said)
        else:
            own_word(BASE, vector["content"], ours, said)
    assert (vector["said_nothing"] == "taken") == vector["why"].startswith("its own")


def test_two_words_come_to_what_the_table_says():
    mirror = {"ours": "theirs", "theirs": "ours"}
    states = {(ours, theirs): state for ours, theirs, state in VECTORS["states"]}
    assert len(states) == 25
    for (ours, theirs), state in states.items():
        assert state_of(ours, theirs) == state
        assert states[theirs, ours] == mirror.get(state, state)


def test_grounds_name_the_groups_that_they_name():
    names = GroupNames(VECTORS["names"])
    for vector in VECTORS["grounds"]:
        assert sorted(names.named(vector["text"])) == vector["groups"]
    for vector in VECTORS["unlisted"]:
        assert list(only_unlisted(vector["grounds"], names, set(VECTORS["listed"]))) == vector["groups"]
