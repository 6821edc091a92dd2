"""From the tree of a search to a condition over whitelisted fields."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)

from headgate.search.caseless import ESCAPE, CaselessLike
from headgate.search.errors import SearchError
from headgate.search.fields import Field, Fields
from headgate.search.language import parse
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
    Words,
)

# What parts of a field are joined by, and what may stand for it.
_JOINTS: Final = frozenset("-.:*%")
_MOST_WILDCARDS: Final = 20
_MOST_COMPARED: Final = 20  # members of a list that are compared one by one
_HIGHEST: Final = 2**63 - 1
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "on"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "off"})
_TEXTS: Final = ("text", "value")
_OPPOSITE: Final[dict[str, Operator]] = {"!=": "=", "!~": "~"}


def condition(search: str, fields: Fields, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a search means; SearchError says what is wrong and where.

    An empty search is true. `now` is what relative times count from.
    """
    if not search.strip():
        return true()
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
            return _opposite(self.of(node.term))
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, Membership):
            found = self._membership(node)
            return _opposite(found) if node.negated else found
        if isinstance(node, Presence):
            found = _present(self._fields.named(node.field))
            return _opposite(found) if node.negated else found
        return self._words(node)

    def _comparison(self, node: Comparison) -> ColumnElement[bool]:
        positive = _OPPOSITE.get(node.operator, node.operator)
        if node.field is None:
            found = self._anywhere(positive, node.value)
        else:
            found = self._compared(self._fields.named(node.field), positive, node.value)
        return _opposite(found) if node.operator in _OPPOSITE else found

    def _compared(self, field: Field, operator: Operator, value: Text) -> ColumnElement[bool]:
        if field.compare is not None:
            return field.compare(operator, value.text)
        compared = _compared(field, operator, value, self._now)
        return compared if field.within is None else field.within(compared)

    def _anywhere(self, operator: Operator, value: Text) -> ColumnElement[bool]:
        """Compare whichever of the default fields can be compared so."""
        fitting = [field for field in self._fields.defaults if self._fits(field, operator, value)]
        if not fitting:
            raise SearchError(
                f"Without a field, there is nothing to compare by {operator} with"
                f" '{value.text[:100]}'",
                position=value.position,
            )
        return or_(*(self._compared(field, operator, value) for field in fitting))

    def _fits(self, field: Field, operator: Operator, value: Text) -> bool:
        if field.kind in _TEXTS:
            return operator in ("=", "~")
        try:
            if operator != "~" and field.kind == "integer":
                _integer(value)
            elif operator != "~" and field.kind == "datetime":
                moment_of(value, self._now)
            else:
                return False
        except SearchError:
            return False
        return True

    def _membership(self, node: Membership) -> ColumnElement[bool]:
        if node.field is not None:
            return self._member(self._fields.named(node.field), node.values)
        _refuse_long(node.values)
        return or_(false(), *(self._anywhere("=", value) for value in node.values))

    def _member(self, field: Field, values: Sequence[Text]) -> ColumnElement[bool]:
        if field.compare is not None or field.kind not in (*_TEXTS, "integer"):
            _refuse_long(values)
            return or_(false(), *(self._compared(field, "=", value) for value in values))
        if not values:
            return false()
        plain = [value.text if field.kind in _TEXTS else _integer(value) for value in values]
        found = field.column.in_(plain)
        return found if field.within is None else field.within(found)

    def _words(self, node: Words) -> ColumnElement[bool]:
        words = node.words
        named = None if node.quoted else self._fields.by_name.get(words.text.lower())
        if named is not None and named.kind == "boolean":
            return self._compared(named.meant, "=", Text("true", words.position))
        found = [
            self._compared(field, "~" if field.kind in _TEXTS else "=", words)
            for field in self._fields.defaults
            if self._fits(field, "~" if field.kind in _TEXTS else "=", words)
        ]
        return or_(false(), *found)


def _opposite(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """What has no value is unlike every value: a null must not drop out."""
    return not_(func.coalesce(condition, false(), type_=Boolean()))


def _present(field: Field) -> ColumnElement[bool]:
    present = field.column.is_not(None)
    return present if field.within is None else field.within(present)


def _compared(field: Field, operator: Operator, value: Text, now: datetime) -> ColumnElement[bool]:
    if operator == "~" and field.kind in (*_TEXTS, "integer"):
        return _containing(field, value)
    if field.kind == "datetime" and operator != "~":
        return _compared_time(field.column, operator, value, now)
    if field.kind == "integer":
        return _ordered(field.column, operator, _integer(value))
    if field.kind == "value" and operator != "=":
        return _ordered(_as_number(field.column), operator, _number(value))
    if operator != "=":
        raise SearchError(
            f"The operator {operator} does not apply to a {field.kind} field",
            position=value.position,
        )
    if field.kind == "boolean":
        return field.column.is_(_boolean(value))
    return field.column == value.text


def _containing(field: Field, value: Text) -> ColumnElement[bool]:
    if field.parts and not _JOINTS & set(value.text):
        return or_(*(like(part, value) for part in field.parts))
    column = field.column if field.kind in _TEXTS else cast(field.column, String)
    return like(column, value)


def like(column: ColumnElement[Any], value: Text) -> ColumnElement[bool]:
    """Contains, or matches where `*` or `%` stand for anything; without regard to case.

    All that SQL would take for a wildcard is escaped: `_` means `_`.
    """
    pattern = value.text.replace("*", "%")
    if pattern.count("%") > _MOST_WILDCARDS:
        raise SearchError("The value has too many wildcards", position=value.position)
    if "%" not in pattern:
        pattern = f"%{pattern}%"
    for special in (ESCAPE, "_"):
        pattern = pattern.replace(special, ESCAPE + special)
    return CaselessLike(column, literal(pattern, String()))


def compares(operator: str, value: str) -> Callable[[str], bool]:
    """Return the test that `=` or `~` is, for texts that are compared here instead of in SQL.

    No other operator holds for them.
    """
    if operator == "=":
        return lambda text: text == value
    parts = value.lower().replace("*", "%").split("%")
    if operator != "~" or len(parts) > _MOST_WILDCARDS + 1:
        return lambda _text: False
    first, last = (parts[0], parts[-1]) if len(parts) > 1 else ("", "")
    middle = parts[1:-1] if len(parts) > 1 else parts
    return lambda text: _runs_through(text.lower(), first, middle, last)


def _runs_through(text: str, first: str, middle: Sequence[str], last: str) -> bool:
    """Whether a text begins and ends so, with the other parts between in their order."""
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(last) and len(text) - len(last) >= at


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


def _refuse_long(values: Sequence[Text]) -> None:
    if len(values) > _MOST_COMPARED:
        raise SearchError("The list is too long", position=values[0].position)


def _integer(value: Text) -> int:
    digits = value.text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 19
    if not plain or int(digits) > _HIGHEST:
        raise SearchError(f"'{value.text[:100]}' is not a number", position=value.position)
    return int(value.text)


def _as_number(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The number that a text is, null if it is none: no database is asked to convert others."""
    plain = column.regexp_match(f"^{_NUMBER.pattern}$")
    return case((plain, cast(column, Float)), else_=None)


def _number(value: Text) -> float:
    if not _NUMBER.fullmatch(value.text):
        raise SearchError(
            f"'{value.text[:100]}' is not a number, and only numbers are in an order",
            position=value.position,
        )
    return float(value.text)


def _boolean(value: Text) -> bool:
    if value.text.lower() in _TRUE:
        return True
    if value.text.lower() in _FALSE:
        return False
    raise SearchError(f"'{value.text[:100]}' is neither true nor false", position=value.position)
