"""Completing a search, with values out of what the asker may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, select

from headgate.search import Expected, Field, Fields, expected, written
from headgate.search.completion import JOINING, PREFIXES
from headgate.services.access import AnySelect
from headgate.stores.db import Transaction

MOST_VALUES: Final = 20
_LONGEST_VALUE: Final = 200  # characters; what is longer is not picked from a menu
_ESCAPE: Final = "\\"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A search as it would read: `completed`, then `part`, its last one joined by and or or."""

    completed: str
    part: str
    category: str


def complete(
    tx: Transaction, query: AnySelect, *, fields: Fields, text: str
) -> Sequence[Suggestion]:
    """Return what the text may be completed to; SearchError if it cannot be read so far.

    `query` selects what the asker may see of the list: values come out of its rows alone, at most
    `MOST_VALUES` of them, in one statement.
    """
    found = expected(text, fields)
    words = list(found.fitting)
    if found.field is not None and _has_values(found.field):
        words += [written(value) for value in _values(tx, query, found.field, found.typed)]
    return [_suggestion(found, word) for word in words]


def _has_values(field: Field) -> bool:
    plain = field.within is None and field.compare is None and isinstance(field.column, Column)
    return plain and field.kind == "text"


def _values(tx: Transaction, query: AnySelect, field: Field, typed: str) -> Sequence[str]:
    column = field.column
    beginning = "".join(_ESCAPE + each if each in "%_\\" else each for each in typed)
    values = (
        query.with_only_columns(column.label("value"))
        .where(column.ilike(f"{beginning}%", escape=_ESCAPE), column != "")
        .order_by(None)
        .distinct()
        .subquery()
    )
    found = tx.scalars(select(values.c.value).order_by(values.c.value).limit(MOST_VALUES))
    return [value for value in found if len(value) <= _LONGEST_VALUE]


def _suggestion(found: Expected, word: str) -> Suggestion:
    gap = " " if found.kept[-1:] in ("'", '"', ")") else ""
    whole = f"{found.kept}{gap}{word}"
    category = "Operators" if word in (*JOINING, *PREFIXES) else ""
    return Suggestion(whole[: found.part], whole[found.part :], category)
