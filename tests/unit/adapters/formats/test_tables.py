"""FollowTheMoney lines and CSV."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from detente.adapters.formats import Problem, Row, read_rows
from detente.adapters.formats.countries import country_code
from detente.errors import Misuse


def rows_of(path: Path, content: str | bytes, mapping: dict[str, str] | None = None) -> list[Row | Problem]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path, mapping))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people"


def test_each_json_line_is_a_row_as_it_is(path: Path) -> None:
    one = '{"id":"a","schema":"Person","properties":{"name":["Zenobia"]},"grounds":["w"],"marking":"TLP:RED"}'
    found = rows_of(path, f"\ufeff{one}\n\n  {one}\r\n{one}")
    assert [item.line for item in found] == [1, 3, 4]
    assert isinstance(found[0], Row)
    assert found[0].row["marking"] == "TLP:RED"
    assert found[0].row == found[1].row == found[2].row


@pytest.mark.parametrize(
    "line", [b"{", b"[1]", b'"text"', b'{"a":NaN}', b'{"a":"\xff"}', b'{"a":' + b"[" * 100_000, b"\x00"]
)
def test_a_bad_line_is_a_problem_with_its_number_and_the_rest_is_read(path: Path, line: bytes) -> None:
    good = b'{"id":"a","schema":"Person","properties":{}}'
    found = rows_of(path, b"\n".join([good, line, good]))
    assert [type(item) for item in found] == [Row, Problem, Row]
    assert found[1].line == 2


def test_an_overlong_line_is_skipped_without_holding_it(path: Path) -> None:
    good = b'{"id":"a"}\n'
    with path.open("wb") as file:
        file.write(good + b'{"id":"')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + good)
    tracemalloc.start()
    found = list(read_rows(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(type(item), item.line) for item in found] == [(Row, 1), (Problem, 2), (Row, 3)]
    assert peak < 8 << 20


def test_a_row_without_an_id_has_the_same_one_in_every_file(path: Path) -> None:
    first = rows_of(path, '{"schema":"Person","properties":{"name":["A"]}}')[0]
    second = rows_of(path, '\n{"properties":{"name":["A"]},"schema":"Person"}')[0]
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.row["id"] == second.row["id"]
    table = rows_of(path, "name\nA\nB\nA\n")
    ids = [item.row["id"] for item in table if isinstance(item, Row)]
    assert ids[0] == ids[2] == first.row["id"]
    assert ids[1] != ids[0]


def test_a_table_is_read_by_its_header_and_the_mapping(path: Path) -> None:
    content = (
        "\ufeffid,Full name,birthDate,Nat,grounds,marking,notes of ours\r\n"
        '7,"Quillfeather, Zenobia;  Zen ",1970-01-02,lb; fr,warrant 1;warrant 2,TLP:AMBER,secret\r\n'
        "\r\n"
        "8,Ann,,,,,\r\n"
    )
    found = rows_of(path, content, {"name": "Full name", "nationality": "Nat"})
    assert found == [
        Row(
            2,
            {
                "id": "7",
                "schema": "Person",
                "properties": {
                    "birthDate": ["1970-01-02"],
                    "name": ["Quillfeather, Zenobia", "Zen"],
                    "nationality": ["lb", "fr"],
                },
                "grounds": ["warrant 1", "warrant 2"],
                "marking": "TLP:AMBER",
            },
        ),
        Row(4, {"id": "8", "schema": "Person", "properties": {"name": ["Ann"]}}),
    ]


def test_columns_of_one_name_are_one_property(path: Path) -> None:
    found = rows_of(path, "name,name\nAnn,Bo;Ann\n")
    assert isinstance(found[0], Row)
    assert found[0].row["properties"] == {"name": ["Ann", "Bo"]}


def test_the_mapping_wins_over_a_column_of_the_propertys_name(path: Path) -> None:
    found = rows_of(path, "name,Real name\ncover,Ann\n", {"name": "Real name"})
    assert isinstance(found[0], Row)
    assert found[0].row["properties"] == {"name": ["Ann"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(path: Path, delimiter: str) -> None:
    found = rows_of(
        path,
        f'schema{delimiter}name{delimiter}country\nOrganization{delimiter}"A{delimiter}B"{delimiter}lb\n',
    )
    assert isinstance(found[0], Row)
    assert found[0].row["schema"] == "Organization"
    assert found[0].row["properties"]["country"] == ["lb"]


def test_rows_that_are_none_are_problems_and_the_rest_is_read(path: Path) -> None:
    content = (
        b'name,country\nA\nB,lb,x\nC\xff,lb\n"=HYPERLINK(1)",lb\nD,"lb"x\nE,' + b"y" * 200_000 + b"\nF,lb\n"
    )
    found = rows_of(path, content)
    assert [(type(item), item.line) for item in found] == [
        (Problem, 2),
        (Problem, 3),
        (Problem, 4),
        (Problem, 5),
        (Row, 6),
        (Problem, 7),
        (Row, 8),
    ]
    reasons = [item.reason for item in found if isinstance(item, Problem)]
    assert "UTF-8" in reasons[2]
    assert "formula" in reasons[3]
    assert "HYPERLINK" not in "".join(reasons)  # a record is not repeated in a report


@pytest.mark.parametrize(
    ("content", "mapping", "told"),
    [
        ("Full name,DOB\nA,B\n", {}, "--map"),
        ("Full name,DOB\nA,B\n", {"name": "Name"}, "no column 'Name'"),
        ("", {}, "--map"),
        ("id,grounds\n1,w\n", {}, "--map"),
        (b"nam\xe9,name\nA,B\n", {}, "UTF-8"),
        ('name\n"' + "x" * (2 << 20), {}, "longer than"),
    ],
)
def test_a_table_that_means_nothing_is_refused_whole(
    path: Path, content: str | bytes, mapping: dict[str, str], told: str
) -> None:
    with pytest.raises(Misuse, match=told):
        rows_of(path, content, mapping)


def test_a_file_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(Misuse, match="can't be read"):
            list(read_rows(path))


def test_a_row_does_not_show_its_record() -> None:
    assert "Zenobia" not in repr(Row(1, {"name": "Zenobia"}))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Lebanon", "lb"),
        ("LB", "lb"),
        ("Côte d'Ivoire", "ci"),
        ("Democratic Republic of the Congo", "cd"),
        ("Korea, North", "kp"),
        ("United Kingdom of Great Britain and Northern Ireland", "gb"),
        ("TÜRKİYE", "tr"),
        ("Kosovo", "xk"),
        ("Bosnia & Herzegovina", "ba"),
        ("nowhere", ""),
        ("", ""),
    ],
)
def test_countries_are_known_by_their_lists_names(name: str, code: str) -> None:
    assert country_code(name) == code
