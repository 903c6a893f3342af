"""Two nodes by commands alone, in this process, with a courier between them."""

import json
import stat

import pytest
from click.testing import CliRunner

from detente.cli.root import detente

PERSON = '{"id": "%s", "schema": "Person", "properties": {"name": ["%s"], "birthDate": ["%s"]}}\n'


def run(node, *argv, code=0, given=None):
    ended = CliRunner().invoke(detente, ["--node", str(node), *map(str, argv)], input=given)
    assert ended.exit_code == code, ended.output
    return ended


def ask(node, *argv, code=0):
    return json.loads(run(node, *argv, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("two")


@pytest.fixture(scope="module")
def made(home):
    """Both nodes, as init told of them."""
    patch = pytest.MonkeyPatch()
    patch.delenv("DETENTE_PASSPHRASE", raising=False)
    with patch.context():
        return {name: ask(home / name, "init", "--party", name.title()) for name in ("north", "south")}


@pytest.fixture(scope="module")
def paired(home, made):
    for name in made:
        ask(home / name, "invite", "--out", home / f"{name}.invitation")
    for ours, theirs in (("north", "south"), ("south", "north")):
        ask(home / ours, "accept", home / f"{theirs}.invitation", "--fingerprint", made[theirs]["words"])
    carry(home, rounds=3)
    return made


def carry(home, rounds=2):
    stick = home / "stick"
    stick.mkdir(exist_ok=True)
    for _ in range(rounds):
        for ours, theirs in (("north", "south"), ("south", "north")):
            if ask(home / ours, "courier", "out", stick):
                ask(home / theirs, "courier", "in", stick)
            for file in stick.iterdir():
                file.unlink()


def test_init_keeps_a_passphrase_for_its_owner_alone(home, made):
    assert stat.S_IMODE((home / "north" / "passphrase").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "north" / "store.db").stat().st_mode) == 0o600
    assert len(made["north"]["words"].split()) == 16


def test_init_does_not_overwrite_a_node(home, made):
    ended = run(home / "north", "init", "--party", "Other", "--json", code=2)
    assert "already" in json.loads(ended.stderr)["error"]


def test_init_keeps_no_passphrase_where_the_environment_has_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DETENTE_PASSPHRASE", "correct horse")
    assert ask(tmp_path / "n", "init", "--party", "N")["passphrase_file"] == ""
    assert not (tmp_path / "n" / "passphrase").exists()
    monkeypatch.setenv("DETENTE_PASSPHRASE", "wrong horse")
    assert "passphrase" in run(tmp_path / "n", "peers", code=2).stderr


def test_accept_shows_both_fingerprints_and_takes_no_for_an_answer(home, made):
    run(home / "south", "invite", "--out", home / "shown.invitation")
    ended = run(home / "north", "accept", home / "shown.invitation", code=1, given="n\n")
    for name in ("north", "south"):
        assert made[name]["words"] in ended.stderr


def test_accept_refuses_another_fingerprint(home, made):
    run(home / "south", "invite", "--out", home / "other.invitation")
    ended = run(
        home / "north", "accept", home / "other.invitation", "--fingerprint", made["north"]["words"], code=2
    )
    assert "fingerprint" in ended.stderr


def test_accept_as_json_asks_nobody(home, made):
    run(home / "south", "invite", "--out", home / "mute.invitation")
    ended = run(home / "north", "accept", home / "mute.invitation", "--json", code=2)
    assert "--fingerprint" in json.loads(ended.stderr)["error"]


def test_a_file_that_is_no_invitation_is_refused(home, made):
    (home / "junk").write_bytes(b"\x00" * 100)
    assert run(home / "north", "accept", home / "junk", "--fingerprint", "x", code=4).stdout == ""


def test_a_courier_pairs_two_nodes(home, paired):
    assert [(p["name"], p["status"]) for p in ask(home / "north", "peers")] == [("South", "paired")]
    assert [(p["name"], p["status"]) for p in ask(home / "south", "peers")] == [("North", "paired")]


def test_what_an_unreachable_peer_must_get_stays_in_the_outbox_and_the_command_says_so(home, paired):
    terms = home / "terms.toml"
    run(home / "north", "agreement", "template", "--with", "South", "--out", terms)
    ended = run(home / "north", "agreement", "propose", terms, "--with", "South", "--json", code=3)
    proposed = json.loads(ended.stdout)["hash"]
    told = json.loads(ended.stderr.splitlines()[-1])
    assert (told["exit"], "outbox" in told["error"]) == (3, True)
    carry(home)
    waiting = ask(home / "south", "agreement", "show")[0]["proposals"]
    assert [(p["hash"], p["by"]) for p in waiting] == [(proposed, "North")]
    run(home / "south", "agreement", "sign", "--with", "North", code=3)
    carry(home)
    assert [a["state"] for a in ask(home / "north", "agreement", "show")] == ["in_force"]


def test_load_says_what_came_of_each_row_and_loads_nothing_twice(home, made):
    file = home / "people.ftm.json"
    file.write_text(PERSON % ("p1", "Ann Lee", "1980-01-02") + "{broken\n" + PERSON % ("p2", "", "1980"))
    (report,) = ask(home / "north", "load", file, "--grounds", "case 12")
    assert (report["added"], [r["line"] for r in report["refused"]]) == (1, [2, 3])
    (again,) = ask(home / "north", "load", file, "--grounds", "case 12")
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 1)


def test_load_of_rows_without_grounds_is_refused_with_the_reason(home, made):
    file = home / "groundless.ftm.json"
    file.write_text(PERSON % ("p9", "Bo Li", "1981-01-02"))
    ended = run(home / "north", "load", file, "--json", code=1)
    assert "grounds" in json.loads(ended.stdout)[0]["refused"][0]["reason"]


def test_the_journal_is_shown_and_verified(home, made):
    kinds = [entry["kind"] for entry in ask(home / "north", "journal", "show")]
    assert kinds[0] == "node.created"
    assert ask(home / "north", "journal", "verify")["entries"] == len(kinds)


def test_the_doctor_finds_a_passphrase_that_others_can_read(home, made):
    assert all(check["ok"] for check in ask(home / "south", "doctor", "--offline"))
    file = home / "south" / "passphrase"
    file.chmod(0o640)
    try:
        wrong = [check for check in ask(home / "south", "doctor", "--offline", code=1) if not check["ok"]]
    finally:
        file.chmod(0o600)
    assert [check["name"] for check in wrong] == ["passphrase"]
    assert "chmod 600" in wrong[0]["next"]


def test_keys_rotate_and_the_old_one_is_listed_as_retired(tmp_path):
    ask(tmp_path / "n", "init", "--party", "N")
    new = ask(tmp_path / "n", "keys", "rotate")["key"]
    assert [(key["state"], key["key"] == new) for key in ask(tmp_path / "n", "keys", "list")] == [
        ("retired", False),
        ("in use", True),
    ]


def test_findings_of_a_node_that_never_matched_are_an_empty_list(home, made):
    assert ask(home / "south", "findings", "list") == []
    assert run(home / "south", "findings", "confirm", "abcdef", code=2).stdout == ""
