"""Starting real programs and ending just those."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program wrote to standard output and to standard error."""

    output: str
    complaints: str

    @property
    def lines(self) -> list[str]:
        """The lines of the output that are not blank."""
        return [line.strip() for line in self.output.splitlines() if line.strip()]


class Started:
    """One program that we started, with its output in a file.

    It is the leader of its own process group, and the kernel interrupts it when the test run
    dies: nothing outlives the tests, however they end.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.log = log
        self._output: IO[bytes] = log.open("ab")
        identity = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "INT", *identity, "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The process id of the program itself: setpriv becomes it."""
        return self.process.pid

    def output(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text(errors="replace")

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait for a condition; a program that dies or stays silent is shown with its output."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"ended with {self.process.returncode}:\n{self.output()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {seconds} s:\n{self.output()}")
            time.sleep(_POLL)

    def stop(self, *, how: signal.Signals = signal.SIGTERM, seconds: float = 20) -> int:
        """End it and whatever it started; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.kill()
        return code

    def kill(self) -> None:
        """End the whole group at once, as a crash would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._output.close()
