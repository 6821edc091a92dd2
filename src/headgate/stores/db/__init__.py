"""The database: SQLite in WAL mode by default, PostgreSQL by URL; SQLAlchemy Core, synchronous."""

from headgate.stores.db.database import Database, Transaction, announce
from headgate.stores.db.types import UtcDateTime, metadata

__all__ = ["Database", "Transaction", "UtcDateTime", "announce", "metadata"]
