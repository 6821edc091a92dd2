"""Tasks: one row per durable run, the resources each wants, its recorded steps, who runs it."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    Text,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata, partial_index

# PostgreSQL only: writers there do not wait for each other, so a maximum would be given twice.
task_numbers = Sequence("task_numbers", metadata=metadata)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    # Orders tasks by their making; the engine starts them in this order.
    Column("number", Integer, nullable=False, unique=True),
    Column("label", String(128), nullable=False, index=True),  # Actions::Katello::...
    Column("workflow", String(64), nullable=False),  # the engine's name of the definition
    Column("action", Text, nullable=False),  # for people: "Synchronize repository 'x'"
    Column("user_id", Integer, ForeignKey("users.id", ondelete="SET NULL")),
    Column(
        "organization_id", Integer, ForeignKey("organizations.id", ondelete="SET NULL"), index=True
    ),
    Column("parent_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), index=True),
    Column("state", String(16), nullable=False),  # planned | running | stopped | paused
    Column("result", String(16), nullable=False),  # pending | success | warning | error | cancelled
    Column("input", JSON, nullable=False),
    Column("output", JSON, nullable=False),
    Column("errors", JSON, nullable=False),  # [{code, message, ...}]
    # Keys: step, {bytes,items}_{done,total}, bytes_per_second, seconds_left, url
    Column("progress", JSON, nullable=False),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    # Whether a run in progress can be stopped; one that has not begun always can.
    Column("cancellable", Boolean, nullable=False, default=True),
    Column("start_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    # Who runs it now and for the how-manieth time: together they fence off whoever ran it before.
    Column("executor", String(64)),
    Column("attempt", Integer, nullable=False, default=0),
    # Processes that died over it since it last got a step further.
    Column("deaths", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_tasks_state_number", "state", "number"),
    info=unaudited("The list of tasks is a log of its own"),
)

# A task waits until every resource it wants is free of exclusive holders (or of all, if it wants
# it exclusively). `resource` reads `repository:12`. Rows stay after the end and tell what the task
# was about; only those of unfinished tasks are live.
task_locks = Table(
    "task_locks",
    metadata,
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("resource", String(128), nullable=False, index=True),
    Column("exclusive", Boolean, nullable=False),
    Column("held", Boolean, nullable=False, default=False),
    Column("live", Boolean, nullable=False, default=True),
    PrimaryKeyConstraint("task_id", "resource"),
    info=unaudited("The list of tasks is a log of its own"),
)
partial_index("ix_task_locks_live", task_locks.c.resource, where=task_locks.c.live)

# What an unfinished task has done; gone when it ends.
task_steps = Table(
    "task_steps",
    metadata,
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("result", JSON, nullable=False),
    PrimaryKeyConstraint("task_id", "name"),
    info=unaudited("The list of tasks is a log of its own"),
)

# Worker processes that run tasks; a row whose beat stands still belongs to a dead one.
executors = Table(
    "executors",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("process", String(128), nullable=False),  # boot, namespace, process id, its start
    Column("beat", Integer, nullable=False, default=0),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    info=unaudited("The list of tasks is a log of its own"),
)

task_schedules = Table(
    "task_schedules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("timing", String(128), nullable=False),  # changed timing starts the schedule anew
    Column("next_at", UtcDateTime, nullable=False),
    Column("executor", String(64)),  # who runs the job now
    info=unaudited("The list of tasks is a log of its own"),
)
