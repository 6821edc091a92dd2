"""Names of versions that no environment need serve: `org/view/1_0/product/repository`.

There are no rows of these names: versions are many and few are ever asked for. A name is cleaned
text, from which labels cannot be had back; so labels are compared without what cleaning may have
changed, and the few that are found are named and compared as a whole.
"""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select

from headgate.domain.container_repositories import CONTAINER
from headgate.domain.registry_names import default_name
from headgate.services.access import AnySelect
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_sets,
    content_view_version_repositories,
    content_view_versions,
    content_views,
    organizations,
    products,
    repositories,
)

_ARCHIVED: Final = re.compile(r"([^/]+)/([^/]+)/(\d{1,9})_(\d{1,9})/([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Archived:
    """A repository in a version, found by its name."""

    organization_id: int
    product_id: int
    repository_id: int
    content_set_id: int
    content_digest: bytes
    url: str | None  # of its upstream
    path: str  # /ORG/content_views/CV/VERSION/custom/PRODUCT/REPO


def find_archived(tx: Transaction, name: str) -> Archived | None:
    """Return what the name of a version names; None if it is none, or names nothing."""
    parts = _ARCHIVED.fullmatch(name)
    if parts is None:
        return None
    organization, view, major, minor, product, repository = parts.groups()
    found = _versions(int(major), int(minor)).where(
        _squeezed(organizations.c.label) == _squeeze(organization),
        _squeezed(content_views.c.label) == _squeeze(view),
        _squeezed(products.c.label) == _squeeze(product),
        _squeezed(repositories.c.label) == _squeeze(repository),
    )
    for row in tx.execute(found):
        version = f"{major}.{minor}"
        itself = default_name(
            row.organization, row.product, row.repository, view=row.view, version=version
        )
        if itself == name:
            path = f"/{row.organization}/content_views/{row.view}/{version}/{row.relative_path}"
            return Archived(
                row.organization_id,
                row.product_id,
                row.repository_id,
                row.content_set_id,
                row.content_digest,
                row.url,
                path,
            )
    return None


def _versions(major: int, minor: int) -> AnySelect:
    held, version = content_view_version_repositories.c, content_view_versions.c
    return (
        select(
            content_views.c.organization_id,
            repositories.c.product_id,
            repositories.c.url,
            held.repository_id,
            held.content_set_id,
            held.relative_path,
            content_sets.c.digest.label("content_digest"),
            organizations.c.label.label("organization"),
            content_views.c.label.label("view"),
            products.c.label.label("product"),
            repositories.c.label.label("repository"),
        )
        .select_from(organizations)
        .join(content_views, content_views.c.organization_id == organizations.c.id)
        .join(content_view_versions, version.content_view_id == content_views.c.id)
        .join(content_view_version_repositories, held.version_id == version.id)
        .join(content_sets, content_sets.c.id == held.content_set_id)
        .join(repositories, repositories.c.id == held.repository_id)
        .join(products, products.c.id == repositories.c.product_id)
        .where(
            version.major == major,
            version.minor == minor,
            version.published.is_(True),
            repositories.c.content_type == CONTAINER,
        )
        .order_by(held.repository_id)
    )


def _squeeze(text: str) -> str:
    return text.lower().replace("_", "").replace("-", "")


def _squeezed(column: ColumnElement[str]) -> ColumnElement[str]:
    return func.replace(func.replace(func.lower(column), "_", ""), "-", "")
