"""Running the solving process: started, watched, and always gone in the end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from headgate.content.rpm.solving.child import EXIT_BROKEN, EXIT_MEMORY, EXIT_UNAVAILABLE
from headgate.domain.errors import InvalidContentError, SolvingFailedError, UnavailableError
from headgate.plugin.solving import SolvingLimits

_MODULE: Final = "headgate.content.rpm.solving.child"
_LIBRARY: Final = "solv"
# A task that is cancelled ends within this, and so does the process.
_LOOK_SECONDS: Final = 0.2
# Processors are shared, so the clock gives more than the processor time allowed.
_CLOCK_FACTOR: Final = 3
_ANSWER_BYTES: Final = 128 << 20
_TOLD_BYTES: Final = 2_000


def require_solver() -> None:
    """Raise UnavailableError, which says what to install, unless libsolv can be loaded."""
    if find_spec(_LIBRARY) is None:
        raise _unavailable("the Python package is not installed")


def run_confined(
    folder: Path,
    request: Mapping[str, Any],
    *,
    limits: SolvingLimits,
    check: Callable[[], None],
) -> dict[str, Any]:
    """Let a process with limits answer the request, and return the answer.

    `folder` is the caller's to remove. What `check` raises (the task was cancelled) ends the
    process and comes out. SolvingFailedError when a limit was reached or the process died.
    """
    require_solver()
    result = folder / "result"
    request_file = folder / "request"
    request_file.write_text(
        json.dumps(
            {
                **request,
                "result": str(result),
                "memory_bytes": limits.memory_bytes,
                "cpu_seconds": limits.seconds,
                "parent": os.getpid(),
            }
        )
    )
    with (folder / "told").open("wb+") as told:
        process = subprocess.Popen(  # noqa: S603 - our own module, arguments from no request
            [sys.executable, "-I", "-m", _MODULE, str(request_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            status = _wait(process, limits.seconds * _CLOCK_FACTOR, check)
        finally:
            _end(process)
        told.seek(0)
        words = told.read(_TOLD_BYTES).decode(errors="replace").strip()
    _require_success(status, words, limits)
    return _read(result)


def _wait(process: subprocess.Popen[bytes], seconds: float, check: Callable[[], None]) -> int:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return process.wait(timeout=_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            check()
            if time.monotonic() > deadline:
                raise SolvingFailedError(
                    f"Dependencies were not solved within {seconds:.0f} seconds, so solving was"
                    " ended. Raise solving.seconds in the settings, or solve for a smaller view."
                ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _require_success(status: int, words: str, limits: SolvingLimits) -> None:
    if status == 0:
        return
    if status == EXIT_UNAVAILABLE:
        raise _unavailable(words)
    if status == EXIT_BROKEN:
        raise InvalidContentError(f"The dependencies of these packages cannot be solved: {words}")
    if status in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise SolvingFailedError(
            f"Dependencies were not solved within {limits.seconds} seconds of processor time, or"
            " the system ended the process. Raise solving.seconds in the settings, or solve for a"
            " smaller view."
        )
    if status == EXIT_MEMORY or "MemoryError" in words or "Out of memory" in words:
        raise SolvingFailedError(
            f"Solving dependencies takes more than the {limits.memory_bytes >> 20} MiB allowed."
            " Raise solving.memory in the settings, or solve for a smaller view."
        )
    raise SolvingFailedError(
        f"The process that solves dependencies died ({status}): {words[-500:] or 'no message'}"
    )


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _ANSWER_BYTES:
        raise SolvingFailedError("The answer about dependencies is too large to be read")
    answer: dict[str, Any] = json.loads(path.read_bytes())
    return answer


def _unavailable(words: str) -> UnavailableError:
    return UnavailableError(
        f"Dependencies cannot be solved here: libsolv is missing ({words}). Install it into"
        " Headgate's environment with: pip install solv. Everything else works without it."
    )
