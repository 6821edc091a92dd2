"""Content view filters and their rules: kept as asked, applied when a version is published."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ValidationError
from headgate.domain.ids import ContentViewId, FilterId, FilterRuleId, RepositoryId
from headgate.services.access import Actor, load
from headgate.services.content_views import require_plain
from headgate.services.uniqueness import free_name
from headgate.stores.db import Transaction
from headgate.stores.db.statements import insert_row
from headgate.stores.db.tables import (
    content_view_filter_repositories,
    content_view_filter_rules,
    content_view_filters,
    content_view_repositories,
    content_views,
)

TYPES = ("rpm",)
RULE_FIELDS = ("name", "version", "min_version", "max_version", "architecture")

_VERSION = re.compile(r"(?:\d{1,9}:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?")
_GLOB = re.compile(r"[^\x00-\x20\x7f/]{1,255}")


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
    description: str | None = None,
    repository_ids: Sequence[RepositoryId] = (),
) -> FilterId:
    """Make a filter; without repositories it applies to all of its view."""
    view = require_plain(load(tx, actor, content_views, content_view_id), "filtered")
    actor.require("edit_content_views", organization_id=view.organization_id)
    if type_ not in TYPES:
        raise ValidationError({"type": [f"must be one of the following: {', '.join(TYPES)}"]})
    free_name(tx, content_view_filters, name, content_view_id=content_view_id)
    now = clock()
    filter_id = insert_row(
        tx,
        content_view_filters,
        {
            "content_view_id": content_view_id,
            "name": name,
            "description": description,
            "type": type_,
            "inclusion": inclusion,
            "original_packages": original_packages,
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
    """Change name, description, inclusion, original_packages or the list of repositories."""
    row, view = _load_filter(tx, actor, filter_id)
    actor.require("edit_content_views", organization_id=view.organization_id)
    columns = ("description", "inclusion", "original_packages")
    values = {column: changes[column] for column in columns if column in changes}
    if "name" in changes and changes["name"] != row.name:
        values["name"] = free_name(
            tx, content_view_filters, changes["name"], except_id=row.id, content_view_id=view.id
        )
    if "repository_ids" in changes:
        _limit_to(tx, view.id, row.id, changes["repository_ids"])
    tx.execute(
        update(content_view_filters)
        .where(content_view_filters.c.id == row.id)
        .values(updated_at=clock(), **values)
    )


def delete_filter(tx: Transaction, *, actor: Actor, filter_id: FilterId) -> None:
    """Delete the filter with its rules."""
    row, view = _load_filter(tx, actor, filter_id)
    actor.require("edit_content_views", organization_id=view.organization_id)
    tx.execute(delete(content_view_filters).where(content_view_filters.c.id == row.id))


def create_rule(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    filter_id: FilterId,
    values: Mapping[str, str | None],
) -> FilterRuleId:
    """Add a rule: name and architecture are globs, a version is exact or two bounds."""
    row, view = _load_filter(tx, actor, filter_id)
    actor.require("edit_content_views", organization_id=view.organization_id)
    fields = checked_rule(values)
    _require_new_rule(tx, row.id, fields)
    now = clock()
    rule_id = insert_row(
        tx,
        content_view_filter_rules,
        {"filter_id": row.id, "created_at": now, "updated_at": now, **fields},
    )
    return FilterRuleId(rule_id)


def update_rule(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    rule_id: FilterRuleId,
    changes: Mapping[str, str | None],
) -> None:
    """Change a rule's fields; one given as None or empty is cleared."""
    rule = load(tx, actor, content_view_filter_rules, rule_id)
    row, view = _load_filter(tx, actor, rule.filter_id)
    actor.require("edit_content_views", organization_id=view.organization_id)
    present = {field: getattr(rule, field) for field in RULE_FIELDS}
    fields = checked_rule({**present, **changes})
    if fields != present:
        _require_new_rule(tx, row.id, fields)
    tx.execute(
        update(content_view_filter_rules)
        .where(content_view_filter_rules.c.id == rule.id)
        .values(updated_at=clock(), **fields)
    )


def delete_rule(tx: Transaction, *, actor: Actor, rule_id: FilterRuleId) -> None:
    """Remove a rule from its filter."""
    rule = load(tx, actor, content_view_filter_rules, rule_id)
    _, view = _load_filter(tx, actor, rule.filter_id)
    actor.require("edit_content_views", organization_id=view.organization_id)
    tx.execute(delete(content_view_filter_rules).where(content_view_filter_rules.c.id == rule.id))


def checked_rule(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return a rule's fields with empty ones as None, or raise ValidationError."""
    fields = {field: values.get(field) or None for field in RULE_FIELDS}
    errors: dict[str, list[str]] = {}
    if fields["name"] is None:
        errors["name"] = ["can't be blank"]
    for field in ("name", "architecture"):
        text = fields[field]
        if text is not None and not _GLOB.fullmatch(text):
            errors[field] = ["must be 1 to 255 characters without spaces or slashes"]
    for field in ("version", "min_version", "max_version"):
        text = fields[field]
        if text is not None and not _VERSION.fullmatch(text):
            errors[field] = ["must be of the form [epoch:]version[-release]"]
    if fields["version"] and (fields["min_version"] or fields["max_version"]):
        errors["base"] = ["Version and a range of versions cannot be given together"]
    if errors:
        raise ValidationError(errors)
    return fields


def filters_of(tx: Transaction, content_view_id: int) -> list[dict[str, Any]]:
    """Return the view's filters as a version freezes them: plain data, in the order of ids."""
    filters = tx.execute(
        select(content_view_filters)
        .where(content_view_filters.c.content_view_id == content_view_id)
        .order_by(content_view_filters.c.id)
    ).all()
    ids = [row.id for row in filters]
    rules = tx.execute(
        select(content_view_filter_rules)
        .where(content_view_filter_rules.c.filter_id.in_(ids))
        .order_by(content_view_filter_rules.c.id)
    ).all()
    links = tx.execute(
        select(content_view_filter_repositories).where(
            content_view_filter_repositories.c.filter_id.in_(ids)
        )
    ).all()
    return [
        {
            "id": row.id,
            "name": row.name,
            "type": row.type,
            "inclusion": row.inclusion,
            "original_packages": row.original_packages,
            "repository_ids": sorted(
                link.repository_id for link in links if link.filter_id == row.id
            ),
            "rules": [
                {field: getattr(rule, field) for field in RULE_FIELDS if getattr(rule, field)}
                for rule in rules
                if rule.filter_id == row.id
            ],
        }
        for row in filters
    ]


def _load_filter(tx: Transaction, actor: Actor, filter_id: FilterId) -> tuple[Row[Any], Row[Any]]:
    row = load(tx, actor, content_view_filters, filter_id)
    return row, load(tx, actor, content_views, row.content_view_id)


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


def _require_new_rule(tx: Transaction, filter_id: int, fields: Mapping[str, str | None]) -> None:
    table = content_view_filter_rules
    same = [
        table.c[field].is_(None) if value is None else table.c[field] == value
        for field, value in fields.items()
    ]
    if tx.scalar(select(table.c.id).where(table.c.filter_id == filter_id, *same)):
        raise ValidationError({"base": ["This filter has an equal rule already"]})
