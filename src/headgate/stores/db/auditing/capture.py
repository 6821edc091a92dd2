"""Seeing which audited rows a transaction is about to change.

Listens to the statements of an engine. For a statement on a table that is not audited it costs one
look into a dict; for others the rows are read before the first change to them. What became of them
is read once, at the end (`trail`): what was undone, or put back as it was, is then no change.
Statements in plain text are not seen: they may not touch audited tables.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    CursorResult,
    Delete,
    Engine,
    Insert,
    Row,
    Table,
    UniqueConstraint,
    Update,
    event,
    func,
    select,
    tuple_,
)
from sqlalchemy.sql.dml import UpdateBase

from headgate.stores.db.auditing.rules import Rule, dependents_of, rule_of

Key: TypeAlias = tuple[Any, ...]

# Under which a connection's open transaction keeps what it touched.
TOUCHED: Final = "headgate_touched"
# Keys looked up at once; each binds one value for each column of the key.
_BATCH: Final = 2_000


class Touched:
    """The rows that a transaction changed, each as it was before; None: it was not there."""

    def __init__(self) -> None:
        self.tables: dict[Table, dict[Key, Row[Any] | None]] = {}
        # The highest id before the last insertion of several rows.
        self.highest: dict[Table, int] = {}

    def note(self, rule: Rule, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
        """Keep rows as they are before their first change; returns those that are new here."""
        known = self.tables.setdefault(rule.table, {})
        fresh = [row for row in rows if key_of(rule, row) not in known]
        known.update((key_of(rule, row), row) for row in fresh)
        return fresh

    def note_made(self, rule: Rule, keys: Iterable[Key]) -> None:
        """Keep that these rows were not there."""
        known = self.tables.setdefault(rule.table, {})
        for key in keys:
            known.setdefault(key, None)


def listen(engine: Engine) -> None:
    """Note what every transaction of the engine touches, if it says that it wants to know."""
    event.listen(engine, "before_execute", _before)
    event.listen(engine, "after_execute", _after)


def table_of(statement: UpdateBase) -> Table:
    """Return the table that a statement changes."""
    table: Any = statement.table  # pyright: ignore[reportUnknownMemberType,reportAttributeAccessIssue,reportUnknownVariableType]
    return table


def key_of(rule: Rule, row: Row[Any]) -> Key:
    """Return a row's identity."""
    return tuple(getattr(row, name) for name in rule.key)


def rows_with(tx: Connection, rule: Rule, keys: Iterable[Key]) -> Iterable[Row[Any]]:
    """Read the rows with these keys that are there, in batches."""
    columns = [rule.table.c[name] for name in rule.key]
    for condition in _batches(columns, list(keys)):
        yield from tx.execute(select(*rule.read).where(condition))


def _before(
    tx: Connection,
    statement: Any,
    several: Sequence[Mapping[str, Any]],
    one: Mapping[str, Any],
    _options: Mapping[str, Any],
) -> None:
    if not isinstance(statement, UpdateBase):
        return
    rule = rule_of(table_of(statement))
    if rule is None:
        return
    touched: Touched | None = tx.info.get(TOUCHED)
    if touched is None:
        return
    if isinstance(statement, Insert):
        if _replaces(statement):
            _note_conflicting(tx, touched, rule, _proposed(statement, several, one))
        if (several or not _tells_its_key(statement)) and "id" in rule.table.c:
            highest = tx.scalar(select(func.max(rule.table.c.id)))
            touched.highest[rule.table] = highest or 0
        return
    if isinstance(statement, Update) and not _changed(statement, several, one) & rule.columns:
        return
    if isinstance(statement, Update | Delete):
        for parameters in several or (one,):
            _note_matching(tx, touched, rule, statement, parameters)


def _note_matching(
    tx: Connection,
    touched: Touched,
    rule: Rule,
    statement: Update | Delete,
    parameters: Mapping[str, Any],
) -> None:
    query = select(*rule.read)
    if statement.whereclause is not None:
        query = query.where(statement.whereclause)
    fresh = touched.note(rule, tx.execute(query, dict(parameters)).all())
    if isinstance(statement, Delete):
        _note_dependents(tx, touched, rule, fresh)


def _note_dependents(
    tx: Connection, touched: Touched, rule: Rule, rows: Sequence[Row[Any]]
) -> None:
    """Note what the database deletes, or empties a column of, along with the rows."""
    for dependent in dependents_of(rule.table) if rows else ():
        further = rule_of(dependent.table)
        if further is None:
            continue
        found: list[Row[Any]] = []
        for condition in _batches([dependent.column], [(row.id,) for row in rows]):
            query = select(*further.read).where(condition)
            found += touched.note(further, tx.execute(query).all())
        if dependent.goes:
            _note_dependents(tx, touched, further, found)


def _note_conflicting(
    tx: Connection, touched: Touched, rule: Rule, proposed: Sequence[Mapping[str, Any]]
) -> None:
    """Note the rows that an upsert meets."""
    for columns in _unique_sets(rule.table):
        names = [column.name for column in columns]
        keys = [tuple(row[name] for name in names) for row in proposed if row.keys() >= set(names)]
        for condition in _batches(columns, keys):
            touched.note(rule, tx.execute(select(*rule.read).where(condition)).all())


def _after(
    tx: Connection,
    statement: Any,
    several: Sequence[Mapping[str, Any]],
    one: Mapping[str, Any],
    _options: Mapping[str, Any],
    result: CursorResult[Any],
) -> None:
    if not isinstance(statement, Insert):
        return
    rule = rule_of(table_of(statement))
    if rule is None:
        return
    touched: Touched | None = tx.info.get(TOUCHED)
    if touched is not None:
        touched.note_made(rule, _made(tx, rule, statement, several, one, result))


def _made(  # noqa: PLR0917 - the event's
    tx: Connection,
    rule: Rule,
    statement: Insert,
    several: Sequence[Mapping[str, Any]],
    one: Mapping[str, Any],
    result: CursorResult[Any],
) -> Iterable[Key]:
    """Return the keys of inserted rows.

    They are among the values, or told by the database for a single row, or found again by another
    unique value; rows without one have ids above those that there were.
    """
    proposed = _proposed(statement, several, one)
    if all(row.keys() >= set(rule.key) for row in proposed):
        return [tuple(row[name] for name in rule.key) for row in proposed]
    if not several and _tells_its_key(statement):
        key = result.inserted_primary_key
        return [] if key is None else [tuple(key)]
    for columns in _unique_sets(rule.table):
        names = [column.name for column in columns]
        if all(row.keys() >= set(names) for row in proposed):
            wanted = [tuple(row[name] for name in names) for row in proposed]
            return _keys_of(tx, rule, _batches(columns, wanted))
    return _keys_of(tx, rule, [rule.table.c.id > tx.info[TOUCHED].highest[rule.table]])


def _keys_of(tx: Connection, rule: Rule, conditions: Iterable[Any]) -> list[Key]:
    query = select(*rule.read)
    return [key_of(rule, row) for each in conditions for row in tx.execute(query.where(each))]


def _batches(columns: Sequence[Column[Any]], keys: Sequence[Key]) -> Iterator[Any]:
    """Yield conditions that together hold for the rows with these keys."""
    left = iter(keys)
    while batch := list(islice(left, _BATCH)):
        yield _is_one_of(columns, batch)


def _is_one_of(columns: Sequence[Column[Any]], keys: Sequence[Key]) -> Any:
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_(keys)


def _unique_sets(table: Table) -> list[list[Column[Any]]]:
    """Return the sets of columns that identify a row."""
    others = [list(each) for each in table.constraints if isinstance(each, UniqueConstraint)]
    return [list(table.primary_key), *others]


def _proposed(
    statement: Insert, several: Sequence[Mapping[str, Any]], one: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows to insert, as far as their values are plain."""
    own = {
        _name(column): value.effective_value
        for column, value in _own_values(statement).items()
        if hasattr(value, "effective_value")
    }
    return [{**own, **row} for row in (several or (one,))]


def _changed(
    statement: Update, several: Sequence[Mapping[str, Any]], one: Mapping[str, Any]
) -> set[str]:
    """Return the names of the columns that an update sets."""
    given = several[0] if several else one
    return {_name(column) for column in _own_values(statement)} | given.keys()


def _own_values(statement: Insert | Update) -> Mapping[Any, Any]:
    if statement._select_names or statement._multi_values:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage,reportAttributeAccessIssue]
        raise TypeError(f"{statement.table} is audited: give one statement the values of one row")
    return statement._values or {}  # noqa: SLF001 # pyright: ignore[reportPrivateUsage,reportReturnType]


def _replaces(statement: Insert) -> bool:
    return statement._post_values_clause is not None  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]


def _tells_its_key(statement: Insert) -> bool:
    """Whether the result of inserting one row says its key."""
    returning: Sequence[object] = statement._returning  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    return not (returning or _replaces(statement))


def _name(column: Any) -> str:
    return column if isinstance(column, str) else column.name
