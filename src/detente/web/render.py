"""Templates to HTML: everything is escaped, a name that a template does not know is an error, one environment a language."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from detente.web.language import LANGUAGES, filters, tongue
from detente.web.naming import heading, item_name, ordered

KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
    "geojson": "application/geo+json",
}


@lru_cache(maxsize=1)
def assets() -> dict[str, tuple[bytes, str, str]]:
    """What is served as it is: name -> content, its kind, and the beginning of its hash."""
    found = {}
    for entry in files("detente.web").joinpath("static").iterdir():
        kind = KINDS.get(entry.name.rpartition(".")[2])
        if kind:
            data = entry.read_bytes()
            found[entry.name] = (data, kind, hashlib.sha256(data).hexdigest()[:16])
    return found


def asset(name: str) -> Response:
    """One of them, kept by browsers for good: its address changes with its content."""
    data, kind, _ = assets()[name]
    return Response(data, headers={"content-type": kind, "cache-control": "public, max-age=31536000, immutable"})  # fmt: skip


def address_of(name: str) -> str:
    """Where an asset is.

    >>> address_of("console.css").startswith("/static/console.css?v=")
    True
    """
    return f"/static/{name}?v={assets()[name][2]}"


@lru_cache(maxsize=len(LANGUAGES))
def environment(code: str) -> Environment:
    """The templates in one language."""
    of = tongue(code)
    made = Environment(
        loader=PackageLoader("detente.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(of.catalogue.gettext, of.catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the i18n extension adds it
    made.filters.update(filters(of), heading=heading, item_name=item_name, ordered=ordered)
    made.globals.update(static=address_of, languages=LANGUAGES, language=code)
    return made


def page(template: str, code: str, context: dict[str, Any]) -> str:
    """A template with its values, in a language."""
    return environment(code).get_template(template).render(context)


__all__ = ["address_of", "asset", "assets", "environment", "page"]
