"""`/katello/api/content_view_filters`, also below their content view."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc
from headgate.apis.katello.content_view_filter_rules import (
    RuleFields,
    rule_object,
    wanted_rules,
)
from headgate.apis.katello.shapes import named_all
from headgate.domain.ids import ContentViewId, FilterId, FilterRuleId, RepositoryId
from headgate.services.listing import page
from headgate.services.related import AnyRow
from headgate.services.views.filter_records import (
    FILTERS,
    Beside,
    beside,
    load_filter,
    query,
    require_rules_of,
)
from headgate.services.views.filter_rules import create_rules, delete_rule
from headgate.services.views.filters import TYPES, create_filter, delete_filter, update_filter

content_view_filters = Resource("content_view_filters", "Content View Filters")

_FLAT = "/katello/api/content_view_filters"
_NESTED = "/katello/api/content_views/{content_view_id}/filters"
_VIEW = "view_content_views"


class Index(ListParams):
    """List content view filters."""

    content_view_id: ContentViewId | None = doc("Content view identifier", default=None)
    id: FilterId | None = doc("Filter identifier", default=None)
    name: str | None = doc("Filter content view filters by name", default=None)
    types: list[str] = doc("Types of filters", default=[])


@content_view_filters.action("index", "GET", _NESTED, also=[_FLAT], permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List them."""
    found = query(
        call.actor,
        types=params.types,
        content_view_id=params.content_view_id,
        id=params.id,
        name=params.name,
    )
    listed = page(call.tx, found, catalog=FILTERS, window=params.window, clock=call.services.clock)
    around = beside(call.tx, listed.rows)
    return Listing.of(listed, lambda row: _shown(row, around))


class One(Params):
    """Show filter info."""

    id: FilterId = doc("Filter identifier")
    content_view_id: ContentViewId | None = doc("Content view identifier", default=None)


@content_view_filters.action(
    "show", "GET", f"{_NESTED}/{{id}}", also=[f"{_FLAT}/{{id}}"], permission=_VIEW
)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params)


class Create(Params):
    """Create a filter for a content view."""

    content_view_id: ContentViewId = doc("Content view identifier")
    name: str = doc("Name of the filter")
    type: str = doc("Type of filter", enum=tuple(TYPES))
    inclusion: bool = doc("Include what matches, instead of excluding it", default=False)
    original_packages: bool = doc(
        "Add all packages without errata (rpm filters only)", default=False
    )
    original_module_streams: bool = doc(
        "Add all module streams without errata (modulemd filters only)", default=False
    )
    description: str | None = doc("Description of the filter", default=None)
    repository_ids: list[RepositoryId] = doc(
        "Repositories that it applies to, all of the view if none are given", default=[]
    )


@content_view_filters.action("create", "POST", _NESTED, also=[_FLAT])
def create(call: Call, params: Create) -> dict[str, Any]:
    """Make one."""
    filter_id = create_filter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        content_view_id=params.content_view_id,
        name=params.name,
        type_=params.type,
        inclusion=params.inclusion,
        original_packages=params.original_packages,
        original_module_streams=params.original_module_streams,
        description=params.description,
        repository_ids=params.repository_ids,
    )
    return _one(call, One(id=filter_id, content_view_id=None))


class Update(One):
    """Update a filter."""

    name: str | None = doc("New name for the filter", default=None)
    inclusion: bool | None = doc("Include what matches, instead of excluding it", default=None)
    original_packages: bool | None = doc(
        "Add all packages without errata (rpm filters only)", default=None
    )
    original_module_streams: bool | None = doc(
        "Add all module streams without errata (modulemd filters only)", default=None
    )
    description: str | None = doc("Description of the filter", default=None)
    repository_ids: list[RepositoryId] | None = doc(
        "Repositories that it applies to, all of the view if none are given", default=None
    )


@content_view_filters.action("update", "PUT", f"{_NESTED}/{{id}}", also=[f"{_FLAT}/{{id}}"])
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given."""
    load_filter(call.tx, call.actor, params.id, content_view_id=params.content_view_id)
    flags = ("original_packages", "original_module_streams")
    given = params.changes("name", "inclusion", *flags, "repository_ids").items()
    changes = {name: value for name, value in given if value is not None}
    update_filter(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        filter_id=params.id,
        changes=changes | params.changes("description"),
    )
    return _one(call, params)


class Destroy(One):
    """Delete a filter."""


@content_view_filters.action("destroy", "DELETE", f"{_NESTED}/{{id}}", also=[f"{_FLAT}/{{id}}"])
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it with its rules; return it as it was."""
    shown = _one(call, params)
    delete_filter(call.tx, actor=call.actor, filter_id=params.id)
    return shown


class AddFilterRules(One):
    """Add rules to a filter."""

    rules_params: list[RuleFields] = doc("Rules to add", max_length=1000)


@content_view_filters.action(
    "add_filter_rules",
    "PUT",
    f"{_NESTED}/{{id}}/add_filter_rules",
    also=[f"{_FLAT}/{{id}}/add_filter_rules"],
)
def add_filter_rules(call: Call, params: AddFilterRules) -> dict[str, Any]:
    """Add all of them or none."""
    load_filter(call.tx, call.actor, params.id, content_view_id=params.content_view_id)
    create_rules(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        filter_id=params.id,
        wanted=wanted_rules(call, params.id, params.rules_params),
    )
    return _one(call, params)


class RemoveFilterRules(One):
    """Delete rules of a filter."""

    rule_ids: list[FilterRuleId] = doc("Rule identifiers")


@content_view_filters.action(
    "remove_filter_rules",
    "PUT",
    f"{_NESTED}/{{id}}/remove_filter_rules",
    also=[f"{_FLAT}/{{id}}/remove_filter_rules"],
)
def remove_filter_rules(call: Call, params: RemoveFilterRules) -> dict[str, Any]:
    """Delete all of them or none."""
    load_filter(call.tx, call.actor, params.id, content_view_id=params.content_view_id)
    require_rules_of(call.tx, call.actor, params.id, params.rule_ids)
    for rule_id in dict.fromkeys(params.rule_ids):
        delete_rule(call.tx, actor=call.actor, rule_id=rule_id)
    return _one(call, params)


def _one(call: Call, params: One) -> dict[str, Any]:
    row = load_filter(call.tx, call.actor, params.id, content_view_id=params.content_view_id)
    return _shown(row, beside(call.tx, [row]))


def _shown(row: AnyRow, around: Beside) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "type": row.type,
        "inclusion": row.inclusion,
        "original_packages": row.original_packages,
        "original_module_streams": row.original_module_streams,
        "content_view_id": row.content_view_id,
        "content_view": {
            "id": row.content_view_id,
            "name": row.content_view_name,
            "label": row.content_view_label,
        },
        "repositories": named_all(around.repositories.get(row.id, []), "label", "content_type"),
        "repository_ids": [each.id for each in around.repositories.get(row.id, [])],
        # False with no repositories: they left the view, and the filter applies nowhere.
        "all_repositories": not row.limited,
        "rules": [rule_object(rule) for rule in around.rules.get(row.id, [])],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
