"""A mirror of images whose worker dies: at every commit, and by kill -9 at any time."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.stores.db import Database
from support.databases import opened
from support.family import Family
from support.feigned_registry import FeignedRegistry, Held, feigned_registry
from support.ledger import require_order
from support.mirror_scene import NAME, MirrorScene
from support.stage import Stage, staged
from support.world import World

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "5"))
ALL = 20
KILLS = 3


@pytest.fixture
def registry() -> Iterator[FeignedRegistry]:
    with feigned_registry() as running:
        running.referrers = True
        yield running


def _fill(upstream: Held, *, images: int) -> None:
    """Hold images that share a layer, an index, and what refers to one of them."""
    for number in range(images):
        upstream.image(f"1.{number}", layers=[b"base", b"layer %d" % number * 500])
    image = upstream.manifests[upstream.tags["1.0"]]
    arm = upstream.image(layers=[b"arm"], architecture="arm64")
    upstream.index("all", children={"linux/amd64": image, "linux/arm64": arm})
    upstream.image(layers=[b"signature"], subject=image.descriptor())


def _change(upstream: Held) -> None:
    upstream.image("1.0", "2.0", layers=[b"base", b"new"])
    del upstream.tags["1.1"]


def _mirrored(scene: MirrorScene, upstream: Held) -> dict[int, Any]:
    """Mirror, let upstream change, mirror again; return what is there then."""
    upstream.tags.clear()
    _fill(upstream, images=3)
    mirror = scene.mirror(mirroring_policy="mirror_content_only")
    pool = scene.mirror("pool", download_policy="on_demand")
    _change(upstream)
    scene.world.sync(mirror)
    scene.world.sync(pool)
    return {
        each: (scene.tags(each), scene.manifests(each), scene.bytes_here(each))
        for each in (mirror, pool)
    }


def _played(
    database: Database, root: Path, registry: FeignedRegistry, *, crash_at: int
) -> tuple[dict[int, Any], Stage]:
    with staged(database, root) as stage:
        stage.crash_at = crash_at
        scene = MirrorScene(stage.world, database, registry.url)
        found = _mirrored(scene, registry.repository(NAME))
        stage.collect()
        stage.collect()  # the first may have died with its work done and not noted
        stage.repair()
        require_order(database, stage.root)
        return found, stage


@pytest.mark.timeout(300 + 20 * RUNS)
def test_a_crash_at_any_moment_of_a_sync_changes_nothing(
    fresh_databases: Iterator[str], registry: FeignedRegistry, tmp_path: Path
) -> None:
    database = opened(next(fresh_databases))
    expected, stage = _played(database, tmp_path / "undisturbed", registry, crash_at=0)
    database.close()
    moments = max(stage.moments)
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    for crash_at in range(1, moments + 1, step):
        database = opened(next(fresh_databases))
        found, stage = _played(database, tmp_path / str(crash_at), registry, crash_at=crash_at)
        database.close()

        assert stage.crashes or crash_at > moments // 2
        assert found == expected, crash_at


@pytest.mark.parametrize("moment", [1, 4, 8])
def test_a_cancelled_mirror_leaves_nothing(
    database: Database, registry: FeignedRegistry, tmp_path: Path, moment: int
) -> None:
    _fill(registry.repository(NAME), images=3)
    with staged(database, tmp_path / "home") as stage:
        scene = MirrorScene(stage.world, database, registry.url)
        repository = scene.repository()
        task = stage.world.post(f"repositories/{repository}/sync")
        stage.crash_at = moment
        stage.abandon()
        stage.crash_at = 0
        cancelled = {"task_ids": [task["id"]]}
        stage.world.client.post("/foreman_tasks/api/tasks/bulk_cancel", json=cancelled)

        assert stage.world.ended(task)["result"] == "cancelled"
        stage.collect()
        stage.repair()
        require_order(database, stage.root)
        assert list(stage.store.digests()) == []


@pytest.mark.timeout(300)
def test_kill_9_during_a_mirror_loses_nothing(registry: FeignedRegistry, tmp_path: Path) -> None:
    upstream = registry.repository(NAME)
    _fill(upstream, images=150)
    family = Family(tmp_path / "home", settings={"HEADGATE_PROCESSES_WORKER": "2"})
    database = family.open_database()
    seed = time.time_ns()
    print(f"seed {seed}")  # noqa: T201 - repeats a failure
    dice = random.Random(seed)  # noqa: S311 - nobody guesses here
    try:
        with family.server.client() as client:
            scene = MirrorScene(World(client), database, registry.url)
            mirror = scene.repository()
            task = scene.world.post(f"repositories/{mirror}/sync")
            for _ in range(KILLS):
                # Between two kills as much comes as chance will have it, but something does.
                _wait_for_requests(registry, len(registry.asked) + dice.randint(20, 150))
                family.kill_worker(database)
            scene.world.done(task)

            assert scene.tags(mirror) == upstream.tags
            assert scene.manifests(mirror) == set(upstream.manifests)
            assert scene.bytes_here(mirror) == set(upstream.blobs)
    finally:
        database.close()
        family.close()


def _wait_for_requests(registry: FeignedRegistry, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(registry.asked) < count and time.monotonic() < deadline:
        time.sleep(0.005)
