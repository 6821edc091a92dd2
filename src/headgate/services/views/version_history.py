"""The history of content views: what happened to their versions, when and by whom."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select

from headgate.domain.clock import Clock
from headgate.domain.ids import TaskId
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_view_histories, lifecycle_environments

# Who does what nobody asked for: a policy.
RETENTION_USER = "retention policy"
# Rolling views have no versions; their lines say so in the place of a number.
ROLLING = "rolling"


def record(
    tx: Transaction,
    *,
    clock: Clock,
    version: Row[Any],
    action: str,
    user: str,
    environment_id: int | None = None,
    task_id: TaskId | None = None,
    description: str | None = None,
    status: str = "successful",
) -> None:
    """Write a line about a version."""
    tx.execute(
        insert(content_view_histories).values(
            _line(version, clock=clock, action=action, user=user, status=status)
            | {
                "environment": _name_of(tx, environment_id),
                "environment_id": environment_id,
                "description": description,
                "task_id": task_id,
            }
        )
    )


def record_deletions(tx: Transaction, *, clock: Clock, versions: Sequence[Any], user: str) -> None:
    """Write a line about each of the versions (rows) that have gone."""
    lines = [_line(version, clock=clock, action="deletion", user=user) for version in versions]
    if lines:
        tx.execute(insert(content_view_histories), lines)


def record_rolling(
    tx: Transaction,
    *,
    clock: Clock,
    content_view_id: int,
    action: str,
    environment_id: int,
    user: str,
) -> None:
    """Write that a rolling view came to an environment or left it."""
    tx.execute(
        insert(content_view_histories).values(
            content_view_id=content_view_id,
            version=ROLLING,
            environment=_name_of(tx, environment_id),
            environment_id=environment_id,
            action=action,
            user=user,
            status="successful",
            created_at=clock(),
        )
    )


def _line(
    version: Any, *, clock: Clock, action: str, user: str, status: str = "successful"
) -> dict[str, Any]:
    return {
        "content_view_id": version.content_view_id,
        "version": f"{version.major}.{version.minor}",
        "version_id": version.id,
        "action": action,
        "user": user,
        "status": status,
        "created_at": clock(),
    }


def _name_of(tx: Transaction, environment_id: int | None) -> str | None:
    if environment_id is None:
        return None
    return tx.scalar(
        select(lifecycle_environments.c.name).where(lifecycle_environments.c.id == environment_id)
    )
