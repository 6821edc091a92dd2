"""Reading products: as rows of a list, and what stands beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, literal, select

from headgate.domain.ids import OrganizationId, ProductId
from headgate.search import Field, Fields
from headgate.services.access import Actor, load
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import (
    SYNC_LABEL,
    AnyRow,
    Grouped,
    grouped,
    last_tasks,
    with_credentials,
)
from headgate.services.work.sync_plan_records import with_plan
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import products, repositories

PRODUCTS: Final = Catalog(
    key=products.c.id,
    fields=Fields(
        {
            "id": Field(products.c.id, "integer"),
            "name": Field(products.c.name, default=True),
            "label": Field(products.c.label, default=True),
            "description": Field(products.c.description),
            "cp_id": Field(products.c.cp_id),
            "organization_id": Field(products.c.organization_id, "integer"),
            "sync_plan_id": Field(products.c.sync_plan_id, "integer"),
            "redhat": Field(literal(value=False), "boolean"),
        }
    ),
)

_REPOSITORY_COUNT = (
    select(func.count())
    .select_from(repositories)
    .where(repositories.c.product_id == products.c.id)
    .correlate(products)
    .scalar_subquery()
)


_CONCERN: Final = ("pending", "error", "warning", "cancelled", "success")


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the products of a page: repositories and their last syncs."""

    repositories: Grouped
    syncs: Mapping[str, AnyRow]

    def last_sync_of(self, product_id: int) -> AnyRow | None:
        """Return the newest sync of any of the product's repositories."""
        return max(self._syncs_of(product_id), key=lambda row: row.number, default=None)

    def worst_sync_of(self, product_id: int) -> str | None:
        """Return the result of all last syncs together: the first in order of concern."""
        results = {row.result for row in self._syncs_of(product_id)}
        return next((each for each in _CONCERN if each in results), None)

    def _syncs_of(self, product_id: int) -> list[AnyRow]:
        keys = [f"repository:{each.id}" for each in self.repositories.get(product_id, [])]
        return [self.syncs[key] for key in keys if key in self.syncs]


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select products with organization, sync plan and number of repositories."""
    joined = select(products, _REPOSITORY_COUNT.label("repository_count")).select_from(products)
    joined = with_plan(with_credentials(joined, products))
    return of_organizations(joined, actor, products, organization_id=organization_id, **plain)


def with_repositories(found: Select[Any]) -> Select[Any]:
    """Narrow to products that have a repository: Katello calls these enabled."""
    return found.where(
        select(repositories.c.id).where(repositories.c.product_id == products.c.id).exists()
    )


def nothing(found: Select[Any]) -> Select[Any]:
    """Narrow to no product: there are no Red Hat products without a manifest."""
    return found.where(literal(value=False))


def load_product(
    tx: Transaction,
    actor: Actor,
    product_id: ProductId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one product as `query` gives it; NotFoundError if it is not of `organization_id`."""
    load(tx, actor, products, product_id, organization_id=organization_id)
    return tx.execute(query(actor).where(products.c.id == product_id)).one()


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these products, in two statements."""
    held = tx.execute(
        select(
            repositories.c.id,
            repositories.c.product_id,
            repositories.c.name,
            repositories.c.label,
            repositories.c.content_type,
            repositories.c.content_id,
            repositories.c.relative_path,
            repositories.c.url,
        )
        .where(among(tx, repositories.c.product_id, [row.id for row in rows]))
        .order_by(repositories.c.name, repositories.c.id)
    ).all()
    return Beside(
        repositories=grouped(held, "product_id"),
        syncs=last_tasks(tx, [f"repository:{row.id}" for row in held], label=SYNC_LABEL),
    )
