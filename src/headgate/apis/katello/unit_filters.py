"""Lists of units as content view filters narrow them: by what they name, or could name yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pyroaring import BitMap

from headgate.apis.actions import Call
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId, FilterId, FilterRuleId
from headgate.plugin import FilterRule
from headgate.services.units.named_units import NO_RULES, Naming, RulesOfView, rules_of_view
from headgate.services.units.units import UnitScope, units_within

FOR_FILTER: Final = "content_view_filter"
FOR_VERSION: Final = "content_view_version"
AVAILABLE_FOR: Final = (FOR_FILTER, FOR_VERSION)

Beside = Callable[[Any], Mapping[str, Any]]
NamedBy = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """What the parameters of a list say of content view filters."""

    filter_id: FilterId | None = None
    rule_id: FilterRuleId | None = None
    content_view_id: ContentViewId | None = None
    with_ids: bool = False
    available_for: str | None = None

    def read(self, call: Call, scope: UnitScope) -> "Chosen":
        """Return what that means, after one statement at most; NotFoundError as for every id."""
        if self.available_for == FOR_VERSION:
            return Chosen(_addable(scope))
        if self.available_for == FOR_FILTER and self.filter_id is None:
            raise BadRequestError("Give content_view_filter_id to see what is available for it.")
        if self.filter_id is None and self.rule_id is None and not self.with_ids:
            return Chosen(scope)
        rules = rules_of_view(
            call.tx,
            call.actor,
            content_view_id=self.content_view_id,
            filter_id=self.filter_id,
            rule_id=self.rule_id,
        )
        filter_id: int | None = self.filter_id
        if self.rule_id is not None:
            filter_id, _ = rules.one(self.rule_id, "")
            if self.filter_id is not None and self.filter_id != filter_id:
                raise BadRequestError("The rule is of another content view filter.")
        if filter_id is not None:
            scope = UnitScope(
                organization_id=scope.organization_id,
                repository_id=scope.repository_id,
                filter_id=filter_id,
            )
        return Chosen(
            scope,
            rules,
            rule_id=self.rule_id,
            unnamed=self.available_for == FOR_FILTER,
            with_ids=self.with_ids,
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Where to look for units, and which filters are asked about them."""

    scope: UnitScope
    rules: RulesOfView = NO_RULES
    rule_id: FilterRuleId | None = None
    unnamed: bool = False
    with_ids: bool = False

    def rules_for(self, filter_type: str) -> Sequence[FilterRule]:
        """Return the rules of the filter (or the one rule) if they are of this type."""
        if self.rule_id is not None:
            return self.rules.one(self.rule_id, filter_type)[1]
        return self.rules.of(self.scope.filter_id or 0, filter_type)

    def of(self, call: Call, units: BitMap, unit_type: str, naming: Naming | None) -> BitMap:
        """Return those of the units that were asked for."""
        if self.scope.addable_to_id is not None:
            held = UnitScope(content_view_version_id=self.scope.addable_to_id)
            return units - units_within(call.tx, call.actor, unit_type, held)
        if self.scope.filter_id is None:
            return units
        named = BitMap()
        if naming is not None:
            named = naming.among(call.tx, self.rules_for(naming.filter_type), units)
        return units - named if self.unnamed else named

    def beside(self, naming: Naming | None, named_by: NamedBy = lambda row: [row]) -> Beside:
        """Return what shows of a row the filters that name it, if that is asked for.

        `named_by` gives the rows by which it is named, such as the tags of a manifest.
        """
        if not self.with_ids:
            return lambda _row: {}
        ready = {} if naming is None else self.rules.ready(naming)

        def shown(row: Any) -> Mapping[str, Any]:
            ways = named_by(row)
            return {"filter_ids": [key for key, named in ready.items() if any(map(named, ways))]}

        return shown


def _addable(scope: UnitScope) -> UnitScope:
    """Return where what could be added to a version is: in its repositories, as they are now."""
    if scope.content_view_version_id is None:
        raise BadRequestError("Give content_view_version_id to see what is available for it.")
    return replace(scope, content_view_version_id=None, addable_to_id=scope.content_view_version_id)
