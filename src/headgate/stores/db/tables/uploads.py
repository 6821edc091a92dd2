"""Uploads in progress: chunks land in a spool until they are imported or dropped."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import UtcDateTime, metadata

content_uploads = Table(
    "content_uploads",
    metadata,
    Column("id", String(36), primary_key=True),
    Column(
        "repository_id",
        Integer,
        ForeignKey("repositories.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("content_type", String(32), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("checksum", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("imported_at", UtcDateTime),
    info=unaudited("Gone when the upload is; what came of it, versions say"),
)
