"""The console's application: routes to pages, and what each request must pass before a page sees it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

import anyio
import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from detente.api.failure import failure
from detente.api.usecases import USE_CASES
from detente.errors import DetenteError, Misuse, PeerFault, Unavailable
from detente.node.node import Node
from detente.node.overview import Overview
from detente.web import render
from detente.web.guard import Forged, Guard, inside
from detente.web.jobs import Jobs
from detente.web.language import preferred, tongue
from detente.web.pages import (
    accounts,
    airspace,
    documents,
    findings,
    home,
    journal,
    match,
    reports,
    requests,
    setup,
    signin,
    swap,
)
from detente.web.pages.load import Uploads
from detente.web.visit import NotYours, Page, Visit

PAGES: tuple[Page, ...] = (
    *signin.PAGES,
    *home.PAGES,
    *match.PAGES,
    *findings.PAGES,
    *swap.PAGES,
    *documents.PAGES,
    *requests.PAGES,
    *reports.PAGES,
    *airspace.PAGES,
    *journal.PAGES,
    *setup.PAGES,
    *accounts.PAGES,
)
STREAMS = 16  # browsers that listen for events at a time
EVENT_SECONDS, STREAM_SECONDS = 2.0, 600.0
FIELDS = 2000


class Console:
    """What the pages share: the node, the guard, runs under way, uploads that wait to be loaded."""

    def __init__(self, node: Node, changed: Callable[[], None], origin: str) -> None:
        self.node, self._changed = node, changed
        with node.office.store.snapshot() as tx:
            self.organisation = node.office.name(tx)
        self.guard = Guard(f"detente-{node.office.identity().party[:8]}", origin.rstrip("/"))
        self.jobs, self.uploads = Jobs(), Uploads()
        self.closing = threading.Event()
        self.streams = 0
        self._seen: tuple[float, Overview] | None = None

    def overview(self) -> Overview:
        """What every page shows at its side: of this state of the journal, and two seconds old at most. Many readers cost no more than one."""
        with self.node.office.store.snapshot() as tx:
            size = tx.journal.size()
        seen = self._seen
        if seen is None or seen[1].entries != size or time.monotonic() - seen[0] > EVENT_SECONDS:
            seen = self._seen = (time.monotonic(), self.node.outlook.overview())
        return seen[1]

    def changed(self) -> None:
        """Somebody did something: what is shown is read anew, and there may be something to send."""
        self._seen = None
        self._changed()


def console_app(
    node: Node, changed: Callable[[], None] = lambda: None, origin: str = ""
) -> tuple[ASGIApp, Console]:
    """The console of a node, and its state: `closing.set()` ends its streams. `origin` is the https address of a proxy before it.

    >>> app, console = console_app(node)  # doctest: +SKIP
    """
    console = Console(node, changed, origin)
    routes = [Route(f"/static/{name}", _asset(console, name)) for name in render.assets()]
    routes += [Route("/events", _events(console))]
    routes += [Route(page.path, _answer(console, page), methods=[page.method]) for page in PAGES]
    handlers: Any = {404: _lost(console), 405: _lost(console), 500: _broken(console)}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app, console


def beside(operator: ASGIApp, console: ASGIApp) -> ASGIApp:
    """Both faces on one port: /api/ is the REST interface's."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        api = scope["type"] != "http" or scope["path"].startswith("/api/")
        await (operator if api else console)(scope, receive, send)

    return app


def _answer(console: Console, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        guard = console.guard
        pre = request.cookies.get("detente-pre", "")[:64]
        fresh = "" if pre else secrets.token_urlsafe(24)
        visit = _visit(console, request, pre or fresh)
        try:
            guard.require_host(request)
            await anyio.to_thread.run_sync(_recognise, visit, request.cookies.get(guard.cookie, ""))
            if page.method == "POST":
                guard.require_same_origin(request)
            response = _stopped(visit, page, request)
            if response is None:
                visit.require(page)
                if (
                    page.method == "POST"
                ):  # only now is the body read: not from a stranger, nor from who may not send it
                    await _read_form(visit, request, page.body)
                    token = request.headers.get("x-csrf", "") or visit.form.get("csrf", "")
                    guard.require_token(visit.csrf, token)
                response = await anyio.to_thread.run_sync(page.answer, visit)
        except Forged as error:
            response = await anyio.to_thread.run_sync(_problem, visit, error, 403)
        except DetenteError as error:
            response = await anyio.to_thread.run_sync(_problem, visit, error, _status(error))
        if fresh and page.stage in ("", "enrol", "password"):
            response.set_cookie("detente-pre", fresh, httponly=True, samesite="strict", secure=guard.secure)
        return guard.dress(response)

    return answer


def _visit(console: Console, request: Request, pre: str) -> Visit:
    language = request.cookies.get("detente-language", "") or preferred(
        request.headers.get("accept-language", "")
    )
    theme = request.cookies.get("detente-theme", "")
    return Visit(
        console=console,
        path=request.url.path,
        query=dict(request.query_params) | {"_raw": request.url.query},
        form={},
        lists={name: request.query_params.getlist(name) for name in request.query_params},
        uploads={},
        speaks=tongue(language),
        theme=theme if theme in ("light", "dark") else "",
        fragment=request.headers.get("hx-request") == "true",
        pre=pre,
        shown=dict(request.path_params),
    )


def _recognise(visit: Visit, token: str) -> None:
    known = visit.console.node.accounts.session(token)
    if known is not None:
        visit.token = token
        visit.session, visit.account = known[0], known[1] if known[0].stage == "full" else None


def _stopped(visit: Visit, page: Page, request: Request) -> Response | None:
    """Where the visitor is sent instead: to sign in, or to say why records are looked at."""
    stage = visit.session.stage if visit.session else ""
    if page.stage and stage != page.stage:
        target = inside(f"{visit.path}?{request.url.query}" if request.url.query else visit.path)
        target = target if page.method == "GET" else "/"
        return visit.go("/sign-in" + ("" if target == "/" else f"?next={quote(target)}"))
    if page.records and visit.session is not None and not visit.session.purpose:
        target = inside(f"{visit.path}?{request.url.query}" if request.url.query else visit.path)
        return visit.go(f"/purpose?next={quote(target if page.method == 'GET' else '/findings')}")
    return None


async def _read_form(visit: Visit, request: Request, most: int) -> None:
    """The form, capped before it is held. Raises Misuse."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    try:
        stream = _capped(request, most)
        if kind == "multipart/form-data":
            parser = MultiPartParser(request.headers, stream, max_files=1, max_fields=FIELDS)
            parser.spool_max_size = most  # records stay in memory: no upload is written to a disk
            form: FormData = await parser.parse()
        elif kind == "application/x-www-form-urlencoded":
            form = await FormParser(Headers(request.headers), stream).parse()
        else:
            raise Misuse("this address takes a form")
    except (MultiPartException, UnicodeDecodeError, ClientDisconnect):
        raise Misuse("the form can't be read: go back and send it again") from None
    if len(form.multi_items()) > FIELDS:
        raise Misuse("the form has too many fields")
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    lists: dict[str, list[str]] = {}
    for name, value in texts:
        lists.setdefault(name, []).append(value)
    visit.lists = lists
    visit.form = {name: values[0] for name, values in lists.items()}
    visit.uploads = {name: value for name, value in form.items() if isinstance(value, UploadFile)}


async def _capped(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise Misuse(f"this form takes at most {most >> 10} KB: send less")
        yield chunk


def _status(error: DetenteError) -> int:
    kinds: Iterable[tuple[type[DetenteError], int]] = (
        (NotYours, 403), (PeerFault, 502), (Unavailable, 503), (Misuse, 400),
    )  # fmt: skip
    return next((status for kind, status in kinds if isinstance(error, kind)), 409)


def _problem(visit: Visit, error: DetenteError, status: int) -> Response:
    template = "_problem.html" if visit.fragment else "problem.html"
    try:
        response = visit.page(template, status, problem=failure(error), back=inside(visit.path))
    except DetenteError:
        visit.account = None  # what every page shows can't be read either: say the first thing
        response = visit.page(template, status, problem=failure(error), back="/")
    if visit.fragment:
        response.headers.update({"hx-retarget": "#problems", "hx-reswap": "innerHTML"})
    return response


def _asset(console: Console, name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return console.guard.dress(render.asset(name), keep=True)

    return answer


def _lost(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, _error: Exception) -> Response:
        text = render.page(
            "lost.html", _visit(console, request, "").speaks.code, {"theme": "", "found": False}
        )
        return console.guard.dress(Response(text, 404, media_type="text/html"))

    return answer


def _broken(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, _error: Exception) -> Response:
        text = render.page(
            "lost.html", _visit(console, request, "").speaks.code, {"theme": "", "found": True}
        )
        return console.guard.dress(Response(text, 500, media_type="text/html"))

    return answer


def _events(console: Console) -> Callable[[Request], Awaitable[Response]]:
    """What waits, as a stream of events: an event where something changed. A session is asked for again at each."""

    async def answer(request: Request) -> Response:
        guard = console.guard
        visit = _visit(console, request, "")
        token = request.cookies.get(guard.cookie, "")
        try:
            guard.require_host(request)
        except Forged:
            return guard.dress(Response(status_code=403))
        await anyio.to_thread.run_sync(_recognise, visit, token)
        if visit.account is None or console.streams >= STREAMS:
            return guard.dress(Response(status_code=204))  # an EventSource does not come back after it
        return guard.dress(StreamingResponse(_stream(console, visit, token), media_type="text/event-stream"))

    return answer


async def _stream(console: Console, visit: Visit, token: str) -> AsyncIterator[bytes]:
    console.streams += 1
    try:
        last = b""
        with anyio.move_on_after(STREAM_SECONDS):
            while not console.closing.is_set():
                known = await anyio.to_thread.run_sync(console.node.accounts.session, token, False)
                if known is None:
                    return
                told = await anyio.to_thread.run_sync(waiting_event, console)
                if told != last:
                    last = told
                    yield b"event: waiting\ndata: " + told + b"\n\n"
                for _ in range(int(EVENT_SECONDS / 0.25)):
                    if console.closing.is_set():
                        return
                    await anyio.sleep(0.25)
    finally:
        console.streams -= 1


def waiting_event(console: Console) -> bytes:
    """What an event says: what waits, and how many entries the journal has."""
    overview = console.overview()
    waiting = [(w.kind, w.peer, w.count) for w in overview.waiting]
    states = [(p.name, p.state, p.alarms) for p in overview.peers]
    return msgspec.json.encode({"waiting": waiting, "peers": states, "entries": overview.entries})


__all__ = ["PAGES", "USE_CASES", "Console", "beside", "console_app", "waiting_event"]
