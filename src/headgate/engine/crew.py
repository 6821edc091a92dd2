"""The tasks that a worker runs now, each in a thread of its own."""

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import TypeVar

import structlog

from headgate.domain.clock import Clock
from headgate.engine import ledger
from headgate.engine.claims import Claim
from headgate.engine.ledger import Lease, Outcome, RunLostError
from headgate.engine.outcome import outcome_of
from headgate.engine.port import Workflow
from headgate.engine.run import RunInterruptedError, TaskRun
from headgate.engine.slots import Slots
from headgate.stores.db import Database, Transaction
from headgate.stores.db.writes import write

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

_RETRY_SECONDS = 1.0


class Crew:
    """Starts claimed tasks, tells them to stop, writes their ends."""

    def __init__(
        self,
        database: Database,
        workflows: Mapping[str, Workflow],
        *,
        slots: Slots,
        clock: Clock,
        on_idle_slot: Callable[[], None],
    ) -> None:
        self._database = database
        self._workflows = workflows
        self._slots = slots
        self._clock = clock
        self._on_idle_slot = on_idle_slot
        self._members: dict[Lease, tuple[Thread, TaskRun | None]] = {}
        self._members_lock = Lock()
        self._ended = Condition()
        self._leaving = Event()

    def start(self, claim: Claim) -> None:
        """Run the task in a thread of its own."""
        self._slots.take()
        name = f"task-{claim.lease.task_id}"
        thread = Thread(target=self._work, args=(claim,), name=name, daemon=True)
        with self._members_lock:  # whoever waits for members to end finds none that has not begun
            self._members[claim.lease] = (thread, None)
            thread.start()

    def leases(self) -> list[Lease]:
        """Return which tasks are this worker's."""
        with self._members_lock:
            return list(self._members)

    def runs(self) -> list[TaskRun]:
        """Return what is being run now."""
        with self._members_lock:
            return [run for _, run in self._members.values() if run is not None]

    def cancel(self, task_ids: Collection[str]) -> None:
        """Tell those of the runs at their next boundary."""
        for run in self.runs():
            if run.task_id in task_ids:
                run.cancelled = True
        self._wake_waiting()

    def give_up(self) -> None:
        """Leave everything as it is: the tasks belong to other workers now."""
        for run in self.runs():
            run.lost = True
        self._wake_waiting()

    def leave(self, timeout_seconds: float) -> None:
        """Interrupt every run at its next boundary, and give up those that reach none in time."""
        deadline = monotonic() + timeout_seconds
        self._leaving.set()
        for run in self.runs():
            run.interrupted = True
        self._wake_waiting()
        with self._members_lock:
            threads = [thread for thread, _ in self._members.values()]
        for thread in threads:
            thread.join(max(deadline - monotonic(), 0.0))
        self.give_up()

    @contextmanager
    def lend_slot(self) -> Generator[None]:
        """See `Workplace`."""
        with self._slots.lent():
            self._on_idle_slot()
            yield

    def await_end(self, seconds: float) -> None:
        """See `Workplace`."""
        with self._ended:
            self._ended.wait(seconds)

    def _work(self, claim: Claim) -> None:
        with structlog.contextvars.bound_contextvars(task_id=claim.lease.task_id):
            try:
                self._run_to_end(claim)
            except RunLostError:
                log.warning("the task was taken over by another worker")
            except RunInterruptedError:
                self._persistently(lambda tx: ledger.give_back(tx, claim.lease))
            except Exception:
                log.exception("a task was left to be taken over")
            finally:
                self._slots.give()
                self._wake_waiting()
                self._on_idle_slot()
                # Last: whoever leaves waits for members, then closes what is rung here.
                with self._members_lock:
                    del self._members[claim.lease]

    def _run_to_end(self, claim: Claim) -> None:
        run = TaskRun(claim, database=self._database, workplace=self, clock=self._clock)
        run.interrupted = self._leaving.is_set()
        with self._members_lock:
            self._members[claim.lease] = (self._members[claim.lease][0], run)
        outcome = outcome_of(self._workflows[claim.workflow], run, claim)
        self._end(run, outcome)

    def _end(self, run: TaskRun, outcome: Outcome) -> None:
        def end(tx: Transaction) -> None:
            if (shown := run.meter.read()) is not None:
                ledger.write_progress(tx, run.lease, *shown)
            ledger.end(tx, run.lease, outcome, self._clock())

        self._persistently(end)

    def _persistently(self, function: Callable[[Transaction], T]) -> T | None:
        """Write however long the disk is full or the database away: a task must not hang there.

        Leaving ends the patience; whoever takes the task over comes to the same end.
        """
        while True:
            try:
                return write(self._database, function)
            except Exception:
                if self._leaving.is_set():
                    raise
                log.exception("cannot write a task's end; trying again")
            self._leaving.wait(_RETRY_SECONDS)

    def _wake_waiting(self) -> None:
        with self._ended:
            self._ended.notify_all()
