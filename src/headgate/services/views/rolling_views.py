"""Rolling views: their environments serve what their repositories hold now.

There is nothing to publish or to move. A distribution without a version is looked up in
the repositories' latest versions (`services/serving/paths.py`), so whatever commits a
repository's new version serves it in the same transaction: a crash between the two cannot be.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from headgate.domain.clock import Clock
from headgate.domain.errors import ValidationError
from headgate.domain.ids import EnvironmentId
from headgate.services.access import Actor, load_many, require_for
from headgate.services.serving.distributions import base_path_of, serve_latest, stop_serving
from headgate.services.views.version_history import record_rolling
from headgate.stores.db import Transaction
from headgate.stores.db.tables import content_views, distributions, lifecycle_environments


def serve_rolling(
    tx: Transaction,
    view: Row[Any],
    *,
    actor: Actor,
    clock: Clock,
    environment_ids: Sequence[EnvironmentId],
) -> None:
    """Let exactly these environments serve the view from now on, in no particular order."""
    if not view.rolling:
        raise ValidationError(
            {
                "environment_ids": [
                    "can only be given for rolling content views; promote a version instead"
                ]
            }
        )
    require_for(tx, actor, content_views, [view], "promote_or_remove_content_views")
    wanted = {row.id: row for row in load_many(tx, actor, lifecycle_environments, environment_ids)}
    strangers = [row.name for row in wanted.values() if row.organization_id != view.organization_id]
    if strangers:
        raise ValidationError(
            {"environment_ids": [f"belong to another organization: {', '.join(strangers)}"]}
        )
    served = set(
        tx.scalars(
            select(distributions.c.environment_id).where(distributions.c.content_view_id == view.id)
        )
    )

    def remember(action: str, environment_id: int) -> None:
        record_rolling(
            tx,
            clock=clock,
            content_view_id=view.id,
            action=action,
            environment_id=environment_id,
            user=actor.login,
        )

    for environment_id in sorted(served - wanted.keys()):
        stop_serving(tx, clock=clock, content_view_id=view.id, environment_id=environment_id)
        remember("removal", environment_id)
    for environment_id in sorted(wanted.keys() - served):
        serve_latest(
            tx,
            clock=clock,
            base_path=base_path_of(tx, view, wanted[environment_id]),
            organization_id=view.organization_id,
            environment_id=environment_id,
            content_view_id=view.id,
        )
        remember("promotion", environment_id)
