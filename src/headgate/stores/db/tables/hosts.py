"""Hosts, the collections they are gathered in, and what they said of themselves."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import UNAUDITED, folded, unaudited
from headgate.stores.db.types import UtcDateTime, link_table, metadata

BOOTC_IMAGES = ("booted", "staged", "available", "rollback")

# What hosts said is installed: equal profiles are one row, however many hosts have them.
package_profiles = Table(
    "package_profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 (hex) over the rows
    info=unaudited("Hosts say it of themselves, again and again"),
)

package_profile_packages = Table(
    "package_profile_packages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "profile_id",
        Integer,
        ForeignKey("package_profiles.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("kind", String(8), nullable=False),  # rpm | deb
    Column("name", String(255), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("version", String(255), nullable=False),
    Column("release", String(255), nullable=False, default=""),
    Column("arch", String(64), nullable=False),
    Column("vendor", String(255)),
    Index("ix_package_profile_packages_name", "name", "profile_id"),
    info=unaudited("Hosts say it of themselves, again and again"),
)

module_profiles = Table(
    "module_profiles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    info=unaudited("Hosts say it of themselves, again and again"),
)

module_profile_streams = Table(
    "module_profile_streams",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "profile_id",
        Integer,
        ForeignKey("module_profiles.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name", String(255), nullable=False),
    Column("stream", String(255), nullable=False),
    Column("version", String(64), nullable=False),
    Column("context", String(64), nullable=False),
    Column("arch", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # enabled | disabled | unknown
    Column("installed_profiles", JSON, nullable=False),
    info=unaudited("Hosts say it of themselves, again and again"),
)

hosts = Table(
    "hosts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False, index=True),
    Column("location_id", Integer, ForeignKey("locations.id", ondelete="SET NULL"), index=True),
    Column("owner_id", Integer, ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("comment", Text),
    # Of a client of content: what it calls itself in its certificate. Null: a record alone.
    Column("uuid", String(36), unique=True),
    Column("registered_at", UtcDateTime, index=True),
    Column("last_checkin", UtcDateTime, index=True, info=UNAUDITED),
    Column(
        "content_source_id",
        Integer,
        ForeignKey("smart_proxies.id", ondelete="SET NULL"),
        index=True,
    ),
    Column(
        "kickstart_repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="SET NULL"),
        index=True,
    ),
    Column("release_version", String(64)),
    Column("autoheal", Boolean, nullable=False, default=True),
    Column("service_level", String(255)),
    Column("purpose_usage", String(255)),
    Column("purpose_role", String(255)),
    Column("purpose_addons", JSON, nullable=False),
    Column("hypervisor_guest_uuids", JSON, nullable=False),
    *(
        column
        for image in BOOTC_IMAGES
        for column in (
            Column(f"bootc_{image}_image", String(255), index=image == "booted", info=UNAUDITED),
            Column(f"bootc_{image}_digest", String(80), info=UNAUDITED),
        )
    ),
    Column(
        "package_profile_id", Integer, ForeignKey("package_profiles.id"), index=True, info=UNAUDITED
    ),
    Column(
        "module_profile_id", Integer, ForeignKey("module_profiles.id"), index=True, info=UNAUDITED
    ),
    Column("facts_at", UtcDateTime, info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

# The content view environments of a host, the first one first asked for content.
host_environments = Table(
    "host_environments",
    metadata,
    Column("host_id", Integer, ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("distribution_id", Integer, ForeignKey("distributions.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    PrimaryKeyConstraint("host_id", "distribution_id"),
    info=folded("host_id", "distribution_id", "content_view_environment_ids"),
)

host_facts = Table(
    "host_facts",
    metadata,
    Column("host_id", Integer, ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False, index=True),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("host_id", "name"),
    info=unaudited("Hosts say it of themselves, again and again"),
)

host_products = Table(
    "host_products",
    metadata,
    Column("host_id", Integer, ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("product_id", String(64), nullable=False),  # as in the product certificate
    Column("product_name", String(255), nullable=False),
    Column("arch", String(255), nullable=False, default=""),
    Column("version", String(255), nullable=False, default=""),
    PrimaryKeyConstraint("host_id", "product_id"),
    info=unaudited("Hosts say it of themselves, again and again"),
)

# What on a host still runs from replaced files, and how it is started anew.
host_traces = Table(
    "host_traces",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host_id", Integer, ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False),
    Column("application", String(255), nullable=False),
    Column("helper", String(255)),
    Column("app_type", String(32), nullable=False),
    UniqueConstraint("host_id", "application"),
    info=unaudited("Hosts say it of themselves, again and again"),
)

host_collections = Table(
    "host_collections",
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
    Column("max_hosts", Integer),  # null: as many as there are
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

host_collection_hosts = link_table(
    "host_collection_hosts", host_collection_id="host_collections", host_id="hosts"
)
