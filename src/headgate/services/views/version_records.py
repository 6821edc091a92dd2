"""Reading content view versions and content view environments, with what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Select, String, cast, func, select

from headgate.domain.errors import NotFoundError
from headgate.domain.ids import ContentViewVersionId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load, scoped
from headgate.services.hosts.view_environments import select_view_environments
from headgate.services.listing import Catalog, of_organizations, where_equal
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.services.repositories.missing_records import missing_count
from headgate.services.views.version_users import users_of
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_set_members,
    content_sets,
    content_view_version_components,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    host_environments,
    lifecycle_environments,
    products,
    repositories,
)

NUMBER: Final = (
    cast(content_view_versions.c.major, String) + "." + cast(content_view_versions.c.minor, String)
)

_held = content_view_version_repositories.c

VERSIONS: Final = Catalog(
    key=content_view_versions.c.id,
    fields=Fields(
        {
            "id": Field(content_view_versions.c.id, "integer"),
            "version": Field(NUMBER, default=True),
            "major": Field(content_view_versions.c.major, "integer"),
            "minor": Field(content_view_versions.c.minor, "integer"),
            "description": Field(content_view_versions.c.description),
            "content_view_id": Field(content_view_versions.c.content_view_id, "integer"),
            "content_view": Field(content_views.c.name),
            "organization_id": Field(content_views.c.organization_id, "integer"),
            "created_at": Field(content_view_versions.c.created_at, "datetime"),
            "pinned": Field(content_view_versions.c.pinned, "boolean"),
            "repository": Field(
                repositories.c.name,
                within=Related(
                    content_view_versions.c.id,
                    _held.version_id,
                    [(repositories, repositories.c.id == _held.repository_id)],
                ),
            ),
        }
    ),
    default_sort=("version", "desc"),
    sorts={"version": content_view_versions.c.major, "name": content_views.c.name},
)

CONTENT_VIEW_ENVIRONMENTS: Final = Catalog(
    key=distributions.c.id,
    fields=Fields(
        {
            "id": Field(distributions.c.id, "integer"),
            "content_view": Field(content_views.c.name, default=True),
            "content_view_id": Field(distributions.c.content_view_id, "integer"),
            "environment": Field(lifecycle_environments.c.name, default=True),
            "lifecycle_environment_id": Field(distributions.c.environment_id, "integer"),
            "organization_id": Field(distributions.c.organization_id, "integer"),
        }
    ),
    default_sort=("id", "asc"),
)

_HOST_COUNT: Final = (
    select(func.count())
    .select_from(host_environments)
    .where(host_environments.c.distribution_id == distributions.c.id)
    .correlate(distributions)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the versions of a page: where they serve, what they hold, what is made from them."""

    users: Grouped  # environments and composite views (`services/views/version_users.py`)
    repositories: Grouped


def query(
    actor: Actor,
    *,
    organization_id: int | None = None,
    environment_id: int | None = None,
    version: str | None = None,
    composite_version_id: int | None = None,
    nondefault: bool = False,
    **plain: object,
) -> Select[Any]:
    """Select published versions with their view; `version` is a number such as 2.0.

    With `composite_version_id` those that it was made from.
    """
    del nondefault  # default views have no versions
    joined = (
        select(
            content_view_versions,
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
            content_views.c.organization_id,
        )
        .select_from(content_view_versions)
        .join(content_views, content_views.c.id == content_view_versions.c.content_view_id)
        .where(content_view_versions.c.published)
    )
    if version is not None:
        joined = joined.where(NUMBER.in_([version]))
    if composite_version_id is not None:
        parts = select(content_view_version_components.c.component_id).where(
            content_view_version_components.c.version_id == composite_version_id
        )
        joined = joined.where(content_view_versions.c.id.in_(parts))
    if environment_id is not None:
        serving = select(distributions.c.version_id).where(
            distributions.c.environment_id == environment_id,
            distributions.c.version_id.is_not(None),
        )
        joined = joined.where(content_view_versions.c.id.in_(serving))
    narrowed = scoped(joined, actor, content_view_versions, organization_id=organization_id)
    return where_equal(narrowed, content_view_versions, **plain)


def versions_holding(tx: Transaction, actor: Actor, unit_type: str, unit_id: int) -> list[int]:
    """Return the ids of the published versions within reach that hold the unit."""
    members = content_set_members.c
    found = (
        select(_held.version_id, members.units)
        .join(content_view_versions, content_view_versions.c.id == _held.version_id)
        .join(content_set_members, members.content_set_id == _held.content_set_id)
        .where(members.content_type == unit_type, content_view_versions.c.published)
    )
    rows = tx.execute(scoped(found, actor, content_view_versions))
    return sorted({row.version_id for row in rows if unit_id in BitMap.deserialize(row.units)})


def only(found: Select[Any], tx: Transaction, version_ids: Sequence[int]) -> Select[Any]:
    """Narrow to these versions."""
    return found.where(among(tx, content_view_versions.c.id, version_ids))


def load_version(tx: Transaction, actor: Actor, version_id: ContentViewVersionId) -> AnyRow:
    """Return one version as `query` gives it; NotFoundError for one that is not published yet."""
    load(tx, actor, content_view_versions, version_id)
    found = tx.execute(query(actor).where(content_view_versions.c.id == version_id)).one_or_none()
    if found is None:
        raise NotFoundError(f"Could not find content view version with id {version_id}")
    return found


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these versions, in two statements."""
    ids = [row.id for row in rows]
    held = tx.execute(
        select(
            _held.version_id,
            _held.relative_path,
            _held.content_set_id,
            repositories.c.id,
            repositories.c.name,
            repositories.c.label,
            repositories.c.content_type,
            products.c.id.label("product_id"),
            products.c.name.label("product_name"),
            content_sets.c.counts,
            missing_count(_held.publication_id).label("missing_files_count"),
        )
        .join(repositories, repositories.c.id == _held.repository_id)
        .join(products, products.c.id == repositories.c.product_id)
        .join(content_sets, content_sets.c.id == _held.content_set_id)
        .where(among(tx, _held.version_id, ids))
        .order_by(repositories.c.name, repositories.c.id)
    )
    return Beside(
        users=users_of(tx, ids),
        repositories=grouped(held, "version_id"),
    )


def environments_query(
    actor: Actor, *, organization_id: int | None = None, **plain: object
) -> Select[Any]:
    """Select content view environments: what `ORG/ENV/CV` or `ORG/Library` serves."""
    found = select_view_environments().add_columns(_HOST_COUNT.label("host_count"))
    return of_organizations(found, actor, distributions, organization_id=organization_id, **plain)
