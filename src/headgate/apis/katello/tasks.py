"""`/foreman_tasks/api/tasks`."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.apis.task_objects import show_task, task_object
from headgate.domain.errors import BadRequestError, ConflictError
from headgate.domain.ids import TaskId, UserId
from headgate.services.listing import Window, page
from headgate.services.work.task_records import (
    TASKS,
    ids_found,
    load_task,
    load_tasks,
    query,
)
from headgate.services.work.task_resources import resource_named
from headgate.services.work.tasks import cancel_task, count_tasks, resume_task

tasks = Resource("foreman_tasks", "Tasks", dialect="foreman")

_PATH: Final = "/foreman_tasks/api/tasks"
_BULK_AT_MOST: Final = 1_000


class Index(ListParams):
    """List tasks."""

    parent_task_id: TaskId | None = doc("UUID of the parent task", default=None)


@tasks.action("index", "GET", _PATH, also=[f"{_PATH}/{{parent_task_id}}/sub_tasks"])
def index(call: Call, params: Index) -> Listing:
    """List tasks, the newest first."""
    found = query(call.actor, parent_id=params.parent_task_id)
    return list_page(call, params, found, catalog=TASKS, show=show_task)


class Summary(Params):
    """Show task summary."""


@tasks.action("summary", "GET", f"{_PATH}/summary", permission="view_foreman_tasks")
def summary(call: Call, params: Summary) -> list[dict[str, Any]]:
    """Count tasks by state and result."""
    del params
    return [
        {
            "state": count.state,
            "result": count.result,
            "count": count.total,
            "recent": count.recent,
        }
        for count in count_tasks(call.tx, actor=call.actor, clock=call.services.clock)
    ]


class Show(Params):
    """Show task."""

    id: TaskId = doc("UUID of the task")


@tasks.action("show", "GET", f"{_PATH}/{{id}}")
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one; clients poll this."""
    return task_object(call.tx, call.actor, params.id)


class Details(Params):
    """Show task extended details."""

    id: TaskId = doc("UUID of the task")


@tasks.action("details", "GET", f"{_PATH}/{{id}}/details")
def details(call: Call, params: Details) -> dict[str, Any]:
    """Show one with its sub-tasks and who works on it."""
    row = load_task(call.tx, call.actor, params.id)
    below = ids_found(call.tx, query(call.actor, parent_id=params.id), limit=_BULK_AT_MOST)
    return {
        **show_task(row),
        "has_sub_tasks": bool(below),
        "sub_tasks": [show_task(child) for child in load_tasks(call.tx, call.actor, below)],
        "executor": row.executor,
        "attempt": row.attempt,
        "failed_steps": [],
        "running_steps": [],
        "locks": [],
    }


class Cancel(Params):
    """Cancel a task and those below it."""

    id: TaskId = doc("UUID of the task")


@tasks.action("cancel", "POST", f"{_PATH}/{{id}}/cancel")
def cancel(call: Call, params: Cancel) -> dict[str, Any]:
    """Ask one to stop; it does so at its next report."""
    clock = call.services.clock
    if not cancel_task(call.tx, actor=call.actor, clock=clock, task_id=params.id):
        raise ConflictError("The task has ended already")
    return task_object(call.tx, call.actor, params.id)


class Resume(Params):
    """Resume a paused task."""

    id: TaskId = doc("UUID of the task")


@tasks.action("resume", "POST", f"{_PATH}/{{id}}/resume")
def resume(call: Call, params: Resume) -> dict[str, Any]:
    """Continue one after the step that failed."""
    resume_task(call.tx, actor=call.actor, task_id=params.id)
    return task_object(call.tx, call.actor, params.id)


class Bulk(Params):
    """Which tasks a bulk action is for: those listed, else those found."""

    search: str | None = doc("Choose tasks by search", default=None, max_length=20_000)
    task_ids: list[TaskId] = doc("Choose tasks by their UUIDs", default=[], max_length=1_000)


class BulkResume(Bulk):
    """Resume all paused tasks among the chosen."""


@tasks.action("bulk_resume", "POST", f"{_PATH}/bulk_resume")
def bulk_resume(call: Call, params: BulkResume) -> dict[str, Any]:
    """Resume what is paused, skip the rest."""

    def resume_one(task_id: TaskId) -> bool:
        resume_task(call.tx, actor=call.actor, task_id=task_id)
        return True

    resumed, skipped = _divided(call, params, resume_one)
    total = len(resumed) + len(skipped)
    return {"total": total, "resumed": resumed, "failed": [], "skipped": skipped}


class BulkCancel(Bulk):
    """Cancel all running tasks among the chosen."""


@tasks.action("bulk_cancel", "POST", f"{_PATH}/bulk_cancel")
def bulk_cancel(call: Call, params: BulkCancel) -> dict[str, Any]:
    """Cancel what runs or waits, skip the rest."""
    cancelled, skipped = _cancelled(call, params)
    return {"total": len(cancelled) + len(skipped), "cancelled": cancelled, "skipped": skipped}


class BulkStop(Bulk):
    """Stop all tasks among the chosen that have not ended."""


@tasks.action("bulk_stop", "POST", f"{_PATH}/bulk_stop")
def bulk_stop(call: Call, params: BulkStop) -> dict[str, Any]:
    """Do as `bulk_cancel`: a task that is stopped is one that was cancelled."""
    stopped, skipped = _cancelled(call, params)
    return {"total": len(stopped) + len(skipped), "stopped": stopped, "skipped": skipped}


class OneSearch(Params):
    """One of the searches of `bulk_search`."""

    search_id: str | None = doc("Arbitrary value to pair results with searches", default=None)
    type: str | None = doc("What to search by", default=None, enum=["user", "resource", "task"])
    task_id: TaskId | None = doc("For type task", default=None)
    user_id: UserId | None = doc("For type user", default=None)
    resource_type: str | None = doc("For type resource", default=None, max_length=100)
    resource_id: str | None = doc("For type resource", default=None, max_length=20)
    action_types: list[str] = doc("Only tasks with one of these labels", default=[], max_length=50)
    active_only: bool = doc("Leave out tasks that have ended", default=False)
    page: int = doc("Page number, starting at 1", default=1, minimum=1)
    per_page: int = doc("Number of results per page", default=20, minimum=1, maximum=1_000)

    @property
    def resource(self) -> str | None:
        """The resource as tasks hold it."""
        if self.type != "resource":
            return None
        return resource_named(self.resource_type or "", self.resource_id or "")


class BulkSearch(Params):
    """List dynflow tasks for uuids, users or resources."""

    searches: list[OneSearch] = doc("List of searches", max_length=20)


@tasks.action("bulk_search", "POST", f"{_PATH}/bulk_search", writes=False)
def bulk_search(call: Call, params: BulkSearch) -> list[dict[str, Any]]:
    """Answer several searches at once."""
    return [_answered(call, search) for search in params.searches]


def _answered(call: Call, search: OneSearch) -> dict[str, Any]:
    given = {name: value for name, value in vars(search).items() if name in search.given}
    if search.type == "task":
        if search.task_id is None:
            raise BadRequestError("A search of type task needs a task_id")
        return {
            "search_params": given,
            "results": [task_object(call.tx, call.actor, search.task_id)],
        }
    found = query(
        call.actor,
        user_id=search.user_id if search.type == "user" else None,
        resource=search.resource,
        active_only=search.active_only,
        labels=search.action_types,
    )
    window = Window(page=search.page, per_page=search.per_page)
    listed = page(call.tx, found, catalog=TASKS, window=window, clock=call.services.clock)
    return {"search_params": given, "results": [show_task(row) for row in listed.rows]}


def _cancelled(call: Call, params: Bulk) -> tuple[list[Any], list[Any]]:
    def cancel_one(task_id: TaskId) -> bool:
        clock = call.services.clock
        return cancel_task(call.tx, actor=call.actor, clock=clock, task_id=task_id)

    return _divided(call, params, cancel_one)


def _divided(
    call: Call, params: Bulk, change: Callable[[TaskId], bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Try the change on every chosen task; return those changed and those skipped.

    What a task's state does not allow is skipped; an error of permission fails the request.
    """
    chosen = list(dict.fromkeys(params.task_ids or _found(call, params.search)))
    changed: set[TaskId] = set()
    for task_id in chosen:
        with suppress(ConflictError):
            if change(task_id):
                changed.add(task_id)
    shown = [show_task(row) for row in load_tasks(call.tx, call.actor, chosen)]
    return (
        [task for task in shown if task["id"] in changed],
        [task for task in shown if task["id"] not in changed],
    )


def _found(call: Call, search: str | None) -> list[TaskId]:
    if not search:
        raise BadRequestError("Please provide at least one of search or task_ids parameters")
    window = Window(search=search, per_page=_BULK_AT_MOST)
    listed = page(
        call.tx,
        query(call.actor),
        catalog=TASKS,
        window=window,
        clock=call.services.clock,
        strict=True,
    )
    return [TaskId(row.id) for row in listed.rows]


class CallbackPart(Params):
    """The step that a callback is for."""

    task_id: TaskId | None = doc("UUID of the task", default=None)
    step_id: int | None = doc("ID of its step", default=None)


class CallbackData(Params):
    """One of several callbacks."""

    callback: CallbackPart | None = doc("Task and step", default=None)
    data: Any = doc("What is to be told to the task", default=None)


class Callback(Params):
    """Send data to a task, as workers elsewhere do."""

    callback: CallbackPart | None = doc("Task and step", default=None)
    data: Any = doc("What is to be told to the task", default=None)
    callbacks: list[CallbackData] = doc("Several at once", default=[], max_length=1_000)


tasks.unbacked(
    "callback",
    "POST",
    f"{_PATH}/callback",
    Callback,
    lacks="Working on tasks outside of this server",
    permission="edit_foreman_tasks",
)
