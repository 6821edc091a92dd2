"""What is judged: Headgate on its embedded database, and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from support.conformance.headgate import judged
from support.conformance.registry import Registry
from support.postgres import Cluster
from support.server import Server, serving


@pytest.fixture(scope="module")
def registry(server: Server) -> Iterator[Registry]:
    """The registry of the started server."""
    with judged(server) as registry:
        yield registry


@pytest.fixture(scope="session")
def registry_on_postgresql(
    postgres_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """The registry of a server whose database is PostgreSQL."""
    name = postgres_cluster.create()
    home = tmp_path_factory.mktemp("postgresql") / "home"
    settings = {"HEADGATE_STORAGE_DATABASE": postgres_cluster.url(name)}
    with serving(home, settings=settings) as running, judged(running) as registry:
        yield registry
    postgres_cluster.drop(name)
