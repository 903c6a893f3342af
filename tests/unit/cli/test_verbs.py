"""What holds for every command."""

import json

import click
import pytest
from click.testing import CliRunner

from detente.cli.reference import reference
from detente.cli.root import detente
from detente.cli.verb import Root, Session, Verb
from detente.errors import (
    BadSignature,
    DetenteError,
    Expired,
    FailedCheck,
    Misuse,
    NotAgreed,
    Overdrawn,
    Refused,
    Unavailable,
)


def verbs(command=detente, path=("detente",)):
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from verbs(each, (*path, name))
    else:
        yield " ".join(path), command


VERBS = dict(verbs())


@pytest.mark.parametrize("path", VERBS)
def test_every_command_has_json_help_and_an_example(path):
    shown = CliRunner().invoke(detente, [*path.split()[1:], "--help"])
    assert shown.exit_code == 0
    assert "--json" in shown.output
    assert "Example:" in shown.output
    assert (
        path.removeprefix("detente ").replace("recall request", "recall") in shown.output.split("Example:")[1]
    )


NODE_LESS = {
    "detente rehearse",
    "detente groups alias",
    "detente groups reconcile",
    "detente demo",
    "detente airspace alert",
    "detente airspace terms",
    "detente airspace check",
    "detente airspace tracks",
    "detente declarations template",
    "detente airspace incident template",
    "detente meetings template",
    "detente requests templates",
    "detente reports read",
}


@pytest.mark.parametrize("path", [path for path in VERBS if path not in NODE_LESS])
def test_every_command_but_the_node_less_takes_a_node(path):
    options = {name for option in VERBS[path].params for name in option.opts}
    assert {"--node", "--passphrase-file"} <= options


@pytest.mark.parametrize("name", ["Islamic State", "ISIS", "ISIL", "Daesh", "ИГИЛ", "État islamique", "داعش"])
def test_every_name_of_a_group_gives_its_one_entry_without_a_node(name):
    shown = CliRunner().invoke(detente, ["groups", "alias", name, "--json"])
    assert shown.exit_code == 0
    found = json.loads(shown.output)
    assert found["id"] == "isil"
    assert name in found["names"]


def test_a_name_that_no_group_has_is_refused():
    assert CliRunner().invoke(detente, ["groups", "alias", "Chess Club of Nowhere", "--json"]).exit_code == 1


def test_the_nouns_and_verbs_are_all_there():
    wanted = """init; invite; accept; peers; agreement template; agreement propose; agreement show; agreement sign;
        agreement suspend; agreement resume; agreement end; load; serve; match people; match groups; findings list; findings show;
        findings confirm; findings dismiss; findings park; swap prepare; swap approve; swap accept; swap dispute; swap status;
        roadmap start; roadmap add; roadmap set; roadmap remove; roadmap propose; roadmap show; roadmap overdue; roadmap export;
        declarations draft; declarations propose; declarations sign; declarations show; declarations export;
        meetings draft; meetings propose; meetings sign; meetings show; meetings export;
        requests ask; requests list; requests show; requests accept; requests decline; requests answer; requests transfer;
        requests matrix; requests templates;
        ledger; recall request; recall attest; keys rotate; keys revoke; journal verify; journal export; journal show;
        joint at; joint show; joint history; joint diff; joint propose; joint accept; joint counter; joint reject;
        joint withdraw; joint merge; joint revoke; courier out; courier in; doctor; rehearse;
        groups alias; groups reconcile; groups list; groups add; groups import;
        groups status; airspace terms; airspace plan add; airspace plan list; airspace plan show; airspace plan withdraw; airspace match;
        airspace conflicts; airspace settle; airspace sign; groups remove; groups private; groups show; groups propose; groups export; demo"""
    assert {"detente " + " ".join(each.split()) for each in wanted.split(";")} <= set(VERBS)


@click.group(cls=Root)
def faulty():
    """Commands that fail."""


_EVIDENCE = BadSignature("not signed by the peer's key", b"raw")
_EVIDENCE.path = "node/evidence/1.jsonl"
ERRORS = {
    "refused": (Refused("no"), 1),
    "notagreed": (NotAgreed("no agreement"), 1),
    "overdrawn": (Overdrawn("spent"), 1),
    "expired": (Expired("late"), 1),
    "misuse": (Misuse("wrong"), 2),
    "unavailable": (Unavailable("later"), 3),
    "failedcheck": (FailedCheck(b"raw"), 4),
    "peer": (_EVIDENCE, 4),
}


def _fail_with(error: DetenteError):
    def run(session: Session) -> None:
        raise error

    return run


for _name, (_error, _) in ERRORS.items():
    faulty.add_command(Verb(_name, callback=_fail_with(_error), node=False, params=[]))


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_leaves_with_its_exit_code_and_a_next_step(name):
    error, code = ERRORS[name]
    ended = CliRunner().invoke(faulty, [name])
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert str(error) in ended.stderr
    assert "next: " in ended.stderr


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_as_json_is_one_object_on_standard_error(name):
    error, code = ERRORS[name]
    ended = CliRunner().invoke(faulty, [name, "--json"])
    assert (ended.exit_code, ended.stdout) == (code, "")
    told = json.loads(ended.stderr)
    assert set(told) - {"evidence"} == {"error", "fault", "next", "exit"}
    assert (told["error"], told["exit"]) == (str(error), code)
    assert told["next"]


def test_a_peer_s_fault_names_its_evidence():
    assert "evidence: node/evidence/1.jsonl" in CliRunner().invoke(faulty, ["peer"]).stderr
    assert (
        json.loads(CliRunner().invoke(faulty, ["peer", "--json"]).stderr)["evidence"]
        == "node/evidence/1.jsonl"
    )


def test_a_wrong_option_is_misuse_in_words_and_as_json():
    assert CliRunner().invoke(detente, ["peers", "--wrong"]).exit_code == 2
    told = CliRunner().invoke(detente, ["peers", "--wrong", "--json"])
    assert (told.exit_code, json.loads(told.stderr)["fault"]) == (2, "misuse")


@pytest.mark.parametrize(
    "argv",
    [["peers"], ["findings", "list"], ["journal", "verify"], ["doctor"], ["match", "people", "--with", "x"]],
)
def test_a_command_without_a_node_says_how_to_make_one(argv, tmp_path):
    ended = CliRunner().invoke(detente, ["--node", str(tmp_path / "none"), *argv])
    assert ended.exit_code == 2
    assert "detente init" in ended.stderr


def test_recall_takes_an_item_without_a_verb(tmp_path):
    ended = CliRunner().invoke(
        detente, ["--node", str(tmp_path), "recall", "77c01b", "--reason", "withdrawn", "--json"]
    )
    assert ended.exit_code == 2
    assert "no node" in json.loads(ended.stderr)["error"]


def test_the_reference_page_is_what_the_help_says(request):
    page = request.config.rootpath / "docs" / "reference" / "cli.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "run: python -m detente.cli.reference > docs/reference/cli.md"
    )


def test_what_a_peer_wrote_cannot_steer_the_terminal():
    from rich.console import Console

    from detente.cli.verb import table, tell

    hostile = "calm\x1b[2J\x1b]0;owned\x07 \u202egnp.exe"
    console = Console(record=True, width=200)
    tell(console, {"reason": hostile, "list": [hostile]})
    table(console, ["reason"], [[hostile]], "")
    shown = console.export_text()
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert shown.count("\\x1b[2J") == 3
