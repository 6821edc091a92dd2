"""`/katello/api/content_view_filters/:id/rules`."""

from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.domain.ids import FilterId, FilterRuleId
from headgate.services.filter_records import RULES, load_rule, rules_query
from headgate.services.filters import RULE_FIELDS, create_rule, delete_rule, update_rule
from headgate.services.related import AnyRow

content_view_filter_rules = Resource("content_view_filter_rules", "Content View Filter Rules")

_PATH = "/katello/api/content_view_filters/{content_view_filter_id}/rules"
_VIEW = "view_content_views"


class RuleFields(Params):
    """What packages a rule matches."""

    name: str | None = doc("Package name; * stands for anything", default=None)
    version: str | None = doc("Package version, [epoch:]version[-release]", default=None)
    min_version: str | None = doc("Packages later than this version", default=None)
    max_version: str | None = doc("Packages earlier than this version", default=None)
    architecture: str | None = doc("Package architecture; * stands for anything", default=None)

    def values(self) -> dict[str, str | None]:
        """Return the fields that were given."""
        return self.changes(*RULE_FIELDS)


class Index(ListParams):
    """List filter rules."""

    content_view_filter_id: FilterId = doc("Filter identifier")
    id: FilterRuleId | None = doc("Rule identifier", default=None)
    name: str | None = doc("Filter rules by name", default=None)


@content_view_filter_rules.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List the rules of a filter."""
    found = rules_query(call.actor, params.content_view_filter_id, id=params.id, name=params.name)
    return list_page(call, params, found, catalog=RULES, show=rule_object)


class One(Params):
    """Show filter rule info."""

    content_view_filter_id: FilterId = doc("Filter identifier")
    id: FilterRuleId = doc("Rule identifier")


@content_view_filter_rules.action("show", "GET", f"{_PATH}/{{id}}", permission=_VIEW)
def show(call: Call, params: One) -> dict[str, Any]:
    """Show one."""
    return _one(call, params)


class Create(RuleFields):
    """Create a filter rule."""

    content_view_filter_id: FilterId = doc("Filter identifier")


@content_view_filter_rules.action("create", "POST", _PATH)
def create(call: Call, params: Create) -> dict[str, Any]:
    """Add one."""
    rule_id = create_rule(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        filter_id=params.content_view_filter_id,
        values=params.values(),
    )
    return _one(call, One(content_view_filter_id=params.content_view_filter_id, id=rule_id))


class Update(RuleFields):
    """Update a filter rule."""

    content_view_filter_id: FilterId = doc("Filter identifier")
    id: FilterRuleId = doc("Rule identifier")


@content_view_filter_rules.action("update", "PUT", f"{_PATH}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given; empty text or null clears a field."""
    one = One(content_view_filter_id=params.content_view_filter_id, id=params.id)
    _one(call, one)
    update_rule(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        rule_id=params.id,
        changes=params.values(),
    )
    return _one(call, one)


class Destroy(One):
    """Delete a filter rule."""


@content_view_filter_rules.action("destroy", "DELETE", f"{_PATH}/{{id}}")
def destroy(call: Call, params: Destroy) -> dict[str, Any]:
    """Delete it; return it as it was."""
    shown = _one(call, params)
    delete_rule(call.tx, actor=call.actor, rule_id=params.id)
    return shown


def rule_object(row: AnyRow) -> dict[str, Any]:
    """Return a rule as the API shows it: without its empty fields."""
    fields = {name: getattr(row, name) for name in RULE_FIELDS if getattr(row, name)}
    return {
        "id": row.id,
        "content_view_filter_id": row.filter_id,
        **fields,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _one(call: Call, params: One) -> dict[str, Any]:
    row = load_rule(call.tx, call.actor, params.id, filter_id=params.content_view_filter_id)
    return rule_object(row)
