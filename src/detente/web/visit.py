"""One request of one person: who asks, in which language, what the form says, and the use cases as that person may use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import msgspec
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from detente.api.usecases import USE_CASES, UseCase
from detente.errors import Misuse, Refused
from detente.node.ports import AccountRow, SessionRow
from detente.web import render
from detente.web.language import Tongue
from detente.web.roles import may

if TYPE_CHECKING:
    from detente.web.console import Console

_NOT_YOURS = "your roles do not allow this: ask an administrator"
_TABLE: Mapping[tuple[str, str], UseCase] = {(case.noun, case.verb): case for case in USE_CASES}


class NotYours(Refused):
    """The person's roles do not allow it."""


@dataclass(frozen=True)
class Page:
    """What one address answers. `stage` says how far the visitor must have signed in ("" not at all); `records`: it shows persons' records,
    so a purpose must have been stated; `needs` is the use case that one must be allowed to use, where that can't wait for the page to call it."""

    path: str
    answer: Callable[[Visit], Response]
    method: Literal["GET", "POST"] = "GET"
    stage: Literal["", "enrol", "password", "full"] = "full"
    records: bool = False
    body: int = 1 << 18  # bytes of a form at most
    needs: tuple[str, str] | None = None


@dataclass
class Visit:
    """One request. `query` and `form` hold the first value of each name, `lists` all of them."""

    console: Console
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    uploads: Mapping[str, UploadFile]
    speaks: Tongue
    theme: str
    fragment: bool  # htmx asks for a part of the page
    pre: str  # the cookie of forms before signing in
    token: str = ""
    session: SessionRow | None = None
    account: AccountRow | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)

    # -- what the person may do

    def may(self, noun: str, verb: str) -> bool:
        """Whether this person may use a use case."""
        case = _TABLE.get((noun, verb))
        roles = self.account.roles if self.account else ()
        return case is not None and may(roles, noun, verb, case.method)

    def require(self, page: Page) -> None:
        """Raises NotYours where this person's roles do not allow a page."""
        if page.needs is not None and not self.may(*page.needs):
            raise NotYours(_NOT_YOURS)

    def call(self, noun: str, verb: str, **given: Any) -> Any:
        """Runs a use case of the public table as this person. Raises NotYours, and whatever the use case raises."""
        case = _TABLE[(noun, verb)]
        if not self.may(noun, verb):
            raise NotYours(_NOT_YOURS)
        try:
            taken = msgspec.convert(given, case.takes, strict=False)
        except msgspec.ValidationError as error:
            raise Misuse(f"{noun} {verb} takes something else: {error}") from None
        found = case.run(self.console.node, taken)
        if case.method == "POST":
            self.console.changed()
        return found

    def look(self, kind: str, subject: str) -> None:
        """Notes that this person looks at a record; it is written down before the page shows it."""
        self.seen.append((kind, subject))

    @property
    def name(self) -> str:
        return self.account.name if self.account else ""

    # -- what they get

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page, or the fragment that htmx asks for, with what every page shows."""
        base = {
            "visit": self,
            "organisation": self.console.organisation,
            "csrf": self.csrf,
            "may": self.may,
            "theme": self.theme,
            "said": self.query.get("said", ""),
        }
        if self.account is not None and not self.fragment and "overview" not in context:
            base["overview"] = self.console.overview()
        if self.seen and self.session is not None:
            self.console.node.accounts.look(self.session, *self.seen)
            self.seen = []
        text = render.page(template, self.speaks.code, base | context)
        return Response(text, status, media_type="text/html")

    @property
    def csrf(self) -> str:
        """The token of this visit's forms."""
        return self.session.csrf if self.session else self.console.guard.token_before_sign_in(self.pre)

    def go(self, path: str, said: str = "") -> Response:
        """Sends the browser on; `said` names the line that the next page shows."""
        if said:
            path += ("&" if "?" in path else "?") + f"said={quote(said)}"
        if self.fragment:
            return Response(status_code=204, headers={"hx-redirect": path})
        return RedirectResponse(path, 303)


def whole(upload: UploadFile, most: int) -> bytes:
    """A file that was uploaded. Raises Misuse for one that is larger, of which a part would be taken for all of it."""
    data = upload.file.read(most + 1)
    if len(data) > most:
        raise Misuse(f"a file has at most {most >> 20} MB here: send it in parts")
    return data


__all__ = ["NotYours", "Page", "Visit", "whole"]
