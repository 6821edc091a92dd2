"""What there is that ids name: the way of each thing to its organization, and who sees it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Row, Table, and_, false, or_, select, true

from headgate.domain.errors import NotFoundError
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
from headgate.services.actor import Actor, Grant
from headgate.services.searches import ids_found
from headgate.services.sharing import (
    external_groups_of,
    filters_of,
    groups_of,
    locations_of,
    oneself,
    own_change,
    own_location,
    own_task,
    own_token,
    proxies_of,
    roles_of,
    smart_proxies_of,
    usable_bookmark,
    users_of,
)
from headgate.stores.db import Transaction
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
    lifecycle_environments,
    locations,
    organizations,
    personal_access_tokens,
    products,
    recurring_logics,
    repositories,
    repository_versions,
    role_filters,
    roles,
    signing_keys,
    smart_proxies,
    sync_plans,
    tasks,
    usergroups,
    users,
)

# As much of an id as a message repeats.
_LONGEST_KEY = 64


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
    Kind("task", tasks, (tasks.c.organization_id,), "view_foreman_tasks", own=own_task),
    Kind("audit", audits, (audits.c.organization_id,), "view_audit_logs", own=own_change),
    Kind("bookmark", bookmarks, own=usable_bookmark),
    Kind("user", users, view="view_users", shared=users_of, own=oneself),
    Kind("role", roles, view="view_roles", shared=roles_of),
    Kind("filter", role_filters, view="view_filters", shared=filters_of),
    Kind("user group", usergroups, view="view_usergroups", shared=groups_of),
    Kind(
        "external user group",
        external_usergroups,
        view="view_usergroups",
        subject=(external_usergroups.c.usergroup_id,),
        shared=external_groups_of,
    ),
    Kind("HTTP proxy", http_proxies, view="view_http_proxies", shared=proxies_of),
    Kind("location", locations, shared=locations_of, own=own_location),
    Kind("smart proxy", smart_proxies, view="view_smart_proxies", shared=smart_proxies_of),
    Kind("personal access token", personal_access_tokens, own=own_token),
)

KIND_OF_TABLE: Final[Mapping[Table, Kind]] = {kind.table: kind for kind in KINDS}

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


def _along(chain: Sequence[Column[Any]], condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return what the condition on a chain's last column means for its first table."""
    for step, further in reversed(list(pairwise(chain))):
        condition = step.in_(select(further.table.c.id).where(condition))
    return condition
