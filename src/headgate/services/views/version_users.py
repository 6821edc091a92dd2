"""What uses a version: environments that serve it, composite views that are made of it."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Integer, String, cast, literal, null, select, union_all

from headgate.services.access import AnySelect
from headgate.services.related import AnyRow, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_components,
    content_view_version_components,
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
)

_ENVIRONMENT, _COMPOSITE = "environment", "composite"


def users_of(tx: Transaction, version_ids: Sequence[int]) -> Mapping[int, list[AnyRow]]:
    """Return what uses each of these versions, in one statement; to be read by the two below."""
    users = union_all(
        _environments().where(among(tx, distributions.c.version_id, version_ids)),
        _chosen().where(among(tx, content_view_components.c.version_id, version_ids)),
        _published().where(among(tx, content_view_version_components.c.component_id, version_ids)),
    )
    ordered = users.order_by("kind", "environment_order", "name", "major", "minor")
    return grouped(tx.execute(ordered), "version_id")


def environments_among(rows: Iterable[AnyRow]) -> list[AnyRow]:
    """Return the environments that serve the version: `id`, `name`, `label`."""
    return [row for row in rows if row.kind == _ENVIRONMENT]


def composites_among(rows: Iterable[AnyRow]) -> list[AnyRow]:
    """Return the composite views that take the version, and their versions made from it.

    `id` and `name` are the view's; `composite_version_id`, `major` and `minor` those of a
    published version, or null for what the view will publish next.
    """
    return [row for row in rows if row.kind == _COMPOSITE]


def _environments() -> AnySelect:
    nothing = cast(null(), Integer)
    environments = lifecycle_environments.c
    return select(
        distributions.c.version_id.label("version_id"),
        literal(_ENVIRONMENT, String).label("kind"),
        environments.id.label("id"),
        environments.name.label("name"),
        environments.label.label("label"),
        environments.id.label("environment_order"),
        nothing.label("composite_version_id"),
        nothing.label("major"),
        nothing.label("minor"),
    ).join(distributions, distributions.c.environment_id == environments.id)


def _chosen() -> AnySelect:
    nothing = cast(null(), Integer)
    return select(
        content_view_components.c.version_id,
        literal(_COMPOSITE, String),
        content_views.c.id,
        content_views.c.name,
        content_views.c.label,
        nothing,
        nothing,
        nothing,
        nothing,
    ).join(content_view_components, content_view_components.c.composite_id == content_views.c.id)


def _published() -> AnySelect:
    parts, versions = content_view_version_components.c, content_view_versions.c
    return (
        select(
            parts.component_id,
            literal(_COMPOSITE, String),
            content_views.c.id,
            content_views.c.name,
            content_views.c.label,
            cast(null(), Integer),
            versions.id,
            versions.major,
            versions.minor,
        )
        .select_from(content_view_version_components)
        .join(content_view_versions, versions.id == parts.version_id)
        .join(content_views, content_views.c.id == versions.content_view_id)
    )
