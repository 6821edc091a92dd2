"""Rules of content view filters: what each type of filter may say, checked and kept."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import FilterId, FilterRuleId
from headgate.services.access import Actor, load, require_for
from headgate.services.related import AnyRow
from headgate.services.views.filters import load_filter_with_view
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_filter_rules as rules
from headgate.stores.db.tables import content_views

ERRATA_TYPES: Final = ("security", "enhancement", "bugfix", "other")
DATE_TYPES: Final = ("issued", "updated")
MAX_RULES: Final = 20_000  # of one filter

_VERSION: Final = re.compile(r"(?:\d{1,9}:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?")
_GLOB: Final = re.compile(r"[^\x00-\x20\x7f/]{1,255}")
_TAG: Final = re.compile(r"[A-Za-z0-9_.*-]{1,255}")
_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?")
_LONGEST: Final = 255
_BY_DATE: Final = ("start_date", "end_date", "types", "allow_other_types")

Fields = dict[str, Any]
Errors = dict[str, list[str]]

# What a rule of each type of filter says; two rules that say the same in all of it are equal.
FIELDS: Final[Mapping[str, Sequence[str]]] = {
    "rpm": ("name", "version", "min_version", "max_version", "architecture"),
    "package_group": ("uuid", "group_id", "name"),
    "erratum": ("errata_id", "start_date", "end_date", "date_type", "types", "allow_other_types"),
    "modulemd": ("module_stream_id", "module_stream"),
    "docker": ("name",),
}
# What clients do not say, but the units that they name.
_DERIVED: Final = ("group_id", "module_stream")


def create_rules(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    filter_id: FilterId,
    wanted: Sequence[Mapping[str, Any]],
) -> list[FilterRuleId]:
    """Add these rules, all or none, and return their ids in order.

    A rule of a group comes with the `group_id`, one of a module stream with the `module_stream`
    key of the unit that it names (`content/rpm/filters/naming.py`).
    """
    row, view = load_filter_with_view(tx, actor, filter_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    present = [_said(row.type, rule) for rule in _rules_of(tx, row.id)]
    ids: list[FilterRuleId] = []
    if len(present) + len(wanted) > MAX_RULES:
        raise ValidationError({"base": [f"A filter has at most {MAX_RULES} rules"]})
    seen = {_identity(row.type, fields) for fields in present}
    now = clock()
    for values in wanted:
        fields = _checked(row.type, values)
        _require_new(row.type, fields, seen)
        seen.add(_identity(row.type, fields))
        stamped = {"filter_id": row.id, "created_at": now, "updated_at": now, **fields}
        key = tx.execute(insert(rules).values(**stamped)).inserted_primary_key
        ids.append(FilterRuleId(key[0] if key else 0))
    return ids


def update_rule(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    rule_id: FilterRuleId,
    changes: Mapping[str, Any],
) -> None:
    """Change a rule's fields; one given as None or empty is cleared."""
    rule = load(tx, actor, rules, rule_id)
    row, view = load_filter_with_view(tx, actor, rule.filter_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    fields = _checked(row.type, {**_said(row.type, rule), **changes})
    others = [_said(row.type, each) for each in _rules_of(tx, row.id) if each.id != rule.id]
    _require_new(row.type, fields, {_identity(row.type, each) for each in others})
    tx.execute(update(rules).where(rules.c.id == rule.id).values(updated_at=clock(), **fields))


def delete_rule(tx: Transaction, *, actor: Actor, rule_id: FilterRuleId) -> None:
    """Remove a rule from its filter."""
    rule = load(tx, actor, rules, rule_id)
    _, view = load_filter_with_view(tx, actor, rule.filter_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    tx.execute(delete(rules).where(rules.c.id == rule.id))


def expanded(values: Mapping[str, Any]) -> list[Fields]:
    """Return the rules that one request means: one for each of its names, advisories or streams."""
    lists = {"name": "name", "errata_ids": "errata_id", "module_stream_ids": "module_stream_id"}
    rest = {name: value for name, value in values.items() if name not in lists}
    found = [
        {**rest, single: value}
        for several, single in lists.items()
        for value in dict.fromkeys(values.get(several) or ())
    ]
    return found or [rest]


def _checked(type_: str, values: Mapping[str, Any]) -> Fields:
    """Return the fields of a rule, those not given as None, or raise ValidationError."""
    errors: Errors = {
        name: [f"is for filters of type {_type_of(name)}"]
        for name, value in values.items()
        if value and name not in FIELDS[type_]
    }
    fields = {name: values.get(name) or None for name in FIELDS[type_]}
    if not errors:
        _CHECKS[type_](fields, errors)
    if errors:
        raise ValidationError(errors)
    return fields


def _check_rpm(fields: Fields, errors: Errors) -> None:
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


def _check_group(fields: Fields, errors: Errors) -> None:
    if fields["group_id"] is None and fields["name"] is None:
        errors["uuid"] = ["can't be blank"]
    _require_printable(fields, "name", errors)


def _check_erratum(fields: Fields, errors: Errors) -> None:
    by_date = [name for name in _BY_DATE if fields[name]]
    if fields["errata_id"] is None and not by_date:
        errors["base"] = ["One of errata_id, start_date, end_date and types must be given"]
    if fields["errata_id"] and by_date:
        errors["base"] = [f"errata_id and {by_date[0]} cannot be given together"]
    _require_printable(fields, "errata_id", errors)
    for name in ("start_date", "end_date"):
        if fields[name] is not None:
            fields[name] = _day(fields[name], name, errors)
    unknown = [each for each in fields["types"] or () if each not in ERRATA_TYPES]
    if unknown:
        errors["types"] = [f"must be any of: {', '.join(ERRATA_TYPES)}"]
    if fields["date_type"] not in (None, *DATE_TYPES):
        errors["date_type"] = [f"must be one of the following: {', '.join(DATE_TYPES)}"]
    if errors:
        return
    if fields["start_date"] and fields["end_date"] and fields["start_date"] > fields["end_date"]:
        errors["base"] = ["The start date must not be after the end date"]
    if fields["errata_id"] is None:
        fields["date_type"] = fields["date_type"] or "updated"
    else:
        fields["date_type"] = None


def _check_module(fields: Fields, errors: Errors) -> None:
    if fields["module_stream"] is None:
        errors["module_stream_ids"] = ["can't be blank"]


def _check_tag(fields: Fields, errors: Errors) -> None:
    if not _TAG.fullmatch(fields["name"] or ""):
        errors["name"] = [
            "must be the name of a tag, with * for anything: letters, digits, '_', '.', '-'"
        ]


_CHECKS: Final[Mapping[str, Callable[[Fields, Errors], None]]] = {
    "rpm": _check_rpm,
    "package_group": _check_group,
    "erratum": _check_erratum,
    "modulemd": _check_module,
    "docker": _check_tag,
}


def _require_printable(fields: Fields, name: str, errors: Errors) -> None:
    text = fields[name]
    if text is not None and not (len(text) <= _LONGEST and text.isprintable()):
        errors[name] = [f"must be 1 to {_LONGEST} printable characters"]


def _day(text: str, name: str, errors: Errors) -> str | None:
    found = _DAY.fullmatch(text.strip())
    try:
        return date.fromisoformat(found[1] if found else text).isoformat()
    except ValueError:
        errors[name] = ["must be a date such as 2026-01-31"]
        return None


def _require_new(type_: str, fields: Fields, others: set[object]) -> None:
    """Raise ValidationError for a rule that is there, or that cannot stand beside the others.

    An erratum filter has either rules by id or one by date and type.
    """
    message = ""
    if type_ == "erratum" and others and fields["errata_id"] is None:
        message = "A rule by date or type must be the only one of its filter"
    elif type_ == "erratum" and _A_DATE_RULE in others:
        message = "A rule by id cannot be added to a filter with one by date or type"
    elif _identity(type_, fields) in others:
        message = "This filter has an equal rule already"
    if message:
        raise ValidationError({"base": [message]})


_A_DATE_RULE: Final = ("date",)


def _identity(type_: str, fields: Fields) -> object:
    if type_ == "erratum":
        return _A_DATE_RULE if fields["errata_id"] is None else (fields["errata_id"],)
    if type_ == "package_group":
        return ("id", fields["group_id"]) if fields["group_id"] else ("name", fields["name"])
    if type_ == "modulemd":
        return fields["module_stream"]
    return tuple(fields[name] for name in FIELDS[type_])


def _said(type_: str, rule: Any) -> Fields:
    return {name: getattr(rule, name) for name in FIELDS[type_]}


def _rules_of(tx: Transaction, filter_id: int) -> Sequence[AnyRow]:
    return tx.execute(select(rules).where(rules.c.filter_id == filter_id)).all()


def _type_of(field: str) -> str:
    return next(type_ for type_, names in FIELDS.items() if field in names)
