"""Smart proxies and the organizations and locations that they are for."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from headgate.stores.db.types import UtcDateTime, metadata

smart_proxies = Table(
    "smart_proxies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("url", String(255), nullable=False, unique=True),
    # This server itself; one row at most.
    Column("internal", Boolean, nullable=False, default=False),
    # immediate | on_demand | streamed | inherit (as each repository has it)
    Column("download_policy", String(16), nullable=False),
    Column("http_proxy_id", Integer, ForeignKey("http_proxies.id", ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)


def _links(name: str, other: str, table: str) -> Table:
    """Return the table that links proxies with rows of another table."""
    return Table(
        name,
        metadata,
        Column(
            "smart_proxy_id",
            Integer,
            ForeignKey("smart_proxies.id", ondelete="CASCADE"),
            nullable=False,
        ),
        Column(
            other,
            Integer,
            ForeignKey(f"{table}.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        PrimaryKeyConstraint("smart_proxy_id", other),
    )


smart_proxy_organizations = _links("smart_proxy_organizations", "organization_id", "organizations")
smart_proxy_locations = _links("smart_proxy_locations", "location_id", "locations")
