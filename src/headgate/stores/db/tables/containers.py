"""Container repositories: how they are mirrored and pushed to, and the names of the registry."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

# What a repository of type docker has besides what every repository has.
container_repositories = Table(
    "container_repositories",
    metadata,
    Column(
        "repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("docker_upstream_name", String(255)),
    Column("include_tags", JSON),  # globs and digests; null: every tag
    Column("exclude_tags", JSON),  # globs
    Column("platforms", JSON),  # [linux/amd64, linux/arm64/v8]; null: all
    Column("tag_limit_count", Integer),  # null: all
    Column("tag_limit_days", Integer),  # null: of any age
    # Hosts besides upstream's own that may see its credentials: [auth.example.org:443]
    Column("authentication_hosts", JSON),
    Column("sigstore_url", String(2048)),  # where simple signatures are looked for
    Column("immutable_tags", JSON),  # globs of tags that no push moves or removes
    # The name under which it was pushed, and is pulled from Library; null: it is mirrored.
    Column("push_name", String(255), unique=True),
    Column("push_name_format", String(8)),  # label | id
)

# Under which name the registry serves a repository of a view in an environment. Written with the
# distribution, so that a name and what it serves change together.
registry_names = Table(
    "registry_names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column(
        "organization_id",
        Integer,
        ForeignKey("organizations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column(
        "environment_id",
        Integer,
        ForeignKey("lifecycle_environments.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column(
        "content_view_id",
        Integer,
        ForeignKey("content_views.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column(
        "repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Index("ix_registry_names_content_view_id", "content_view_id", "environment_id"),
    info=unaudited("Follows from names and patterns, which are audited"),
)

# Blobs on their way in; the bytes are in a spool of the blob store that has this id.
container_uploads = Table(
    "container_uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column(
        "repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column(
        "user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("algorithm", String(8), nullable=False, default="sha256"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    info=unaudited("Gone when the upload is; what came of it, versions say"),
)
