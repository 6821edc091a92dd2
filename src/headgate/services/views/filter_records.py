"""Reading content view filters, their rules and histories, with what stands beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from headgate.domain.ids import ContentViewId, FilterId, FilterRuleId
from headgate.search import Field, Fields
from headgate.services.access import Actor, load, load_many, missing, scoped
from headgate.services.listing import Catalog, where_equal
from headgate.services.related import AnyRow, Grouped, grouped
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among
from headgate.stores.db.tables import (
    content_view_filter_repositories,
    content_view_filter_rules,
    content_view_filters,
    content_view_histories,
    content_views,
    repositories,
)

FILTERS: Final = Catalog(
    key=content_view_filters.c.id,
    fields=Fields(
        {
            "id": Field(content_view_filters.c.id, "integer"),
            "name": Field(content_view_filters.c.name, default=True),
            "description": Field(content_view_filters.c.description),
            "type": Field(content_view_filters.c.type),
            "content_type": Field(content_view_filters.c.type),
            "inclusion_type": Field(content_view_filters.c.inclusion, "boolean"),
            "content_view_id": Field(content_view_filters.c.content_view_id, "integer"),
        }
    ),
)

RULES: Final = Catalog(
    key=content_view_filter_rules.c.id,
    fields=Fields(
        {
            "id": Field(content_view_filter_rules.c.id, "integer"),
            "name": Field(content_view_filter_rules.c.name, default=True),
            "version": Field(content_view_filter_rules.c.version),
            "architecture": Field(content_view_filter_rules.c.architecture),
            "min_version": Field(content_view_filter_rules.c.min_version),
            "max_version": Field(content_view_filter_rules.c.max_version),
            "errata_id": Field(content_view_filter_rules.c.errata_id),
            "uuid": Field(content_view_filter_rules.c.uuid),
        }
    ),
    default_sort=("id", "asc"),
)

HISTORIES: Final = Catalog(
    key=content_view_histories.c.id,
    fields=Fields(
        {
            "id": Field(content_view_histories.c.id, "integer"),
            "version": Field(content_view_histories.c.version, default=True),
            "environment": Field(content_view_histories.c.environment, default=True),
            "action": Field(content_view_histories.c.action),
            "user": Field(content_view_histories.c.user),
            "status": Field(content_view_histories.c.status),
            "created_at": Field(content_view_histories.c.created_at, "datetime"),
        }
    ),
    default_sort=("created_at", "desc"),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """Of the filters of a page: rules and the repositories that they are limited to."""

    rules: Grouped
    repositories: Grouped


def query(actor: Actor, *, types: Sequence[str] = (), **plain: object) -> Select[Any]:
    """Select filters with their view."""
    joined = (
        select(
            content_view_filters,
            content_views.c.name.label("content_view_name"),
            content_views.c.label.label("content_view_label"),
            content_views.c.organization_id,
        )
        .select_from(content_view_filters)
        .join(content_views, content_views.c.id == content_view_filters.c.content_view_id)
    )
    if types:
        joined = joined.where(content_view_filters.c.type.in_(types))
    narrowed = scoped(joined, actor, content_view_filters)
    return where_equal(narrowed, content_view_filters, **plain)


def load_filter(
    tx: Transaction,
    actor: Actor,
    filter_id: FilterId,
    *,
    content_view_id: ContentViewId | None = None,
) -> AnyRow:
    """Return one filter as `query` gives it; NotFoundError unless it is of `content_view_id`."""
    found = load(tx, actor, content_view_filters, filter_id)
    if content_view_id is not None and found.content_view_id != content_view_id:
        raise missing(FilterId, filter_id)
    return tx.execute(query(actor).where(content_view_filters.c.id == filter_id)).one()


def require_filters_of(
    tx: Transaction, actor: Actor, content_view_id: ContentViewId, filter_ids: Sequence[FilterId]
) -> None:
    """Raise NotFoundError unless every one of these is a filter of the view."""
    load(tx, actor, content_views, content_view_id)
    for row in load_many(tx, actor, content_view_filters, filter_ids):
        if row.content_view_id != content_view_id:
            raise missing(FilterId, row.id)


def beside(tx: Transaction, rows: Sequence[AnyRow]) -> Beside:
    """Read what stands beside these filters, in two statements."""
    ids = [row.id for row in rows]
    rules = tx.execute(
        select(content_view_filter_rules)
        .where(among(tx, content_view_filter_rules.c.filter_id, ids))
        .order_by(content_view_filter_rules.c.id)
    )
    limits = content_view_filter_repositories
    limited = tx.execute(
        select(
            limits.c.filter_id,
            repositories.c.id,
            repositories.c.name,
            repositories.c.label,
            repositories.c.content_type,
        )
        .join(repositories, repositories.c.id == limits.c.repository_id)
        .where(among(tx, limits.c.filter_id, ids))
        .order_by(repositories.c.name, repositories.c.id)
    )
    return Beside(grouped(rules, "filter_id"), grouped(limited, "filter_id"))


def rules_query(actor: Actor, filter_id: FilterId, **plain: object) -> Select[Any]:
    """Select the rules of a filter."""
    of_filter = select(content_view_filter_rules).where(
        content_view_filter_rules.c.filter_id == filter_id
    )
    narrowed = scoped(of_filter, actor, content_view_filter_rules)
    return where_equal(narrowed, content_view_filter_rules, **plain)


def load_rule(
    tx: Transaction, actor: Actor, rule_id: FilterRuleId, *, filter_id: FilterId
) -> AnyRow:
    """Return a rule; NotFoundError unless it is of this filter."""
    load(tx, actor, content_view_filters, filter_id)
    row = load(tx, actor, content_view_filter_rules, rule_id)
    if row.filter_id != filter_id:
        raise missing(FilterRuleId, rule_id)
    return row


def require_rules_of(
    tx: Transaction, actor: Actor, filter_id: FilterId, rule_ids: Iterable[FilterRuleId]
) -> None:
    """Raise NotFoundError unless every one of these is a rule of the filter."""
    for row in load_many(tx, actor, content_view_filter_rules, list(rule_ids)):
        if row.filter_id != filter_id:
            raise missing(FilterRuleId, row.id)


def histories_query(tx: Transaction, actor: Actor, content_view_id: ContentViewId) -> Select[Any]:
    """Select what has happened to a view's versions."""
    load(tx, actor, content_views, content_view_id)
    return select(content_view_histories).where(
        content_view_histories.c.content_view_id == content_view_id
    )
