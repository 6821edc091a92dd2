"""Sync plans: products that are synchronized at set times (katello.md 1.2).

A plan is a row, and a recurring logic of the engine that asks for its task. What a run
synchronizes is looked up by the run: products come and go without touching the logic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import OrganizationId, ProductId, SyncPlanId, UserId
from headgate.engine import NewTask, recurrence
from headgate.engine.recurrence import CANCELLED, Recurrence
from headgate.services.access import Actor, load, load_many
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    organizations,
    products,
    recurring_logics,
    repositories,
    sync_plans,
)

CUSTOM_CRON: Final = "custom cron"
_EVERY: Final = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
INTERVALS: Final = (*_EVERY, CUSTOM_CRON)
NOTHING_TO_SYNC: Final = (
    "No syncable repositories found for selected products and options."  # Katello's words
)


def create_sync_plan(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    values: Mapping[str, Any],
) -> SyncPlanId:
    """Make a plan from API values (`name`, `interval`, `sync_date`, `enabled` ...).

    Its first run is at `sync_date`, or when that is past at the next time that it implies. A cron
    expression is only kept with the interval `custom cron`.
    """
    load(tx, actor, organizations, organization_id)
    actor.require("create_sync_plans", organization_id=organization_id)
    name = free_name(tx, sync_plans, values["name"], organization_id=organization_id)
    chosen: dict[str, Any] = {
        "interval": _interval(values.get("interval")),
        "cron_expression": values.get("cron_expression") or None,
        "sync_date": _date(values.get("sync_date")),
    }
    if chosen["interval"] != CUSTOM_CRON:
        chosen["cron_expression"] = None
    now = clock()
    logic_id = recurrence.begin(tx, _task(organization_id, name, 0), _recurrence(**chosen), now=now)
    plan_id = insert_row(
        tx,
        sync_plans,
        {
            "organization_id": organization_id,
            "name": name,
            "description": values.get("description"),
            "recurring_logic_id": logic_id,
            "created_at": now,
            "updated_at": now,
            **chosen,
        },
    )
    recurrence.change(
        tx, logic_id, task=_task(organization_id, name, plan_id), recurrence=None, now=now
    )
    if values.get("enabled") is False:
        recurrence.disable(tx, logic_id)
    return SyncPlanId(plan_id)


def update_sync_plan(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    plan_id: SyncPlanId,
    changes: Mapping[str, Any],
) -> None:
    """Change what is given; new times hold from now on, a run that is due at once included.

    Enabling a plan whose recurring logic was cancelled starts it anew.
    """
    row = load(tx, actor, sync_plans, plan_id, permission="edit_sync_plans")
    name = changes.get("name", row.name)
    if name != row.name:
        free_name(tx, sync_plans, name, except_id=row.id, organization_id=row.organization_id)
    before = {
        "interval": row.interval,
        "cron_expression": row.cron_expression,
        "sync_date": row.sync_date,
    }
    chosen = _changed_timing(before, changes)
    now = clock()
    tx.execute(
        update(sync_plans)
        .where(sync_plans.c.id == row.id)
        .values(
            name=name,
            description=changes.get("description", row.description),
            updated_at=now,
            **chosen,
        )
    )
    recurrence.change(
        tx,
        row.recurring_logic_id,
        task=_task(row.organization_id, name, row.id),
        recurrence=None if chosen == before else _recurrence(**chosen),
        now=now,
    )
    if changes.get("enabled") is True:
        recurrence.enable(tx, row.recurring_logic_id, now=now)
    elif changes.get("enabled") is False and not _is_cancelled(tx, row.recurring_logic_id):
        recurrence.disable(tx, row.recurring_logic_id)


def delete_sync_plan(tx: Transaction, *, actor: Actor, plan_id: SyncPlanId) -> None:
    """Delete the plan; its products stay, and so does a run that is under way."""
    row = load(tx, actor, sync_plans, plan_id, permission="destroy_sync_plans")
    tx.execute(delete(sync_plans).where(sync_plans.c.id == row.id))
    tx.execute(delete(recurring_logics).where(recurring_logics.c.id == row.recurring_logic_id))


def add_products(
    tx: Transaction, *, actor: Actor, plan_id: SyncPlanId, product_ids: Sequence[ProductId]
) -> None:
    """Put products into the plan, out of any other; each has one at most."""
    row = load(tx, actor, sync_plans, plan_id, permission="edit_sync_plans")
    chosen = _editable(tx, actor, row.organization_id, product_ids)
    tx.execute(update(products).where(among(tx, products.c.id, chosen)).values(sync_plan_id=row.id))


def remove_products(
    tx: Transaction, *, actor: Actor, plan_id: SyncPlanId, product_ids: Sequence[ProductId]
) -> None:
    """Take products out of the plan; those that are not in it are left alone."""
    row = load(tx, actor, sync_plans, plan_id, permission="edit_sync_plans")
    chosen = _editable(tx, actor, row.organization_id, product_ids)
    tx.execute(
        update(products)
        .where(among(tx, products.c.id, chosen), products.c.sync_plan_id == row.id)
        .values(sync_plan_id=None)
    )


def checked_plan(
    tx: Transaction, actor: Actor, organization_id: int, plan_id: SyncPlanId | None
) -> SyncPlanId | None:
    """Return the plan if products of the organization may be in it."""
    if plan_id is not None:
        row = load(tx, actor, sync_plans, plan_id)
        if row.organization_id != organization_id:
            raise ValidationError({"sync_plan_id": ["must be a plan of the same organization"]})
    return plan_id


def require_runnable(tx: Transaction, *, actor: Actor, plan_id: SyncPlanId) -> Row[Any]:
    """Return the plan if it has something to synchronize, for a run that somebody asks for."""
    row = load(tx, actor, sync_plans, plan_id, permission="sync_sync_plans")
    held = select(products.c.id).where(products.c.sync_plan_id == row.id)
    if tx.execute(held.limit(1)).first() is None:
        raise BadRequestError("No products within sync plan")
    if not syncable(tx, row.id):
        raise BadRequestError(NOTHING_TO_SYNC)
    return row


def syncable(tx: Transaction, plan_id: int) -> list[Row[Any]]:
    """Return the repositories that a run of the plan synchronizes."""
    return list(
        tx.execute(
            select(repositories)
            .join(products, products.c.id == repositories.c.product_id)
            .where(products.c.sync_plan_id == plan_id, repositories.c.url.is_not(None))
            .order_by(repositories.c.id)
        )
    )


def run_task(plan: Row[Any], *, user_id: UserId | None) -> NewTask:
    """Return the task of a run that somebody asks for; else it is as the recurring logic's."""
    return replace(_task(plan.organization_id, plan.name, plan.id), user_id=user_id)


def _task(organization_id: int, name: str, plan_id: int) -> NewTask:
    return NewTask(
        workflow="sync_plan",
        label="Actions::Katello::SyncPlan::Run",
        action=f"Run Sync Plan: {name}",
        input={"sync_plan_id": plan_id, "sync_plan_name": name},
        user_id=None,
        organization_id=OrganizationId(organization_id),
    )


def _changed_timing(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    chosen = dict(before)
    if "interval" in changes:
        chosen["interval"] = _interval(changes["interval"])
        if chosen["interval"] != CUSTOM_CRON and before["interval"] == CUSTOM_CRON:
            chosen["cron_expression"] = None
    if "sync_date" in changes:
        chosen["sync_date"] = _date(changes["sync_date"])
    given = changes.get("cron_expression") or None
    if given is not None and chosen["interval"] != CUSTOM_CRON:
        raise ValidationError(
            {
                "base": [
                    "Custom cron expression only needs to be set for interval value of custom cron"
                ]
            }
        )
    if given is not None:
        chosen["cron_expression"] = given
    return chosen


def _interval(text: str | None) -> str:
    if text not in INTERVALS:
        raise ValidationError({"interval": ["is not included in the list"]})
    return text


def _date(moment: datetime | None) -> datetime:
    if moment is None:
        raise ValidationError({"base": ["Start Date and Time can't be blank"]})
    return moment


def _recurrence(*, interval: str, cron_expression: str | None, sync_date: datetime) -> Recurrence:
    """Return when the plan runs; the cron line of an interval is as Katello words it."""
    if interval == CUSTOM_CRON:
        return Recurrence(recurrence.check_cron(cron_expression or ""), sync_date)
    minute, hour, day = sync_date.minute, sync_date.hour, sync_date.isoweekday() % 7
    line = {
        "hourly": f"{minute} * * * *",
        "daily": f"{minute} {hour} * * *",
        "weekly": f"{minute} {hour} * * {day}",
    }[interval]
    return Recurrence(line, sync_date, _EVERY[interval])


def _is_cancelled(tx: Transaction, logic_id: int) -> bool:
    state = select(recurring_logics.c.state).where(recurring_logics.c.id == logic_id)
    return tx.scalar(state) == CANCELLED


def _editable(
    tx: Transaction, actor: Actor, organization_id: int, product_ids: Sequence[ProductId]
) -> list[int]:
    rows = load_many(tx, actor, products, product_ids, permission="edit_products")
    strangers = [row.name for row in rows if row.organization_id != organization_id]
    if strangers:
        raise ValidationError(
            {"product_ids": [f"belong to another organization: {', '.join(strangers)[:200]}"]}
        )
    return [row.id for row in rows]
