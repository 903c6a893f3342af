"""What every topic promises (topics/topic). A new topic joins TOPICS with rows to draw from, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.topics import groups_keys, people_keys
from detente.topics.groups import GroupsTopic
from detente.topics.people import PeopleTopic
from detente.topics.topic import Pair, Prepared, Topic

PERSONS = st.fixed_dictionaries(
    {
        "name": st.lists(
            st.sampled_from(
                [
                    "Шамиль Салманович Басаев", "Chamil Bassaïev", "شامل باساييف", "Muhammad Ahmad al-Hasan", "محمد أحمد الحسن",
                    "Ivan Petrov", "Jean Petrov", "Petrov", "KIM Chol", "Ángel López de la Cruz", "O. Yong Ho", "Mohammad-Reza Naqdi",
                    "Abd al-Rahman ibn Khalid", "Вольга Анатольеўна ДУБОВІК", "习近平", "\ue000 \ue001", "X", "a" * 300 + " b",
                ]
            )
            | st.text(min_size=1, max_size=40),
            min_size=1,
            max_size=12,
        ),
        "birthDate": st.lists(st.sampled_from(["1970", "1970-01-01", "1970-05-07", "1970-07-05", "1971-05", "x"]), max_size=4),
        "nationality": st.lists(st.sampled_from(["ru", "SY", "ir"]), max_size=2),
        "gender": st.lists(st.sampled_from(["male", "female"]), max_size=1),
        "passportNumber": st.lists(st.sampled_from(["AB1234567", "7654321", "none"]), max_size=2),
        "innCode": st.lists(st.sampled_from(["500100732259", "123"]), max_size=1),
        "phone": st.lists(st.sampled_from(["+7 495 1234567", "12"]), max_size=1),
        "birthPlace": st.lists(st.sampled_from(["Grozny", "Дамаск, Сирия"]), max_size=2),
    }
)  # fmt: skip

ORGANISATIONS = st.fixed_dictionaries(
    {
        "name": st.lists(
            st.sampled_from(
                [
                    "JSC Russian Helicopters", "Акционерное Общество «Вертолеты России» АО «Вертолеты России", "ИГИЛ", "Islamic State",
                    "Daesh", "Bank Mellat", "Joint Stock Company", "ООО", "Plant No. 5", "Korea Ryonha Machinery Corp (KRMC)",
                    "沈忠國際海運有限公司", "\ue000", "A / B", "X, JSC Y Plant", "PetroIran",
                ]
            )
            | st.text(min_size=1, max_size=60),
            min_size=1,
            max_size=12,
        ),
        "country": st.lists(st.sampled_from(["ru", "IR"]), max_size=2),
        "registrationNumber": st.lists(st.sampled_from(["1027700132195", "x"]), max_size=2),
        "imoNumber": st.lists(st.sampled_from(["IMO 9074729"]), max_size=1),
    }
)  # fmt: skip

TOPICS: dict[str, tuple[Topic, st.SearchStrategy[dict[str, list[str]]], str]] = {
    "people": (PeopleTopic(), PERSONS, "Person"),
    "groups": (GroupsTopic(), ORGANISATIONS, "Organization"),
}


def prepared(topic: Topic, schema: str, properties: Mapping[str, list[str]]) -> Prepared | None:
    try:
        record = topic.parse({"id": "r", "schema": schema, "properties": properties})
    except Misuse:
        return None
    (found,) = topic.prepare([record])
    return found


def compared(ours: Prepared, theirs: Prepared) -> Pair:
    return Pair(
        tuple(sorted(set(ours.tokens) & set(theirs.tokens))),
        ours.profile,
        theirs.profile,
        tuple(sorted(set(ours.values) & set(theirs.values))),
        True,
    )


def swapped(pair: Pair) -> Pair:
    return Pair(pair.tokens, pair.theirs, pair.ours, pair.agreed, pair.compared)


@pytest.fixture(params=TOPICS, ids=str, scope="module")
def case(request):
    return TOPICS[request.param]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_record_keeps_its_caps_and_says_the_same_twice(case, data):
    topic, rows, schema = case
    properties = data.draw(rows)
    first, again = prepared(topic, schema, properties), prepared(topic, schema, properties)
    assert first == again
    if first is None:
        return
    assert len(first.tokens) <= topic.tokens_per_record
    assert len(first.values) <= topic.values_per_record
    assert len(set(first.tokens)) == len(first.tokens)
    assert len(set(first.values)) == len(first.values)
    assert {token.kind for token in first.tokens} <= set(topic.kinds)
    assert len(first.profile) < 32
    assert all(0 <= number < 1 << 31 for number in first.profile.values())


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_judging_a_pair_is_symmetric_and_deterministic(case, data):
    topic, rows, schema = case
    a, b = prepared(topic, schema, data.draw(rows)), prepared(topic, schema, data.draw(rows))
    if a is None or b is None:
        return
    pair = compared(a, b)
    assert topic.judge(pair) == topic.judge(swapped(pair)) == topic.judge(compared(b, a))
    assert topic.compare(pair) == topic.compare(swapped(pair))
    judgement = topic.judge(pair)
    assert 0 < judgement.score < 1_000_000
    assert all(reason.what and isinstance(reason.millibits, int) for reason in judgement.because)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_order_of_values_in_a_row_changes_no_value(case, data):
    topic, rows, schema = case
    properties = {key: values for key, values in data.draw(rows).items() if len(values) <= 2}
    turned = {key: list(reversed(values)) for key, values in properties.items()}
    a, b = prepared(topic, schema, properties), prepared(topic, schema, turned)
    if a is not None and b is not None:
        assert set(a.values) == set(b.values)
        assert a.profile == b.profile


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_pair_is_never_found_before_the_second_round(case, data):
    topic, rows, schema = case
    a = prepared(topic, schema, data.draw(rows))
    if a is not None:
        assert topic.judge(Pair(a.tokens, a.profile, a.profile)).grade is None


@given(
    profile=st.dictionaries(
        st.sampled_from(
            ["scripts", "names", "birth", "births", "parts2", "parts3p", "genders", "words", "junk"]
        ),
        st.integers(0, 2**31 - 1),
    )
)
@settings(max_examples=60, deadline=None)
def test_a_hostile_profile_breaks_nothing(case, profile):
    topic, _, _ = case
    assert topic.judge(Pair((), profile, {}, (), True)) == topic.judge(Pair((), {}, profile, (), True))


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": "1"},
        {"id": "", "schema": "Person", "properties": {"name": ["A B"]}},
        {"id": 7, "schema": "Person", "properties": {"name": ["A B"]}},
        {"id": "1", "schema": "Vessel", "properties": {"name": ["A B"]}},
        {"id": "1", "schema": None, "properties": ["name"]},
    ],
)
def test_a_bad_row_is_a_misuse_that_says_why(case, row):
    topic, _, _ = case
    with pytest.raises(Misuse, match=r"\w+ \w+"):
        topic.parse(row)


@pytest.mark.parametrize(
    "properties",
    [
        [],
        None,
        {"name": [1]},
        {"name": {"a": "b"}},
        {"name": []},
        {"name": ["", "  "]},
        {"name": ["x" * 2000]},
    ],
)
def test_bad_properties_are_a_misuse_and_the_data_is_not_quoted(case, properties):
    topic, _, schema = case
    with pytest.raises(Misuse) as caught:
        topic.parse({"id": "1", "schema": schema, "properties": properties})
    assert "x" * 50 not in str(caught.value)


def test_a_topic_says_in_one_sentence_what_the_peer_learns(case):
    topic, _, _ = case
    assert len(topic.discloses) > 40
    assert "\n" not in topic.discloses
    assert topic.version >= 1
    assert all(bits >= 16 for bits in topic.kinds.values())


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_no_token_of_a_person_is_below_the_entropy_floor_or_a_name_part_alone(data):
    topic = PeopleTopic()
    found = prepared(topic, "Person", data.draw(PERSONS))
    for token in found.tokens if found else ():
        assert people_keys.bits_of(token) >= topic.kinds[token.kind]
        if token.kind not in ("document", "phone"):
            assert token.value.count("+") >= 1


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_token_of_a_group_is_below_its_entropy_floor(data):
    topic = GroupsTopic()
    found = prepared(topic, "Organization", data.draw(ORGANISATIONS))
    for token in found.tokens if found else ():
        assert groups_keys.bits_of(token) >= topic.kinds[token.kind]
