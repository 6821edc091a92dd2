"""Tasks: one row per durable run, and the resources each holds."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from headgate.stores.db.types import UtcDateTime, metadata

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
    Column("state", String(16), nullable=False),  # planned | running | stopped | paused ...
    Column("result", String(16), nullable=False),  # pending | success | warning | error ...
    Column("input", JSON, nullable=False),
    Column("output", JSON, nullable=False),
    Column("errors", JSON, nullable=False),  # [{code, message, ...}]
    # As engine.port.Progress, with the step's name, bytes per second and seconds left.
    Column("progress", JSON, nullable=False),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("start_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    # Who runs it now and when that process was last heard of: the base of adoption.
    Column("executor", String(64)),
    Column("attempt", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_tasks_state_number", "state", "number"),
)

# A task waits until every resource it wants is free of exclusive holders (or of all, if it wants
# it exclusively). `resource` reads `repository:12`.
task_locks = Table(
    "task_locks",
    metadata,
    Column("task_id", String(36), ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("resource", String(128), nullable=False, index=True),
    Column("exclusive", Boolean, nullable=False),
    Column("held", Boolean, nullable=False, default=False),
    PrimaryKeyConstraint("task_id", "resource"),
)
