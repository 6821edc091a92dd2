"""What the tests of clients share: one upstream over HTTP, and hosts with the real dnf."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.certificates import Pair
from support.dnf import Dnf
from support.server import Server
from support.upstream import Upstream, upstream
from support.world import World

Host = Callable[..., Dnf]


@pytest.fixture(scope="session")
def web(aviary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """An upstream that serves the folder in which `aviary` is; more may be written beside it."""
    with upstream(aviary.parent, tmp_path_factory.mktemp("web")) as serving:
        yield serving


@pytest.fixture
def host(server: Server, tmp_path: Path) -> Host:
    """Makes hosts with an empty root that know one repository of a world, over verified TLS."""
    made: list[Dnf] = []

    def make(
        world: World,
        repository: str,
        *,
        environment: str = "Library",
        view: str | None = None,
        client: Pair | None = None,
    ) -> Dnf:
        dnf = Dnf(tmp_path / f"host-{len(made)}")
        made.append(dnf)
        path = world.content_path(repository, environment=environment, view=view)
        dnf.add_repository(repository, server.url + path, ca=server.ca, client=client)
        return dnf

    return make
