"""`detente reports read`: a page without a node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from detente.cli.root import detente

PAGE = """facebooktwitterwhatsapptelegramcopylinkprint
14 Mar, 2024 17:52
Ministers agree to compare lists of fighters
Ministers agree to compare lists of fighters
00:00 / 03:41
Two ministers agreed on Thursday to compare their lists of Islamic State (IS, formerly ISIS/ISIL) fighters, and Anna Belova said so.
READ MORE: Something else that happened
"Daesh [an Arabic acronym for IS] is not beaten yet," she told reporters who had waited for hours.
"""


def test_a_page_copied_from_a_browser_is_read_without_a_node(tmp_path: Path) -> None:
    path = tmp_path / "page.txt"
    path.write_text(PAGE, "utf-8")
    result = CliRunner().invoke(detente, ["reports", "read", str(path), "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert {"title", "published", "language", "text", "named", "aliases"} <= set(told)
    assert told["title"] == "Ministers agree to compare lists of fighters"
    assert told["published"] == "2024-03-14T17:52:00"
    assert told["language"] == "en"
    assert "READ MORE" not in told["text"]
    assert "03:41" not in told["text"]
    assert all(set(named) == {"text", "kind", "candidates"} for named in told["named"])
    assert [set(names) for names in told["aliases"]] == [{"Islamic State", "IS", "ISIS", "ISIL", "Daesh"}]


def test_what_is_no_page_exits_as_misuse(tmp_path: Path) -> None:
    path = tmp_path / "page.zip"
    path.write_bytes(b"PK\x03\x04....")
    result = CliRunner().invoke(detente, ["reports", "read", str(path), "--json"])
    assert result.exit_code == 2


def test_a_report_is_taken_in_decided_redacted_and_erased_by_commands(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(PAGE, "utf-8")
    there = {"DETENTE_NODE": str(tmp_path / "node"), "DETENTE_PASSPHRASE": "correct horse battery staple"}

    def run(*words: str, code: int = 0) -> Any:
        result = CliRunner().invoke(detente, [*words, "--json"], env=there)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout else None

    run("init", "--party", "North")
    added = run("reports", "add", str(page), "--source", "a newspaper", "--grade", "C3")
    report = added["id"]
    assert run("reports", "list")[0]["undecided"] == len(added["named"])
    number = next(named["number"] for named in added["named"] if named["text"] == "Anna Belova")
    run("reports", "candidates", report, "--accept", str(number), code=2)
    decided = run(
        "reports", "candidates", report, "--accept", str(number), "--grounds", "case 7", "--by", "an analyst"
    )
    assert decided[number - 1]["decision"] == "accepted"
    at = added["text"].index("Anna")
    cut = run("reports", "redact", report, "--span", f"{at}:{at + 11}")
    assert "Anna Belova" not in cut["leaves"]
    assert "Anna Belova" in run("reports", "show", report)["text"]
    run("reports", "redact", report, "--span", "9:3", code=2)
    run("reports", "release", report, "--with", "South", "--record", "x", code=2)
    run("reports", "erase", report, "--request", "a court")
    run("reports", "show", report, code=2)
