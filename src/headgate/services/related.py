"""What lists show beside their rows, read for all rows of a page at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, Select, Table, func, select

from headgate.services.repositories.products import CREDENTIAL_KINDS
from headgate.stores.db import Transaction
from headgate.stores.db.id_lists import among_texts
from headgate.stores.db.tables import content_credentials, task_locks, tasks, users

# A row of any columns; `AnyRow` has one for the type checker.
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

SYNC_LABEL = "Actions::Katello::Repository::Sync"

Grouped = Mapping[int, list[AnyRow]]

_CREDENTIALS = {column: content_credentials.alias(column) for column in CREDENTIAL_KINDS}


def grouped(rows: Iterable[AnyRow], key: str) -> dict[int, list[AnyRow]]:
    """Return the rows by the value of a column, each group in the order of the rows."""
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def with_credentials(source: AnySelect, table: Table) -> AnySelect:
    """Add the names of the credentials that rows of the table refer to, as `gpg_key_name` ..."""
    for column, credential in _CREDENTIALS.items():
        source = source.outerjoin(credential, credential.c.id == table.c[column])
        source = source.add_columns(credential.c.name.label(f"{column.removesuffix('_id')}_name"))
    return source


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


def last_task(tx: Transaction, resource: str) -> AnyRow | None:
    """Return the newest task about a resource."""
    return last_tasks(tx, [resource]).get(resource)


def _with_login(newest: AnySelect) -> AnySelect:
    found = newest.subquery()
    return (
        select(tasks, users.c.login.label("username"), found.c.resource)
        .join(found, found.c.number == tasks.c.number)
        .outerjoin(users, users.c.id == tasks.c.user_id)
    )
