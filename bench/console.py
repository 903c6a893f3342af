"""How fast the console's pages are with a large queue: every page's times at N findings, and the browser's first paint on loopback.

    .venv/bin/python bench/console.py [--findings 100000] [--times 60]

The findings are made from those of a small run, so that the pages show what they show in earnest; a page is fetched over HTTP with a session. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from detente.node.runs import Opening
from support.consoles import Served
from support.world import NORTH, SOUTH, World, small_terms

STATUSES = ("open", "open", "open", "open", "open", "open", "open", "dismissed", "parked", "open")
PAGES = (
    "/", "/findings", "/findings?status=dismissed", "/findings?grade=possible", "/findings?peer=south&status=", "/findings/rows?offset=50",
    "/findings/rows?offset=99950", "/swap", "/ledger", "/journal", "/agreements", "/match", "/looks",
)  # fmt: skip


def stage(directory: Path, findings: int) -> World:
    """A node with a relation and this many findings."""
    world = World(directory)
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.nodes["north"].match("people", "south")
    store = world.nodes["north"].office.store
    with store.snapshot() as tx:
        models = tx.findings.find()
    small = [shortened(model.opening) for model in models]
    began = time.perf_counter()
    for start in range(0, findings, 5000):
        with store.transaction() as tx:
            tx.findings.put(
                msgspec.structs.replace(
                    models[n % len(models)],
                    id=f"{n:064x}",
                    score=1_000_000 - n * 9 // 2 % 1_000_000,
                    grade="strong" if n % 3 else "possible",
                    status=STATUSES[n % 10],
                    opening=small[n % len(models)],
                )
                for n in range(start, min(start + 5000, findings))
            )
    print(f"{findings:,} findings stored in {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return world


def shortened(opening: bytes) -> bytes:
    """What opens a finding's values, with two of them: a hundred thousand whole ones are a gigabyte."""
    whole = msgspec.msgpack.decode(opening, type=Opening)
    return msgspec.msgpack.encode(msgspec.structs.replace(whole, openings=whole.openings[:2]))


def times(served: Served, path: str, count: int) -> tuple[list[float], float]:
    """Milliseconds of each fetch, after one that is not counted; and CPU milliseconds a fetch, browser's side included: on a busy machine
    the wall says more of its neighbours."""
    visitor = served.visitor("j.moreau")
    found = []
    spent = 0.0
    for number in range(count + 1):
        began, cpu = time.perf_counter(), time.process_time()
        answer = visitor.get(path)
        if answer.status_code != 200:
            raise SystemExit(f"{path}: {answer.status_code}")
        if number:
            found.append((time.perf_counter() - began) * 1000)
            spent += (time.process_time() - cpu) * 1000
    return found, spent / count


def first_paint(served: Served, paths: tuple[str, ...]) -> dict[str, float]:
    """Milliseconds until something is seen, the median of five loads each; empty without a browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        return {}
    from playwright.sync_api import sync_playwright

    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context()
        opened = served.sign_in("j.moreau")
        served.node.accounts.state_purpose(opened.session, "bench")
        cookie = {"name": served.console.guard.cookie, "value": opened.token, "url": served.address}
        context.add_cookies([cookie])
        page = context.new_page()
        for each in paths:
            seen = []
            for _ in range(6):
                page.goto(served.address + each)
                page.wait_for_timeout(150)
                paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
                seen.append(float(page.evaluate(paint)))
            found[each] = statistics.median(seen[1:])
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="detente-console-") as folder:
        world = stage(Path(folder), given.findings)
        served = Served(world, "north")
        served.invite("j.moreau", "analyst", "releaser", "administrator")
        told = {}
        detail = f"/findings/{'0' * 64}"
        for path in (*PAGES, detail):
            found, cpu = times(served, path, given.times)
            found.sort()
            told[path.replace("0" * 64, "ID")] = {
                "p50": round(statistics.median(found), 1),
                "p99": round(found[min(len(found) - 1, int(0.99 * len(found)))], 1),
                "cpu": round(cpu, 1),
            }
            print(f"{path[:44]:46}{told[path.replace('0' * 64, 'ID')]}", file=sys.stderr)
        paints = {
            path: round(ms, 1)
            for path, ms in first_paint(served, ("/sign-in", "/", "/findings", "/swap")).items()
        }
        print(f"first paint: {paints}", file=sys.stderr)
        served.stop()
        world.close()
    print(json.dumps({"findings": given.findings, "pages": told, "first_paint_ms": paints}))


if __name__ == "__main__":
    main()
