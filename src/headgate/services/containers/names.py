"""What a name of the registry serves."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, select

from headgate.domain.ids import ContentSetId
from headgate.services.access import AnyRow
from headgate.services.containers.archived_names import Archived, find_archived
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    container_repositories,
    content_sets,
    content_view_version_repositories,
    content_views,
    distributions,
    lifecycle_environments,
    registry_names,
    repositories,
    repository_versions,
)

_names, _repository, _own = registry_names.c, repositories.c, container_repositories.c
_frozen, _version = content_view_version_repositories.c, repository_versions.c

_HELD = func.coalesce(_frozen.content_set_id, _version.content_set_id)

_SERVED = (
    select(
        _names.name,
        _names.organization_id,
        _names.environment_id,
        _names.content_view_id,
        _names.repository_id,
        _repository.product_id,
        _repository.relative_path,
        _repository.url,
        _own.push_name,
        distributions.c.base_path,
        distributions.c.version_id,
        lifecycle_environments.c.registry_unauthenticated_pull,
        lifecycle_environments.c.registry_unauthenticated_index,
        content_views.c.default,
        _HELD.label("content_set_id"),
        content_sets.c.digest.label("content_digest"),
    )
    .select_from(registry_names)
    .join(repositories, _repository.id == _names.repository_id)
    .join(lifecycle_environments, lifecycle_environments.c.id == _names.environment_id)
    .join(content_views, content_views.c.id == _names.content_view_id)
    .join(
        distributions,
        and_(
            distributions.c.content_view_id == _names.content_view_id,
            distributions.c.environment_id == _names.environment_id,
        ),
    )
    .outerjoin(container_repositories, _own.repository_id == _names.repository_id)
    .outerjoin(
        content_view_version_repositories,
        and_(
            _frozen.version_id == distributions.c.version_id,
            _frozen.repository_id == _names.repository_id,
        ),
    )
    .outerjoin(
        repository_versions,
        and_(
            distributions.c.version_id.is_(None),
            _version.id == _repository.latest_version_id,
        ),
    )
    .outerjoin(content_sets, content_sets.c.id == _HELD)
)
# Asked for every name that was not looked up before: said once.
_BY_NAME = _SERVED.where(_names.name == bindparam("name"))
_FILLED = _SERVED.where(_HELD.is_not(None)).order_by(_names.name)


@dataclass(frozen=True, slots=True)
class Named:
    """A repository as the registry serves it under a name; equal: nothing has changed."""

    name: str
    organization_id: int
    environment_id: int | None  # None: a version, wherever it is served
    product_id: int
    repository_id: int
    # What it holds there; None: nothing has come yet.
    content_set_id: ContentSetId | None
    # Names that content for ever: ids are given anew once what had them is gone.
    content_digest: bytes | None
    path: str  # /ORG/ENV/CV/custom/PRODUCT/REPO, which path trees of certificates cover or do not
    anonymous: bool  # whether everybody may pull
    of_view: bool  # a content view serves it, not Library the repository itself
    latest: bool  # what the repository holds now, not what a version froze
    pushed: bool  # it is filled by pushes, not from an upstream


def find_named(tx: Transaction, name: str) -> Named | None:
    """Return what the name serves now; None if it serves nothing.

    A name that nothing bears may be that of an archived version (`archived_names`).
    """
    row = tx.execute(_BY_NAME, {"name": name}).one_or_none()
    if row is None:
        return _as_archived(name, find_archived(tx, name))
    if row.version_id is not None and row.content_set_id is None:
        return None
    return _as_value(row)


@dataclass(frozen=True, slots=True)
class Filled:
    """A name, where it is served, and the content set that it serves."""

    named: Named
    place: str  # the content view environment: ORG/Library, ORG/ENV/CV
    content_set_id: ContentSetId
    digest: bytes  # of the content set
    announced: bool  # everybody may see which flatpaks there are


def filled_names(tx: Transaction) -> Iterator[Filled]:
    """Yield every name of the registry that serves content, whoever may read it, in their order."""
    for row in tx.execute(_FILLED):
        held = ContentSetId(row.content_set_id)
        announced = bool(row.registry_unauthenticated_index)
        yield Filled(_as_value(row), row.base_path, held, row.content_digest, announced)


def _as_archived(name: str, found: Archived | None) -> Named | None:
    """Return a version's repository as it is named: for nobody who may not read it."""
    if found is None:
        return None
    return Named(
        name=name,
        organization_id=found.organization_id,
        environment_id=None,
        product_id=found.product_id,
        repository_id=found.repository_id,
        content_set_id=ContentSetId(found.content_set_id),
        content_digest=found.content_digest,
        path=found.path,
        anonymous=False,
        of_view=True,
        latest=False,
        pushed=found.url is None,
    )


def _as_value(row: AnyRow) -> Named:
    held = row.content_set_id
    return Named(
        name=row.name,
        organization_id=row.organization_id,
        environment_id=row.environment_id,
        product_id=row.product_id,
        repository_id=row.repository_id,
        content_set_id=None if held is None else ContentSetId(held),
        content_digest=row.content_digest,
        path=f"/{row.base_path}/{row.relative_path}",
        anonymous=bool(row.registry_unauthenticated_pull),
        of_view=not row.default,
        latest=row.version_id is None,
        pushed=row.url is None,
    )
