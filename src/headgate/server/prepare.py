"""What happens once before anything is served: the schema, and the first user."""

import logging

from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.errors import ConfigurationError
from headgate.server.home import Home, Keys, open_home
from headgate.server.migrate import current_revision, migrate, require_current
from headgate.server.settings import Settings
from headgate.stores.db import Database
from headgate.stores.db.migrations import HEAD

_log = logging.getLogger(__name__)


def prepare(settings: Settings, *, home: Home, keys: Keys) -> None:
    """Bring the embedded database to this version's schema, or check that another one has it."""
    del home, keys
    database = Database(settings.database_url, pool_size=1)
    try:
        if not settings.embedded_database:
            require_current(database)
        elif current_revision(database) != HEAD:
            migrate(database)
            _log.info("The database was brought to revision %s", HEAD)
    except SQLAlchemyError as error:
        raise ConfigurationError(f"The database cannot be used: {error}") from error
    finally:
        database.close()


def migrate_by_hand(settings: Settings) -> str:
    """Bring any database to this version's schema and say what was done."""
    open_home(settings)
    database = Database(settings.database_url, pool_size=1)
    try:
        before = current_revision(database)
        migrate(database)
    except SQLAlchemyError as error:
        raise ConfigurationError(f"The database cannot be migrated: {error}") from error
    finally:
        database.close()
    if before == HEAD:
        return f"The database is at revision {HEAD} already."
    return f"The database went from revision {before or 'none'} to {HEAD}."
