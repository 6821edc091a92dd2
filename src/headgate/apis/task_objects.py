"""Tasks as clients of foreman-tasks see them (katello.md 2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Row

from headgate.apis.actions.rendering import timestamp
from headgate.domain.ids import TaskId
from headgate.services.access import Actor
from headgate.services.work.task_records import load_task
from headgate.stores.db import Transaction

_FINISHED = ("stopped",)


def task_object(tx: Transaction, actor: Actor, task_id: TaskId) -> dict[str, Any]:
    """Return a task by its id."""
    return show_task(load_task(tx, actor, task_id))


def show_task(row: Row[Any]) -> dict[str, Any]:
    """Return the object of a task's row (of `task_records.query`).

    The collection takes a reply for a task if it has `action`, `state` and `started_at`.
    """
    errors: Sequence[Mapping[str, Any]] = row.errors
    given = {key: value for key, value in row.input.items() if not key.startswith("sealed_")}
    return {
        "id": row.id,
        "label": row.label,
        "pending": row.state not in _FINISHED,
        "action": row.action,
        "username": row.username,
        "started_at": timestamp(row.started_at or row.created_at),
        "ended_at": timestamp(row.ended_at),
        "duration": _duration(row),
        "state": row.state,
        "result": row.result,
        "progress": round(row.fraction, 4),
        "input": given,
        "output": row.output,
        "humanized": {
            "action": row.action,
            "input": _humanized_input(given),
            "output": _humanized_output(row),
            "errors": [_humanized_error(error) for error in errors],
        },
        "cli_example": None,
        "start_at": timestamp(row.start_at or row.created_at),
        "available_actions": {
            "cancellable": row.state not in _FINISHED
            and row.cancellable
            and not row.cancel_requested,
            "resumable": row.state == "paused",
        },
        "parent_task_id": row.parent_id,
        "errors": errors,
        "progress_details": row.progress,
    }


def _duration(row: Row[Any]) -> str | None:
    if row.started_at is None or row.ended_at is None:
        return None
    return f"{(row.ended_at - row.started_at).total_seconds():.6f}"


def _humanized_error(error: Mapping[str, Any]) -> str:
    """Say what went wrong and, where an upstream is to blame, at which address."""
    message, url = str(error.get("message", "")), error.get("url")
    return f"{url}: {message}" if url and url not in message else message


def _humanized_input(given: Mapping[str, Any]) -> list[Any]:
    return [
        [key, {"text": f"{key} {_worded(value)}", "link": None}] for key, value in given.items()
    ]


def _worded(value: object) -> str:
    """Return a value as people write it: what has a name is named."""
    match value:
        case {"name": str(name)}:
            return f"'{name}'"
        case list():
            return ", ".join(_worded(each) for each in cast("list[object]", value))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _humanized_output(row: Row[Any]) -> str:
    """Say in a line how far the task is; clients print it as it is."""
    progress: Mapping[str, Any] = row.progress
    done, total = progress.get("items_done"), progress.get("items_total")
    if row.state in _FINISHED or not progress.get("step"):
        return ""
    return f"{progress['step']} {done} of {total}" if total else str(progress["step"])
