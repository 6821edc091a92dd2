"""Reading content views: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CompoundSelect,
    Select,
    String,
    Text,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)

from headgate.domain.ids import ContentViewId, OrganizationId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load
from headgate.services.hosts.view_environments import HOSTS, KEYS, count_of
from headgate.services.listing import Catalog, of_organizations
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.services.views.component_records import components_of_views
from headgate.services.views.version_inputs import inputs_of, latest_of, latest_published
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_components,
    content_view_filters,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    repositories,
)

CONTENT_VIEWS: Final = Catalog(
    key=content_views.c.id,
    fields=Fields(
        {
            "id": Field(content_views.c.id, "integer"),
            "name": Field(content_views.c.name, default=True),
            "label": Field(content_views.c.label, default=True),
            "description": Field(content_views.c.description),
            "organization_id": Field(content_views.c.organization_id, "integer"),
            "default": Field(content_views.c.default, "boolean"),
            "composite": Field(content_views.c.composite, "boolean"),
            "rolling": Field(content_views.c.rolling, "boolean"),
            "import_only": Field(content_views.c.import_only, "boolean"),
            "auto_publish": Field(content_views.c.auto_publish, "boolean"),
            "generated_for": Field(content_views.c.generated_for),
            "generated": Field(content_views.c.generated_for != literal("none"), "boolean"),
            "environment": Field(
                lifecycle_environments.c.name,
                within=Related(
                    content_views.c.id,
                    distributions.c.content_view_id,
                    [
                        (
                            lifecycle_environments,
                            lifecycle_environments.c.id == distributions.c.environment_id,
                        )
                    ],
                ),
            ),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the content views of a page: versions with where they serve, what views take."""

    versions: Grouped  # one row per version and environment; rolling views have no version's id
    repositories: Grouped
    components: Grouped


def query(
    actor: Actor,
    *,
    organization_id: OrganizationId | None = None,
    environment_id: int | None = None,
    without: Sequence[int] = (),
    **plain: object,
) -> Select[Any]:
    """Select content views with their organization, whether they have filters, who uses them."""
    filtered = exists().where(content_view_filters.c.content_view_id == content_views.c.id)
    joined = select(
        content_views,
        filtered.label("filtered"),
        count_of(KEYS, distributions.c.content_view_id, content_views.c.id).label(
            "activation_key_count"
        ),
        count_of(HOSTS, distributions.c.content_view_id, content_views.c.id).label("host_count"),
    ).select_from(content_views)
    if environment_id is not None:
        serving = select(distributions.c.content_view_id)
        joined = joined.where(
            content_views.c.id.in_(serving.where(distributions.c.environment_id == environment_id))
        )
    if without:
        joined = joined.where(content_views.c.id.not_in(without))
    return of_organizations(joined, actor, content_views, organization_id=organization_id, **plain)


def load_view(
    tx: Transaction,
    actor: Actor,
    content_view_id: ContentViewId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one content view as `query` gives it; NotFoundError unless of `organization_id`."""
    load(tx, actor, content_views, content_view_id, organization_id=organization_id)
    return tx.execute(query(actor).where(content_views.c.id == content_view_id)).one()


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these views, in three statements."""
    ids = [row.id for row in rows]
    composites = [row.id for row in rows if row.composite]
    return Beside(
        versions=grouped(tx.execute(_served(tx, ids)), "content_view_id"),
        repositories=grouped(tx.execute(_taken(tx, ids)), "content_view_id"),
        components=components_of_views(tx, composites) if composites else {},
    )


def _served(tx: Transaction, ids: Sequence[int]) -> CompoundSelect[*tuple[Any, ...]]:
    """Select published versions with their environments, then those of rolling views."""
    versions, places = content_view_versions.c, distributions.c
    environments = (
        lifecycle_environments.c.id.label("environment_id"),
        lifecycle_environments.c.name.label("environment_name"),
        lifecycle_environments.c.label.label("environment_label"),
        lifecycle_environments.c.library,
    )
    frozen = (
        select(
            versions.id,
            versions.content_view_id,
            versions.major,
            versions.minor,
            versions.description,
            versions.created_at,
            (cast(versions.filters, String) != "[]").label("filtered"),
            *environments,
        )
        .outerjoin(distributions, places.version_id == versions.id)
        .outerjoin(lifecycle_environments, lifecycle_environments.c.id == places.environment_id)
        .where(among(tx, versions.content_view_id, ids), versions.published)
    )
    rolling = (
        select(
            places.version_id,
            places.content_view_id,
            *(cast(null(), column.type) for column in (versions.major, versions.minor)),
            cast(null(), Text),
            places.updated_at,
            false(),
            *environments,
        )
        .join(content_views, content_views.c.id == places.content_view_id)
        .join(lifecycle_environments, lifecycle_environments.c.id == places.environment_id)
        .where(among(tx, places.content_view_id, ids), content_views.c.rolling)
    )
    return union_all(frozen, rolling).order_by("major", "minor", "environment_id")


def _taken(tx: Transaction, ids: Sequence[int]) -> CompoundSelect[*tuple[Any, ...]]:
    """Select the repositories of views; of composite ones those that their components hold."""
    held, component = content_view_version_repositories.c, content_view_components.c
    columns = (
        repositories.c.id,
        repositories.c.name,
        repositories.c.label,
        repositories.c.content_type,
    )
    own = (
        select(content_view_repositories.c.content_view_id, *columns)
        .join(repositories, repositories.c.id == content_view_repositories.c.repository_id)
        .where(among(tx, content_view_repositories.c.content_view_id, ids))
    )
    chosen = func.coalesce(component.version_id, latest_of(component.content_view_id))
    of_components = (
        select(component.composite_id, *columns)
        .select_from(content_view_components)
        .join(content_view_version_repositories, held.version_id == chosen)
        .join(repositories, repositories.c.id == held.repository_id)
        .where(among(tx, component.composite_id, ids))
    )
    return union(own, of_components).order_by("name", "id")


def needs_publish(tx: Transaction, view: AnyRow) -> bool:
    """Tell whether publishing now would give anything else than the latest version."""
    if view.default or view.rolling:
        return False
    latest = latest_published(tx, view.id)
    return latest is None or latest.inputs_digest != inputs_of(tx, view).digest
