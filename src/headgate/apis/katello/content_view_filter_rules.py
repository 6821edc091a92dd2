"""`/katello/api/content_view_filters/:id/rules`."""

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.apis.actions import Call, Listing, ListParams, Params, Resource, doc, list_page
from headgate.apis.actions.params import parameters_of
from headgate.content.rpm.filters.naming import group_with_uuid, stream_keys
from headgate.domain.errors import NotFoundError
from headgate.domain.ids import FilterId, FilterRuleId, UnitId
from headgate.services.related import AnyRow
from headgate.services.units.held_units import require_held
from headgate.services.units.units import UnitScope, units_within
from headgate.services.views.filter_records import RULES, load_filter, load_rule, rules_query
from headgate.services.views.filter_rules import (
    DATE_TYPES,
    ERRATA_TYPES,
    create_rules,
    delete_rule,
    expanded,
    update_rule,
)

content_view_filter_rules = Resource("content_view_filter_rules", "Content View Filter Rules")

_PATH = "/katello/api/content_view_filters/{content_view_filter_id}/rules"
_VIEW = "view_content_views"
_SHOWN = (
    *("name", "uuid", "version", "min_version", "max_version", "architecture"),
    *("errata_id", "start_date", "end_date", "date_type", "types", "allow_other_types"),
    "module_stream_id",
)

Fields = dict[str, Any]


class RuleFields(Params):
    """What a rule matches; which of these a rule takes depends on the type of its filter."""

    name: list[str] | None = doc(
        "Package names and container tags, * stands for anything; names of package groups",
        default=None,
    )
    uuid: str | None = doc("Package group: uuid", default=None)
    version: str | None = doc("Package version, [epoch:]version[-release]", default=None)
    min_version: str | None = doc("Packages later than this version", default=None)
    max_version: str | None = doc("Packages earlier than this version", default=None)
    architecture: str | None = doc("Package architecture; * stands for anything", default=None)
    errata_id: str | None = doc("Erratum: id", default=None)
    errata_ids: list[str] | None = doc("Erratum: ids, a rule for each", default=None)
    start_date: str | None = doc("Erratum: first day (YYYY-MM-DD)", default=None)
    end_date: str | None = doc("Erratum: last day (YYYY-MM-DD)", default=None)
    types: list[str] | None = doc(
        f"Erratum: types ({', '.join(ERRATA_TYPES)}), any if none are given", default=None
    )
    date_type: str | None = doc(
        "Erratum: which of its days counts, updated if not given", default=None, enum=DATE_TYPES
    )
    allow_other_types: bool | None = doc(
        "Erratum: also types that are not in the list", default=None
    )
    module_stream_ids: list[UnitId] | None = doc("Module stream ids, a rule for each", default=None)


def wanted_rules(call: Call, filter_id: FilterId, asked: Sequence[RuleFields]) -> list[Fields]:
    """Return the rules that requests mean, with what is lasting of the units that they name.

    NotFoundError for units that the organization of the filter does not hold.
    """
    row = load_filter(call.tx, call.actor, filter_id)
    scope = UnitScope(organization_id=row.organization_id)
    names = [each.name for each in parameters_of(RuleFields)]
    found = [rule for each in asked for rule in expanded(each.changes(*names))]
    streams = [rule["module_stream_id"] for rule in found if rule.get("module_stream_id")]
    if streams:
        require_held(call.tx, call.actor, "module_stream", streams, scope)
    keys = stream_keys(call.tx, streams)
    return [_lasting(call, rule, scope, keys) for rule in found]


class Index(ListParams):
    """List filter rules."""

    content_view_filter_id: FilterId = doc("Filter identifier")
    id: FilterRuleId | None = doc("Rule identifier", default=None)
    name: str | None = doc("Filter rules by name", default=None)
    errata_id: str | None = doc("Filter rules by errata id", default=None)


@content_view_filter_rules.action("index", "GET", _PATH, permission=_VIEW)
def index(call: Call, params: Index) -> Listing:
    """List the rules of a filter."""
    plain = {"id": params.id, "name": params.name, "errata_id": params.errata_id}
    found = rules_query(call.actor, params.content_view_filter_id, **plain)
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
    """Add one and show it; of several names, errata or streams one each, as a list."""
    filter_id = params.content_view_filter_id
    ids = create_rules(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        filter_id=filter_id,
        wanted=wanted_rules(call, filter_id, [params]),
    )
    made = [_one(call, One(content_view_filter_id=filter_id, id=rule_id)) for rule_id in ids]
    return made[0] if len(made) == 1 else {"results": made}


class Update(Params):
    """Update a filter rule."""

    content_view_filter_id: FilterId = doc("Filter identifier")
    id: FilterRuleId = doc("Rule identifier")
    name: str | None = doc("Package name, name of a package group or container tag", default=None)
    version: str | None = doc("Package version, [epoch:]version[-release]", default=None)
    min_version: str | None = doc("Packages later than this version", default=None)
    max_version: str | None = doc("Packages earlier than this version", default=None)
    architecture: str | None = doc("Package architecture; * stands for anything", default=None)
    errata_id: str | None = doc("Erratum: id", default=None)
    start_date: str | None = doc("Erratum: first day (YYYY-MM-DD)", default=None)
    end_date: str | None = doc("Erratum: last day (YYYY-MM-DD)", default=None)
    types: list[str] | None = doc(
        f"Erratum: types ({', '.join(ERRATA_TYPES)}), any if none are given", default=None
    )
    date_type: str | None = doc("Erratum: which of its days counts", default=None, enum=DATE_TYPES)
    allow_other_types: bool | None = doc(
        "Erratum: also types that are not in the list", default=None
    )


@content_view_filter_rules.action("update", "PUT", f"{_PATH}/{{id}}")
def update(call: Call, params: Update) -> dict[str, Any]:
    """Change what is given; empty text or null clears a field."""
    one = One(content_view_filter_id=params.content_view_filter_id, id=params.id)
    _one(call, one)
    keys = ("id", "content_view_filter_id")
    changes = {name: value for name, value in params.changes().items() if name not in keys}
    update_rule(
        call.tx,
        actor=call.actor,
        clock=call.services.clock,
        rule_id=params.id,
        changes=changes,
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
    said = {name: getattr(row, name) for name in _SHOWN if getattr(row, name)}
    if row.module_stream:
        parts = ("name", "stream", "version", "context", "arch")
        said["module_stream"] = dict(zip(parts, row.module_stream.split(":"), strict=False))
    return {
        "id": row.id,
        "content_view_filter_id": row.filter_id,
        **said,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _one(call: Call, params: One) -> dict[str, Any]:
    row = load_rule(call.tx, call.actor, params.id, filter_id=params.content_view_filter_id)
    return rule_object(row)


def _lasting(call: Call, rule: Fields, scope: UnitScope, keys: Mapping[int, str]) -> Fields:
    stream = rule.get("module_stream_id")
    if stream:
        return {**rule, "module_stream": keys.get(stream)}
    if rule.get("uuid"):
        groups = units_within(call.tx, call.actor, "package_group", scope)
        group = group_with_uuid(call.tx, groups, rule["uuid"])
        if group is None:
            raise NotFoundError(f"Could not find package group with uuid {rule['uuid'][:64]}")
        return {**rule, "group_id": group.group_id, "name": rule.get("name") or group.name}
    return rule
