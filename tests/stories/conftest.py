"""Fixtures of the stories that clients of the API live through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.stores.db import Database
from support.databases import Templates
from support.house import House, built


@pytest.fixture
def database(database_kind: str, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """A fresh database as a server's first start leaves it, open."""
    with templates.copy(database_kind, tmp_path, installed=True) as fresh:
        yield fresh


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """A control plane in this process, on each database."""
    with built(database, tmp_path) as made:
        yield made
