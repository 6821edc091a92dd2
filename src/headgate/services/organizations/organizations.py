"""Organizations: tenants, each born with a Library and a default content view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update

from headgate.domain.clock import Clock
from headgate.domain.ids import LocationId, OrganizationId, SmartProxyId, UserId
from headgate.services.access import Actor, load
from headgate.services.containers.naming import name_after
from headgate.services.organizations.taxonomies import set_links
from headgate.services.serving.distributions import serve_latest
from headgate.services.storage.collection import request_collection
from headgate.services.uniqueness import free_name, free_names
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    activation_keys,
    content_view_versions,
    content_views,
    distributions,
    hosts,
    lifecycle_environments,
    location_organizations,
    locations,
    organizations,
    smart_proxies,
    smart_proxy_organizations,
    user_organizations,
    users,
)

LIBRARY = "Library"
DEFAULT_VIEW_NAME = "Default Organization View"
DEFAULT_VIEW_LABEL = "Default_Organization_View"


@dataclass(frozen=True, slots=True)
class OrganizationLinks:
    """What an organization shall be linked with; None leaves it as it is."""

    users: Sequence[UserId] | None = None
    locations: Sequence[LocationId] | None = None
    smart_proxies: Sequence[SmartProxyId] | None = None


def create_organization(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    name: str,
    label: str | None = None,
    description: str | None = None,
    container_push_creates_products: bool = False,
    links: OrganizationLinks = OrganizationLinks(),
) -> OrganizationId:
    """Make an organization with its Library, default content view and their distribution.

    Labels of organizations start every published path, so they are unique over the installation.
    """
    actor.require("create_organizations")
    names = free_names(tx, organizations, name=name, label=label)
    now = clock()
    values = {
        **names,
        "description": description,
        "container_push_creates_products": container_push_creates_products,
        "created_at": now,
        "updated_at": now,
    }
    organization_id = insert_row(tx, organizations, values)
    _make_library(tx, clock, organization_id, names["label"])
    _link(tx, actor, organization_id, links)
    return OrganizationId(organization_id)


def update_organization(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    organization_id: OrganizationId,
    name: str | None = None,
    description: str | None = None,
    container_push_creates_products: bool | None = None,
    links: OrganizationLinks = OrganizationLinks(),
) -> None:
    """Change what is given; the label is in every path and never changes."""
    row = load(tx, actor, organizations, organization_id)
    actor.require("edit_organizations", organization_id=organization_id)
    changes: dict[str, object] = {"updated_at": clock()}
    if name is not None and name != row.name:
        changes["name"] = free_name(tx, organizations, name, except_id=row.id)
    if description is not None:
        changes["description"] = description
    if container_push_creates_products is not None:
        changes["container_push_creates_products"] = container_push_creates_products
    tx.execute(update(organizations).where(organizations.c.id == row.id).values(changes))
    if "name" in changes:
        name_after(tx, row.id, "organization.name")
    _link(tx, actor, row.id, links)


def delete_organization(tx: Transaction, *, clock: Clock, organization_id: OrganizationId) -> None:
    """Delete the organization with all that it owns; deleting it twice is no error.

    What refers sideways goes first, so that the cascade meets no reference it may not break.
    """
    views = select(content_views.c.id).where(content_views.c.organization_id == organization_id)
    for table in (hosts, activation_keys):
        tx.execute(delete(table).where(table.c.organization_id == organization_id))
    tx.execute(delete(distributions).where(distributions.c.organization_id == organization_id))
    tx.execute(
        delete(content_view_versions).where(content_view_versions.c.content_view_id.in_(views))
    )
    tx.execute(
        update(lifecycle_environments)
        .where(lifecycle_environments.c.organization_id == organization_id)
        .values(prior_id=None)
    )
    tx.execute(delete(organizations).where(organizations.c.id == organization_id))
    request_collection(tx, clock)


def _make_library(tx: Transaction, clock: Clock, organization_id: int, label: str) -> None:
    """Make the first environment and the view of everything, which is served there."""
    now = clock()
    library_id = insert_row(
        tx,
        lifecycle_environments,
        {
            "organization_id": organization_id,
            "name": LIBRARY,
            "label": LIBRARY,
            "library": True,
            "created_at": now,
            "updated_at": now,
        },
    )
    view_id = insert_row(
        tx,
        content_views,
        {
            "organization_id": organization_id,
            "name": DEFAULT_VIEW_NAME,
            "label": DEFAULT_VIEW_LABEL,
            "default": True,
            "created_at": now,
            "updated_at": now,
        },
    )
    serve_latest(
        tx,
        clock=clock,
        base_path=f"{label}/{LIBRARY}",
        organization_id=organization_id,
        environment_id=library_id,
        content_view_id=view_id,
    )


def _link(tx: Transaction, actor: Actor, organization_id: int, links: OrganizationLinks) -> None:
    """Set the links that are given; each takes the permission to change what it is linked with.

    Making a user a member gives rights, so it is no smaller thing than changing the user.
    """
    for permission, own, to, others in (
        ("edit_users", user_organizations.c.organization_id, users, links.users),
        (
            "edit_locations",
            location_organizations.c.organization_id,
            locations,
            links.locations,
        ),
        (
            "edit_smart_proxies",
            smart_proxy_organizations.c.organization_id,
            smart_proxies,
            links.smart_proxies,
        ),
    ):
        if others is not None:
            actor.require(permission)
            set_links(tx, actor, own, organization_id, to, others)


def library_of(tx: Transaction, organization_id: OrganizationId) -> Row[Any]:
    """Return the organization's Library environment."""
    return tx.execute(
        select(lifecycle_environments).where(
            lifecycle_environments.c.organization_id == organization_id,
            lifecycle_environments.c.library,
        )
    ).one()
