"""Smart proxies and the organizations and locations that they are for."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
)

from headgate.stores.db.types import UtcDateTime, link_table, metadata

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


smart_proxy_organizations = link_table(
    "smart_proxy_organizations", smart_proxy_id="smart_proxies", organization_id="organizations"
)
smart_proxy_locations = link_table(
    "smart_proxy_locations", smart_proxy_id="smart_proxies", location_id="locations"
)
# The environments that a proxy is to mirror.
smart_proxy_environments = link_table(
    "smart_proxy_environments",
    smart_proxy_id="smart_proxies",
    environment_id="lifecycle_environments",
)
