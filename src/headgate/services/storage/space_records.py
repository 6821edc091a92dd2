"""What the ledger is told of: the repositories, views and versions of an organization."""

from collections.abc import Iterable

from sqlalchemy import select

from headgate.services.access import AnyRow
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    organizations,
    repositories,
)


def names_of(tx: Transaction, organization_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of organizations."""
    chosen = among(tx, organizations.c.id, organization_ids)
    rows = tx.execute(select(organizations.c.id, organizations.c.name).where(chosen))
    return {row.id: row.name for row in rows}


def repositories_of(tx: Transaction, organization_id: int) -> list[AnyRow]:
    """Return id and name of an organization's repositories."""
    mine = repositories.c.organization_id == organization_id
    return list(tx.execute(select(repositories.c.id, repositories.c.name).where(mine)))


def views_of(tx: Transaction, organization_id: int) -> list[AnyRow]:
    """Return id and name of an organization's content views that have versions of their own."""
    mine = content_views.c.organization_id == organization_id
    query = select(content_views.c.id, content_views.c.name).where(mine)
    return list(tx.execute(query.where(~content_views.c.default)))


def versions_of(tx: Transaction, content_view_id: int) -> list[AnyRow]:
    """Return id and number of a view's versions, the newest first."""
    version = content_view_versions.c
    query = select(version.id, version.major, version.minor)
    ordered = query.order_by(version.major.desc(), version.minor.desc())
    return list(tx.execute(ordered.where(version.content_view_id == content_view_id)))
