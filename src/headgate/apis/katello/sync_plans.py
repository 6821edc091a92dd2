"""`/katello/api/sync_plans`."""

from datetime import datetime
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Reply, Resource, doc
from headgate.apis.katello.shapes import organization_of, permissions
from headgate.domain.ids import OrganizationId, ProductId, SyncPlanId, TaskId
from headgate.engine import enqueue
from headgate.engine.recurrence import ACTIVE
from headgate.services.listing import page
from headgate.services.related import AnyRow
from headgate.services.work.sync_plan_records import SYNC_PLANS, load_plan, products_of, query
from headgate.services.work.sync_plans import (
    INTERVALS,
    add_products,
    create_sync_plan,
    delete_sync_plan,
    remove_products,
    require_runnable,
    run_task,
    update_sync_plan,
)

sync_plans = Resource("sync_plans", "Sync Plans")

_FLAT = "/katello/api/sync_plans"
_NESTED = "/katello/api/organizations/{organization_id}/sync_plans"
_ONE = f"{_FLAT}/{{id}}"
_NESTED_ONE = f"{_NESTED}/{{id}}"


class Index(ListParams):
    """List sync plans."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    name: str | None = doc("Filter by name", default=None)
    sync_date: datetime | None = doc("Filter by sync date", default=None)
    interval: str | None = doc("Filter by interval", default=None, enum=INTERVALS)


@sync_plans.action("index", "GET", _FLAT, also=[_NESTED], permission="view_sync_plans")
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        name=params.name,
        sync_date=params.sync_date,
        interval=params.interval,
    )
    clock = call.services.clock
    listed = page(call.tx, found, catalog=SYNC_PLANS, window=params.window, clock=clock)
    held = products_of(call.tx, [row.id for row in listed.rows])
    return Listing.of(listed, lambda row: _shown(call, row, held.get(row.id, [])))


class One(Params):
    """Show a sync plan."""

    id: SyncPlanId = doc("Sync plan ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@sync_plans.action("show", "GET", _ONE, also=[_NESTED_ONE], permission="view_sync_plans")
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id, organization_id=params.organization_id)


class Create(Params):
    """Create a sync plan."""

    organization_id: OrganizationId = doc("Organization ID")
    name: str = doc("Name of the sync plan")
    interval: str = doc("How often synchronization should run", enum=INTERVALS)
    sync_date: datetime | None = doc("When the first synchronization is, in UTC", default=None)
    description: str | None = doc("Description of the sync plan", default=None)
    enabled: bool | None = doc("Whether it synchronizes", default=None)
    cron_expression: str | None = doc(
        "Times in UTC as `minute hour day month weekday`, for the interval custom cron",
        default=None,
        max_length=128,
    )


@sync_plans.action("create", "POST", _NESTED, also=[_FLAT])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    plan_id = create_sync_plan(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        values=params.changes(),
    )
    return _one(call, plan_id)


class Update(Params):
    """Update a sync plan."""

    id: SyncPlanId = doc("Sync plan ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    name: str | None = doc("Name of the sync plan", default=None)
    interval: str | None = doc("How often synchronization should run", default=None, enum=INTERVALS)
    sync_date: datetime | None = doc("When the first synchronization is, in UTC", default=None)
    description: str | None = doc("Description of the sync plan", default=None)
    enabled: bool | None = doc("Whether it synchronizes", default=None)
    cron_expression: str | None = doc(
        "Times in UTC as `minute hour day month weekday`, for the interval custom cron",
        default=None,
        max_length=128,
    )


@sync_plans.action("update", "PUT", _ONE, also=[_NESTED_ONE])
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given; it holds at once."""
    load_plan(call.tx, call.actor, params.id, organization_id=params.organization_id)
    names = ("name", "interval", "sync_date", "description", "enabled", "cron_expression")
    changes = params.changes(*names)
    if changes.get("name", "") is None:
        del changes["name"]
    update_sync_plan(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        plan_id=params.id,
        changes=changes,
    )
    return _one(call, params.id)


class Destroy(Params):
    """Destroy a sync plan."""

    id: SyncPlanId = doc("Sync plan ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@sync_plans.action("destroy", "DELETE", _ONE, also=[_NESTED_ONE], status=204)
def destroy(call: Call, params: Destroy) -> Reply:
    """Delete it; its products stay."""
    load_plan(call.tx, call.actor, params.id, organization_id=params.organization_id)
    delete_sync_plan(call.tx, actor=call.actor, plan_id=params.id)
    return Reply(None, status=204)


class Products(Params):
    """Which products."""

    id: SyncPlanId = doc("Sync plan ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    product_ids: list[ProductId] = doc("List of product IDs", max_length=10_000)


class AddProducts(Products):
    """Add products to a sync plan."""


@sync_plans.action(
    "add_products", "PUT", f"{_NESTED_ONE}/add_products", also=[f"{_ONE}/add_products"]
)
def add(call: Call, params: AddProducts) -> dict[str, Any]:
    """Put them in."""
    load_plan(call.tx, call.actor, params.id, organization_id=params.organization_id)
    add_products(call.tx, actor=call.actor, plan_id=params.id, product_ids=params.product_ids)
    return _one(call, params.id)


class RemoveProducts(Products):
    """Remove products from a sync plan."""


@sync_plans.action(
    "remove_products", "PUT", f"{_NESTED_ONE}/remove_products", also=[f"{_ONE}/remove_products"]
)
def remove(call: Call, params: RemoveProducts) -> dict[str, Any]:
    """Take them out."""
    load_plan(call.tx, call.actor, params.id, organization_id=params.organization_id)
    remove_products(call.tx, actor=call.actor, plan_id=params.id, product_ids=params.product_ids)
    return _one(call, params.id)


class Sync(Params):
    """Initiate a sync of the products attached to the sync plan."""

    id: SyncPlanId = doc("Sync plan ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@sync_plans.action("sync", "PUT", f"{_ONE}/sync", also=[f"{_NESTED_ONE}/sync"], async_task=True)
def sync(call: Call, params: Sync) -> TaskId:
    """Run it now; when it runs next by itself stays as it is."""
    load_plan(call.tx, call.actor, params.id, organization_id=params.organization_id)
    plan = require_runnable(call.tx, actor=call.actor, plan_id=params.id)
    return enqueue(call.tx, run_task(plan, user_id=call.actor.user_id))


def plan_summary(product: AnyRow) -> dict[str, Any] | None:
    """Return what a product (a row of `product_records.query`) shows of its plan."""
    if product.sync_plan_id is None:
        return None
    return {
        "id": product.sync_plan_id,
        "name": product.plan_name,
        "description": product.plan_description,
        "sync_date": product.plan_sync_date,
        "interval": product.plan_interval,
        "cron_expression": product.plan_cron_expression,
        "enabled": product.plan_state == ACTIVE,
        "next_sync": product.plan_next_at,
    }


def _one(
    call: Call, plan_id: SyncPlanId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_plan(call.tx, call.actor, plan_id, organization_id=organization_id)
    return _shown(call, row, products_of(call.tx, [row.id]).get(row.id, []))


def _shown(call: Call, row: AnyRow, held: list[AnyRow]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "interval": row.interval,
        "cron_expression": row.cron_expression,
        "sync_date": row.sync_date,
        "enabled": row.state == ACTIVE,
        "next_sync": row.next_at,
        "foreman_tasks_recurring_logic_id": row.recurring_logic_id,
        "products": [
            {
                "id": product.id,
                "cp_id": product.cp_id,
                "name": product.name,
                "label": product.label,
                "description": product.description,
                "repository_count": product.repository_count,
            }
            for product in held
        ],
        "permissions": permissions(
            call,
            row.organization_id,
            "view_sync_plans",
            "edit_sync_plans",
            "destroy_sync_plans",
        ),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
