"""Every module that defines tables: the schema is complete once these are imported."""

from importlib import import_module

_TABLES = (
    "headgate.stores.db.tables",
    "headgate.content.container.tables",
    "headgate.content.file.tables",
    "headgate.content.rpm.tables",
)


def import_tables() -> None:
    """Import the tables of the core and of every content type."""
    for module in _TABLES:
        import_module(module)
