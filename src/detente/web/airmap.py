"""Airspace as pictures: where conflicts are on a map of cells, and when and how high plans and conflicts lie."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians

import h3
from markupsafe import Markup, escape

from detente.node.airspace import ConflictView, PlanView
from detente.wire.instant import parse_rfc3339

WIDTH, HEIGHT, EDGE = 640, 360, 36
MOST_CELLS = 3000
TICKS = 5


def area(conflicts: Sequence[ConflictView], title: str) -> Markup:
    """The cells of each conflict, north up, with lines of latitude and longitude. Each knows from when to when it is, for the slider.

    >>> area([], "Map")
    Markup('')
    """
    shapes: list[tuple[ConflictView, list[tuple[float, float]]]] = []
    for conflict in conflicts:
        for cell in conflict.columns[: max(0, MOST_CELLS - len(shapes))]:
            if h3.is_valid_cell(cell):
                shapes.append((conflict, [(lat, lon) for lat, lon in h3.cell_to_boundary(cell)]))
    if not shapes:
        return Markup("")
    points = [point for _, outline in shapes for point in outline]
    south, north = min(p[0] for p in points), max(p[0] for p in points)
    west, east = min(p[1] for p in points), max(p[1] for p in points)
    lean = max(cos(radians((south + north) / 2)), 0.05)
    scale = min((WIDTH - 2 * EDGE) / ((east - west) * lean or 1e-6), (HEIGHT - 2 * EDGE) / ((north - south) or 1e-6))  # fmt: skip

    def place(lat: float, lon: float) -> tuple[float, float]:
        x = WIDTH / 2 + (lon - (west + east) / 2) * lean * scale
        return x, HEIGHT / 2 - (lat - (south + north) / 2) * scale

    out = [
        f'<svg class="map" id="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
    ]
    for step in range(TICKS):
        lat, lon = south + (north - south) * step / (TICKS - 1), west + (east - west) * step / (TICKS - 1)
        y, x = place(lat, west)[1], place(south, lon)[0]
        out.append(
            f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/><text x="4" y="{y - 3:.1f}">{lat:.3f}°</text>'
        )
        out.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{HEIGHT}"/><text x="{x + 3:.1f}" y="{HEIGHT - 4}">{lon:.3f}°</text>'
        )
    for conflict, outline in shapes:
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in outline))
        said, known = escape(conflict.words), _known(conflict.state, conflict.start, conflict.end)
        out.append(f'<polygon {known} points="{corners}"><title>{said}</title></polygon>')
    return Markup("".join([*out, "</svg>"]))


def profile(plans: Sequence[PlanView], conflicts: Sequence[ConflictView], title: str) -> Markup:
    """Time to the right, height upwards: our plans as frames, conflicts filled.

    >>> profile([], [], "Profile")
    Markup('')
    """
    spans = [(p.start, p.end, p.lower_m, p.upper_m) for p in plans] + [(c.start, c.end, c.lower_m, c.upper_m) for c in conflicts]  # fmt: skip
    if not spans:
        return Markup("")
    begin, end = min(parse_rfc3339(s[0]) for s in spans), max(parse_rfc3339(s[1]) for s in spans)
    low, high = min(s[2] for s in spans), max(s[3] for s in spans)

    def box(start: str, stop: str, lower: float, upper: float) -> str:
        across, up = (end - begin) or 1, (high - low) or 1
        x0 = EDGE + (WIDTH - 2 * EDGE) * (parse_rfc3339(start) - begin) / across
        x1 = EDGE + (WIDTH - 2 * EDGE) * (parse_rfc3339(stop) - begin) / across
        y1 = HEIGHT / 2 - 20 - (HEIGHT / 2 - 40) * (upper - low) / up
        y0 = HEIGHT / 2 - 20 - (HEIGHT / 2 - 40) * (lower - low) / up
        return f'x="{x0:.1f}" y="{y1:.1f}" width="{max(x1 - x0, 2):.1f}" height="{max(y0 - y1, 2):.1f}"'

    out = [
        f'<svg class="map profile" viewBox="0 0 {WIDTH} {HEIGHT // 2}" role="img" aria-label="{escape(title)}">'
    ]
    for step in range(TICKS):
        metres = low + (high - low) * step / (TICKS - 1)
        y = HEIGHT / 2 - 20 - (HEIGHT / 2 - 40) * step / (TICKS - 1)
        out.append(
            f'<line class="grid" x1="{EDGE}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/><text x="0" y="{y + 3:.1f}">{metres:.0f} m</text>'
        )
    for plan in plans:
        frame, known = (
            box(plan.start, plan.end, plan.lower_m, plan.upper_m),
            _known("plan", plan.start, plan.end),
        )
        out.append(f"<rect {known} {frame}><title>{escape(plan.id)}</title></rect>")
    for each in conflicts:
        frame, known = (
            box(each.start, each.end, each.lower_m, each.upper_m),
            _known(each.state, each.start, each.end),
        )
        out.append(f"<rect {known} {frame}><title>{escape(each.words)}</title></rect>")
    return Markup("".join([*out, "</svg>"]))


def extent(plans: Sequence[PlanView], conflicts: Sequence[ConflictView]) -> tuple[int, int]:
    """From when to when anything is, in Unix seconds; (0, 0) where there is nothing."""
    spans = [(p.start, p.end) for p in plans] + [(c.start, c.end) for c in conflicts]
    times = [parse_rfc3339(t) // 1000 for span in spans for t in span]
    return (min(times), max(times)) if times else (0, 0)


def _known(state: str, start: str, end: str) -> str:
    """The class of a shape, and when it is, for the slider."""
    tone = state if state in ("open", "overdue", "settled", "plan") else "over"
    return f'class="{tone}" data-from="{parse_rfc3339(start) // 1000}" data-to="{parse_rfc3339(end) // 1000}"'


__all__ = ["area", "extent", "profile"]
