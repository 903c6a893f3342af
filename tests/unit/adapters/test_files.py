from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from detente.adapters.files import atomic_write, read_bundles, write_bundles
from detente.errors import Misuse, Unavailable


def test_bundles_come_back_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    first = [(f"to-south-{chr(122 - number)}", bytes([number]) * number) for number in range(12)]
    paths = write_bundles(tmp_path, iter(first))
    more = write_bundles(tmp_path, [("a", b"later")])
    assert list(read_bundles(tmp_path, 100)) == [*first, ("a", b"later")]
    assert [path.name for path in (paths[0], paths[11], more[0])] == [
        "00000001-to-south-z.detente",
        "00000012-to-south-o.detente",
        "00000013-a.detente",
    ]


def test_what_is_no_bundle_is_passed_over(tmp_path: Path) -> None:
    write_bundles(tmp_path, [("a", b"x")])
    for name in ("notes.txt", "00000002-a.detente.part", "2-a.detente", ".00000003-a.detente.0123.part"):
        (tmp_path / name).write_bytes(b"junk")
    assert list(read_bundles(tmp_path, 100)) == [("a", b"x")]


@pytest.mark.parametrize("name", ["", "../a", "a/b", "A", ".hidden", "a\n", "a" * 101])
def test_a_name_that_could_leave_the_directory_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misuse, match="lower-case"):
        write_bundles(tmp_path, [(name, b"x")])
    assert list(tmp_path.iterdir()) == []


def test_a_link_on_a_stick_does_not_read_a_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "ours").write_bytes(b"our passphrase")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "00000001-a.detente").symlink_to(tmp_path / "ours")
    with pytest.raises(Misuse, match="no plain file"):
        list(read_bundles(stick, 100))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_directory_on_a_stick_does_not_hang_us(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "00000001-a.detente")
    outcome: list[type[BaseException]] = []

    def read() -> None:
        with pytest.raises(Misuse) as told:
            list(read_bundles(tmp_path, 100))
        outcome.append(told.type)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert outcome == [Misuse]


def test_a_bundle_past_the_cap_is_refused_unread(tmp_path: Path) -> None:
    write_bundles(tmp_path, [("a", bytes(100)), ("b", bytes(101))])
    bundles = read_bundles(tmp_path, 100)
    assert next(bundles) == ("a", bytes(100))
    with pytest.raises(Misuse, match="larger than 100"):
        next(bundles)
    os.truncate(tmp_path / "00000002-b.detente", 1 << 40)  # sparse: reading it would not end
    with pytest.raises(Misuse, match="larger than"):
        list(read_bundles(tmp_path, 1 << 20))


def test_a_directory_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="directory"):
        list(read_bundles(tmp_path / "none", 100))
    with pytest.raises(Misuse, match="directory"):
        write_bundles(tmp_path / "none", [])


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    atomic_write(path, b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        atomic_write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_write_replaces_a_link_instead_of_following_it(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"ours")
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert (target.read_bytes(), link.read_bytes(), link.is_symlink()) == (b"ours", b"new", False)
