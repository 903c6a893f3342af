"""A scene as SVG: one file, no script, nothing fetched."""

from __future__ import annotations

from xml.sax.saxutils import escape

import numpy as np

from detente.adapters.exports.airspace.scene import HEIGHT, WIDTH, Kind, Line, Scene

_STYLES: dict[Kind, str] = {
    "sea": "fill:#dfeaf2",
    "land": "fill:#f4f1e8;stroke:#9aa5ad;stroke-width:1",
    "border": "fill:none;stroke:#b9a58a;stroke-width:1;stroke-dasharray:5 3",
    "grid": "fill:none;stroke:#8aa0b0;stroke-width:.5;opacity:.6",
    "plan": "fill:#1f6fb2;fill-opacity:.16;stroke:#1f6fb2;stroke-width:1.2",
    "closed": "fill:#8a5a00;fill-opacity:.16;stroke:#8a5a00;stroke-width:1.4;stroke-dasharray:7 3",
    "clash": "fill:#b00020;fill-opacity:.06;stroke:#b00020;stroke-width:1.6",
    "conflict": "fill:#b00020;fill-opacity:.5;stroke:#b00020;stroke-width:2",
}
_LINE = 20


def svg(scene: Scene) -> str:
    """The scene as text.

    Areas carry their names as titles, which browsers show and readers aloud read.
    """
    tall = HEIGHT + _LINE * (len(scene.words) + 1)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" width="{WIDTH}" height="{tall}" role="img"'
        ' font-family="sans-serif" font-size="14">',
        f"<title>{escape(_clean(scene.words[0] if scene.words else ''))}</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="#ffffff"/><svg width="{WIDTH}" height="{HEIGHT}">',
    ]
    for drawn in scene.drawn:
        closed = drawn.kind not in ("border", "grid")
        path = "".join(_path(line, closed) for line in drawn.lines)
        if path:
            title = f"<title>{escape(_clean(drawn.title))}</title>" if drawn.title else ""
            out.append(f'<path d="{path}" fill-rule="evenodd" style="{_STYLES[drawn.kind]}">{title}</path>')
    for tick in scene.ticks:
        out.append(
            f'<text x="{tick.x + 3:.0f}" y="{tick.y:.0f}" font-size="12" fill="#51636f">{escape(tick.text)}</text>'
        )
    for mark in scene.marks:
        out.append(
            f'<circle cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="11" fill="#b00020"/>'
            f'<text x="{mark.x:.1f}" y="{mark.y + 4.5:.1f}" text-anchor="middle" fill="#ffffff" font-size="12">{mark.text}</text>'
        )
    out.append("</svg>")
    for row, words in enumerate(scene.words):
        weight = ' font-weight="bold"' if row == 0 else ""
        out.append(f'<text x="12" y="{HEIGHT + _LINE * (row + 1)}"{weight}>{escape(_clean(words))}</text>')
    return "\n".join([*out, "</svg>", ""])


def _path(line: Line, closed: bool) -> str:
    points = np.round(np.clip(line, -1e5, 1e5), 1)
    kept = points[np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]]
    if len(kept) < 2:
        kept = points[:2]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in kept.tolist()) + ("Z" if closed else "")


def _clean(text: str) -> str:
    """Without characters that XML can't hold, and shortened."""
    return "".join(c if c.isprintable() else " " for c in text)[:300]
