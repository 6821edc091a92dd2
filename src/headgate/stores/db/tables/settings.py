"""What was changed of the settings that `domain/settings.py` declares."""

from sqlalchemy import Column, Integer, String, Table, Text

from headgate.stores.db.auditing.declarations import audited
from headgate.stores.db.types import UtcDateTime, metadata

setting_values = Table(
    "setting_values",
    metadata,
    Column("id", Integer, primary_key=True),  # of the declaration
    Column("name", String(64), nullable=False, unique=True),
    Column("value", Text, nullable=False),  # JSON of a boolean, a number or a text
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    info=audited("name", noun="setting"),
)
