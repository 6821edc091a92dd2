"""Content sets, publications and the register of blobs."""

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
    UniqueConstraint,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

blobs = Table(
    "blobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # raw SHA-256
    Column("size", BigInteger, nullable=False),  # bytes
    Column("created_at", UtcDateTime, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Keeps a blob that no content refers to yet: a task or an upload in progress holds it.
blob_pins = Table(
    "blob_pins",
    metadata,
    Column("blob_id", Integer, ForeignKey("blobs.id", ondelete="CASCADE"), nullable=False),
    Column("holder", String(64), nullable=False, index=True),  # a task's or an upload's id
    PrimaryKeyConstraint("blob_id", "holder"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

content_sets = Table(
    "content_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("counts", JSON, nullable=False),  # content type -> number of units
    Column("created_at", UtcDateTime, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

content_set_members = Table(
    "content_set_members",
    metadata,
    Column(
        "content_set_id", Integer, ForeignKey("content_sets.id", ondelete="CASCADE"), nullable=False
    ),
    Column("content_type", String(32), nullable=False),
    Column("units", LargeBinary, nullable=False),  # serialised, run-optimised roaring bitmap
    PrimaryKeyConstraint("content_set_id", "content_type"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Keeps units that no content set holds yet: the task that made or chose them holds them.
unit_pins = Table(
    "unit_pins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String(64), nullable=False, index=True),
    Column("unit_type", String(32), nullable=False),
    Column("units", LargeBinary, nullable=False),  # serialised roaring bitmap
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Written by whatever let go of content: the collector runs when there is one, and removes it.
collection_requests = Table(
    "collection_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

publications = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("content_set_id", Integer, ForeignKey("content_sets.id"), nullable=False),
    # What besides the content decides the bytes: content type, checksum type, compression ...
    Column("options", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Dormant: it has let go of the files in `dormant_files`, and is written again when needed.
    Column("dormant", Boolean, nullable=False, default=False),
    Column("awake_until", UtcDateTime),  # somebody has asked for it; null: nobody has
    UniqueConstraint("content_set_id", "options"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# Metadata files only; a package's path resolves by its location within the content set.
publication_files = Table(
    "publication_files",
    metadata,
    Column(
        "publication_id", Integer, ForeignKey("publications.id", ondelete="CASCADE"), nullable=False
    ),
    Column("path", String(1024), nullable=False),
    Column("blob_id", Integer, ForeignKey("blobs.id"), nullable=False),
    Column("content_type", String(64), nullable=False),
    PrimaryKeyConstraint("publication_id", "path"),
    Index("ix_publication_files_blob_id", "blob_id"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)

# What a dormant publication had; by the digests it is known whether the same bytes come out again.
dormant_files = Table(
    "dormant_files",
    metadata,
    Column(
        "publication_id", Integer, ForeignKey("publications.id", ondelete="CASCADE"), nullable=False
    ),
    Column("path", String(1024), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("content_type", String(64), nullable=False),
    PrimaryKeyConstraint("publication_id", "path"),
    info=unaudited("What content is made of; which of it is where, versions say"),
)
