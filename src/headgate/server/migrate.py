"""Bringing the database to the schema of this version.

Automatic for the embedded database; for others `headgate migrate` does it, because several
machines may share them and whoever runs those decides when.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.server.schema import import_tables
from headgate.services.accounts.installed_roles import former_permissions, give_roles
from headgate.stores.db import Database
from headgate.stores.db.migrations import HEAD

# Holds off a second `headgate migrate` on PostgreSQL; any number that nobody else uses.
_ADVISORY_LOCK = 4_183_264_927


def is_current(database: Database) -> bool:
    """Tell whether the schema is the newest; says nothing of how it differs."""
    return current_revision(database) == HEAD


def current_revision(database: Database) -> str | None:
    """Return the revision of the schema, None for an empty database."""
    with database.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return None
        return tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def require_current(database: Database) -> None:
    """Raise ConfigurationError unless the schema is the newest."""
    revision = current_revision(database)
    if revision != HEAD:
        raise ConfigurationError(
            f"The database is at revision {revision or 'none'}, this version needs {HEAD}; "
            "run `headgate migrate`"
        )


def migrate(database: Database) -> None:
    """Bring the schema to the newest revision, in one transaction; repeating it changes nothing."""
    # Alembic is slow to import and a start that finds the schema current never needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    import_tables()
    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parent.parent / "stores" / "db" / "migrations")
    )
    with database.begin() as tx:
        if not database.is_sqlite:
            tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        config.attributes["connection"] = tx
        held = former_permissions(tx)
        command.upgrade(config, "head")
        give_roles(tx, held, clock=utc_now)
