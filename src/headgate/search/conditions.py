"""From the tree of a search to a condition over whitelisted fields."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, false, not_, or_, true

from headgate.search.errors import SearchError
from headgate.search.fields import Field, Fields
from headgate.search.times import moment_of
from headgate.search.tree import (
    And,
    Comparison,
    Membership,
    Node,
    Not,
    Operator,
    Or,
    Presence,
    Text,
)

_ESCAPE: Final = "\\"
_MOST_WILDCARDS: Final = 20
_HIGHEST: Final = 2**63 - 1
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "off"})
_OPPOSITE: Final[dict[str, Operator]] = {"!=": "=", "!~": "~"}


def condition(search: str, fields: Fields, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a search means; SearchError says what is wrong and where.

    An empty search is true. `now` is what relative times count from.
    """
    if not search.strip():
        return true()
    # lark and its tables: a twentieth of a second of every start.
    from headgate.search.language import parse  # noqa: PLC0415

    return _Translation(fields, now).of(parse(search))


class _Translation:
    def __init__(self, fields: Fields, now: datetime) -> None:
        self._fields = fields
        self._now = now

    def of(self, node: Node) -> ColumnElement[bool]:  # noqa: PLR0911 - one return per node
        if isinstance(node, And):
            return and_(*(self.of(term) for term in node.terms))
        if isinstance(node, Or):
            return or_(*(self.of(term) for term in node.terms))
        if isinstance(node, Not):
            return not_(self.of(node.term))
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, Membership):
            return self._membership(node)
        if isinstance(node, Presence):
            return self._presence(node)
        return self._words(node.words)

    def _comparison(self, node: Comparison) -> ColumnElement[bool]:
        field = self._fields.named(node.field)
        if node.operator in _OPPOSITE:
            # What has no value is unlike every value: a null must not drop out.
            positive = self._positive(field, _OPPOSITE[node.operator], node.value)
            if field.within is not None:
                return not_(positive)
            return or_(not_(positive), field.column.is_(None))
        return self._positive(field, node.operator, node.value)

    def _positive(self, field: Field, operator: Operator, value: Text) -> ColumnElement[bool]:
        if field.compare is not None:
            return field.compare(operator, value.text)
        compared = self._compared(field, operator, value)
        return compared if field.within is None else field.within(compared)

    def _compared(self, field: Field, operator: Operator, value: Text) -> ColumnElement[bool]:
        if operator == "~":
            column = field.column if field.kind == "text" else cast(field.column, String)
            return like(column, value)
        if field.kind == "datetime":
            return _compared_time(field.column, operator, value, self._now)
        if field.kind == "integer":
            return _ordered(field.column, operator, _integer(value))
        if operator != "=":
            raise SearchError(
                f"The operator {operator} does not apply to a {field.kind} field",
                position=value.position,
            )
        if field.kind == "boolean":
            return field.column.is_(_boolean(value))
        return field.column == value.text

    def _membership(self, node: Membership) -> ColumnElement[bool]:
        field = self._fields.named(node.field)
        if field.kind == "text" and field.compare is None:
            texts = [value.text for value in node.values]
            found = field.column.in_(texts) if texts else false()
            found = found if field.within is None else field.within(found)
        elif field.kind == "integer" and field.compare is None:
            numbers = [_integer(value) for value in node.values]
            found = field.column.in_(numbers) if numbers else false()
            found = found if field.within is None else field.within(found)
        else:
            if len(node.values) > _MOST_WILDCARDS:
                raise SearchError("The list is too long", position=node.field.position)
            found = or_(false(), *(self._positive(field, "=", value) for value in node.values))
        if not node.negated:
            return found
        return not_(found) if field.within else or_(not_(found), field.column.is_(None))

    def _presence(self, node: Presence) -> ColumnElement[bool]:
        field = self._fields.named(node.field)
        present = field.column.is_not(None)
        present = present if field.within is None else field.within(present)
        return not_(present) if node.negated else present

    def _words(self, words: Text) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = []
        for field in self._fields.defaults:
            if field.kind == "text":
                conditions.append(self._positive(field, "~", words))
            elif field.kind == "integer" and words.text.isascii() and words.text.isdigit():
                conditions.append(self._positive(field, "=", words))
        return or_(false(), *conditions)


def like(column: ColumnElement[Any], value: Text) -> ColumnElement[bool]:
    """Contains, or matches where `*` or `%` stand for anything; without regard to case.

    All that SQL would take for a wildcard is escaped: `_` means `_`.
    """
    pattern = value.text.replace("*", "%")
    if pattern.count("%") > _MOST_WILDCARDS:
        raise SearchError("The value has too many wildcards", position=value.position)
    if "%" not in pattern:
        pattern = f"%{pattern}%"
    for special in (_ESCAPE, "_"):
        pattern = pattern.replace(special, _ESCAPE + special)
    return column.ilike(pattern, escape=_ESCAPE)


def _ordered(column: ColumnElement[Any], operator: Operator, value: object) -> ColumnElement[bool]:
    if operator == ">":
        return column > value
    if operator == "<":
        return column < value
    if operator == ">=":
        return column >= value
    if operator == "<=":
        return column <= value
    return column == value


def _compared_time(
    column: ColumnElement[Any], operator: Operator, value: Text, now: datetime
) -> ColumnElement[bool]:
    """A day without a time of day is the whole day: `> 2026-01-31` starts with February."""
    start, end = moment_of(value, now)
    if start == end:
        return _ordered(column, operator, start)
    if operator == "=":
        return and_(column >= start, column < end)
    if operator == ">":
        return column >= end
    if operator == "<=":
        return column < end
    return _ordered(column, operator, start)


def _integer(value: Text) -> int:
    digits = value.text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 19
    if not plain or int(digits) > _HIGHEST:
        raise SearchError(f"'{value.text[:100]}' is not a number", position=value.position)
    return int(value.text)


def _boolean(value: Text) -> bool:
    if value.text.lower() in _TRUE:
        return True
    if value.text.lower() in _FALSE:
        return False
    raise SearchError(f"'{value.text[:100]}' is neither true nor false", position=value.position)
