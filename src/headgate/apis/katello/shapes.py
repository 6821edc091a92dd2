"""Small objects that the replies of several resources share."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from headgate.apis.actions import Call, timestamp


def named(row: Row[Any] | None, *columns: str) -> dict[str, Any] | None:
    """Return id and name of a row, and these columns; None for no row."""
    if row is None:
        return None
    return {column: getattr(row, column) for column in ("id", "name", *columns)}


def named_all(rows: Iterable[Row[Any]], *columns: str) -> list[dict[str, Any]]:
    """Return id and name (and these columns) of each row."""
    return [{column: getattr(row, column) for column in ("id", "name", *columns)} for row in rows]


def organization_of(row: Row[Any]) -> dict[str, Any]:
    """Return the organization of a row that was selected with its name and label."""
    return {
        "id": row.organization_id,
        "name": row.organization_name,
        "label": row.organization_label,
    }


def permissions(call: Call, organization_id: int, *names: str) -> dict[str, bool]:
    """Return which of these permissions the caller has in the organization."""
    return {name: call.actor.may(name, organization_id=organization_id) for name in names}


def task_summary(row: Row[Any] | None) -> dict[str, Any] | None:
    """Return what is shown of the last task of a thing; None before its first."""
    if row is None:
        return None
    return {
        "id": row.id,
        "label": row.label,
        "state": row.state,
        "result": row.result,
        "progress": round(row.fraction, 4),
        "username": row.username,
        "started_at": timestamp(row.started_at or row.created_at),
        "ended_at": timestamp(row.ended_at),
        "last_sync_words": words_since(row),
    }


def words_since(row: Row[Any] | None) -> str | None:
    """Say when the task ended, or that it has not."""
    if row is None:
        return None
    return "in progress" if row.ended_at is None else timestamp(row.ended_at)
