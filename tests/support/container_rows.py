"""Container repositories and their names, written straight into the tables."""

from typing import Any

from sqlalchemy import insert, select, update

from headgate.services.repositories.products import new_content_id
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    container_repositories,
    content_views,
    lifecycle_environments,
    organizations,
    products,
    registry_names,
    repositories,
)
from support.control import START

_STAMPS = {"created_at": START, "updated_at": START}


def container_repository(
    tx: Transaction, organization_id: int, name: str, *, product: str = "Ships", **own: Any
) -> int:
    """Make a container repository, without a name in the registry; return its id."""
    product_id = tx.scalar(
        select(products.c.id).where(
            products.c.organization_id == organization_id, products.c.label == product
        )
    )
    if product_id is None:
        values = {"organization_id": organization_id, "name": product, "label": product}
        product_id = insert_row(tx, products, {**values, **_STAMPS, "cp_id": new_content_id()})
    repository_id = insert_row(
        tx,
        repositories,
        {
            "product_id": product_id,
            "organization_id": organization_id,
            "name": name,
            "label": name,
            "content_type": "docker",
            "relative_path": f"custom/{product}/{name}",
            "content_id": new_content_id(),
            "download_policy": "immediate",
            "mirroring_policy": "additive",
            "unprotected": True,
            **_STAMPS,
        },
    )
    tx.execute(insert(container_repositories).values(repository_id=repository_id, **own))
    return repository_id


def library_name(tx: Transaction, organization_id: int, repository_id: int, name: str) -> None:
    """Let the registry serve the repository from Library under this name."""
    environment_id = tx.scalar(
        select(lifecycle_environments.c.id).where(
            lifecycle_environments.c.organization_id == organization_id,
            lifecycle_environments.c.library,
        )
    )
    view_id = tx.scalar(
        select(content_views.c.id).where(
            content_views.c.organization_id == organization_id, content_views.c.default
        )
    )
    tx.execute(
        insert(registry_names).values(
            name=name,
            organization_id=organization_id,
            environment_id=environment_id,
            content_view_id=view_id,
            repository_id=repository_id,
        )
    )


def let_everybody_pull(tx: Transaction, organization_id: int, *, environment: str) -> None:
    """Set `registry_unauthenticated_pull` of an environment."""
    tx.execute(
        update(lifecycle_environments)
        .where(
            lifecycle_environments.c.organization_id == organization_id,
            lifecycle_environments.c.name == environment,
        )
        .values(registry_unauthenticated_pull=True)
    )


def organization_label(tx: Transaction, organization_id: int) -> str:
    """Return the organization's label."""
    return str(
        tx.scalar(select(organizations.c.label).where(organizations.c.id == organization_id))
    )
