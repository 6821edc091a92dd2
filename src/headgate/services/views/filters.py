"""Content view filters: kept as asked, applied when a version is published."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import ContentViewId, FilterId, RepositoryId
from headgate.services.access import Actor, load, require_for
from headgate.services.related import grouped
from headgate.services.uniqueness import free_name
from headgate.services.views.content_views import require_plain
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_filter_repositories,
    content_view_filter_rules,
    content_view_filters,
    content_view_repositories,
    content_views,
)

# What clients may call a type -> what it is. An erratum filter's rules tell ids from dates.
TYPES: Final[Mapping[str, str]] = {
    "rpm": "rpm",
    "package_group": "package_group",
    "erratum": "erratum",
    "erratum_id": "erratum",
    "erratum_date": "erratum",
    "modulemd": "modulemd",
    "docker": "docker",
}
# Flags that are of one type of filter alone.
_FLAGS: Final = {"original_packages": "rpm", "original_module_streams": "modulemd"}

# What a version keeps of a rule, besides its id.
_KEPT_OF_RULES: Final = (
    *("name", "version", "min_version", "max_version", "architecture"),
    *("uuid", "group_id", "errata_id", "start_date", "end_date", "date_type", "types"),
    *("allow_other_types", "module_stream_id", "module_stream"),
)


def create_filter(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    content_view_id: ContentViewId,
    name: str,
    type_: str,
    inclusion: bool = False,
    original_packages: bool = False,
    original_module_streams: bool = False,
    description: str | None = None,
    repository_ids: Sequence[RepositoryId] = (),
) -> FilterId:
    """Make a filter; without repositories it applies to all of its view."""
    view = require_plain(load(tx, actor, content_views, content_view_id), "filtered")
    require_for(tx, actor, content_views, [view], "edit_content_views")
    _require_own_content(view)
    if type_ not in TYPES:
        raise ValidationError({"type": [f"must be one of the following: {', '.join(TYPES)}"]})
    flags = {
        "original_packages": original_packages,
        "original_module_streams": original_module_streams,
    }
    _require_flags_of(TYPES[type_], flags)
    free_name(tx, content_view_filters, name, content_view_id=content_view_id)
    now = clock()
    filter_id = insert_row(
        tx,
        content_view_filters,
        {
            "content_view_id": content_view_id,
            "name": name,
            "description": description,
            "type": TYPES[type_],
            "inclusion": inclusion,
            **flags,
            "limited": bool(repository_ids),
            "created_at": now,
            "updated_at": now,
        },
    )
    _limit_to(tx, content_view_id, filter_id, repository_ids)
    return FilterId(filter_id)


def update_filter(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    filter_id: FilterId,
    changes: Mapping[str, Any],
) -> None:
    """Change name, description, inclusion, the flags or the list of repositories.

    An empty list of repositories lets it apply to all of its view.
    """
    row, view = load_filter_with_view(tx, actor, filter_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    _require_flags_of(row.type, changes)
    columns = ("description", "inclusion", *_FLAGS)
    values = {column: changes[column] for column in columns if column in changes}
    if "name" in changes and changes["name"] != row.name:
        values["name"] = free_name(
            tx, content_view_filters, changes["name"], except_id=row.id, content_view_id=view.id
        )
    if "repository_ids" in changes:
        _limit_to(tx, view.id, row.id, changes["repository_ids"])
        values["limited"] = bool(changes["repository_ids"])
    tx.execute(
        update(content_view_filters)
        .where(content_view_filters.c.id == row.id)
        .values(updated_at=clock(), **values)
    )


def delete_filter(tx: Transaction, *, actor: Actor, filter_id: FilterId) -> None:
    """Delete the filter with its rules."""
    row, view = load_filter_with_view(tx, actor, filter_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    tx.execute(delete(content_view_filters).where(content_view_filters.c.id == row.id))


def filters_of(tx: Transaction, content_view_id: int) -> list[dict[str, Any]]:
    """Return the view's filters as a version freezes them: plain data, in the order of ids.

    No `repository_ids` means all of the view. A filter whose last repository left the view applies
    nowhere and is left out.
    """
    filters = tx.execute(
        select(content_view_filters)
        .where(content_view_filters.c.content_view_id == content_view_id)
        .order_by(content_view_filters.c.id)
    ).all()
    ids = [row.id for row in filters]
    rules = grouped(
        tx.execute(
            select(content_view_filter_rules)
            .where(among(tx, content_view_filter_rules.c.filter_id, ids))
            .order_by(content_view_filter_rules.c.id)
        ),
        "filter_id",
    )
    limits = content_view_filter_repositories
    links = grouped(
        tx.execute(select(limits).where(among(tx, limits.c.filter_id, ids))), "filter_id"
    )
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "inclusion": row.inclusion,
            "original_packages": row.original_packages,
            "original_module_streams": row.original_module_streams,
            "repository_ids": sorted(link.repository_id for link in links.get(row.id, [])),
            "rules": [_frozen_rule(rule) for rule in rules.get(row.id, [])],
        }
        for row in filters
        if not row.limited or row.id in links
    ]


def load_filter_with_view(
    tx: Transaction, actor: Actor, filter_id: FilterId
) -> tuple[Row[Any], Row[Any]]:
    """Return the rows of the filter and its view; NotFoundError as `access.load`."""
    row = load(tx, actor, content_view_filters, filter_id)
    return row, load(tx, actor, content_views, row.content_view_id)


def _frozen_rule(rule: Any) -> dict[str, Any]:
    kept = {name: getattr(rule, name) for name in _KEPT_OF_RULES}
    return {"id": rule.id, **{name: value for name, value in kept.items() if value}}


def _require_own_content(view: Row[Any]) -> None:
    """Raise ValidationError for a view whose content is not chosen here (katello.md 1.5)."""
    for flag, kind in (
        (view.composite, "composite"),
        (view.rolling, "rolling"),
        (view.import_only, "import-only"),
        (view.generated_for != "none", "generated"),
    ):
        if flag:
            raise ValidationError({"base": [f"cannot contain filters if {kind} view"]})


def _require_flags_of(type_: str, values: Mapping[str, Any]) -> None:
    errors = {
        flag: [f"is for filters of type {of_type}"]
        for flag, of_type in _FLAGS.items()
        if values.get(flag) and type_ != of_type
    }
    if errors:
        raise ValidationError(errors)


def _limit_to(
    tx: Transaction, view_id: int, filter_id: int, repository_ids: Sequence[RepositoryId]
) -> None:
    held = set(
        tx.scalars(
            select(content_view_repositories.c.repository_id).where(
                content_view_repositories.c.content_view_id == view_id
            )
        )
    )
    wanted = list(dict.fromkeys(repository_ids))
    if not held.issuperset(wanted):
        raise BadRequestError("A filter's repositories must be repositories of its content view.")
    tx.execute(
        delete(content_view_filter_repositories).where(
            content_view_filter_repositories.c.filter_id == filter_id
        )
    )
    if wanted:
        tx.execute(
            insert(content_view_filter_repositories),
            [{"filter_id": filter_id, "repository_id": each} for each in wanted],
        )
