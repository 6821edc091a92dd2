"""A run of a sync plan: the repositories that its products have by then, each in a sub-task."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from headgate.domain.errors import BadRequestError, SubtaskFailedError
from headgate.engine.port import Run, TaskResult
from headgate.services.work.sync_plans import NOTHING_TO_SYNC, syncable
from headgate.workflows.requests import sync_task
from headgate.workflows.workshop import Workshop


def run_sync_plan(workshop: Workshop, run: Run) -> Mapping[str, Any]:
    """Synchronize what the plan in `sync_plan_id` has; failures become warnings.

    The run itself holds nothing, so it may wait for repositories that others synchronize.
    """
    plan_id: int = run.input["sync_plan_id"]

    def found() -> list[Row[Any]]:
        with workshop.ports.database.read() as tx:
            return syncable(tx, plan_id)

    if not run.step("look", lambda: bool(found())):
        run.warn(BadRequestError(NOTHING_TO_SYNC))
        return {"repositories": 0, "failed": 0}
    tasks = [sync_task(row, user_id=run.user_id) for row in found()]
    ends = run.children("synchronize", tasks)
    for end in ends:
        for error in end.errors:
            url, message = error.get("url"), str(error.get("message", end.result))
            run.warn(SubtaskFailedError(f"{url}: {message}" if url else message))
    failed = [end for end in ends if end.result in (TaskResult.ERROR, TaskResult.CANCELLED)]
    return {"repositories": len(ends), "failed": len(failed)}
