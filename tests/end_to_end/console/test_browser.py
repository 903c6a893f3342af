"""What a browser must show of each page, and what it must not run: every language, light and dark, hostile texts, keys alone."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from detente.api.peer import Listener
from detente.web.console import PAGES
from support.consoles import PASSWORD, Served
from support.hostile import ARAB, hostile_world

FILES = ("/journal/export", "/enrol/factor.svg", "/roadmap/picture.svg")


@pytest.fixture(scope="module")
def north(tmp_path_factory):
    world = hostile_world(tmp_path_factory.mktemp("browser"))
    served = Served(world, "north")
    served.invite("j.moreau", "analyst", "releaser", "administrator")
    yield served
    served.stop()
    world.close()


def paths(served):
    """Every page that a signed-in person can open, and one of each kind of detail."""
    finding = served.node.runs.findings()[0].id
    items = served.node.swaps.status("south").items
    plain = [p.path for p in PAGES if p.method == "GET" and p.stage == "full" and "{" not in p.path and p.path not in FILES]  # fmt: skip
    parts = ("/findings/rows", "/match/runs")
    return [
        *(path for path in plain if path not in parts), f"/findings/{finding}", "/findings?status=confirmed", "/agreements/new?peer=south",
        f"/swap/{next(i.id for i in items if i.state == 'prepared')}?peer=south",
        f"/swap/{next(i.id for i in items if i.direction == 'received')}?peer=south", "/journal?verify=1", "/looks?verify=1",
        f"/reports/{served.node.reports.listed()[0].id}", f"/requests/{served.node.requests.listed()[0].id}", "/nothing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "scheme"), [("fr-FR", "light"), ("ru-RU", "light"), ("en-GB", "dark")], ids=["fr", "ru", "dark"]
)  # fmt: skip
def test_every_page_is_accessible_whole_and_runs_nothing_of_what_others_wrote(
    north, person, language, scheme
):
    who = person(north, language, color_scheme=scheme, viewport={"width": 1024, "height": 768})
    for path in ("/sign-in", "/enrol"):
        who.goto(path)
        who.check()
    who.sign_in("j.moreau")
    for path in paths(north):
        who.goto(path)
        if path == "/nothing":
            who.complaints.clear()  # the browser notes that it was not found
        if (
            language != "fr-FR"
        ):  # light is looked through in Russian, dark in English: French adds words alone
            who.check()
        assert who.page.locator("html").get_attribute("lang") == language[:2]
        wide = who.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is wider than a tablet by {wide}"
        if scheme == "light" and path == "/match":
            who.picture(f"{language[:2]}-match")
        if path == "/findings?status=confirmed":
            shown = who.page.locator(f"bdi[dir=auto]:text-is('{ARAB}')").first
            assert shown.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert not who.dialogs, "a script of somebody else's ran"


def test_without_a_mouse_one_signs_in_states_a_purpose_and_parks_a_finding(north, person):
    who = person(north)
    page, keys = who.page, who.page.keyboard
    who.goto("/sign-in")
    keys.type("j.moreau")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_selector("[name=digits]")
    keys.type(north.digits("j.moreau"))
    keys.press("Enter")
    page.wait_for_selector("nav")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(40):
        if page.evaluate("document.activeElement.getAttribute('href')") == "/findings":
            break
        keys.press("Shift+Tab")
    keys.press("Enter")
    page.wait_for_selector("[name=purpose]")
    keys.type("case 7")
    keys.press("Enter")
    page.wait_for_selector("#filter")
    keys.press("/")
    assert page.evaluate("document.activeElement.name") == "status"
    focused = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focused != "none", "where one is must be seen"


def test_an_inline_script_does_not_run_and_the_tests_would_notice(north, person):
    who = person(north)
    who.goto("/sign-in")
    who.page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); }"
    )
    who.page.evaluate("() => { document.body.innerHTML += '<img src=x onerror=\"window.ran = 2\">'; }")
    who.page.wait_for_timeout(200)
    assert who.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in who.complaints)
    who.complaints.clear()


@pytest.fixture
def elsewhere(north):
    """Another site, that knows the console's address."""
    target = north.address

    async def framing(_request):
        return HTMLResponse(f'<iframe src="{target}/sign-in" width="600" height="600"></iframe>')

    async def forging(_request):
        return HTMLResponse(
            f'<form method="post" action="{target}/agreements/do/suspend"><input name="peer" value="south"></form>'
            "<script>document.forms[0].submit()</script>"
        )

    listener = Listener(Starlette(routes=[Route("/frame", framing), Route("/forge", forging)]))
    yield f"http://localhost:{listener.start('127.0.0.1', 0)}"
    listener.stop()


def test_no_other_site_can_frame_the_console(elsewhere, north, person):
    who = person(north)
    who.page.goto(f"{elsewhere}/frame")
    who.page.wait_for_timeout(500)
    assert not any(frame.url.startswith(north.address) for frame in who.page.frames)
    who.complaints.clear()  # the browser says that it refused


def test_another_site_s_form_changes_nothing_for_somebody_who_is_signed_in(elsewhere, north, person):
    who = person(north)
    who.sign_in("j.moreau")
    who.page.goto(f"{elsewhere}/forge")
    who.page.wait_for_timeout(500)
    assert north.node.agreements.show("south")[0].state == "in_force"
    who.goto("/")
    assert who.page.locator("nav").count(), "and the session goes on"
    who.complaints.clear()


def test_on_a_small_tablet_nothing_is_cut_off(north, person):
    who = person(north, viewport={"width": 768, "height": 1024})
    who.sign_in("j.moreau")
    for path in ("/", "/findings?status=confirmed", "/swap", "/match", "/agreements/new?peer=south"):
        who.goto(path)
        wide = who.page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{path} is too wide by {wide}"


def test_a_printed_page_has_neither_navigation_nor_buttons(north, person):
    who = person(north)
    who.sign_in("j.moreau")
    who.goto("/ledger")
    who.page.emulate_media(media="print")
    assert not who.page.locator("nav").is_visible()
    assert who.page.locator("table.rows").is_visible()


def test_what_happens_elsewhere_shows_without_a_reload(north, person):
    who = person(north)
    who.sign_in("j.moreau")
    who.goto("/")
    who.page.wait_for_timeout(800)
    before = who.page.locator("#home").inner_text()
    draft = next(i.id for i in north.node.swaps.status("south").items if i.state == "prepared")
    north.node.swaps.withdraw("south", [draft])
    who.page.wait_for_function(
        "before => document.querySelector('#home').innerText !== before", arg=before, timeout=20_000
    )
