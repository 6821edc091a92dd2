"""Paths of a day: `.../@2026-11-01/` serves what the path served then, while it is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.server.content_types import content_types
from headgate.workflows.collect import collect, sweep
from support.content_server import ContentServer, content_server
from support.house import House, refused


@pytest.fixture
def content(house: House, tmp_path: Path) -> Iterator[ContentServer]:
    with content_server(
        house.control.database,
        house.control.blobs,
        guard=lambda _scope, _path, _stamp: None,
        locks=tmp_path / "locks",
        content_types=content_types(),
    ) as server:
        yield server


def got(content: ContentServer, path: str) -> bytes | None:
    """What is there; None for 404."""
    answer = content.request("GET", path)
    assert answer.status in {200, 404}, answer
    return answer.body if answer.status == 200 else None


def put(house: House, repository: int, name: str, body: bytes) -> None:
    """Add a file, or put it in the place of one with its name."""
    house.upload(repository, name, body)


def test_an_environment_serves_a_day_as_its_versions_are_kept(
    house: House, content: ContentServer
) -> None:
    world, clock = house.start_worker(), house.control.clock
    repository = house.files("notes", today=b"January")
    development = world.environment("Dev")
    view = world.view("Base", repository)
    first = world.publish(view)
    world.promote(first, development)
    clock.wait(days=3)  # 3 February
    put(house, repository, "today", b"February")
    second = world.publish(view)
    world.promote(second, development)
    clock.wait(days=2)
    world.done(house.delete(f"content_views/{view}/environments/{development}").json())
    path = world.content_path("notes", environment="Dev", view="Base")

    assert got(content, f"{path}@2026-01-30/today") is None  # before there was anything
    assert got(content, f"{path}@2026-01-31/today") == b"January"
    assert got(content, f"{path}@2026-02-02/today") == b"January"
    assert got(content, f"{path}@2026-02-03T115959Z/today") == b"January"
    assert got(content, f"{path}@2026-02-03/today") == b"February"
    assert got(content, f"{path}@2026-02-05/today") is None  # taken out on that day
    assert got(content, f"{path}today") is None
    assert b"today" in (got(content, f"{path}@2026-02-04/") or b"")
    for odd in ("@2026-13-01", "@2026-02-30", "@", "@9999-99-99", "@2026-02-03T256199Z"):
        assert got(content, f"{path}{odd}/today") is None

    world.promote(second, development)
    assert got(content, f"{path}@2026-02-05/today") == b"February"
    assert got(content, f"{path}@2026-02-04/today") == b"February"
    world.publish(view)  # takes the place of the first in Library, so that it can be deleted
    world.done(house.delete(f"content_view_versions/{first}").json())
    # What was served is gone; nothing else is served in its place.
    assert got(content, f"{path}@2026-01-31/today") is None
    assert got(content, f"{path}@2026-02-03/today") == b"February"


def test_library_serves_the_days_that_its_repositories_keep(
    house: House, content: ContentServer
) -> None:
    world, clock = house.start_worker(), house.control.clock
    kept = house.files("kept", today=b"one")
    world.put(f"repositories/{kept}", snapshot_days=10)
    forgetful = house.files("forgetful", today=b"one")
    for body in (b"two", b"three"):
        clock.wait(days=4)
        put(house, kept, "today", body)
        put(house, forgetful, "today", body)
    path, other = world.content_path("kept"), world.content_path("forgetful")

    assert got(content, f"{path}@2026-01-31/today") == b"one"
    assert got(content, f"{path}@2026-02-07/today") == b"two"
    assert got(content, f"{path}@2026-02-08/today") == got(content, f"{path}today") == b"three"
    assert got(content, f"{other}@2026-01-31/today") is None
    assert got(content, f"{other}@2026-02-08/today") == b"three"

    clock.wait(days=7)  # the first version was followed eleven days ago, the second seven
    sweep(house.workshop())
    collect(house.workshop())
    assert got(content, f"{path}@2026-01-31/today") is None
    assert got(content, f"{path}@2026-02-07/today") == b"two"
    assert len(world.list("files", repository_id=kept)) == 1
    refused(house.put(f"repositories/{kept}", snapshot_days=-1), 422, "Snapshot days", "equal to 0")


def test_a_rolling_view_serves_its_own_repositories_of_the_day(
    house: House, content: ContentServer
) -> None:
    world, clock = house.start_worker(), house.control.clock
    mine, other = house.files("mine", today=b"one"), house.files("other", today=b"secret")
    for each in (mine, other):
        world.put(f"repositories/{each}", snapshot_days=10)
    development = world.environment("Dev")
    answer = house.post(
        "content_views",
        name="Now",
        organization_id=house.organization,
        rolling=True,
        repository_ids=[mine],
        environment_ids=[development],
    )
    assert answer.status_code in {200, 201}, answer.text
    clock.wait(days=1)
    put(house, mine, "today", b"two")
    path = world.content_path("mine", environment="Dev", view="Now")

    assert got(content, f"{path}today") == b"two"
    assert got(content, f"{path}@2026-01-31/today") == b"one"
    stranger = world.content_path("other", environment="Dev", view="Now")
    assert got(content, f"{stranger}today") is None
    assert got(content, f"{stranger}@2026-01-31/today") is None
