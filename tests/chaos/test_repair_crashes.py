"""The worker dies at any moment of a sync with holes, a verification, a reclaim, a republish."""

import os
import shutil
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
LOST = f"Packages/r/{REED_2.filename}"
ROTTEN = f"Packages/h/{HERON_1.filename}"
ZSTD = b"\x28\xb5\x2f\xfd"


@pytest.fixture(scope="session")
def patchy(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    """An upstream whose folder `birds` a test may spoil; `safe` beside it is what it was."""
    folder = tmp_path_factory.mktemp("patchy")
    whole = YumRepository(rpms=[REED_1, REED_2, HERON_1, ROOK], treeinfo=True)
    whole.write(folder / "safe", rpm_store)
    with upstream(folder, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


def repairs(stage: Stage, birds: Upstream) -> None:
    """Mirror with a hole, freeze, let bytes rot, verify, heal, write anew, give bytes back."""
    world = stage.world
    safe, folder = birds.root / "safe", birds.root / "birds"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(safe, folder)
    (folder / LOST).unlink()
    mirror = world.repository("mirror", url=f"{birds.url}birds/")
    assert world.ended(world.post(f"repositories/{mirror}/sync"))["result"] == "warning"
    view = world.view("Base", mirror)
    world.filter(view, "no rooks", {"name": "rook"})
    world.publish(view)
    for path in (stage.root / "blobs").rglob("*"):
        if path.is_file() and path.read_bytes() == (safe / ROTTEN).read_bytes():
            path.chmod(0o600)
            path.write_bytes(b"rotten")
        elif path.is_file() and path.read_bytes().startswith(ZSTD):  # what is kept of packages
            path.chmod(0o600)
            path.write_bytes(ZSTD + b"rotten")
    asked = world.post(f"repositories/{mirror}/verify_checksum")
    assert world.ended(asked)["result"] == "warning"
    shutil.copy2(safe / LOST, folder / LOST)
    assert world.ended(world.post(f"repositories/{mirror}/sync"))["result"] == "success"
    world.done(world.put(f"repositories/{mirror}/republish"))
    world.put(f"repositories/{mirror}", download_policy="on_demand")
    world.sync(mirror)
    world.done(world.post(f"repositories/{mirror}/reclaim_space"))


def played(url: str, root: Path, birds: Upstream, *, crash_at: int) -> tuple[Picture, int]:
    root.mkdir()
    database = opened(url)
    try:
        with staged(database, root / "home") as stage:
            stage.crash_at = crash_at
            repairs(stage, birds)
            stage.collect()
            stage.collect()
            stage.repair()
            require_order(database, stage.root)
            return picture(database, stage.root), max(stage.moments)
    finally:
        database.close()


@pytest.mark.timeout(120 + 20 * RUNS)
def test_a_crash_at_any_moment_of_a_repair_changes_nothing(
    fresh_databases: Iterator[str], patchy: Upstream, tmp_path: Path
) -> None:
    expected, moments = played(next(fresh_databases), tmp_path / "whole", patchy, crash_at=0)
    step = 1 if RUNS > ALL else max(moments // RUNS, 1)

    for crash_at in range(1, moments + 1, step):
        found, _ = played(
            next(fresh_databases), tmp_path / str(crash_at), patchy, crash_at=crash_at
        )
        assert found == expected, crash_at
