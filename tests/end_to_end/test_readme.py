"""The documents keep their word: README's session runs as it stands, links lead somewhere, commands and options that are named exist."""

import ast
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from detente.cli.root import detente

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference" / "cli.md"  # written from the help itself, and tested there
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "bench/README.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path != REFERENCE),
]
PATIENCE = 600

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"(?<![\w/.*<-])(?:tests|spec|docs|src|bench|vectors|kernel|requirements)/[\w./-]*\w")
COMMAND = re.compile(r"(?<![\w/.-])(detente(?:-verify)? .*)")
GENERATED = ("bench/out",)


def of(document):
    return str(document.relative_to(ROOT))


def text_of(document):
    return document.read_text(encoding="utf-8")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as held:
        return str(held.getsockname()[1])


# -- the session


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """What README's shell blocks print, one after the other, in an empty folder."""
    script = "\n".join(block for language, block in FENCED.findall(text_of(README)) if language == "sh")
    home = tmp_path_factory.mktemp("session")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DETENTE_")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NORTH_PORT": free_port(),
        "SOUTH_PORT": free_port(),
        "COLUMNS": "160",
    }
    output = home / "output.txt"
    with output.open("wb") as out:
        process = subprocess.Popen(
            ["sh", "-eu", "-c", script],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the two that serve, where it ended early
            process.wait()
    said = output.read_text(encoding="utf-8")
    assert code == 0, said
    return home, said


def test_readmes_session_leads_from_nothing_to_a_swapped_pair(session):
    _, said = session
    assert "1 strong" in said
    assert "1 given, 1 received, balance +0" in said


def test_readmes_session_gives_north_what_only_south_knew(session):
    home, said = session
    assert "The Miller" not in (home / "north.ftm.json").read_text(encoding="utf-8")
    received = [line for line in said.splitlines() if "received" in line and "NEVZOROV" in line]
    assert received, said


def test_readmes_session_ends_with_evidence_that_verifies(session):
    _, said = session
    assert "All of it verifies." in said
    assert "BAD" not in said


def test_the_targets_that_readme_names_are_in_the_makefile():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = {
        target for document in DOCUMENTS for target in re.findall(r"\bmake ([a-z-]{4,})", code_of(document))
    }
    assert {"demo", "test"} <= named <= set(targets)


# -- links and paths


@pytest.mark.parametrize("document", DOCUMENTS, ids=of)
def test_links_lead_to_files_that_are_there(document):
    targets = [link for link in LINK.findall(text_of(document)) if "://" not in link]
    missing = [link for link in targets if not (document.parent / link.partition("#")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=of)
def test_files_that_are_named_are_there(document):
    named = set(PATH.findall(LINK.sub("]", text_of(document))))
    missing = sorted(
        name
        for name in named
        if not name.startswith(GENERATED) and not any(spelt(name).exists() for spelt in SPELT)
    )
    assert missing == []


SPELT = (
    lambda name: ROOT / name,
    lambda name: ROOT / f"{name}.md",  # specifications are named without their ending
    lambda name: ROOT / "src" / name,
)


# -- commands


def code_of(document):
    """The document's code: fenced and indented lines, and spans."""
    text = text_of(document)
    blocks = [block for _, block in FENCED.findall(text)]
    rest = FENCED.sub("", text)
    indented = [line for line in rest.splitlines() if line.startswith("    ")]
    return "\n".join([*blocks, *indented, *SPAN.findall(rest)])


def commands_of(document):
    for line in code_of(document).splitlines():
        for segment in re.split(r"\s(?:\||&&|&)\s?|;", line.partition(" #")[0]):
            yield from COMMAND.findall(segment)


def problem_of(command):
    """What is wrong with a command line as a document has it; None where nothing is."""
    words = (
        shlex.split(re.sub(r"[()$]", " ", command), posix=True)
        if command.count("'") % 2 == 0
        else command.split()
    )
    if words[0] == "detente-verify":
        return next((w for w in words[1:] if w.startswith("--") and w not in ("--party", "--json", "--at")), None)
    here: click.Command = detente
    options = {"--help", *(o for p in here.params for o in p.opts)}
    rest = iter(words[1:])
    for word in rest:
        if word in ("--node", "--passphrase-file"):
            next(rest, None)
        elif word.startswith("--"):
            if word.rstrip(".,;:") not in options:
                return f"{here.name} has no {word}"
        elif isinstance(here, click.Group):
            if word not in here.commands:
                default = getattr(here, "default", None)
                if default is None:
                    return f"{here.name} has no {word}"
                word = default
            here = here.commands[word]
            options |= {o for p in here.params for o in p.opts}
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=of)
def test_commands_and_options_that_are_named_exist(document):
    wrong = {command: problem for command in commands_of(document) if (problem := problem_of(command))}
    assert wrong == {}


def test_a_command_that_does_not_exist_would_be_found():
    assert problem_of("detente frobnicate") is not None
    assert problem_of("detente swap prepare --everything") is not None
    assert problem_of("detente --node north swap prepare --with South") is None
    assert problem_of("detente recall 77c01b --reason x") is None


def test_every_command_of_the_needs_table_is_one():
    table = text_of(README).partition("## What such a cooperation needs")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    for _, what, command, tested in rows:
        assert "not there yet" in what or (command.strip() and PATH.search(tested)), what


# -- figures


def figures():
    table = text_of(README).partition("## Figures")[2].partition("\n## ")[0]
    return [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")][1:]


def test_every_figure_has_a_command_beside_it():
    assert figures()
    for figure, value, command in figures():
        spans = SPAN.findall(command)
        assert value.strip(), figure
        assert spans, figure
        for span in spans:
            known = re.match(r"make ([a-z-]+)|python (bench/\w+\.py)|detente ", span)
            assert known, span
            assert known[2] is None or (ROOT / known[2]).exists(), span


# -- what the documents say of the code


@pytest.mark.parametrize(
    "folder", ["wire", "psi", "journal", "pact", "ceremonies", "node", "adapters", "api"]
)
def test_the_layout_names_every_module_of_the_inner_folders(folder):
    layout = text_of(ROOT / "ARCHITECTURE.md").partition("## Layout")[2].partition("\n## ")[0]
    modules = {path.stem for path in (ROOT / "src" / "detente" / folder).glob("*.py")} - {"__init__"}
    assert modules <= set(re.findall(r"\w+", layout))


def test_the_demos_generator_imports_nothing_of_the_matcher():
    for name in ("names", "people", "population", "records", "spelling"):
        tree = ast.parse((ROOT / "src" / "detente" / "demo" / f"{name}.py").read_text(encoding="utf-8"))
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
        assert not [module for module in imported if module.startswith(("detente.topics", "detente.psi"))], (
            name
        )


def test_the_verifier_shares_no_code_with_the_node():
    for path in (ROOT / "src" / "detente_verify").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
        assert not [module for module in imported if module.split(".")[0] == "detente"], path


# -- the how-to of the courier


def test_two_nodes_without_a_network_get_from_init_to_a_swap_by_commands_and_a_stick(tmp_path, monkeypatch):
    monkeypatch.delenv("DETENTE_PASSPHRASE", raising=False)
    stick = tmp_path / "stick"
    stick.mkdir()

    def run(node, *argv, code=0):
        ended = CliRunner().invoke(detente, ["--node", str(tmp_path / node), *map(str, argv), "--json"])
        assert ended.exit_code == code, ended.output
        return ended.stdout

    def ask(node, *argv):
        return json.loads(run(node, *argv))

    def carry():
        for journeys in range(100):
            if not sum(map(journey, ("north", "south"), ("south", "north"))):
                return journeys
        raise AssertionError("the sticks go back and forth for ever")

    def journey(ours, theirs):
        if carried := ask(ours, "courier", "out", stick):
            run(theirs, "courier", "in", stick)
        for file in stick.iterdir():
            file.unlink()
        return len(carried)

    peers = {"north": "South", "south": "North"}
    words = {node: ask(node, "init", "--party", node.title())["words"] for node in peers}
    for node in peers:
        run(node, "invite", "--out", tmp_path / f"{node}.invitation")
    for ours, theirs in (("north", "south"), ("south", "north")):
        run(ours, "accept", tmp_path / f"{theirs}.invitation", "--fingerprint", words[theirs])
    carry()
    terms = tmp_path / "terms.toml"
    run("north", "agreement", "template", "--with", "South", "--out", terms)
    terms.write_text(terms.read_text("utf-8").replace("buckets = 64", "buckets = 4"), "utf-8")
    run("north", "agreement", "propose", terms, "--with", "South", code=3)
    carry()
    run("south", "agreement", "sign", "--with", "North", code=3)
    carry()
    for node, records in re.findall(r"cat > (\w+)\.ftm\.json <<'END'\n(.*?)END", text_of(README), re.DOTALL):
        (tmp_path / f"{node}.ftm.json").write_text(records, "utf-8")
        run(node, "load", tmp_path / f"{node}.ftm.json", "--grounds", "case 12", "--grade", "B2")
    run("north", "match", "people", "--with", "South", "--yes", code=3)
    carry()
    run("north", "match", "people", "--with", "South", "--yes", code=3)
    assert carry() < 30
    for node, peer in peers.items():
        (finding,) = ask(node, "findings", "list")
        run(node, "findings", "confirm", finding["id"], "--by", "an analyst")
        run(node, "swap", "prepare", "--with", peer)
        run(node, "swap", "approve", "--with", peer, "--by", "an officer", code=3)
    carry()
    kept = ask("north", "ledger", "--with", "South")
    assert (kept["given"], kept["received"], kept["balance"]) == (1, 1, 0)
