"""The pages over HTTP, without a browser: who gets in, what is escaped, what a forged request can't do."""

import re

import pytest

from detente.web.console import PAGES
from detente.web.guard import CONTENT_SECURITY_POLICY
from support.consoles import PASSWORD, Served

READ = [page for page in PAGES if page.method == "GET" and "{" not in page.path]
CHANGE = [page for page in PAGES if page.method == "POST"]


def concrete(served, path):
    """A path with the first finding, item or act in its place."""
    if "{id}" in path and "findings" in path:
        return path.replace("{id}", served.node.runs.findings()[0].id)
    if "{id}" in path:
        return path.replace("{id}", served.node.swaps.status("south").items[0].id) + "?peer=south"
    acts = {"/agreements": "suspend", "/documents": "accept", "/roadmap": "propose", "/requests": "accept"}
    return path.replace(
        "{act}", next((act for start, act in acts.items() if path.startswith(start)), "approve")
    )


@pytest.fixture(scope="session")
def admin(north):
    return north.visitor("j.moreau")


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.stage == "full"], ids=lambda p: f"{p.method} {p.path}"
)
def test_without_a_session_every_page_sends_to_the_sign_in(north, page):
    visitor = north.visitor()
    visitor.csrf = visitor.token_in(visitor.get("/sign-in").text)
    answer = visitor.client.request(
        page.method, concrete(north, page.path).split("?")[0], data={"csrf": visitor.csrf} if page.method == "POST" else None
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("page", [p for p in PAGES if p.method == "GET"], ids=lambda p: p.path)
def test_every_page_answers_with_the_headers_that_keep_it_safe(north, admin, page):
    answer = admin.get(concrete(north, page.path))
    assert answer.status_code in (200, 303, 400), answer.text[:500]
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("page", [p for p in PAGES if p.method == "GET"], ids=lambda p: p.path)
def test_what_a_peer_or_a_file_says_is_never_markup(north, admin, page):
    text = admin.get(concrete(north, page.path)).text
    for broken in ("<script>alert", "<img src=x", "<b>bold</b>", "49}}", "'><img"):
        assert broken not in text
    assert not re.search(r"<script(?![^>]* src=)", text), "an inline script"
    assert not re.search(r"<[^>]+\son[a-z]+=", re.sub(r'"[^"]*"', '""', text)), "an inline handler"
    assert not re.search(r"<[^>]+\sstyle=", re.sub(r'"[^"]*"', '""', text)), "an inline style"


@pytest.mark.parametrize(
    "path",
    [
        "/findings?status=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/findings?peer=%3Cscript%3Ealert(1)", "/findings?run=%22onfocus=alert(1)",
        "/journal?subject=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/looks?account=%3Cscript%3Ealert(1)", "/?said=%3Cscript%3Ealert(1)",
        "/sign-in?next=javascript:alert(1)", "/sign-in?next=%22%3E%3Cscript%3Ealert(1)", "/purpose?next=//evil.example",
        "/agreements/new?peer=%3Cscript%3Ealert(1)", "/swap?peer=%3Cscript%3Ealert(1)", "/nothing/%3Cscript%3Ealert(1)",
    ],
)  # fmt: skip
def test_nothing_in_an_address_comes_back_as_markup(north, admin, path):
    for visitor in (admin, north.visitor()):
        text = visitor.get(path).text
        assert "<script>alert" not in text
        assert "javascript:alert" not in text
        assert "//evil.example" not in text


@pytest.mark.parametrize("page", CHANGE, ids=lambda p: p.path)
def test_a_form_without_the_session_s_token_changes_nothing(north, admin, page):
    before = north.node.witness.heads().size
    for data in ({"x": "1"}, {"csrf": ""}, {"csrf": "0" * 32}, {"csrf": north.visitor("j.moreau").csrf}):
        answer = admin.client.post(concrete(north, page.path).split("?")[0], data=data)
        # to a step of signing in that is not theirs they are not let in at all
        assert answer.status_code == (403 if page.stage in ("", "full") else 303)
    assert north.node.witness.heads().size == before
    assert admin.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_a_form_from_another_site_is_refused_even_with_the_token(admin, headers):
    answer = admin.post("/preferences", {"theme": "dark", "next": "/"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_name_that_points_here_gets_nothing(admin, host):
    assert admin.get("/", headers={"host": host}).status_code == 403
    assert admin.get("/events", headers={"host": host}).status_code == 403


def test_a_password_alone_opens_no_page(north):
    visitor = north.visitor()
    page = visitor.get("/sign-in").text
    answer = visitor.client.post(
        "/sign-in", data={"csrf": visitor.token_in(page), "name": "j.moreau", "password": PASSWORD}
    )
    assert answer.headers["location"].startswith("/second")
    for path in ("/", "/findings", "/accounts", "/enrol/factor"):
        assert visitor.get(path).headers["location"].startswith("/sign-in")
    assert visitor.get("/events").status_code == 204


def test_a_session_s_name_that_somebody_planted_is_not_the_one_after_signing_in(north):
    visitor = north.visitor()
    cookie = north.console.guard.cookie
    visitor.client.cookies.set(cookie, "planted-by-somebody-else")
    page = visitor.get("/sign-in").text
    first = visitor.client.post(
        "/sign-in", data={"csrf": visitor.token_in(page), "name": "j.moreau", "password": PASSWORD}
    )
    half = first.cookies[cookie]
    visitor.client.cookies.clear()
    visitor.client.cookies.set(cookie, half)
    page = visitor.get("/second").text
    second = visitor.client.post(
        "/second", data={"csrf": visitor.token_in(page), "digits": north.digits("j.moreau")}
    )
    full = second.cookies[cookie]
    assert len({"planted-by-somebody-else", half, full}) == 3
    visitor.client.cookies.clear()
    visitor.client.cookies.set(cookie, half)
    assert visitor.get("/").status_code == 303, "the half session is over"


def test_signing_in_anew_ends_the_session_before_it(north):
    visitor = north.visitor("j.moreau")
    cookie, before = north.console.guard.cookie, dict(visitor.client.cookies)
    answer = visitor.post("/sign-in", {"name": "j.moreau", "password": PASSWORD})
    assert answer.cookies[cookie] != before[cookie]
    assert north.node.accounts.session(before[cookie]) is None


def test_cookies_are_for_this_site_and_no_script(north):
    visitor = north.visitor()
    page = visitor.get("/sign-in").text
    answer = visitor.client.post(
        "/sign-in", data={"csrf": visitor.token_in(page), "name": "j.moreau", "password": PASSWORD}
    )
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "domain" not in said


def test_behind_tls_the_cookie_is_bound_to_the_host_and_never_sent_in_the_clear(matched):
    served = Served(matched, "south", origin="https://node.example")
    try:
        served.invite("b.admin", "administrator")
        visitor = served.visitor()
        host = {"host": "node.example"}
        page = visitor.get("/sign-in", headers=host)
        assert page.headers["strict-transport-security"]
        answer = visitor.client.post(
            "/sign-in", data={"csrf": visitor.token_in(page.text), "name": "b.admin", "password": PASSWORD},
            headers={**host, "origin": "https://node.example", "cookie": f"detente-pre={page.cookies['detente-pre']}"},
        )  # fmt: skip
        said = answer.headers["set-cookie"]
        assert said.startswith("__Host-detente-")
        assert "Secure" in said
        assert "Path=/" in said
        assert visitor.get("/sign-in").status_code == 403, "the address of the proxy alone counts"
    finally:
        served.stop()


def test_signing_out_ends_the_session_in_the_store(north):
    visitor = north.visitor("j.moreau")
    kept = dict(visitor.client.cookies)
    visitor.post("/sign-out")
    visitor.client.cookies.update(kept)
    assert visitor.get("/").status_code == 303


def test_an_auditor_reads_everything_and_changes_nothing(north):
    auditor = north.visitor("a.auditor")
    for page in READ:
        if page.path in ("/peers", "/load", "/roadmap/picture.svg") or page.stage != "full":
            continue
        assert auditor.get(f"{page.path}?peer=south").status_code == 200, page.path
    before, refused = north.node.witness.heads().size, 0
    for page in CHANGE:
        if page.path in ("/purpose", "/preferences", "/agreements/preview") or page.stage != "full":
            continue
        answer = auditor.post(
            concrete(north, page.path).split("?")[0], {"peer": "south", "name": "x", "roles": "auditor", "by": "x"}
        )  # fmt: skip
        # what no form can mean is refused before it is asked who wants it
        assert answer.status_code in (400, 403), (page.path, answer.status_code)
        refused += answer.status_code == 403
    assert refused >= 18
    assert north.node.witness.heads().size == before


def test_a_controller_sees_no_record_of_a_person(north):
    controller = north.visitor("c.controller")
    for path in ("/findings", "/swap", "/load", "/looks", "/accounts", "/journal"):
        answer = controller.get(path)
        assert answer.status_code in (303, 403, 200), path
        assert "Басаев" not in answer.text
    assert controller.get("/findings").status_code == 403
    home = controller.get("/").text
    assert 'href="/findings' not in home


def test_without_a_purpose_no_record_is_shown_and_each_look_is_written_down(north):
    visitor = north.visitor("j.moreau", purpose="")
    assert visitor.get("/findings").headers["location"].startswith("/purpose?next=")
    visitor.post("/purpose", {"purpose": "order 7 of 3 May", "next": "/findings"})
    finding = north.node.runs.findings()[0]
    visitor.get(f"/findings/{finding.id}", headers={"hx-request": "true"})
    look = north.node.accounts.looks(subject=finding.id)[0]
    assert (look.account, look.kind, look.purpose) == ("j.moreau", "finding", "order 7 of 3 May")
    assert north.node.accounts.verify_looks() > 0


def test_a_draft_leaves_out_what_a_person_ticks_and_no_byte_of_it_is_left(north, admin):
    item = next(i for i in north.node.swaps.status("south").items if i.state == "prepared")
    assert "birthPlace" in item.content
    answer = admin.post("/swap/do/redact", {"peer": "south", "item": item.id, "leave_out": "birthPlace"})
    assert answer.status_code == 303, answer.text
    assert "birthPlace" not in north.node.outlook.plaintext(item.id)
    refused = admin.post("/swap/do/redact", {"peer": "south", "item": item.id, "leave_out": "nothing"})
    assert refused.status_code == 400


def drafts(served):
    return {i.id: i for i in served.node.swaps.status("south").items if i.state == "prepared"}


@pytest.mark.parametrize("ids", [None, "", " ", "draft: x", "draft:", [""]])
@pytest.mark.parametrize("act", ["approve", "withdraw"])
def test_who_chose_nothing_approves_and_withdraws_nothing(north, admin, act, ids):
    before = drafts(north)
    assert before, "there is something that could leave"
    form = {"peer": "south", "item": ""} | ({} if ids is None else {"ids": ids})
    assert admin.post(f"/swap/do/{act}", form).status_code == 400
    assert drafts(north) == before


def test_a_draft_that_was_made_anew_is_not_approved_by_who_saw_the_older_one(north, admin):
    """A draft has its finding's id: withdrawn and prepared again, it holds what was redacted before."""
    item = next(iter(drafts(north).values()))
    admin.post("/swap/do/withdraw", {"peer": "south", "ids": f"{item.id} {item.exact}"})
    admin.post("/swap/do/prepare", {"peer": "south"})
    anew = drafts(north)[item.id]
    assert anew.exact != item.exact
    assert "birthPlace" in anew.content
    answer = admin.post("/swap/do/approve", {"peer": "south", "ids": f"{item.id} {item.exact}"})
    assert answer.status_code == 409
    assert "changed since it was shown" in answer.text
    assert drafts(north)[item.id] == anew
    page = admin.get("/swap?peer=south").text
    assert f'value="{anew.id} {anew.exact}"' in page, "the page says which bytes it shows"


def test_a_decision_is_journalled_under_the_person_s_name_and_can_be_undone(north, admin):
    item = next(i for i in north.node.swaps.status("south").items if i.state == "prepared")
    finding = north.node.runs.finding(item.finding)
    assert admin.post(f"/findings/{finding.id}/decide", {"status": "open"}).status_code == 409, (
        "its draft stands"
    )
    admin.post("/swap/do/withdraw", {"peer": "south", "ids": f"{item.id} {item.exact}"})
    answer = admin.client.post(
        f"/findings/{finding.id}/decide", data={"status": "parked", "note": "later"},
        headers={"x-csrf": admin.csrf, "hx-request": "true"},
    )  # fmt: skip
    assert answer.status_code == 200
    assert '"status":"parked"' in answer.headers["hx-trigger-after-settle"]
    assert 'data-key="u"' in answer.text
    entry = north.node.witness.show(kind="finding.decided", subject=finding.id)[-1]
    assert entry.body == {"status": "parked", "by": "j.moreau"}


def test_a_body_beyond_the_cap_is_refused(admin):
    answer = admin.post("/purpose", {"purpose": "x" * (1 << 19)})
    assert answer.status_code == 400


UPLOADS = [("/load/preview", 64), ("/reports/add", 32)]


def upload(visitor, path, name="people.csv", data=b"name\nAnn Lee\n"):
    return visitor.client.post(path, data={"csrf": visitor.csrf}, files={"file": (name, data)})


@pytest.mark.parametrize(("path", "megabytes"), UPLOADS)
def test_a_large_file_is_read_from_nobody_who_may_not_bring_it(north, monkeypatch, path, megabytes):
    """Neither a stranger nor somebody whose role it is not fills our memory."""
    held = []
    monkeypatch.setattr("detente.web.console._read_form", lambda *given: held.append(given))
    for visitor, status in (
        (north.visitor(), 303),
        (north.visitor("a.auditor"), 403),
        (north.visitor("c.controller"), 403),
    ):
        assert upload(visitor, path).status_code == status
    assert held == []


@pytest.mark.parametrize(("path", "megabytes"), UPLOADS)
def test_a_file_beyond_the_cap_is_refused_and_not_cut(admin, path, megabytes):
    answer = upload(admin, path, data=b"name\n" + b"x" * (megabytes << 20))
    assert answer.status_code == 400
    assert "at most" in answer.text


@pytest.mark.parametrize(
    "name", ["名" * 120 + ".csv", "..", "../../etc/passwd", "a" * 400 + ".csv", ".csv", "\u202evsc.csv"]
)
def test_a_file_may_be_called_anything(admin, name):
    assert upload(admin, "/load/preview", name).status_code == 200


@pytest.mark.parametrize(
    "data",
    [b"name,born\rAnn Lee,1980\r", b'name,"born\rAnn', b"", b"\n\n", b"\x00\x00,\x00", b"\xff\xfe\x00n", b"," * 70_000, b"[" * 70_000],
)  # fmt: skip
def test_a_file_may_hold_anything(admin, data):
    assert upload(admin, "/load/preview", data=data).status_code in (200, 400)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_body_that_is_no_form_is_refused(admin, kind):
    answer = admin.client.post(
        "/preferences", content=b"{}", headers={"content-type": kind, "x-csrf": admin.csrf}
    )
    assert answer.status_code in (400, 403)


def test_a_broken_upload_is_refused(admin):
    answer = admin.client.post(
        "/peers/read", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data; boundary=x", "x-csrf": admin.csrf}
    )  # fmt: skip
    assert answer.status_code == 400


def test_an_unknown_page_says_so_and_no_more(north):
    answer = north.visitor().get("/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_too_many_attempts_by_everybody_together_are_slowed_down(north, monkeypatch):
    monkeypatch.setattr("detente.web.guard.ATTEMPTS", 0)
    visitor = north.visitor()
    page = visitor.get("/sign-in").text
    answer = visitor.client.post(
        "/sign-in", data={"csrf": visitor.token_in(page), "name": "j.moreau", "password": PASSWORD}
    )
    assert answer.status_code == 400
    assert "too many attempts" in answer.text


def test_the_bundle_that_the_page_exports_verifies(admin, tmp_path):
    import detente_verify

    answer = admin.get("/journal/export?peer=south")
    assert answer.headers["content-disposition"].startswith("attachment")
    file = tmp_path / "bundle.jsonl"
    file.write_bytes(answer.content)
    assert detente_verify.main([str(file)]) in (0, None)


def test_events_tell_what_waits_and_end_when_the_node_stops(north):
    visitor = north.visitor("j.moreau")
    with visitor.client.stream("GET", "/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == "event: waiting"
        assert '"entries"' in next(lines)
