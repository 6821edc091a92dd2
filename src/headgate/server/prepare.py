"""What happens once before anything is served: the schema, and the first user."""

import logging
import shutil
import sys

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.domain.secret import Secret
from headgate.pki.files import make_private_folder
from headgate.server.home import Home, host_names, open_home
from headgate.server.migrate import current_revision, migrate, require_current
from headgate.server.settings import Listening, Settings
from headgate.services.accounts.authentication import new_token
from headgate.services.accounts.users import FIRST_LOGIN, checked_password_hash, make_first_admin
from headgate.services.organizations.installation import install_defaults
from headgate.stores.db import Database
from headgate.stores.db.migrations import HEAD
from headgate.stores.db.tables import users

_log = logging.getLogger(__name__)

_MADE_PASSWORD = 20  # characters of 6 bits each


def prepare(settings: Settings, *, home: Home) -> None:
    """Bring the embedded database to this version's schema, or check that another one has it.

    Then make the first user, if there is none, and empty the folder of temporary files.
    """
    shutil.rmtree(home.scratch, ignore_errors=True)
    make_private_folder(home.scratch)
    database = Database(settings.database_url, pool_size=1)
    try:
        if not settings.embedded_database:
            require_current(database)
        elif current_revision(database) != HEAD:
            migrate(database)
            _log.info("The database was brought to revision %s", HEAD)
        _make_admin(database, settings.admin.password)
        listen = settings.listen
        name = host_names(listen.hosts)[0]
        named = bool(listen.hosts or listen.url)
        with database.begin() as tx:
            url = _url_of(name, listen)
            install_defaults(tx, clock=utc_now, name=name, url=url, named=named)
    except SQLAlchemyError as error:
        raise ConfigurationError(f"The database cannot be used: {error}") from error
    finally:
        database.close()


def _url_of(name: str, listen: Listening) -> str:
    """Return where clients reach the server: itself, or the nginx in front of it.

    A port of 0 is another one at each start, so none is told.
    """
    if listen.url:
        return listen.url
    behind = listen.proxy_socket is not None or listen.port in (0, 443)
    return f"https://{name}" if behind else f"https://{name}:{listen.port}"


def _make_admin(database: Database, password: Secret | None) -> None:
    """Make the first user of a new installation; a password that we make is printed once."""
    with database.read() as tx:
        if tx.execute(select(users.c.id).limit(1)).first() is not None:
            return
    made = None if password else new_token()[:_MADE_PASSWORD]
    password_hash = checked_password_hash(made or (password.reveal() if password else ""))
    with database.begin() as tx:
        is_first = make_first_admin(tx, clock=utc_now, password_hash=password_hash)
        if is_first and made is not None:
            # Before the commit: printed twice is better than never.
            sys.stdout.write(f"The password of {FIRST_LOGIN} is {made} (shown only now)\n")
            sys.stdout.flush()


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
