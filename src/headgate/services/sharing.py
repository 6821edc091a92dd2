"""Which things several organizations share, and which are an actor's own.

What is shared belongs to no organization: rows of other tables say who has it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, and_, or_, select

from headgate.services.actor import Actor
from headgate.stores.db.tables import (
    audits,
    bookmarks,
    external_usergroups,
    http_proxies,
    http_proxy_organizations,
    location_organizations,
    locations,
    personal_access_tokens,
    role_filters,
    role_organizations,
    roles,
    smart_proxies,
    smart_proxy_organizations,
    tasks,
    user_locations,
    user_organizations,
    usergroup_users,
    usergroups,
    users,
)


def users_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """Users who belong to these organizations."""
    return users.c.id.in_(_in(user_organizations.c.user_id, organization_ids))


def groups_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """User groups with a member who belongs to these organizations."""
    members = select(users.c.id).where(users_of(organization_ids))
    groups = select(usergroup_users.c.usergroup_id).where(usergroup_users.c.user_id.in_(members))
    return usergroups.c.id.in_(groups)


def external_groups_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """External user groups of such user groups."""
    groups = select(usergroups.c.id).where(groups_of(organization_ids))
    return external_usergroups.c.usergroup_id.in_(groups)


def roles_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """Roles of these organizations, and those of all."""
    shared = _in(role_organizations.c.role_id, organization_ids)
    return or_(roles.c.for_all, roles.c.id.in_(shared))


def filters_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """Filters of such roles."""
    found = select(roles.c.id).where(roles_of(organization_ids))
    return role_filters.c.role_id.in_(found)


def proxies_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """HTTP proxies that these organizations use."""
    return http_proxies.c.id.in_(_in(http_proxy_organizations.c.http_proxy_id, organization_ids))


def smart_proxies_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """Smart proxies that these organizations use, and this server's own."""
    shared = _in(smart_proxy_organizations.c.smart_proxy_id, organization_ids)
    return or_(smart_proxies.c.internal, smart_proxies.c.id.in_(shared))


def locations_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    """Locations where these organizations are."""
    return locations.c.id.in_(_in(location_organizations.c.location_id, organization_ids))


def own_location(actor: Actor) -> ColumnElement[bool]:
    """Locations that the actor was given, and those of all."""
    own = select(user_locations.c.location_id).where(user_locations.c.user_id == actor.user_id)
    return or_(locations.c.for_all, locations.c.id.in_(own))


def oneself(actor: Actor) -> ColumnElement[bool]:
    """The actor among the users."""
    return users.c.id == actor.user_id


def own_task(actor: Actor) -> ColumnElement[bool]:
    """Tasks that the actor began, unless an organization has them that the actor has left."""
    within = tasks.c.organization_id
    return and_(
        tasks.c.user_id == actor.user_id,
        or_(within.is_(None), within.in_(sorted(actor.organization_ids))),
    )


def own_change(actor: Actor) -> ColumnElement[bool]:
    """Audits of what the actor changed outside of organizations."""
    return and_(audits.c.organization_id.is_(None), audits.c.user_id == actor.user_id)


def own_token(actor: Actor) -> ColumnElement[bool]:
    """The actor's access tokens."""
    return personal_access_tokens.c.user_id == actor.user_id


def usable_bookmark(actor: Actor) -> ColumnElement[bool]:
    """The actor's bookmarks, and public ones of colleagues and administrators."""
    colleagues = _in(user_organizations.c.user_id, sorted(actor.organization_ids))
    administrators = select(users.c.id).where(users.c.admin)
    owner = bookmarks.c.user_id
    public = and_(bookmarks.c.public, or_(owner.in_(colleagues), owner.in_(administrators)))
    return or_(owner == actor.user_id, public)


def _in(member: Column[Any], organization_ids: Sequence[int]) -> Select[Any]:
    """Select the members of these organizations, a column of a table of memberships."""
    return select(member).where(member.table.c.organization_id.in_(organization_ids))
