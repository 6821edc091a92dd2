"""What published content lacks, and what an upstream offers to make up for it."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

# A publication with rows is incomplete. Its key names the repository, so whose upstream failed in
# which words is never shown to another tenant that publishes the same content.
missing_files = Table(
    "missing_files",
    metadata,
    Column(
        "publication_id", Integer, ForeignKey("publications.id", ondelete="CASCADE"), nullable=False
    ),
    Column(
        "repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("unit_type", String(32), nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("path", String(1024), nullable=False),  # relative to the repository
    Column("size", BigInteger),  # bytes
    Column("checksum", String(160)),  # sha256:...
    Column("url", Text),  # the address asked last; null: nothing was asked
    Column("code", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("tried_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("publication_id", "unit_type", "unit_id", "path"),
    info=unaudited("What upstream did not give; syncs keep it"),
)

# Which units of its latest version a repository's upstream offered at the last sync: what may be
# fetched again. The others were uploaded, or upstream has dropped them.
offered_units = Table(
    "offered_units",
    metadata,
    Column(
        "repository_id", Integer, ForeignKey("repositories.id", ondelete="CASCADE"), nullable=False
    ),
    Column("unit_type", String(32), nullable=False),
    Column("units", LargeBinary, nullable=False),  # serialised roaring bitmap
    PrimaryKeyConstraint("repository_id", "unit_type"),
    info=unaudited("What upstream did not give; syncs keep it"),
)
