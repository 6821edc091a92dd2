"""Activation keys, and what keys and hosts say about single repositories."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import audited, folded
from headgate.stores.db.types import UtcDateTime, link_table, metadata

activation_keys = Table(
    "activation_keys",
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
    Column("user_id", Integer, ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("max_hosts", Integer),  # null: as many as there are
    Column("release_version", String(64)),
    Column("auto_attach", Boolean, nullable=False, default=True),
    Column("service_level", String(255)),
    Column("purpose_usage", String(255)),
    Column("purpose_role", String(255)),
    Column("purpose_addons", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

# The content view environments that a key gives to hosts, in their order.
activation_key_environments = Table(
    "activation_key_environments",
    metadata,
    Column(
        "activation_key_id",
        Integer,
        ForeignKey("activation_keys.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("distribution_id", Integer, ForeignKey("distributions.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    PrimaryKeyConstraint("activation_key_id", "distribution_id"),
    info=folded("activation_key_id", "distribution_id", "content_view_environment_ids"),
)

activation_key_collections = link_table(
    "activation_key_collections",
    activation_key_id="activation_keys",
    host_collection_id="host_collections",
)

# Hosts that were registered with a key.
activation_key_hosts = link_table(
    "activation_key_hosts", activation_key_id="activation_keys", host_id="hosts"
)

# What a key or a host says of a repository, such as `enabled` = 0; one of the two ids is set.
content_overrides = Table(
    "content_overrides",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("activation_key_id", Integer, ForeignKey("activation_keys.id", ondelete="CASCADE")),
    Column("host_id", Integer, ForeignKey("hosts.id", ondelete="CASCADE")),
    Column("content_label", String(512), nullable=False),
    Column("name", String(255), nullable=False),
    Column("value", String(255), nullable=False),
    UniqueConstraint("activation_key_id", "content_label", "name"),
    UniqueConstraint("host_id", "content_label", "name"),
    info=audited("content_label", "name"),
)
