"""The operator's interface: the table of use cases over HTTP."""

import json

import httpx
import pytest

from detente.api.auth import TOKEN_FILE, operator_token
from detente.api.operator import STATUS, openapi, operator_app
from detente.api.peer import Listener
from detente.api.usecases import USE_CASES
from detente.assembly import create_node
from detente.errors import FailedCheck, Misuse, NotAgreed, Unavailable

ROW = {"id": "p1", "schema": "Person", "properties": {"name": ["Ann Lee"], "birthDate": ["1980-01-02"]}}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with create_node(tmp_path_factory.mktemp("node") / "n", "North", "", "correct horse") as made:
        yield made


@pytest.fixture(scope="module")
def changes():
    return []


@pytest.fixture(scope="module")
def address(node, changes):
    listener = Listener(operator_app(node, "t" * 43, lambda: changes.append(1)))
    yield f"http://127.0.0.1:{listener.start('127.0.0.1', 0)}"
    listener.stop()


@pytest.fixture(scope="module")
def api(address):
    with httpx.Client(
        base_url=address, headers={"authorization": "Bearer " + "t" * 43}, timeout=30
    ) as client:
        yield client


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Basic " + "t" * 43, "Bearer " + "t" * 42, "Bearer " + "é" * 43]
)
def test_without_the_token_nothing_is_said(address, header):
    for case in USE_CASES:
        url = f"{address}/api/v1/{case.noun}/{case.verb}"
        answer = httpx.request(case.method, url, headers={"authorization": header.encode()}, timeout=30)
        assert answer.status_code == 401
        assert "North" not in answer.text


def test_the_token_is_kept_for_its_owner_alone(tmp_path):
    token = operator_token(tmp_path)
    assert len(token) >= 32
    assert (tmp_path / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert operator_token(tmp_path) == token
    (tmp_path / TOKEN_FILE).chmod(0o644)
    with pytest.raises(Misuse, match="read by others"):
        operator_token(tmp_path)


def test_records_are_loaded_once_and_the_rounds_are_woken(api, changes):
    before = len(changes)
    first = api.post(
        "/api/v1/records/load", json={"file": "api", "rows": [ROW, {"id": "x"}], "grounds": ["case 12"]}
    )
    assert first.status_code == 200, first.text
    assert (first.json()["added"], [r["line"] for r in first.json()["refused"]]) == (1, [2])
    again = api.post("/api/v1/records/load", json={"file": "api", "rows": [ROW], "grounds": ["case 12"]})
    assert again.json()["unchanged"] == 1
    assert len(changes) == before + 2


def test_the_journal_is_read_by_query(api):
    entries = api.get("/api/v1/journal/show", params={"kind": "node.created", "limit": "1"}).json()
    assert [entry["kind"] for entry in entries] == ["node.created"]
    assert api.get("/api/v1/journal/verify").json()["entries"] >= 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"peer": 1}',
        b'{"id": "x", "status": "burnt", "by": "me"}',
        b'{"id":"x","status":"parked","by":"me","x":1}',
        b"\xff",
    ],
)
def test_a_body_that_is_something_else_is_misuse(api, body):
    answer = api.post("/api/v1/findings/decide", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["fault"]) == (400, "misuse")


def test_a_form_from_a_web_page_is_not_taken_for_json(api):
    answer = api.post("/api/v1/findings/decide", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 400


def test_an_unknown_peer_is_misuse_and_an_unknown_path_is_not_found(api):
    assert api.get("/api/v1/match/plan", params={"topic": "people", "peer": "nobody"}).status_code == 400
    assert api.get("/api/v1/nothing").status_code == 404
    assert api.get("/api/v1/findings/decide").status_code == 404


def test_a_body_beyond_the_cap_is_refused_before_it_is_held(api, monkeypatch):
    monkeypatch.setattr("detente.api.operator.MAX_BODY", 100)
    answer = api.post(
        "/api/v1/records/load", content=b" " * 101, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert "100 bytes" in answer.json()["error"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotAgreed("no"), 409), (Misuse("wrong"), 400), (Unavailable("later"), 503), (FailedCheck(b"x"), 502)],
)
def test_an_error_s_status_says_whose_fault_it_is(api, node, monkeypatch, error, status):
    def plan(*_):
        raise error

    monkeypatch.setattr(type(node.runs), "plan", plan)
    answer = api.get("/api/v1/match/plan", params={"topic": "people", "peer": "x"})
    assert (answer.status_code, answer.json()["exit"]) == (status, error.exit_code)
    assert any(isinstance(error, kind) for kind, _ in STATUS)


def test_what_breaks_here_says_nothing_of_how(api, node, monkeypatch):
    monkeypatch.setattr(type(node.runs), "plan", lambda *_: {}["secret of ours"])
    answer = api.get("/api/v1/match/plan", params={"topic": "people", "peer": "x"})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_the_description_has_every_use_case_and_no_dangling_reference():
    page = openapi()
    assert {f"/api/v1/{case.noun}/{case.verb}" for case in USE_CASES} == set(page["paths"])
    text = json.dumps(page)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in page["components"]["schemas"]


def test_the_description_is_served_without_the_token(address):
    assert httpx.get(f"{address}/api/v1/openapi.json").json()["openapi"] == "3.1.0"
