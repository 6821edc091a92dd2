"""`/foreman_tasks/api/recurring_logics`: what runs again and again."""

from collections.abc import Sequence
from typing import Any, Final

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.task_objects import show_task
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import RecurringLogicId
from headgate.engine.recurrence import ACTIVE, CANCELLED
from headgate.services.listing import Window, page
from headgate.services.related import AnyRow
from headgate.services.work.recurring_logics import (
    EDIT,
    VIEW,
    cancel_logic,
    delete_logic,
    enable_logic,
)
from headgate.services.work.sync_plan_records import (
    RECURRING_LOGICS,
    load_logic,
    logics,
    tasks_of,
)

recurring_logics = Resource("recurring_logics", "Recurring logics", dialect="foreman")

_PATH: Final = "/foreman_tasks/api/recurring_logics"
_BULK_AT_MOST: Final = 1_000


class Index(ListParams):
    """List recurring logics."""


@recurring_logics.action("index", "GET", _PATH, permission=VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    listed = page(
        call.tx,
        logics(call.actor),
        catalog=RECURRING_LOGICS,
        window=params.window,
        clock=call.services.clock,
        strict=True,
    )
    tasks = tasks_of(call.tx, [row.id for row in listed.rows])
    return Listing.of(listed, lambda row: _shown(row, tasks.get(row.id, [])))


class Show(Params):
    """Show recurring logic details."""

    id: RecurringLogicId = doc("ID of the recurring logic")


@recurring_logics.action("show", "GET", f"{_PATH}/{{id}}", permission=VIEW)
def show(call: Call, params: Show) -> dict[str, Any]:
    """Show one with its newest tasks."""
    return _one(call, params.id)


class Update(Params):
    """Update a recurring logic."""

    id: RecurringLogicId = doc("ID of the recurring logic")
    enabled: bool | None = doc("Whether it runs", default=None)


@recurring_logics.action("update", "PUT", f"{_PATH}/{{id}}", permission=EDIT)
def update(call: Call, params: Update) -> dict[str, Any]:
    """Pause it, or let it go on from now."""
    if params.enabled is not None:
        enable_logic(
            call.tx,
            actor=call.actor,
            clock=call.services.clock,
            logic_id=params.id,
            enabled=params.enabled,
        )
    return _one(call, params.id)


class Cancel(Params):
    """Cancel recurring logic."""

    id: RecurringLogicId = doc("ID of the recurring logic")


@recurring_logics.action("cancel", "POST", f"{_PATH}/{{id}}/cancel", permission=EDIT)
def cancel(call: Call, params: Cancel) -> dict[str, Any]:
    """Let it run no more."""
    cancel_logic(call.tx, actor=call.actor, logic_id=params.id)
    return _one(call, params.id)


class BulkDestroy(Params):
    """Delete recurring logics by search query."""

    search: str = doc("Choose recurring logics by search", max_length=20_000)


@recurring_logics.action("bulk_destroy", "POST", f"{_PATH}/bulk_destroy", permission=EDIT)
def bulk_destroy(call: Call, params: BulkDestroy) -> dict[str, Any]:
    """Delete those found, with the sync plans that they belong to."""
    if not params.search.strip():
        raise BadRequestError("Please provide a search")
    listed = page(
        call.tx,
        logics(call.actor),
        catalog=RECURRING_LOGICS,
        window=Window(search=params.search, per_page=_BULK_AT_MOST),
        clock=call.services.clock,
        strict=True,
    )
    for row in listed.rows:
        delete_logic(call.tx, actor=call.actor, logic_id=RecurringLogicId(row.id))
    return {"total": len(listed.rows)}


def _one(call: Call, logic_id: RecurringLogicId) -> dict[str, Any]:
    row = load_logic(call.tx, call.actor, logic_id)
    return _shown(row, tasks_of(call.tx, [logic_id]).get(logic_id, []))


def _shown(row: AnyRow, tasks: Sequence[AnyRow]) -> dict[str, Any]:
    """Return the object; Foreman writes `occurence`, newer clients read either."""
    last = tasks[-1].created_at if tasks else None
    return {
        "id": row.id,
        "cron_line": row.cron_line,
        "action": row.action,
        "last_occurence": last,
        "next_occurence": row.next_at,
        "last_occurrence": last,
        "next_occurrence": row.next_at,
        "iteration": row.iteration,
        "iteration_limit": None,
        "max_iteration": None,
        "end_time": None,
        "repeat_until": None,
        "purpose": None,
        "task_group_id": None,
        "task_count": row.iteration,
        "state": row.state,
        "enabled": row.state == ACTIVE,
        "cancelled": row.state == CANCELLED,
        "tasks": [show_task(task) for task in tasks],
    }
