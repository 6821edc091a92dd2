"""The supervisor: forks the family, starts again who dies, ends all in order.

It does nothing else, so that nothing can make it fail: no database, no threads, no event loop.
What all processes import is imported before the fork and frozen, so its memory is shared.
"""

import gc
import logging
import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from headgate.domain.errors import ConfigurationError
from headgate.server.child import EXIT_CONFIGURATION, Child

_FIRST_DELAY = 0.1  # seconds before a process that died is started again; doubles
_LONGEST_DELAY = 30.0
_HEALTHY = 60.0  # seconds of life after which a death is a new one, not the same again
_AFTER_GRACE = 5.0  # seconds between the end of the grace and SIGKILL
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_HOUSEKEEPING = 3600.0  # seconds

_log = logging.getLogger(__name__)


class Supervisor:
    """Keeps every child running until it is told to end.

    `announce` is called once, when every child of `awaited` has served. `renewed` is asked now
    and then whether what the awaited children were started with (the server certificate) has
    been renewed; they are then started again one by one.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        awaited: Sequence[Child],
        grace: float,
        announce: Callable[[], None],
        renewed: Callable[[], bool],
    ) -> None:
        self._children = list(children)
        self._awaited = list(awaited)
        self._grace = grace
        self._announce = announce
        self._renewed = renewed
        self._announced = False
        self._stopping = False
        self._stop_at = 0.0
        self._next_housekeeping = time.monotonic() + _HOUSEKEEPING
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Start and keep the children; return the exit code once all have ended."""
        if threading.active_count() != 1:
            raise RuntimeError("the supervisor forks, so it must have no threads")
        wake, signalled = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, _noted)
        self._selector.register(wake, selectors.EVENT_READ)
        # Without a collection before it, which would leave holes: children would fill them, and
        # so copy pages that stay shared.
        gc.freeze()
        code = 0
        while code == 0 and (self._alive() or not self._stopping):
            self._start_due()
            self._wait(wake)
            code = self._reap()
            self._keep_house()
        if code:
            self._kill_all()
        return code

    def _alive(self) -> list[Child]:
        return [child for child in self._children if child.pid is not None]

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and not self._stopping and child.start_at <= now:
                child.start(now)
                if child.ready_fd is not None:
                    self._selector.register(child.ready_fd, selectors.EVENT_READ, child)

    def _wait(self, wake: int) -> None:
        """Sleep until a signal, a child that is ready, or the next thing to do."""
        for key, _ in self._selector.select(self._seconds_to_sleep()):
            if isinstance(key.data, Child):
                self._note_ready(key.data)
            else:
                self._note_signals(os.read(wake, 1024))

    def _seconds_to_sleep(self) -> float:
        now = time.monotonic()
        if self._stopping:
            return max(0.0, self._stop_at - now)
        due = [child.start_at for child in self._children if child.pid is None]
        return max(0.0, min([self._next_housekeeping, *due]) - now)

    def _note_ready(self, child: Child) -> None:
        if child.ready_fd is None:
            return
        child.ready = os.read(child.ready_fd, 1) != b""
        self._selector.unregister(child.ready_fd)
        os.close(child.ready_fd)
        child.ready_fd = None
        if not self._announced and all(one.ready for one in self._awaited):
            self._announced = True
            self._announce()

    def _note_signals(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGCHLD:
                continue
            if self._stopping:
                self._kill_all()
            else:
                self._stop()

    def _stop(self) -> None:
        self._stopping = True
        self._stop_at = time.monotonic() + self._grace + _AFTER_GRACE
        for child in self._children:
            child.signal(signal.SIGTERM)

    def _kill_all(self) -> None:
        for child in self._children:
            child.signal(signal.SIGKILL)

    def _reap(self) -> int:
        """Collect the dead and plan their return; the exit code when that would be of no use."""
        if self._stopping and time.monotonic() >= self._stop_at:
            self._kill_all()
            self._stop_at = time.monotonic() + _AFTER_GRACE
        for child in self._alive():
            pid, status = os.waitpid(child.pid or 0, os.WNOHANG)
            if pid == 0:
                continue
            if child.ready_fd is not None:
                self._note_ready(child)
            lived = time.monotonic() - child.started
            served, child.ready, child.pid = child.ready, False, None
            code = os.waitstatus_to_exitcode(status)
            if self._stopping:
                continue
            if code == EXIT_CONFIGURATION and not served:
                return 1
            self._plan_return(child, code, lived)
        return 0

    def _plan_return(self, child: Child, code: int, lived: float) -> None:
        child.failures = 1 if lived > _HEALTHY else child.failures + 1
        delay = min(_FIRST_DELAY * 2 ** (child.failures - 1), _LONGEST_DELAY)
        child.start_at = time.monotonic() + delay
        if code:
            ended = f"by signal {-code}" if code < 0 else f"with code {code}"
            _log.error(
                "The %s process ended %s; it is started again in %.1f s", child.name, ended, delay
            )

    def _keep_house(self) -> None:
        if self._stopping or time.monotonic() < self._next_housekeeping:
            return
        self._next_housekeeping = time.monotonic() + _HOUSEKEEPING
        try:
            renewed = self._renewed()
        except (OSError, ConfigurationError):
            _log.exception("The server certificate could not be renewed")
            return
        if renewed:
            for child in self._awaited:
                child.signal(signal.SIGTERM)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Let the wake-up descriptor tell of the signal; a handler is needed for that."""
