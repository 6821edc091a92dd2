"""What comes round because users want it: recurring logics, and the sync plans on top of them."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import UNAUDITED
from headgate.stores.db.types import UtcDateTime, metadata, partial_index

# A task that the engine asks for again and again. Any change of the row holds at once: workers
# read it whenever they look for due ones.
recurring_logics = Table(
    "recurring_logics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organization_id", Integer, ForeignKey("organizations.id", ondelete="CASCADE")),
    # The task that is asked for.
    Column("workflow", String(64), nullable=False),
    Column("label", String(128), nullable=False),
    Column("action", Text, nullable=False),
    Column("input", JSON, nullable=False),
    # When: `every_seconds` counted from `starts_at`, else the times of `cron_line` (UTC) from
    # `starts_at` on. `cron_line` is always there for people.
    Column("cron_line", String(128), nullable=False),
    Column("every_seconds", Integer),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),  # active | disabled | cancelled | failed
    Column("next_at", UtcDateTime, info=UNAUDITED),  # null unless active
    Column(
        "iteration", Integer, nullable=False, default=0, info=UNAUDITED
    ),  # tasks asked for so far
    Column("last_task_id", String(36), info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
)
partial_index(
    "ix_recurring_logics_next_at",
    recurring_logics.c.next_at,
    where=recurring_logics.c.next_at.is_not(None),
)

sync_plans = Table(
    "sync_plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("interval", String(16), nullable=False),  # hourly | daily | weekly | custom cron
    Column("cron_expression", String(128)),
    Column("sync_date", UtcDateTime, nullable=False),
    Column(
        "recurring_logic_id",
        Integer,
        ForeignKey("recurring_logics.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)
