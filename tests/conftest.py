"""Fixtures that every test may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from headgate.stores.db import Database
from support import postgres
from support.aviary import AVIARY
from support.databases import Templates
from support.rpms import RpmStore
from support.server import Server, serving
from support.world import World

# The checks of the conformance suite explain themselves as those of a test do.
pytest.register_assert_rewrite("support.conformance")

# A machine under load is no failure: what takes too long is measured by benchmarks.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """A real PostgreSQL, started when the first test asks for it."""
    with postgres.cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each database that Headgate runs on; whoever depends on it runs once with each."""
    return str(request.param)


@pytest.fixture
def database_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The address of a fresh database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'headgate.sqlite'}"
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def database(database_kind: str, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """A fresh database with all tables, open."""
    with templates.copy(database_kind, tmp_path) as fresh:
        yield fresh


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """One database of each kind for a module whose tests leave nothing behind."""
    with templates.copy(request.param, tmp_path_factory.mktemp("shared")) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    """What fresh databases are copied from; PostgreSQL starts when the first is asked for."""

    def cluster() -> postgres.Cluster:
        running: postgres.Cluster = request.getfixturevalue("postgres_cluster")
        return running

    return Templates(tmp_path_factory.mktemp("templates"), cluster)


@pytest.fixture(scope="session")
def sqlite_template(templates: Templates) -> Path:
    """A SQLite file with all tables."""
    return templates.sqlite(installed=False)


@pytest.fixture(scope="session")
def rpm_store(request: pytest.FixtureRequest) -> RpmStore:
    """RPM packages, built when first asked for and kept for the next run."""
    cache: pytest.Cache = request.config.cache
    return RpmStore(cache.mkdir("rpms"))


@pytest.fixture(scope="session")
def aviary(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that most tests mirror, on disk; to be read only."""
    return AVIARY.write(tmp_path_factory.mktemp("upstream") / "aviary", rpm_store)


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, aviary: Path
) -> Iterator[Server]:
    """A started server on its embedded default, one for each test process."""
    home = tmp_path_factory.mktemp("server") / f"home-{worker_id}"
    settings = {"HEADGATE_UPSTREAM_FILE_ROOTS": str(aviary.parent)}
    with serving(home, settings=settings) as running:
        yield running


@pytest.fixture
def world(server: Server) -> Iterator[World]:
    """A fresh organization on the started server."""
    with server.client() as client:
        yield World(client)
