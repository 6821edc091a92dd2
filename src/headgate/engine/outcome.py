"""Running a workflow's function to an outcome: the line where every failure is caught."""

from typing import Any
from uuid import uuid4

import structlog

from headgate.domain.errors import (
    CancelledError,
    HeadgateError,
    StorageFullError,
    UpstreamError,
    ValidationError,
    WorkerDiedError,
)
from headgate.engine.claims import Claim
from headgate.engine.ledger import Outcome
from headgate.engine.port import TaskResult, TaskState, Workflow
from headgate.engine.run import TaskRun, through_json
from headgate.stores.db.writes import is_full

log = structlog.stdlib.get_logger(__name__)

# A task that takes its process down each time must not do so for ever.
MOST_DEATHS = 20


def outcome_of(definition: Workflow, run: TaskRun, claim: Claim) -> Outcome:
    """Run the workflow; errors become the task's, only those of the engine itself go through."""
    if claim.deaths >= MOST_DEATHS:
        return _failed(definition, claim, _worker_died(claim.deaths))
    try:
        output = through_json(dict(definition.function(run) or {}))
    except CancelledError:
        return _cancelled()
    except Exception as error:
        if run.cancel_told:
            log.info("a cancelled task ended with an error", exc_info=error)
            return _cancelled()
        return _failed(definition, claim, error)
    if run.cancel_told:
        return _cancelled()
    warnings = [error_entry(warning) for warning in run.warnings]
    result = TaskResult.WARNING if warnings else TaskResult.SUCCESS
    return Outcome(TaskState.STOPPED, result, output, warnings)


def error_entry(error: HeadgateError) -> dict[str, Any]:
    """Return an error as the task's row keeps it."""
    entry: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, UpstreamError):
        entry["url"] = error.url
    if isinstance(error, ValidationError):
        entry["errors"] = error.errors
    return entry


def _cancelled() -> Outcome:
    return Outcome(TaskState.STOPPED, TaskResult.CANCELLED, {})


def _failed(definition: Workflow, claim: Claim, error: Exception) -> Outcome:
    if isinstance(error, HeadgateError):
        entry = error_entry(error)
        log.warning("task failed", workflow=definition.name, code=error.code, error=error.message)
    elif is_full(error):
        entry = error_entry(
            StorageFullError("The disk has no room left: free some and start the task again")
        )
        log.error("task failed: no room left on the disk", workflow=definition.name)
    else:
        entry = _internal(definition, error)
    pauses = definition.resumable and claim.parent_id is None
    state = TaskState.PAUSED if pauses else TaskState.STOPPED
    return Outcome(state, TaskResult.ERROR, {}, [entry])


def _internal(definition: Workflow, error: Exception) -> dict[str, Any]:
    """Tell people a reference only: the text of a foreign exception may hold secrets."""
    reference = uuid4().hex[:12]
    log.error("task failed", workflow=definition.name, reference=reference, exc_info=error)
    return {
        "code": "internal",
        "message": f"An internal error happened; the server's log has it under {reference}",
        "reference": reference,
    }


def _worker_died(deaths: int) -> WorkerDiedError:
    return WorkerDiedError(
        f"The process that ran the task died {deaths} times at the same step; see the server's"
        " log, then start the task again"
    )
