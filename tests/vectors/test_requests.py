"""vectors/requests.json: what spec/requests says, byte for byte, computed here by other means."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import detente_verify
from detente.pact.facts import BODIES, Fact
from detente.pact.requests import matrix, may_tell, read_wording
from detente.wire.canonical import canonical

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((FOLDER / "requests.json").read_text("utf-8"))


def test_the_file_is_what_its_maker_makes():
    command = [sys.executable, str(FOLDER / "generate.py"), "--check", "requests"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("vector", VECTORS["requests"])
def test_a_request_has_this_id_and_these_places(vector):
    wording = vector["wording"].encode()
    read_wording(wording)
    body = dict(vector["body"])
    ident = body.pop("request")
    parties = bytes.fromhex(VECTORS["asker"]) + bytes.fromhex(VECTORS["answerer"])
    whole = b"detente/request/1" + parties + canonical(body) + hashlib.sha256(wording).digest()
    assert hashlib.sha256(whole).hexdigest() == ident
    assert set(vector["slots"]) == detente_verify.slots(ident, len(vector["slots"]))
    first = hashlib.sha256(b"detente/answer/1" + bytes.fromhex(ident) + b"\x00\x00\x00\x00").hexdigest()
    assert vector["slots"][0] == first


def test_answers_follow_each_other_as_the_table_says():
    assert all(may_tell(row["state"], row["answer"]) is row["allowed"] for row in VECTORS["answers"])
    assert sum(row["allowed"] for row in VECTORS["answers"]) == 11


def test_a_story_makes_this_matrix():
    story = VECTORS["matrix"]
    facts = [
        Fact(n, e["kind"], e["subject"], "", 0, msgspec.convert(e["body"], BODIES[e["kind"]]))
        for n, e in enumerate(story["entries"])
    ]
    (cell,) = matrix(facts, story["now"])
    share = cell.ours
    assert cell.month == story["month"]
    assert (
        [share.asked, share.answered, share.useful, share.late, share.declined, share.given]
        == story["ours"]
        == [3, 2, 1, 2, 0, 0]
    )
