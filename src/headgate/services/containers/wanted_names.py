"""Which names content view environments are to have for the container repositories they serve.

A *place* is a row of what an environment serves of a view, with what names are made of.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, ColumnElement, Table, select

from headgate.domain.container_repositories import CONTAINER
from headgate.domain.registry_names import NamePattern, default_name
from headgate.services.access import AnyRow, AnySelect
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    container_repositories,
    content_view_repositories,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
    organizations,
    products,
    repositories,
)

# Katello's default and rolling views have one version, of this number.
_ONLY_VERSION: Final = "1.0"

_environment, _view, _version = (
    lifecycle_environments.c,
    content_views.c,
    content_view_versions.c,
)

_PLACE = (
    organizations.c.id.label("organization_id"),
    organizations.c.name.label("organization_name"),
    organizations.c.label.label("organization_label"),
    _environment.id.label("environment_id"),
    _environment.name.label("environment_name"),
    _environment.label.label("environment_label"),
    _environment.registry_name_pattern.label("pattern"),
    _view.id.label("content_view_id"),
    _view.name.label("content_view_name"),
    _view.label.label("content_view_label"),
    _view.default,
    _version.id.label("version_id"),
    _version.major,
    _version.minor,
)

_HOLDERS: Final[Mapping[str, tuple[Column[int], Table | None]]] = {
    "version": (
        content_view_version_repositories.c.version_id,
        content_view_version_repositories,
    ),
    "view": (content_view_repositories.c.content_view_id, content_view_repositories),
    "organization": (repositories.c.organization_id, None),
}


@dataclass(frozen=True, slots=True)
class WantedName:
    """A name that a repository is to have in a place."""

    name: str
    place: AnyRow
    repository_id: int
    repository_name: str

    @property
    def words(self) -> str:
        """What has the name, for people."""
        return words_of(self.place, self.repository_name)


def served_places(where: ColumnElement[bool]) -> AnySelect:
    """Select what environments serve, as distributions that this is true of say."""
    return (
        select(*_PLACE)
        .select_from(distributions)
        .join(content_views, _view.id == distributions.c.content_view_id)
        .join(organizations, organizations.c.id == distributions.c.organization_id)
        .join(lifecycle_environments, _environment.id == distributions.c.environment_id)
        .outerjoin(content_view_versions, _version.id == distributions.c.version_id)
        .where(where)
    )


def planned_places(tx: Transaction, version_id: int, environment_ids: Iterable[int]) -> AnySelect:
    """Select the places that these environments would be if they served the version."""
    return (
        select(*_PLACE)
        .select_from(content_view_versions)
        .join(content_views, _view.id == _version.content_view_id)
        .join(organizations, organizations.c.id == _view.organization_id)
        .join(lifecycle_environments, among(tx, _environment.id, set(environment_ids)))
        .where(_version.id == version_id)
    )


def names_in(tx: Transaction, places: Sequence[AnyRow], only: int | None) -> list[WantedName]:
    """Return the names of the container repositories that the places serve."""
    held = _repositories(tx, places, only)
    found: list[WantedName] = []
    for place in places:
        pattern = None if place.pattern is None else NamePattern.read(place.pattern)
        found += [
            WantedName(_name(place, row, pattern), place, row.id, row.name)
            for row in held.get(_holder(place), ())
        ]
    return found


def _holder(place: AnyRow) -> tuple[str, int]:
    """Return what says which repositories a place serves."""
    if place.version_id is not None:
        return "version", place.version_id
    if place.default:
        return "organization", place.organization_id
    return "view", place.content_view_id


def _repositories(
    tx: Transaction, places: Sequence[AnyRow], only: int | None
) -> Mapping[tuple[str, int], Sequence[AnyRow]]:
    """Return the container repositories by holder; one statement for each kind of holder."""
    ids: dict[str, set[int]] = {}
    for kind, holder in map(_holder, places):
        ids.setdefault(kind, set()).add(holder)
    found: dict[tuple[str, int], list[AnyRow]] = {}
    for kind, holders in ids.items():
        for row in tx.execute(_held_by(tx, kind, holders, only)):
            found.setdefault((kind, row.holder), []).append(row)
    return found


def _held_by(tx: Transaction, kind: str, holders: Collection[int], only: int | None) -> AnySelect:
    column, table = _HOLDERS[kind]
    found = (
        select(
            column.label("holder"),
            repositories.c.id,
            repositories.c.name,
            repositories.c.label,
            products.c.name.label("product_name"),
            products.c.label.label("product_label"),
            container_repositories.c.docker_upstream_name,
            container_repositories.c.push_name,
        )
        .select_from(repositories)
        .join(products, products.c.id == repositories.c.product_id)
        .outerjoin(
            container_repositories, container_repositories.c.repository_id == repositories.c.id
        )
        .where(repositories.c.content_type == CONTAINER, among(tx, column, holders))
        .order_by(repositories.c.id)
    )
    if table is not None:
        found = found.join(table, table.c.repository_id == repositories.c.id)
    return found if only is None else found.where(repositories.c.id == only)


def _name(place: AnyRow, repository: AnyRow, pattern: NamePattern | None) -> str:
    if place.default and repository.push_name is not None:
        return str(repository.push_name)
    if pattern is not None:
        return pattern.render(_values(place, repository))
    return default_name(
        place.organization_label,
        repository.product_label,
        repository.label,
        environment=None if place.default else place.environment_label,
        view=None if place.default else place.content_view_label,
    )


def _values(place: AnyRow, repository: AnyRow) -> Mapping[str, str]:
    version = _ONLY_VERSION if place.version_id is None else f"{place.major}.{place.minor}"
    return {
        "organization.name": place.organization_name,
        "organization.label": place.organization_label,
        "lifecycle_environment.name": place.environment_name,
        "lifecycle_environment.label": place.environment_label,
        "content_view.name": place.content_view_name,
        "content_view.label": place.content_view_label,
        "content_view_version.version": version,
        "product.name": repository.product_name,
        "product.label": repository.product_label,
        "repository.name": repository.name,
        "repository.label": repository.label,
        "repository.docker_upstream_name": repository.docker_upstream_name or "",
    }


def words_of(place: AnyRow, repository: str) -> str:
    """Return which repository it is and where, for people."""
    view = "" if place.default else f"content view '{place.content_view_name}', "
    return f"repository '{repository}' ({view}environment '{place.environment_name}')"
