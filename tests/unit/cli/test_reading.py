"""Files for commands: rows, refusals, pairs; and what a rehearsal counts."""

import pytest

from detente.cli.reading import pairs_of, parse_map, source_rows
from detente.cli.rehearse import quality
from detente.errors import Misuse


def test_a_map_names_the_column_of_each_property():
    assert parse_map(["name=Full name", "birthDate=Born"]) == {"name": "Full name", "birthDate": "Born"}


@pytest.mark.parametrize("pair", ["name", "=Column", "name=", ""])
def test_a_map_that_is_none_is_misuse(pair):
    with pytest.raises(Misuse, match="PROPERTY=COLUMN"):
        parse_map([pair])


def test_a_row_that_can_not_be_read_keeps_its_line(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "1", "schema": "Person", "properties": {"name": ["Ann"]}}\n{broken\n')
    good, bad = source_rows(file, {}, "Person")
    assert (good.line, good.data["id"], good.problem) == (1, "1", "")
    assert bad.line == 2
    assert bad.problem


def test_pairs_are_read_whatever_else_a_line_says(tmp_path):
    file = tmp_path / "truth.jsonl"
    file.write_text('{"a": "1", "b": "2", "why": "same passport"}\n\n{"a": "3", "b": "4"}\n')
    assert pairs_of(file) == {("1", "2"), ("3", "4")}


def test_a_pair_without_both_ids_is_misuse_with_its_line(tmp_path):
    file = tmp_path / "truth.jsonl"
    file.write_text('{"a": "1", "b": "2"}\n{"a": "1"}\n')
    with pytest.raises(Misuse, match="line 2"):
        pairs_of(file)


def test_ignored_pairs_count_neither_for_nor_against():
    truth = frozenset({("1", "1"), ("2", "2")})
    assert quality({("1", "1"), ("9", "9")}, truth, frozenset()) == (0.5, 0.5, 0.5)
    assert quality({("1", "1"), ("9", "9")}, truth, frozenset({("9", "9")})) == (1.0, 0.5, 0.6667)


def test_nothing_found_is_zero_and_not_a_division_by_it():
    assert quality(set(), frozenset({("1", "1")}), frozenset()) == (0.0, 0.0, 0.0)
    assert quality(set(), frozenset(), frozenset()) == (0.0, 0.0, 0.0)
