"""Locations: where things stand, a tree beside the organizations."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from headgate.stores.db.types import UtcDateTime, link_table, metadata

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

location_organizations = link_table(
    "location_organizations", location_id="locations", organization_id="organizations"
)

user_locations = link_table("user_locations", user_id="users", location_id="locations")
