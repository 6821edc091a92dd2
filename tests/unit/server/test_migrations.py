"""The schema's revisions, on every database."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from headgate.domain.errors import ConfigurationError
from headgate.server.migrate import current_revision, is_current, migrate, require_current
from headgate.stores.db import Database, metadata, migrations


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
