"""Reading the components of composite content views."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import func, select

from headgate.domain.ids import ContentViewId
from headgate.search import Field, Fields
from headgate.services.access import Actor, AnySelect, load
from headgate.services.listing import Catalog
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.services.views.version_inputs import latest_of
from headgate.services.views.version_users import environments_among, users_of
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_components,
    content_view_version_components,
    content_view_versions,
    content_views,
)

_component = content_view_components.c
_composites = content_views.alias("composites")

COMPONENTS: Final = Catalog(
    key=_component.id,
    fields=Fields(
        {
            "id": Field(_component.id, "integer"),
            "content_view": Field(content_views.c.name, default=True),
            "content_view_id": Field(_component.content_view_id, "integer"),
        }
    ),
    default_sort=("id", "asc"),
)


def query(tx: Transaction, actor: Actor, composite_id: ContentViewId) -> AnySelect:
    """Select the components of a view that the actor may see, none of one that is not composite."""
    load(tx, actor, content_views, composite_id)
    return _components().where(_component.composite_id == composite_id)


def components_of_views(tx: Transaction, composite_ids: Sequence[int]) -> Grouped:
    """Return the components of each of these composites, in one statement."""
    rows = tx.execute(
        _components()
        .where(among(tx, _component.composite_id, composite_ids))
        .order_by(_component.id)
    )
    return grouped(rows, "composite_id")


def components_of_version(tx: Transaction, version_id: int) -> Sequence[AnyRow]:
    """Return the versions that a composite version was made from."""
    parts, versions = content_view_version_components.c, content_view_versions.c
    return tx.execute(
        select(
            versions.id,
            versions.major,
            versions.minor,
            content_views.c.id.label("content_view_id"),
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
        )
        .join(content_view_version_components, parts.component_id == versions.id)
        .join(content_views, content_views.c.id == versions.content_view_id)
        .where(parts.version_id == version_id)
        .order_by(content_views.c.name, versions.id)
    ).all()


def environments_of(tx: Transaction, rows: Sequence[AnyRow]) -> Mapping[int, list[AnyRow]]:
    """Return the environments that serve the versions of these components, by version."""
    users = users_of(tx, [row.version_id for row in rows if row.version_id is not None])
    return {version_id: environments_among(found) for version_id, found in users.items()}


def _components() -> AnySelect:
    chosen = func.coalesce(_component.version_id, latest_of(_component.content_view_id))
    return (
        select(
            _component.id,
            _component.composite_id,
            _component.content_view_id,
            _component.version_id.is_(None).label("latest"),
            _component.created_at,
            _component.updated_at,
            content_views.c.name,
            content_views.c.label,
            content_views.c.description,
            content_views.c.next_major,
            _composites.c.name.label("composite_name"),
            _composites.c.label.label("composite_label"),
            content_view_versions.c.id.label("version_id"),
            content_view_versions.c.major,
            content_view_versions.c.minor,
            content_view_versions.c.created_at.label("published"),
        )
        .select_from(content_view_components)
        .join(content_views, content_views.c.id == _component.content_view_id)
        .join(_composites, _composites.c.id == _component.composite_id)
        .outerjoin(content_view_versions, content_view_versions.c.id == chosen)
    )
