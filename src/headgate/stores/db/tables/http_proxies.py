"""HTTP proxies through which upstreams are reached, and the organizations that may use them."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    true,
)

from headgate.stores.db.types import UtcDateTime, link_table, metadata

http_proxies = Table(
    "http_proxies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("url", Text, nullable=False),  # without credentials
    Column("username", String(255)),
    Column("password", LargeBinary),  # sealed
    # Used by every repository that leaves the choice to the server; one at most.
    Column("content_default", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
Index(
    "ix_http_proxies_content_default",
    http_proxies.c.content_default,
    unique=True,
    sqlite_where=http_proxies.c.content_default == true(),
    postgresql_where=http_proxies.c.content_default == true(),
)

http_proxy_organizations = link_table(
    "http_proxy_organizations", http_proxy_id="http_proxies", organization_id="organizations"
)
http_proxy_locations = link_table(
    "http_proxy_locations", http_proxy_id="http_proxies", location_id="locations"
)
