"""What lists show beside their rows, read for all rows of a page at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, Select, func, select

from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among, among_texts
from headgate.stores.db.tables import content_credentials, task_locks, tasks, users

# A row of any columns; `AnyRow` has one for the type checker.
AnyRow = Row[*tuple[Any, ...]]

SYNC_LABEL = "Actions::Katello::Repository::Sync"

Grouped = Mapping[int, list[AnyRow]]


def grouped(rows: Iterable[AnyRow], key: str) -> dict[int, list[AnyRow]]:
    """Return the rows by the value of a column, each group in the order of the rows."""
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def credentials_named(tx: Transaction, ids: Iterable[int | None]) -> dict[int, AnyRow]:
    """Return id, name and type of credentials by id; one statement, none for no ids."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    columns = content_credentials.c
    query = select(columns.id, columns.name, columns.content_type)
    return {row.id: row for row in tx.execute(query.where(among(tx, columns.id, wanted)))}


def last_tasks(
    tx: Transaction, resources: Iterable[str], *, label: str | None = None
) -> dict[str, AnyRow]:
    """Return the newest task (of a label) about each resource such as `repository:12`."""
    wanted = list(resources)
    if not wanted:
        return {}
    newest = (
        select(task_locks.c.resource, func.max(tasks.c.number).label("number"))
        .join(tasks, tasks.c.id == task_locks.c.task_id)
        .where(among_texts(tx, task_locks.c.resource, wanted))
        .group_by(task_locks.c.resource)
    )
    if label is not None:
        newest = newest.where(tasks.c.label == label)
    return {row.resource: row for row in tx.execute(_with_login(newest))}


def _with_login(newest: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    found = newest.subquery()
    return (
        select(tasks, users.c.login.label("username"), found.c.resource)
        .join(found, found.c.number == tasks.c.number)
        .outerjoin(users, users.c.id == tasks.c.user_id)
    )
