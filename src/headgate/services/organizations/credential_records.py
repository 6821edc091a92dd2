"""Reading content credentials: as rows of a list, and what refers to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, Table, or_, select

from headgate.domain.ids import CredentialId, OrganizationId, RepositoryId
from headgate.search import Field, Fields
from headgate.services.access import Actor, load
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow
from headgate.services.repositories.products import CREDENTIAL_KINDS
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import content_credentials, products, repositories

CREDENTIALS: Final = Catalog(
    key=content_credentials.c.id,
    fields=Fields(
        {
            "id": Field(content_credentials.c.id, "integer"),
            "name": Field(content_credentials.c.name, default=True),
            "content_type": Field(content_credentials.c.content_type),
            "organization_id": Field(content_credentials.c.organization_id, "integer"),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Users:
    """The products and repositories that refer to any credential of a page."""

    products: Sequence[AnyRow]
    repositories: Sequence[AnyRow]


def query(
    actor: Actor, *, organization_id: OrganizationId | None = None, **plain: object
) -> Select[Any]:
    """Select credentials with their organization; `plain` narrows by columns such as `name`."""
    joined = select(*(column for column in content_credentials.c if column.name != "content"))
    return of_organizations(
        joined, actor, content_credentials, organization_id=organization_id, **plain
    )


def load_credential(tx: Transaction, actor: Actor, credential_id: CredentialId) -> AnyRow:
    """Return one credential as `query` gives it."""
    load(tx, actor, content_credentials, credential_id)
    return tx.execute(query(actor).where(content_credentials.c.id == credential_id)).one()


def content_of(
    tx: Transaction, actor: Actor, credential_id: CredentialId, unseal: Callable[[bytes], bytes]
) -> str:
    """Return the key or certificate itself."""
    row = load(tx, actor, content_credentials, credential_id, permission="view_content_credentials")
    return unseal(row.content).decode()


def public_gpg_key(
    tx: Transaction, repository_id: RepositoryId, unseal: Callable[[bytes], bytes]
) -> str | None:
    """Return the gpg key with which clients check the repository, its product's for want of one.

    For everybody: clients fetch it before they have proved who they are (katello.md 4.3).
    """
    key = (
        select(content_credentials.c.content)
        .select_from(repositories)
        .join(products, products.c.id == repositories.c.product_id)
        .join(
            content_credentials,
            or_(
                content_credentials.c.id == repositories.c.gpg_key_id,
                repositories.c.gpg_key_id.is_(None)
                & (content_credentials.c.id == products.c.gpg_key_id),
            ),
        )
        .where(repositories.c.id == repository_id, content_credentials.c.content_type == "gpg_key")
    )
    content = tx.scalar(key)
    return None if content is None else unseal(content).decode()


def users_of(tx: Transaction, rows: Sequence[AnyRow]) -> Users:
    """Read what refers to these credentials, in two statements."""
    ids = [row.id for row in rows]
    of_products = select(products.c.id, products.c.name)
    of_repositories = select(
        repositories.c.id,
        repositories.c.name,
        repositories.c.content_type,
        repositories.c.product_id,
        products.c.name.label("product_name"),
    ).join(products, products.c.id == repositories.c.product_id)
    return Users(
        _referring(tx, of_products, products, ids),
        _referring(tx, of_repositories, repositories, ids),
    )


def _referring(
    tx: Transaction, found: Select[*tuple[Any, ...]], table: Table, ids: Sequence[int]
) -> Sequence[AnyRow]:
    references = [table.c[column] for column in CREDENTIAL_KINDS]
    return tx.execute(
        found.add_columns(*references)
        .where(or_(*(among(tx, column, ids) for column in references)))
        .order_by(table.c.name, table.c.id)
    ).all()
