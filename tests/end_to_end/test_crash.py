"""SIGKILL at every commit of a whole match and a whole swap, on both sides: nothing is lost and nothing is given twice.

Continuous integration takes every kind of step before and after its commit, and some more by lot; DETENTE_SOAK=1 (`make soak`) takes every point.
The counts are printed. `tests/support/processes.py` says how it is done and what must hold at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
SOAK = os.environ.get("DETENTE_SOAK", "") not in ("", "0")
SAMPLE = 0 if SOAK else 24
SEED = os.environ.get("DETENTE_SEED", "1")


def campaign(*arguments: str) -> dict[str, Any]:
    """Runs tests/support/processes.py in an interpreter of its own: it forks, which a test process with threads must not."""
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    ended = subprocess.run(
        [sys.executable, "-m", "support.processes", *arguments],
        capture_output=True, text=True, timeout=7200, cwd=TESTS, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    outcome: dict[str, Any] = json.loads(ended.stdout)
    return outcome


@pytest.mark.parametrize("victim", ["north", "south"])
@pytest.mark.parametrize("phase", ["match", "swap"])
def test_a_node_killed_at_any_commit_loses_nothing_and_gives_nothing_twice(
    phase: str, victim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = campaign(phase, victim, str(SAMPLE), SEED)
    with capsys.disabled():
        print(
            f"\n{phase}, {victim} killed: {outcome['commits']} commits, {outcome['points']} points, "
            f"{outcome['tried']} tried in {outcome['seconds']} s"
        )
    assert outcome["failures"] == []
    assert outcome["points"] == 2 * outcome["commits"] > 30
    assert outcome["tried"] >= (outcome["points"] if SOAK else 2 * len(outcome["steps"]))


def test_both_nodes_killed_around_every_commit_of_theirs_still_come_to_the_same_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outcome = campaign("relentless")
    with capsys.disabled():
        print(
            f"\na match and a swap in which every process dies: {outcome['tried']} deaths in {outcome['seconds']} s"
        )
    assert outcome["failures"] == []
    assert outcome["tried"] > 100
