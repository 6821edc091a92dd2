"""Repository sets: what Candlepin calls content. A custom repository is a set of its own.

Sets of Red Hat, from which several repositories can be enabled, come with a manifest.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Select, false, literal, or_

from headgate.domain.errors import NotFoundError
from headgate.domain.ids import OrganizationId, ProductId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, find
from headgate.services.hosts.overrides import ENABLED
from headgate.services.listing import Catalog
from headgate.services.repositories.repository_records import CONTENT_LABEL, Place, query
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts
from headgate.stores.db.tables import products, repositories

STATUSES: Final = ("enabled", "disabled", "overridden")
TYPES: Final = ("redhat", "custom")
VENDOR: Final = "Custom"

_PATH: Final = literal("/") + repositories.c.relative_path

REPOSITORY_SETS: Final = Catalog(
    key=repositories.c.id,
    fields=Fields(
        {
            "id": Field(repositories.c.content_id),
            "name": Field(repositories.c.name, default=True),
            "label": Field(CONTENT_LABEL, default=True),
            "content_label": Field(CONTENT_LABEL),
            "path": Field(_PATH),
            "content_type": Field(repositories.c.content_type),
            "enabled": Field(literal(ENABLED, Boolean), "boolean"),
            "redhat": Field(literal(value=False), "boolean"),
            "organization_id": Field(repositories.c.organization_id, "integer"),
            "product": Field(products.c.name),
            "product_name": Field(products.c.name),
            "product_id": Field(repositories.c.product_id, "integer"),
        }
    ),
)


def sets_query(
    actor: Actor,
    *,
    organization_id: OrganizationId | None = None,
    product_id: ProductId | None = None,
    name: str | None = None,
    custom: bool = True,
) -> Select[Any]:
    """Select the sets that the actor may see, each as the row of its one repository."""
    place = Place(organization_id=organization_id, product_id=product_id)
    found = query(actor, place, name=name)
    return found if custom else found.where(false())


def with_status(
    found: Select[Any],
    tx: Transaction,
    statuses: Sequence[str],
    overridden: Mapping[str, bool | None],
) -> Select[Any]:
    """Narrow to the sets that one of the statuses holds for.

    `overridden` has the labels of which a host or key says something, and whether it enables them
    if it says that.
    """

    def labelled(labels: Iterable[str]) -> ColumnElement[bool]:
        return among_texts(tx, CONTENT_LABEL, sorted(labels))

    said = {label: value for label, value in overridden.items() if value is not None}
    other = labelled(label for label, value in said.items() if value is not ENABLED)
    holds = {
        "enabled": or_(other, literal(ENABLED)),
        "disabled": ~other,
        "overridden": labelled(overridden),
    }
    return found.where(or_(*(holds[status] for status in statuses)))


def load_set(
    tx: Transaction,
    actor: Actor,
    content_id: str,
    *,
    organization_id: OrganizationId | None = None,
    product_id: ProductId | None = None,
) -> AnyRow:
    """Return one set as `sets_query` gives it; NotFoundError if not of the product."""
    row = find(tx, actor, repositories, content_id=content_id)
    place = Place(organization_id=organization_id, product_id=product_id)
    found = tx.execute(query(actor, place).where(repositories.c.id == row.id)).one_or_none()
    if found is None:
        raise NotFoundError(f"Could not find repository set with id {content_id[:64]}")
    return found
