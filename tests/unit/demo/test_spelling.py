"""Spelling habits against examples that anyone can look up in a newspaper or a passport."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from detente.demo import people, population, spelling
from detente.demo.spelling import Habit, abroad, feminine, patronymic, plain


@pytest.mark.parametrize(
    ("word", "habit", "spelt"),
    [
        ("Щербаков", "icao", "Shcherbakov"),
        ("Щербаков", "french", "Chtcherbakov"),
        ("Щербаков", "german", "Schtscherbakow"),
        ("Щербаков", "scholarly", "Ščerbakov"),
        ("Юрий", "icao", "Iurii"),
        ("Юрий", "french", "Iouri"),
        ("Юрий", "english", "Yury"),
        ("Сергей", "french", "Sergueï"),
        ("Исаев", "french", "Issaïev"),
        ("Ельцов", "english", "Yeltsov"),
        ("Пушкин", "soviet", "Pouchkine"),
        ("Пушкин", "french", "Pouchkine"),
        ("Хрущёв", "english", "Khrushchev"),
        ("Джамал", "german", "Dschamal"),
        ("Джамал", "turkish", "Camal"),
        ("Хож-Ахмед", "french", "Khoj-Akhmed"),
        ("წერეთელი", "english", "Tsereteli"),
        ("ჯანელიძე", "french", "Djanelidze"),
    ],
)
def test_a_name_is_spelt_as_that_habit_spells_it(word: str, habit: Habit, spelt: str) -> None:
    assert abroad(word, habit) == spelt


def test_latin_names_stay_as_they_are() -> None:
    assert abroad("Lefèvre", "german") == "Lefèvre"


@pytest.mark.parametrize(
    ("father", "son", "daughter"),
    [
        ("Иван", "Иванович", "Ивановна"),
        ("Дмитрий", "Дмитриевич", "Дмитриевна"),
        ("Юрий", "Юрьевич", "Юрьевна"),
        ("Игорь", "Игоревич", "Игоревна"),
        ("Никита", "Никитич", "Никитинична"),
        ("Пётр", "Петрович", "Петровна"),
        ("Лев", "Львович", "Львовна"),
        ("Али", "Алиевич", "Алиевна"),
        ("Саид", "Саидович", "Саидовна"),
    ],
)
def test_patronymics_follow_russian_grammar(father: str, son: str, daughter: str) -> None:
    assert (patronymic(father, False), patronymic(father, True)) == (son, daughter)


@pytest.mark.parametrize(
    ("his", "hers"), [("Ильин", "Ильина"), ("Успенский", "Успенская"), ("Ковальчук", "Ковальчук")]
)
def test_surnames_of_women_take_their_ending(his: str, hers: str) -> None:
    assert feminine(his) == hers


def test_a_keyboard_without_diacritics_drops_them_all() -> None:
    assert plain("Şamil Bouïnaksk Ščerbakov ı") == "Samil Bouinaksk Scerbakov i"


@pytest.mark.parametrize("module", [spelling, people, population])
def test_examples_in_docstrings_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
