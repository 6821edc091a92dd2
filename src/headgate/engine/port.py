"""What a workflow sees of the engine, and how a task is asked for.

A task is a row. `enqueue` writes it on the caller's transaction, so the task exists exactly when
the change that asked for it does; the engine starts it from that row, adopts it when its process
dies, and writes its end. Definitions (`Workflow`) are registered by `server/`; nothing but this
package knows the library underneath.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from headgate.domain.ids import OrganizationId, TaskId, UserId
from headgate.stores.db import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is; rates and time left are derived by the engine from successive reports."""

    bytes_done: int = 0
    bytes_total: int | None = None
    items_done: int = 0
    items_total: int | None = None
    url: str | None = None  # what is being fetched now


class Run(Protocol):
    """One run of one task, as its workflow sees it."""

    task_id: TaskId
    user_id: UserId | None
    organization_id: OrganizationId | None
    input: Mapping[str, Any]

    def step(self, name: str, function: Callable[[], T]) -> T:
        """Do the step, or return what it returned before a crash; the result must be JSON.

        May run twice: a process that dies after the work and before the record repeats it.
        """
        ...

    def transaction(self, name: str, function: Callable[[Transaction], T]) -> T:
        """Do a step that only changes the database: its change and its record commit together."""
        ...

    def report(self, progress: Progress) -> None:
        """Say how far the current step is; cheap, throttled; raises CancelledError if asked to.

        May be called from any thread of the run.
        """
        ...

    def check(self) -> None:
        """Raise CancelledError if somebody asked the task to stop."""
        ...

    def children(self, name: str, tasks: Sequence["NewTask"]) -> list["TaskEnd"]:
        """Run sub-tasks and wait for all of them; their cancellation follows the parent's."""
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
