"""One run of one task: recorded steps, progress, cancellation, sub-tasks."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Lock
from typing import Any, Protocol, TypeVar

from headgate.domain.authors import Author
from headgate.domain.clock import Clock
from headgate.domain.errors import CancelledError, HeadgateError
from headgate.domain.ids import TaskId
from headgate.engine import ledger
from headgate.engine.claims import Claim
from headgate.engine.control import request_cancel
from headgate.engine.ledger import RunLostError
from headgate.engine.meter import Meter
from headgate.engine.port import NewTask, Progress, TaskEnd
from headgate.engine.queue import enqueue
from headgate.stores.db import Database, Transaction
from headgate.stores.db.writes import write

T = TypeVar("T")

STEP_NAME_LENGTH = 255
_CHILDREN_POLL_SECONDS = 1.0


class RunInterruptedError(BaseException):
    """The process is about to stop; the task goes on after its last recorded step elsewhere."""


class Workplace(Protocol):
    """What a run needs of the worker around it."""

    def lend_slot(self) -> AbstractContextManager[None]:
        """Let another task run while this one only waits."""
        ...

    def await_end(self, seconds: float) -> None:
        """Sleep until some task of this worker has ended, or the time has passed."""
        ...


class TaskRun:
    """Implements `Run`; its public attributes are set by the worker's threads."""

    def __init__(
        self, claim: Claim, *, database: Database, workplace: Workplace, clock: Clock
    ) -> None:
        self.task_id = claim.lease.task_id
        self.user_id = claim.user_id
        self.organization_id = claim.organization_id
        self.input: Mapping[str, Any] = claim.input
        self.lease = claim.lease
        self.meter = Meter()
        self.warnings: list[HeadgateError] = []
        self.cancelled = claim.cancel_requested
        self.cancel_told = False
        self.interrupted = False
        self.lost = False
        self._after_deaths = claim.deaths > 0
        self._database = database.by(self.author)
        self._workplace = workplace
        self._clock = clock
        self._names: set[str] = set()
        self._names_lock = Lock()
        self._recorded = self._read_steps() if claim.lease.attempt > 1 else {}

    @property
    def author(self) -> Author:
        """Who the audit log names for what the task changes."""
        return Author(user_id=self.user_id, way="task", task_id=self.task_id)

    def step(self, name: str, function: Callable[[], T]) -> T:
        """See `Run.step`."""
        self._enter(name)
        if self._is_recorded(name):
            return self._recorded[name]
        self.check()
        result = through_json(function())
        self._require_ours()
        write(self._database, lambda tx: self._record_once(tx, name, result))
        return result

    def transaction(self, name: str, function: Callable[[Transaction], T]) -> T:
        """See `Run.transaction`."""
        self._enter(name)
        if self._is_recorded(name):
            return self._recorded[name]
        if not self.cancel_told:
            self.check()
        self._require_ours()
        tries = 0

        def change_and_record(tx: Transaction) -> Any:
            nonlocal tries
            tries += 1
            ledger.require_lease(tx, self.lease)
            if tries > 1:  # the commit before may have happened though its answer was lost
                steps = ledger.steps_of(tx, self.task_id)
                if name in steps:
                    return steps[name]
            result = through_json(function(tx))
            self._record(tx, name, result)
            return result

        return write(self._database, change_and_record)

    def report(self, progress: Progress) -> None:
        """See `Run.report`."""
        self.meter.report(progress)
        self.check()

    def check(self) -> None:
        """See `Run.check`."""
        self._require_ours()
        if self.interrupted:
            raise RunInterruptedError
        if self.cancelled:
            self.cancel_told = True
            raise CancelledError("The task was cancelled")

    def warn(self, error: HeadgateError) -> None:
        """See `Run.warn`."""
        self.warnings.append(error)

    def children(self, name: str, tasks: Sequence[NewTask]) -> list[TaskEnd]:
        """See `Run.children`."""

        def plan(tx: Transaction) -> list[TaskId]:
            now = self._clock()
            own = [replace(task, parent_id=self.task_id) for task in tasks]
            return [enqueue(tx, task, now=now) for task in own]

        return self._await_children(self.transaction(name, plan))

    def _await_children(self, ids: Sequence[TaskId]) -> list[TaskEnd]:
        told = False
        with self._workplace.lend_slot():
            while True:
                with self._database.read() as tx:
                    ends = ledger.ends_of(tx, ids)
                self.meter.report(Progress(items_done=len(ends), items_total=len(ids)))
                if len(ends) == len(ids):
                    break
                self._require_ours()
                if self.interrupted:
                    raise RunInterruptedError
                if self.cancelled and not told:
                    write(
                        self._database,
                        lambda tx: request_cancel(tx, ids, self._clock()),
                    )
                    told = True
                    continue
                self._workplace.await_end(_CHILDREN_POLL_SECONDS)
        self.check()
        return [ends[task_id] for task_id in ids]

    def _enter(self, name: str) -> None:
        if not 0 < len(name) <= STEP_NAME_LENGTH:
            raise ValueError(f"a step's name has 1 to {STEP_NAME_LENGTH} characters: {name!r}")
        with self._names_lock:
            if name in self._names:
                raise ValueError(f"two steps of one task cannot both be named {name!r}")
            self._names.add(name)
        self.meter.enter(name)

    def _is_recorded(self, name: str) -> bool:
        """Whether the step was done before a crash.

        Who asked to cancel meanwhile is told at the next step: a task whose last step is done has
        had its effect, and says so.
        """
        self._require_ours()
        return name in self._recorded

    def _require_ours(self) -> None:
        if self.lost:
            raise RunLostError

    def _record_once(self, tx: Transaction, name: str, result: object) -> None:
        ledger.hold_lease(tx, self.lease)
        if name not in ledger.steps_of(tx, self.task_id):
            self._record(tx, name, result)

    def _record(self, tx: Transaction, name: str, result: object) -> None:
        ledger.record_step(tx, self.lease, name, result, after_deaths=self._after_deaths)

    def _read_steps(self) -> dict[str, Any]:
        with self._database.read() as tx:
            return ledger.steps_of(tx, self.task_id)


def through_json(value: Any) -> Any:
    """Return the value as a later run would read it, so that both see the same."""
    return value if value is None else json.loads(json.dumps(value))
