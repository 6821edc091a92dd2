"""Promotion and its opposite: which environments serve which version of a view.

The request checks (`check_promotion`); the task ends with one transaction that changes what is
served (`finish_promotion`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError, ConflictError, ValidationError
from headgate.domain.findings import several
from headgate.domain.ids import ContentViewId, ContentViewVersionId, EnvironmentId, TaskId
from headgate.services.access import Actor, load, load_many, require_for
from headgate.services.containers.naming import check_names
from headgate.services.serving.distributions import (
    as_value,
    environment_value,
    serve_version,
    stop_serving,
)
from headgate.services.storage.collection import request_collection
from headgate.services.views.component_records import components_of_version
from headgate.services.views.content_views import require_plain
from headgate.services.views.version_history import record, record_rolling
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_versions,
    content_views,
    distributions,
    lifecycle_environments,
)


def check_promotion(
    tx: Transaction,
    *,
    actor: Actor,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    force: bool = False,
    restrict_composite: bool = False,
) -> Row[Any]:
    """Return the version if it may be promoted to these environments, in this order.

    With `restrict_composite` a composite version goes only where its components' versions are.
    ValidationError, which tells them all, for names that the registry cannot give there.
    """
    version = load(tx, actor, content_view_versions, version_id)
    view = require_plain(load(tx, actor, content_views, version.content_view_id), "promoted")
    require_for(tx, actor, content_views, [view], "promote_or_remove_content_views")
    if not version.published:
        raise BadRequestError("This version is still being published.")
    if not environment_ids:
        raise ValidationError({"environment_ids": ["can't be blank"]})
    value = as_value(tx, version)
    for target in load_many(tx, actor, lifecycle_environments, environment_ids):
        if target.organization_id != view.organization_id:
            raise BadRequestError(
                f"Environment '{target.name}' is of another organization than the content view."
            )
        value = value.promoted_to(environment_value(target), force=force)
        if restrict_composite and view.composite:
            _require_components(tx, version.id, target)
    check_names(tx, version_id=version_id, environment_ids=environment_ids)
    return version


def _require_components(tx: Transaction, version_id: int, target: Row[Any]) -> None:
    parts = components_of_version(tx, version_id)
    served = set(
        tx.scalars(
            select(distributions.c.version_id).where(
                distributions.c.environment_id == target.id,
                distributions.c.version_id.is_not(None),
            )
        )
    )
    absent = [
        f"{each.content_view_name} {each.major}.{each.minor}"
        for each in parts
        if each.id not in served
    ]
    if absent:
        raise BadRequestError(
            f"These components of the composite version are not in environment '{target.name}':"
            f" {several(absent)}. Promote them first (setting restrict_composite_view)."
        )


def finish_promotion(
    tx: Transaction,
    *,
    clock: Clock,
    version_id: ContentViewVersionId,
    environment_ids: Sequence[EnvironmentId],
    task_id: TaskId,
    user: str,
    description: str | None = None,
) -> None:
    """Let the environments serve the version: one row each, whatever the version holds."""
    version = tx.execute(
        select(content_view_versions).where(content_view_versions.c.id == version_id)
    ).one_or_none()
    if version is None:
        raise ConflictError("The version was deleted before it could be promoted")
    for environment_id in environment_ids:
        serve_in(
            tx,
            clock=clock,
            version=version,
            environment_id=environment_id,
            user=user,
            task_id=task_id,
            description=description,
        )


def serve_in(
    tx: Transaction,
    *,
    clock: Clock,
    version: Row[Any],
    environment_id: int,
    user: str,
    task_id: TaskId | None = None,
    description: str | None = None,
) -> None:
    """Let one environment serve the version from this transaction's commit on, and remember it."""
    serve_version(tx, clock=clock, version_id=version.id, environment_id=environment_id)
    request_collection(tx, clock)  # what was served until now may fall dormant
    record(
        tx,
        clock=clock,
        version=version,
        action="promotion",
        user=user,
        environment_id=environment_id,
        task_id=task_id,
        description=description,
    )


def remove_from_environment(
    tx: Transaction,
    *,
    clock: Clock,
    content_view_id: ContentViewId,
    environment_id: EnvironmentId,
    user: str,
) -> None:
    """Take the view out of the environment and remember it; repeating it changes nothing."""
    row = tx.execute(
        select(content_view_versions, distributions.c.id.label("distribution_id"))
        .select_from(distributions)
        .outerjoin(content_view_versions, distributions.c.version_id == content_view_versions.c.id)
        .where(
            distributions.c.content_view_id == content_view_id,
            distributions.c.environment_id == environment_id,
        )
    ).one_or_none()
    stop_serving(tx, clock=clock, content_view_id=content_view_id, environment_id=environment_id)
    if row is None:
        return
    request_collection(tx, clock)
    if row.id is None:
        record_rolling(
            tx,
            clock=clock,
            content_view_id=content_view_id,
            action="removal",
            environment_id=environment_id,
            user=user,
        )
    else:
        record(
            tx, clock=clock, version=row, action="removal", user=user, environment_id=environment_id
        )
