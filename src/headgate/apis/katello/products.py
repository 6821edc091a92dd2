"""`/katello/api/products`."""

from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.shapes import (
    named_all,
    organization_of,
    permissions,
    task_summary,
    words_since,
)
from headgate.apis.katello.sync_plans import plan_summary
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import (
    ActivationKeyId,
    CredentialId,
    OrganizationId,
    ProductId,
    SyncPlanId,
    TaskId,
)
from headgate.engine import enqueue
from headgate.services.access import require_for
from headgate.services.hosts.content import products_of_key
from headgate.services.listing import page
from headgate.services.repositories.product_records import (
    PRODUCTS,
    Beside,
    beside,
    load_product,
    nothing,
    query,
    with_repositories,
)
from headgate.services.repositories.products import (
    CREDENTIAL_KINDS,
    create_product,
    require_deletable_product,
    update_product,
)
from headgate.stores.db.tables import products as products_table
from headgate.workflows.removal_requests import remove_product_task
from headgate.workflows.requests import sync_product_task

products = Resource("products", "Products")

_FLAT = "/katello/api/products"
_NESTED = "/katello/api/organizations/{organization_id}/products"
_ELSEWHERE = (
    _NESTED,
    "/katello/api/activation_keys/{activation_key_id}/products",
    "/katello/api/sync_plans/{sync_plan_id}/products",
    "/katello/api/organizations/{organization_id}/sync_plans/{sync_plan_id}/products",
)


class Index(ListParams):
    """List products."""

    organization_id: OrganizationId | None = doc("Organization ID", default=None)
    id: ProductId | None = doc("Product ID", default=None)
    name: str | None = doc("Filter products by name", default=None)
    label: str | None = doc("Filter products by label", default=None)
    enabled: bool | None = doc("Return enabled products only", default=None)
    custom: bool | None = doc("Return custom products only", default=None)
    redhat_only: bool | None = doc("Return Red Hat (non-custom) products only", default=None)
    sync_plan_id: SyncPlanId | None = doc("Return products of this sync plan only", default=None)
    activation_key_id: ActivationKeyId | None = doc(
        "Return products of which this activation key gives something to hosts", default=None
    )


@products.action("index", "GET", _FLAT, also=_ELSEWHERE, permission="view_products")
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        organization_id=params.organization_id,
        id=params.id,
        name=params.name,
        label=params.label,
        sync_plan_id=params.sync_plan_id,
    )
    if params.enabled:
        found = with_repositories(found)
    if params.redhat_only:
        found = nothing(found)
    if params.activation_key_id is not None:
        found = products_of_key(found, params.activation_key_id)
    listed = page(call.tx, found, catalog=PRODUCTS, window=params.window, clock=call.services.clock)
    around = beside(call.tx, listed.rows)
    return Listing.of(listed, lambda row: _shown(call, row, around))


class One(Params):
    """Show a product."""

    id: ProductId = doc("Product ID")
    organization_id: OrganizationId | None = doc("Organization ID", default=None)


@products.action("show", "GET", f"{_FLAT}/{{id}}", permission="view_products")
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params.id, organization_id=params.organization_id)


class Credentials(Params):
    """The credentials that a product's repositories fall back on."""

    gpg_key_id: CredentialId | None = doc("Identifier of the GPG key", default=None)
    ssl_ca_cert_id: CredentialId | None = doc("Identifier of the SSL CA cert", default=None)
    ssl_client_cert_id: CredentialId | None = doc("Identifier of the SSL client cert", default=None)
    ssl_client_key_id: CredentialId | None = doc("Identifier of the SSL client key", default=None)


class Create(Credentials):
    """Create a product."""

    organization_id: OrganizationId = doc("ID of the organization")
    name: str = doc("Product name")
    label: str | None = doc("Label, made from the name unless given", default=None)
    description: str | None = doc("Product description", default=None)
    sync_plan_id: SyncPlanId | None = doc("Sync plan ID", default=None)


@products.action("create", "POST", _FLAT, also=[_NESTED])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    product_id = create_product(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        organization_id=params.organization_id,
        name=params.name,
        label=params.label,
        description=params.description,
        credentials=params.changes(*CREDENTIAL_KINDS),
        sync_plan_id=params.sync_plan_id,
    )
    return _one(call, product_id)


class Update(Credentials):
    """Update a product."""

    id: ProductId = doc("Product ID")
    name: str | None = doc("Product name", default=None)
    description: str | None = doc("Product description", default=None)
    sync_plan_id: SyncPlanId | None = doc("Sync plan ID; null takes it out of its", default=None)


@products.action("update", "PUT", f"{_FLAT}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given; null takes a credential away."""
    changes = params.changes("description", "sync_plan_id", *CREDENTIAL_KINDS)
    if params.name is not None:
        changes["name"] = params.name
    update_product(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        product_id=params.id,
        changes=changes,
    )
    return _one(call, params.id)


class Destroy(Params):
    """Destroy a product."""

    id: ProductId = doc("Product ID")


@products.action("destroy", "DELETE", f"{_FLAT}/{{id}}", async_task=True)
def destroy(call: Call, params: Destroy) -> TaskId:
    """Delete it with its repositories, once their tasks are through."""
    require_deletable_product(call.tx, actor=call.actor, product_id=params.id)
    row = load_product(call.tx, call.actor, params.id)
    held = beside(call.tx, [row]).repositories.get(row.id, [])
    task = remove_product_task(
        row, [repository.id for repository in held], user_id=call.actor.user_id
    )
    return enqueue(call.tx, task)


class Sync(Params):
    """Sync all repositories for a product."""

    id: ProductId = doc("Product ID")
    skip_metadata_check: bool = doc(
        "Force metadata regeneration even if upstream has not changed", default=False
    )
    validate_contents: bool = doc("Look at all content again", default=False)


@products.action("sync", "POST", f"{_FLAT}/{{id}}/sync", async_task=True)
def sync(call: Call, params: Sync) -> TaskId:
    """Synchronize each repository that has an upstream, in a sub-task of its own."""
    row = load_product(call.tx, call.actor, params.id)
    require_for(call.tx, call.actor, products_table, [row], "sync_products")
    held = beside(call.tx, [row]).repositories.get(row.id, [])
    syncable = [repository.id for repository in held if repository.url]
    if not syncable:
        raise BadRequestError(
            f"Product '{row.name}' has no repository with an upstream URL to synchronize"
        )
    task = sync_product_task(
        row,
        syncable,
        user_id=call.actor.user_id,
        full=params.skip_metadata_check or params.validate_contents,
    )
    return enqueue(call.tx, task)


def _one(
    call: Call, product_id: ProductId, *, organization_id: OrganizationId | None = None
) -> dict[str, Any]:
    row = load_product(call.tx, call.actor, product_id, organization_id=organization_id)
    around = beside(call.tx, [row])
    held = around.repositories.get(row.id, [])
    return {
        **_shown(call, row, around),
        "product_content": [_content(row, each) for each in held],
        "repositories": named_all(held, "label", "content_type"),
    }


def _content(product: Row[Any], repository: Row[Any]) -> dict[str, Any]:
    """Show the repository as subscription-manager's clients know it: content of a product."""
    label = f"{product.organization_label}_{product.label}_{repository.label}"
    return {
        "content": {
            "id": repository.content_id,
            "name": repository.name,
            "label": label,
            "type": repository.content_type,
            "vendor": "Custom",
            "contentUrl": f"/{repository.relative_path}",
        },
        "enabled": True,
    }


def _shown(call: Call, row: Row[Any], around: Beside) -> dict[str, Any]:
    sync_task = around.last_sync_of(row.id)
    shown: dict[str, Any] = {
        "id": row.id,
        "cp_id": row.cp_id,
        "name": row.name,
        "label": row.label,
        "description": row.description,
        "organization_id": row.organization_id,
        "organization": organization_of(row),
        "provider_id": None,
        "redhat": False,
        "sync_plan_id": row.sync_plan_id,
        "sync_plan": plan_summary(row),
        "repository_count": row.repository_count,
        "sync_state": None if sync_task is None else sync_task.result,
        "sync_state_aggregated": around.worst_sync_of(row.id),
        "sync_status": task_summary(sync_task) or {},
        "last_sync": None if sync_task is None else sync_task.ended_at,
        "last_sync_words": words_since(sync_task),
    }
    for column in CREDENTIAL_KINDS:
        name, credential_id = column.removesuffix("_id"), getattr(row, column)
        shown[column] = credential_id
        shown[name] = credential_id and {"id": credential_id, "name": getattr(row, f"{name}_name")}
    allowed = permissions(
        call,
        row.organization_id,
        "view_products",
        "edit_products",
        "destroy_products",
        "sync_products",
    )
    shown["readonly"] = False
    shown["permissions"] = {**allowed, "deletable": allowed["destroy_products"]}
    shown |= {"created_at": row.created_at, "updated_at": row.updated_at}
    return shown
