"""`detente rehearse` as a person runs it: the real program on real files."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

OURS = [
    ("a1", "Shamil Salmanovich Basayev", "1965-01-14"),
    ("a2", "Olga Aleksandrovna Khamenok", "1981-12-14"),
    ("a3", "Musa Abu Marzuk", "1951-02-09"),
    ("a4", "Henrik Lindqvist Sandelin", "1977-07-30"),
]
THEIRS = [
    ("b1", "Шамиль Салманович Басаев", "1965-01-14"),
    ("b2", "Ольга Александровна Хаменок", "1981-12-14"),
    ("b5", "Giovanni Battista Ferraresi", "1949-03-21"),
]
KEYS = {
    "ours",
    "theirs",
    "tokens",
    "strong",
    "possible",
    "precision",
    "recall",
    "f1",
    "seconds",
    "bytes",
    "peak_mb",
}


def detente(*argv):
    program = [sys.executable, "-c", "from detente.cli import main; main()"]
    return subprocess.run([*program, *map(str, argv)], capture_output=True, text=True, timeout=300)


def line(ident, name, born):
    return json.dumps(
        {"id": ident, "schema": "Person", "properties": {"name": [name], "birthDate": [born]}},
        ensure_ascii=False,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    home = tmp_path_factory.mktemp("lists")
    (home / "a.ftm.json").write_text("\n".join(line(*each) for each in OURS), encoding="utf-8")
    (home / "b.ftm.json").write_text("\n".join(line(*each) for each in THEIRS), encoding="utf-8")
    (home / "b.csv").write_text(
        "id,Full name,Born\n" + "\n".join(",".join(each) for each in THEIRS), encoding="utf-8"
    )
    (home / "truth.jsonl").write_text('{"a": "a1", "b": "b1"}\n{"a": "a2", "b": "b2"}\n')
    (home / "ignore.jsonl").write_text('{"a": "a2", "b": "b2"}\n')
    return home


def test_a_rehearsal_finds_the_same_people_under_another_script_and_counts_them(files):
    out = files / "found.jsonl"
    ended = detente(
        "rehearse",
        "people",
        files / "a.ftm.json",
        files / "b.ftm.json",
        "--truth",
        files / "truth.jsonl",
        "--findings",
        out,
        "--json",
    )
    assert ended.returncode == 0, ended.stderr
    counts = json.loads(ended.stdout)
    assert set(counts) == KEYS
    assert (counts["ours"], counts["theirs"]) == (4, 3)
    assert (counts["precision"], counts["recall"], counts["f1"]) == (1.0, 1.0, 1.0)
    assert counts["tokens"] > 7 * 32  # padded, dummies included
    assert counts["bytes"] > counts["tokens"] * 32
    found = [json.loads(each) for each in out.read_text().splitlines()]
    assert len(found) == counts["strong"] + counts["possible"]
    assert {(f["ours"], f["theirs"]) for f in found if f["grade"] == "strong"} == {("a1", "b1"), ("a2", "b2")}
    assert all(
        set(f) == {"ours", "theirs", "score", "grade", "because"} and 0 < f["score"] <= 1 and f["because"]
        for f in found
    )
    assert [f["score"] for f in found] == sorted((f["score"] for f in found), reverse=True)


def test_pairs_to_ignore_count_neither_way(files):
    ended = detente(
        "rehearse", "people", files / "a.ftm.json", files / "b.ftm.json", "--json",
        "--truth", files / "truth.jsonl", "--ignore", files / "ignore.jsonl",
    )  # fmt: skip
    counts = json.loads(ended.stdout)
    assert (counts["strong"], counts["precision"], counts["recall"]) == (2, 1.0, 1.0)


def test_a_table_with_mapped_columns_and_rows_that_are_none(files):
    broken = files / "broken.ftm.json"
    broken.write_text(
        line(*OURS[0]) + '\n{"id": "v", "schema": "Vessel"}\n{broken\n' + line(*OURS[0]) + "\n",
        encoding="utf-8",
    )
    ended = detente(
        "rehearse", "people", broken, files / "b.csv", "--map", "name=Full name", "--map", "birthDate=Born"
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 of ours against 3 of theirs: 1 strong" in ended.stdout
    assert "precision" not in ended.stdout
    for number in (2, 3, 4):
        assert f"line {number}: " in ended.stderr
    assert "no grounds and can release nothing" in ended.stderr


def test_without_a_truth_there_is_no_f1(files):
    counts = json.loads(
        detente("rehearse", "people", files / "a.ftm.json", files / "b.ftm.json", "--json").stdout
    )
    assert (set(counts), counts["precision"], counts["recall"], counts["f1"]) == (KEYS, None, None, None)


def test_buckets_audit_and_engine_are_as_asked(files):
    argv = ("rehearse", "people", files / "a.ftm.json", files / "b.ftm.json", "--json")
    few = json.loads(detente(*argv, "--buckets", 4, "--audit", 0).stdout)
    many = json.loads(detente(*argv, "--buckets", 64, "--audit", 32).stdout)
    assert few["strong"] == many["strong"] == 2
    assert few["bytes"] < many["bytes"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("rehearse", "cats", "{a}", "{b}"), "no topic called cats"),
        (("rehearse", "people", "{a}", "{b}", "--engine", "steam"), "no engine called steam"),
        (("rehearse", "people", "{a}", "nowhere.json"), "nowhere.json"),
        (("rehearse", "people", "{a}", "{b}", "--truth", "{a}"), "line 1"),
        (("rehearse", "people", "{a}", "{b}", "--map", "name"), "PROPERTY=COLUMN"),
    ],
)
def test_misuse_is_exit_2_with_a_sentence(files, argv, said):
    ended = detente(*(each.format(a=files / "a.ftm.json", b=files / "b.ftm.json") for each in argv), "--json")
    assert (ended.returncode, ended.stdout) == (2, "")
    told = json.loads(ended.stderr.splitlines()[-1])
    assert (told["fault"], told["exit"]) == ("misuse", 2)
    assert said in told["error"]


def test_the_python_interface_rehearses_too():
    import detente

    def rows(people):
        return [
            {"id": i, "schema": "Person", "properties": {"name": [n], "birthDate": [b]}} for i, n, b in people
        ]

    assert set(detente.rehearse("people", rows(OURS), rows(THEIRS)).pairs) == {("a1", "b1"), ("a2", "b2")}
    with pytest.raises(detente.Misuse):
        detente.rehearse("cats", [], [])


@pytest.mark.skipif(
    "DETENTE_DATA" not in os.environ,
    reason="DETENTE_DATA names no folder with people/E2_eu_un_x_ofac_persons",
)
def test_two_independent_sanctions_lists_reach_the_promised_f1():
    home = Path(os.environ["DETENTE_DATA"]) / "people" / "E2_eu_un_x_ofac_persons"
    ended = detente(
        "rehearse", "people", home / "a.ftm.json", home / "b.ftm.json", "--json",
        "--truth", home / "truth.jsonl", "--ignore", home / "ignore.jsonl",
    )  # fmt: skip
    assert json.loads(ended.stdout)["f1"] >= 0.90, ended.stdout
