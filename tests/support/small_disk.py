"""A file system of a few megabytes, to be full when a test wants it."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted folder that a test fills and empties."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    @property
    def free(self) -> int:
        """Bytes that anybody may still write."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leaving: int) -> None:
        """Take up room until only so many bytes are left."""
        self.clear()
        with self._ballast.open("wb") as file:
            # Others write meanwhile, so the room may be less than it was when it was asked for.
            while True:
                try:
                    return os.posix_fallocate(file.fileno(), 0, max(self.free - leaving, 1))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    file.truncate(0)

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(*, megabytes: int) -> Generator[SmallDisk]:
    """Mount a tmpfs until the block ends; only root may, others skip.

    Not below pytest's folder: only its owner may enter that, and PostgreSQL is somebody else.
    """
    folder = Path(tempfile.mkdtemp(prefix="headgate-disk-"))
    size = f"size={megabytes}m,mode=0755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        folder.rmdir()
        reason = f"a small file system cannot be mounted here: {mounted.stderr.strip()}"
        # CI runs as root on a machine of its own, where it can be.
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}; CI never skips", pytrace=False)
        pytest.skip(reason)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
