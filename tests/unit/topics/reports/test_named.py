"""Persons and groups that texts name."""

from __future__ import annotations

import pytest

from detente.topics.reports import persons, russian
from detente.topics.reports.groups import Gazetteer, Known, gazetteer
from detente.topics.reports.page import Article
from detente.topics.reports.report import of_article


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("боевики «Исламского государства» отступили", "isil"),
        ("сторонники «Джебхат ан-Нусры»", "nusra"),
        ("les combattants de l'EI ont fui ; l'EI a perdu", "isil"),
        ("membres d'Al-Qaïda au Maghreb islamique", "aqim"),
        ("وانضم إلى تنظيم القاعدة في بلاد المغرب الإسلامي", "aqim"),
        ("مقاتلون تابعون لداعش", "isil"),
        ("IS militants fled", "isil"),
        ("Isis's men fled", "isil"),
        ("the al-Qaeda-linked cell", "al-qaida"),
    ],
)
def test_a_group_is_found_in_the_case_and_script_of_the_text(text: str, group: str) -> None:
    assert gazetteer().find(text)[0].candidates == (group,)


@pytest.mark.parametrize(
    "text",
    [
        "it is what it is",
        "THIS IS THE END OF THE WORLD",
        "the base of the column and the youth of today",
        "He plays for IM and AGC on Sunday",
        "nation building takes time; the islamic army of words",
    ],
)
def test_words_of_every_day_are_no_group(text: str) -> None:
    assert gazetteer().find(text) == []


def test_the_longest_name_at_a_place_is_the_one_that_stands_there() -> None:
    found = gazetteer().find("Islamic State Khorasan Province and Islamic State")
    assert [mention.candidates for mention in found] == [("isil-k",), ("isil",)]


def test_our_own_records_are_looked_for_beside_the_public_names() -> None:
    known = (Known("rec-7", "Liwa al-Fajr"), Known("rec-8", "Ivan Petrovich Sidorov", "person"))
    found = of_article(
        Article("", None, "en", ("Liwa al-Fajr was led by Ivan Petrovich Sidorov, police said.",)), known
    )
    assert [(named.text, named.candidates) for named in found.named] == [
        ("Liwa al-Fajr", ["rec-7"]),
        ("Ivan Petrovich Sidorov", ["rec-8"]),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Russian Foreign Minister Sergey Lavrenev met his French counterpart Jean-Marc Le Goff in Moscow.",
            ["Sergey Lavrenev", "Jean-Marc Le Goff"],
        ),
        ("The Security Council met the United Nations envoy in the White House.", []),
        (
            "Министр встретился с Жан-Марком Ле Гоффом и Марией Захаровой.",
            ["Жан-Марк Ле Гофф", "Мария Захарова"],
        ),
        ("Le président Emmanuel Morin a reçu M. Ferrand à Paris.", ["Emmanuel Morin", "Ferrand"]),
        (
            "قال وزير الخارجية الروسي سيرغي لافرينيف إن نظيره جان مارك لوغوف يدعم ذلك.",
            ["سيرغي لافرينيف", "جان مارك لوغوف"],
        ),
        ("وأكد المتحدث باسم القوات أن العملية انتهت.", []),
        ("Abu Bakr al-Mansuri was killed, the officials said.", ["Abu Bakr al-Mansuri"]),
    ],
)
def test_persons_are_proposed_by_shape_and_by_what_stands_beside(text: str, names: list[str]) -> None:
    assert [mention.text for mention in persons.find(text, gazetteer().find(text))] == names


def test_a_surname_alone_stands_for_the_full_name() -> None:
    found = persons.find("Andrei Vostrov came. Mr Vostrov said nothing.", ())
    assert {mention.text for mention in found} == {"Andrei Vostrov"}


@pytest.mark.parametrize(
    ("declined", "name"),
    [
        ("Сергея Викторовича Лаврова", "Сергей Викторович Лавров"),
        ("Марии Захаровой", "Мария Захарова"),
        ("Игорем Тарасенко", "Игорь Тарасенко"),
        ("Андрею Белому", "Андрей Белый"),
        ("Жан-Ивом Ле Дрианом", "Жан-Ив Ле Дриан"),
        ("Сергей Лавров", "Сергей Лавров"),
    ],
)
def test_case_endings_of_russian_names_are_undone(declined: str, name: str) -> None:
    assert russian.nominative(declined) == name


def test_a_gazetteer_without_names_finds_nothing() -> None:
    assert Gazetteer(()).find("Daesh") == []
