"""Repositories as a base path serves them: those of a version, or what they hold now or held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Select, bindparam, or_, select

from headgate.domain.container_repositories import CONTAINER
from headgate.domain.ids import ContentSetId
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_repositories,
    content_view_version_repositories,
    content_views,
    publications,
    repositories,
    repository_versions,
)
from headgate.stores.db.types import UtcDateTime

AnySelect = Select[*tuple[Any, ...]]

# Containers are served by the registry alone, which decides by other rules who may pull.
SERVED_BY_PATH = repositories.c.content_type != CONTAINER
# What content requests ask is put together once: that takes SQLAlchemy longer than running it.
_PATHS: BindParameter[Any] = bindparam("paths", expanding=True)
_VIEW: BindParameter[Any] = bindparam("content_view_id")
_REPOSITORY = (
    repositories.c.id.label("repository_id"),
    repositories.c.content_type,
    repositories.c.unprotected,
    repositories.c.package_signature_policy,
    repositories.c.trust_stamp,
    publications.c.created_at,
    publications.c.dormant,
)
_frozen = content_view_version_repositories.c
_taken = content_view_repositories.c
# The default view has all repositories of its organization.
_IN_VIEW = or_(
    select(content_views.c.id).where(content_views.c.id == _VIEW, content_views.c.default).exists(),
    select(_taken.repository_id)
    .where(_taken.content_view_id == _VIEW, _taken.repository_id == repositories.c.id)
    .exists(),
)
_OF_VERSION = (
    select(_frozen.relative_path, _frozen.content_set_id, _frozen.publication_id, *_REPOSITORY)
    .join(repositories, repositories.c.id == _frozen.repository_id)
    .join(publications, publications.c.id == _frozen.publication_id)
    .where(
        _frozen.version_id == bindparam("version_id"),
        _frozen.relative_path.in_(_PATHS),
        SERVED_BY_PATH,
    )
)


def _of_view(chosen: ColumnElement[bool]) -> AnySelect:
    """Select repositories of a view with the versions that a condition chooses."""
    version = repository_versions.c
    return (
        select(
            repositories.c.relative_path,
            version.content_set_id,
            version.publication_id,
            *_REPOSITORY,
        )
        .select_from(repositories)
        .join(repository_versions, chosen)
        .join(publications, publications.c.id == version.publication_id)
        .where(
            repositories.c.organization_id == bindparam("organization_id"),
            repositories.c.relative_path.in_(_PATHS),
            SERVED_BY_PATH,
            _IN_VIEW,
        )
    )


_LATEST = _of_view(repository_versions.c.id == repositories.c.latest_version_id)
_EARLIER = (
    _of_view(repository_versions.c.repository_id == repositories.c.id)
    .where(repository_versions.c.created_at < bindparam("until", type_=UtcDateTime))
    .order_by(repository_versions.c.number.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class ServedRepository:
    """A repository at a base path, as it is served now; equal means that nothing has changed."""

    base: str  # ORG/ENV/CV/custom/PRODUCT/REPO, and the day if one was asked for
    repository_id: int
    content_type: str
    unprotected: bool
    content_set_id: ContentSetId
    publication_id: int
    published_at: datetime  # tells a publication from a later one with the same id
    signature_policy: str = "off"  # off | warn | enforce
    trust_stamp: int = 0  # moves when other keys are trusted
    dormant: bool = False  # its publication must be woken before its metadata can be had


def of_version(
    tx: Transaction, version_id: int, base: str, rest: Sequence[str]
) -> list[ServedRepository]:
    """Return the version's repositories whose paths begin `rest`, the segments after the base."""
    return _found(tx, _OF_VERSION, base, rest, version_id=version_id)


def of_latest(
    tx: Transaction, organization_id: int, content_view_id: int, base: str, rest: Sequence[str]
) -> list[ServedRepository]:
    """Return repositories of a default or rolling view as they are now."""
    return _found(
        tx, _LATEST, base, rest, organization_id=organization_id, content_view_id=content_view_id
    )


def of_earlier(
    tx: Transaction,
    organization_id: int,
    content_view_id: int,
    base: str,
    rest: Sequence[str],
    *,
    until: datetime,
) -> list[ServedRepository]:
    """Return a repository of a default or rolling view as it was just before `until`.

    None whose version of that time is no longer kept. What is in a rolling view is not dated.
    """
    return _found(
        tx,
        _EARLIER,
        base,
        rest,
        organization_id=organization_id,
        content_view_id=content_view_id,
        until=until,
    )


def _found(
    tx: Transaction, query: AnySelect, base: str, rest: Sequence[str], **values: object
) -> list[ServedRepository]:
    if not rest:
        return []
    paths = ["/".join(rest[:length]) for length in range(1, len(rest) + 1)]
    return [_as_value(base, row) for row in tx.execute(query, {"paths": paths, **values})]


def _as_value(base: str, row: Row[Any]) -> ServedRepository:
    return ServedRepository(
        base=f"{base}/{row.relative_path}",
        repository_id=row.repository_id,
        content_type=row.content_type,
        unprotected=bool(row.unprotected),
        content_set_id=ContentSetId(row.content_set_id),
        publication_id=row.publication_id,
        published_at=row.created_at,
        signature_policy=row.package_signature_policy,
        trust_stamp=row.trust_stamp,
        dormant=bool(row.dormant),
    )
