"""Reading organizations: as rows of a list and with what `show` adds."""

from typing import Any, Final

from sqlalchemy import Row, Select, and_, select

from headgate.domain.ids import OrganizationId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnyRow, load, scoped
from headgate.services.listing import Catalog, where_equal
from headgate.services.organizations import taxonomies
from headgate.services.organizations.taxonomies import linked_rows
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_views,
    lifecycle_environments,
    location_organizations,
    organizations,
    repositories,
    smart_proxies,
    smart_proxy_organizations,
    user_organizations,
    users,
)

ORGANIZATIONS: Final = Catalog(
    key=organizations.c.id,
    fields=Fields(
        {
            "id": Field(organizations.c.id, "integer"),
            "name": Field(organizations.c.name, default=True),
            # Foreman's organizations nest; without nesting the title is the name.
            "title": Field(organizations.c.name),
            "label": Field(organizations.c.label, default=True),
            "description": Field(organizations.c.description),
        }
    ),
)


def query(actor: Actor, *, name: str | None = None, label: str | None = None) -> Select[Any]:
    """Select the actor's organizations, each with the ids of its Library and default view.

    `name` and `label` narrow to the one that is called so.
    """
    joined = (
        select(
            organizations,
            lifecycle_environments.c.id.label("library_id"),
            content_views.c.id.label("default_content_view_id"),
        )
        .join(
            lifecycle_environments,
            and_(
                lifecycle_environments.c.organization_id == organizations.c.id,
                lifecycle_environments.c.library,
            ),
        )
        .join(
            content_views,
            and_(content_views.c.organization_id == organizations.c.id, content_views.c.default),
        )
    )
    return where_equal(scoped(joined, actor, organizations), organizations, name=name, label=label)


def repositories_of(tx: Transaction, organization_id: OrganizationId) -> list[int]:
    """Return the ids of the organization's repositories."""
    query = select(repositories.c.id).where(repositories.c.organization_id == organization_id)
    return list(tx.scalars(query))


def content_views_of(tx: Transaction, organization_id: OrganizationId) -> list[int]:
    """Return the ids of the organization's content views, the default one included."""
    query = select(content_views.c.id).where(content_views.c.organization_id == organization_id)
    return list(tx.scalars(query))


def users_of(tx: Transaction, actor: Actor, organization_id: OrganizationId) -> list[AnyRow]:
    """Return the users of an organization that the actor may see."""
    own = user_organizations.c.organization_id
    return linked_rows(tx, actor, own, [organization_id], users.c.login).get(organization_id, [])


def locations_of(tx: Transaction, actor: Actor, organization_id: OrganizationId) -> list[AnyRow]:
    """Return the locations linked with an organization that the actor may see."""
    own = location_organizations.c.organization_id
    found = taxonomies.locations_of(tx, actor, own, [organization_id])
    return found.get(organization_id, [])


def smart_proxies_of(
    tx: Transaction, actor: Actor, organization_id: OrganizationId
) -> list[AnyRow]:
    """Return the smart proxies linked with an organization that the actor may see."""
    own, of = smart_proxy_organizations.c.organization_id, smart_proxies.c
    found = linked_rows(tx, actor, own, [organization_id], of.name, of.url)
    return found.get(organization_id, [])


def load_organization(tx: Transaction, actor: Actor, organization_id: OrganizationId) -> Row[Any]:
    """Return one organization as `query` gives it; NotFoundError as for every id."""
    load(tx, actor, organizations, organization_id)
    return tx.execute(query(actor).where(organizations.c.id == organization_id)).one()
