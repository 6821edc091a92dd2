"""The worker dies at any moment of a sync whose packages are to be named by SHA-256."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aviary import HERON_1, REED_1, REED_2, ROOK
from support.databases import opened
from support.ledger import require_order
from support.picture import Picture, picture
from support.repositories import YumRepository
from support.rpms import RpmStore
from support.stage import Stage, staged
from support.upstream import Upstream, upstream

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "3"))
ALL = 20


@pytest.fixture(scope="session")
def weak(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """An upstream with two states of a repository that knows md5 alone."""
    folder = tmp_path_factory.mktemp("weak")
    old = YumRepository(rpms=[REED_1, HERON_1], checksum="md5")
    old.write(folder / "old", rpm_store)
    old.having(rpms=[REED_1, REED_2, HERON_1, ROOK]).write(folder / "new", rpm_store)
    with upstream(folder, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def syncs(stage: Stage, birds: Upstream) -> None:
    """Mirror the old state, freeze it, mirror the new one."""
    world = stage.world
    mirror = world.mirror("mirror", f"{birds.url}old/", download_policy="on_demand")
    world.publish(world.view("Base", mirror))
    world.put(f"repositories/{mirror}", url=f"{birds.url}new/")
    world.sync(mirror)


def played(url: str, root: Path, birds: Upstream, *, crash_at: int) -> tuple[Picture, int]:
    root.mkdir()
    database = opened(url)
    try:
        with staged(database, root / "home") as stage:
            stage.crash_at = crash_at
            syncs(stage, birds)
            stage.collect()
            stage.collect()
            stage.repair()
            require_order(database, stage.root)
            return picture(database, stage.root), max(stage.moments)
    finally:
        database.close()


@pytest.mark.timeout(120 + 20 * RUNS)
def test_a_crash_at_any_moment_of_naming_packages_changes_nothing(
    fresh_databases: Iterator[str], weak: Upstream, tmp_path: Path
) -> None:
    expected, moments = played(next(fresh_databases), tmp_path / "whole", weak, crash_at=0)
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    for crash_at in range(1, moments + 1, step):
        found, _ = played(next(fresh_databases), tmp_path / str(crash_at), weak, crash_at=crash_at)
        assert found == expected, crash_at
