"""Completing a search, with values out of what the asker may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, FromClause, select

from headgate.search import Expected, Field, Fields, Related, expected
from headgate.search.completion import JOINING, PREFIXES
from headgate.services.access import Actor, AnySelect, scoped
from headgate.services.kinds import KIND_OF_TABLE
from headgate.stores.db import Transaction

MOST_VALUES: Final = 20
_LONGEST_VALUE: Final = 200  # characters; what is longer is not picked from a menu
_ESCAPE: Final = "\\"
_TEXTS: Final = ("text", "value")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A search as it would read: `completed`, then `part`, its last one joined by and or or."""

    completed: str
    part: str
    category: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A list whose search is completed: what the asker may see of it, its key and its fields."""

    query: AnySelect
    key: ColumnElement[Any]
    fields: Fields


def complete(
    tx: Transaction, listed: Completed, *, actor: Actor, text: str
) -> Sequence[Suggestion]:
    """Return what the text may be completed to; SearchError if it cannot be read so far.

    Values are those of what is listed, and of related things that the actor may see, too: at most
    `MOST_VALUES` of them, in one statement.
    """
    found = expected(text, listed.fields)
    words = list(found.fitting)
    if found.field is not None:
        field, typed = found.field.meant, found.typed.removeprefix(found.base)
        values = _values(tx, listed, actor, field, typed)
        words += [word for word in map(found.with_value, values) if word is not None]
    return [_suggestion(found, word) for word in words]


def _values(
    tx: Transaction, listed: Completed, actor: Actor, field: Field, typed: str
) -> Sequence[str]:
    if field.offered is not None:
        beginning = typed.lower()
        fitting = {value for value in field.offered() if value.lower().startswith(beginning)}
        return sorted(fitting)[:MOST_VALUES]
    column = field.column
    if field.compare is not None or field.kind not in _TEXTS or not isinstance(column, Column):
        return ()
    source = _source(listed, actor, column, field)
    if source is None:
        return ()
    escaped = "".join(_ESCAPE + each if each in "%_\\" else each for each in typed)
    values = (
        source.with_only_columns(column.label("value"))
        .where(column.ilike(f"{escaped}%", escape=_ESCAPE), column != "")
        .order_by(None)
        .distinct()
        .subquery()
    )
    found = tx.scalars(select(values.c.value).order_by(values.c.value).limit(MOST_VALUES))
    return [value for value in found if len(value) <= _LONGEST_VALUE]


def _source(listed: Completed, actor: Actor, column: Column[Any], field: Field) -> AnySelect | None:
    """Select what the column holds as far as the actor may know it; None if nobody may.

    What is not of the listed things themselves has to be visible on its own: a host shows its
    environment to who may see hosts, and yet its name is not offered to who sees no environments.
    """
    within = field.within
    if within is None:
        source, own = listed.query, column.table is _table_of(listed.key)
    elif isinstance(within, Related):
        source, own = within.values(column, listed.query), within.own
    else:
        return None
    if own:
        return source
    return scoped(source, actor, column.table) if column.table in KIND_OF_TABLE else None


def _table_of(key: ColumnElement[Any]) -> FromClause | None:
    return key.table if isinstance(key, Column) else None


def _suggestion(found: Expected, word: str) -> Suggestion:
    gap = " " if found.kept[-1:] in ("'", '"', ")") else ""
    whole = f"{found.kept}{gap}{word}"
    category = "Operators" if word in (*JOINING, *PREFIXES) else ""
    return Suggestion(whole[: found.part], whole[found.part :], category)
