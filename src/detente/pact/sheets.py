"""Roadmaps, declarations and minutes for people who have no node: CSV, Markdown, and a page to print.

What others wrote is text here and nothing else: it starts no formula in a spreadsheet, makes no mark-up in
Markdown and no element in HTML.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

from detente.pact.bilingual import Languages, Texts, direction, in_order
from detente.pact.declarations import EQUALLY, Declaration
from detente.pact.meetings import Minutes
from detente.pact.roadmap import Roadmap, Standing, survey
from detente.pact.timeline import word

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$^=-])")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

_PAGE: Final = """
body{font:15px/1.5 serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111;background:#fff}
table{border-collapse:collapse;width:100%}td,th{vertical-align:top;padding:.5em .8em;border-bottom:1px solid #bbb;text-align:start}
small{color:#555;font-family:monospace;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}small{color:#9198a1}td,th{border-color:#444}}
@media print{body{margin:0;color:#000;background:#fff}tr{break-inside:avoid}}
""".replace("\n", "")


def table_cell(text: str) -> str:
    """A text as a spreadsheet may show it: what would start a formula is led by an apostrophe.

    >>> table_cell("=1+1")
    "'=1+1"
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def markdown(text: str) -> str:
    """A text that Markdown shows as it is, on one line.

    >>> markdown("a | *b* <c>")
    'a \\\\| \\\\*b\\\\* \\\\<c\\\\>'
    """
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


# --- roadmaps


def roadmap_csv(roadmap: Roadmap, today: date, names: Mapping[str, str]) -> str:
    """A line an action: words in each language, owners, dates, what it waits for, how it stands. RFC 4180."""
    parties = sorted({party for action in roadmap.entries.values() for party in action.owners})
    header = [
        "action",
        *(f"text {language}" for language in roadmap.languages),
        *(f"owner {names.get(party, party)}" for party in parties),
        *("start", "due", "status", "state", "days late", "after", "blocked by", "behind"),
        *("declaration", "paragraph", "evidence"),
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([table_cell(each) for each in header])
    for standing in survey(roadmap, today):
        writer.writerow([table_cell(cell) for cell in _cells(standing, roadmap, parties)])
    return out.getvalue()


def _cells(standing: Standing, roadmap: Roadmap, parties: Sequence[str]) -> Iterator[str]:
    action = standing.action
    yield standing.slug
    yield from (words for _, words in in_order(action.text, roadmap.languages))
    yield from (action.owners[party] for party in parties)
    yield from (action.start, action.due, action.status, standing.state, str(standing.late))
    yield from (" ".join(each) for each in (action.after, standing.blocked_by, standing.behind))
    yield action.source.document if action.source else ""
    yield action.source.paragraph if action.source else ""
    yield "; ".join(f"{each.text}: {each.link}" for _, each in sorted(action.evidence.items()))


def roadmap_markdown(roadmap: Roadmap, today: date, names: Mapping[str, str]) -> str:
    """The roadmap as Markdown: what presses first, then a table of all actions, then their evidence."""
    lines = [f"# {markdown(words)}" for _, words in in_order(roadmap.heading, roadmap.languages)]
    standings = survey(roadmap, today)
    pressing = [s for s in standings if s.late or s.blocked_by or s.behind]
    if pressing:
        lines += ["", *(f"- {_said(s, roadmap.languages)}" for s in pressing)]
    columns = ["", "due", *roadmap.languages, "owners", "state", "after"]
    lines += ["", _row(columns), _row(["---"] * len(columns))]
    for standing in standings:
        action = standing.action
        owners = ", ".join(
            f"{names.get(party, party[:8])}: {owner}"
            for party, owner in sorted(action.owners.items())
            if owner
        )
        texts = [markdown(words) for _, words in in_order(action.text, roadmap.languages)]
        cells = [f"`{standing.slug}`", action.due, *texts, markdown(owners)]
        lines.append(_row([*cells, standing.state, " ".join(f"`{s}`" for s in action.after)]))
    for standing in standings:
        for _, each in sorted(standing.action.evidence.items()):
            link = f"<{each.link}>" if each.link.startswith("https://") else f"`{each.link}`"
            lines += ["", f"- `{standing.slug}`: {markdown(each.text)}, {link}"]
    return "\n".join([*lines, ""])


def _said(standing: Standing, languages: Sequence[str]) -> str:
    """What presses about an action, in the roadmap's languages."""
    said = f"`{standing.slug}`"
    if standing.late:
        said += f": {' / '.join(word('overdue', language) for language in languages)} (+{standing.late} d)"
    if standing.blocked_by:
        waits = ", ".join(f"`{slug}`" for slug in standing.blocked_by)
        said += f": {' / '.join(word('blocked', language) for language in languages)} ({waits})"
    return said


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# --- declarations and minutes


def declaration_markdown(declaration: Declaration, note: str = "") -> str:
    """The declaration with its languages side by side. `note` says what it is: a draft, or signed and when."""
    languages = declaration.languages
    lines = [_row(["", *(markdown(words) for _, words in in_order(declaration.heading, languages))])]
    lines.append(_row(["---"] * (len(languages) + 1)))
    for slug, paragraph in declaration.paragraphs():
        lines.append(_row([slug[1:], *(markdown(w) for _, w in in_order(paragraph.text, languages))]))
    return "\n".join([*lines, "", authentic(declaration), *(["", markdown(note)] if note else []), ""])


def declaration_html(declaration: Declaration, note: str = "") -> str:
    """The same as a page to print, each language in its own direction."""
    languages = declaration.languages
    rows = [_html_row("th", "", declaration.heading, languages)]
    rows += [_html_row("td", slug[1:], p.text, languages) for slug, p in declaration.paragraphs()]
    foot = f"<p>{escape(authentic(declaration))}</p><p><small>{escape(note)}</small></p>"
    return _page(declaration.title, f"<table>{''.join(rows)}</table>{foot}")


def authentic(declaration: Declaration) -> str:
    """Which text counts, in a sentence."""
    listed = ", ".join(declaration.languages)
    if declaration.authentic == EQUALLY:
        return f"Done in {listed}, all texts being equally authentic."
    return f"Done in {listed}; where they differ, the text in {declaration.authentic} prevails."


def minutes_markdown(minutes: Minutes, names: Mapping[str, str], note: str = "") -> str:
    """Agenda, minutes and decisions, point by point, language under language."""
    lines = [f"# {markdown(words)}" for _, words in in_order(minutes.heading, minutes.languages)]
    lines += ["", markdown(f"{minutes.date}, {minutes.place}".rstrip(", "))]
    for party, present in sorted(minutes.present.items()):
        lines += ["", f"- {markdown(names.get(party, party[:8]))}: {markdown(', '.join(present) or '-')}"]
    for slug, point in minutes.points():
        lines += ["", f"## {point.number}. {'Decision ' if point.kind == 'decision' else ''}`{slug}`"]
        lines += [f"\n{markdown(words)}" for _, words in in_order(point.text, minutes.languages)]
        if point.minutes:
            lines += [f"\n> {markdown(w)}" for _, w in in_order(point.minutes, minutes.languages)]
        if point.actions:
            lines.append("\n→ " + ", ".join(f"`{slug}`" for slug in point.actions))
    return "\n".join([*lines, *(["", markdown(note)] if note else []), ""])


def minutes_html(minutes: Minutes, names: Mapping[str, str], note: str = "") -> str:
    """The same as a page to print, languages side by side."""
    languages = minutes.languages
    rows = [_html_row("th", "", minutes.heading, languages)]
    for slug, point in minutes.points():
        mark = f"{point.number}. {'✓ ' if point.kind == 'decision' else ''}{slug}"
        rows.append(_html_row("td", mark, point.text, languages))
        if point.minutes:
            rows.append(_html_row("td", "", point.minutes, languages))
        if point.actions:
            arrow = f'<td></td><td colspan="{len(languages)}">→ {escape(", ".join(point.actions))}</td>'
            rows.append(f"<tr>{arrow}</tr>")
    present = "".join(
        f'<li dir="auto">{escape(names.get(party, party[:8]))}: {escape(", ".join(there) or "-")}</li>'
        for party, there in sorted(minutes.present.items())
    )
    head = f'<p dir="auto">{escape(minutes.date)}, {escape(minutes.place)}</p><ul>{present}</ul>'
    foot = f"<p><small>{escape(note)}</small></p>"
    return _page(minutes.title, f"{head}<table>{''.join(rows)}</table>{foot}")


def _html_row(tag: str, mark: str, texts: Texts, languages: Languages) -> str:
    cells = "".join(
        f'<{tag} lang="{language}" dir="{direction(language)}">{escape(words).replace(chr(10), "<br>")}</{tag}>'
        for language, words in in_order(texts, languages)
    )
    return f"<tr><td>{escape(mark)}</td>{cells}</tr>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_PAGE}</style></head><body>{body}</body></html>\n"
    )
