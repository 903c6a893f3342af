"""What every Store must do, on real files: `store` below is the suite's only tie to one implementation."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from detente.adapters.sql import open_store
from detente.errors import Equivocation, Misuse, Refused, Unavailable
from detente.node.ports import (
    CeremonyRow,
    CheckpointRow,
    DocumentRow,
    FindingRow,
    InputRow,
    ItemRow,
    OutgoingRow,
    PeerRow,
    RecordRow,
    Store,
)

from .faults import FaultyStore, InjectedFault

PASSPHRASE = "open sesame, it's me"
PEER = "ab" * 32


@pytest.fixture(scope="module")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store: making one takes longer than most of these tests."""
    path = tmp_path_factory.mktemp("made_before") / "store.db"
    open_store(path, PASSPHRASE, create=True).close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def reopen(path: Path) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def _open() -> Store:
        opened.append(open_store(path, PASSPHRASE, create=True))
        return opened[-1]

    yield _open
    for one in opened:
        one.close()


@pytest.fixture
def store(made_before: Path, path: Path, reopen: Callable[[], Store]) -> Store:
    shutil.copy(made_before, path)
    return reopen()


def record(id: str = "r1", **changes: object) -> RecordRow:
    row = RecordRow(
        id=id,
        topic="people",
        schema="Person",
        body=b'{"name":["Zenobia Quillfeather"]}',
        content="c" * 64,
        salt=b"s" * 32,
        entry=3,
        grounds=("warrant 12",),
        marking="TLP:AMBER",
        grade="B2",
        origin="people.jsonl",
        loaded=1000,
    )
    return msgspec.structs.replace(row, **changes)


def item(id: str = "i1", **changes: object) -> ItemRow:
    row = ItemRow(
        id=id,
        swap="5a" * 16,
        finding="f1",
        party=PEER,
        direction="given",
        number=0,
        state="prepared",
        marking="TLP:AMBER",
        statement=b"signed",
        plaintext=b"what the peer shall read",
        record="r1",
        at=1000,
    )
    return msgspec.structs.replace(row, **changes)


def ceremony(id: str = "c1", **changes: object) -> CeremonyRow:
    row = CeremonyRow(
        id=id,
        kind="matching",
        party=PEER,
        role="first",
        agreement="a" * 64,
        status="open",
        setup=b"setup",
        seed=b"x" * 32,
        software="0.1.0",
        began=1000,
    )
    return msgspec.structs.replace(row, **changes)


def outgoing(message: str = "m1", **changes: object) -> OutgoingRow:
    row = OutgoingRow(
        message=message, party=PEER, ceremony="c1", sequence=0, raw=b"envelope", parts={}, at=1000
    )
    return msgspec.structs.replace(row, **changes)


def finding(id: str, score: int, **changes: object) -> FindingRow:
    row = FindingRow(
        id=id,
        run="run",
        party=PEER,
        topic="people",
        record="r1",
        theirs="h1",
        score=score,
        grade="strong",
        because=b"[]",
        status="open",
        found=1000,
    )
    return msgspec.structs.replace(row, **changes)


def document(hash: str, **changes: object) -> DocumentRow:
    row = DocumentRow(
        hash=hash,
        kind="agreement",
        name="people",
        party=PEER,
        base="",
        envelope=b"{}",
        state="proposed",
        proposed_by=PEER,
        at=1000,
    )
    return msgspec.structs.replace(row, **changes)


def test_what_a_transaction_wrote_is_there_after_reopening(store: Store, reopen: Callable[[], Store]) -> None:
    peer = PeerRow(PEER, "Them", "https://localhost:1", b"invitation", b"keys", 5, "paired", -3)
    with store.transaction() as t:
        t.settings.put("party", b"us")
        t.settings.put("party", b"we")
        t.peers.put(peer)
    store.close()
    with reopen().snapshot() as t:
        assert t.settings.get("party") == b"we"
        assert t.settings.get("other") is None
        assert t.peers.all() == [peer]
        assert t.peers.get("nobody") is None


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def work() -> None:
        with store.transaction() as t:
            t.settings.put("a", b"1")
            t.journal.append("kind", "s", "", 1, b"leaf")
            t.records.put([record()])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with store.snapshot() as t:
        assert t.settings.get("a") is None
        assert t.journal.size() == 0
        assert t.records.get("r1") is None


def test_a_snapshot_does_not_see_what_is_committed_after_it_and_cannot_write(store: Store) -> None:
    with store.snapshot() as before:
        with store.transaction() as t:
            t.settings.put("a", b"1")
        assert before.settings.get("a") is None
    with pytest.raises(Misuse), store.snapshot() as t:
        t.settings.put("a", b"2")
    with store.snapshot() as t:
        assert t.settings.get("a") == b"1"
    with store.transaction() as t:  # and a connection that served a snapshot writes again
        t.settings.put("a", b"3")


def test_a_transaction_within_a_transaction_is_refused_rather_than_waited_for(store: Store) -> None:
    with store.transaction(), pytest.raises(Misuse), store.transaction():
        pass


def _root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it is written there: the suite's own way to the same hash."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _root(leaves[:k]) + _root(leaves[k:])).digest()


def test_the_journal_stores_every_complete_node_of_its_tree(store: Store) -> None:
    leaves = [f"leaf {number}".encode() for number in range(37)]
    for batch in (leaves[:1], leaves[1:6], leaves[6:]):  # a node may complete over several transactions
        with store.transaction() as t:
            for leaf in batch:
                t.journal.append("kind", "subject", "", 1, leaf)
    with store.snapshot() as t:
        assert t.journal.size() == len(leaves)
        for level in range(6):
            for index in range(len(leaves) >> level):
                covered = leaves[index << level : (index + 1) << level]
                assert t.journal.hash_at(level, index) == _root(covered)
            with pytest.raises(Misuse):
                t.journal.hash_at(level, len(leaves) >> level)
        with pytest.raises(Misuse):
            t.journal.entry(len(leaves))


def test_an_undone_append_does_not_leave_its_index_taken(store: Store) -> None:
    def work() -> None:
        with store.transaction() as t:
            assert t.journal.append("kind", "s", "", 1, b"lost") == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    with store.transaction() as t:
        assert t.journal.append("kind", "s", "", 1, b"kept") == 0
        assert t.journal.entry(0).data == b"kept"


def test_the_journal_is_found_by_kind_subject_party_and_start_in_order(store: Store) -> None:
    with store.transaction() as t:
        for number in range(2500):
            t.journal.append(f"k{number % 2}", f"s{number % 3}", PEER if number % 5 else "", number, b"x")
        found = [entry.index for entry in t.journal.find(kind="k1", subject="s0", party=PEER, since=100)]
        assert found == [n for n in range(100, 2500) if n % 2 and n % 3 == 0 and n % 5]
        assert [entry.index for entry in t.journal.find(party="")] == list(range(0, 2500, 5))
        for entry in t.journal.find(kind="k0"):  # appending while reading does not read for ever
            t.journal.append("k0", "again", "", 1, str(entry.index).encode())
        assert t.journal.size() == 2500 + 1250


def test_the_latest_checkpoint_is_the_largest_of_that_cosigner(store: Store) -> None:
    def head(size: int, cosigner: str = "", root: bytes = b"r" * 32) -> CheckpointRow:
        return CheckpointRow(PEER, cosigner, size, root, f"note {size} {cosigner}".encode(), 1)

    with store.transaction() as t:
        for row in (head(5), head(9), head(7), head(7, "us"), head(7)):
            t.checkpoints.put(row)
        assert t.checkpoints.latest(PEER) == head(9)
        assert t.checkpoints.latest(PEER, "us") == head(7, "us")
        assert t.checkpoints.latest("nobody") is None
        assert t.checkpoints.all(PEER) == [head(5), head(7), head(7, "us"), head(9)]
        with pytest.raises(Equivocation) as fork:
            t.checkpoints.put(head(9, root=b"R" * 32))
        assert fork.value.evidence == (head(9).note, head(9).note)
        assert t.checkpoints.latest(PEER) == head(9)


def test_a_message_is_an_input_once_and_a_position_is_taken_once(store: Store) -> None:
    first = InputRow("c1", 0, "m1", b"raw", {"points": "aa"}, 1)
    with store.transaction() as t:
        assert t.ceremonies.add_input(first)
        assert not t.ceremonies.add_input(msgspec.structs.replace(first, position=1))
        assert not t.ceremonies.add_input(msgspec.structs.replace(first, ceremony="c2"))
        with pytest.raises(Unavailable):
            t.ceremonies.add_input(msgspec.structs.replace(first, message="m2"))
        decisions = [InputRow("c1", position, "", b"{}", {}, 2) for position in (1, 2)]
        assert all(t.ceremonies.add_input(row) for row in decisions)
        assert t.ceremonies.inputs("c1") == [first, *decisions]
        assert t.ceremonies.inputs("c1", since=2) == decisions[1:]


def test_an_ended_ceremony_keeps_no_seed_setup_or_input_but_still_knows_repeats(store: Store) -> None:
    received = InputRow("c1", 0, "m1", b"raw", {"points": "aa"}, 1)
    with store.transaction() as t:
        t.ceremonies.put(ceremony())
        t.ceremonies.put(ceremony("c2", kind="exchange", began=999))
        t.ceremonies.add_input(received)
        t.ceremonies.put(ceremony(status="done", ended=2000, inputs=1))
    with store.transaction() as t:
        ended = t.ceremonies.get("c1")
        assert ended == ceremony(status="done", ended=2000, inputs=1, setup=b"", seed=b"")
        assert [(row.message, row.raw, row.parts) for row in t.ceremonies.inputs("c1")] == [("m1", b"", {})]
        assert not t.ceremonies.add_input(msgspec.structs.replace(received, position=1))
        assert t.ceremonies.get("c3") is None
        assert [row.id for row in t.ceremonies.find()] == ["c2", "c1"]
        assert [row.id for row in t.ceremonies.find(status="open")] == ["c2"]
        assert t.ceremonies.find(kind="matching", party="nobody") == []


def test_messages_are_pending_in_order_until_acknowledged(store: Store) -> None:
    with store.transaction() as t:
        for number in (3, 1, 2):
            t.outbox.put(outgoing(f"m{number}"))
        t.outbox.put(outgoing("m1"))  # stored already: no second copy
        t.outbox.put(outgoing("m1", party="cd" * 32))
    with store.transaction() as t:
        assert [row.message for row in t.outbox.pending(PEER)] == ["m3", "m1", "m2"]
        assert t.outbox.pending(PEER)[0] == outgoing("m3")
        assert t.outbox.parties() == [PEER, "cd" * 32]
        t.outbox.acknowledge(PEER, ["m1", "unknown"])
        assert [row.message for row in t.outbox.pending(PEER)] == ["m3", "m2"]
        t.outbox.acknowledge(PEER, ["m3", "m2"])
        assert t.outbox.parties() == ["cd" * 32]


def test_a_part_stays_while_a_ceremony_or_a_pending_message_needs_it(store: Store) -> None:
    with store.transaction() as t:
        both = t.blobs.put("c1", b"both")
        assert both == t.blobs.put("c2", b"both") == hashlib.sha256(b"both").hexdigest()
        mine, sent = t.blobs.put("c1", b"mine"), t.blobs.put("c1", b"sent")
        with pytest.raises(Misuse):
            t.outbox.put(outgoing(parts={"points": "00" * 32}))
        t.outbox.put(outgoing(parts={"points": sent}))
        t.blobs.erase("c1")
        assert t.blobs.get(both) == b"both"
        assert t.blobs.get(sent) == b"sent"
        with pytest.raises(Misuse):
            t.blobs.get(mine)
        t.outbox.acknowledge(PEER, ["m1"])
        t.blobs.erase("c2")
        for gone in (both, sent):
            with pytest.raises(Misuse):
                t.blobs.get(gone)


def test_records_stream_in_order_of_id_and_are_replaced_whole(store: Store) -> None:
    rows = [record(f"r{number:05}", body=b"%d" % number) for number in range(2345)]
    with store.transaction() as t:
        t.records.put(reversed(rows))
        t.records.put(
            [record("z", topic="groups"), record("r00007", body=b"new", origin="other", grounds=())]
        )
    with store.transaction() as t:
        assert t.records.count() == {"groups": 1, "people": 2345}
        seen = list(t.records.select("people"))
        assert [row.id for row in seen] == [row.id for row in rows]
        assert seen[7] == record("r00007", body=b"new", origin="other", grounds=())
        assert [row.id for row in t.records.select("people", origin="other")] == ["r00007"]
        for row in t.records.select("people"):  # erasing while reading skips and repeats nothing
            t.records.erase(row.id)
        assert t.records.count() == {"groups": 1}


def test_an_erased_record_is_a_tombstone_whose_id_is_not_reused(store: Store) -> None:
    with store.transaction() as t:
        t.records.put([record(), record("r2")])
        t.records.erase("r1")
        t.records.erase("r1")
    with store.transaction() as t:
        assert t.records.get("r1") == record(body=b"", content="", salt=b"", grounds=())
        assert [row.id for row in t.records.select("people")] == ["r2"]
        with pytest.raises(Refused):
            t.records.put([record()])
        with pytest.raises(Misuse):
            t.records.erase("never seen")


def test_findings_come_best_first_and_by_pages(store: Store) -> None:
    rows = [
        finding(f"f{number}", number % 4, grade="possible" if number % 2 else "strong") for number in range(9)
    ]
    ranked = sorted(rows, key=lambda row: (-row.score, row.id))
    with store.transaction() as t:
        t.findings.put(rows)
        assert t.findings.find() == ranked
        assert t.findings.find(limit=3, offset=2) == ranked[2:5]
        assert t.findings.find(offset=7) == ranked[7:]
        decided = finding("f8", 0, status="confirmed", decided_by="analyst", decided=2000)
        t.findings.put([decided])
        assert t.findings.get("f8") == decided
        assert t.findings.find(status="confirmed", party=PEER, run="run", grade="strong") == [decided]
        assert t.findings.get("f9") is None


def test_documents_come_oldest_first_and_keep_their_place_when_replaced(store: Store) -> None:
    rows = [document("bb"), document("aa"), document("cc", at=500)]
    with store.transaction() as t:
        for row in rows:
            t.documents.put(row)
        t.documents.put(document("bb", state="in_force", since=2000))
        assert [row.hash for row in t.documents.find(kind="agreement", party=PEER)] == ["cc", "bb", "aa"]
        assert t.documents.find(state="in_force") == [document("bb", state="in_force", since=2000)]
        assert t.documents.get("dd") is None


def test_a_finding_is_released_once_unless_the_item_was_void(store: Store) -> None:
    with store.transaction() as t:
        t.items.put(item())
        t.items.put(item(state="approved"))  # the same item moves on
        with pytest.raises(Refused):
            t.items.put(item("i2"))
        assert t.items.get("i1") == item(state="approved")
        t.items.put(item("i3", direction="received"))
        t.items.put(item("i4", record="r2"))
        t.items.put(item("i1", state="void"))
        t.items.put(item("i2", number=7))
        with pytest.raises(Refused):
            t.items.put(item("i1", state="approved"))
        assert t.items.get("i1") == item(state="void")
        assert [row.id for row in t.items.find(party=PEER, finding="f1", direction="given")] == [
            "i1",
            "i4",
            "i2",
        ]
        assert [row.id for row in t.items.find(state="void", swap="5a" * 16)] == ["i1"]


def test_an_erased_item_keeps_its_statement_and_gets_no_plaintext_back(store: Store) -> None:
    with store.transaction() as t:
        t.items.put(item())
        t.items.erase("i1")
        t.items.put(item(state="erased"))
        assert t.items.get("i1") == item(state="erased", plaintext=b"")
        with pytest.raises(Misuse):
            t.items.erase("never seen")


def test_neither_bodies_nor_anything_else_stands_in_the_files_in_clear(store: Store, path: Path) -> None:
    with store.transaction() as t:
        t.records.put([record()])
        t.settings.put("party", b"Zenobia Quillfeather")
    held = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert len(held) > 10_000
    for word in (b"Zenobia", b"people.jsonl", b"SQLite format", b"CREATE TABLE"):
        assert word not in held


def test_threads_take_turns(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            with store.transaction() as t:
                before = int(t.settings.get("n") or b"0")
                t.settings.put("n", b"%d" % (before + 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.snapshot() as t:
        assert t.settings.get("n") == b"40"


_OPEN = f"""
import pathlib, sys
from detente.adapters.sql import open_store
store = open_store(pathlib.Path(sys.argv[1]), {PASSPHRASE!r}, create=True)
"""

_COUNT = """
for _ in range(15):
    with store.transaction() as t:
        t.settings.put("n", b"%d" % (int(t.settings.get("n") or b"0") + 1))
        t.journal.append("kind", "", "", 1, b"leaf")
"""

_HANG = """
with store.transaction() as t:
    t.settings.put("before", b"kept")
with store.transaction() as t:
    for number in range(500):
        t.settings.put(f"s{number}", bytes(4000))
        t.journal.append("kind", "", "", 1, b"leaf")
    print("in the middle", flush=True)
    sys.stdin.read()
"""


def _process(path: Path, script: str) -> subprocess.Popen[str]:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _OPEN + script, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)


def test_processes_take_turns_even_when_they_make_the_store_at_once(
    path: Path, reopen: Callable[[], Store]
) -> None:
    processes = [_process(path, _COUNT) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    with reopen().snapshot() as t:
        assert t.settings.get("n") == b"45"
        assert t.journal.size() == 45


def test_a_process_killed_in_the_middle_of_a_transaction_leaves_what_was_committed(
    path: Path, reopen: Callable[[], Store]
) -> None:
    process = _process(path, _HANG)
    assert process.stdout is not None
    assert process.stdout.readline() == "in the middle\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with reopen().transaction() as t:
        assert t.settings.get("before") == b"kept"
        assert t.settings.get("s0") is None
        assert t.journal.append("kind", "", "", 1, b"leaf") == 0


@pytest.mark.parametrize("outcome", ["failed", "failed but persisted"])
def test_a_failed_commit_can_be_tried_again_whether_or_not_it_was_persisted(
    store: Store, outcome: str
) -> None:
    faulty = FaultyStore(store, lambda number: outcome if number == 0 else "done")
    received = InputRow("c1", 0, "m1", b"raw", {}, 1)

    def accept() -> None:
        with faulty.transaction() as t:
            if t.ceremonies.add_input(received):
                t.journal.append("accepted", "m1", PEER, 1, b"leaf")
                t.outbox.put(outgoing())

    with pytest.raises(InjectedFault):
        accept()
    with faulty.snapshot() as t:
        assert t.journal.size() == (1 if outcome == "failed but persisted" else 0)
    accept()
    with faulty.snapshot() as t:
        assert t.journal.size() == 1
        assert [row.message for row in t.outbox.pending(PEER)] == ["m1"]
        assert t.ceremonies.inputs("c1") == [received]


def test_findings_are_counted_by_status_and_grade_whatever_becomes_of_them(store: Store) -> None:
    def finding(number: int, **more: str) -> FindingRow:
        given = {"run": "r1", "party": PEER, "grade": "strong", "status": "open"} | more
        return FindingRow(f"{number:064x}", given["run"], given["party"], "people", "n1", "t", 900_000, given["grade"], b"[]", given["status"], 1)  # type: ignore[arg-type]  # literals from text  # fmt: skip

    with store.transaction() as tx:
        assert tx.findings.count() == {}
        tx.findings.put(
            [finding(1), finding(2), finding(3, grade="possible"), finding(4, run="r2", party="cd" * 32)]
        )
    with store.transaction() as tx:
        tx.findings.put([finding(1, status="confirmed"), finding(2)])
        tx.findings.put([finding(3, grade="possible", status="dismissed")])
    with store.snapshot() as tx:
        whole = {("open", "strong"): 2, ("confirmed", "strong"): 1, ("dismissed", "possible"): 1}
        assert tx.findings.count() == whole
        assert tx.findings.count(party=PEER) == {**whole, ("open", "strong"): 1}
        assert tx.findings.count(run="r2") == {("open", "strong"): 1}
        pages = [tx.findings.find(limit=3, offset=offset) for offset in (0, 3)]
        assert [row.id for page in pages for row in page] == [row.id for row in tx.findings.find()]
