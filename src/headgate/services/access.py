"""The one way from the ids of a request to rows.

Tenants are separated here by construction: every id in a path, a query or a nested body goes
through `load`, `load_many` or `require_visible`, every list through `scoped`. Things of another
organization and things that do not exist are told apart by nobody.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    and_,
    false,
    or_,
    select,
    true,
)

from headgate.domain.errors import ConflictError, NotFoundError
from headgate.domain.ids import (
    ActivationKeyId,
    AuditId,
    BookmarkId,
    ContentViewComponentId,
    ContentViewId,
    ContentViewVersionId,
    CredentialId,
    DistributionId,
    EnvironmentId,
    ExternalUsergroupId,
    FilterId,
    FilterRuleId,
    FlatpakRemoteId,
    FlatpakRemoteRepositoryId,
    HostCollectionId,
    HostId,
    HttpProxyId,
    LocationId,
    OrganizationId,
    PersonalAccessTokenId,
    ProductId,
    RecurringLogicId,
    RepositoryId,
    RepositoryVersionId,
    RoleFilterId,
    RoleId,
    SigningKeyId,
    SmartProxyId,
    SyncPlanId,
    TaskId,
    UploadId,
    UsergroupId,
    UserId,
)
from headgate.services.accounts.permissions import TYPE_OF
from headgate.services.actor import Actor, Grant, lacking
from headgate.services.searches import ids_found
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import batched
from headgate.stores.db.tables import (
    activation_keys,
    audits,
    bookmarks,
    content_credentials,
    content_uploads,
    content_view_components,
    content_view_filter_rules,
    content_view_filters,
    content_view_versions,
    content_views,
    distributions,
    external_usergroups,
    flatpak_remote_repositories,
    flatpak_remotes,
    host_collections,
    hosts,
    http_proxies,
    http_proxy_organizations,
    lifecycle_environments,
    location_organizations,
    locations,
    organizations,
    personal_access_tokens,
    products,
    recurring_logics,
    repositories,
    repository_versions,
    role_filters,
    role_organizations,
    roles,
    signing_keys,
    smart_proxies,
    smart_proxy_organizations,
    sync_plans,
    tasks,
    user_locations,
    user_organizations,
    usergroup_users,
    usergroups,
    users,
)

# The range of an id column on every database; anything else names nothing.
_HIGHEST_ID = 2**31 - 1
_LONGEST_KEY = 64
_LONGEST_NAME = 255

# A select and a row of any columns.
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
SelectT = TypeVar("SelectT", bound=AnySelect)


@dataclass(frozen=True, slots=True)
class Kind:
    """Things of one table, what people call them, and the way to their organization.

    `path` is a chain of columns: the first of the table itself, each further one of the table
    that the one before refers to; the last is the organization's id. `shared` takes its place for
    things that several organizations use. Things exist for who holds the permission `view` in
    their organization, or for all of its users if there is no such permission; `own` adds rows
    that an actor sees on another ground.

    `subject` is a chain, too: to what the searches of role filters find, such as from a repository
    to its product. An empty one says that they find the things themselves, None that they do not.
    """

    noun: str
    table: Table
    path: tuple[Column[Any], ...] = ()
    view: str | None = None
    subject: tuple[Column[Any], ...] | None = ()
    shared: Callable[[Sequence[int]], ColumnElement[bool]] | None = None
    own: Callable[[Actor], ColumnElement[bool]] | None = None

    @property
    def key(self) -> Column[Any]:
        """The column of the id."""
        return self.table.c.id

    def in_organizations(self, organization_ids: Collection[int]) -> ColumnElement[bool]:
        """Rows of these organizations."""
        if not organization_ids:
            return false()
        if self.shared is not None:
            return self.shared(sorted(organization_ids))
        if not self.path:
            return false()
        return _along(self.path, self.path[-1].in_(sorted(organization_ids)))

    def seen_by(self, actor: Actor) -> frozenset[int]:
        """Return the organizations all of whose things exist for the actor."""
        if self.view is None:
            return actor.organization_ids
        return actor.organizations_with(self.view)

    def granted(self, actor: Actor, permission: str) -> ColumnElement[bool]:
        """Rows for which the actor holds the permission."""
        conditions = [self.in_organizations(actor.organizations_with(permission))]
        for grant in actor.searching(permission):
            within = actor.organization_ids
            if grant.organization_ids is not None:
                within &= grant.organization_ids
            conditions.append(and_(self.in_organizations(within), self._found(permission, grant)))
        return or_(*conditions)

    def _found(self, permission: str, grant: Grant) -> ColumnElement[bool]:
        """Rows that the search of a grant finds, which is about the things of one type."""
        own = None if self.view is None else TYPE_OF[self.view]
        if self.subject is None or grant.search is None or own is None:
            return false()
        ids = ids_found(own, grant.search) if TYPE_OF[permission] == own else None
        if ids is None:
            return false()
        chain = self.subject or (self.key,)
        return _along(chain, chain[-1].in_(ids))

    def visible_to(self, actor: Actor) -> ColumnElement[bool]:
        """Rows that exist for the actor."""
        if actor.admin:
            return true()
        if self.view is None:
            condition = self.in_organizations(actor.organization_ids)
        else:
            condition = self.granted(actor, self.view)
        return condition if self.own is None else or_(condition, self.own(actor))

    def organization_of(self, tx: Transaction, row: Row[Any]) -> int | None:
        """Follow the path from a row to its organization."""
        if not self.path:
            return None
        value: int | None = getattr(row, self.path[0].name)
        for column in self.path[1:]:
            value = tx.scalar(select(column).where(column.table.c.id == value))
        return value

    def missing(self, key: object) -> NotFoundError:
        """Return the error for an id that names nothing the actor may see."""
        return NotFoundError(f"Could not find {self.noun} with id {str(key)[:_LONGEST_KEY]}")


def _own_task(actor: Actor) -> ColumnElement[bool]:
    within = tasks.c.organization_id
    return and_(
        tasks.c.user_id == actor.user_id,
        or_(within.is_(None), within.in_(sorted(actor.organization_ids))),
    )


def _oneself(actor: Actor) -> ColumnElement[bool]:
    return users.c.id == actor.user_id


def _users_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    of = user_organizations.c
    return users.c.id.in_(select(of.user_id).where(of.organization_id.in_(organization_ids)))


def _own_change(actor: Actor) -> ColumnElement[bool]:
    return and_(audits.c.organization_id.is_(None), audits.c.user_id == actor.user_id)


def _own_token(actor: Actor) -> ColumnElement[bool]:
    return personal_access_tokens.c.user_id == actor.user_id


def _proxies_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    of = http_proxy_organizations.c
    shared = select(of.http_proxy_id).where(of.organization_id.in_(organization_ids))
    return http_proxies.c.id.in_(shared)


def _locations_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    of = location_organizations.c
    shared = select(of.location_id).where(of.organization_id.in_(organization_ids))
    return locations.c.id.in_(shared)


def _own_location(actor: Actor) -> ColumnElement[bool]:
    own = select(user_locations.c.location_id).where(user_locations.c.user_id == actor.user_id)
    return or_(locations.c.for_all, locations.c.id.in_(own))


def _smart_proxies_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    of = smart_proxy_organizations.c
    shared = select(of.smart_proxy_id).where(of.organization_id.in_(organization_ids))
    return or_(smart_proxies.c.internal, smart_proxies.c.id.in_(shared))


def _usable_bookmark(actor: Actor) -> ColumnElement[bool]:
    shared = select(user_organizations.c.user_id).where(
        user_organizations.c.organization_id.in_(sorted(actor.organization_ids))
    )
    administrators = select(users.c.id).where(users.c.admin)
    owner = bookmarks.c.user_id
    public = and_(bookmarks.c.public, or_(owner.in_(shared), owner.in_(administrators)))
    return or_(owner == actor.user_id, public)


def _roles_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    of = role_organizations.c
    shared = select(of.role_id).where(of.organization_id.in_(organization_ids))
    return or_(roles.c.for_all, roles.c.id.in_(shared))


def _filters_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    found = select(roles.c.id).where(_roles_of(organization_ids))
    return role_filters.c.role_id.in_(found)


def _groups_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    members = select(users.c.id).where(_users_of(organization_ids))
    groups = select(usergroup_users.c.usergroup_id).where(usergroup_users.c.user_id.in_(members))
    return usergroups.c.id.in_(groups)


def _external_groups_of(organization_ids: Sequence[int]) -> ColumnElement[bool]:
    groups = select(usergroups.c.id).where(_groups_of(organization_ids))
    return external_usergroups.c.usergroup_id.in_(groups)


_VIEW_PATH = (content_views.c.organization_id,)
_FILTER_PATH = (content_view_filters.c.content_view_id, *_VIEW_PATH)
_REPOSITORY_PATH = (repositories.c.organization_id,)
_FLATPAK_PATH = (flatpak_remotes.c.organization_id,)

_PRODUCTS: Final = "view_products"
_VIEWS: Final = "view_content_views"
_CREDENTIALS: Final = "view_content_credentials"
_FLATPAKS: Final = "view_flatpak_remotes"

_OF_PRODUCT = (repositories.c.product_id,)
_OF_FILTER = (content_view_filters.c.content_view_id,)

KINDS: Final = (
    Kind("organization", organizations, (organizations.c.id,)),
    Kind(
        "environment",
        lifecycle_environments,
        (lifecycle_environments.c.organization_id,),
        "view_lifecycle_environments",
    ),
    Kind(
        "content credential",
        content_credentials,
        (content_credentials.c.organization_id,),
        _CREDENTIALS,
    ),
    Kind("signing key", signing_keys, (signing_keys.c.organization_id,), _CREDENTIALS, None),
    Kind("product", products, (products.c.organization_id,), _PRODUCTS),
    Kind("sync plan", sync_plans, (sync_plans.c.organization_id,), "view_sync_plans"),
    Kind(
        "recurring logic",
        recurring_logics,
        (recurring_logics.c.organization_id,),
        "view_recurring_logics",
    ),
    Kind("repository", repositories, _REPOSITORY_PATH, _PRODUCTS, _OF_PRODUCT),
    Kind(
        "repository version",
        repository_versions,
        (repository_versions.c.repository_id, *_REPOSITORY_PATH),
        _PRODUCTS,
        (repository_versions.c.repository_id, *_OF_PRODUCT),
    ),
    Kind("content view", content_views, _VIEW_PATH, _VIEWS),
    Kind(
        "content view version",
        content_view_versions,
        (content_view_versions.c.content_view_id, *_VIEW_PATH),
        _VIEWS,
        (content_view_versions.c.content_view_id,),
    ),
    Kind(
        "content view component",
        content_view_components,
        (content_view_components.c.composite_id, *_VIEW_PATH),
        _VIEWS,
        (content_view_components.c.composite_id,),
    ),
    Kind(
        "content view environment",
        distributions,
        (distributions.c.organization_id,),
        _VIEWS,
        (distributions.c.content_view_id,),
    ),
    Kind("content view filter", content_view_filters, _FILTER_PATH, _VIEWS, _OF_FILTER),
    Kind(
        "content view filter rule",
        content_view_filter_rules,
        (content_view_filter_rules.c.filter_id, *_FILTER_PATH),
        _VIEWS,
        (content_view_filter_rules.c.filter_id, *_OF_FILTER),
    ),
    Kind("flatpak remote", flatpak_remotes, _FLATPAK_PATH, _FLATPAKS),
    Kind(
        "flatpak remote repository",
        flatpak_remote_repositories,
        (flatpak_remote_repositories.c.flatpak_remote_id, *_FLATPAK_PATH),
        _FLATPAKS,
        (flatpak_remote_repositories.c.flatpak_remote_id,),
    ),
    Kind(
        "content upload",
        content_uploads,
        (content_uploads.c.repository_id, *_REPOSITORY_PATH),
        _PRODUCTS,
        (content_uploads.c.repository_id, *_OF_PRODUCT),
    ),
    Kind(
        "activation key",
        activation_keys,
        (activation_keys.c.organization_id,),
        "view_activation_keys",
    ),
    Kind(
        "host collection",
        host_collections,
        (host_collections.c.organization_id,),
        "view_host_collections",
    ),
    Kind("host", hosts, (hosts.c.organization_id,), "view_hosts"),
    Kind("task", tasks, (tasks.c.organization_id,), "view_foreman_tasks", own=_own_task),
    Kind("audit", audits, (audits.c.organization_id,), "view_audit_logs", own=_own_change),
    Kind("bookmark", bookmarks, own=_usable_bookmark),
    Kind("user", users, view="view_users", shared=_users_of, own=_oneself),
    Kind("role", roles, view="view_roles", shared=_roles_of),
    Kind("filter", role_filters, view="view_filters", shared=_filters_of),
    Kind("user group", usergroups, view="view_usergroups", shared=_groups_of),
    Kind(
        "external user group",
        external_usergroups,
        view="view_usergroups",
        subject=(external_usergroups.c.usergroup_id,),
        shared=_external_groups_of,
    ),
    Kind("HTTP proxy", http_proxies, view="view_http_proxies", shared=_proxies_of),
    Kind("location", locations, shared=_locations_of, own=_own_location),
    Kind("smart proxy", smart_proxies, view="view_smart_proxies", shared=_smart_proxies_of),
    Kind("personal access token", personal_access_tokens, own=_own_token),
)

_KIND_OF_TABLE: Final[Mapping[Table, Kind]] = {kind.table: kind for kind in KINDS}

# What the type of a parameter says about the table that it names; units are not here, for their
# tenancy is decided by the repositories that hold them (`services/units/units.py`).
TABLE_OF_ID: Final[Mapping[object, Table]] = {
    OrganizationId: organizations,
    EnvironmentId: lifecycle_environments,
    CredentialId: content_credentials,
    SigningKeyId: signing_keys,
    ProductId: products,
    SyncPlanId: sync_plans,
    RecurringLogicId: recurring_logics,
    RepositoryId: repositories,
    RepositoryVersionId: repository_versions,
    ContentViewId: content_views,
    ContentViewVersionId: content_view_versions,
    ContentViewComponentId: content_view_components,
    DistributionId: distributions,
    FilterId: content_view_filters,
    FilterRuleId: content_view_filter_rules,
    FlatpakRemoteId: flatpak_remotes,
    FlatpakRemoteRepositoryId: flatpak_remote_repositories,
    ActivationKeyId: activation_keys,
    HostCollectionId: host_collections,
    HostId: hosts,
    UploadId: content_uploads,
    TaskId: tasks,
    AuditId: audits,
    UserId: users,
    RoleId: roles,
    RoleFilterId: role_filters,
    UsergroupId: usergroups,
    ExternalUsergroupId: external_usergroups,
    HttpProxyId: http_proxies,
    LocationId: locations,
    SmartProxyId: smart_proxies,
    PersonalAccessTokenId: personal_access_tokens,
    BookmarkId: bookmarks,
}


def missing(id_type: object, key: object) -> NotFoundError:
    """Return the error for a parameter of this type that names nothing the actor may see."""
    table = TABLE_OF_ID.get(id_type)
    kind = Kind("content", tasks) if table is None else _KIND_OF_TABLE[table]
    return kind.missing(key)


def load(
    tx: Transaction, actor: Actor, table: Table, key: object, *, permission: str | None = None
) -> Row[Any]:
    """Return the row with this id.

    NotFoundError if there is none or it is another organization's, PermissionDeniedError if the
    actor sees it but lacks `permission` in its organization.
    """
    return load_many(tx, actor, table, [key], permission=permission)[0]


def load_many(
    tx: Transaction,
    actor: Actor,
    table: Table,
    keys: Sequence[object],
    *,
    permission: str | None = None,
) -> list[Row[Any]]:
    """Return the rows with these ids in their order; the whole call fails if any one would."""
    kind = _KIND_OF_TABLE[table]
    found: dict[object, Row[Any]] = {}
    for batch in batched(_checked(kind, keys)):
        query = select(table).where(kind.key.in_(batch), kind.visible_to(actor))
        found.update((row.id, row) for row in tx.execute(query))
    rows = [_taken(kind, found, key) for key in keys]
    if permission is not None:
        require_for(tx, actor, table, found.values(), permission)
    return rows


def require_for(
    tx: Transaction, actor: Actor, table: Table, rows: Iterable[Row[Any]], permission: str
) -> None:
    """Raise PermissionDeniedError unless the actor holds the permission for each of these rows."""
    rows = list(rows)
    held = held_for(tx, actor, table, rows, permission)
    if any(row.id not in held for row in rows):
        raise lacking(permission)


def held_for(
    tx: Transaction, actor: Actor, table: Table, rows: Iterable[Row[Any]], permission: str
) -> frozenset[object]:
    """Return the ids of those rows of a table for which the actor holds the permission.

    Rows need their id and the column that leads to their organization.
    """
    kind = _KIND_OF_TABLE[table]
    held = set[object]()
    left: list[object] = []
    for row in rows:
        organization_id = None if actor.admin else kind.organization_of(tx, row)
        whole = actor.may(permission, organization_id=organization_id)
        held.add(row.id) if whole else left.append(row.id)
    if actor.searching(permission):
        for batch in batched(left):
            query = select(kind.key).where(kind.key.in_(batch), kind.granted(actor, permission))
            held.update(tx.scalars(query))
    return frozenset(held)


def lacks(
    tx: Transaction, actor: Actor, table: Table, keys: Iterable[int], permission: str
) -> bool:
    """Whether there is one among these rows for which the actor does not hold the permission.

    One statement for any number of ids; those that name nothing do not count.
    """
    if actor.admin:
        return False
    kind = _KIND_OF_TABLE[table]
    held = select(kind.key).where(kind.granted(actor, permission))
    other = select(kind.key).where(among(tx, kind.key, keys), kind.key.not_in(held)).limit(1)
    return tx.execute(other).first() is not None


def find(tx: Transaction, actor: Actor, table: Table, **values: str) -> Row[Any]:
    """Return the one row with these values, such as a label that is unique over everything.

    NotFoundError as for ids.
    """
    kind = _KIND_OF_TABLE[table]
    conditions = [table.c[column] == value for column, value in values.items()]
    row = tx.execute(select(table).where(*conditions, kind.visible_to(actor))).one_or_none()
    if row is None:
        words = " and ".join(f"{column} {value[:255]}" for column, value in values.items())
        raise NotFoundError(f"Could not find {kind.noun} with {words}")
    return row


def find_named(
    tx: Transaction,
    actor: Actor,
    table: Table,
    name: str,
    *,
    organization_id: int | None = None,
) -> int | None:
    """Return the id of the one thing of this name (in an organization); None if there is none.

    ConflictError if the actor sees several: names are unique in one organization only.
    """
    kind = _KIND_OF_TABLE[table]
    named = select(kind.key).where(table.c.name == name[:_LONGEST_NAME]).limit(2)
    found = tx.scalars(scoped(named, actor, table, organization_id=organization_id)).all()
    if len(found) > 1:
        raise ConflictError(
            f"There is a {kind.noun} named {name[:_LONGEST_NAME]} in several organizations; use"
            " its id"
        )
    return found[0] if found else None


def require_visible(tx: Transaction, actor: Actor, table: Table, keys: Iterable[object]) -> None:
    """Raise NotFoundError unless the actor may see every one of these ids.

    Costs nothing for administrators and for organizations.
    """
    kind = _KIND_OF_TABLE[table]
    wanted = _checked(kind, keys)
    if actor.admin:
        return
    if table is organizations:
        found = {key for key in wanted if key in actor.organization_ids}
    else:
        found = set[object]()
        for batch in batched(wanted):
            query = select(kind.key).where(kind.key.in_(batch), kind.visible_to(actor))
            found.update(tx.scalars(query))
    for key in wanted:
        if key not in found:
            raise kind.missing(key)


def scoped(
    query: SelectT, actor: Actor, table: Table, *, organization_id: int | None = None
) -> SelectT:
    """Narrow a select of `table` to what the actor may see (of one organization)."""
    kind = _KIND_OF_TABLE[table]
    if organization_id is not None:
        if not actor.sees(organization_id):
            raise _KIND_OF_TABLE[organizations].missing(organization_id)
        query = query.where(kind.in_organizations([organization_id]))
        if organization_id in kind.seen_by(actor):
            return query
    return query if actor.admin else query.where(kind.visible_to(actor))


def _along(chain: Sequence[Column[Any]], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return what the condition on a chain's last column means for its first table."""
    for step, further in reversed(list(pairwise(chain))):
        condition = step.in_(select(further.table.c.id).where(condition))
    return condition


def _checked(kind: Kind, keys: Iterable[object]) -> list[Any]:
    """Return the distinct keys; NotFoundError for values that no id column holds."""
    numeric = isinstance(kind.key.type, Integer)
    distinct = dict.fromkeys(keys)
    for key in distinct:
        if numeric:
            possible = type(key) is int and 0 < key <= _HIGHEST_ID
        else:
            possible = isinstance(key, str) and len(key) <= _LONGEST_KEY and "\0" not in key
        if not possible:
            raise kind.missing(key)
    return list(distinct)


def _taken(kind: Kind, found: Mapping[object, Row[Any]], key: object) -> Row[Any]:
    row = found.get(key)
    if row is None:
        raise kind.missing(key)
    return row
