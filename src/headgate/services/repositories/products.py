"""Products: what repositories belong to; the credentials their repositories fall back on."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ConflictError, ValidationError
from headgate.domain.ids import CredentialId, OrganizationId, ProductId, SyncPlanId
from headgate.services.access import Actor, load
from headgate.services.containers.naming import name_after
from headgate.services.organizations.trust_stamps import trust_changed
from headgate.services.storage.collection import request_collection
from headgate.services.uniqueness import free_name, free_names
from headgate.services.work.sync_plans import checked_plan
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_credentials,
    content_view_version_repositories,
    organizations,
    products,
    repositories,
)

# Which kind of credential each reference takes.
CREDENTIAL_KINDS: Mapping[str, str] = {
    "gpg_key_id": "gpg_key",
    "ssl_ca_cert_id": "cert",
    "ssl_client_cert_id": "cert",
    "ssl_client_key_id": "cert",
}


def create_product(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str,
    label: str | None = None,
    description: str | None = None,
    credentials: Mapping[str, CredentialId | None] | None = None,
    sync_plan_id: SyncPlanId | None = None,
) -> ProductId:
    """Make a custom product; `credentials` maps columns such as `gpg_key_id` to credentials."""
    load(tx, actor, organizations, organization_id)
    actor.require("create_products", organization_id=organization_id)
    names = free_names(tx, products, name=name, label=label, organization_id=organization_id)
    now = clock()
    product_id = insert_row(
        tx,
        products,
        {
            **names,
            "description": description,
            "cp_id": new_content_id(),
            "sync_plan_id": checked_plan(tx, actor, organization_id, sync_plan_id),
            "created_at": now,
            "updated_at": now,
            **checked_credentials(tx, actor, organization_id, credentials or {}),
        },
    )
    return ProductId(product_id)


def update_product(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    product_id: ProductId,
    changes: Mapping[str, Any],
) -> None:
    """Change name, description, plan or credentials: `changes` maps columns to new values."""
    row = load(tx, actor, products, product_id, permission="edit_products")
    values = {column: changes[column] for column in ("description",) if column in changes}
    if "name" in changes and changes["name"] != row.name:
        values["name"] = free_name(
            tx, products, changes["name"], except_id=row.id, organization_id=row.organization_id
        )
    if "sync_plan_id" in changes:
        plan_id = checked_plan(tx, actor, row.organization_id, changes["sync_plan_id"])
        values["sync_plan_id"] = plan_id
    chosen = {column: changes[column] for column in CREDENTIAL_KINDS if column in changes}
    values |= checked_credentials(tx, actor, row.organization_id, chosen)
    if "gpg_key_id" in chosen:
        trust_changed(tx, repositories.c.product_id == row.id)
    tx.execute(update(products).where(products.c.id == row.id).values(updated_at=clock(), **values))
    if "name" in values:
        name_after(tx, row.organization_id, "product.name")


def require_deletable_product(tx: Transaction, *, actor: Actor, product_id: ProductId) -> Any:
    """Return the product, or raise ConflictError while a view version holds its repositories."""
    row = load(tx, actor, products, product_id, permission="destroy_products")
    published = tx.scalar(
        select(repositories.c.name)
        .join(
            content_view_version_repositories,
            content_view_version_repositories.c.repository_id == repositories.c.id,
        )
        .where(repositories.c.product_id == row.id)
        .limit(1)
    )
    if published is not None:
        raise ConflictError(
            f"Product '{row.name}' cannot be deleted: its repository '{published}' is in a"
            " published content view version. Delete those versions first."
        )
    return row


def delete_product(tx: Transaction, *, clock: Clock, product_id: ProductId) -> None:
    """Delete the product with its repositories; deleting it twice is no error."""
    tx.execute(delete(products).where(products.c.id == product_id))
    request_collection(tx, clock)


def checked_credentials(
    tx: Transaction,
    actor: Actor,
    organization_id: OrganizationId,
    chosen: Mapping[str, CredentialId | None],
) -> dict[str, CredentialId | None]:
    """Return the references once each is of this organization and of the right kind."""
    for column, credential_id in chosen.items():
        if credential_id is None:
            continue
        credential = load(tx, actor, content_credentials, credential_id)
        if credential.organization_id != organization_id:
            raise ValidationError({column: ["must be a credential of the same organization"]})
        if credential.content_type != CREDENTIAL_KINDS[column]:
            raise ValidationError({column: [f"must be of type {CREDENTIAL_KINDS[column]}"]})
    return dict(chosen)


def new_content_id() -> str:
    """Return a 12-digit id, as Candlepin gives to custom products and content."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)
