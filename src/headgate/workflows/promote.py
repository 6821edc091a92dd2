"""Promoting a version: one row for each environment, in one transaction.

A version whose metadata was let go of is written again before.
"""

from collections.abc import Mapping
from typing import Any

from headgate.domain.ids import ContentViewVersionId
from headgate.engine.port import Run
from headgate.services.views.promotions import finish_promotion
from headgate.stores.db import Transaction
from headgate.workflows.waking import once_awake
from headgate.workflows.workshop import Workshop


def promote(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Let `environment_ids` serve `version_id`."""
    version_id = ContentViewVersionId(run.input["version_id"])

    def serve(tx: Transaction) -> None:
        finish_promotion(
            tx,
            clock=workshop.ports.clock,
            version_id=version_id,
            environment_ids=run.input["environment_ids"],
            task_id=run.task_id,
            user=run.input["user"],
            description=run.input.get("description"),
        )

    once_awake(workshop, run, "serve", [version_id], serve)
    return {"content_view_version_id": version_id}
