"""Locations: where things stand, a tree beside the organizations."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from headgate.stores.db.types import UtcDateTime, metadata

locations = Table(
    "locations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False),
    # Names from the root down, as Europe/Vienna: what clients look locations up by.
    Column("title", String(255), nullable=False, unique=True),
    Column("parent_id", Integer, ForeignKey("locations.id"), index=True),
    Column("description", Text),
    # Every organization may use it; else those in `location_organizations`, whose list may
    # become empty with the last of them without opening the location to all others.
    Column("for_all", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

location_organizations = Table(
    "location_organizations",
    metadata,
    Column("location_id", Integer, ForeignKey("locations.id", ondelete="CASCADE"), nullable=False),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    PrimaryKeyConstraint("location_id", "organization_id"),
)

user_locations = Table(
    "user_locations",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column(
        "location_id",
        Integer,
        ForeignKey("locations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    PrimaryKeyConstraint("user_id", "location_id"),
)
