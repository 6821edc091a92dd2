"""Searches that users keep under a name."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from headgate.stores.db.types import UtcDateTime, metadata

bookmarks = Table(
    "bookmarks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("controller", String(64), nullable=False),  # the list that it searches: products
    Column("name", String(254), nullable=False),
    Column("query", Text, nullable=False),
    # Whether others see it, too.
    Column("public", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "controller", "name"),
)
