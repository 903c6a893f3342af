"""Messages as files: what a courier carries between two nodes that share no network, and files written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from detente.errors import Misuse, Unavailable

SUFFIX = ".detente"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_BUNDLE = re.compile(rf"([0-9]{{8}})-({_NAME.pattern}){re.escape(SUFFIX)}")


def atomic_write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a file so that after a crash the old one stands or the new one, and never a part; durable when it returns.

    Raises Unavailable where the disk does not take it.

    >>> atomic_write(Path("invitation.json"), b"{}")  # doctest: +SKIP
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise Unavailable(f"can't write {path} ({error.strerror}): see to the disk, then try again") from None


def write_bundles(directory: Path, bundles: Iterable[tuple[str, bytes]]) -> Sequence[Path]:
    """Writes each (name, bytes) as one file, numbered after those that are there; returns the paths in order.

    The numbers keep the order in which `read_bundles` gives them back. Raises Misuse for a name that is none (lower-case
    letters, digits, "_", ".", "-") or a directory that is not there, Unavailable where the disk is full.

    >>> write_bundles(Path("/media/stick"), [("to-south", b"...")])  # doctest: +SKIP
    [PosixPath('/media/stick/00000001-to-south.detente')]
    """
    taken = [number for number, _, _ in _bundles(directory)]
    written: list[Path] = []
    for number, (name, data) in enumerate(bundles, max(taken, default=0) + 1):
        if not _NAME.fullmatch(name):
            raise Misuse(
                'a bundle\'s name is lower-case letters, digits, "_", "." and "-", at most a hundred'
            )
        path = directory / f"{number:08}-{name}{SUFFIX}"
        atomic_write(path, data)
        written.append(path)
    return written


def read_bundles(directory: Path, cap: int) -> Iterator[tuple[str, bytes]]:
    """The bundles in a directory, by number: each name and content. Other files are passed over.

    Raises Misuse for one that is no plain file (a link, a pipe) or larger than `cap` bytes; nothing of it is read.
    """
    for _, name, path in _bundles(directory):
        try:
            # NOFOLLOW: a stick's link must not make us read a file of ours. NONBLOCK: a pipe must not make us wait.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise Misuse(f"{path.name} is no plain file: remove it, or ask for another copy") from None
            raise Unavailable(f"can't read {path} ({error.strerror}): try again") from None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise Misuse(f"{path.name} is no plain file: remove it, or ask for another copy")
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(cap + 1) if status.st_size <= cap else b""
        if status.st_size > cap or len(data) > cap:
            raise Misuse(f"{path.name} is larger than {cap} bytes: ask for it in smaller parts, or remove it")
        yield name, data


def _bundles(directory: Path) -> list[tuple[int, str, Path]]:
    try:
        names = sorted(entry.name for entry in os.scandir(directory))
    except OSError as error:
        raise Misuse(
            f"can't look into {directory} ({error.strerror}): name a directory that is there"
        ) from None
    found = ((_BUNDLE.fullmatch(name), name) for name in names)
    return [(int(match[1]), match[2], directory / name) for match, name in found if match]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some sticks' file systems have no such thing
            raise
    finally:
        os.close(descriptor)
