"""Content view filters as lists of units are narrowed by them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import ColumnElement, RowMapping, select

from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId, FilterId, FilterRuleId
from headgate.plugin import FilterRule
from headgate.services.access import Actor, missing, scoped
from headgate.stores.db import Transaction
from headgate.stores.db.statements import rows_of
from headgate.stores.db.tables import content_view_filter_rules, content_view_filters

Named = Callable[[Any], bool]

_rule = content_view_filter_rules.c
_filter = content_view_filters.c


@dataclass(frozen=True, slots=True)
class Naming:
    """How the rules of one type of filter name the units of a kind.

    `columns` (the key first) are what `named`, made ready with the rules, looks at in a row.
    """

    filter_type: str
    columns: Sequence[ColumnElement[Any]]
    named: Callable[[Sequence[FilterRule]], Named]

    def among(self, tx: Transaction, rules: Sequence[FilterRule], units: BitMap) -> BitMap:
        """Return which of the units the rules name; one statement, none without rules."""
        if not rules:
            return BitMap()
        named = self.named(rules)
        rows = rows_of(tx, self.columns, self.columns[0], units)
        return BitMap(row.key_ for row in rows if named(row))


@dataclass(frozen=True, slots=True)
class RulesOfView:
    """The rules of a content view's filters, by filter, and the type of each filter."""

    types: Mapping[int, str]
    rules: Mapping[int, Sequence[FilterRule]]

    def of(self, filter_id: int, filter_type: str) -> Sequence[FilterRule]:
        """Return the rules of the filter if it is of the type."""
        return self.rules[filter_id] if self.types[filter_id] == filter_type else ()

    def one(self, rule_id: int, filter_type: str) -> tuple[int, Sequence[FilterRule]]:
        """Return the filter of a rule, and the rule if the filter is of the type."""
        for filter_id, rules in self.rules.items():
            for rule in rules:
                if rule.id == rule_id:
                    return filter_id, [rule] if self.types[filter_id] == filter_type else []
        raise missing(FilterRuleId, rule_id)

    def ready(self, naming: Naming) -> dict[int, Named]:
        """Return by filter (of the naming's type) what tells whether it names a row."""
        return {
            filter_id: naming.named(self.rules[filter_id])
            for filter_id, filter_type in self.types.items()
            if filter_type == naming.filter_type
        }


NO_RULES: Final = RulesOfView({}, {})


def rules_of_view(
    tx: Transaction,
    actor: Actor,
    *,
    content_view_id: ContentViewId | None = None,
    filter_id: FilterId | None = None,
    rule_id: FilterRuleId | None = None,
) -> RulesOfView:
    """Return the filters of the view that one of these names, in one statement.

    NotFoundError if the actor sees no such filter or rule, or it is not of the other ones given;
    BadRequestError if none is given.
    """
    views = select(_filter.content_view_id)
    if filter_id is not None:
        views = views.where(_filter.id == filter_id)
    elif rule_id is not None:
        of_rule = select(_rule.filter_id).where(_rule.id == rule_id)
        views = views.where(_filter.id.in_(of_rule))
    elif content_view_id is not None:
        views = views.where(_filter.content_view_id == content_view_id)
    else:
        raise BadRequestError(
            "include_filter_ids tells of the filters of one content view: give content_view_id or"
            " content_view_filter_id, too"
        )
    found = (
        select(
            _filter.id.label("owner"),
            _filter.type.label("filter_type"),
            *(each for each in _rule if each.name != "filter_id"),
        )
        .select_from(content_view_filters)
        .outerjoin(content_view_filter_rules, _rule.filter_id == _filter.id)
        .where(_filter.content_view_id.in_(views))
        .order_by(_filter.id, _rule.id)
    )
    if content_view_id is not None:
        found = found.where(_filter.content_view_id == content_view_id)
    rows = tx.execute(scoped(found, actor, content_view_filters)).mappings().all()
    types = {row["owner"]: row["filter_type"] for row in rows}
    if filter_id is not None and filter_id not in types:
        raise missing(FilterId, filter_id)
    return RulesOfView(types, _by_filter(rows))


def _by_filter(rows: Sequence[RowMapping]) -> dict[int, list[FilterRule]]:
    found: dict[int, list[FilterRule]] = {}
    for row in rows:
        rules = found.setdefault(row["owner"], [])
        if row["id"] is not None:
            said = {name: value for name, value in row.items() if value is not None}
            rules.append(FilterRule.thawed(said))
    return found
