"""Workers in this process, and tasks to give them."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.ids import TaskId
from headgate.engine import TASKS_TOPIC, NewTask, Run, Workflow, enqueue
from headgate.engine.runner import Runner
from headgate.stores.db import Database
from headgate.stores.db.tables import tasks

_SECONDS = 30.0
_POLL = 0.02


def new_task(
    workflow: str,
    *,
    exclusive: Sequence[str] = (),
    shared: Sequence[str] = (),
    start_at: datetime | None = None,
    **given: Any,
) -> NewTask:
    """Describe a task of nobody in particular; other arguments are its input."""
    return NewTask(
        workflow=workflow,
        label=f"Actions::Test::{workflow}",
        action=f"Try {workflow}",
        input=given,
        user_id=None,
        organization_id=None,
        exclusive=exclusive,
        shared=shared,
        start_at=start_at,
    )


class Workbench:
    """A database with workers on it; `close` stops those that a test left running."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._runners: list[Runner] = []
        self._changed = threading.Event()
        database.subscribe(TASKS_TOPIC, self._changed.set)

    def start(
        self, workflows: Mapping[str, Callable[[Run], Any]] | Sequence[Workflow], **options: Any
    ) -> Runner:
        """Start a worker for functions by name, or for definitions."""
        definitions = (
            [Workflow(name, function) for name, function in workflows.items()]
            if isinstance(workflows, Mapping)
            else workflows
        )
        runner = Runner(self.database, definitions, **options)
        runner.start()
        self._runners.append(runner)
        return runner

    def ask(self, workflow: str, **options: Any) -> TaskId:
        """Make a task."""
        with self.database.begin() as tx:
            return enqueue(tx, new_task(workflow, **options))

    def run(self, workflow: str, **options: Any) -> Row[Any]:
        """Make a task and return its row once it has ended."""
        return self.ended(self.ask(workflow, **options))

    def row(self, task_id: TaskId) -> Row[Any]:
        """Return a task's row."""
        with self.database.read() as tx:
            return tx.execute(select(tasks).where(tasks.c.id == task_id)).one()

    def ended(self, task_id: TaskId) -> Row[Any]:
        """Return a task's row once it has ended (or paused)."""
        return self.until(task_id, lambda row: row.state in {"stopped", "paused"})

    def until(self, task_id: TaskId, reached: Callable[[Row[Any]], bool]) -> Row[Any]:
        """Return a task's row once it is as wanted."""
        deadline = time.monotonic() + _SECONDS
        while not reached(row := self.row(task_id)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the task stays {row}")
            self._changed.wait(_POLL)
            self._changed.clear()
        return row

    def close(self) -> None:
        """Stop every worker."""
        for runner in self._runners:
            runner.stop(timeout_seconds=5)


class Gate:
    """Where a workflow of a test stands until it is let through."""

    def __init__(self) -> None:
        self._reached = threading.Semaphore(0)
        self._open = threading.Event()

    def stand(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait in a workflow, asking `check` meanwhile."""
        self._reached.release()
        deadline = time.monotonic() + _SECONDS
        while not self._open.wait(_POLL):
            check()
            assert time.monotonic() < deadline, "nobody opened the gate"

    def reached(self) -> None:
        """Wait in the test until one more workflow stands here."""
        assert self._reached.acquire(timeout=_SECONDS), "nobody came to the gate"

    def open(self) -> None:
        """Let everybody through."""
        self._open.set()
