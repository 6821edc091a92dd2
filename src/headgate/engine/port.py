"""What a workflow sees of the engine, and how a task is asked for.

A task is a row. `enqueue` writes it on the caller's transaction, so the task exists exactly when
the change that asked for it does; the engine starts it from that row, adopts it when its process
dies, and writes its end. Definitions (`Workflow`) are registered by `server/`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from headgate.domain.authors import Author
from headgate.domain.errors import HeadgateError
from headgate.domain.ids import OrganizationId, TaskId, UserId
from headgate.stores.db import Transaction

T = TypeVar("T")


class TaskState(StrEnum):
    """Where a task is; Foreman's words, which clients compare with."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"  # ended with an error, and may be resumed after its last recorded step
    STOPPED = "stopped"


class TaskResult(StrEnum):
    """How a task came out; Foreman's words."""

    PENDING = "pending"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is; rates and time left are derived by the engine from successive reports."""

    bytes_done: int = 0
    bytes_total: int | None = None
    items_done: int = 0
    items_total: int | None = None
    url: str | None = None  # what is being fetched now
    # Of the whole task, 0 to 1; without it the engine takes that of the bytes, else of the items.
    fraction: float | None = None


class Run(Protocol):
    """One run of one task, as its workflow sees it.

    Steps are known by their names, so within one task every name is used once. A workflow must
    ask for the same steps whenever it is run with the same input and the same step results.
    Every method may raise CancelledError, and errors that only the engine may catch (they are no
    `Exception`s) when the task was taken away from this process: what a workflow cleans up in
    `finally` it does in `transaction`, which refuses to change anything then.
    """

    task_id: TaskId
    user_id: UserId | None
    organization_id: OrganizationId | None
    input: Mapping[str, Any]

    @property
    def author(self) -> Author:
        """Who the audit log names for what the task changes."""
        ...

    def step(self, name: str, function: Callable[[], T]) -> T:
        """Do the step, or return what it returned before a crash; the result must be JSON.

        May run twice: a process that dies after the work and before the record repeats it. A step
        that raises is not recorded. What comes back has been through JSON: tuples are lists.
        """
        ...

    def transaction(self, name: str, function: Callable[[Transaction], T]) -> T:
        """Do a step that only changes the database: its change and its record commit together.

        `function` may be called again if the database asks for it (deadlock, serialization);
        the change of the failed call is rolled back. Keep it short: on SQLite nobody else writes
        meanwhile.
        """
        ...

    def report(self, progress: Progress) -> None:
        """Say how far the current step is; cheap, throttled; raises CancelledError if asked to.

        May be called from any thread of the run, also inside `transaction`.
        """
        ...

    def check(self) -> None:
        """Raise CancelledError if somebody asked the task to stop."""
        ...

    def warn(self, error: HeadgateError) -> None:
        """Note what went wrong without ending the task: its result becomes `warning`.

        To be called outside steps, so that a run after a crash says it again.
        """
        ...

    def children(self, name: str, tasks: Sequence["NewTask"]) -> list["TaskEnd"]:
        """Run sub-tasks and wait for all of them; their cancellation follows the parent's.

        Ends come in the order of `tasks`; a child that failed raises nothing here. A child may
        hold what its parent or grandparent holds. Any other resource it wants the parent must
        hold too: two parents whose children wait for each other's resources would wait forever.
        """
        ...


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made."""

    workflow: str
    label: str  # Katello's name: Actions::Katello::Repository::Sync
    action: str  # for people
    input: Mapping[str, Any]
    user_id: UserId | None
    organization_id: OrganizationId | None
    # Resources such as `repository:12`: no two tasks hold the same one exclusively at once.
    exclusive: Sequence[str] = ()
    shared: Sequence[str] = ()
    start_at: datetime | None = None
    parent_id: TaskId | None = None


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a sub-task ended."""

    id: TaskId
    result: str
    output: Mapping[str, Any]
    errors: Sequence[Mapping[str, Any]] = field(default=())


@dataclass(frozen=True, slots=True)
class Workflow:
    """A named definition; `function` returns the task's output (JSON)."""

    name: str
    function: Callable[[Run], Mapping[str, Any] | None]
    cancellable: bool = True
    # An error pauses the task instead of stopping it; never that of a sub-task.
    resumable: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work that comes round: at the times of a cron expression (UTC), or every so many seconds.

    One of all the workers does it. `work` is a task to enqueue, or a function for internal jobs
    that need no record; a time that was missed is made up for once.
    """

    name: str
    work: NewTask | Callable[[], object]
    cron: str | None = None
    every_seconds: float | None = None
