"""Fixtures of the tests that break things."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import postgres
from support.databases import Templates


@pytest.fixture
def fresh_databases(
    database_kind: str, request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> Iterator[Iterator[str]]:
    """Addresses of fresh databases with all tables, as many as are asked for."""
    made: list[str] = []

    def sqlite() -> Iterator[str]:
        template = templates.sqlite(installed=False)
        while True:
            path = tmp_path / f"fresh-{len(made)}.sqlite"
            made.append(str(path))
            shutil.copyfile(template, path)
            yield f"sqlite:///{path}"

    def postgresql() -> Iterator[str]:
        template = templates.postgresql(installed=False)
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        while True:
            made.append(cluster.create(template=template))
            yield cluster.url(made[-1])

    yield sqlite() if database_kind == "sqlite" else postgresql()
    if database_kind == "postgresql":
        cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        for name in made:
            cluster.drop(name)
