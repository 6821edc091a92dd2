"""The tables of container content.

Digests are texts here, `sha256:...` or `sha512:...`, as clients name them; the blob store knows
bytes by their SHA-256 alone.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

# "sha512:" and 128 hex digits.
DIGEST_LENGTH = 135

# Manifests of images and artifacts, and lists of manifests: two types of units in one table.
container_manifests = Table(
    "container_manifests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("name", String(DIGEST_LENGTH), nullable=False, unique=True),  # the digest as text
    Column("media_type", String(255), nullable=False),
    Column("listing", Boolean, nullable=False),  # an index or a manifest list
    # image | index | artifact | helm | cosign
    Column("kind", String(16), nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("size", Integer, nullable=False),  # bytes of the manifest itself
    Column("blob_id", Integer, ForeignKey("blobs.id"), nullable=False, index=True),
    Column("artifact_type", String(255)),
    Column("subject", String(DIGEST_LENGTH), index=True),
    Column("annotations", JSON, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("os", String(64)),
    Column("architecture", String(64)),
    Column("variant", String(64)),
    Column("compressed_size", BigInteger, nullable=False),  # bytes of all layers
    Column("created", UtcDateTime),  # as the image says
    Column("bootable", Boolean, nullable=False),
    Column("flatpak", Boolean, nullable=False, index=True),  # few of many are
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# What an index lists, in its order; a child need not be here.
container_children = Table(
    "container_children",
    metadata,
    Column(
        "manifest_id",
        Integer,
        ForeignKey("container_manifests.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("child", String(DIGEST_LENGTH), nullable=False, index=True),
    Column("media_type", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("os", String(64)),
    Column("architecture", String(64)),
    Column("variant", String(64)),
    PrimaryKeyConstraint("manifest_id", "position"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# The blobs that a manifest names. Their bytes are here for a manifest once somebody brought them
# who has it: they are another's that names the same digest only when they were brought for it.
container_manifest_blobs = Table(
    "container_manifest_blobs",
    metadata,
    Column(
        "manifest_id",
        Integer,
        ForeignKey("container_manifests.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("digest", String(DIGEST_LENGTH), nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes, as the manifest says
    Column("role", String(8), nullable=False),  # config | layer
    Column("media_type", String(255), nullable=False),
    Column("foreign", Boolean, nullable=False),  # a layer that need not be in the registry
    Column("blob_id", Integer, ForeignKey("blobs.id"), index=True),  # null: not here
    PrimaryKeyConstraint("manifest_id", "position"),
    Index("ix_container_manifest_blobs_digest", "digest", "manifest_id"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Blobs that were pushed into a repository, until manifests name them or they are forgotten.
container_pushed_blobs = Table(
    "container_pushed_blobs",
    metadata,
    Column(
        "repository_id", Integer, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False
    ),
    Column("digest", String(DIGEST_LENGTH), nullable=False, index=True),
    Column("blob_id", Integer, ForeignKey("blobs.id"), index=True),  # null: damaged, push it again
    Column("pushed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("repository_id", "digest"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

container_tags = Table(
    "container_tags",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # over name and manifest
    Column("name", String(128), nullable=False, index=True),
    Column("manifest", String(DIGEST_LENGTH), nullable=False, index=True),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Simple signatures of manifests, opaque here: clients have the keys (containers/image, "atomic").
container_signatures = Table(
    "container_signatures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # over manifest and content
    Column("manifest", String(DIGEST_LENGTH), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Where a tag pointed, since when, and who pointed it there.
container_tag_moves = Table(
    "container_tag_moves",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "repository_id", Integer, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False
    ),
    Column("name", String(128), nullable=False),
    Column("manifest", String(DIGEST_LENGTH)),  # null: it was removed
    Column("cause", String(32), nullable=False),  # push | sync | upload | remove
    Column("user", String(100)),  # the login
    Column("moved_at", UtcDateTime, nullable=False),
    Index("ix_container_tag_moves_repository_id", "repository_id", "name"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)
