"""`file://`: trees on this machine, only below the folders that the administrator has named."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from yarl import URL

from headgate.domain.errors import UpstreamError
from headgate.upstream.errors import UpstreamAbsentError


def open_local(url: URL, roots: Sequence[Path]) -> int:
    """Open the file for reading and return its descriptor.

    Each part of the path is opened from the one before it and may be no symbolic link, so nothing
    outside of the root is reached, whatever changes meanwhile.
    """
    text = str(url)
    if url.host or not text.startswith("file:///"):
        raise UpstreamError("a file URL reads file:///FOLDER/...", url=text)
    path = unquote(url.raw_path)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path:
        raise UpstreamError("the path leads out of its folder", url=text)
    for root in roots:
        inside = _below(parts, root)
        if inside is not None:
            return _open_below(root, inside, text)
    raise UpstreamError(
        "file:// is allowed only below the folders that the server's settings list", url=text
    )


def _below(parts: Sequence[str], root: Path) -> Sequence[str] | None:
    own = root.parts[1:]
    return parts[len(own) :] if tuple(parts[: len(own)]) == own else None


def _open_below(root: Path, parts: Sequence[str], url: str) -> int:
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(
                part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd
            )
            os.close(fd)
            fd = inner
        # O_NONBLOCK: opening a FIFO must not wait for its writer.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.open(parts[-1] if parts else ".", flags, dir_fd=fd)
    except FileNotFoundError:
        raise UpstreamAbsentError("there is no such file", url=url) from None
    except OSError as error:
        raise UpstreamError(
            f"it cannot be read ({error.strerror}); symbolic links are not followed", url=url
        ) from error
    finally:
        os.close(fd)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise UpstreamError("it is no regular file", url=url)
    return file
