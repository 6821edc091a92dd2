"""The table of file content."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from headgate.stores.db.auditing.declarations import unaudited
from headgate.stores.db.types import metadata

file_units = Table(
    "file_units",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),  # over path and checksum
    Column("path", String(1024), nullable=False, index=True),
    Column("checksum", LargeBinary(32), nullable=False, index=True),  # raw SHA-256
    Column("size", BigInteger, nullable=False),
    Column("blob_id", Integer, ForeignKey("blobs.id"), index=True),
    info=unaudited("What content is made of; which of it is where, versions say"),
)
