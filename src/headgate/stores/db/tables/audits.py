"""The audit log: every change, by whom, with the values before and after."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

audits = Table(
    "audits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("action", String(8), nullable=False),  # create | update | destroy
    Column("auditable_type", String(64), nullable=False),
    Column("auditable_id", Integer),
    Column("auditable_name", String(255)),
    # Ids are given again after a deletion, so whatever names one must let go of it.
    Column(
        "organization_id", Integer, ForeignKey("organizations.id", ondelete="SET NULL"), index=True
    ),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("username", String(100)),  # outlives the user
    Column("way", String(16), nullable=False),  # api | cli | registry | task | server
    Column("remote_address", String(64)),
    Column("request_uuid", String(64)),
    Column("task_id", String(36)),
    # update: {column: [before, after]}; create and destroy: {column: value}
    Column("changes", JSON, nullable=False),
    info=unaudited("It is the log"),
)
Index("ix_audits_auditable", audits.c.auditable_type, audits.c.auditable_id)
