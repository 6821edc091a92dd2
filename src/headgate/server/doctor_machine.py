"""What `headgate doctor` looks at besides content: folders and disks."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final

from headgate.domain.findings import Finding, Level, several
from headgate.server.home import Home
from headgate.stores.blobs import owners

_WRITES: Final = 9
_PROBE: Final = bytes(4096)
_GIB: Final = 1 << 30
_SCARCE: Final = 0.05
_ENOUGH: Final = 20 * _GIB


def check_folders(home: Home) -> Iterator[Finding]:
    """Find keys that others may read."""
    secrets = [*home.keys.glob("*"), home.authority / "ca.key", home.authority / "server.pem"]
    open_ones = [path for path in secrets if path.is_file() and _mode(path) & 0o077]
    if open_ones:
        yield Finding(
            "readable_keys",
            Level.ERROR,
            f"Others than the server's user may read keys: {several(open_ones)}",
            "`headgate doctor --fix` takes that right away; if others may have used it, restore"
            " or make new keys",
            fixable=True,
        )


def close_keys(home: Home) -> None:
    """Take from others the right to read keys."""
    for path in (*home.keys.glob("*"), home.authority / "ca.key", home.authority / "server.pem"):
        if path.is_file() and _mode(path) & 0o077:
            path.chmod(0o600)


def check_leftovers(home: Home) -> Iterator[Finding]:
    """Find what killed processes were writing."""
    spool = home.folder / "spool"
    dead = [path for path in _entries(spool) if owners.is_dead(path.name)]
    if dead:
        yield Finding(
            "orphan_spool_files",
            Level.WARNING,
            f"{len(dead)} files of {sum(_size(path) for path in dead)} bytes in {spool} were left"
            " by processes that are dead",
            "`headgate doctor --fix` removes them, and so does the server's next start",
            fixable=True,
        )


def check_disks(home: Home, *, slow_seconds: float) -> Iterator[Finding]:
    """Find disks that are full, or slow to make something durable."""
    for folder in _file_systems(home):
        yield from _room(folder)
        yield from _speed(folder, slow_seconds)


def _file_systems(home: Home) -> list[Path]:
    """Return one folder on each file system that holds a part of the home."""
    wanted = (home.folder, home.blobs, home.folder / "spool", home.uploads, home.scratch)
    by_device = {path.stat().st_dev: path for path in reversed(wanted) if path.is_dir()}
    return sorted(by_device.values())


def _room(folder: Path) -> Iterator[Finding]:
    found = os.statvfs(folder)
    free, whole = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    if free < _GIB or (free < _ENOUGH and free < _SCARCE * whole):
        level = Level.ERROR if free < _GIB else Level.WARNING
        yield Finding(
            "disk_full",
            level,
            f"The disk of {folder} has {free / _GIB:.1f} GiB of {whole / _GIB:.1f} left",
            "`headgate space info` tells whose content needs most; delete some, or add a disk",
        )
    if found.f_files and found.f_favail < 0.01 * found.f_files:
        yield Finding(
            "inodes_used_up",
            Level.WARNING,
            f"The disk of {folder} has room for {found.f_favail} more files only",
            "make a file system with more inodes, such as XFS",
        )


def _speed(folder: Path, slow_seconds: float) -> Iterator[Finding]:
    """Time what every commit waits for, on a file without a name: nobody ever sees it."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            yield Finding(
                "disk_read_only",
                Level.ERROR,
                f"Nothing can be written in {folder}: {error.strerror}",
                "run this as the server's user; if the disk turned read-only, the system's log"
                " tells why",
            )
        return
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        taken = median(_timed_write(file.fileno()) for _ in range(_WRITES))
        apart = abs(os.fstat(file.fileno()).st_mtime - time.time())
    if taken > slow_seconds:
        yield Finding(
            "slow_disk",
            Level.WARNING,
            f"The disk of {folder} takes {taken * 1000:.0f} ms to make 4 KiB durable, and every"
            " change waits for that",
            "put the home folder on an SSD, and not on a network file system",
        )
    if apart > 60:
        yield Finding(
            "clock_skew",
            Level.ERROR,
            f"This machine's clock differs from that of the disk of {folder} by {apart:.0f} s",
            "let chrony or systemd-timesyncd set both",
        )


def _timed_write(descriptor: int) -> float:
    began = time.perf_counter()
    os.write(descriptor, _PROBE)
    os.fsync(descriptor)
    return time.perf_counter() - began


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
