"""The people topic on persons that analysts confuse."""

import pytest

from detente.topics.people import PeopleTopic, tables
from detente.topics.topic import Pair

TOPIC = PeopleTopic()
FOUR = ("Шамиль Басаев", "Chamil Bassaïev", "Shamil Basayev", "شامل باساييف")


def judge(ours: dict[str, str | list[str]], theirs: dict[str, str | list[str]]):
    a, b = TOPIC.prepare(
        TOPIC.parse({"id": str(i), "schema": "Person", "properties": p}) for i, p in enumerate((ours, theirs))
    )
    tokens = tuple(sorted(set(a.tokens) & set(b.tokens)))
    return tokens, TOPIC.judge(
        Pair(tokens, a.profile, b.profile, tuple(sorted(set(a.values) & set(b.values))), True)
    )


@pytest.mark.parametrize("ours", FOUR)
@pytest.mark.parametrize("theirs", FOUR)
def test_four_spellings_of_one_man_share_tokens_and_are_found(ours, theirs):
    tokens, judgement = judge(
        {"name": ours, "birthDate": "1965"}, {"name": theirs, "birthDate": "1965-01-14"}
    )
    assert len(tokens) >= 2
    assert judgement.grade == "strong"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Viktor Vladimirovich FILIPPOV", "Виктор Владимирович ФИЛИППОВ"),
        ("Volodymyr Zelenskyy", "Владимир ЗЕЛЕНСКИЙ"),
        ("Abd-al-Majid Aziz Al-Zindani", "عبد المجيد عزيز الزنداني"),
        ("MOUSSAVI Seyed Mohammad Bagher", "محمدباقر موسوی"),
        ("Mikheil Saakashvili", "მიხეილ სააკაშვილი"),
        ("Serzh Sargsyan", "Սերժ Սարգսյան"),
    ],
)
def test_a_rare_name_in_another_script_is_found_without_a_date(ours, theirs):
    tokens, judgement = judge({"name": ours}, {"name": theirs})
    assert TOPIC.compare(Pair(tokens, {}, {}))
    assert judgement.grade == "strong"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Аркадий Романович РОТЕНБЕРГ", "Boris Romanovich ROTENBERG"),
        ("Uday Saddam Hussein Al-Tikriti", "قصي صدام حسين التكريتي"),
        ("Rami Makhlouf", "Hafiz Makhlouf"),
    ],
)
def test_brothers_are_not_one_person(ours, theirs):
    _, judgement = judge({"name": ours}, {"name": theirs})
    assert judgement.grade != "strong"


def test_a_common_name_alone_is_not_enough_and_with_a_birthday_it_is():
    name = {"name": "Mohamed Ali"}
    assert judge(name, name)[1].grade != "strong"
    born = name | {"birthDate": "1962-11-03"}
    assert judge(born, born)[1].grade == "strong"


def test_another_year_of_birth_speaks_against():
    ours = {"name": "Alexander Ivanov", "birthDate": "1962-11-03"}
    assert (
        judge(ours, ours | {"birthDate": "1975-04-09"})[1].score
        < judge(ours, {"name": "Alexander Ivanov"})[1].score
    )


def test_a_document_in_common_decides_alone_and_two_taxpayer_numbers_decide_against():
    ours, theirs = (
        {"name": "Anna Karina", "passportNumber": "AB1234567"},
        {"name": "Hanne Bayer", "passportNumber": "ab-1234567"},
    )
    tokens, judgement = judge(ours, theirs)
    assert TOPIC.compare(Pair(tokens, {}, {}))
    assert judgement.grade == "strong"
    same = {"name": "Ivan Nurmagomedov", "innCode": "500100732259"}
    assert (
        judge(same, same | {"innCode": "770012345606"})[1].score
        < judge(same, same | {"innCode": []})[1].score
    )


def test_each_line_of_the_waterfall_is_a_sentence_and_they_sum_to_the_score():
    from detente.topics.odds import probability

    _, judgement = judge({"name": FOUR[0], "nationality": "ru"}, {"name": FOUR[1], "nationality": "ru"})
    assert judgement.score == probability(sum(reason.millibits for reason in judgement.because))
    assert any("nationality" in reason.what for reason in judgement.because)


def test_parts_of_two_aliases_do_not_make_one_name():
    ours = {"name": "Kim Tong Chol"}
    together = judge(ours, {"name": "Tong Chol Kim"})[1].score
    apart = judge(ours, {"name": "Tong Myong Kim", "alias": "Chol Hyok Kim"})[1].score
    assert apart < together


def test_a_surname_alone_gives_no_token():
    (prepared,) = TOPIC.prepare(
        [
            TOPIC.parse(
                {
                    "id": "1",
                    "schema": "Person",
                    "properties": {"name": ["Basayev"], "birthDate": ["1965-01-14"]},
                }
            )
        ]
    )
    assert prepared.tokens == ()


def test_a_record_of_many_long_names_stays_within_its_caps():
    names = [
        f"{a} {b} {c} {d}"
        for a in ("Omar", "Khalid")
        for b in ("Hasan", "Zayd")
        for c in ("Basayev", "Dudayev")
        for d in ("Q", "Rustam")
    ]
    (prepared,) = TOPIC.prepare([TOPIC.parse({"id": "1", "schema": "Person", "properties": {"name": names}})])
    assert len(prepared.tokens) <= TOPIC.tokens_per_record
    assert len(prepared.values) <= TOPIC.values_per_record


def test_the_tables_are_named_by_their_hashes():
    assert set(tables()) == {"given_names.txt", "frequency.txt"}
    assert all(len(digest) == 64 for digest in tables().values())
