"""Who changes something, and by what way it came in: what the audit log says of every change."""

from dataclasses import dataclass
from typing import Final, Literal

from headgate.domain.ids import TaskId, UserId

Way = Literal["api", "cli", "registry", "task", "server"]


@dataclass(frozen=True, slots=True)
class Author:
    """A user by id, or nobody; the address and the id of the request, or the task."""

    user_id: UserId | None = None
    way: Way = "server"
    address: str | None = None
    request_id: str | None = None
    task_id: TaskId | None = None


# What the server does of itself: its first start, its schedules.
SERVER: Final = Author()
