"""Flatpak remotes of others, and what was found there when they were scanned last."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import UNAUDITED, unaudited
from headgate.stores.db.types import UtcDateTime, metadata

flatpak_remotes = Table(
    "flatpak_remotes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),
    Column("url", Text, nullable=False),  # before `index/static`; without credentials
    Column("description", Text),
    Column("username", String(255)),
    Column("token", LargeBinary),  # sealed
    Column("ssl_ca_cert_id", Integer, ForeignKey("content_credentials.id", ondelete="SET NULL")),
    # Where its images are pulled from: as the index says, unless a user said it.
    Column("registry_url", Text),
    Column("registry_url_chosen", Boolean, nullable=False, default=False),
    Column("scanned_at", UtcDateTime, info=UNAUDITED),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("organization_id", "name"),
)

flatpak_remote_repositories = Table(
    "flatpak_remote_repositories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "flatpak_remote_id",
        Integer,
        ForeignKey("flatpak_remotes.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(255), nullable=False),  # as the remote's registry knows it
    Column("label", String(128), nullable=False),
    # The repository that follows it, the newest if there are several.
    Column("mirror_id", Integer, ForeignKey("repositories.id", ondelete="SET NULL"), index=True),
    Column("mirrored_at", UtcDateTime),
    UniqueConstraint("flatpak_remote_id", "name"),
    info=unaudited("What upstream offers, as the last scan found it"),
)

# The images that the index lists.
flatpak_remote_manifests = Table(
    "flatpak_remote_manifests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "flatpak_remote_repository_id",
        Integer,
        ForeignKey("flatpak_remote_repositories.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("digest", String(135), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("flatpak_ref", String(255), nullable=False, index=True),  # app/NAME/x86_64/stable
    Column("runtime", String(255)),  # that it runs in: NAME/x86_64/1
    Column("os", String(64)),
    Column("architecture", String(64)),  # Go's name
    UniqueConstraint("flatpak_remote_repository_id", "digest"),
    info=unaudited("What upstream offers, as the last scan found it"),
)
