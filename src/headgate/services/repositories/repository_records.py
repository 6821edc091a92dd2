"""Reading repositories: as rows of a list, and what stands beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Select, and_, literal, or_, select

from headgate.domain.ids import OrganizationId, RepositoryId
from headgate.search import Field, Fields, Related
from headgate.services.access import Actor, load, scoped
from headgate.services.listing import Catalog, where_equal
from headgate.services.related import SYNC_LABEL, AnyRow, last_tasks, with_credentials
from headgate.services.repositories.missing_records import missing_count
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    container_repositories,
    content_set_members,
    content_sets,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    products,
    registry_names,
    repositories,
    repository_versions,
)

CONTENT_LABEL: Final = organizations.c.label + "_" + products.c.label + "_" + repositories.c.label

_held = content_view_version_repositories.c
_taken = content_view_repositories.c

REPOSITORIES: Final = Catalog(
    key=repositories.c.id,
    fields=Fields(
        {
            "id": Field(repositories.c.id, "integer"),
            "name": Field(repositories.c.name, default=True),
            "label": Field(repositories.c.label, default=True),
            "description": Field(repositories.c.description),
            "url": Field(repositories.c.url),
            "arch": Field(repositories.c.arch),
            "content_type": Field(repositories.c.content_type),
            "content_label": Field(CONTENT_LABEL),
            "download_policy": Field(repositories.c.download_policy),
            "mirroring_policy": Field(repositories.c.mirroring_policy),
            "unprotected": Field(repositories.c.unprotected, "boolean"),
            "container_repository_name": Field(
                registry_names.c.name,
                within=Related(repositories.c.id, registry_names.c.repository_id),
            ),
            "organization_id": Field(repositories.c.organization_id, "integer"),
            "product": Field(products.c.name),
            "product_name": Field(products.c.name),
            "product_id": Field(repositories.c.product_id, "integer"),
            "redhat": Field(literal(value=False), "boolean"),
            "content_view_id": Field(
                _taken.content_view_id,
                "integer",
                within=Related(repositories.c.id, _taken.repository_id),
            ),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where repositories are looked for; what is not given does not narrow."""

    organization_id: int | None = None
    product_id: int | None = None
    content_view_id: int | None = None
    environment_id: int | None = None
    content_view_version_id: int | None = None


def query(actor: Actor, place: Place = Place(), **plain: object) -> Select[Any]:
    """Select repositories with product, organization and what they hold.

    `content_counts`, `content_changed_at` are of the latest version or, within a content view
    version, of what that holds. `plain` narrows by columns such as `name`.
    """
    joined = (
        _with_content(place)
        .join(products, products.c.id == repositories.c.product_id)
        .join(organizations, organizations.c.id == repositories.c.organization_id)
    )
    narrowed = scoped(joined, actor, repositories, organization_id=place.organization_id)
    if place.product_id is not None:
        narrowed = narrowed.where(repositories.c.product_id == place.product_id)
    if place.environment_id is not None:
        narrowed = narrowed.where(_served_in(place.environment_id, place.content_view_id))
    elif place.content_view_id is not None:
        narrowed = narrowed.where(_of_view(place.content_view_id))
    return where_equal(narrowed, repositories, **plain)


def seen_by(found: Select[Any], other: Actor) -> Select[Any]:
    """Narrow to what another user, too, may see."""
    return scoped(found, other, repositories)


def outside_view(found: Select[Any], content_view_id: int) -> Select[Any]:
    """Narrow to what could still be added to the content view."""
    taken = select(_taken.repository_id).where(_taken.content_view_id == content_view_id)
    return found.where(repositories.c.id.not_in(taken))


def only(found: Select[Any], tx: Transaction, repository_ids: Sequence[int]) -> Select[Any]:
    """Narrow to these repositories."""
    return found.where(among(tx, repositories.c.id, repository_ids))


def holding(tx: Transaction, actor: Actor, unit_type: str, unit_id: int) -> list[int]:
    """Return the ids of the repositories within reach whose latest version holds the unit."""
    members = content_set_members.c
    found = (
        select(repositories.c.id, members.units)
        .join(repository_versions, repository_versions.c.id == repositories.c.latest_version_id)
        .join(content_set_members, members.content_set_id == repository_versions.c.content_set_id)
        .where(members.content_type == unit_type)
    )
    rows = tx.execute(scoped(found, actor, repositories))
    return [row.id for row in rows if unit_id in BitMap.deserialize(row.units)]


def repositories_of_version(tx: Transaction, version_id: int) -> set[int]:
    """Return the ids of the repositories in a content view version."""
    held = select(_held.repository_id).where(_held.version_id == version_id)
    return set(tx.scalars(held))


def load_repository(
    tx: Transaction,
    actor: Actor,
    repository_id: RepositoryId,
    *,
    organization_id: OrganizationId | None = None,
) -> AnyRow:
    """Return one repository as `query` gives it; NotFoundError if not of `organization_id`."""
    load(tx, actor, repositories, repository_id, organization_id=organization_id)
    return tx.execute(query(actor).where(repositories.c.id == repository_id)).one()


def last_syncs(tx: Transaction, rows: Sequence[AnyRow]) -> dict[int, AnyRow]:
    """Return the newest sync of each of these repositories, in one statement."""
    tasks = last_tasks(tx, [f"repository:{row.id}" for row in rows], label=SYNC_LABEL)
    return {int(resource.partition(":")[2]): task for resource, task in tasks.items()}


def versions_holding(tx: Transaction, repository_id: int) -> Sequence[AnyRow]:
    """Return the published versions that hold the repository, one row per place they serve."""
    versions = content_view_versions.c
    return tx.execute(
        select(
            versions.id,
            versions.major,
            versions.minor,
            versions.content_view_id,
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
            distributions.c.id.label("distribution_id"),
            distributions.c.environment_id,
            lifecycle_environments.c.name.label("environment_name"),
            lifecycle_environments.c.label.label("environment_label"),
            lifecycle_environments.c.library,
        )
        .join(content_view_version_repositories, _held.version_id == versions.id)
        .join(content_views, content_views.c.id == versions.content_view_id)
        .outerjoin(distributions, distributions.c.version_id == versions.id)
        .outerjoin(
            lifecycle_environments, lifecycle_environments.c.id == distributions.c.environment_id
        )
        .where(_held.repository_id == repository_id, versions.published)
        .order_by(content_views.c.name, versions.major, versions.minor, distributions.c.id)
    ).all()


def _with_content(place: Place) -> Select[Any]:
    source = select(
        repositories,
        products.c.name.label("product_name"),
        products.c.label.label("product_label"),
        products.c.cp_id.label("product_cp_id"),
        organizations.c.name.label("organization_name"),
        organizations.c.label.label("organization_label"),
        CONTENT_LABEL.label("content_label"),
        repository_versions.c.number.label("version_number"),
        repository_versions.c.created_at.label("content_changed_at"),
        content_sets.c.counts.label("content_counts"),
        missing_count(_publication(place)).label("missing_files_count"),
        _registry_name(place).label("container_repository_name"),
        *(each for each in container_repositories.c if each.name != "repository_id"),
    ).select_from(repositories)
    source = source.outerjoin(
        container_repositories, container_repositories.c.repository_id == repositories.c.id
    )
    source = with_credentials(source, repositories).outerjoin(
        repository_versions, repository_versions.c.id == repositories.c.latest_version_id
    )
    if place.content_view_version_id is None:
        return source.outerjoin(
            content_sets, content_sets.c.id == repository_versions.c.content_set_id
        )
    return source.join(
        content_view_version_repositories,
        and_(
            _held.repository_id == repositories.c.id,
            _held.version_id == place.content_view_version_id,
        ),
    ).outerjoin(content_sets, content_sets.c.id == _held.content_set_id)


def _registry_name(place: Place) -> Any:
    """The name under which the registry serves a container repository there, or in Library."""
    found = select(registry_names.c.name).where(registry_names.c.repository_id == repositories.c.id)
    if place.environment_id is not None:
        found = found.where(registry_names.c.environment_id == place.environment_id)
        if place.content_view_id is not None:
            found = found.where(registry_names.c.content_view_id == place.content_view_id)
    else:
        default = select(content_views.c.id).where(content_views.c.default)
        found = found.where(registry_names.c.content_view_id.in_(default))
    return found.order_by(registry_names.c.name).limit(1).scalar_subquery()


def _publication(place: Place) -> Any:
    version = repository_versions.c if place.content_view_version_id is None else _held
    return version.publication_id


def _served_in(environment_id: int, content_view_id: int | None) -> Any:
    """Repositories that the environment serves (for one view).

    The default view serves all of its organization, a rolling one what it takes.
    """
    places = distributions.c
    serving = select(places.version_id).where(places.environment_id == environment_id)
    without_version = (places.environment_id == environment_id, places.version_id.is_(None))
    everything = (
        select(places.organization_id)
        .join(content_views, content_views.c.id == places.content_view_id)
        .where(*without_version, content_views.c.default)
    )
    rolling = (
        select(_taken.repository_id)
        .join(distributions, places.content_view_id == _taken.content_view_id)
        .where(*without_version)
    )
    if content_view_id is not None:
        serving = serving.where(places.content_view_id == content_view_id)
        everything = everything.where(places.content_view_id == content_view_id)
        rolling = rolling.where(places.content_view_id == content_view_id)
    frozen = select(_held.repository_id).where(
        _held.version_id.in_(serving.where(places.version_id.is_not(None)))
    )
    return or_(
        repositories.c.id.in_(frozen),
        repositories.c.id.in_(rolling),
        repositories.c.organization_id.in_(everything),
    )


def _of_view(content_view_id: int) -> Any:
    taken = select(_taken.repository_id).where(_taken.content_view_id == content_view_id)
    default_of = select(content_views.c.organization_id).where(
        content_views.c.id == content_view_id, content_views.c.default
    )
    return or_(repositories.c.id.in_(taken), repositories.c.organization_id.in_(default_of))
