"""Keeps the catalogues in step with the pages: `python -m detente.web.catalogues` writes what is new into each, with nothing beside it.

A test says which strings are still without a translation.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from detente.web.language import DOMAIN, LANGUAGES

PLACE = Path(__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "extensions": "jinja2.ext.do"}}
# lines of the header that say nothing here
IDLE = tuple(
    f'"{name}' for name in ("POT-", "PO-", "Generated-By", "Project-Id", "Report-", "Last-", "Language-Team")
)
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "text": None}


def extracted() -> Catalog:
    """Every string that a page or a table of labels shows, in order of where it stands."""
    found = Catalog(domain=DOMAIN, project="detente")
    for file, _line, message, _comments, _context in extract_from_dir(
        PLACE, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS
    ):
        found.add(message, locations=[(file, 0)])
    return found


def catalogue(code: str) -> Catalog:
    """The catalogue of a language as it stands."""
    path = PLACE / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    with path.open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def write(code: str, known: Catalog) -> None:
    """Writes a catalogue, without line numbers and dates: only what changed differs."""
    path = PLACE / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    known.header_comment = f"# The console in {LANGUAGES[code]}."
    with path.open("wb") as file:
        write_po(file, known, omit_header=False, width=120, no_location=True, include_previous=False)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(IDLE)), "utf-8")


def main() -> None:
    """Adds new strings to each catalogue, and takes out those that no page shows any more."""
    for code in LANGUAGES:
        if code != "en":
            known = catalogue(code)
            known.update(extracted(), no_fuzzy_matching=True)
            known.obsolete.clear()
            write(code, known)


if __name__ == "__main__":
    main()
