"""Signing in and enrolling: password, then second factor; the purpose of looking at records; language and theme."""

from __future__ import annotations

import base64
import io
from urllib.parse import quote

import segno
from starlette.responses import Response

from detente.api.failure import failure
from detente.errors import DetenteError, Misuse, Refused
from detente.node.accounts import Opened, provisioning_uri
from detente.web.guard import inside
from detente.web.language import LANGUAGES
from detente.web.visit import Page, Visit

YEAR_SECONDS = 365 * 86_400


def ask_password(visit: Visit, problem: DetenteError | None = None) -> Response:
    """The first form of signing in."""
    if visit.account is not None:
        return visit.go("/")
    if visit.session is not None and problem is None:
        return visit.go({"password": "/second", "enrol": "/enrol/factor"}.get(visit.session.stage, "/"))
    wanted = inside(visit.form.get("next") or visit.query.get("next", "/"))
    return visit.page("sign_in.html", _status(problem), next=wanted, problem=_told(problem))


def take_password(visit: Visit) -> Response:
    """A right password brings a session that can give a second factor and nothing else."""
    try:
        visit.console.guard.brake()
        opened = visit.console.node.accounts.sign_in(
            visit.form.get("name", "").strip().lower(), visit.form.get("password", "")
        )
    except DetenteError as error:
        return ask_password(visit, error)
    return _under(visit, opened, "/second?next=" + quote(inside(visit.form.get("next", "/"))))


def ask_code(visit: Visit, problem: DetenteError | None = None) -> Response:
    """The second form of signing in."""
    wanted = inside(visit.form.get("next") or visit.query.get("next", "/"))
    return visit.page("second.html", _status(problem), next=wanted, problem=_told(problem))


def take_code(visit: Visit) -> Response:
    """A right code brings a full session, under a new token."""
    try:
        opened = _confirmed(visit)
    except DetenteError as error:
        return ask_code(visit, error)
    return _under(visit, opened, inside(visit.form.get("next", "/")))


def ask_enrolment(visit: Visit, problem: DetenteError | None = None) -> Response:
    """The form for a one-time code."""
    return visit.page("enrol.html", _status(problem), problem=_told(problem))


def take_enrolment(visit: Visit) -> Response:
    """A right one-time code and a strong password bring a session that enrols a second factor."""
    form = visit.form
    try:
        visit.console.guard.brake()
        if form.get("password", "") != form.get("again", ""):
            raise Misuse("the two passwords differ: type them again")
        opened = visit.console.node.accounts.enrol(
            form.get("name", "").strip().lower(), form.get("code", ""), form.get("password", "")
        )
    except DetenteError as error:
        return ask_enrolment(visit, error)
    return _under(visit, opened, "/enrol/factor")


def ask_factor(visit: Visit, problem: DetenteError | None = None) -> Response:
    """The second factor's secret, as a QR code and as text, and the form for its first code."""
    secret = base64.b32encode(_secret(visit)).decode()
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return visit.page("enrol_factor.html", _status(problem), secret=spaced, problem=_told(problem))


def show_factor(visit: Visit) -> Response:
    """The QR code, as an image."""
    assert visit.session is not None
    uri = provisioning_uri(_secret(visit), visit.session.account, visit.console.organisation)
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=4, border=3, dark="#10203a", light="#ffffff")
    return Response(drawn.getvalue(), media_type="image/svg+xml")


def take_factor(visit: Visit) -> Response:
    """The first code of a second factor ends the enrolment."""
    try:
        opened = _confirmed(visit)
    except DetenteError as error:
        return ask_factor(visit, error)
    return _under(visit, opened, "/?said=welcome")


def sign_out(visit: Visit) -> Response:
    """Ends the session, here and in the store."""
    if visit.session is not None:
        visit.console.node.accounts.sign_out(visit.session)
    response = visit.go("/sign-in")
    visit.console.guard.drop_cookie(response)
    return response


def ask_purpose(visit: Visit) -> Response:
    """Asks why records are looked at."""
    return visit.page("purpose.html", next=inside(visit.query.get("next", "/findings"), "/findings"))


def take_purpose(visit: Visit) -> Response:
    """Notes it for this session."""
    assert visit.session is not None
    visit.console.node.accounts.state_purpose(visit.session, visit.form.get("purpose", ""))
    return visit.go(inside(visit.form.get("next", "/findings"), "/findings"), "purpose")


def prefer(visit: Visit) -> Response:
    """Keeps language and theme in cookies that say nothing else."""
    response = visit.go(inside(visit.form.get("next", "/")))
    wanted = {
        "detente-language": visit.form.get("language", "") if visit.form.get("language") in LANGUAGES else "",
        "detente-theme": visit.form.get("theme", "") if visit.form.get("theme") in ("light", "dark") else "",
    }
    for name, value in wanted.items():
        if value:
            secure = visit.console.guard.secure
            response.set_cookie(name, value, YEAR_SECONDS, httponly=True, samesite="strict", secure=secure)
    return response


def _confirmed(visit: Visit) -> Opened:
    visit.console.guard.brake()
    if visit.session is None:
        raise Refused("sign in first")
    return visit.console.node.accounts.confirm(visit.session, visit.form.get("digits", ""))


def _secret(visit: Visit) -> bytes:
    assert visit.session is not None
    return visit.console.node.accounts.secret(visit.session)


def _under(visit: Visit, opened: Opened, path: str) -> Response:
    """On to the next page, under the cookie of the session that was just opened; the one before it is over."""
    if visit.session is not None:
        visit.console.node.accounts.sign_out(visit.session)
    response = visit.go(path)
    visit.console.guard.set_cookie(response, opened.token)
    return response


def _status(problem: DetenteError | None) -> int:
    return 200 if problem is None else 403 if isinstance(problem, Refused) else 400


def _told(problem: DetenteError | None) -> object:
    return failure(problem) if problem else None


PAGES = (
    Page("/sign-in", ask_password, stage=""),
    Page("/sign-in", take_password, "POST", stage=""),
    Page("/second", ask_code, stage="password"),
    Page("/second", take_code, "POST", stage="password"),
    Page("/enrol", ask_enrolment, stage=""),
    Page("/enrol", take_enrolment, "POST", stage=""),
    Page("/enrol/factor", ask_factor, stage="enrol"),
    Page("/enrol/factor.svg", show_factor, stage="enrol"),
    Page("/enrol/factor", take_factor, "POST", stage="enrol"),
    Page("/sign-out", sign_out, "POST", stage=""),
    Page("/purpose", ask_purpose),
    Page("/purpose", take_purpose, "POST"),
    Page("/preferences", prefer, "POST", stage=""),
)
