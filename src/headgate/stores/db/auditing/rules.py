"""How the rows of a table appear in the audit log: as declared, the rest drawn from the table."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Table

from headgate.stores.db.auditing.declarations import (
    KEY,
    SECRET,
    UNAUDITED,
    Audited,
    Folded,
    Unaudited,
)
from headgate.stores.db.types import metadata

# Columns that name a thing, the best first.
_NAMES: Final = ("login", "title", "name")
_NEVER: Final = frozenset({"id", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One audited table.

    `columns` are those whose changes are noted, `secret` those of them whose values are not.
    `owners` are the columns that refer to the thing it belongs to, of which one is set: the way to
    its organization. With `into_owner` changes are noted at the owner: as a list called `label` of
    the values of `value`, or, without one, as if the columns were the owner's.
    """

    table: Table
    noun: str
    name: tuple[str, ...]
    columns: frozenset[str]
    secret: frozenset[str]
    owners: tuple[Column[Any], ...] = ()
    into_owner: bool = False
    label: str = ""
    value: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that identify a row."""
        return tuple(column.name for column in self.table.primary_key)

    @property
    def read(self) -> list[Column[Any]]:
        """The columns to be read: identity, names, the way to the organization, what is noted."""
        wanted = {*self.key, *self.name, *self.columns, "organization_id"}
        wanted |= {owner.name for owner in self.owners}
        return [column for column in self.table.columns if column.name in wanted]


@dataclass(frozen=True, slots=True)
class Dependent:
    """An audited table whose rows go, or let go, when what `column` refers to is deleted."""

    table: Table
    column: Column[Any]
    goes: bool


_rules: dict[Table, Rule | None] = {}
_dependents: dict[Table, tuple[Dependent, ...]] = {}


def rule_of(table: Table) -> Rule | None:
    """Return how a table is audited; None if it is not. Worked out once for each table."""
    try:
        return _rules[table]
    except KeyError:
        return _rules.setdefault(table, _rule(table))


def dependents_of(table: Table) -> tuple[Dependent, ...]:
    """Return what the database itself changes when rows of the table are deleted."""
    if table not in _dependents:
        _dependents[table] = tuple(_find_dependents(table))
    return _dependents[table]


def owner_columns(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns that refer to what a row belongs to, with which it is deleted.

    The first that always refers to something; else all that may.
    """
    found = [
        column
        for column in table.columns
        if any(key.ondelete == "CASCADE" for key in column.foreign_keys)
    ]
    always = [column for column in found if not column.nullable]
    return tuple(always[:1] or found)


def _rule(table: Table) -> Rule | None:
    if getattr(table, "metadata", None) is not metadata:
        return None  # of somebody else, such as the migrations
    declared = table.info.get(KEY)
    if isinstance(declared, Unaudited):
        return None
    if isinstance(declared, Folded):
        return _folded(table, declared)
    keys = list(table.primary_key)
    if len(keys) == 2 and len(table.columns) == 2 and all(key.foreign_keys for key in keys):
        owner, value = keys
        return _folded(table, Folded(owner.name, value.name, f"{value.name}s"))
    if len(keys) != 1:
        return None  # nothing would name a row; the tests of these rules want it declared
    columns = frozenset(_noted(table))
    declared = declared or Audited(None, ())
    extends = bool(keys[0].foreign_keys)
    return Rule(
        table,
        noun=declared.noun or _singular(table.name),
        name=declared.name or tuple(name for name in _NAMES if name in table.c)[:1],
        columns=columns - set(table.primary_key.columns.keys()),
        secret=frozenset(name for name in columns if is_secret(table.c[name])),
        owners=(keys[0],) if extends else owner_columns(table),
        into_owner=extends,
    )


def is_secret(column: Column[Any]) -> bool:
    """Whether a column's value may not be shown."""
    return column.info.get(KEY) == SECRET[KEY] or isinstance(column.type, LargeBinary)


def _folded(table: Table, declared: Folded) -> Rule:
    return Rule(
        table,
        noun="",
        name=(),
        columns=frozenset({declared.value}),
        secret=frozenset(),
        owners=(table.c[declared.owner],),
        into_owner=True,
        label=declared.label,
        value=declared.value,
    )


def _noted(table: Table) -> list[str]:
    return [
        column.name
        for column in table.columns
        if column.name not in _NEVER and column.info.get(KEY) != UNAUDITED[KEY]
    ]


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _find_dependents(table: Table) -> list[Dependent]:
    return [
        Dependent(other, column, key.ondelete == "CASCADE")
        for other in table.metadata.sorted_tables
        if rule_of(other) is not None
        for column in other.columns
        for key in column.foreign_keys
        if key.column.table is table and key.ondelete in ("CASCADE", "SET NULL")
    ]
