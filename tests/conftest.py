"""Fixtures that every test may ask for."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from headgate.server.schema import import_tables
from headgate.stores.db import Database, metadata
from support import postgres
from support.aviary import AVIARY
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
def database(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Database]:
    """A fresh database with all tables, open."""
    if database_kind == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copyfile(template, tmp_path / "headgate.sqlite")
        yield from _opened(f"sqlite:///{tmp_path / 'headgate.sqlite'}")
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create(template=request.getfixturevalue("postgres_template"))
    yield from _opened(cluster.url(name))
    cluster.drop(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables: copying it takes a millisecond, making them does not."""
    path = tmp_path_factory.mktemp("template") / "headgate.sqlite"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: postgres.Cluster) -> str:
    """The name of a PostgreSQL database with all tables, to copy from."""
    name = postgres_cluster.create()
    _create_tables(postgres_cluster.url(name))
    return name


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


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def _create_tables(url: str) -> None:
    import_tables()
    database = Database(url)
    with database.begin() as tx:
        metadata.create_all(tx)
    database.close()
