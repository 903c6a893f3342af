"""People of the console by command: the way back in for an administrator who lost the second factor."""

import json

import pytest
from click.testing import CliRunner

from detente.assembly import create_node
from detente.cli.accounts import ROLES
from detente.cli.root import detente
from detente.node import accounts


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounts") / "n"
    create_node(folder, "North", "", "correct horse").close()
    (folder / "passphrase").write_text("correct horse\n")
    (folder / "passphrase").chmod(0o600)
    return folder


def run(place, *argv):
    return CliRunner().invoke(detente, ["--node", str(place), "accounts", *argv, "--json"])


def test_a_code_is_printed_and_an_account_waits_for_its_person(place):
    made = json.loads(run(place, "code", "j.moreau", "--role", "administrator").output)
    assert len(made["code"]) == 19
    listed = json.loads(run(place, "list").output)
    assert [(each["name"], each["state"], each["roles"]) for each in listed] == [
        ("j.moreau", "invited", ["administrator"])
    ]


def test_a_new_code_keeps_the_roles_and_closing_keeps_the_name(place):
    run(place, "code", "a.b", "--role", "auditor")
    assert json.loads(run(place, "code", "a.b").output)["account"]["roles"] == ["auditor"]
    assert json.loads(run(place, "close", "a.b").output)["state"] == "closed"


def test_an_unknown_person_is_misuse(place):
    assert run(place, "close", "nobody").exit_code == 2
    assert run(place, "code", "new.one").exit_code == 2
    assert run(place, "code", "x y", "--role", "auditor").exit_code == 2


def test_the_roles_are_those_of_the_node():
    assert ROLES == accounts.ROLES
