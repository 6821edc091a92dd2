"""Programs that tests start never outlive them, and those that are missing are named."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import needs
from support.processes import Started

_PARENT = """
import sys, time
from pathlib import Path
from support.processes import Started
started = Started(["sleep", "600"], log=Path(sys.argv[1]))
started.wait_until(lambda: Path(f"/proc/{started.pid}/comm").read_text() == "sleep\\n")
print(started.pid, flush=True)
time.sleep(600)
"""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_program_ends_when_the_test_run_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path / "log"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert _runs(pid)

        parent.kill()

        deadline = time.monotonic() + 10
        while _runs(pid):
            assert time.monotonic() < deadline


def test_a_program_that_dies_at_once_is_shown_with_its_output(tmp_path: Path) -> None:
    started = Started(["sh", "-c", "echo no luck; exit 3"], log=tmp_path / "log")

    with pytest.raises(RuntimeError, match=r"ended with 3:\nno luck"):
        started.wait_until(lambda: False)
    assert started.stop() == 3


def test_a_missing_program_is_named_and_fails_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-package"):
        needs.program("no-such-program", package="no-such-package")

    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI never skips"):
        needs.program("no-such-program", package="no-such-package")
