"""Reading sync plans and recurring logics: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, func, select

from headgate.domain.ids import OrganizationId, RecurringLogicId, SyncPlanId
from headgate.engine.recurrence import ACTIVE, resource_of
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnySelect, load, scoped
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import (
    products,
    recurring_logics,
    repositories,
    sync_plans,
    task_locks,
    tasks,
    users,
)

SYNC_PLANS: Final = Catalog(
    key=sync_plans.c.id,
    fields=Fields(
        {
            "id": Field(sync_plans.c.id, "integer"),
            "name": Field(sync_plans.c.name, default=True),
            "description": Field(sync_plans.c.description),
            "organization_id": Field(sync_plans.c.organization_id, "integer"),
            "interval": Field(sync_plans.c.interval, default=True),
            "enabled": Field(recurring_logics.c.state == ACTIVE, "boolean"),
        }
    ),
    sorts={"sync_date": sync_plans.c.sync_date},
)

RECURRING_LOGICS: Final = Catalog(
    key=recurring_logics.c.id,
    fields=Fields(
        {
            "id": Field(recurring_logics.c.id, "integer"),
            "cron_line": Field(recurring_logics.c.cron_line, default=True),
            "state": Field(recurring_logics.c.state, default=True),
            "iteration": Field(recurring_logics.c.iteration, "integer"),
            "action": Field(recurring_logics.c.action, default=True),
        }
    ),
    default_sort=("id", "desc"),
)

# How many of a logic's tasks are shown with it, the newest.
_TASKS_SHOWN: Final = 20


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select plans with their organization and what their recurring logic is up to."""
    joined = (
        select(sync_plans, recurring_logics.c.state, recurring_logics.c.next_at)
        .select_from(sync_plans)
        .join(recurring_logics, recurring_logics.c.id == sync_plans.c.recurring_logic_id)
    )
    return of_organizations(joined, actor, sync_plans, organization_id=organization_id, **plain)


def load_plan(
    tx: Transaction,
    actor: Actor,
    plan_id: SyncPlanId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one plan as `query` gives it; NotFoundError if it is not of `organization_id`."""
    load(tx, actor, sync_plans, plan_id, organization_id=organization_id)
    return tx.execute(query(actor).where(sync_plans.c.id == plan_id)).one()


def products_of(tx: Transaction, plan_ids: Sequence[int]) -> Grouped:
    """Return the products of these plans, with their numbers of repositories."""
    held = (
        select(func.count())
        .select_from(repositories)
        .where(repositories.c.product_id == products.c.id)
        .correlate(products)
        .scalar_subquery()
    )
    rows = tx.execute(
        select(products, held.label("repository_count"))
        .where(among(tx, products.c.sync_plan_id, plan_ids))
        .order_by(products.c.name, products.c.id)
    )
    return grouped(rows, "sync_plan_id")


def with_plan(source: AnySelect) -> AnySelect:
    """Add to a select of products what is shown of their plans, as `plan_name` ..."""
    shown = ("name", "description", "sync_date", "interval", "cron_expression")
    return (
        source.outerjoin(sync_plans, sync_plans.c.id == products.c.sync_plan_id)
        .outerjoin(recurring_logics, recurring_logics.c.id == sync_plans.c.recurring_logic_id)
        .add_columns(
            *(sync_plans.c[column].label(f"plan_{column}") for column in shown),
            recurring_logics.c.state.label("plan_state"),
            recurring_logics.c.next_at.label("plan_next_at"),
        )
    )


def logics(actor: Actor) -> Select[Any]:
    """Select the recurring logics that the actor may see."""
    return scoped(select(recurring_logics), actor, recurring_logics)


def load_logic(tx: Transaction, actor: Actor, logic_id: RecurringLogicId) -> AnyRow:
    """Return one recurring logic."""
    return load(tx, actor, recurring_logics, logic_id)


def tasks_of(tx: Transaction, logic_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """Return the newest tasks of recurring logics, the oldest of these first."""
    by_resource = {resource_of(logic_id): logic_id for logic_id in logic_ids}
    place = func.row_number().over(
        partition_by=task_locks.c.resource, order_by=tasks.c.number.desc()
    )
    newest = (
        select(tasks.c.number, task_locks.c.resource, place.label("place"))
        .join(tasks, tasks.c.id == task_locks.c.task_id)
        .where(among_texts(tx, task_locks.c.resource, list(by_resource)))
        .subquery()
    )
    rows = tx.execute(
        select(tasks, users.c.login.label("username"), newest.c.resource)
        .join(newest, newest.c.number == tasks.c.number)
        .outerjoin(users, users.c.id == tasks.c.user_id)
        .where(newest.c.place <= _TASKS_SHOWN)
        .order_by(tasks.c.number)
    )
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(by_resource[row.resource], []).append(row)
    return found
