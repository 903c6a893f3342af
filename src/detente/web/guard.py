"""What stands between a browser and the pages: headers, hosts, cookies, tokens against forged requests, and a brake on signing in.

OWASP ASVS 5: 3.4 (headers), 3.5 (origin separation), 6.3 (throttling), 7.2 to 7.4 (sessions).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from detente.errors import DetenteError, Unavailable

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
ATTEMPTS, WINDOW_SECONDS = 30, 60.0  # of signing in, by everybody together


class Forged(DetenteError):
    """A request that a page of ours did not make."""


@dataclass
class Guard:
    """One console's guard. `origin` is the https address under which a proxy serves it, "" on loopback."""

    name: str  # of the cookie: two nodes on one host do not share it
    origin: str = ""
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _tries: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        return f"__Host-{self.name}" if self.secure else self.name

    def require_host(self, request: Request) -> None:
        """Raises Forged for a name that is not ours: a page elsewhere whose name was made to point here (DNS rebinding)."""
        host = request.headers.get("host", "")
        if self.origin:
            if host != urlsplit(self.origin).netloc:
                raise Forged("this console has another address")
        elif host.rpartition(":")[0] not in LOOPBACK and host not in LOOPBACK:
            raise Forged("this console answers to its own address alone")

    def require_same_origin(self, request: Request) -> None:
        """Raises Forged for what another site's page sent."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        ours = self.origin or f"{request.url.scheme}://{request.headers.get('host', '')}"
        if site not in ("same-origin", "none") or origin not in (None, ours):
            raise Forged("this request came from another site")

    def require_token(self, expected: str, given: str) -> None:
        """Raises Forged where a form does not carry its session's token."""
        if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
            raise Forged("this form is out of date: go back, reload the page and try again")

    def token_before_sign_in(self, pre: str) -> str:
        """The token of forms that need no session, bound to a cookie of their own."""
        return hmac.new(self._key, pre.encode(), hashlib.sha256).hexdigest()

    def brake(self) -> None:
        """Counts one attempt to sign in. Raises Unavailable where there were too many in a minute."""
        now = time.monotonic()
        with self._lock:
            while self._tries and self._tries[0] < now - WINDOW_SECONDS:
                self._tries.popleft()
            if len(self._tries) >= ATTEMPTS:
                raise Unavailable(
                    "too many attempts to sign in: wait a minute and try again; nothing is lost"
                )
            self._tries.append(now)

    def set_cookie(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.cookie, token, path="/", secure=self.secure, httponly=True, samesite="strict"
        )

    def drop_cookie(self, response: Response) -> None:
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="strict")

    def dress(self, response: Response, keep: bool = False) -> Response:
        """Adds the headers. `keep`: an asset that browsers may keep."""
        response.headers.update(HEADERS)
        if self.secure:
            response.headers["strict-transport-security"] = "max-age=63072000"
        if not keep:
            response.headers["cache-control"] = "no-store"
        return response


def inside(path: str, fallback: str = "/") -> str:
    """A path of this console to go back to; anything else becomes the fallback.

    >>> inside("/findings?x=1"), inside("//evil.example"), inside("https://evil.example"), inside("/\\\\evil.example")
    ('/findings?x=1', '/', '/', '/')
    """
    plain = path.startswith("/") and path.isprintable() and not set(path) & set("\\<>\"'")
    return path if plain and not path.startswith("//") and len(path) < 500 else fallback


def first(values: Iterable[str]) -> str:
    return next(iter(values), "")


__all__ = ["CONTENT_SECURITY_POLICY", "HEADERS", "Forged", "Guard", "first", "inside"]
