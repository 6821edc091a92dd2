"""What is judged: Headgate on its embedded database, and on PostgreSQL."""

from collections.abc import Iterator

import pytest

# Before whatever imports it: the suite's own checks explain themselves, as those of a test do.
pytest.register_assert_rewrite("support.conformance")

from support.conformance.headgate import judged  # noqa: E402 - see above
from support.conformance.registry import Registry  # noqa: E402 - see above
from support.postgres import Cluster  # noqa: E402 - see above
from support.server import Server, serving  # noqa: E402 - see above


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
