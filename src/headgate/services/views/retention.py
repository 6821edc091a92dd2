"""Retention of a content view's versions: what its policy says, and what would go now.

What goes is found again in the transaction that deletes it: a version that an environment or a
composite view has begun to use meanwhile stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, select, update

from headgate.domain.clock import Clock
from headgate.domain.errors import BadRequestError
from headgate.domain.ids import ContentViewId
from headgate.domain.retention import RetainedVersion, RetentionPolicy
from headgate.plugin import ContentType
from headgate.services.access import Actor, load, require_for
from headgate.services.related import AnyRow
from headgate.services.storage.space import freed_by
from headgate.services.views.content_views import require_plain
from headgate.services.views.version_history import RETENTION_USER
from headgate.services.views.version_removal import delete_versions, lock_versions
from headgate.stores.db import Transaction
from headgate.stores.db.tables import (
    content_view_components,
    content_view_version_components,
    content_view_versions,
    content_views,
    distributions,
)


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What would go, the oldest first, and the bytes that the disk would get back."""

    versions: Sequence[AnyRow]
    freed_bytes: int


def set_policy(
    tx: Transaction,
    *,
    actor: Actor,
    clock: Clock,
    content_view_id: ContentViewId,
    policy: RetentionPolicy,
) -> Row[Any]:
    """Give the view a policy; it is followed after each publish and every hour."""
    view = load_retained(tx, actor, content_view_id)
    require_for(tx, actor, content_views, [view], "edit_content_views")
    require_for(tx, actor, content_views, [view], "destroy_content_views")
    policy.check()
    tx.execute(
        update(content_views)
        .where(content_views.c.id == view.id)
        .values(
            keep_versions=policy.keep_versions,
            keep_days=policy.keep_days,
            updated_at=clock(),
        )
    )
    return view


def load_retained(tx: Transaction, actor: Actor, content_view_id: ContentViewId) -> Row[Any]:
    """Return the view if it has versions to keep; BadRequestError for the other kinds."""
    view = require_plain(
        load(tx, actor, content_views, content_view_id), "given a retention policy"
    )
    if view.rolling:
        raise BadRequestError(f"Rolling content view '{view.name}' has no versions to keep.")
    return view


def policy_of(view: Row[Any] | AnyRow) -> RetentionPolicy:
    """Return the policy of a view's row."""
    return RetentionPolicy(view.keep_versions, view.keep_days)


def plan_retention(
    tx: Transaction,
    content_types: Sequence[ContentType],
    *,
    clock: Clock,
    content_view_id: int,
    policy: RetentionPolicy,
) -> RetentionPlan:
    """Return what the policy would delete now. Needs a write transaction; changes nothing."""
    policy.check()
    going = set(expendable(tx, clock=clock, content_view_id=content_view_id, policy=policy))
    if not going:
        return RetentionPlan((), 0)
    versions = [row for row in _versions(tx, content_view_id) if row.id in going]

    def change(inner: Transaction) -> None:
        delete_versions(inner, clock=clock, version_ids=sorted(going), user=RETENTION_USER)

    return RetentionPlan(versions, freed_by(tx, content_types, change))


def expendable(
    tx: Transaction, *, clock: Clock, content_view_id: int, policy: RetentionPolicy
) -> list[int]:
    """Return the ids of the view's versions that the policy lets go of, the oldest first."""
    if policy == RetentionPolicy():
        return []  # most views: their versions may be a thousand
    versions = [
        RetainedVersion(
            id=row.id,
            number=(row.major, row.minor),
            created_at=row.created_at,
            pinned=row.pinned,
            used=bool(row.used),
        )
        for row in _versions(tx, content_view_id)
    ]
    return policy.expendable(versions, clock())


def views_with_policy(tx: Transaction) -> Sequence[AnyRow]:
    """Return every view that has a policy."""
    columns = content_views.c
    return tx.execute(
        select(content_views)
        .where(or_(columns.keep_versions.is_not(None), columns.keep_days.is_not(None)))
        .order_by(columns.id)
    ).all()


def delete_expendable(
    tx: Transaction, *, clock: Clock, content_view_id: int, version_ids: Sequence[int]
) -> list[int]:
    """Delete those of the versions that the view's policy still lets go of; return them."""
    view = tx.execute(
        select(content_views).where(content_views.c.id == content_view_id)
    ).one_or_none()
    if view is None:
        return []
    lock_versions(tx, version_ids)
    still = set(
        expendable(tx, clock=clock, content_view_id=content_view_id, policy=policy_of(view))
    )
    going = [each for each in version_ids if each in still]
    return delete_versions(tx, clock=clock, version_ids=going, user=RETENTION_USER)


def _versions(tx: Transaction, content_view_id: int) -> Sequence[AnyRow]:
    versions = content_view_versions.c
    used = or_(
        versions.id.in_(
            select(distributions.c.version_id).where(
                distributions.c.content_view_id == content_view_id,
                distributions.c.version_id.is_not(None),
            )
        ),
        versions.id.in_(
            select(content_view_components.c.version_id).where(
                content_view_components.c.content_view_id == content_view_id,
                content_view_components.c.version_id.is_not(None),
            )
        ),
        versions.id.in_(select(content_view_version_components.c.component_id)),
    )
    return tx.execute(
        select(
            versions.id,
            versions.major,
            versions.minor,
            versions.description,
            versions.created_at,
            versions.pinned,
            used.label("used"),
        )
        .where(versions.content_view_id == content_view_id, versions.published)
        .order_by(versions.major, versions.minor)
    ).all()
