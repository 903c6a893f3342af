"""The generator: what it promises of its lists, and that its noise is its own."""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import detente.demo
from detente.demo.people import person, relative
from detente.demo.population import Population, write
from detente.demo.records import Row
from detente.errors import Misuse


@pytest.fixture(scope="module")
def people() -> Population:
    return Population(seed=1, size=2000, shared=250)


@pytest.fixture(scope="module")
def a(people: Population) -> dict[str, Row]:
    return {row.id: row for row in people.rows("a")}


@pytest.fixture(scope="module")
def b(people: Population) -> dict[str, Row]:
    return {row.id: row for row in people.rows("b")}


def script(text: str) -> str:
    for name, letters in (("Cyrl", "[а-яё]"), ("Arab", "[ء-ي]"), ("Geor", "[ა-ჰ]")):
        if re.search(letters, text.lower()):
            return name
    return "Latn"


def test_each_list_has_its_size_and_no_id_twice(a: dict[str, Row], b: dict[str, Row]) -> None:
    assert len(a) == len(b) == 2000
    assert not a.keys() & b.keys()


def test_truth_names_each_shared_person_once(
    people: Population, a: dict[str, Row], b: dict[str, Row]
) -> None:
    pairs = [(left, right) for left, right, _, _ in people.truth()]
    assert len(pairs) == len({left for left, _ in pairs}) == len({right for _, right in pairs}) == 250
    assert all(left in a and right in b for left, right in pairs)


def test_the_same_seed_gives_the_same_bytes_on_every_python(tmp_path: Path) -> None:
    write(tmp_path, seed=7, size=60, shared=20)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))).hexdigest()
    assert digest == "874e6bfbd36dc87c8b8bd0b3a4eb0adbd416a93391c3aeff49d542003519e730"


def test_another_seed_gives_other_people() -> None:
    names = [{row.properties["name"][0] for row in Population(seed, 200, 0).rows("a")} for seed in (1, 2)]
    assert len(names[0] & names[1]) < 10


def test_the_order_and_the_ids_tell_nothing_about_who_is_on_both(people: Population) -> None:
    place = {row.id: at for side in ("a", "b") for at, row in enumerate(people.rows(side))}
    spots = [(place[left], place[right]) for left, right, _, _ in people.truth()]
    assert 700 < sum(left for left, _ in spots) / len(spots) < 1300
    assert sum(abs(left - right) < 20 for left, right in spots) < 20
    assert not {left[2:] for left, _, _, _ in people.truth()} & {
        right[2:] for _, right, _, _ in people.truth()
    }


def test_rows_are_follow_the_money_persons_with_handling(a: dict[str, Row], b: dict[str, Row]) -> None:
    known = {"name", "alias", "birthDate", "birthPlace", "nationality", "spokenLanguage", "passportNumber"}
    for row in (*a.values(), *b.values()):
        assert row.schema == "Person"
        assert set(row.properties) <= known
        assert all(
            values and all(value.strip() == value for value in values) for values in row.properties.values()
        )
        assert row.properties["name"][0]
        assert row.grounds
        assert row.marking in ("TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
        assert re.fullmatch("[A-F][1-6]", row.grade)


def test_names_hold_no_letters_left_over_from_another_script(a: dict[str, Row], b: dict[str, Row]) -> None:
    for row in (*a.values(), *b.values()):
        for name in (*row.properties["name"], *row.properties.get("alias", ())):
            scripts = {script(word) for word in re.findall(r"[^\W\d_]+", name)}
            assert len(scripts) == 1, name
            assert "  " not in name


def test_most_shared_people_are_written_in_two_scripts(people: Population) -> None:
    scripts = Counter((one, other) for _, _, one, other in people.truth())
    assert scripts["Latn", "Cyrl"] > 150
    assert any("Arab" in pair for pair in scripts)


def test_russian_and_french_speakers_are_on_both_lists(
    people: Population, a: dict[str, Row], b: dict[str, Row]
) -> None:
    spoken = Counter(
        language
        for left, right, _, _ in people.truth()
        for language in {
            *a[left].properties.get("spokenLanguage", ()),
            *b[right].properties.get("spokenLanguage", ()),
        }
    )
    assert spoken["rus"] > 100
    assert spoken["fra"] > 40


def test_birth_dates_of_one_person_often_differ_but_seldom_in_everything(
    people: Population, a: dict[str, Row], b: dict[str, Row]
) -> None:
    dates = [
        (a[left].properties["birthDate"][0], b[right].properties["birthDate"][0])
        for left, right, _, _ in people.truth()
        if "birthDate" in a[left].properties and "birthDate" in b[right].properties
    ]
    equal = sum(one == other for one, other in dates) / len(dates)
    near = sum(abs(int(one[:4]) - int(other[:4])) <= 1 for one, other in dates) / len(dates)
    assert 0.4 < equal < 0.75
    assert near > 0.9


def test_two_passport_numbers_of_one_person_are_one_number(
    people: Population, a: dict[str, Row], b: dict[str, Row]
) -> None:
    def bare(row: Row) -> str:
        return re.sub(r"[№ ]", "", row.properties["passportNumber"][0])

    held = Population(3, 2000, 2000)
    left, right = ({row.id: row for row in held.rows(side)} for side in ("a", "b"))
    both = [
        (left[one], right[other])
        for one, other, _, _ in held.truth()
        if "passportNumber" in left[one].properties and "passportNumber" in right[other].properties
    ]
    assert len(both) > 20
    assert all(bare(one) == bare(other) for one, other in both)
    numbers = Counter(bare(row) for row in a.values() if "passportNumber" in row.properties)
    assert max(numbers.values()) == 1


def test_a_son_has_his_fathers_name_as_patronymic_and_is_a_generation_younger() -> None:
    fathers = [person(5, "p", i) for i in range(300)]
    for index, father in enumerate(p for p in fathers if p.culture.with_patronymic and not p.woman):
        son = relative(father, "son", 5, "p", index)
        assert son.father == father.given
        assert son.surname == father.surname
        assert son.birth[0] - father.birth[0] >= 21 or son.birth[0] == 2006
        assert son.passport != father.passport


def test_a_namesake_has_the_same_name_and_another_birth_date_and_passport() -> None:
    for index in range(100):
        one = person(5, "p", index)
        other = relative(one, "namesake", 5, "p", index)
        assert (one.given, one.surname, one.patronymic) == (other.given, other.surname, other.patronymic)
        assert one.passport != other.passport


def test_a_brother_shares_surname_and_patronymic_and_no_given_name() -> None:
    for index in range(200):
        one = person(6, "p", index)
        if one.woman:
            continue
        other = relative(one, "brother", 6, "p", index)
        assert other.given != one.given
        assert (other.surname, other.patronymic) == (one.surname, one.patronymic)


def test_the_brother_of_a_woman_bears_the_surname_of_the_men() -> None:
    women = [
        p for p in (person(8, "p", i) for i in range(2000)) if p.woman and p.culture.script == "Cyrillic"
    ]
    assert women
    for index, woman in enumerate(women):
        brother = relative(woman, "brother", 8, "p", index)
        assert not brother.surname.native.endswith(("ова", "ева", "ёва", "ина", "ая"))


def test_names_have_a_head_and_a_long_tail() -> None:
    surnames = Counter(
        p.surname.native for p in (person(9, "p", i) for i in range(6000)) if p.culture.name == "Russian"
    )
    total = sum(surnames.values())
    assert surnames.most_common(1)[0][1] / total < 0.03  # no surname that every thirtieth bears
    assert (
        sum(n for _, n in surnames.most_common(100)) / total > 0.25
    )  # and yet a hundred that a quarter bears
    assert sum(n == 1 for n in surnames.values()) > 0.4 * len(surnames)


def test_a_million_records_start_at_once_and_come_one_at_a_time() -> None:
    first = list(itertools.islice(Population(1, 1_000_000, 100_000).rows("b"), 5))
    assert len({row.id for row in first}) == 5


def test_files_hold_what_the_generator_says(tmp_path: Path) -> None:
    write(tmp_path, seed=2, size=30, shared=10)
    rows = [json.loads(line) for line in (tmp_path / "a.ftm.json").read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == [row.id for row in Population(2, 30, 10).rows("a")]
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()]
    assert len(truth) == 10
    assert {row["a"] for row in truth} <= {row["id"] for row in rows}


def test_more_shared_people_than_people_is_misuse() -> None:
    with pytest.raises(Misuse, match="--shared between 0 and --size"):
        Population(1, 10, 11)


def test_the_command_writes_three_files_and_refuses_nonsense_with_two(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "detente.demo.population",
        str(tmp_path / "new" / "place"),
        "--size",
        "12",
    ]
    subprocess.run([*command, "--shared", "4"], check=True, capture_output=True)
    assert len(list((tmp_path / "new" / "place").iterdir())) == 3
    refused = subprocess.run([*command, "--shared", "13"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "--shared" in refused.stderr


def test_the_generator_knows_nothing_of_the_matcher() -> None:
    for file in Path(detente.demo.__file__).parent.glob("*.py"):
        if file.name not in (
            "__init__.py",
            "names.py",
            "spelling.py",
            "people.py",
            "records.py",
            "population.py",
        ):
            continue  # the story of the demo drives a node and may import it
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert not any(
                name.startswith("detente.") and not re.match(r"detente\.(demo|errors)", name)
                for name in imported
            )
