"""Publishes copy from earlier files whatever becomes of these: what is served stays the same."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from headgate.content.rpm import reusing
from headgate.content.rpm.metadata import cuts, segments
from headgate.content.rpm.tables import rpm_packs, rpm_pieces
from headgate.domain.dormancy import DormancyRules
from headgate.services.storage.collection import requested
from headgate.stores.blobs import Digest
from headgate.stores.db import Database, Transaction
from headgate.stores.db.tables import blobs, dormant_files, publication_files
from headgate.workflows.collect import collect
from support.aviary import AVIARY
from support.databases import opened
from support.ledger import require_order
from support.rpms import RpmStore
from support.stage import Stage, staged
from support.upstream import Upstream, upstream
from support.world import TaskFailedError

RUNS = int(os.environ.get("HEADGATE_TEST_CHAOS_RUNS", "3"))
RULES = DormancyRules(newest=1, least_bytes=0, awake_for=timedelta(0))
LEFT_OUT = ["crane", "heron", "swift"]


@pytest.fixture(scope="module")
def birds(rpm_store: RpmStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    folder = tmp_path_factory.mktemp("birds")
    AVIARY.write(folder / "it", rpm_store)
    with upstream(folder, tmp_path_factory.mktemp("keys")) as serving:
        yield serving


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a dozen packages make several pieces, all worth noting."""
    for module in (segments, cuts):
        monkeypatch.setattr(module, "SEGMENT_PACKAGES", 2)
    monkeypatch.setattr(cuts, "_FEWEST_COPIED", 3)
    monkeypatch.setattr(reusing, "_LEAST_BYTES", 0)


def listed(stage: Stage) -> set[str]:
    """Return the names, checksums in them, of all files that list packages, kept or dormant."""
    with stage.database.read() as tx:
        paths = {*tx.scalars(select(publication_files.c.path))}
        paths |= {*tx.scalars(select(dormant_files.c.path))}
    kinds = ("primary", "filelists", "other")
    return {path for path in paths if any(f"-{kind}.xml" in path for kind in kinds)}


def noted(tx: Transaction) -> set[int]:
    return set(tx.scalars(select(rpm_pieces.c.blob_id)))


def settle(stage: Stage) -> None:
    while True:
        stage.collect()
        with stage.database.read() as tx:
            if requested(tx, clock=stage.clock) is None:
                return


def view_of(stage: Stage, birds: Upstream, *, policy: str = "on_demand") -> int:
    world = stage.world
    mirror = world.mirror("birds", f"{birds.url}it/", download_policy=policy)
    return world.view("Base", mirror)


def published(stage: Stage, birds: Upstream) -> set[str]:
    """Publish versions that differ by a package each; return the names of their files."""
    stage.workshop = replace(stage.workshop, dormancy=RULES)
    view = view_of(stage, birds)
    for name in LEFT_OUT:
        stage.world.filter(view, f"no {name}", {"name": name})
        stage.world.publish(view)
    return listed(stage)


@pytest.fixture
def expected(
    fresh_databases: Iterator[str],
    birds: Upstream,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> set[str]:
    """What is served where nothing is ever copied."""
    database = opened(next(fresh_databases))
    with monkeypatch.context() as patch, staged(database, tmp_path / "plain") as stage:
        patch.setattr(reusing, "_LEAST_BYTES", 1 << 40)
        names = published(stage, birds)
        with database.read() as tx:
            assert noted(tx) == set()
    database.close()
    return names


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.timeout(120 + 20 * RUNS)
def test_a_crash_at_any_moment_changes_no_byte(
    fresh_databases: Iterator[str], birds: Upstream, expected: set[str], tmp_path: Path
) -> None:
    database = opened(next(fresh_databases))
    with staged(database, tmp_path / "undisturbed") as stage:
        assert published(stage, birds) == expected
        moments = max(stage.moments)
    database.close()

    for crash_at in range(1, moments + 1, max(moments // RUNS, 1)):
        database = opened(next(fresh_databases))
        with staged(database, tmp_path / str(crash_at)) as stage:
            stage.crash_at = crash_at
            assert published(stage, birds) == expected
            assert stage.crashes > 0
            settle(stage)
            stage.repair()
            settle(stage)
            require_order(database, stage.root)
            with database.read() as tx:
                assert noted(tx) <= set(tx.scalars(select(blobs.c.id)))
        database.close()


def test_collections_in_the_midst_change_no_byte(
    fresh_databases: Iterator[str], birds: Upstream, expected: set[str], tmp_path: Path
) -> None:
    database = opened(next(fresh_databases))
    with staged(database, tmp_path / "home") as stage:
        ports = replace(stage.workshop.ports, database=database)
        others = replace(stage.workshop, ports=ports, dormancy=RULES)
        stage.meanwhile(lambda: collect(others))

        assert published(stage, birds) == expected

        with database.read() as tx:
            here = tx.scalar(select(func.count()).select_from(rpm_pieces))
        # Of earlier versions nothing is left: those of the newest, and of the repository.
        assert here is not None
        assert 3 <= here <= 6
    database.close()


def test_pieces_are_copied_and_packs_are_read_for_what_is_not_there(
    database: Database, birds: Upstream, tmp_path: Path
) -> None:
    with staged(database, tmp_path / "home") as stage:
        view = view_of(stage, birds, policy="immediate")
        stage.world.filter(view, "no cranes", {"name": "crane"})
        stage.world.publish(view)
        with database.read() as tx:
            packs = [id_ for row in tx.execute(select(rpm_packs)) for id_ in row[1:]]
            lost = [*tx.scalars(select(blobs.c.digest).where(blobs.c.id.in_(packs)))]
            copied = [*tx.scalars(select(blobs.c.digest).where(blobs.c.id.in_(noted(tx))))]
        for digest in lost:
            stage.store.drop(Digest(digest))

        # Equal content, written again: another checksum is asked for.
        repository = stage.world.show("content_views", view)["repository_ids"][0]
        stage.world.put(f"repositories/{repository}", checksum_type="sha512")
        stage.world.publish(view)

        for digest in copied:
            stage.store.drop(Digest(digest))
        stage.world.put(f"repositories/{repository}", checksum_type="sha384")
        with pytest.raises(TaskFailedError, match="metadata of some packages is gone"):
            stage.world.publish(view)
