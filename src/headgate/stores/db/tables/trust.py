"""Keys with which an organization signs what it publishes."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.types import UtcDateTime, metadata

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of the key that signs now
    Column("secret", LargeBinary, nullable=False),  # sealed
    Column("public", Text, nullable=False),  # armored
    # Armored public keys that signed before and are still served, so that hosts go along.
    Column("former", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)
