"""Dates of pages: formats of four languages, and which date is the page's own."""

from __future__ import annotations

import pytest

from detente.topics.reports import dates


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("19 Nov, 2015 18:46", "2015-11-19T18:46:00"),
        ("Published time: 26 Nov, 2015 17:58 Edited time: 27 Nov, 2015 08:00", "2015-11-26T17:58:00"),
        ("November 19, 2015 at 6:46 PM ET", "2015-11-19T18:46:00-05:00"),
        ("July 19, 2015 at 12:05 AM EDT", "2015-07-19T00:05:00-04:00"),
        ("Thursday 19th of November 2015, 6.46pm GMT", "2015-11-19T18:46:00Z"),
        ("Fri 3 May 2019 12.04 BST", "2019-05-03T12:04:00+01:00"),
        ("19 novembre 2015 à 18h46", "2015-11-19T18:46:00"),
        ("le 1er décembre 2015 à 9 h", "2015-12-01T09:00:00"),
        ("jeu. 19 nov. 2015 - 18:46 (heure de Paris)", "2015-11-19T18:46:00+01:00"),
        ("19 juillet 2015, 18:46 (heure de Paris)", "2015-07-19T18:46:00+02:00"),
        ("19 ноября 2015, 18:46 (МСК)", "2015-11-19T18:46:00+03:00"),
        ("18:46, 19 ноября 2015 г.", "2015-11-19T18:46:00"),
        ("19.11.2015 в 18:46", "2015-11-19T18:46:00"),
        ("الخميس ١٩ نوفمبر/تشرين الثاني ٢٠١٥ - ١٨:٤٦ بتوقيت غرينتش", "2015-11-19T18:46:00Z"),
        ("19 تشرين الثاني 2015 الساعة 6:46 مساءً", "2015-11-19T18:46:00"),
        ("19 نوفمبر 2015 | 18:46 GMT+3", "2015-11-19T18:46:00+03:00"),
        ("2015-11-19T18:46:00.000Z", "2015-11-19T18:46:00Z"),
        ("2015-11-19T18:46:00+03:00", "2015-11-19T18:46:00+03:00"),
        ("2015/11/19", "2015-11-19"),
        ("11/19/2015", "2015-11-19"),
    ],
)
def test_a_date_is_read_as_it_is_written(line: str, told: str) -> None:
    assert dates.find(line)[0].moment.iso() == told


@pytest.mark.parametrize(
    "line",
    [
        "2 hours ago",
        "il y a 3 jours",
        "5 минут назад",
        "منذ ساعتين",
        "Updated 8 years ago",
        "7 صفر 1437",
        "31 February 2015",
        "19 November",
        "1.2.3.2015.4",
        "© 2005–2026",
        "00:00 / 03:41",
    ],
)
def test_what_is_no_full_date_is_none(line: str) -> None:
    assert dates.find(line) == []


def test_a_players_time_is_not_the_time_of_a_date() -> None:
    assert dates.find("19 November 2015 00:00 / 03:41")[0].moment.iso() == "2015-11-19"
    assert dates.time_alone("00:00 / 03:41") is None


def test_the_day_of_publication_is_not_the_day_of_an_update() -> None:
    lines = [
        "A title",
        "Updated: 20 November 2015 10:00",
        "Published: 19 November 2015 18:46",
        "Text of 1 May 2014.",
    ]
    moment = dates.published(lines, 0, 3, 4)
    assert moment is not None
    assert moment.iso() == "2015-11-19T18:46:00"


def test_a_day_that_the_text_tells_of_is_not_its_own() -> None:
    lines = [
        "A title",
        "The treaty was signed on 19 November 2015 in a town by the sea, and nobody came to see it.",
    ]
    assert dates.published(lines, 0, 1, 2) is None


def test_figures_are_read_as_the_page_writes_its_other_dates() -> None:
    lines = ["3/4/2026", "Title", "Text", "Archive: 12/31/2025"]
    moment = dates.published(lines, 1, 2, 3)
    assert moment is not None
    assert moment.iso() == "2026-03-04"


def test_a_time_on_the_next_line_belongs_to_the_date() -> None:
    moment = dates.published(["A title", "19 November 2015", "18:46 GMT", "Text"], 0, 3, 4)
    assert moment is not None
    assert moment.iso() == "2015-11-19T18:46:00Z"
