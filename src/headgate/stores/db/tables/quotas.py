"""How much of the blob store an organization may use."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table

from headgate.stores.db.types import metadata

# No row, or a null: no limit. Whoever ends a sync, an upload or a publish locks the row, so that
# two of them never see the same room.
organization_quotas = Table(
    "organization_quotas",
    metadata,
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("soft_bytes", BigInteger),
    Column("hard_bytes", BigInteger),
)
