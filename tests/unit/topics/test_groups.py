"""The groups topic: words, legal forms, numbers, and the public names of listed groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.topics.groups import GroupsTopic, alias, tables
from detente.topics.groups_keys import numbers_of
from detente.topics.orgs import aliases
from detente.topics.orgs.words import pieces, words
from detente.topics.topic import Pair

TOPIC = GroupsTopic()


def judge(ours: dict[str, str | list[str]], theirs: dict[str, str | list[str]]):
    rows = ({"id": str(i), "schema": "Organization", "properties": p} for i, p in enumerate((ours, theirs)))
    a, b = TOPIC.prepare(map(TOPIC.parse, rows))
    tokens = tuple(sorted(set(a.tokens) & set(b.tokens)))
    pair = Pair(tokens, a.profile, b.profile, tuple(sorted(set(a.values) & set(b.values))), True)
    return TOPIC.compare(pair), TOPIC.judge(pair)


def named(name: str) -> list[str]:
    return [word.symbol or word.form for word in words(name).words]


@pytest.mark.parametrize(
    "name",
    [
        "Islamic State",
        "IS",
        "ISIS",
        "ISIL",
        "Daesh",
        "Da'esh",
        "داعش",
        "ИГ",
        "ИГИЛ",
        "ДАИШ",
        "État islamique",
        "EI",
        "EIIL",
        "daesh",
    ],
)
def test_every_public_name_stands_for_its_one_group(name):
    assert alias(name).id == "isil"
    compare, judgement = judge({"name": name}, {"name": "Islamic State of Iraq and the Levant"})
    assert compare
    assert judgement.grade == "strong"


def test_the_table_has_at_least_150_groups_and_a_source_for_every_name():
    assert len(aliases.entries()) >= 150
    assert all(len(entry.names) == len(entry.sources) for entry in aliases.entries())
    assert all(source for entry in aliases.entries() for source in entry.sources)


def test_no_name_stands_for_two_groups():
    held: dict[str, str] = {}
    for entry in aliases.entries():
        for name in entry.names:
            assert aliases.key(name)
            assert held.setdefault(aliases.key(name), entry.id) == entry.id


def test_a_name_that_is_nobodys_stands_for_nothing():
    assert alias("Ministry of Silly Walks") is None
    assert alias("") is None


def test_branches_of_a_listed_group_are_not_the_group():
    assert judge({"name": "ISIL Khorasan"}, {"name": "ISIL"})[1].grade != "strong"
    assert judge({"name": "Hamas"}, {"name": "Hizballah"})[1].grade is None


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "Open Joint Stock Company 'Belkommunmash'",
            "OAO Belkommunmash",
            "ОАО «Белкоммунмаш»",
            "Открытое акционерное общество Белкоммунмаш",
        ),
        ("Molot-Oruzhie LLC", "ООО «Молот-Оружие»", "Общество с ограниченной ответственностью Молот Оружие"),
        ("Bank Mellat", "Mellat Bank", "BANK OF MELLAT"),
    ],
)
def test_legal_forms_and_order_do_not_tell_names_apart(spellings):
    assert len({tuple(sorted(named(each))) for each in spellings}) == 1


def test_a_phrase_inside_a_longer_legal_form_is_not_cut_out_of_it():
    assert named("Volgograd Company Limited Liability Company") == ["volgograd"]


def test_a_list_of_names_in_one_text_is_read_as_several():
    found = [["+".join(word.form for word in n.words)] for n in pieces("AO APZ, JSC Arzamas Plandin Plant")]
    assert ["apz"] in found
    assert ["arzamas+plandin+plant"] in found


def test_a_legal_form_alone_is_no_name_beside_others():
    assert (
        judge(
            {"name": "Joint Stock Company", "alias": "Zavod Alfa"},
            {"name": "Joint Stock Company", "alias": "Bank Beta"},
        )[1].grade
        is None
    )


def test_the_same_name_with_another_legal_form_is_not_strong():
    same = judge({"name": "Roskomplekt LLC"}, {"name": "OOO Roskomplekt"})[1]
    other = judge({"name": "Roskomplekt LLC"}, {"name": "Roskomplekt AG"})[1]
    assert same.grade == "strong"
    assert other.grade != "strong"


def test_a_subsidiary_is_not_its_parent():
    assert (
        judge({"name": "National Iranian Oil Company"}, {"name": "National Iranian Oil Refining Company"})[
            1
        ].grade
        != "strong"
    )


def test_a_registration_number_decides_alone_for_and_against():
    ours = {"name": "Alpha Trading", "registrationNumber": "1027700132195"}
    assert judge(ours, {"name": "Omega Shipping", "registrationNumber": "1027700132195"})[1].grade == "strong"
    assert (
        judge(ours, ours | {"registrationNumber": "1037739877295"})[1].score
        < judge(ours, ours | {"registrationNumber": []})[1].score
    )


def test_numbers_are_read_from_the_texts_of_lists():
    assert numbers_of({"imoNumber": ("IMO 9074729",)}) == [("imo", "9074729")]
    assert numbers_of({"registrationNumber": ("n/a", "000000")}) == []


@given(st.text(max_size=80))
def test_no_text_breaks_words_or_aliases(text):
    words(text)
    pieces(text)
    aliases.find(text)


def test_the_tables_are_named_by_their_hashes():
    assert set(tables()) == {"legal_forms.txt", "common_words.txt", "aliases.txt"}
