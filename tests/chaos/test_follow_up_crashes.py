"""What follows a publish follows it whatever dies: auto publish, rolling views, retention."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headgate.stores.db import Database
from headgate.workflows.retain import retain
from support.databases import opened
from support.ledger import require_order
from support.picture import Picture, picture
from support.stage import Stage, staged

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "3"))
ALL = 20


def scene(stage: Stage, folder: Path) -> None:
    """Publish a component three times under a composite that follows, with retention on both."""
    world = stage.world
    nests = world.repository("nests", content_type="file")
    dev = world.environment("Dev")
    view = world.view("Tools", nests)
    other = world.view("Other", nests)
    world.publish(other)
    both = world.view("Both", composite=True, auto_publish=True)
    parts = [{"content_view_id": each, "latest": True} for each in (view, other)]
    world.put(f"content_views/{both}/content_view_components/add", components=parts)
    world.view("Now", nests, rolling=True, environment_ids=[dev])
    for each in (view, both):
        world.put(f"content_views/{each}/retention", keep_versions=1)
    for number in range(3):
        chick = folder / f"chick{number}"
        chick.write_bytes(b"cheep" * number)
        world.upload(nests, chick)
        world.publish(view)
    stage.repair()  # from here on the worker lives
    retain(stage.workshop)
    stage.work()


@contextmanager
def played(database: Database, root: Path, *, crash_at: int) -> Generator[Stage]:
    root.mkdir()
    with staged(database, root / "home") as stage:
        stage.crash_at = crash_at
        scene(stage, root)
        stage.collect()
        stage.collect()  # the first may have died with its work done and not noted
        stage.repair()
        yield stage


def undisturbed(url: str, root: Path) -> tuple[Picture, int]:
    database = opened(url)
    try:
        with played(database, root, crash_at=0) as stage:
            require_order(database, stage.root)
            return picture(database, stage.root), max(stage.moments)
    finally:
        database.close()


@pytest.mark.timeout(300 + 20 * RUNS)
def test_a_crash_at_any_moment_loses_nothing_that_follows_a_publish(
    fresh_databases: Iterator[str], tmp_path: Path
) -> None:
    expected, moments = undisturbed(next(fresh_databases), tmp_path / "undisturbed")
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    assert {key for key in expected["versions"] if key.startswith("Both")} == {
        "Both 3.0 custom/Birds/nests"
    }
    assert expected["environments"]["Dev/Now"] == (None, None)
    assert expected["environments"]["Library/Both"] == (3, 0)
    assert [key for key in expected["versions"] if key.startswith("Tools")] == [
        "Tools 3.0 custom/Birds/nests"
    ]
    for crash_at in range(1, moments + 1, step):
        database = opened(next(fresh_databases))
        with played(database, tmp_path / str(crash_at), crash_at=crash_at) as stage:
            assert stage.crashes
            assert picture(database, stage.root) == expected, crash_at
            require_order(database, stage.root)
        database.close()
