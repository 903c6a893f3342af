"""How long roadmaps and requests take: `python bench/joint_plans.py`. Pure parts, no node: what a page of the console or a command waits for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date, timedelta

from detente.pact.facts import Fact, ItemReceived, RequestAsked, RequestRated, RequestTold
from detente.pact.requests import matrix, requests, slot
from detente.pact.roadmap import read_roadmap, survey
from detente.pact.sheets import roadmap_csv, roadmap_markdown
from detente.pact.timeline import timeline

OURS, THEIRS = "1" * 64, "2" * 64
BEGIN, NOW, DAY = date(2026, 1, 1), 1_795_376_533_000, 86_400_000
ACTIONS, REQUESTS = 500, 10_000


def main() -> None:
    content = {
        "title": "Roadmap", "languages": ["en", "ru"], "heading": {"en": "Roadmap", "ru": "Дорожная карта"},
        "entries": {f"a{n}": action(n) for n in range(ACTIONS)},
    }  # fmt: skip
    roadmap = read_roadmap(content, (OURS, THEIRS))
    today = BEGIN + timedelta(days=250)
    facts = list(story())
    told = {
        "actions": ACTIONS,
        "read_ms": clocked(lambda: read_roadmap(content, (OURS, THEIRS))),
        "survey_ms": clocked(lambda: survey(roadmap, today)),
        "svg_ms": clocked(lambda: timeline(roadmap, today, {})),
        "svg_bytes": len(timeline(roadmap, today, {}).encode()),
        "csv_ms": clocked(lambda: roadmap_csv(roadmap, today, {})),
        "markdown_ms": clocked(lambda: roadmap_markdown(roadmap, today, {})),
        "requests": REQUESTS,
        "entries": len(facts),
        "fold_ms": clocked(lambda: requests(facts)),
        "matrix_ms": clocked(lambda: matrix(facts, NOW + 400 * DAY)),
    }
    print(json.dumps(told, indent=1))


def action(number: int) -> dict[str, object]:
    start = BEGIN + timedelta(days=number)
    return {
        "text": {"en": f"action {number}" + " of many" * 6, "ru": f"действие {number}" + " из многих" * 6},
        "owners": {OURS: "Desk A", THEIRS: "Отдел 4"},
        "start": start.isoformat(),
        "due": (start + timedelta(days=30)).isoformat(),
        "after": [f"a{earlier}" for earlier in (number - 7, number - 40) if earlier >= 0],
        "status": ("done", "under-way", "planned")[number % 3],
        "evidence": {},
        "source": None,
    }


def story() -> list[Fact]:
    """Requests over a year, most of them answered by an item and rated."""
    facts: list[Fact] = []
    for number in range(REQUESTS):
        name, at = f"{number:064x}", NOW + number * 365 * DAY // REQUESTS
        topic = ("people", "groups")[number % 2]
        item = ItemReceived("s", "g", slot(name, 0), 0, "TLP:AMBER", "p", "")
        for kind, subject, body in (
            ("request.asked", name, RequestAsked("ours", topic, at, at + DAY, "TLP:AMBER", 8, 0, "", "")),
            ("item.received", f"{number + (1 << 64):064x}", item),
            ("request.told", name, RequestTold("theirs", "full", at + 2 * DAY * (number % 3 == 0), "", "")),
            ("request.rated", name, RequestRated("ours", True, "")),
        ):
            facts.append(Fact(len(facts), kind, subject, "", at, body))
    return facts


def clocked(run: Callable[[], object], times: int = 3) -> float:
    """Milliseconds of the best of some runs."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return round(best * 1000, 1)


if __name__ == "__main__":
    main()
