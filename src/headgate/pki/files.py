"""Writing files that must never be seen half-written or by the wrong eyes."""

import os
import secrets
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make `folder` (and its parents) for its owner alone; an existing one is closed to others.

    A backup that was restored without its modes must not open the keys.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if folder.stat().st_mode & 0o077 == 0:
            return
    folder.chmod(0o700)  # whatever the umask


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write `path` whole or not at all, durably; its mode is set before there is content."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
