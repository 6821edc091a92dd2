"""What environments serve once a repository is deleted that their versions hold."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from headgate.server.content_types import content_types
from support.content_server import content_server
from support.house import House

TWIG, EGG = b"a twig", b"an egg"


@pytest.fixture
def content(house: House, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A host that asks for files."""
    with content_server(
        house.control.database,
        house.control.blobs,
        guard=lambda _scope, _path, _stamp: None,
        locks=tmp_path / "locks",
        content_types=content_types(),
    ) as server:
        base = f"http://127.0.0.1:{server.port}"
        with httpx2.Client(base_url=base, trust_env=False) as client:
            yield client


def test_environments_go_on_without_a_deleted_repository(
    house: House, content: httpx2.Client
) -> None:
    world = house.start_worker()
    nests, eggs = house.files("nests", twig=TWIG), house.files("eggs", egg=EGG)
    dev = world.environment("Dev")
    tools = world.view("Tools", nests, eggs)
    version = world.publish(tools)
    world.promote(version, dev)
    every = world.view("All", composite=True, component_ids=[version])
    world.publish(every)
    world.view("Now", nests, eggs, rolling=True, environment_ids=[dev])
    places = [("Library", None), ("Library", "Tools"), ("Dev", "Tools"), ("Library", "All")]
    places.append(("Dev", "Now"))

    def served(name: str, file: str) -> list[tuple[int, bytes]]:
        """What each place answers to a request for a file of a repository."""
        paths = [
            world.content_path(name, environment=environment, view=view) + file
            for environment, view in places
        ]
        answers = [content.get(path) for path in paths]
        return [(each.status_code, each.content * (each.status_code == 200)) for each in answers]

    before = served("nests", "twig"), served("eggs", "egg")
    freed = house.get(f"repositories/{nests}/deletion").json()
    answer = house.delete(f"repositories/{nests}")

    assert before == ([(200, TWIG)] * 5, [(200, EGG)] * 5)
    assert freed["freed_bytes"] >= len(TWIG)
    assert answer.status_code == 200
    assert served("nests", "twig") == [(404, b"")] * 5
    assert served("eggs", "egg") == [(200, EGG)] * 5
    shown = world.show("content_view_versions", version)
    assert [each["name"] for each in shown["repositories"]] == ["eggs"]
    world.promote(world.publish(tools), dev)
    world.publish(every)
    assert served("eggs", "egg") == [(200, EGG)] * 5
