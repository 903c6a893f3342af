"""Browsers for the console's tests: Debian's Chromium, driven by Playwright.

`DETENTE_BROWSER=required` makes a missing browser a failure; `DETENTE_SCREENSHOTS=1` writes docs/screenshots anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.consoles import PASSWORD, PURPOSE, Served
from support.world import World

SCREENSHOTS = Path(__file__).parents[3] / "docs" / "screenshots"
SERIOUS = ("serious", "critical")


def chromium() -> str:
    """Where the browser is, "" where there is none."""
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), "")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = chromium()
    if not path and os.environ.get("DETENTE_BROWSER") == "required":
        pytest.fail("no chromium here, and DETENTE_BROWSER=required: apt-get install chromium")
    if not path:
        pytest.skip("no chromium here: apt-get install chromium (Debian's)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=path, args=sandbox)
        yield opened
        opened.close()


@dataclass
class Person:
    """Somebody at a browser. Whatever the browser complains of, a violated policy above all, is kept in `complaints`."""

    served: Served
    page: Any
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._note(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on("dialog", self._agree)
        self.page.on("response", lambda answer: self._note(f"{answer.status} {answer.url}") if answer.status >= 500 else None)  # fmt: skip

    def _agree(self, dialog: Any) -> None:
        if dialog.type != "confirm":
            self.dialogs.append(dialog.message)
        dialog.accept()

    def _note(self, text: str) -> None:
        self.complaints.append(text)

    def goto(self, path: str) -> None:
        self.page.goto(self.served.address + path)

    def enrol(self, name: str) -> None:
        """The first administrator, with the terminal's code, in the pages."""
        page, code = self.page, self.served.node.accounts.first_code()
        self.goto("/enrol")
        page.fill("[name=code]", code)
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=again]", PASSWORD)
        page.click("button.primary")
        with self.served.node.office.store.snapshot() as tx:
            row = tx.accounts.get(name)
        assert row is not None
        self.served.people[name] = row.secret
        page.wait_for_load_state("load")
        assert page.locator(".qr img").evaluate("image => image.naturalWidth") > 0
        page.fill("[name=digits]", self.served.digits(name))
        page.click("button.primary")
        page.wait_for_selector("nav")

    def sign_in(self, name: str) -> None:
        """In the pages: password, then second factor, then the purpose."""
        page = self.page
        self.goto("/sign-in")
        page.fill("[name=name]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("button.primary")
        page.fill("[name=digits]", self.served.digits(name))
        page.click("button.primary")
        page.wait_for_selector("nav")
        self.state_purpose()

    def state_purpose(self) -> None:
        self.goto("/purpose")
        self.page.fill("[name=purpose]", PURPOSE)
        self.page.click("main button.primary")

    def check(self) -> None:
        """axe finds nothing serious on the page as it is now, and the browser has not complained."""
        from axe_playwright_python.sync_playwright import Axe

        # axe is injected by the driver, past the page's policy
        found = Axe().run(self.page).response["violations"]
        bad = [
            f"{v['id']}: {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}" for v in found if v["impact"] in SERIOUS
        ]  # fmt: skip
        assert not bad, "\n".join(bad)
        assert not self.complaints, self.complaints

    def picture(self, name: str) -> None:
        """A screenshot for the documentation, where they are asked for."""
        if os.environ.get("DETENTE_SCREENSHOTS"):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


@pytest.fixture
def person(browser: Any) -> Iterator[Callable[..., Person]]:
    """Makes people at browsers of their own; at the end none of them may have complained."""
    made: list[tuple[Person, Any]] = []

    def make(served: Served, language: str = "en-GB", **options: Any) -> Person:
        options = {"viewport": {"width": 1280, "height": 860}, "locale": language, **options}
        context = browser.new_context(**options)
        context.set_default_timeout(20_000)
        made.append((Person(served, context.new_page()), context))
        return made[-1][0]

    yield make
    for who, context in made:
        context.close()
        assert not who.complaints, who.complaints


@pytest.fixture
def consoles(world: World) -> Iterator[dict[str, Served]]:
    """North and South, new, each with its console."""
    made = {}
    for name in ("north", "south"):
        world.node(name)
        made[name] = Served(world, name)
    yield made
    for served in made.values():
        served.stop()
