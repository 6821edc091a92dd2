"""`/katello/api/products/bulk`: one action on many products."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Params, Resource, doc
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import HttpProxyId, ProductId, RepositoryId, SyncPlanId, TaskId
from headgate.domain.repositories import HTTP_PROXY_POLICIES
from headgate.engine import enqueue
from headgate.services.access import require_for
from headgate.services.repositories.product_records import beside
from headgate.services.repositories.products import require_deletable_product, update_product
from headgate.services.repositories.repository_sources import set_source
from headgate.services.work.bulk import MOST, each, repositories_of_products
from headgate.services.work.sync_plans import NOTHING_TO_SYNC
from headgate.stores.db.tables import products
from headgate.workflows.bulk_requests import bulk_sync_task
from headgate.workflows.removal_requests import remove_product_task

products_bulk_actions = Resource("products_bulk_actions", "Products Bulk Actions")

_PATH = "/katello/api/products/bulk"


class Chosen(Params):
    """Which products."""

    ids: list[ProductId] = doc("List of product IDs", max_length=MOST)


class DestroyProducts(Chosen):
    """Destroy one or more products."""


@products_bulk_actions.action("destroy_products", "PUT", f"{_PATH}/destroy")
def destroy_products(call: Call, params: DestroyProducts) -> dict[str, Any]:
    """Ask for a task for each that may go."""
    user_id = call.actor.user_id

    def destroy(row: Row[Any]) -> None:
        require_deletable_product(call.tx, actor=call.actor, product_id=ProductId(row.id))
        held = beside(call.tx, [row]).repositories.get(row.id, [])
        enqueue(call.tx, remove_product_task(row, [each.id for each in held], user_id=user_id))

    changed = each(
        call.tx,
        call.actor,
        products,
        params.ids,
        refused="You were not allowed to delete %s",
        change=destroy,
    )
    return changed.messages("Successfully initiated removal of %s product(s)")


class SyncProducts(Chosen):
    """Sync one or more products."""

    skip_metadata_check: bool = doc(
        "Synchronize even if upstream's metadata appears to be unchanged", default=False
    )
    validate_contents: bool = doc(
        "Look at all content again; repositories on demand are left out", default=False
    )


@products_bulk_actions.action("sync_products", "PUT", f"{_PATH}/sync", async_task=True)
def sync_products(call: Call, params: SyncProducts) -> TaskId:
    """Synchronize each repository in a sub-task."""
    found = repositories_of_products(call.tx, call.actor, params.ids, permission="sync_products")
    full = params.skip_metadata_check or params.validate_contents
    if full:
        found = [row for row in found if row.content_type == "yum"]
    if params.validate_contents:
        found = [row for row in found if row.download_policy != "on_demand"]
    if not found:
        raise BadRequestError(NOTHING_TO_SYNC)
    return enqueue(call.tx, bulk_sync_task(found, user_id=call.actor.user_id, full=full))


class UpdateHttpProxy(Chosen):
    """Update the http proxy configuration of the repositories of one or more products."""

    http_proxy_policy: str | None = doc(
        "Policies for HTTP proxies", default=None, enum=HTTP_PROXY_POLICIES
    )
    http_proxy_id: HttpProxyId | None = doc("ID of an HTTP proxy", default=None)


@products_bulk_actions.action("update_http_proxy", "PUT", f"{_PATH}/http_proxy")
def update_http_proxy(call: Call, params: UpdateHttpProxy) -> dict[str, Any]:
    """Change the proxy of all repositories of each product, or of none of it."""
    changes = params.changes("http_proxy_policy", "http_proxy_id")
    if changes.get("http_proxy_policy") is None:
        raise ValidationError({"http_proxy_policy": ["can't be blank"]})

    def change(row: Row[Any]) -> None:
        require_for(call.tx, call.actor, products, [row], "edit_products")
        for held in beside(call.tx, [row]).repositories.get(row.id, []):
            set_source(
                call.tx, actor=call.actor, repository_id=RepositoryId(held.id), changes=changes
            )

    changed = each(
        call.tx,
        call.actor,
        products,
        params.ids,
        refused="You were not allowed to change the http proxy of %s",
        change=change,
    )
    return changed.messages("Successfully changed the http proxy of %s product(s)")


class UpdateSyncPlans(Chosen):
    """Put one or more products into a sync plan."""

    plan_id: SyncPlanId | None = doc("Sync plan identifier to attach; null takes them out")


@products_bulk_actions.action("update_sync_plans", "PUT", f"{_PATH}/sync_plan")
def update_sync_plans(call: Call, params: UpdateSyncPlans) -> dict[str, Any]:
    """Change the plan of each."""
    changed = each(
        call.tx,
        call.actor,
        products,
        params.ids,
        refused="You were not allowed to change sync plan for %s",
        change=lambda row: update_product(
            call.tx,
            actor=call.actor,
            clock=call.services.clock,
            product_id=ProductId(row.id),
            changes={"sync_plan_id": params.plan_id},
        ),
    )
    return changed.messages("Successfully changed sync plan for %s product(s)")
