"""Each test gets its own database, with all tables, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from headgate.stores.db import Database


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_fresh_for_every_test(database: Database, turn: int) -> None:
    with database.begin() as tx:
        tx.execute(text("CREATE TABLE only_here (turn INTEGER)"))
        tx.execute(text("INSERT INTO only_here VALUES (:turn)"), {"turn": turn})

    with database.read() as tx:
        assert tx.execute(text("SELECT turn FROM only_here")).scalars().all() == [turn]
        assert "organizations" in inspect(tx).get_table_names()


def test_an_empty_database_has_no_tables(database_url: str, database_kind: str) -> None:
    database = Database(database_url)
    with database.read() as tx:
        assert inspect(tx).get_table_names() == []
        assert tx.dialect.name == database_kind
    database.close()


def test_temporary_folders_differ(database: Database, tmp_path: Path) -> None:
    if database.is_sqlite:
        assert str(tmp_path) in str(database.url)
