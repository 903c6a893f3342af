"""The operator's REST interface: the table of use cases as JSON over HTTP, described by OpenAPI. For the loopback interface.

POST /api/v1/<noun>/<verb> with a JSON body for what changes something, GET with query parameters for what only looks; each with
`Authorization: Bearer TOKEN` (api/auth). An error is a `Failure` with the status 409 refused, 400 misuse, 503 unavailable, 502 peer fault.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import anyio.to_thread
import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from detente.api.auth import allowed
from detente.api.failure import Failure, failure
from detente.api.usecases import USE_CASES, UseCase
from detente.errors import DetenteError, Misuse, PeerFault, Refused, Unavailable
from detente.node.node import Node

PREFIX = "/api/v1"
MAX_BODY = 64 << 20
STATUS: tuple[tuple[type[DetenteError], int], ...] = (
    (PeerFault, 502),
    (Unavailable, 503),
    (Misuse, 400),
    (Refused, 409),
)
_REFERENCE = "#/components/schemas/{name}"
_log = logging.getLogger("detente.operator")


def operator_app(node: Node, token: str, changed: Callable[[], None] = lambda: None) -> Starlette:
    """The application of the operator's listener. `changed` is called after every POST that succeeded: there may be something to send.

    >>> Listener(operator_app(node, operator_token(directory))).start("127.0.0.1", 8444)  # doctest: +SKIP
    8444
    """

    def route(case: UseCase) -> Route:
        async def answer(request: Request) -> Response:
            if not allowed(request.headers.get("authorization", ""), token):
                return _refusal(
                    401, "give the token of the node's operator-token file: Authorization: Bearer TOKEN"
                )
            try:
                parameters = await _parameters(case, request)
                value = await anyio.to_thread.run_sync(case.run, node, parameters)
            except DetenteError as error:
                return _json(failure(error), next((s for kind, s in STATUS if isinstance(error, kind)), 409))
            if case.method == "POST":
                changed()
            return _json(value)

        return Route(f"{PREFIX}/{case.noun}/{case.verb}", answer, methods=[case.method])

    async def described(_request: Request) -> Response:
        return _json(openapi())

    async def unknown(_request: Request, _error: Exception) -> Response:
        return _refusal(404, f"there is nothing here: {PREFIX}/openapi.json lists what there is")

    async def broken(_request: Request, _error: Exception) -> Response:
        return _json(
            Failure("something went wrong here; the log says what", "unavailable", "look at the log", 3), 500
        )

    routes = [Route(f"{PREFIX}/openapi.json", described), *(route(case) for case in USE_CASES)]
    handlers: Any = {404: unknown, 405: unknown, 500: broken}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of the table.

    >>> openapi()["openapi"]
    '3.1.0'
    """
    kinds = [Failure, *(case.gives for case in USE_CASES), *(case.takes for case in USE_CASES)]
    schemas, components = msgspec.json.schema_components(
        kinds, schema_hook=lambda _: {"description": "any JSON value"}, ref_template=_REFERENCE
    )
    gives = schemas[1 : 1 + len(USE_CASES)]
    paths: dict[str, Any] = {}
    for case, schema in zip(USE_CASES, gives, strict=True):
        operation: dict[str, Any] = {
            "operationId": f"{case.noun}_{case.verb}",
            "summary": case.doc,
            "tags": [case.noun],
            "responses": {
                "200": {"description": "Done.", "content": {"application/json": {"schema": schema}}},
                "default": {
                    "description": "Not done.",
                    "content": {"application/json": {"schema": schemas[0]}},
                },
            },
        }
        takes = components[case.takes.__name__]
        if case.method == "GET":
            operation["parameters"] = [
                {"name": name, "in": "query", "required": name in takes.get("required", ()), "schema": each}
                for name, each in takes["properties"].items()
            ]
        else:
            reference = {"$ref": _REFERENCE.format(name=case.takes.__name__)}
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": reference}},
            }
        paths[f"{PREFIX}/{case.noun}/{case.verb}"] = {case.method.lower(): operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Détente: the operator's interface", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


async def _parameters(case: UseCase, request: Request) -> msgspec.Struct:
    """What the use case takes, from the query or the body. Raises Misuse."""
    try:
        if case.method == "GET":
            return msgspec.convert(dict(request.query_params), case.takes, strict=False)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Misuse("the body is JSON: send Content-Type: application/json")
        return msgspec.json.decode(await _body(request), type=case.takes)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{case.noun} {case.verb} takes something else: {error}") from None


async def _body(request: Request) -> bytes:
    """At most MAX_BODY bytes; more are refused before they are held."""
    body = io.BytesIO()
    try:
        async for chunk in request.stream():
            if body.tell() + len(chunk) > MAX_BODY:
                raise Misuse(f"a body has at most {MAX_BODY} bytes: send it in parts")
            body.write(chunk)
    except ClientDisconnect:
        raise Misuse("the body ended early") from None
    return body.getvalue()


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, {"cache-control": "no-store"}, "application/json")


def _refusal(status: int, sentence: str) -> Response:
    return _json(Failure(sentence, "misuse", f"see {PREFIX}/openapi.json", 2), status)


__all__ = ["PREFIX", "openapi", "operator_app"]
