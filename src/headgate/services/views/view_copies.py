"""Copying a content view: what it takes, how it filters and what it is, but no versions."""

from typing import Any

from sqlalchemy import Table, insert, select

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId
from headgate.services.access import Actor, load, require_for
from headgate.services.uniqueness import free_names
from headgate.services.views.content_views import require_plain
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_components,
    content_view_filter_repositories,
    content_view_filter_rules,
    content_view_filters,
    content_view_repositories,
    content_views,
)

_KEPT = (
    *("description", "composite", "import_only", "auto_publish", "solve_dependencies"),
    *("keep_versions", "keep_days"),
)


def copy_content_view(
    tx: Transaction, *, actor: Actor, clock: Clock, content_view_id: ContentViewId, name: str
) -> ContentViewId:
    """Make a view with the same repositories or components, filters and flags.

    Rows are copied column by column, so that whatever a filter is made of is copied with it.
    """
    view = require_plain(load(tx, actor, content_views, content_view_id), "copied")
    require_for(tx, actor, content_views, [view], "create_content_views")
    if view.rolling:
        raise BadRequestError(f"Rolling content view '{view.name}' cannot be copied.")
    if view.generated_for != "none":
        raise BadRequestError(f"Generated content view '{view.name}' cannot be copied.")
    names = free_names(
        tx, content_views, name=name, label=None, organization_id=view.organization_id
    )
    now = clock()
    copy_id = insert_row(
        tx,
        content_views,
        {
            **names,
            **{column: getattr(view, column) for column in _KEPT},
            "organization_id": view.organization_id,
            "created_at": now,
            "updated_at": now,
        },
    )
    _copy_rows(tx, content_view_repositories, content_view_id=(view.id, copy_id))
    _copy_rows(tx, content_view_components, composite_id=(view.id, copy_id))
    filters = _copy_rows(tx, content_view_filters, content_view_id=(view.id, copy_id))
    for old, new in filters.items():
        _copy_rows(tx, content_view_filter_repositories, filter_id=(old, new))
        _copy_rows(tx, content_view_filter_rules, filter_id=(old, new))
    return ContentViewId(copy_id)


def _copy_rows(tx: Transaction, table: Table, **owner: tuple[int, int]) -> dict[int, int]:
    """Copy an owner's rows to another one; return the new id of each row that has an id."""
    ((column, (old, new)),) = owner.items()
    plain = [each for each in table.c if each.name not in ("id", column)]
    found: dict[int, int] = {}
    order = list(table.primary_key.columns)
    for row in tx.execute(select(table).where(table.c[column] == old).order_by(*order)).all():
        values: dict[str, Any] = {each.name: getattr(row, each.name) for each in plain}
        if "id" in table.c:
            found[row.id] = insert_row(tx, table, values | {column: new})
        else:
            tx.execute(insert(table).values(values | {column: new}))
    return found
