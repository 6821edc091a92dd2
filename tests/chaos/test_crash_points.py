"""The worker dies before and after every commit and every placing of files, one at a time.

Each task of the main job dies once, at the same moment of its run; the next moment has a fresh
server. `HEADGATE_TEST_CHAOS_RUNS` above 20 tries all moments, else a few of them.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headgate.stores.db import Database
from support.aviary import AVIARY, CRANE, HERON_1, ROOK
from support.databases import opened
from support.ledger import require_order
from support.picture import Picture, picture
from support.rpms import Rpm, RpmStore
from support.stage import Stage, staged
from support.upstream import Upstream, upstream

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "5"))
ALL = 20
HERON_3 = Rpm("heron", "3.0", provides=["bird(heron) = 3.0"])


@pytest.fixture(scope="session")
def birds(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """An upstream with two states, below `now/` the one that it is switched to."""
    folder = tmp_path_factory.mktemp("states")
    AVIARY.write(folder / "first", rpm_store)
    rpms = [HERON_3, *(each for each in AVIARY.rpms if each not in (HERON_1, CRANE))]
    AVIARY.having(rpms=rpms).write(folder / "second", rpm_store)
    with upstream(folder, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def main_job(stage: Stage, birds: Upstream, chick: Path, rpm: Path) -> None:
    """Mirror, upload, freeze, filter, promote, change, remove: what the picture is taken of."""
    world = stage.world
    switch(birds, "first")
    url = f"{birds.url}now/"
    mirror = world.repository("mirror", url=url, mirroring_policy="mirror_complete")
    pool = world.repository("pool", url=url, download_policy="on_demand")
    files = world.repository("files", content_type="file")
    dev = world.environment("Dev")
    world.sync(mirror)
    world.sync(pool)
    world.upload(files, chick)
    world.upload(pool, rpm)
    view = world.view("Base", mirror, pool, files)
    world.filter(view, "no herons", {"name": "heron"})
    first = world.publish(view)
    world.promote(first, dev)
    switch(birds, "second")
    world.sync(mirror)
    world.sync(pool)
    chicks = [int(each["id"]) for each in world.list("files", repository_id=files)]
    world.remove(files, *chicks, kind="file")
    second = world.publish(view)
    world.promote(second, dev)
    world.delete(f"content_view_versions/{first}")
    third = world.publish(view)
    world.delete(f"content_views/{view}/environments/{world.environment('Library')}")
    world.delete(f"content_view_versions/{third}")


def switch(birds: Upstream, state: str) -> None:
    """Let upstream be in another state at once."""
    now = birds.root / "now"
    now.unlink(missing_ok=True)
    now.symlink_to(state)


@contextmanager
def played(
    database: Database, root: Path, birds: Upstream, store: RpmStore, *, crash_at: int
) -> Generator[Stage]:
    chick = root / "chick"
    root.mkdir()
    chick.write_bytes(b"cheep" * 1000)
    with staged(database, root / "home") as stage:
        stage.crash_at = crash_at
        (rpm,) = store.build(ROOK)
        main_job(stage, birds, chick, rpm)
        stage.collect()
        stage.collect()  # the first may have died with its work done and not noted
        stage.repair()
        yield stage


def undisturbed(url: str, root: Path, birds: Upstream, store: RpmStore) -> tuple[Picture, int]:
    database = opened(url)
    try:
        with played(database, root, birds, store, crash_at=0) as stage:
            require_order(database, stage.root)
            return picture(database, stage.root), max(stage.moments)
    finally:
        database.close()


@pytest.mark.timeout(300 + 20 * RUNS)
def test_a_crash_at_any_moment_of_any_task_changes_nothing(
    fresh_databases: Iterator[str], birds: Upstream, rpm_store: RpmStore, tmp_path: Path
) -> None:
    expected, moments = undisturbed(
        next(fresh_databases), tmp_path / "undisturbed", birds, rpm_store
    )
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    for crash_at in range(1, moments + 1, step):
        database = opened(next(fresh_databases))
        root = tmp_path / str(crash_at)
        with played(database, root, birds, rpm_store, crash_at=crash_at) as stage:
            # How many groups of downloads there are differs, and so does the last moment.
            assert stage.crashes or crash_at > moments // 2
            assert picture(database, stage.root) == expected, crash_at
            require_order(database, stage.root)
        database.close()
