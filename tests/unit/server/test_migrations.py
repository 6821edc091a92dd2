"""The schema's revisions, on every database."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from headgate.domain.clock import utc_now
from headgate.domain.errors import ConfigurationError
from headgate.server.migrate import current_revision, is_current, migrate, require_current
from headgate.services.accounts.actors import actor_of
from headgate.services.accounts.installed_roles import install_roles
from headgate.stores.db import Database, metadata, migrations
from headgate.stores.db.tables import user_roles, users


def test_the_newest_revision_is_the_one_that_a_start_expects() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))

    assert script.get_current_head() == migrations.HEAD


def test_migrating_makes_the_schema_of_the_tables(database_url: str) -> None:
    database = Database(database_url)
    try:
        assert current_revision(database) is None
        with pytest.raises(ConfigurationError, match="headgate migrate"):
            require_current(database)

        migrate(database)
        migrate(database)

        assert is_current(database)
        with database.read() as tx:
            assert compare_metadata(MigrationContext.configure(tx), metadata) == []
    finally:
        database.close()


def test_permissions_of_users_become_roles(database_url: str) -> None:
    database = Database(database_url)
    try:
        _migrate_to(database, "0002")
        with database.begin() as tx:
            for user_id, login in enumerate(("robin", "wren", "kite", "owl"), 1):
                tx.execute(_USER, {"id": user_id, "login": login, "now": "2026-01-31 12:00:00"})
            rows = [(1, "view_products"), (1, "edit_products"), (2, "view_users")]
            for user_id, name in [*rows, (3, "edit_products"), (3, "view_products")]:
                tx.execute(_HELD, {"user_id": user_id, "name": name})

        migrate(database)
        migrate(database)

        with database.begin() as tx:
            install_roles(tx, clock=utc_now)
            held = {row.login: actor_of(tx, row) for row in tx.execute(select(users))}
            shared = {row.user_id: row.role_id for row in tx.execute(select(user_roles))}
        everyone = held["owl"].permissions
        assert held["robin"].permissions - everyone == {"view_products", "edit_products"}
        assert held["wren"].permissions - everyone == {"view_users"}
        assert shared[1] == shared[3] != shared[2]
        assert 4 not in shared
    finally:
        database.close()


_USER = text(
    "INSERT INTO users (id, login, admin, disabled, created_at, updated_at)"
    " VALUES (:id, :login, false, false, :now, :now)"
)
_HELD = text("INSERT INTO user_permissions (user_id, permission) VALUES (:user_id, :name)")


def _migrate_to(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with database.begin() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, revision)
