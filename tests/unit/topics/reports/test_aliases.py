"""Statements that two names stand for one."""

from __future__ import annotations

import pytest

from detente.topics.reports import aliases
from detente.topics.reports.page import Article
from detente.topics.reports.report import Report, of_article


def _read(text: str) -> Report:
    return of_article(Article("", None, "en", (text,)))


def _sets(text: str) -> list[set[str]]:
    return [set(names) for names in _read(text).aliases]


def test_formerly_and_an_acronym_in_brackets_make_one_set() -> None:
    text = "Islamic State (IS, formerly ISIS/ISIL) has lost ground. “Daesh [an Arabic acronym for IS] is not beaten,” he said."
    assert _sets(text) == [{"Islamic State", "IS", "ISIS", "ISIL", "Daesh"}]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "The Free Eagle Brigade, also known as the Feather Men, took the town.",
            {"Free Eagle Brigade", "Feather Men"},
        ),
        ("The Free Eagle Brigade (FEB) took the town.", {"Free Eagle Brigade", "FEB"}),
        ("Ivan Petrov, a.k.a. “Grom”, was seen there.", {"Ivan Petrov", "Grom"}),
        ("Karim Benali, dit « Abou Hamza », est recherché.", {"Karim Benali", "Abou Hamza"}),
        (
            "La Brigade de l'Aube, anciennement Front du Désert, a pris la ville.",
            {"Brigade de l'Aube", "Front du Désert"},
        ),
        ("Полевой командир Иван Петров, он же «Гром», был замечен там.", {"Иван Петров", "Гром"}),
        ("«Бригада рассвета» (ранее «Фронт пустыни») взяла город.", {"Бригада рассвета", "Фронт пустыни"}),
        ('وقتل سامر الحلبي الملقب بـ"أبو ياسر" في الغارة.', {"سامر الحلبي", "أبو ياسر"}),
    ],
)
def test_names_that_the_table_lacks_are_joined_by_what_the_text_says(text: str, names: set[str]) -> None:
    assert names in _sets(text)


@pytest.mark.parametrize(
    "text",
    [
        "The minister (RIA) said that he would come.",
        "The photograph was sold by AP/Reuters to the paper.",
        "John Smith, formerly of the Ministry, came.",
        "«Исламское государство» (запрещена в РФ) потеряло город.",
        "Peter Hall (52) and Mary Stone (44) were there.",
        "The United Nations envoy met the Council of Elders (who had waited).",
    ],
)
def test_what_is_no_statement_joins_nothing(text: str) -> None:
    assert _sets(text) == []


def test_two_groups_that_the_table_tells_apart_are_not_joined_but_flagged() -> None:
    report = _read("The Al-Nusra Front, also known as Hezbollah, attacked. Hezbollah denied it.")
    assert report.aliases == []
    assert report.disputed == [["Al-Nusra Front", "Hezbollah"]]


def test_a_third_name_joins_two_statements() -> None:
    joined = aliases.join([("A Brigade", "B Men"), ("B Men", "C Front")], ())
    assert joined.sets == (("A Brigade", "B Men", "C Front"),)


def test_a_lie_about_one_group_does_not_spread_to_another() -> None:
    report = _read("Daesh, also known as ISIL, and Hezbollah, also known as Daesh, met. ISIL said nothing.")
    assert [set(names) for names in report.aliases] == [{"Daesh", "ISIL"}]
    assert report.disputed
