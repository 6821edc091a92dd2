"""The process that solves: reads files that `universe.py` wrote, writes one file of JSON.

Started as `python -I -m headgate.content.rpm.solving.child REQUEST`, so that whatever metadata
does to libsolv happens here: this process has limits on memory, time and what it may write, opens
no connection, and dies with the one that started it. It imports nothing of the server.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, Final

# What the exit status tells; any other is a crash.
EXIT_UNAVAILABLE: Final = 69  # no libsolv (sysexits' EX_UNAVAILABLE)
EXIT_BROKEN: Final = 65  # the metadata is not what it should be (EX_DATAERR)
EXIT_MEMORY: Final = 71  # the memory allowed was not enough (EX_OSERR)

_PR_SET_PDEATHSIG: Final = 1
_WRITTEN_BYTES: Final = 256 << 20


def main(path: str) -> int:
    """Solve what the request at `path` asks; return the exit status."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is an import more
        request: dict[str, Any] = json.load(file)
    try:
        import solv  # noqa: F401, PLC0415  # pyright: ignore[reportMissingTypeStubs, reportUnusedImport]
    except ImportError as error:
        sys.stderr.write(str(error))
        return EXIT_UNAVAILABLE
    if not _confine(request):
        return 1
    # After libsolv, whose lack has an answer of its own.
    from headgate.content.rpm.solving.closure import close  # noqa: PLC0415
    from headgate.content.rpm.solving.pool import BrokenMetadataError, read_universe  # noqa: PLC0415

    try:
        answer = close(read_universe(request))
        with open(request["result"], "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
            json.dump(answer, file)
    except BrokenMetadataError as error:
        sys.stderr.write(str(error))
        return EXIT_BROKEN
    except MemoryError:
        return EXIT_MEMORY
    return 0


def _confine(request: dict[str, Any]) -> bool:
    """Take the limits; False when whoever asked is gone already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    limits = {
        resource.RLIMIT_AS: request["memory_bytes"],
        resource.RLIMIT_CPU: request["cpu_seconds"],
        resource.RLIMIT_FSIZE: _WRITTEN_BYTES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))
    return os.getppid() == request["parent"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
