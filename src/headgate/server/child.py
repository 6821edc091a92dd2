"""A process of the family: forked from the supervisor, ends with it, is started again by it."""

import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

# How a process says that starting it again would be of no use (sysexits' EX_CONFIG).
EXIT_CONFIGURATION = 78


@dataclass(slots=True)
class Child:
    """One place in the family and the process that now fills it."""

    name: str
    run: Callable[[Callable[[], None]], int]  # is handed what to call once it serves
    before: Callable[[], object] | None = None  # called in the supervisor before each start
    pid: int | None = None
    started: float = 0.0  # monotonic seconds
    failures: int = 0  # in a row
    start_at: float = 0.0  # not before, monotonic seconds
    ready: bool = False
    ready_fd: int | None = field(default=None)

    def start(self, now: float) -> None:
        """Fork the process; `ready_fd` becomes readable when it serves, and when it has died."""
        if self.before is not None:
            self.before()
        reader, writer = os.pipe2(os.O_CLOEXEC)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            _become(self, parent, writer)
        os.close(writer)
        self.pid, self.started, self.ready, self.ready_fd = pid, now, False, reader

    def signal(self, number: int) -> None:
        """Send a signal, if there is a process."""
        if self.pid is not None:
            os.kill(self.pid, number)


def _become(child: Child, parent: int, ready_fd: int) -> None:
    """Run the child's part and end the process; never returns to the supervisor's code."""
    code = 1
    try:
        _detach(child.name, parent)
        code = child.run(lambda: _tell(ready_fd))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        logging.getLogger(__name__).exception("The %s process failed", child.name)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(ready_fd: int) -> None:
    os.write(ready_fd, b"1")
    os.close(ready_fd)


def _detach(name: str, parent: int) -> None:
    """Undo what belongs to the supervisor alone, and die when it dies.

    The supervisor can be killed too: its sockets must be free for the next start, and every task
    survives a kill, so the family ends at once.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches the whole group; the supervisor passes it on as SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_NAME, f"hg-{name.replace(' ', '-')}"[:15].encode())  # for ps and top
    library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    gc.enable()
