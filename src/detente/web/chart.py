"""Pictures as SVG, drawn here: no inline style, so that the content security policy needs no exception."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from detente.wire.instant import parse_rfc3339

WIDTH, HEIGHT, EDGE = 320, 96, 8
BAR = 14
MOST_MOVES = 400


def balance(moves: Sequence[tuple[str, int]], limit: int, title: str) -> Markup:
    """The balance with a peer over time, as steps; dashed lines show the agreed limit on either side.

    >>> "<svg" in balance([("2026-11-22T19:42:13.123Z", 1)], 3, "Balance")
    True
    """
    step = max(1, len(moves) // MOST_MOVES)
    points = [(parse_rfc3339(at), value) for at, value in (*moves[::step], *moves[-1:])]
    top = max([limit, 1, *(abs(value) for _, value in points)])
    start, end = (points[0][0], points[-1][0]) if points else (0, 1)

    def x(at: int, place: int) -> float:
        # moves within a minute of each other are one after the other, not one on top of the other
        share = (
            (at - start) / (end - start)
            if end - start > 60_000 * len(points)
            else place / max(1, len(points))
        )
        return EDGE + (WIDTH - 2 * EDGE) * share

    def y(value: float) -> float:
        return HEIGHT / 2 - (HEIGHT / 2 - EDGE) * value / top

    path, last = f"M{EDGE},{y(0):.1f}", 0
    for place, (at, value) in enumerate(points):
        path += f"H{x(at, place):.1f}V{y(value):.1f}"
        last = value
    path += f"H{WIDTH - EDGE}"
    limits = "".join(
        f'<line class="limit" x1="0" x2="{WIDTH}" y1="{y(each):.1f}" y2="{y(each):.1f}"/>' for each in (limit, -limit) if limit
    )  # fmt: skip
    area = f"{path}V{y(0):.1f}H{EDGE}Z"
    return Markup(
        f'<svg class="steps" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}: {last}">'
        f'<line class="zero" x1="0" x2="{WIDTH}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>{limits}'
        f'<path class="area" d="{area}"/><path class="line" d="{path}"/></svg>'
    )


def waterfall(because: Sequence[tuple[str, float]], title: str) -> list[tuple[str, float, Markup]]:
    """The weights of a finding, one bar after the other: (what, bits, bar). The last bar is the sum.

    >>> [what for what, _, _ in waterfall([("a", 3.0), ("b", -1.0)], "Sum")]
    ['a', 'b', 'Sum']
    """
    ends, at = [0.0], 0.0
    for _, bits in because:
        at += bits
        ends.append(at)
    low, high = min(ends), max(ends)
    scale = 100 / ((high - low) or 1)
    rows, before = [], 0.0
    for what, bits in because:
        rows.append((what, bits, _bar(before, before + bits, low, scale, "for" if bits >= 0 else "against")))
        before += bits
    return [*rows, (title, before, _bar(0.0, before, low, scale, "total"))]


def _bar(start: float, end: float, low: float, scale: float, tone: str) -> Markup:
    left, width = (min(start, end) - low) * scale, max(abs(end - start) * scale, 0.4)
    zero = -low * scale
    return Markup(
        f'<svg class="weight" viewBox="0 0 100 {BAR}" preserveAspectRatio="none" aria-hidden="true">'
        f'<line class="zero" x1="{zero:.2f}" x2="{zero:.2f}" y1="0" y2="{BAR}"/>'
        f'<rect class="{tone}" x="{left:.2f}" width="{width:.2f}" y="2" height="{BAR - 4}"/></svg>'
    )


__all__ = ["balance", "waterfall"]
