"""Writing what a transaction changed into the audit log, once, before it commits."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, cast

from sqlalchemy import Connection, Row, Table, insert, select

from headgate.domain.authors import Author
from headgate.domain.clock import Clock
from headgate.stores.db.auditing.capture import Key, Touched, key_of, rows_with
from headgate.stores.db.auditing.rules import Rule, owner_columns, rule_of

Action = Literal["create", "update", "destroy"]

# What stands for a value that may not be shown; an absent one is shown as absent.
HIDDEN: Final = "[redacted]"
# Characters of a value that are kept.
_LONGEST: Final = 4_096
_LONGEST_NAME: Final = 255
_ROWS_AT_ONCE: Final = 500


@dataclass(slots=True)
class _Entry:
    """One thing that changed: values before and after by column."""

    table: Table
    id: Any  # of settings a text
    action: Action = "update"
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    after: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def changes(self) -> dict[str, Any]:
        if self.action == "create":
            return self.after
        if self.action == "destroy":
            return self.before
        names = dict.fromkeys((*self.before, *self.after))
        return {name: [self.before.get(name), self.after.get(name)] for name in names}


def write_trail(tx: Connection, touched: Touched, author: Author, *, clock: Clock) -> None:
    """Add what was touched, and is not now as it was before, to the log."""
    if not touched.tables:
        return
    trail = _Trail(tx, touched)
    entries = trail.entries()
    if not entries:
        return
    from headgate.stores.db.tables.audits import audits  # noqa: PLC0415 - tables stand on this package's declarations

    by = _by(tx, author)
    now = clock()
    rows = [
        {
            "created_at": now,
            "action": entry.action,
            "auditable_type": trail.rule(entry.table).noun,
            "auditable_id": entry.id if isinstance(entry.id, int) else None,
            "auditable_name": trail.name_of(entry),
            "organization_id": trail.organization_of(entry),
            "changes": entry.changes,
            **by,
        }
        for entry in entries
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        tx.execute(insert(audits), rows[start : start + _ROWS_AT_ONCE])


def _by(tx: Connection, author: Author) -> dict[str, Any]:
    """Return who it was; a user who is gone by now is nobody."""
    from headgate.stores.db.tables.users import users  # noqa: PLC0415 - as above

    login = None
    if author.user_id is not None:
        login = tx.scalar(select(users.c.login).where(users.c.id == author.user_id))
    return {
        "user_id": None if login is None else author.user_id,
        "username": login,
        "way": author.way,
        "remote_address": author.address,
        "request_uuid": author.request_id,
        "task_id": author.task_id,
    }


class _Trail:
    """What the touched rows were and are, with the way from each to what it belongs to."""

    def __init__(self, tx: Connection, touched: Touched) -> None:
        self._tx = tx
        self._before = touched.tables
        self._after: dict[Table, dict[Key, Row[Any]]] = {}
        for table, rows in touched.tables.items():
            rule = self.rule(table)
            found = rows_with(tx, rule, rows)
            self._after[table] = {key_of(rule, row): row for row in found}
        self._looked_up: dict[tuple[Table, Any], Row[Any] | None] = {}

    @staticmethod
    def rule(table: Table) -> Rule:
        """Return the rule of a table that was touched, so has one."""
        found = rule_of(table)
        if found is None:
            raise TypeError(f"{table.name} is not audited")
        return found

    def entries(self) -> list[_Entry]:
        """Return what changed; things made or gone first, in the order of the first change."""
        found: dict[tuple[Table, Any], _Entry] = {}
        tables = sorted(self._before, key=lambda table: self.rule(table).into_owner)
        for table in tables:
            rule = self.rule(table)
            if rule.label:
                self._note_lists(rule, found)
                continue
            for key, before in self._before[table].items():
                self._note_row(rule, before, self._after[table].get(key), found)
        return list(found.values())

    def _note_row(
        self,
        rule: Rule,
        before: Row[Any] | None,
        after: Row[Any] | None,
        found: dict[tuple[Table, Any], _Entry],
    ) -> None:
        row = after if after is not None else before
        if row is None:
            return
        names = [
            name
            for name in rule.table.columns.keys()  # noqa: SIM118 - columns iterate as columns
            if name in rule.columns and _value(before, name) != _value(after, name)
        ]
        if not names and before is not None and after is not None:
            return
        entry = self._entry(rule, key_of(rule, row)[0], found)
        if not rule.into_owner and before is None:
            entry.action = "create"
        if not rule.into_owner and after is None:
            entry.action = "destroy"
        for name in names:
            entry.before[name] = _shown(rule, name, _value(before, name))
            entry.after[name] = _shown(rule, name, _value(after, name))

    def _note_lists(self, rule: Rule, found: dict[tuple[Table, Any], _Entry]) -> None:
        """Note the whole lists of the owners of which a member came or went."""
        came: dict[int, set[Any]] = {}
        went: dict[int, set[Any]] = {}
        for key, before in self._before[rule.table].items():
            after = self._after[rule.table].get(key)
            if (before is None) == (after is None):
                continue
            row = after if after is not None else before
            into = went if after is None else came
            into.setdefault(_value(row, _owner(rule)), set()).add(_value(row, rule.value))
        owners = sorted({*came, *went})
        column = rule.table.c[_owner(rule)]
        now: dict[int, set[Any]] = {owner: set() for owner in owners}
        for start in range(0, len(owners), _ROWS_AT_ONCE):
            some = owners[start : start + _ROWS_AT_ONCE]
            query = select(column, rule.table.c[rule.value]).where(column.in_(some))
            for owner, value in self._tx.execute(query):
                now[owner].add(value)
        for owner in owners:
            entry = self._entry(rule, owner, found)
            then = (now[owner] - came.get(owner, set())) | went.get(owner, set())
            entry.before[rule.label] = sorted(then)
            entry.after[rule.label] = sorted(now[owner])

    def _entry(self, rule: Rule, key: Any, found: dict[tuple[Table, Any], _Entry]) -> _Entry:
        table = rule.table
        if rule.into_owner:
            table = _referred(rule.owners[0])
        return found.setdefault((table, key), _Entry(table, key))

    def name_of(self, entry: _Entry) -> str | None:
        """Return what people call the thing."""
        row, rule = self._row(entry.table, entry.id), self.rule(entry.table)
        parts = [str(value) for name in rule.name if (value := _value(row, name)) is not None]
        return ".".join(parts)[:_LONGEST_NAME] or None

    def organization_of(self, entry: _Entry) -> int | None:
        """Return the organization that the thing is in; None if it is gone, or in none."""
        return self._organization(entry.table, self._row(entry.table, entry.id))

    def _organization(self, table: Table, row: Row[Any] | None) -> int | None:
        if row is None:
            return None
        if table.name == "organizations":
            return self._still_there(table, row.id)
        if "organization_id" in table.c:
            organizations = _referred(table.c.organization_id)
            return self._still_there(organizations, row.organization_id)
        for column in owner_columns(table):
            if (key := _value(row, column.name)) is not None:
                owner = _referred(column)
                return self._organization(owner, self._row(owner, key))
        return None

    def _still_there(self, organizations: Table, key: int | None) -> int | None:
        gone = self._before.get(organizations, {}).get((key,)) is not None
        return None if gone and (key,) not in self._after[organizations] else key

    def _row(self, table: Table, key: Any) -> Row[Any] | None:
        """Return a row as it is, or as it was if it is gone."""
        known = self._after.get(table, {}).get((key,)) or self._before.get(table, {}).get((key,))
        if known is not None:
            return known
        if (table, key) not in self._looked_up:
            rule = rule_of(table)
            query = select(table) if rule is None else select(*rule.read)
            (column,) = table.primary_key
            found = self._tx.execute(query.where(column == key)).one_or_none()
            self._looked_up[table, key] = found
        return self._looked_up[table, key]


def _referred(column: Any) -> Table:
    (key,) = column.foreign_keys
    table: Table = key.column.table
    return table


def _owner(rule: Rule) -> str:
    return rule.owners[0].name


def _value(row: Row[Any] | None, name: str) -> Any:
    return None if row is None else getattr(row, name)


def _shown(rule: Rule, name: str, value: Any) -> Any:
    """Return a value as the log keeps it: hidden if it is secret, cut if it is long."""
    if value is None:
        return None
    if name in rule.secret:
        return HIDDEN
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        whole: object = cast("object", value)
        return whole if len(repr(whole)) <= _LONGEST else _cut(repr(whole))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
