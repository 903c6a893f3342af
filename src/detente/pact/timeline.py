"""The timeline of a roadmap, as one SVG picture: the same bytes for the same roadmap and day.

A row an action: its words in every language of the roadmap, owners, a bar from start to due, a mark for its
state that is not a colour alone, and lines from what it waits for. It holds no script and fetches nothing; it
follows the reader's light or dark setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Final
from unicodedata import east_asian_width

from detente.pact.bilingual import best, direction, in_order
from detente.pact.roadmap import Roadmap, Standing, survey

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "planned": "planned",
        "under-way": "under way",
        "done": "done",
        "dropped": "dropped",
        "overdue": "overdue",
        "blocked": "blocked",
        "today": "today",
        "empty": "no actions yet",
    },
    "fr": {
        "planned": "prévu",
        "under-way": "en cours",
        "done": "fait",
        "dropped": "abandonné",
        "overdue": "en retard",
        "blocked": "bloqué",
        "today": "aujourd’hui",
        "empty": "aucune action",
    },
    "ru": {
        "planned": "запланировано",
        "under-way": "выполняется",
        "done": "выполнено",
        "dropped": "снято",
        "overdue": "просрочено",
        "blocked": "ждёт другого",
        "today": "сегодня",
        "empty": "действий пока нет",
    },
}
"""The fixed words of pictures and sheets; a language that is not here is told in English."""

_MARK: Final = {
    "planned": "○",
    "under-way": "◐",
    "done": "●",
    "dropped": "×",
    "overdue": "!",
    "blocked": "∥",
}
_STYLE: Final = """
svg{color-scheme:light dark;background:#fff;font:13px system-ui,sans-serif}
text{fill:#1b1f24}.dim{fill:#57606a}.grid{stroke:#d8dee4}.link{stroke:#8c959f;fill:none}.today{stroke:#8250df;stroke-width:2}
.today-word{fill:#8250df}.bar{fill:#0969da}.done{fill:#1a7f37}.dropped{fill:#8c959f}.overdue{fill:#cf222e}.blocked{fill:#9a6700}
.label{paint-order:stroke;stroke:#fff;stroke-width:4px}
@media (prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.dim{fill:#9198a1}.grid{stroke:#30363d}.link{stroke:#6e7681}
.label{stroke:#0d1117}.today{stroke:#ab7df8}.today-word{fill:#ab7df8}.bar{fill:#4493f8}.done{fill:#3fb950}.dropped{fill:#6e7681}.overdue{fill:#f85149}.blocked{fill:#d29922}}
""".replace("\n", "")

_WIDTH: Final = 1180
_TEXT: Final = 470  # width of the column of words
_CHART: Final = 500  # where the chart begins
_EDGE: Final = 1160
_LINE: Final = 17
_HEAD: Final = 92
_LETTER: Final = 7.2  # a wide guess, so that no line runs into the chart


@dataclass(frozen=True, slots=True)
class _Row:
    standing: Standing
    lines: tuple[tuple[str, str], ...]  # language, words
    top: int

    @property
    def height(self) -> int:
        return (len(self.lines) + 1) * _LINE + 14

    @property
    def middle(self) -> int:
        return self.top + self.height // 2


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def x(self, day: date) -> int:
        span = max((self.last - self.first).days, 1)
        return _CHART + (_EDGE - _CHART) * (day - self.first).days // span

    def months(self) -> Iterator[date]:
        """The first days of months, thinned so that their names do not touch."""
        step = max(1, -(-((self.last - self.first).days // 30) // 12))
        year, month = self.first.year, self.first.month
        while True:
            year, month = year + (month + step - 1) // 12, (month + step - 1) % 12 + 1
            if year > 9999 or date(year, month, 1) > self.last:
                return
            yield date(year, month, 1)


def word(name: str, language: str) -> str:
    """A fixed word in a language, in English where that has none here.

    >>> word("overdue", "fr")
    'en retard'
    """
    return WORDS.get(language, WORDS["en"])[name]


def timeline(roadmap: Roadmap, today: date, names: Mapping[str, str]) -> str:
    """The picture, as SVG text. `names` are the parties' names by id.

    >>> timeline(roadmap, date(2026, 12, 1), {})[:4]  # doctest: +SKIP
    '<svg'
    """
    rows = _rows(survey(roadmap, today), roadmap.languages)
    height = (rows[-1].top + rows[-1].height if rows else _HEAD + 30) + 16
    scale = _scale([row.standing for row in rows], today)
    title = escape(" / ".join(words for _, words in in_order(roadmap.heading, roadmap.languages)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="t"><title id="t">{title}</title><style>{_STYLE}</style>',
        *_heading(roadmap, today),
        *_grid(scale, height, today, roadmap.languages),
        *_links(rows, scale),
    ]
    for row in rows:
        parts += _drawn(row, scale, roadmap.languages, names)
    if not rows:
        empty = " / ".join(word("empty", language) for language in roadmap.languages)
        parts.append(f'<text x="16" y="{_HEAD + 20}" class="dim">{escape(empty)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _rows(standings: Sequence[Standing], languages: Sequence[str]) -> list[_Row]:
    rows: list[_Row] = []
    top = _HEAD
    for standing in standings:
        lines = tuple(
            (language, line)
            for language, words in in_order(standing.action.text, languages)
            for line in _wrapped(words)
        )
        rows.append(_Row(standing, lines, top))
        top += rows[-1].height
    return rows


def _wrapped(words: str, most: int = 3) -> list[str]:
    """Words in lines that fit the column; what is over `most` lines ends in an ellipsis."""
    lines, line = [], ""
    for each in words.split():
        joined = f"{line} {each}".strip()
        if line and _width(joined) > _TEXT - 40:
            lines.append(line)
            joined = each
        line = joined
    lines.append(line)
    shown = [_clipped(each) for each in lines[:most]]
    if len(lines) > most:
        shown[-1] = _clipped(shown[-1] + " …", force=True)
    return shown


def _clipped(line: str, force: bool = False) -> str:
    cut = line[
        : _TEXT // 2
    ]  # no letter is narrower than two units: what is far too long is not measured letter by letter
    while _width(cut) > _TEXT - 40:
        cut = cut[:-1]
    return cut if cut == line and not (force and not cut.endswith("…")) else cut[:-1] + "…"


def _width(line: str) -> float:
    return sum(_LETTER * (1.8 if east_asian_width(letter) in "WF" else 1) for letter in line)


def _scale(standings: Sequence[Standing], today: date) -> _Scale:
    days = [today]
    for standing in standings:
        days.append(date.fromisoformat(standing.action.due))
        if standing.action.start:
            days.append(date.fromisoformat(standing.action.start))
    room = timedelta(days=max((max(days) - min(days)).days // 20, 7))
    first = min(days) - room if min(days) - date.min > room else date.min
    last = max(days) + room if date.max - max(days) > room else date.max
    return _Scale(first, last)


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "start", language: str = "") -> str:
    """One line of text. What is written from the right begins at the right edge of the column."""
    marks = f' class="{kind}"' if kind else ""
    if language:
        marks += f' xml:lang="{language}"'
    if language and direction(language) == "rtl":
        x, marks = _TEXT, marks + ' direction="rtl"'
    elif anchor != "start":
        marks += f' text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}"{marks}>{escape(words)}</text>'


def _heading(roadmap: Roadmap, today: date) -> Iterator[str]:
    y = 26
    for language, words in list(in_order(roadmap.heading, roadmap.languages))[:3]:
        yield _text(16, y, _clipped(words), language=language)
        y += 18
    shown = []
    for state, mark in _MARK.items():
        shown.append(f"{mark} {' / '.join(word(state, language) for language in roadmap.languages[:2])}")
    half = len(shown) // 2
    yield _text(_EDGE, 22, " · ".join(shown[:half]), "dim", "end")
    yield _text(_EDGE, 40, " · ".join(shown[half:]), "dim", "end")


def _grid(scale: _Scale, height: int, today: date, languages: Sequence[str]) -> Iterator[str]:
    for month in scale.months():
        x = scale.x(month)
        yield f'<path class="grid" d="M{x} {_HEAD - 8}V{height - 12}"/>'
        yield _text(x, _HEAD - 14, f"{month:%Y-%m}", "dim", "middle")
    x = scale.x(today)
    yield f'<path class="today" d="M{x} {_HEAD - 8}V{height - 12}"/>'
    words = " / ".join(word("today", language) for language in languages[:2])
    anchor = "end" if x > (_CHART + _EDGE) // 2 else "start"
    yield _text(x, _HEAD - 30, f"{words} {today.isoformat()}", "today-word", anchor)


def _links(rows: Sequence[_Row], scale: _Scale) -> Iterator[str]:
    places = {row.standing.slug: row for row in rows}
    for row in rows:
        for earlier in row.standing.action.after:
            before = places[earlier]
            x, until = scale.x(date.fromisoformat(before.standing.action.due)), _begin(row, scale)
            yield f'<path class="link" d="M{x} {before.middle}H{x + 8}V{row.middle}H{until}"/>'


def _begin(row: _Row, scale: _Scale) -> int:
    action = row.standing.action
    return scale.x(date.fromisoformat(action.start or action.due))


def _drawn(row: _Row, scale: _Scale, languages: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    standing, action = row.standing, row.standing.action
    yield f'<path class="grid" d="M16 {row.top}H{_EDGE}"/>'
    y = row.top + _LINE
    for language, line in row.lines:
        yield _text(16, y, line, language=language)
        y += _LINE
    owners = " · ".join(
        f"{names.get(party, party[:8])}: {owner}" for party, owner in sorted(action.owners.items()) if owner
    )
    yield _text(16, y, _clipped(f"{standing.slug} — {owners}"), "dim")
    kind = standing.state if standing.state in ("done", "dropped", "overdue", "blocked") else "bar"
    begin, due = _begin(row, scale), scale.x(date.fromisoformat(action.due))
    said = " / ".join(word(standing.state, language) for language in languages[:2])
    hint = escape(f"{best(action.text, languages)} — {action.start or '…'} → {action.due}, {said}")
    if begin < due:
        shape = (
            f'<rect x="{begin}" y="{row.middle - 6}" width="{due - begin}" height="12" rx="3" class="{kind}">'
        )
        yield f"{shape}<title>{hint}</title></rect>"
    else:
        d = f"M{due} {row.middle - 8}l8 8l-8 8l-8-8z"
        yield f'<path class="{kind}" d="{d}"><title>{hint}</title></path>'
    label = f"{_MARK[standing.state]} {action.due}" + (f" +{standing.late} d" if standing.late else "")
    left = due > _EDGE - 130
    yield _text(
        begin - 12 if left else due + 14, row.middle + 4, label, "dim label", "end" if left else "start"
    )
