"""Fixtures of the stories that clients of the API live through."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.stores.db import Database
from support.house import House, built


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[House]:
    """A control plane in this process, on each database."""
    with built(database, tmp_path) as made:
        yield made
