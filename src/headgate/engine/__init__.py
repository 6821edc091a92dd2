"""The workflow engine: durable tasks of named, repeatable steps.

Asking for a task (`enqueue`) costs nothing to import; only worker processes import the runner
(`headgate.engine.runner`).
"""

from headgate.engine.port import (
    NewTask,
    Progress,
    Run,
    Schedule,
    TaskEnd,
    TaskResult,
    TaskState,
    Workflow,
)
from headgate.engine.queue import TASKS_TOPIC, enqueue
from headgate.engine.wakeup import Wakeup

__all__ = [
    "TASKS_TOPIC",
    "NewTask",
    "Progress",
    "Run",
    "Schedule",
    "TaskEnd",
    "TaskResult",
    "TaskState",
    "Wakeup",
    "Workflow",
    "enqueue",
]
